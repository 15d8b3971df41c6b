#!/bin/bash
# break-image.sh -- copy a healthy image made by build-debian-image.sh and break exactly one thing.
#
#   break-image.sh BREAKAGE IN.raw OUT.raw     --list: the breakages (all of breakages.tsv)
#
# Needs root, loop devices, e2fsprogs, util-linux, mtools (for the ESP), and xfsprogs, btrfs-progs, lvm2, mdadm for
# images with such a root, binutils for unified kernel images; the breakages that build an initramfs run
# update-initramfs or dracut inside the copy; journal-dirty boots it in QEMU with the key beside IN.
set -euo pipefail

HERE=$(dirname "$(readlink -f "$0")")
# shellcheck source=stacks.sh
. "$HERE/stacks.sh"
die() { echo "$(basename "$0"): $*" >&2; exit 1; }
case ${1:---help} in
  --list) cut -f1,3,5 "$HERE/breakages.tsv"; exit 0 ;;
  -h|--help) sed -n '2,/^set -euo/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 0 ;;
esac
[ $# = 3 ] || die "usage: BREAKAGE IN OUT"
BREAKAGE=$1 IN=$2 IMG=$3.part
NOSUCH=deadbeef-0000-4000-8000-000000000000

# ---- the layout: partitions by what is in them ----------------------------------------------------------
ROOTP= BOOTP= ESPP= GRUBP= PVP= MEMBERS=()
while read -r start sectors type; do
  case $type in
    0xef|c12a7328*) ESPP="$((start*512)) $((sectors*512))" ;;
    21686148*) GRUBP="$((start*512)) $((sectors*512))" ;;
    a19d880f*) MEMBERS+=("$((start*512)) $((sectors*512))") ;;
    *) BOOTP=$ROOTP; ROOTP="$((start*512)) $((sectors*512))" ;;
  esac
done < <(partx -g -b -o START,SECTORS,TYPE "$IN")
need() { [ -n "$1" ] || die "$BREAKAGE: this image has no $2"; }
esp() { need "$ESPP" "EFI system partition"; local cmd=$1; shift; "$cmd" -i "$IMG@@${ESPP% *}" "$@"; }

R=$(mktemp -d) LOOPS=()
cleanup() {
  umount -R "$R" 2>/dev/null || true; rmdir "$R" 2>/dev/null || true
  local l; for l in "${LOOPS[@]}"; do losetup -d "$l" 2>/dev/null || true; done; rm -f "$IMG"
}
trap cleanup EXIT
cp --sparse=always --reflink=auto "$IN" "$IMG"
loop() { LOOP=$(losetup -f --show -o "${1% *}" --sizelimit "${1#* }" "$IMG"); LOOPS+=("$LOOP"); }       # "offset bytes"
inner() { echo "$((${1% *}+${2% *})) ${2#* }"; }                                                       # a range within a range

# the root inside a volume group or an array: where its data are
type_at() { blkid -p -O "${1% *}" -S "${1#* }" -s TYPE -o value "$IMG" || true; }
if [ ${#MEMBERS[@]} -gt 0 ]; then
  BOOTP=$ROOTP; loop "${MEMBERS[0]}"; ROOTP=$(inner "${MEMBERS[0]}" "$(md_range "$LOOP")"); losetup -d "$LOOP"
elif [ "$(type_at "$ROOTP")" = LVM2_member ]; then
  PVP=$ROOTP; loop "$PVP"; VG=$(lvm_on "$LOOP" vgs --noheadings -o vg_name | tr -d ' ')
  ROOTP=$(inner "$PVP" "$(lv_range "$LOOP" "$VG" root)"); losetup -d "$LOOP"
fi
FS=$(type_at "$ROOTP")
# Older kernels do not mount two copies of one btrfs at a time.
if [ "$FS" = btrfs ]; then exec 9> "$(dirname "$3")/.btrfs"; flock 9; fi

attach() { mount -o "loop,offset=${1% *},sizelimit=${1#* }${3:+,$3}" "$IMG" "$2"; }
btrfs_top() { attach "$ROOTP" "$R" subvolid=5; }
root() {
  mountpoint -q "$R" && return
  case $FS in
    xfs) attach "$ROOTP" "$R" nouuid ;;
    btrfs) # the system's subvolume, which GRUB is in too
      attach "$ROOTP" "$R" subvol=@
      if [ -d "$R/.snapshots/1/snapshot" ]; then umount "$R"; attach "$ROOTP" "$R" subvol=@/.snapshots/1/snapshot; fi ;;
    *) attach "$ROOTP" "$R" ;;
  esac
  if [ -n "$BOOTP" ]; then attach "$BOOTP" "$R/boot"; fi; K=$(ls "$R/lib/modules")
}
zero() { dd if=/dev/zero of="$IMG" bs=1 seek="$1" count="$2" conv=notrunc status=none; }             # offset, bytes
damage() { local s; s=$(stat -c %s "$1"); head -c 65536 /dev/zero | tr '\0' '\377' | dd of="$1" bs=1 seek=$((s/2)) conv=notrunc status=none; }
cmdline() { # a sed command on the kernel lines
  root
  if [ -f "$R/boot/extlinux/extlinux.conf" ]; then sed -i -E "/^\s*APPEND\s/$1" "$R/boot/extlinux/extlinux.conf"
  elif [ -f "$R/boot/grub/menu.lst" ]; then sed -i -E "/^kernel\s/$1" "$R/boot/grub/menu.lst"
  elif [ -f "$R/boot/grub/grub.cfg" ]; then sed -i -E "/^\s+linux\s/$1" "$R/boot/grub/grub.cfg"
  else esp_edit "::/loader/entries/debian-$K.conf" "/^options\s/$1"; fi; }
esp_edit() { esp mcopy -n "$1" "$R.edit"; sed -i -E "$2" "$R.edit"; esp mcopy -o "$R.edit" "$1"; rm "$R.edit"; }       # file, a sed script
fstab() { root; printf '%s\n' "$1" >> "$R/etc/fstab"; }
fstab_spec() { root; sed -i -E "s,^\S+(\s+$1\s),$2\1," "$R/etc/fstab"; }                              # mount point, new spec
disable() { root; find "$R/etc/systemd/system" -name "$1" -type l -delete; }
network() { root; rm -f "$R"/etc/systemd/network/*.network; printf "$1" > "$R/etc/systemd/network/80-lan.network"; }
ifupdown() { disable 'systemd-networkd*'; disable 'dbus-org.freedesktop.network1.service'; rm -f "$R"/etc/systemd/network/*.network
             printf "auto lo\niface lo inet loopback\n$1" > "$R/etc/network/interfaces"; }
inside() { # a command in the root, with what it needs there
  root; mount --bind /dev "$R/dev"; mount -t proc proc "$R/proc"; mount --bind /sys "$R/sys"
  LC_ALL=C TMPDIR=/tmp chroot "$R" "$@" > /dev/null
  umount "$R/sys" "$R/proc" "$R/dev"
}
dracut() { root; inside dracut -q -f --no-hostonly "$@" "/boot/initrd.img-$K" "$K"; }                # options; built again
dracut_with() { dracut --include "$R.files" /; rm -r "$R.files"; }                                    # "path" "text": a file in it
dracut_file() { mkdir -p "$R.files/$(dirname "$1")"; printf '%s\n' "$2" > "$R.files/$1"; }            # path, text: for dracut_with
sshd() { root; sed -i "1i $1" "$R/etc/ssh/sshd_config"; }
initramfs() {                                                                                         # build it again
  root; inside update-initramfs -u -k "$K"
}
initramfs_with() {                                                                                    # only these modules
  root; sed -i 's/^MODULES=.*/MODULES=list/' "$R/etc/initramfs-tools/initramfs.conf"
  printf '%s\n' "$@" >> "$R/etc/initramfs-tools/modules"; initramfs
}
initramfs_without() {                                                                                 # paths in it, patterns
  root; local hook="$R/etc/initramfs-tools/hooks/zz-without"
  { echo '#!/bin/sh'; echo '[ "$1" = prereqs ] && exit'; echo 'cd "$DESTDIR"'; echo "find . -type f -o -type l | grep -E '$1' | xargs rm"; } > "$hook"
  chmod +x "$hook"; initramfs; rm "$hook"
}
need_fs() { [ "$FS" = "$1" ] || die "$BREAKAGE: the root of this image is not $1"; }
PC="ahci ata_piix sd_mod sr_mod" VIRTIO="virtio_pci virtio_blk virtio_scsi virtio_net"
modprobe_conf() { root; echo "$1" > "$R/etc/modprobe.d/hardening.conf"; }

