#!/bin/bash
# build-debian-image.sh -- build ONE healthy, bootable Debian disk image.
#
#   build-debian-image.sh --out disk.qcow2 --format qcow2 --fs xfs --table gpt --boot uefi --suite trixie
#
# Options
#   --out FILE            the image to write (required)
#   --format raw|qcow2    default raw
#   --fs ext4|xfs|btrfs   root file system, default ext4 (btrfs gets subvolumes @ and @home)
#   --table mbr|gpt       partition table, default gpt
#   --boot bios|uefi      firmware the image is for, default bios
#   --sepboot             a separate ext4 /boot partition (so by itself when the root is not plain ext4)
#   --rootboot            /boot on the root file system, whatever that is
#   --lvm                 put the root in LVM (LVs "root" and "swap")
#   --vg NAME             the name of the volume group, default "vg0"
#   --home                with --lvm: a third LV "home" for /home
#   --md                  put the root on a mirror (metadata 1.2) of two partitions of this disk
#   --snapshots           with --fs btrfs: / is @/.snapshots/1/snapshot, which is the default subvolume, with a
#                         snapshot beside it, as snapper makes them; no subvol= in fstab or on the command line
#   --suite NAME          Debian suite, default bookworm (bullseye and trixie work too)
#   --size SIZE           virtual size, default 4G
#   --kernel generic|cloud  linux-image-amd64 or linux-image-cloud-amd64, default generic
#   --net networkd|ifupdown|networkmanager|netplan|connman|dhcpcd
#                         default networkd (DHCP on any wired NIC); ifupdown: eth0 with net.ifnames=0; networkmanager: a
#                         keyfile for any wired NIC; netplan: for networkd; connman, dhcpcd: as their packages leave them
#   --initramfs initramfs-tools|dracut|dracut-hostonly
#                         default initramfs-tools; dracut is built for any machine, dracut-hostonly for one with SATA and
#                         VMware disks only, whatever the builder has
#   --as-installed        keep the initramfs that the installation of the kernel made: faster, and without fsck for /
#   --loader grub|systemd-boot|uki|uki-alone|extlinux|grub-legacy
#                         default grub; systemd-boot: an entry file as kernel-install writes it; uki: a unified kernel
#                         image in EFI/Linux, started by systemd-boot; uki-alone: it is EFI/BOOT/BOOTX64.EFI itself;
#                         extlinux and grub-legacy (ext3, mbr): bios
#   --init systemd|sysvinit|openrc
#                         default systemd; the others have ifupdown
#   --include PKG,PKG     more packages (for instance cloud-init)
#   --password WORD       root password, default "debian"
#   --ssh-key FILE        public key for root
#   --userland FILE.tar   keep the unpacked packages in FILE.tar; reuse it if it is there
#
# Needs: root, loop devices, network access to a Debian mirror ($MIRROR), and the packages
#   mmdebstrap qemu-utils fdisk gdisk util-linux e2fsprogs dosfstools mtools
#   (xfsprogs, btrfs-progs, lvm2, mdadm with libguestfs-tools, binutils for uki as asked for).  Boot loaders and
#   dracut run inside the new system.
#   --rootboot on LVM or a mirror, with bios: also qemu-system-x86, openssh-client and --ssh-key; GRUB must see
#   the volume, so it is installed in a boot of the image.
#
# The layouts (the /boot partition exists with --sepboot or when the root is not plain ext4):
#   mbr: [ESP if uefi] [/boot ext4] root-or-PV          gpt: bios_grub or ESP, [/boot ext4], root-or-PV
#   with --md two partitions of one size in place of the root
#
# It also runs on builders whose kernel has no partition parser, no vfat and no device-mapper (small
# VMs, containers): partitions are announced with partx, the ESP is filled with mtools, LVs and the data of a
# mirror are reached through loop devices at their offset; the mirror is created in libguestfs' appliance.
#
# To boot the result:
#   qemu-system-x86_64 -m 1024 -nographic -drive file=disk.raw,format=raw,if=virtio,snapshot=on \
#       -nic user,model=virtio-net-pci,hostfwd=tcp:127.0.0.1:2222-:22
#   for UEFI add -machine q35 -drive if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd
#       and -drive if=pflash,format=raw,file=<a copy of OVMF_VARS_4M.fd>
#   for NVMe replace if=virtio by if=none,id=d0 and add -device nvme,drive=d0,serial=x
set -euo pipefail

