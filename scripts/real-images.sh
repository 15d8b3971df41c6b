#!/bin/bash
# real-images.sh DIR -- make real Debian images, healthy and broken, for the tests that read such.
#
# Writes DIR/NAME.raw and DIR/broken/NAME+BREAKAGE.raw, those that are missing; the tests find them with
# IMAGECHECK_IMAGES=DIR. All are rows of testimages/recorded-boots.tsv. Needs root, loop devices, a Debian mirror
# (MIRROR, or the one apt uses) and disk space; where one of them is wanting it says so and ends well: the tests
# then have no images and skip. Packages that are missing are installed.
set -euo pipefail

[ $# = 1 ] || { sed -n '2,/^set -euo/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 2; }
cd "$(dirname "$0")/.."
mkdir -p "$1"
dir=$(readlink -f "$1")
recipes=testimages/recipes
export PATH=$PATH:/usr/sbin:/sbin

say() { echo "real-images: $*" >&2; }
skip() { say "skipped: $*"; exit 0; }

# One of each kind; the other rows of the table are for those who make the whole set.
healthy=(bookworm-bios-mbr bookworm-bios-gpt bookworm-uefi-gpt trixie-uefi-gpt
    bookworm-xfs-root-only bookworm-btrfs bookworm-lvm
    bookworm-extlinux bookworm-systemd-boot bookworm-grub-legacy)

# Over the whole chain; few that build an initramfs anew, none that needs QEMU.
broken=(
    bookworm-bios-mbr+truncated-half bookworm-bios-mbr+truncated-one-sector
    bookworm-bios-mbr+mbr-code-zeroed bookworm-bios-mbr+core-img-damaged bookworm-bios-gpt+bios-boot-zeroed
    bookworm-bios-gpt+gpt-primary-damaged bookworm-uefi-gpt+esp-no-fallback
    bookworm-uefi-gpt+esp-shim-without-grub bookworm-uefi-gpt+esp-stub-wrong-uuid
    bookworm-bios-mbr+grub-cfg-missing bookworm-bios-mbr+grub-normal-mod-missing
    bookworm-bios-mbr+ext4-inline-data bookworm-bios-mbr+kernel-missing bookworm-bios-mbr+initrd-missing
    bookworm-bios-mbr+initrd-no-virtio bookworm-bios-mbr+initrd-no-ext4 bookworm-bios-mbr+initrd-corrupt
    bookworm-bios-mbr+cmdline-module-blacklist-virtio bookworm-bios-mbr+root-wrong-uuid
    bookworm-bios-mbr+root-dev-sda1 bookworm-bios-mbr+fstab-missing-data-disk
    bookworm-bios-mbr+fstab-root-wrong-uuid bookworm-bios-mbr+libc-missing bookworm-bios-mbr+superblock-damaged
    bookworm-bios-mbr+network-eth0-without-ifnames bookworm-bios-mbr+network-static-old
    bookworm-bios-mbr+sshd-disabled bookworm-bios-mbr+root-account-expired
    bookworm-xfs-root-only+grub-cfg-mended-in-log
    bookworm-bios-mbr+grub-cfg-mended-in-log
    bookworm-btrfs+btrfs-root-deleted bookworm-lvm+lvm-missing-pv
    bookworm-extlinux+mbr-not-active bookworm-extlinux+superblock-damaged bookworm-extlinux+extlinux-default-missing bookworm-extlinux+kernel-missing
    bookworm-systemd-boot+sdboot-kernel-missing bookworm-grub-legacy+grub-legacy-root-second-disk)

missing_images() {
    local name
    for name in "${healthy[@]}"; do if [ ! -f "$dir/$name.raw" ]; then echo "$name"; fi; done
    for name in "${broken[@]}"; do if [ ! -f "$dir/broken/$name.raw" ]; then echo "$name"; fi; done
}

# What this machine lacks, as a reason; nothing when the images can be made.
wanting() {
    if [ "$(id -u)" -ne 0 ]; then echo "making the images needs root"; return; fi
    # A copy shares its blocks with the original where the file system can do that.
    local need=70 probe="$dir/.probe"
    head -c 65536 /dev/zero >"$probe"
    if cp --reflink=always "$probe" "$probe.copy" 2>/dev/null; then need=22; fi
    rm -f "$probe" "$probe.copy"
    local free
    free=$(df --output=avail -BG "$dir" | tail -n 1 | tr -dc 0-9)
    if [ "$free" -lt "$need" ]; then echo "$dir has $free GiB free, the images need up to $need"; fi
}

install_packages() {
    local package missing=()
    for package in mmdebstrap qemu-utils fdisk gdisk util-linux e2fsprogs xfsprogs btrfs-progs lvm2 dosfstools mtools \
        openssh-client; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] ||
            missing+=("$package")
    done
    [ "${#missing[@]}" -gt 0 ] || return 0
    command -v apt-get >/dev/null || return 1
    say "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update >/dev/null && apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
}