# ---- container and firmware -------------------------------------------------------------------------------
do_truncated-one-sector() { truncate -s -512 "$IMG"; }
do_truncated-half() { truncate -s $(($(stat -c %s "$IMG")/2)) "$IMG"; }
do_mbr-code-zeroed() { zero 0 440; }
do_mbr-signature-zeroed() { zero 510 2; }
do_core-img-damaged() { zero 512 32256; }
do_bios-boot-zeroed() { need "$GRUBP" "BIOS boot partition"; dd if=/dev/zero of="$IMG" bs=512 seek=$((${GRUBP% *}/512)) count=2048 conv=notrunc status=none; }
do_gpt-primary-damaged() { zero 512 16896; }
do_gpt-primary-checksum-wrong() { zero 528 4; }
do_gpt-backup-damaged() { zero $(($(stat -c %s "$IMG")-16896)) 16896; }
do_gpt-protective-type-wrong() { dd if=<(printf '\203') of="$IMG" bs=1 seek=450 conv=notrunc status=none; }
do_esp-no-fallback() { esp mdeltree ::/EFI/BOOT; }
do_esp-fallback-without-grub() { esp mdel ::/EFI/BOOT/grubx64.efi; }
do_esp-shim-without-grub() { esp mdel ::/EFI/BOOT/grubx64.efi ::/EFI/BOOT/fbx64.efi; }
do_esp-loader-truncated() { esp mcopy -n ::/EFI/BOOT/BOOTX64.EFI "$R.efi"; truncate -s 60000 "$R.efi"; esp mcopy -o "$R.efi" ::/EFI/BOOT/BOOTX64.EFI; rm "$R.efi"; }
do_esp-wrong-type() { need "$ESPP" "EFI system partition"; sfdisk -q --part-type "$IMG" 1 0FC63DAF-8483-4772-8E79-3D69D8477DE4; }