HERE=$(dirname "$(readlink -f "$0")")
# shellcheck source=stacks.sh
. "$HERE/stacks.sh"
OUT= FORMAT=raw FS=ext4 TABLE=gpt BOOT=bios LVM= VG=vg0 HOMELV= MD= SNAPSHOTS= SEPBOOT= ROOTBOOT= SUITE=bookworm SIZE=4G KERNEL=generic NET=
INITRAMFS=initramfs-tools ASINSTALLED= LOADER=grub INIT=systemd
INCLUDE= PASSWORD=debian SSHKEY= USERLAND= MIRROR=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1)}
die() { echo "$(basename "$0"): $*" >&2; exit 1; }
while [ $# -gt 0 ]; do
  case $1 in
    --out) OUT=$2; shift ;;       --format) FORMAT=$2; shift ;;   --fs) FS=$2; shift ;;
    --table) TABLE=$2; shift ;;   --boot) BOOT=$2; shift ;;       --lvm) LVM=1 ;;
    --vg) VG=$2; shift ;;         --home) HOMELV=1 ;;             --md) MD=1 ;;
    --sepboot) SEPBOOT=1 ;;       --rootboot) ROOTBOOT=1 ;;       --snapshots) SNAPSHOTS=1 ;;
    --suite) SUITE=$2; shift ;;   --size) SIZE=$2; shift ;;       --kernel) KERNEL=$2; shift ;;
    --as-installed) ASINSTALLED=1 ;;
    --initramfs) INITRAMFS=$2; shift ;; --loader) LOADER=$2; shift ;; --init) INIT=$2; shift ;;
    --net) NET=$2; shift ;;       --include) INCLUDE=$2; shift ;; --password) PASSWORD=$2; shift ;;
    --ssh-key) SSHKEY=$2; shift ;; --userland) USERLAND=$2; shift ;;
    -h|--help) sed -n '2,/^set -euo/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 0 ;;
    *) die "unknown option $1 (try --help)" ;;
  esac; shift
done
[ -n "$OUT" ] || die "--out is required"
[ "$(id -u)" = 0 ] || die "must be root (loop devices, mount, chroot)"
in_list() { case " $2 " in *" $1 "*) ;; *) die "$3 must be one of: $2" ;; esac; }
in_list "$FORMAT" "raw qcow2" --format;    in_list "$FS" "ext4 xfs btrfs" --fs
in_list "$TABLE" "mbr gpt" --table;        in_list "$BOOT" "bios uefi" --boot
if [ "$FS" != ext4 ] || [ -n "$LVM$MD" ]; then SEPBOOT=1; fi
if [ -n "$ROOTBOOT" ]; then SEPBOOT=; fi
if [ -n "$LVM" ] && [ -n "$MD" ]; then die "--lvm and --md exclude each other"; fi
FINISH=; if [ -n "$LVM$MD" ] && [ -z "$SEPBOOT" ] && [ "$BOOT" = bios ]; then FINISH=1; [ -n "$SSHKEY" ] || die "this layout needs --ssh-key"; fi
in_list "$INIT" "systemd sysvinit openrc" --init
[ -n "$NET" ] || { NET=networkd; [ "$INIT" = systemd ] || NET=ifupdown; }
in_list "$KERNEL" "generic cloud" --kernel; in_list "$NET" "networkd ifupdown networkmanager netplan connman dhcpcd" --net
in_list "$INITRAMFS" "initramfs-tools dracut dracut-hostonly" --initramfs
case $BOOT in
  bios) in_list "$LOADER" "grub extlinux grub-legacy" "--loader for bios" ;;
  uefi) in_list "$LOADER" "grub systemd-boot uki uki-alone" "--loader for uefi" ;;
esac
if [ "$LOADER" != grub ] && [ -n "$SEPBOOT" ]; then die "--loader $LOADER is for a plain ext4 root"; fi
if [ "$LOADER" = grub-legacy ] && [ "$TABLE" != mbr ]; then die "--loader grub-legacy is for mbr"; fi