# Whether a file system of this type in a file can be mounted, which takes a loop device and the right to use it.
can_mount() {
    local work ok=1
    work=$(mktemp -d)
    truncate -s 512M "$work/fs"
    "mkfs.$1" -q "$work/fs" >/dev/null && mkdir "$work/at" && mount -o loop "$work/fs" "$work/at" 2>/dev/null && ok=0
    umount "$work/at" 2>/dev/null || true
    rm -rf "$work"
    return "$ok"
}

mirror() {
    MIRROR=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
        grep -v security | head -n 1 || true)}
    [ -n "$MIRROR" ] || return 1
    export MIRROR
    local probe
    probe=$(mktemp)
    timeout 60 /usr/lib/apt/apt-helper download-file "${MIRROR%/}/dists/bookworm/Release" "$probe" >/dev/null 2>&1
    local status=$?
    rm -f "$probe"
    return "$status"
}

if [ -z "$(missing_images)" ]; then
    say "all images are there"
    exit 0
fi
reason=$(wanting)
[ -z "$reason" ] || skip "$reason"
install_packages || skip "the packages that make images cannot be installed"
can_mount ext4 || skip "no file system can be mounted through a loop device"
# A builder's kernel may lack a driver: then the images that need it are left out.
for type in xfs btrfs; do
    can_mount "$type" && continue
    say "no images with $type: this kernel does not mount it"
    mapfile -t healthy < <(printf '%s\n' "${healthy[@]}" | grep -v -e "-$type")
    mapfile -t broken < <(printf '%s\n' "${broken[@]}" | grep -v -e "-$type")
done
mirror || skip "no Debian mirror answers"

start=$SECONDS
# Two at a time: unpacking waits for the disk, an initramfs for the processor. One of each suite and firmware goes
# first and leaves its packages for the others.
make_healthy() {
    "$recipes/debian-set.sh" --cache "$dir" "$@" >"$dir/set-$1.log" 2>&1 || {
        tail -n 5 "$dir/set-$1.log" >&2
        return 1
    }
}
status=0
[ -f "$dir/key" ] || ssh-keygen -q -t ed25519 -N '' -C test -f "$dir/key"
bios='bios|xfs|extlinux|systemd-boot|legacy' # those that share an unpacked userland
mapfile -t one < <(printf '%s\n' "${healthy[@]}" | grep -E "$bios")
mapfile -t two < <(printf '%s\n' "${healthy[@]}" | grep -vE "$bios")
make_healthy "${one[@]}" &
first=$!
make_healthy "${two[@]}" || status=1
wait "$first" || status=1
[ "$status" = 0 ] || { say "the healthy images could not be made"; exit 1; }
say "healthy images: $((SECONDS - start)) s"

mkdir -p "$dir/broken"
break_one() {
    local name=$1
    [ -f "$dir/broken/$name.raw" ] && return
    "$recipes/break-image.sh" "${name#*+}" "$dir/${name%%+*}.raw" "$dir/broken/$name.raw" \
        >"$dir/broken/$name.log" 2>&1 || { say "$name failed: $(tail -n 1 "$dir/broken/$name.log")"; return 1; }
    rm -f "$dir/broken/$name.log"
}
export -f break_one say
export dir recipes
printf '%s\n' "${broken[@]}" | xargs -P 2 -I '{}' bash -euo pipefail -c 'break_one {}' || status=1
# Only making healthy images again would need the unpacked packages.
[ "$status" != 0 ] || rm -f "$dir"/userland-*.tar "$dir"/set-*.log
say "$((${#healthy[@]} + ${#broken[@]})) images in $((SECONDS - start)) s, $(du -sh "$dir" | cut -f1)"
exit "$status"