# ---- boot loader ---------------------------------------------------------------------------------------------
do_esp-stub-wrong-uuid() { esp mcopy -n ::/EFI/debian/grub.cfg "$R.cfg"; sed -i -E "s/fs_uuid \S+/fs_uuid $NOSUCH/" "$R.cfg"; esp mcopy -o "$R.cfg" ::/EFI/debian/grub.cfg; rm "$R.cfg"; }
do_esp-stub-missing() { esp mdel ::/EFI/debian/grub.cfg; }
do_grub-cfg-missing() { root; rm "$R/boot/grub/grub.cfg"; }
do_grub-cfg-empty() { root; : > "$R/boot/grub/grub.cfg"; }
do_grub-cfg-syntax() { root; sed -i '0,/^menuentry .*{$/s/{$//' "$R/boot/grub/grub.cfg"; }
do_grub-cfg-search-wrong-uuid() { root; sed -i -E "s/^(\s+search .*=root) \S+/\1 $NOSUCH/" "$R/boot/grub/grub.cfg"; }
do_grub-normal-mod-missing() { root; rm "$R"/boot/grub/*/normal.mod; }
do_grub-wait-forever() { root; sed -i 's/set timeout=[0-9]*/set timeout=-1/' "$R/boot/grub/grub.cfg"; }
do_grub-default-out-of-range() { root; sed -i 's/set default="0"/set default="9"/' "$R/boot/grub/grub.cfg"; }
do_grub-superusers() { root; sed -i '1i set superusers="admin"\npassword admin secret' "$R/boot/grub/grub.cfg"; }
do_grub-superusers-unrestricted() { do_grub-superusers; sed -i -E 's/^(\s*menuentry .*)\{$/\1--unrestricted {/' "$R/boot/grub/grub.cfg"; }
do_grub-initrd-first-missing() { root; sed -i -E 's,^(\s+initrd\s+),\1/boot/intel-ucode.img ,' "$R/boot/grub/grub.cfg"; }
do_saved-entry-removed-kernel() {
  root; sed -i 's/set default="0"/set default="${saved_entry}"/' "$R/boot/grub/grub.cfg"; sed -i 's/^GRUB_DEFAULT=.*/GRUB_DEFAULT=saved/' "$R/etc/default/grub"
  chroot "$R" grub-editenv /boot/grub/grubenv set "saved_entry=gnulinux-advanced-$NOSUCH>gnulinux-5.10.0-1-amd64-advanced-$NOSUCH"; }
do_ext4-large-dir() { losetup_root; tune2fs -O large_dir "$LOOP" > /dev/null; losetup -d "$LOOP"; }
do_ext4-inline-data() { losetup_root; debugfs -w -R 'feature inline_data' "$LOOP" > /dev/null 2>&1; losetup -d "$LOOP"; }
do_ext4-csum-seed() { losetup_root; tune2fs -O metadata_csum_seed "$LOOP" > /dev/null; losetup -d "$LOOP"; }
do_ext4-unknown-ro-feature() { losetup_root; debugfs -w -R 'feature FEATURE_R20' "$LOOP" > /dev/null 2>&1; losetup -d "$LOOP"; }
losetup_root() { loop "$ROOTP"; }

# a damaged loader, a loader that looks for what is not there; E is the entry kernel-install wrote, D its directory
sdboot() { root; E="::/loader/entries/debian-$K.conf" D="::/debian/$K"; }
do_sdboot-kernel-missing() { sdboot; esp mdel "$D/linux"; }
do_sdboot-initrd-missing() { sdboot; esp mdel "$D/initrd.img-$K"; }
do_sdboot-entry-missing() { sdboot; esp mdel "$E"; }
do_sdboot-default-matches-nothing() { esp_edit ::/loader/loader.conf '1i default fedora-*'; }
do_sdboot-loader-conf-missing() { esp mdel ::/loader/loader.conf; }
do_sdboot-tries-used-up() { sdboot; esp mren "$E" "debian-$K+0-3.conf"; }
do_sdboot-wait-for-ever() { esp_edit ::/loader/loader.conf 's/^timeout.*/timeout menu-force/'; }
uki() { # .section=FILE...: the unified kernel image made again
  root; local at=::/EFI/BOOT/BOOTX64.EFI; if esp mdir -b ::/EFI/Linux > /dev/null 2>&1; then at="::/EFI/Linux/debian-$K.efi"; fi
  make_uki "$R/usr/lib/systemd/boot/efi/linuxx64.efi.stub" "$R.efi" ".osrel=$R/usr/lib/os-release" ".linux=$(echo "$R"/boot/vmlinuz-*)" "$@"
  esp mcopy -o "$R.efi" "$at"; rm "$R.efi"; }
do_uki-cmdline-wrong-root() { root; sed -E "s/root=\S+/root=UUID=$NOSUCH/" "$R/etc/kernel/cmdline" > "$R.cmdline"; uki ".cmdline=$R.cmdline" ".initrd=$(echo "$R"/boot/initrd.img-*)"; rm "$R.cmdline"; }
do_uki-without-initrd() { root; uki ".cmdline=$R/etc/kernel/cmdline"; }
do_uki-without-cmdline() { root; uki ".initrd=$(echo "$R"/boot/initrd.img-*)"; }
do_extlinux-default-missing() { root; sed -i 's/^DEFAULT .*/DEFAULT nosuch/' "$R/boot/extlinux/extlinux.conf"; }
do_extlinux-conf-missing() { root; rm "$R/boot/extlinux/extlinux.conf"; }
do_extlinux-ldlinux-sys-overwritten() { root; chattr -i "$R/boot/extlinux/ldlinux.sys"; dd if=/dev/zero of="$R/boot/extlinux/ldlinux.sys" bs=1k count=60 conv=notrunc status=none; }
do_extlinux-ldlinux-c32-missing() { root; chattr -i "$R/boot/extlinux/ldlinux.c32"; rm "$R/boot/extlinux/ldlinux.c32"; }
do_mbr-not-active() { zero 446 1; zero 462 1; zero 478 1; zero 494 1; }
do_gpt-not-legacy-bootable() { sfdisk -q --part-attrs "$IMG" 2 ''; }
do_gpt-two-legacy-bootable() { sfdisk -q --part-attrs "$IMG" 1 LegacyBIOSBootable; }
menu_lst() { root; sed -i -E "$1" "$R/boot/grub/menu.lst"; }
do_grub-legacy-default-out-of-range() { menu_lst 's/^default.*/default 9/'; }
do_grub-legacy-root-second-disk() { menu_lst 's/^root .*/root (hd1,0)/'; }
do_grub-legacy-root-other-partition() { menu_lst 's/^root .*/root (hd0,1)/'; }
do_grub-legacy-menu-missing() { root; rm "$R/boot/grub/menu.lst"; }
do_grub-legacy-stage2-rewritten() { root; cp "$R/boot/grub/stage2" "$R/boot/grub/new"; sync; mv "$R/boot/grub/new" "$R/boot/grub/stage2"; }
do_grub-legacy-stage2-missing() { root; rm "$R/boot/grub/stage2"; }
do_grub-legacy-block-list-stale() { # installed without stage1_5, then stage2 is written anew, elsewhere
  root; mkdir "$R.shell"; cp -L "$R/usr/sbin/grub" "$R"/lib32/ld-linux.so.2 "$R"/lib32/libc.so.6 "$R.shell/"; cp -L "$R"/lib32/lib{ncurses,tinfo}* "$R.shell/" 2> /dev/null || true
  rm "$R/boot/grub/e2fs_stage1_5"; umount -R "$R"
  printf 'device (hd0) %s\nroot (hd0,0)\nsetup (hd0)\nquit\n' "$IMG" | "$R.shell/ld-linux.so.2" --library-path "$R.shell" "$R.shell/grub" --batch --device-map=/dev/null > "$R.log" 2>&1
  rm -r "$R.shell"; grep -q 'Running "install.*succeeded' "$R.log" || { cat "$R.log" >&2; return 1; }; rm "$R.log"
  root; cp "$R/boot/grub/stage2" "$R/boot/grub/new"; shred -n 1 "$R/boot/grub/stage2"; sync; mv "$R/boot/grub/new" "$R/boot/grub/stage2"; }

# ---- kernel -----------------------------------------------------------------------------------------------------
do_kernel-missing() { root; rm "$R"/boot/vmlinuz-*; }
do_kernel-truncated() { root; truncate -s 2M "$R"/boot/vmlinuz-*; }
do_kernel-empty() { root; truncate -s 0 "$R"/boot/vmlinuz-*; }
do_modules-missing() { root; mv "$R/lib/modules/$K" "$R/root/$K.away"; }

# ---- initramfs ----------------------------------------------------------------------------------------------------
do_initrd-missing() { root; rm "$R"/boot/initrd.img-*; }
do_initrd-empty() { root; truncate -s 0 "$R"/boot/initrd.img-*; }
do_initrd-truncated() { root; local f; f=$(echo "$R"/boot/initrd.img-*); truncate -s $(($(stat -c %s "$f")/2)) "$f"; }
do_initrd-corrupt() { root; damage "$R"/boot/initrd.img-*; }
do_initrd-trailing-garbage() { root; local f; f=$(echo "$R"/boot/initrd.img-*); head -c 4096 /dev/zero | tr '\0' '\377' >> "$f"; }
do_initrd-early-microcode() { # an archive of its own in front, as the package of the microcode makes it
  root; local f; f=$(echo "$R"/boot/initrd.img-*); mkdir -p "$R.early/kernel/x86/microcode"; head -c 2048 /dev/zero > "$R.early/kernel/x86/microcode/GenuineIntel.bin"
  (cd "$R.early" && find . -mindepth 1 | cpio -o -H newc --quiet) > "$R.cpio"; cat "$f" >> "$R.cpio"; cat "$R.cpio" > "$f"; rm -r "$R.early" "$R.cpio"; }
do_initrd-no-virtio() { root; if [ -x "$R/usr/bin/dracut" ]; then dracut --omit-drivers "virtio_blk virtio_scsi virtio_pci"; return; fi
  initramfs_with $PC mptspi vmw_pvscsi nvme ext4; }
do_initrd-no-virtio-pci() { initramfs_with $PC nvme virtio_blk virtio_scsi ext4; }
do_initrd-no-nvme() { initramfs_with $PC $VIRTIO ext4; }
do_initrd-no-sd-mod() { initramfs_with nvme $VIRTIO ext4; }
do_initrd-no-ext4() { initramfs_with $PC $VIRTIO nvme; }
do_initrd-blacklist-virtio() { modprobe_conf "blacklist virtio_blk"; initramfs; }
do_initrd-install-false-virtio() { modprobe_conf "install virtio_blk /bin/false"; initramfs; }
do_rootfs-blacklist-virtio() { modprobe_conf "blacklist virtio_blk"; }
do_rootfs-install-false-virtio-net() { modprobe_conf "install virtio_net /bin/false"; }
do_cmdline-blacklist-virtio() { cmdline 's/$/ modprobe.blacklist=virtio_blk/'; }
do_cmdline-module-blacklist-virtio() { cmdline 's/$/ module_blacklist=virtio_blk/'; }
unsigned() { # a module without the signature at its end
  root; local f; f=$(find "$R/lib/modules/$K" -name "$1.ko"); cp "$f" "$R.ko"; objcopy "$R.ko" "$f" 2> /dev/null; rm "$R.ko"
  if grep -q 'Module signature appended' "$f"; then die "$1 is still signed"; fi; }
do_initrd-unsigned-virtio() { unsigned virtio_blk; initramfs; }
do_initrd-unsigned-virtio-enforced() { unsigned virtio_blk; initramfs; cmdline 's/$/ module.sig_enforce=1/'; }
modules_packed() { root; find "$R/lib/modules/$K" -name '*.ko' -print0 | xargs -0 -n 64 "$@"; depmod -b "$R" "$K"; initramfs; }   # program with options
do_modules-gz() { modules_packed gzip -1; }
do_modules-xz() { modules_packed xz -0 --check=crc32; }

# ---- dracut ----------------------------------------------------------------------------------------------------------
do_dracut-squash() { dracut --add squash; }
do_dracut-hostonly-other-root() { # what a host-only initramfs of another machine has beside the drivers
  dracut_file etc/cmdline.d/95root-dev.conf " root=/dev/disk/by-uuid/$NOSUCH rootfstype=ext4 rootflags=rw,relatime "; dracut_with; }
do_dracut-hostonly-other-root-only() { cmdline 's/root=\S+ //'; do_dracut-hostonly-other-root; }
do_dracut-hostonly-root-pinned() { # as with GRUB_CMDLINE_LINUX empty and hostonly_cmdline=yes
  cmdline 's/root=\S+ //'; dracut_file etc/cmdline.d/95root-dev.conf " root=UUID=$(blkid -p -O "${ROOTP% *}" -s UUID -o value "$IMG") rootfstype=ext4 rootflags=rw,relatime "; dracut_with; }
do_dracut-hostonly-other-device() {
  dracut_file "usr/lib/dracut/hooks/initqueue/finished/devexists-\\x2fdev\\x2fdisk\\x2fby-uuid\\x2f$NOSUCH.sh" "[ -e \"/dev/disk/by-uuid/$NOSUCH\" ]"; dracut_with; }
do_dracut-hostonly-other-lvm() { dracut_file etc/cmdline.d/90lvm.conf " rd.lvm.lv=oldvg/root "; dracut_with; }
do_rd-lvm-lv() { cmdline "s,\$, rd.lvm.lv=$VG/root,"; }
do_rd-lvm-lv-wrong() { cmdline 's,$, rd.lvm.lv=oldvg/root,'; }
do_rd-lvm-vg-wrong() { cmdline 's,$, rd.lvm.vg=oldvg,'; }
do_rd-lvm-off() { cmdline 's,$, rd.lvm=0,'; }
do_rd-auto-off() { cmdline 's,$, rd.auto=0,'; }

# ---- root -------------------------------------------------------------------------------------------------------------
do_root-wrong-uuid() { cmdline "s/root=\S+/root=UUID=$NOSUCH/"; }
do_root-uuid-uppercase() { cmdline 's/root=UUID=(\S+)/root=UUID=\U\1/'; }
do_root-dev-sda1() { cmdline 's,root=\S+,root=/dev/sda1,'; }
do_root-dev-vda1() { cmdline 's,root=\S+,root=/dev/vda1,'; }
do_root-missing-argument() { cmdline 's/root=\S+ //'; }
do_root-partuuid() { local u; u=$(partx -g -o UUID "$IMG" | tail -n 1); cmdline "s/root=\S+/root=PARTUUID=$u/"; }
do_root-label() { losetup_root; tune2fs -L SYSTEM "$LOOP" > /dev/null; losetup -d "$LOOP"; cmdline 's/root=\S+/root=LABEL=SYSTEM/'; }
do_root-label-twice() { # the EFI system partition, which comes first, has the same label
  need "$ESPP" "EFI system partition"; loop "$ESPP"; fatlabel "$LOOP" SYSTEM; losetup -d "$LOOP"; do_root-label; }
do_rootfstype-xfs() { cmdline 's/$/ rootfstype=xfs/'; }
do_rootflags-unknown() { cmdline 's/$/ rootflags=nosuchoption/'; }
do_superblock-damaged() { zero $((${ROOTP% *}+1024)) 1024; }
do_boot-superblock-damaged() { need "$BOOTP" "separate /boot"; zero $((${BOOTP% *}+1024)) 1024; }
do_boot-superblock-damaged-noauto() { need "$BOOTP" "separate /boot"; root; sed -i -E 's,^(\S+\s+/boot\s+\S+\s+)\S+,\1noauto,' "$R/etc/fstab"; umount -R "$R"; do_boot-superblock-damaged; }
do_root-fs-damaged-clean() { # a directory block zeroed in a file system that says it is clean
  losetup_root; local b; b=$(debugfs -R 'blocks /opt' "$LOOP" 2>/dev/null | awk '{print $1}')
  dd if=/dev/zero of="$LOOP" bs=4096 seek="$b" count=1 conv=notrunc status=none; losetup -d "$LOOP"; }
do_root-fs-damaged-flagged() { do_root-fs-damaged-clean; losetup_root; debugfs -w -R 'ssv state 2' "$LOOP" 2> /dev/null; losetup -d "$LOOP"; }
do_root-fs-flagged() { losetup_root; debugfs -w -R 'ssv state 2' "$LOOP" 2> /dev/null; losetup -d "$LOOP"; }
do_root-read-only-cmdline-ok() { cmdline 's/ ro / rw /'; }

# ---- what only the log has -----------------------------------------------------------------------------------------
crash() { # the power goes after the log was written, before anything else was
  case $FS in
    xfs) xfs_io -x -c 'shutdown -f' "$R" ;;
    ext4|btrfs) sync "$IMG"; cp --sparse=always "$IMG" "$IMG.crash"; umount -R "$R"; mv "$IMG.crash" "$IMG" ;;
  esac; }