TMP=$(mktemp -d "${TMPDIR:-/var/tmp}/debimg.XXXXXX"); R=$TMP/root; mkdir "$R"
IMG=$TMP/disk.raw; LOOPS=()
cleanup() {
  umount -R "$R" 2>/dev/null || true
  local i; for ((i=${#LOOPS[@]}-1; i>=0; i--)); do partx -d "${LOOPS[i]}" 2>/dev/null || true; losetup -d "${LOOPS[i]}" 2>/dev/null || true; done
  LOOPS=(); mountpoint -q "$R" || rm -rf --one-file-system "$TMP"
}
trap cleanup EXIT

inside() { DEBIAN_FRONTEND=noninteractive LC_ALL=C INITRD=No TMPDIR=/tmp chroot "$R" "$@"; }   # no package is to build one

# ---- 1. the userland ---------------------------------------------------------------------------
PKGS=systemd-sysv,udev,dbus,kmod,ifupdown,isc-dhcp-client,iproute2,procps,openssh-server,zstd,e2fsprogs
case $INITRAMFS-$SUITE in
  initramfs-tools-*) PKGS+=,initramfs-tools ;;
  *-bookworm) PKGS+=,dracut,dracut-squash,squashfs-tools,lvm2 ;;
  *) PKGS+=,dracut,squashfs-tools,lvm2 ;;
esac
case $KERNEL in generic) PKGS+=,linux-image-amd64 ;; cloud) PKGS+=,linux-image-cloud-amd64 ;; esac
case $LOADER-$BOOT in
  grub-uefi) PKGS+=,grub-efi-amd64,grub-efi-amd64-signed,shim-signed,efibootmgr ;;
  *) PKGS+=,grub-pc ;;
esac
# what takes the place of packages of the userland, or is added to them, in this image: a dash behind the name removes
MORE=()
case $LOADER in
  extlinux) MORE+=(extlinux syslinux-common grub-pc-) ;;
  grub-legacy) MORE+=(grub-legacy grub-pc-) ;;
  systemd-boot|uki*) MORE+=(systemd-boot grub-pc-) ;;
esac
case $INIT in sysvinit) MORE+=(sysvinit-core initscripts sysv-rc systemd-sysv-) ;; openrc) MORE+=(sysvinit-core initscripts openrc sysv-rc- systemd-sysv-) ;; esac
case $NET in networkmanager) MORE+=(network-manager) ;; netplan) MORE+=(netplan.io) ;; connman) MORE+=(connman) ;; dhcpcd) MORE+=(dhcpcd) ;; esac
case $FS in xfs) PKGS+=,xfsprogs ;; btrfs) PKGS+=,btrfs-progs ;; esac
[ -n "$LVM" ] && PKGS+=,lvm2
[ -n "$MD" ] && PKGS+=,mdadm
[ -n "$INCLUDE" ] && PKGS+=,$INCLUDE
TAR=${USERLAND:-$TMP/userland.tar}
if [ ! -f "$TAR" ]; then
  echo "grub-pc grub-pc/install_devices_empty boolean true" > "$TMP/debconf"
  mmdebstrap --quiet --mode=root --variant=minbase --components=main --include="$PKGS" \
    --essential-hook="chroot \"\$1\" debconf-set-selections < $TMP/debconf" \
    "$SUITE" "$TAR" "deb $MIRROR $SUITE main"
fi

# ---- 2. partitions -------------------------------------------------------------------------------
ESPSIZE=64MiB; case $LOADER in systemd-boot|uki*) ESPSIZE=512MiB ;; esac                             # kernels are on it
truncate -s "$SIZE" "$IMG"
if [ "$TABLE" = gpt ]; then
  lines="label: gpt"$'\n'; ROOTTYPE=0FC63DAF-8483-4772-8E79-3D69D8477DE4
  [ -n "$LVM" ] && ROOTTYPE=E6D6D379-F507-44C2-A23C-238F2A3DF928
  [ -n "$MD" ] && ROOTTYPE=A19D880F-05FC-4D3B-A006-743F0F84911E
  if [ "$BOOT" = bios ]; then lines+="size=1MiB, type=21686148-6449-6E6F-744E-656564454649"$'\n'    # BIOS boot, holds GRUB's core
  else lines+="size=$ESPSIZE, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B"$'\n'; fi                       # EFI system partition
  [ -n "$SEPBOOT" ] && lines+="size=700MiB, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4"$'\n'
  [ -n "$MD" ] && lines+="size=1500MiB, type=$ROOTTYPE"$'\n'"size=1500MiB, type=$ROOTTYPE"$'\n' || lines+="type=$ROOTTYPE"$'\n'
