#!/bin/bash
# make-dracut-archives.sh -- initramfs archives that dracut makes, one for each way of making them.
#
#   make-dracut-archives.sh OUTDIR [NAME...]     no NAME: all of them;  --list: the names
#
# Needs root, mmdebstrap and Debian's archive (bookworm: dracut 059).  OUTDIR/dracut-NAME-KERNEL.img is an archive;
# IMAGECHECK_BOOT=OUTDIR makes the tests read them.  squash and squash-xz hold all but their loader in squash-root.img.
set -euo pipefail

export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C
[ $# -ge 1 ] || { sed -n '2,/^set -euo/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 2; }

declare -A OPTIONS=(
  [generic]="--no-hostonly --gzip" [hostonly]="--hostonly --hostonly-cmdline --zstd" [nosystemd]="--no-hostonly --omit systemd"
  [squash]="--no-hostonly --add squash" [squash-xz]="--no-hostonly --add squash --squash-compressor xz"
  [storage]="--no-hostonly --force-add lvm --force-add mdraid --force-add crypt --force-add multipath"
  [forced]="--no-hostonly --force-drivers virtio_blk --kernel-cmdline rd.lvm.lv=vg/root"
)
[ "$1" = --list ] && { printf '%s\n' "${!OPTIONS[@]}" | sort; exit; }
OUT=$1; shift; mkdir -p "$OUT"
R=$(mktemp -d /var/tmp/dracut.XXXXXX)
trap 'umount "$R"/{proc,sys,dev} 2>/dev/null || true; rm -rf --one-file-system "$R"' EXIT

mmdebstrap --quiet --variant=minbase --include=dracut-core,dracut-squash,lvm2,mdadm,cryptsetup-bin,multipath-tools,btrfs-progs \
  --include=xfsprogs,e2fsprogs,kmod,udev,systemd,systemd-sysv,linux-image-amd64,cpio,zstd,squashfs-tools bookworm "$R"
for d in proc sys dev; do mount --bind /$d "$R/$d"; done
K=$(ls "$R/lib/modules")
for name in ${*:-${!OPTIONS[@]}}; do
  # shellcheck disable=SC2086
  chroot "$R" dracut --quiet --force --kver "$K" ${OPTIONS[$name]} /tmp/initrd
  mv "$R/tmp/initrd" "$OUT/dracut-$name-$K.img"
done