grub_cfg_in_log() { # a sed script; the change of grub.cfg is whole for the kernel, and GRUB reads the file of before
  [ -z "$BOOTP" ] || die "$BREAKAGE: this image has a separate /boot"
  root; local g="$R/boot/grub/grub.cfg"; sync -f "$R"; sed -E "$1" "$g" > "$R.cfg"
  case $FS in
    btrfs) cat "$R.cfg" > "$g" ;;                                                                     # a rename would be committed at once
    *) cp "$R.cfg" "$g.new"; sync "$g.new"; mv "$g.new" "$g" ;;
  esac
  rm "$R.cfg"; sync "$g"; crash; }
do_grub-cfg-mended-in-log() { local root_spec; root; root_spec=$(grep -m 1 -oE 'root=(UUID|/dev)\S+' "$R/boot/grub/grub.cfg"); do_root-wrong-uuid; umount -R "$R"
  grub_cfg_in_log "/^\s+linux\s/s,root=\S+,$root_spec,"; }
do_grub-cfg-broken-in-log() { grub_cfg_in_log "/^\s+linux\s/s,root=\S+,root=UUID=$NOSUCH,"; }

# ---- xfs ----------------------------------------------------------------------------------------------------------------
do_initrd-no-xfs() { need_fs xfs; initramfs_with $PC $VIRTIO nvme; }
do_initrd-no-crc32c() { initramfs_without '/crc32c[-_](generic|intel)\.ko'; }
do_xfs-superblock-damaged() { need_fs xfs; zero "${ROOTP% *}" 512; }
do_xfs-uuid-changed() { need_fs xfs; losetup_root; xfs_admin -U generate "$LOOP" > /dev/null; losetup -d "$LOOP"; }
do_xfs-uuid-changed-everywhere() {
  local old new; old=$(blkid -p -O "${ROOTP% *}" -s UUID -o value "$IMG"); do_xfs-uuid-changed; new=$(blkid -p -O "${ROOTP% *}" -s UUID -o value "$IMG")
  root; sed -i "s/$old/$new/g" "$R/etc/fstab" "$R/boot/grub/grub.cfg"; }