else
  [ -z "$MD" ] || die "--md is for gpt"
  lines="label: dos"$'\n'; ROOTTYPE=83; [ -n "$LVM" ] && ROOTTYPE=8e
  [ "$BOOT" = uefi ] && lines+="size=$ESPSIZE, type=ef"$'\n'
  if [ -n "$SEPBOOT" ]; then lines+="size=700MiB, type=83, bootable"$'\n'"type=$ROOTTYPE"$'\n'
  else lines+="type=$ROOTTYPE, bootable"$'\n'; fi
fi
printf '%s' "$lines" | sfdisk -q "$IMG"
if [ -n "$MD" ]; then
  n=1; [ -n "$SEPBOOT" ] && n=2
  # the appliance has a disk of its own, which may come first
  LIBGUESTFS_BACKEND=direct LIBGUESTFS_BACKEND_SETTINGS=force_tcg guestfish --format=raw -a "$IMG" run : debug sh \
    "for d in /dev/sd?; do if [ -b \${d}$((n+2)) ]; then mdadm --create /dev/md0 --run --homehost=debian --name=0 --level=1 --metadata=1.2 --raid-devices=2 \
     --assume-clean --bitmap=none \${d}$((n+1)) \${d}$((n+2)) && mdadm --stop /dev/md0; fi; done" > /dev/null
fi
DISK=$(losetup -fP --show "$IMG"); LOOPS+=("$DISK")
partx -a "$DISK" 2>/dev/null || partx -u "$DISK"
# partition numbers, in the order written above
n=0; ESPDEV= BOOTDEV=
if [ "$TABLE" = gpt ] || [ "$BOOT" = uefi ]; then n=1; [ "$BOOT" = uefi ] && ESPDEV=${DISK}p1; fi
[ -n "$SEPBOOT" ] && { n=$((n+1)); BOOTDEV=${DISK}p$n; }
n=$((n+1)); ROOTDEV=${DISK}p$n

# ---- 3. LVM, mirror -------------------------------------------------------------------------------
lv_device() { local range; range=$(lv_range "$PV" "$VG" "$1"); losetup -f --show -o "${range% *}" --sizelimit "${range#* }" "$PV"; }
if [ -n "$LVM" ]; then
  PV=$ROOTDEV
  lvm_on "$PV" pvcreate -q -y "$PV" >/dev/null; lvm_on "$PV" vgcreate -q "$VG" "$PV" >/dev/null
  lv() { lvm_on "$PV" lvcreate -q -y -an -Zn -Wn -n "$1" -l "$2" "$VG" >/dev/null; }
  if [ -n "$HOMELV" ]; then lv root 80%VG; lv home 50%FREE; else lv root 90%VG; fi
  lv swap 100%FREE
  SWAPDEV=$(lv_device swap); LOOPS+=("$SWAPDEV"); mkswap -q "$SWAPDEV"
  if [ -n "$HOMELV" ]; then HOMEDEV=$(lv_device home); LOOPS+=("$HOMEDEV"); mkfs.ext4 -q "$HOMEDEV"; fi
  ROOTDEV=$(lv_device root); LOOPS+=("$ROOTDEV")
elif [ -n "$MD" ]; then
  MEMBER=$ROOTDEV; RANGE=$(md_range "$MEMBER")
  ROOTDEV=$(losetup -f --show -o "${RANGE% *}" --sizelimit "${RANGE#* }" "$MEMBER"); LOOPS+=("$ROOTDEV")
fi

