#!/bin/bash
# debian-set.sh -- build the healthy Debian images that break-image.sh and boot-image.py start from.
#
#   debian-set.sh --cache DIR [NAME...]      no NAME: the whole set;  --list: print the names
#
# Writes DIR/NAME.raw unless it is there.  The unpacked packages stay in DIR/userland-*.tar, so that
# building a second image of the same suite and firmware takes a minute.  The images let root in with
# DIR/key (made when missing) and with the password "debian".  Needs what build-debian-image.sh needs: QEMU too
# for bookworm-lvm-boot and bookworm-md-boot, libguestfs for both of the mirrors.
set -euo pipefail

HERE=$(dirname "$(readlink -f "$0")")
SET="bookworm-uefi-gpt    bookworm  uefi gpt
bookworm-bios-mbr         bookworm  bios mbr
bookworm-bios-gpt         bookworm  bios gpt
bookworm-bios-mbr-sepboot bookworm  bios mbr --sepboot
bookworm-uefi-gpt-cloud   bookworm  uefi gpt --include cloud-init,cloud-guest-utils
bullseye-bios-mbr         bullseye  bios mbr
trixie-uefi-gpt           trixie    uefi gpt
bookworm-xfs-boot         bookworm  bios gpt --fs xfs
bookworm-xfs-root-only    bookworm  bios gpt --fs xfs --rootboot
bookworm-btrfs            bookworm  bios gpt --fs btrfs --rootboot
bookworm-btrfs-snapshots  bookworm  bios gpt --fs btrfs --rootboot --snapshots
bookworm-lvm              bookworm  uefi gpt --lvm --vg sys-vg --home
bookworm-lvm-boot         bookworm  bios gpt --lvm --vg sys-vg --home --rootboot
bookworm-lvm-xfs          bookworm  bios gpt --lvm --fs xfs
bookworm-md               bookworm  bios gpt --md --size 4G
bookworm-md-boot          bookworm  bios gpt --md --rootboot --size 4G
bookworm-dracut           bookworm  bios mbr --initramfs dracut --as-installed
bookworm-dracut-hostonly  bookworm  bios mbr --initramfs dracut-hostonly
bookworm-dracut-lvm       bookworm  bios gpt --initramfs dracut --lvm --vg sys-vg --as-installed
bookworm-systemd-boot     bookworm  uefi gpt --loader systemd-boot --as-installed
bookworm-uki              bookworm  uefi gpt --loader uki --as-installed
bookworm-uki-alone        bookworm  uefi gpt --loader uki-alone --as-installed
bookworm-extlinux         bookworm  bios mbr --loader extlinux --as-installed
bookworm-extlinux-gpt     bookworm  bios gpt --loader extlinux --as-installed
bookworm-grub-legacy      bookworm  bios mbr --loader grub-legacy --as-installed
bookworm-sysvinit         bookworm  bios mbr --init sysvinit --as-installed
bookworm-openrc           bookworm  bios mbr --init openrc --as-installed
bookworm-networkmanager   bookworm  bios mbr --net networkmanager --as-installed
bookworm-netplan          bookworm  bios mbr --net netplan --as-installed
bookworm-connman          bookworm  bios mbr --net connman --as-installed
bookworm-dhcpcd           bookworm  bios mbr --net dhcpcd --as-installed
trixie-systemd-boot       trixie    uefi gpt --loader systemd-boot --initramfs dracut --as-installed
trixie-uki                trixie    uefi gpt --loader uki --initramfs dracut --as-installed
bullseye-dracut           bullseye  bios mbr --initramfs dracut --as-installed"
names() { awk '{print $1}' <<<"$SET"; }

CACHE= WANT=()
while [ $# -gt 0 ]; do
  case $1 in
    --cache) CACHE=$2; shift ;;
    --list) names; exit 0 ;;
    -h|--help) sed -n '2,/^set -euo/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 0 ;;
    *) WANT+=("$1") ;;
  esac; shift
done
[ -n "$CACHE" ] || { echo "usage: $(basename "$0") --cache DIR [NAME...]" >&2; exit 2; }
[ ${#WANT[@]} -gt 0 ] || mapfile -t WANT < <(names)
mkdir -p "$CACHE"
[ -f "$CACHE/key" ] || ssh-keygen -q -t ed25519 -N '' -C test -f "$CACHE/key"

for name in "${WANT[@]}"; do
  read -r _ suite boot table options < <(grep "^$name " <<<"$SET") || { echo "no image named $name" >&2; exit 2; }
  [ -f "$CACHE/$name.raw" ] && continue
  userland=$CACHE/userland-$suite-$boot; case $options in *--loader*) userland=$CACHE/userland-$suite-bios ;; esac
  case $options in *dracut*) userland+=-dracut ;; *cloud-init*) userland+=-cloud ;; *--lvm*) userland+=-lvm ;; *--md*) userland+=-md ;; esac
  case $options in *xfs*) userland+=-xfs ;; *btrfs*) userland+=-btrfs ;; esac
  # shellcheck disable=SC2086  # the options are words
  TMPDIR=$CACHE "$HERE/build-debian-image.sh" --out "$CACHE/$name.raw.part" --format raw --fs ext4 --size 3G \
    --suite "$suite" --boot "$boot" --table "$table" --ssh-key "$CACHE/key.pub" --userland "$userland.tar" $options
  mv "$CACHE/$name.raw.part" "$CACHE/$name.raw"
done