do_xfs-nrext64() { # and /boot written again, so that its inodes have the wide counters
  need_fs xfs; losetup_root; xfs_admin -O nrext64=1 "$LOOP" > /dev/null 2>&1; losetup -d "$LOOP"
  root; cp -a "$R/boot" "$R/boot.new"; mv "$R/boot" "$R/boot.old"; mv "$R/boot.new" "$R/boot"; rm -r "$R/boot.old"; }
do_xfs-dirty-log() {
  need_fs xfs; root; mkdir "$R/root/late"; for i in $(seq 1 300); do echo "line $i" > "$R/root/late/$i"; done; rm -r "$R"/root/late/1??
  sync -f "$R"; echo x > "$R/root/late/last"; mv "$R/root/late/2" "$R/root/late/renamed"; crash; }
do_fstab-root-type-ext4() { root; sed -i -E 's,^(\S+\s+/\s+)\S+\s+.*,\1ext4 defaults 0 1,' "$R/etc/fstab"; }
do_fstab-root-options-of-ext4() { root; sed -i -E 's,^(\S+\s+/\s+\S+)\s+.*,\1 errors=remount-ro 0 1,' "$R/etc/fstab"; }

# ---- btrfs ---------------------------------------------------------------------------------------------------------------
do_initrd-no-btrfs() { need_fs btrfs; initramfs_with $PC $VIRTIO nvme; }
do_btrfs-superblock-damaged() { need_fs btrfs; zero $((${ROOTP% *}+65536)) 4096; }
do_rootflags-wrong-subvol() { need_fs btrfs; cmdline 's/rootflags=\S+/rootflags=subvol=@rootfs/'; }
do_rootflags-wrong-subvolid() { need_fs btrfs; cmdline 's/rootflags=\S+/rootflags=subvolid=999/'; }
do_rootflags-subvolid() { need_fs btrfs; root; local id; id=$(btrfs inspect-internal rootid "$R"); cmdline "s/rootflags=\S+/rootflags=subvolid=$id/"; }
do_rootflags-missing() { need_fs btrfs; cmdline 's/ rootflags=\S+//'; }
do_rootflags-missing-default-set() { do_rootflags-missing; btrfs subvolume set-default "$R"; }
do_btrfs-default-elsewhere() { need_fs btrfs; root; umount -R "$R"; btrfs_top; btrfs subvolume set-default "$R/@home"; }
do_fstab-root-wrong-subvol() { need_fs btrfs; root; sed -i -E 's,^(\S+\s+/\s+btrfs\s+)subvol=\S+,\1subvol=@rootfs,' "$R/etc/fstab"; }
do_fstab-root-without-subvol() { need_fs btrfs; root; sed -i -E 's,^(\S+\s+/\s+btrfs\s+)subvol=\S+,\1defaults,' "$R/etc/fstab"; }
do_fstab-missing-subvol() { need_fs btrfs; fstab "$(awk '$2 == "/" {print $1}' <(root; cat "$R/etc/fstab")) /srv btrfs subvol=@srv 0 0"; }
do_btrfs-home-deleted() { need_fs btrfs; btrfs_top; btrfs -q subvolume delete "$R/@home"; }
do_btrfs-root-deleted() { need_fs btrfs; btrfs_top; btrfs -q subvolume snapshot "$R/@" "$R/@old"; btrfs -q subvolume delete -c "$R/@"; }
do_btrfs-root-rolled-back() { # as after a rollback by hand: @ is a snapshot with another id, the name is the same
  need_fs btrfs; btrfs_top; mv "$R/@" "$R/@broken"; btrfs -q subvolume snapshot "$R/@broken" "$R/@"; }
do_btrfs-root-read-only() { need_fs btrfs; root; btrfs property set -ts "$R" ro true; }
do_btrfs-default-read-only-snapshot() { need_fs btrfs; btrfs_top; btrfs subvolume set-default "$R/@/.snapshots/2/snapshot"; }
do_btrfs-compressed-boot() { need_fs btrfs; root; btrfs -q filesystem defragment -r -czstd "$R/boot" "$R/usr/lib"; }
do_btrfs-log-tree() { # what fsync wrote since the last commit is only in the log tree when the power goes
  need_fs btrfs; root; sync -f "$R"; mkdir "$R/root/late"; for i in $(seq 1 50); do echo "line $i" > "$R/root/late/$i"; done
  sync "$R/root/late/50"; crash; }

# ---- lvm -----------------------------------------------------------------------------------------------------------------
on_vg() { need "$PVP" "volume group"; loop "$PVP"; lvm_on "$LOOP" "$@" > /dev/null; losetup -d "$LOOP"; }
mapper() { root; sed -i -E "s,/dev/mapper/\S+-$1\b,$2," "$R/$3"; }                                     # LV, new name, file
lvm_conf() { root; sed -i -E "s,^devices \{,devices {\n\t$1," "$R/etc/lvm/lvm.conf"; }
second_pv() { # a PV beside this image that is not kept
  truncate -s 512M "$IMG.second"; SECOND=$(losetup -f --show "$IMG.second"); LOOPS+=("$SECOND"); need "$PVP" "volume group"; loop "$PVP"
  export LVM_ALSO=$SECOND; lvm_on "$LOOP" pvcreate -q -y "$SECOND" > /dev/null; lvm_on "$LOOP" vgextend -q "$VG" "$SECOND" > /dev/null; }