# ---- 4. file systems, userland, fstab ---------------------------------------------------------------
uuid() { blkid -p -s UUID -o value "$1"; }
case $FS in
  ext4)
    case $LOADER in
      extlinux) mkfs.ext4 -q -O ^64bit "$ROOTDEV" ;;
      grub-legacy) mkfs.ext3 -q -I 128 -O ^64bit,^metadata_csum,^resize_inode "$ROOTDEV"; FS=ext3 ;;
      *) mkfs.ext4 -q "$ROOTDEV" ;;
    esac
    mount "$ROOTDEV" "$R"; OPTS="errors=remount-ro 0 1" ;;
  xfs)  mkfs.xfs -q -f "$ROOTDEV"; mount "$ROOTDEV" "$R"; OPTS="defaults 0 0" ;;
  btrfs) mkfs.btrfs -q -f "$ROOTDEV"; mount "$ROOTDEV" "$R"
    btrfs -q subvolume create "$R/@"; btrfs -q subvolume create "$R/@home"; SUBVOL=@
    OPTS="subvol=@ 0 0"
    if [ -n "$SNAPSHOTS" ]; then
      SUBVOL=@/.snapshots/1/snapshot OPTS="defaults 0 0"
      btrfs -q subvolume create "$R/@/.snapshots"; mkdir "$R/@/.snapshots/1"; btrfs -q subvolume create "$R/$SUBVOL"
      btrfs subvolume set-default "$R/$SUBVOL"
    fi
    umount "$R"; mount -o "subvol=$SUBVOL" "$ROOTDEV" "$R"; mkdir "$R/home"; mount -o subvol=@home "$ROOTDEV" "$R/home" ;;
esac
if [ -n "$BOOTDEV" ]; then mkfs.ext4 -q "$BOOTDEV"; mkdir "$R/boot"; mount "$BOOTDEV" "$R/boot"; fi
tar -C "$R" --numeric-owner --xattrs --xattrs-include='*' -xf "$TAR"
if [ ${#MORE[@]} -gt 0 ]; then
  mount --bind /dev "$R/dev"; mount -t proc proc "$R/proc"; cp -L /etc/resolv.conf "$R/etc/resolv.conf"
  printf '#!/bin/sh\nexit 101\n' > "$R/usr/sbin/policy-rc.d"; chmod +x "$R/usr/sbin/policy-rc.d"
  inside apt-get -qq update > /dev/null; inside apt-get -qq install -y --no-install-recommends --allow-remove-essential "${MORE[@]}" > "$TMP/apt.log" 2>&1 || { tail -n 5 "$TMP/apt.log" >&2; exit 1; }
  inside apt-get -qq autopurge -y > /dev/null 2>&1
  rm "$R/usr/sbin/policy-rc.d"; umount "$R/proc" "$R/dev"
fi
ROOTSPEC=UUID=$(uuid "$ROOTDEV"); [ -n "$LVM" ] && ROOTSPEC=/dev/mapper/$(mapper_name "$VG" root)
{
  echo "# <file system> <mount point> <type> <options> <dump> <pass>"
  echo "$ROOTSPEC / $FS $OPTS"
  [ "$FS" = btrfs ] && echo "$ROOTSPEC /home btrfs subvol=@home 0 0"
  [ -n "$SNAPSHOTS" ] && echo "$ROOTSPEC /.snapshots btrfs subvol=@/.snapshots 0 0"
  [ -n "$HOMELV" ] && echo "/dev/mapper/$(mapper_name "$VG" home) /home ext4 defaults 0 2"
  [ -n "$BOOTDEV" ] && echo "UUID=$(uuid "$BOOTDEV") /boot ext4 defaults 0 2"
  [ -n "$LVM" ] && echo "/dev/mapper/$(mapper_name "$VG" swap) none swap sw 0 0"
  if [ -n "$ESPDEV" ]; then mkfs.vfat -F 32 -n ESP "$ESPDEV" >/dev/null; mkdir -p "$R/boot/efi"; echo "UUID=$(uuid "$ESPDEV") /boot/efi vfat umask=0077 0 1"; fi
} > "$R/etc/fstab"

# ---- 5. host name, network, access ------------------------------------------------------------------
echo debian > "$R/etc/hostname"; printf '127.0.0.1 localhost\n127.0.1.1 debian\n' > "$R/etc/hosts"
: > "$R/etc/machine-id"                       # empty: filled in at the first boot
echo "root:$PASSWORD" | chroot "$R" chpasswd
if [ -n "$SSHKEY" ]; then install -d -m700 "$R/root/.ssh"; install -m600 "$SSHKEY" "$R/root/.ssh/authorized_keys"; fi
NETARG=
case $NET in
  networkd) printf '[Match]\nName=en* eth*\n[Network]\nDHCP=ipv4\n' > "$R/etc/systemd/network/80-dhcp.network"
            chroot "$R" systemctl -q enable systemd-networkd ;;
  networkmanager) printf '[connection]\nid=lan\ntype=ethernet\n[ipv4]\nmethod=auto\n[ipv6]\nmethod=auto\n' > "$R/etc/NetworkManager/system-connections/lan.nmconnection"
            chmod 600 "$R/etc/NetworkManager/system-connections/lan.nmconnection" ;;
  netplan)  printf 'network:\n  version: 2\n  renderer: networkd\n  ethernets:\n    lan:\n      match:\n        name: "en*"\n      dhcp4: true\n' > "$R/etc/netplan/01-lan.yaml"
            chmod 600 "$R/etc/netplan/01-lan.yaml"; chroot "$R" systemctl -q enable systemd-networkd ;;
  ifupdown) printf 'auto lo\niface lo inet loopback\nauto eth0\niface eth0 inet dhcp\n' > "$R/etc/network/interfaces"; NETARG=" net.ifnames=0" ;;