drop_second() { unset LVM_ALSO; losetup -d "$SECOND" "$LOOP"; rm "$IMG.second"; }
do_initrd-no-dm-mod() { need "$PVP" "volume group"; initramfs_without '/dm-mod\.ko'; }
do_initrd-no-lvm() { need "$PVP" "volume group"; initramfs_without 'sbin/(lvm|vgchange|lvchange)$'; }
do_initrd-lvm-filter() { lvm_conf 'filter = [ "a|^/dev/sda|"\, "r|.*|" ]'; initramfs; }
do_rootfs-lvm-filter() { lvm_conf 'filter = [ "a|^/dev/sda|"\, "r|.*|" ]'; }
do_lvm-devices-file() { root; mkdir -p "$R/etc/lvm/devices"; printf 'VERSION=1.1.1\nIDTYPE=sys_serial IDNAME=S0MESERIAL DEVNAME=/dev/sda3 PVID=%s PART=3\n' "AAAAAAbbbbccccddddeeeeffffgggggg" > "$R/etc/lvm/devices/system.devices"; initramfs; }
do_lvm-devices-file-used() { lvm_conf 'use_devicesfile = 1'; do_lvm-devices-file; }
do_lvm-missing-pv() { second_pv; drop_second; }
do_lvm-missing-pv-home() { second_pv; lvm_on "$LOOP" lvextend -q --fs ignore -l +100%PVS "$VG/home" "$SECOND" > /dev/null 2>&1 || lvm_on "$LOOP" lvextend -q -l +100%PVS "$VG/home" "$SECOND" > /dev/null; drop_second; }
do_lvm-missing-pv-root() { second_pv; lvm_on "$LOOP" lvextend -q -l +100%PVS "$VG/root" "$SECOND" > /dev/null; drop_second; }
do_lvm-vg-renamed() { on_vg vgrename -q "$VG" renamed; }
do_lvm-root-no-autoactivation() { on_vg lvchange -q --setautoactivation n "$VG/root"; }
do_lvm-home-no-autoactivation() { on_vg lvchange -q --setautoactivation n "$VG/home"; }
do_lvm-root-read-only() { on_vg lvchange -q -pr "$VG/root"; }
do_lvm-label-damaged() { need "$PVP" "volume group"; zero "${PVP% *}" 4096; }
do_lvm-metadata-damaged() { need "$PVP" "volume group"; zero $((${PVP% *}+4608)) 1044000; }
do_root-lv-missing() { root; mapper root "/dev/mapper/$(mapper_name "$VG" nosuch)" boot/grub/grub.cfg; }
do_root-lv-misescaped() { root; mapper root "/dev/mapper/$VG-root" boot/grub/grub.cfg; }
do_root-lv-dev-vg-lv() { root; mapper root "/dev/$VG/root" boot/grub/grub.cfg; }
do_root-lv-uuid() { cmdline "s/root=\S+/root=UUID=$(blkid -p -O "${ROOTP% *}" -s UUID -o value "$IMG")/"; }
do_fstab-home-misescaped() { root; mapper home "/dev/mapper/$VG-home" etc/fstab; }
do_fstab-home-dev-vg-lv() { root; mapper home "/dev/$VG/home" etc/fstab; }
do_fstab-swap-lv-misescaped() { root; mapper swap "/dev/mapper/$VG-swap" etc/fstab; }

# ---- mirror --------------------------------------------------------------------------------------------------------------
need_md() { [ ${#MEMBERS[@]} -gt 0 ] || die "$BREAKAGE: this image has no mirror"; }
do_initrd-no-raid1() { need_md; initramfs_without '/raid1\.ko'; }
do_initrd-no-mdadm() { need_md; initramfs_without 'sbin/mdadm$'; }
do_md-one-member() { need_md; dd if=/dev/zero of="$IMG" bs=1M iflag=count_bytes oflag=seek_bytes seek=$((${MEMBERS[1]% *})) count="${MEMBERS[1]#* }" conv=notrunc status=none; MEMBERS=("${MEMBERS[0]}"); }
do_md-superblocks-zeroed() { need_md; zero $((${MEMBERS[0]% *}+4096)) 4096; zero $((${MEMBERS[1]% *}+4096)) 4096; }
do_mdadm-conf-wrong-uuid() { need_md; root; sed -i -E 's/UUID=\S+/UUID=deadbeef:00004000:80000000:00000000/' "$R/etc/mdadm/mdadm.conf"; initramfs; }
do_mdadm-conf-no-auto() { need_md; root; sed -i -e '/^ARRAY/d' -e '1i AUTO -all' "$R/etc/mdadm/mdadm.conf"; initramfs; }

# ---- init ---------------------------------------------------------------------------------------------------------------
do_sysv-initdefault-1() { root; sed -i 's/^id:[0-9]:initdefault/id:1:initdefault/' "$R/etc/inittab"; }
do_sysv-inittab-missing() { root; rm "$R/etc/inittab"; }
do_init-missing() { root; rm "$R/sbin/init"; }
do_systemd-binary-missing() { root; rm "$R/lib/systemd/systemd"; }
do_libc-missing() { root; rm "$R"/usr/lib/x86_64-linux-gnu/libc.so.6; }
do_dynamic-loader-missing() { root; rm "$R"/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 "$R"/usr/lib64/ld-linux-x86-64.so.2; }
do_dynamic-loader-empty() { root; truncate -s 0 "$R"/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2; }
do_libc-empty() { root; truncate -s 0 "$R"/usr/lib/x86_64-linux-gnu/libc.so.6; }
do_ld-so-preload-missing() { root; echo /usr/lib/libsnoopy.so > "$R/etc/ld.so.preload"; }
do_lib64-link-missing() { root; rm "$R/lib64"; }
do_lib-link-absolute() { root; ln -sfn /usr/lib "$R/lib"; ln -sfn /usr/lib64 "$R/lib64"; }
do_default-target-emergency() { root; ln -sf /lib/systemd/system/emergency.target "$R/etc/systemd/system/default.target"; }
do_default-target-dangling() { root; ln -sf /lib/systemd/system/nosuch.target "$R/etc/systemd/system/default.target"; }
do_cmdline-init-bash() { cmdline 's,$, init=/bin/bash,'; }
do_cmdline-init-missing() { cmdline 's,$, init=/sbin/nosuchinit,'; }
do_cmdline-rescue() { cmdline 's/$/ systemd.unit=rescue.target/'; }
do_cmdline-systemd-run() { cmdline 's,$, systemd.run=/bin/true,'; }
do_cmdline-selinux-enforcing() { cmdline 's/$/ selinux=1 security=selinux enforcing=1/'; }
do_cmdline-acpi-off() { cmdline 's/$/ acpi=off/'; }
do_console-tty0-only() { cmdline 's/ console=ttyS0\S*//'; }
mask() { root; ln -sf /dev/null "$R/etc/systemd/system/$1"; }
do_basic-target-masked() { mask basic.target; }
do_local-fs-target-masked() { mask local-fs.target; }
do_udevd-masked() { mask systemd-udevd.service; }
do_multi-user-requires-missing() { root; mkdir "$R/etc/systemd/system/multi-user.target.requires"; ln -s ../data-sync.service "$R/etc/systemd/system/multi-user.target.requires/data-sync.service"; }
do_root-dir-mode-700() { root; chmod 700 "$R"; }
do_nsswitch-without-files() { root; sed -i -E 's/^(passwd|group|shadow):.*/\1: sss/' "$R/etc/nsswitch.conf"; }
do_machine-id-invalid() { root; echo 'VMware-56 4d 1e 0a' > "$R/etc/machine-id"; }
do_fstab-root-wrong-uuid() { fstab_spec / "UUID=$NOSUCH"; }
do_fstab-root-sda1() { fstab_spec / /dev/sda1; }
do_fstab-missing-data-disk() { fstab "UUID=$NOSUCH /srv ext4 defaults 0 2"; }
do_fstab-missing-data-disk-nofail() { fstab "UUID=$NOSUCH /srv ext4 defaults,nofail 0 2"; }
do_fstab-missing-data-disk-automount() { fstab "UUID=$NOSUCH /srv ext4 noauto,x-systemd.automount 0 2"; }
do_fstab-boot-wrong-uuid() { need "$BOOTP" "separate /boot"; fstab_spec /boot "UUID=$NOSUCH"; }
do_fstab-boot-sda1() { need "$BOOTP" "separate /boot"; fstab_spec /boot /dev/sda1; }
do_fstab-esp-wrong-uuid() { need "$ESPP" "EFI system partition"; fstab_spec /boot/efi UUID=DEAD-BEEF; }
do_fstab-swap-missing() { fstab "UUID=$NOSUCH none swap sw 0 0"; }
do_fstab-two-fields() { fstab '/dev/vdb1 /srv'; }
do_fstab-duplicate() { fstab 'tmpfs /srv tmpfs defaults 0 0'; fstab 'tmpfs /srv tmpfs size=1m 0 0'; }
do_fstab-root-data-writeback() { root; sed -i -E 's,^(\S+\s+/\s+ext4\s+)\S+,\1data=writeback,' "$R/etc/fstab"; }
do_fstab-missing-data-disk-nofail-no-timeout() { fstab "UUID=$NOSUCH /srv ext4 defaults,nofail,x-systemd.device-timeout=0 0 2"; }
do_fstab-crlf() { root; sed -i 's/$/\r/' "$R/etc/fstab"; }
do_fstab-crlf-four-fields() { root; sed -i -E 's/^(UUID=\S+\s+\S+\s+\S+\s+\S+).*/\1\r/' "$R/etc/fstab"; }
do_fstab-root-uuid-uppercase() { root; sed -i -E 's,^UUID=(\S+)(\s+/\s),UUID=\U\1\E\2,' "$R/etc/fstab"; }
do_resume-wrong-uuid() { root; echo "RESUME=UUID=$NOSUCH" > "$R/etc/initramfs-tools/conf.d/resume"; initramfs; }
do_fstab-unknown-type() { fstab "/dev/disk/by-uuid/$(blkid -p -O "${ROOTP% *}" -s UUID -o value "$IMG") /srv nosuchfs defaults 0 0"; }
do_fstab-bind-source-missing() { fstab "/no/such/directory /srv none bind 0 0"; }
do_fstab-nfs-unreachable() { fstab "192.0.2.1:/export /srv nfs defaults,_netdev 0 0"; }
do_fstab-empty() { root; : > "$R/etc/fstab"; }
do_proc-dir-missing() { root; rmdir "$R/proc"; }
do_run-dir-missing() { root; rm -rf "$R/run"; }
do_machine-id-missing() { root; rm "$R/etc/machine-id"; }
do_passwd-missing() { root; rm "$R/etc/passwd" "$R/etc/passwd-"; }

# ---- network ----------------------------------------------------------------------------------------------------------------
do_network-eth0-without-ifnames() { ifupdown 'auto eth0\niface eth0 inet dhcp\n'; }
do_network-eth0-with-ifnames-0() { ifupdown 'auto eth0\niface eth0 inet dhcp\n'; cmdline 's/$/ net.ifnames=0/'; }
do_network-eth0-with-link-to-null() { ifupdown 'auto eth0\niface eth0 inet dhcp\n'; ln -s /dev/null "$R/etc/systemd/network/99-default.link"; }
do_network-eth0-with-link-to-null-rebuilt() { do_network-eth0-with-link-to-null; initramfs; }
do_network-static-old() { network '[Match]\nName=en*\n[Network]\nAddress=192.168.77.10/24\nGateway=192.168.77.1\n'; }
do_network-name-of-vmware() { network '[Match]\nName=ens192\n[Network]\nDHCP=ipv4\n'; }
do_network-mac-bound() { network '[Match]\nMACAddress=00:50:56:aa:bb:cc\n[Network]\nDHCP=ipv4\n'; }
do_network-nothing-enabled() { disable 'systemd-networkd*'; disable 'dbus-org.freedesktop.network1.service'; }
do_network-file-mode-600() { root; chmod 600 "$R"/etc/systemd/network/*.network; }
do_network-virtualization-vmware() { network '[Match]\nName=en*\nVirtualization=vmware\n[Network]\nDHCP=ipv4\n'; }
do_networkd-program-missing() { root; rm "$R/lib/systemd/systemd-networkd"; }
do_cmdline-mask-networkd() { cmdline 's/$/ systemd.mask=systemd-networkd.service/'; }
do_ifupdown-without-dhclient() { do_network-eth0-with-ifnames-0; rm -f "$R/sbin/dhclient" "$R/sbin/dhclient3"; }
do_link-names-lan0() { ifupdown 'auto lan0\niface lan0 inet dhcp\n'; printf '[Match]\nOriginalName=*\nType=ether\n[Link]\nName=lan0\n' > "$R/etc/systemd/network/10-lan.link"; }
do_udev-rule-names-lan0() { ifupdown 'auto lan0\niface lan0 inet dhcp\n'; echo 'SUBSYSTEM=="net", ACTION=="add", DRIVERS=="?*", ATTR{type}=="1", NAME="lan0"' > "$R/etc/udev/rules.d/70-persistent-net.rules"; }
nm() { root; NM="$R/etc/NetworkManager/system-connections/lan.nmconnection"; }
do_nm-keyfile-mode-644() { nm; chmod 644 "$NM"; }
do_nm-keyfile-removed() { nm; rm "$NM"; }
do_nm-no-auto-default() { nm; printf '[main]\nno-auto-default=*\n' > "$R/etc/NetworkManager/conf.d/server.conf"; rm "$NM"; }
do_nm-no-auto-default-keyfile-mode-644() { nm; printf '[main]\nno-auto-default=*\n' > "$R/etc/NetworkManager/conf.d/server.conf"; chmod 644 "$NM"; }
do_nm-keyfile-of-vmware() { nm; sed -i '/^type=/a interface-name=ens192' "$NM"; }
do_nm-disabled() { disable NetworkManager.service; }
netplan() { root; sed -i "$1" "$R"/etc/netplan/*.yaml; }
do_netplan-tab() { netplan 's/^      dhcp4/\tdhcp4/'; }
do_netplan-name-of-vmware() { netplan 's/"en\*"/"ens192"/'; }
do_connman-blacklist() { root; printf '[General]\nNetworkInterfaceBlacklist=en,eth\n' > "$R/etc/connman/main.conf"; }
do_dhcpcd-denies-all() { root; echo 'denyinterfaces en*' >> "$R/etc/dhcpcd.conf"; }
do_network-masked() { root; ln -sf /dev/null "$R/etc/systemd/system/systemd-networkd.service"; }

# ---- access --------------------------------------------------------------------------------------------------------------------
do_sshd-disabled() { disable ssh.service; disable sshd.service; rm -f "$R"/etc/rc[2-5].d/S??ssh "$R/etc/runlevels/default/ssh"; }
do_sshd-disabled-first-boot() { do_sshd-disabled; do_machine-id-missing; }
do_sshd-masked() { root; ln -sf /dev/null "$R/etc/systemd/system/ssh.service"; }
do_sshd-binary-missing() { root; rm "$R/usr/sbin/sshd"; }
do_sshd-listenaddress-fixed() { sshd 'ListenAddress 192.168.77.10'; }
do_sshd-port-2222() { sshd 'Port 2222'; }
do_sshd-config-invalid() { sshd 'NoSuchOption yes'; }
do_sshd-config-crlf() { root; sed -i 's/$/\r/' "$R/etc/ssh/sshd_config"; }
do_sshd-hostkeys-missing() { root; rm "$R"/etc/ssh/ssh_host_*; }
do_sshd-hostkeys-mode-644() { root; chmod 644 "$R"/etc/ssh/ssh_host_*_key; }
do_sshd-permitrootlogin-no() { sshd 'PermitRootLogin no'; }
do_sshd-config-missing() { root; rm "$R/etc/ssh/sshd_config"; }
do_sshd-library-missing() { root; rm "$R"/usr/lib/x86_64-linux-gnu/libwrap.so.0*; }
do_sshd-addressfamily-inet6() { sshd 'AddressFamily inet6'; }
do_sshd-authenticationmethods-gssapi() { sshd 'AuthenticationMethods gssapi-with-mic'; }
do_sshd-pubkey-algorithms-rsa() { sshd 'PubkeyAcceptedAlgorithms rsa-sha2-512,rsa-sha2-256'; }
do_sshd-ciphers-removed() { sshd 'Ciphers arcfour128,blowfish-cbc'; }
do_sshd-match-root-without-keys() { root; printf 'Match User root\n  PubkeyAuthentication no\n' >> "$R/etc/ssh/sshd_config"; }
do_sshd-forcecommand() { root; printf 'Match User root\n  ForceCommand /usr/sbin/nologin\n' >> "$R/etc/ssh/sshd_config"; }
do_sshd-dropin-permitrootlogin-no() { root; echo 'PermitRootLogin no' > "$R/etc/ssh/sshd_config.d/50-hardening.conf"; }
ssh_unit() { root; mkdir -p "$R/etc/systemd/system/ssh.service.d"; printf "$1" > "$R/etc/systemd/system/ssh.service.d/local.conf"; }
do_sshd-unit-condition() { ssh_unit '[Unit]\nConditionPathExists=/etc/ssh/enabled\n'; }
do_sshd-unit-condition-negated() { ssh_unit '[Unit]\nConditionVirtualization=!kvm\nConditionVirtualization=!qemu\n'; }
do_sshd-unit-requires-missing() { ssh_unit '[Unit]\nRequires=storage-ready.service\nAfter=storage-ready.service\n'; }
do_sshd-unit-other-program() { ssh_unit '[Service]\nExecStart=\nExecStart=/opt/openssh/sbin/sshd -D\n'; }
do_sshd-unit-two-programs() { ssh_unit '[Service]\nExecStart=/usr/sbin/sshd -D -o UseDNS=no\n'; }
do_sshd-unit-address-deny() { ssh_unit '[Service]\nIPAddressDeny=any\nIPAddressAllow=localhost\n'; }
do_sshd-unit-other-user() { ssh_unit '[Service]\nUser=sshadmin\n'; }
do_cmdline-mask-ssh() { cmdline 's/$/ systemd.mask=ssh.service/'; }
do_authorized-keys-from() { root; sed -i 's,^ssh-,from="192.168.77.0/24" ssh-,' "$R/root/.ssh/authorized_keys"; }
do_authorized-keys-expired() { root; sed -i 's,^ssh-,expiry-time="20240101" ssh-,' "$R/root/.ssh/authorized_keys"; }
do_shadow-missing() { root; rm -f "$R/etc/shadow" "$R/etc/shadow-"; }
do_shadow-root-missing() { root; sed -i '/^root:/d' "$R/etc/shadow"; }
do_pam-session-module-missing() { root; sed -i '1i session required pam_nosuch.so' "$R/etc/pam.d/sshd"; }
do_sshd-allowusers-other() { sshd 'AllowUsers admin'; }
do_authorized-keys-mode-666() { root; chmod 666 "$R/root/.ssh/authorized_keys"; }
do_root-home-mode-777() { root; chmod 777 "$R/root"; }
do_root-shell-missing() { root; sed -i '/^root:/s,:[^:]*$,:/bin/zsh,' "$R/etc/passwd"; }
do_root-shell-nologin() { root; sed -i '/^root:/s,:[^:]*$,:/usr/sbin/nologin,' "$R/etc/passwd"; }
do_root-password-locked() { root; sed -i '/^root:/s/^root:[^:]*/root:!*/' "$R/etc/shadow"; }
do_root-account-expired() { root; sed -i -E '/^root:/s/^((([^:]*:){7}))[^:]*/\11/' "$R/etc/shadow"; }
do_root-password-must-change() { root; sed -i -E '/^root:/s/^(root:[^:]*:)[^:]*/\10/' "$R/etc/shadow"; }
do_authorized-keys-removed-and-root-password-locked() { do_root-password-locked; rm "$R/root/.ssh/authorized_keys"; }
do_pam-sshd-missing() { root; rm "$R/etc/pam.d/sshd"; }
do_pam-module-missing() { root; sed -i '1i account required pam_nosuch.so' "$R/etc/pam.d/sshd"; }
do_nologin-file() { root; echo "maintenance" > "$R/etc/nologin"; }
do_hosts-deny-all() { root; echo "ALL: ALL" >> "$R/etc/hosts.deny"; }
do_shadow-immutable() { root; chattr +i "$R/etc/shadow"; }

# ---- state ------------------------------------------------------------------------------------------------------------------------
do_disk-full() { root; dd if=/dev/zero of="$R/var/filler" bs=1M status=none 2>/dev/null || true; dd if=/dev/zero of="$R/var/filler2" bs=4k status=none 2>/dev/null || true; sync; }
do_inodes-full() { root; mkdir "$R/var/many"; (cd "$R/var/many" && seq 1 400000 | xargs touch 2>/dev/null) || true; }
do_journal-dirty() {
  local key port=2299 pid ask
  key=$(dirname "$IN")/key; [ -f "$key" ] || die "no key beside $IN"
  local firmware=(); if [ -n "$ESPP" ]; then cp /usr/share/OVMF/OVMF_VARS_4M.fd "$R.vars"
    firmware=(-drive if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd -drive "if=pflash,format=raw,file=$R.vars"); fi
  qemu-system-x86_64 -machine q35,accel=tcg -m 1024 -display none "${firmware[@]}" -drive "file=$IMG,format=raw,if=virtio" \
    -nic "user,model=virtio-net-pci,hostfwd=tcp:127.0.0.1:$port-:22" & pid=$!
  ask=(ssh -i "$key" -p $port -o BatchMode=yes -o ConnectTimeout=10 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR root@127.0.0.1)
  until "${ask[@]}" true 2>/dev/null; do kill -0 $pid; sleep 3; done
  # files that live only in the journal when the power goes: created, committed, not checkpointed
  "${ask[@]}" 'mkdir /root/late; for i in $(seq 1 300); do echo "line $i" > /root/late/$i; done; rm -r /root/late/1??; sync; sleep 6; echo x > /root/late/last; sync' || true
  kill -9 $pid; wait $pid 2>/dev/null || true; rm -f "$R.vars"
}

declare -F "do_$BREAKAGE" > /dev/null || die "no breakage named $BREAKAGE (try --list)"
"do_$BREAKAGE"
umount -R "$R" 2>/dev/null || true
if [ ${#MEMBERS[@]} -gt 1 ]; then    # both members have the same data
  dd if="$IMG" of="$IMG" bs=1M iflag=skip_bytes,count_bytes oflag=seek_bytes skip="${ROOTP% *}" \
    seek=$((${ROOTP% *}-${MEMBERS[0]% *}+${MEMBERS[1]% *})) count="${ROOTP#* }" conv=notrunc,sparse status=none
fi
mv "$IMG" "$3"