esac
rm -f "$R/etc/resolv.conf"; echo 'nameserver 10.0.2.3' > "$R/etc/resolv.conf"

if [ -n "$MD" ]; then
  printf 'HOMEHOST <system>\nMAILADDR root\n' > "$R/etc/mdadm/mdadm.conf"; mdadm --examine --brief "$MEMBER" >> "$R/etc/mdadm/mdadm.conf"
fi

# ---- 6. initramfs and boot loader --------------------------------------------------------------------
mount --bind /dev "$R/dev"; mount -t proc proc "$R/proc"; mount --bind /sys "$R/sys"
K=$(ls "$R/lib/modules")
case $INITRAMFS${ASINSTALLED:+-as-installed} in
  initramfs-tools-as-installed|dracut-as-installed) ;;
  initramfs-tools) inside update-initramfs -c -k "$K" >/dev/null ;;   # its hooks read the fstab written above
  dracut) inside dracut -q -f --no-hostonly "/boot/initrd.img-$K" "$K" ;;
  dracut-hostonly*)   # not even the devices and modules of the builder
    inside dracut -q -f --hostonly --no-hostonly-default-device --no-hostonly-cmdline --drivers "ahci sd_mod vmw_pvscsi vmxnet3 $FS" \
      --omit-drivers "virtio_blk virtio_scsi virtio_pci nvme" "/boot/initrd.img-$K" "$K" ;;
esac
CMDLINE="root=$ROOTSPEC ro console=tty0 console=ttyS0,115200$NETARG"
[ "$LOADER" != grub ] || cat > "$R/etc/default/grub" <<EOG
GRUB_DEFAULT=0
GRUB_TIMEOUT=1
GRUB_DISTRIBUTOR=Debian
GRUB_CMDLINE_LINUX_DEFAULT=""
GRUB_CMDLINE_LINUX="console=tty0 console=ttyS0,115200$NETARG"
GRUB_TERMINAL=console
GRUB_DISABLE_OS_PROBER=true
EOG
if [ -n "$FINISH" ]; then
  cp "$R"/boot/vmlinuz-* "$TMP/vmlinuz"; cp "$R"/boot/initrd.img-* "$TMP/initrd"
elif [ "$LOADER" = extlinux ]; then
  mkdir -p "$R/boot/extlinux"
  printf 'DEFAULT linux\nPROMPT 0\nTIMEOUT 10\n\nLABEL linux\n  MENU LABEL Debian\n  LINUX ../vmlinuz-%s\n  INITRD ../initrd.img-%s\n  APPEND %s\n' \
    "$K" "$K" "$CMDLINE" > "$R/boot/extlinux/extlinux.conf"
  inside extlinux --install /boot/extlinux > /dev/null 2>&1
  if [ "$TABLE" = mbr ]; then dd if="$R/usr/lib/EXTLINUX/mbr.bin" of="$IMG" bs=440 count=1 conv=notrunc status=none
  else dd if="$R/usr/lib/EXTLINUX/gptmbr.bin" of="$IMG" bs=440 count=1 conv=notrunc status=none; LEGACYBOOT=${ROOTDEV##*p}; fi
elif [ "$LOADER" = grub-legacy ]; then
  mkdir -p "$R/boot/grub"; cp "$R"/usr/lib/grub/x86_64-pc/{stage1,stage2,e2fs_stage1_5} "$R/boot/grub/"
  printf 'default 0\ntimeout 1\nserial --unit=0 --speed=115200\nterminal serial\n\ntitle Debian GNU/Linux\nroot (hd0,0)\nkernel /boot/vmlinuz-%s %s\ninitrd /boot/initrd.img-%s\n' \
    "$K" "$CMDLINE" "$K" > "$R/boot/grub/menu.lst"
  # its shell is a 32-bit program that is to see the disk when the file system is not mounted
  mkdir "$TMP/shell"; cp -L "$R/usr/sbin/grub" "$R"/lib32/ld-linux.so.2 "$R"/lib32/libc.so.6 "$TMP/shell/"; cp -L "$R"/lib32/libncurses* "$R"/lib32/libtinfo* "$TMP/shell/" 2>/dev/null || true
elif [ "$LOADER" != grub ]; then
  # what bootctl and kernel-install make of a memory file system, copied to the ESP
  E="$IMG@@$(partx -g -o START -n 1 "$IMG" | awk '{print $1*512}')"
  mount -t tmpfs none "$R/boot/efi"
  mkdir -p "$R/etc/kernel" "$R/boot/efi/EFI/Linux" "$R/boot/efi/EFI/BOOT"; echo "$CMDLINE" > "$R/etc/kernel/cmdline"; echo debian > "$R/etc/kernel/entry-token"
  if [ "$LOADER" != uki-alone ]; then
    inside env SYSTEMD_RELAX_ESP_CHECKS=1 bootctl install --esp-path=/boot/efi --no-variables > /dev/null 2>&1
    printf 'timeout 1\nconsole-mode keep\n' > "$R/boot/efi/loader/loader.conf"
  fi
  if [ "$LOADER" = systemd-boot ]; then
    printf 'layout=bls\nBOOT_ROOT=/boot/efi\n' > "$R/etc/kernel/install.conf"; mkdir -p "$R/boot/efi/debian"
    inside env SYSTEMD_RELAX_ESP_CHECKS=1 kernel-install add "$K" "/boot/vmlinuz-$K" "/boot/initrd.img-$K"
  else
    UKI=$R/boot/efi/EFI/Linux/debian-$K.efi; [ "$LOADER" = uki ] || UKI=$R/boot/efi/EFI/BOOT/BOOTX64.EFI
    make_uki "$R/usr/lib/systemd/boot/efi/linuxx64.efi.stub" "$UKI" ".osrel=$R/usr/lib/os-release" ".cmdline=$R/etc/kernel/cmdline" \
      ".linux=$R/boot/vmlinuz-$K" ".initrd=$R/boot/initrd.img-$K"
  fi
  mcopy -s -i "$E" "$R"/boot/efi/* ::/; umount "$R/boot/efi"
elif [ "$BOOT" = bios ]; then
  inside grub-install --target=i386-pc --no-floppy "$DISK" 2>&1 | grep -v '^Install' || true
else
  # the files "grub-install --force-extra-removable" puts on the ESP, copied with mtools
  E="$IMG@@$(partx -g -o START -n 1 "$IMG" | awk '{print $1*512}')"
  S=$R/usr/lib/shim G=$R/usr/lib/grub/x86_64-efi-signed
  mmd -i "$E" ::/EFI ::/EFI/debian ::/EFI/BOOT
  for d in debian BOOT; do
    mcopy -i "$E" "$G/grubx64.efi.signed" "::/EFI/$d/grubx64.efi"; mcopy -i "$E" "$S/fbx64.efi.signed" "::/EFI/$d/fbx64.efi"; done
  mcopy -i "$E" "$S/shimx64.efi.signed" ::/EFI/debian/shimx64.efi; mcopy -i "$E" "$S/mmx64.efi.signed" ::/EFI/debian/mmx64.efi
  mcopy -i "$E" "$S/shimx64.efi.signed" ::/EFI/BOOT/BOOTX64.EFI; mcopy -i "$E" "$S/BOOTX64.CSV" ::/EFI/debian/BOOTX64.CSV
  # GRUB's first configuration: find the file system with /boot/grub, then read the real one
  if [ -n "$BOOTDEV" ]; then g=$(uuid "$BOOTDEV") p=/grub; else g=$(uuid "$ROOTDEV") p=/boot/grub; fi
  printf 'search.fs_uuid %s root\nset prefix=($root)'"'%s'"'\nconfigfile $prefix/grub.cfg\n' "$g" "$p" > "$TMP/stub.cfg"
  mcopy -i "$E" "$TMP/stub.cfg" ::/EFI/debian/grub.cfg
  mkdir -p "$R/boot/grub"; cp -r "$R/usr/lib/grub/x86_64-efi" "$R/boot/grub/"
fi
if [ "$LOADER" = grub ]; then
  inside update-grub >/dev/null 2>&1
  # grub-mkconfig names the loop device when the builder has no /dev/disk/by-uuid or device-mapper: write the lasting name
  sed -i -E "/^\s+linux\s/s,root=[^ ]+,root=$ROOTSPEC," "$R/boot/grub/grub.cfg"
  [ -z "$SNAPSHOTS" ] || sed -i -E '/^\s+linux\s/s, rootflags=\S+,,' "$R/boot/grub/grub.cfg"
fi
umount "$R/sys" "$R/proc" "$R/dev"
rm -rf "$R"/var/cache/apt/archives/*.deb "$R"/var/lib/apt/lists/*_*; fstrim "$R" 2>/dev/null || true

if [ -n "$SNAPSHOTS" ]; then
  mkdir -p "$R/.snapshots"; mount -o subvol=@/.snapshots "$ROOTDEV" "$R/.snapshots"
  mkdir "$R/.snapshots/2"; btrfs -q subvolume snapshot -r "$R" "$R/.snapshots/2/snapshot"
  for n in 1 2; do
    printf '<?xml version="1.0"?>\n<snapshot>\n  <type>single</type>\n  <num>%s</num>\n  <date>2026-11-26 08:00:00</date>\n</snapshot>\n' $n > "$R/.snapshots/$n/info.xml"
  done
fi

# ---- 7. the image ------------------------------------------------------------------------------------
umount -R "$R"
for ((i=${#LOOPS[@]}-1; i>=0; i--)); do partx -d "${LOOPS[i]}" 2>/dev/null || true; losetup -d "${LOOPS[i]}"; done; LOOPS=()
[ -z "${LEGACYBOOT:-}" ] || sfdisk -q --part-attrs "$IMG" "$LEGACYBOOT" LegacyBIOSBootable
if [ "$LOADER" = grub-legacy ]; then
  printf 'device (hd0) %s\nroot (hd0,0)\nsetup (hd0)\nquit\n' "$IMG" | "$TMP/shell/ld-linux.so.2" --library-path "$TMP/shell" "$TMP/shell/grub" --batch --device-map=/dev/null > "$TMP/shell.log" 2>&1
  grep -q 'Running "install.*succeeded' "$TMP/shell.log" || { cat "$TMP/shell.log" >&2; die "GRUB legacy was not installed"; }
fi
if [ -n "$MD" ]; then    # the other member has the same data
  read -r first second < <(partx -g -o START "$IMG" | tail -n 2 | xargs)
  dd if="$IMG" of="$IMG" bs=1M iflag=skip_bytes,count_bytes oflag=seek_bytes skip=$((first*512+${RANGE% *})) \
    seek=$((second*512+${RANGE% *})) count="${RANGE#* }" conv=notrunc,sparse status=none
fi
if [ -n "$FINISH" ]; then
  "$HERE/run-in-guest.sh" --image "$IMG" --key "${SSHKEY%.pub}" --kernel "$TMP/vmlinuz" --initrd "$TMP/initrd" --append "root=$ROOTSPEC ro console=ttyS0$NETARG" \
    'set -e; grub-install --target=i386-pc /dev/vda; update-grub; rm -f /var/lib/systemd/random-seed; : > /etc/machine-id' >&2
fi
if [ "$FORMAT" = qcow2 ]; then qemu-img convert -f raw -O qcow2 "$IMG" "$OUT"; else cp --sparse=always "$IMG" "$OUT"; fi
echo "$OUT: $SUITE $FS${LVM:+ on LVM}${MD:+ on a mirror}, $TABLE, $BOOT, $FORMAT, $(du -h "$OUT" | cut -f1) on disk"
