#!/bin/bash
# make-linux.sh -- make the composed Linux guests: families and generations that cannot be had as packages, healthy ones and
# one for each way in which one can be broken.
#
#   make-linux.sh OUTDIR [NAME...]     no NAME: all of them (NAME may be a beginning: centos-7);  --list: the names
#   make-linux.sh --table              what each launch must come to: the content of ../linux-images.tsv
#   make-linux.sh --packages           fetches what is taken of Debian's packages; fails where they cannot be had
#
# Layouts, names and configurations are those of each distribution; formats are real: partition tables, ext, XFS, btrfs, FAT,
# LVM, rpm databases, module indexes, archives.  Real are the boot loaders too (GRUB 2, GRUB legacy, extlinux, systemd-boot,
# shim, unified images on systemd's stub), of Debian's packages.  Kernels, modules and programs are stand-ins (right headers, no
# code): no guest can run.  linux/*.py make them, linux/families/*.py say what each family is and how it is broken.
#
# Needs root (mounts of XFS and btrfs), Debian's archive for a few packages, once (kept in ~/.cache/imagecheck-recipes), and:
# python3, e2fsprogs, xfsprogs, btrfs-progs, dosfstools, mtools, fdisk, qemu-utils, zstd, xz-utils, binutils, cpio, kmod, rpm,
# grub-common, grub-pc-bin, grub-efi-amd64-bin, extlinux.
set -euo pipefail

[ $# -ge 1 ] || { sed -n '2,/^set -euo/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 2; }
HERE=$(dirname "$(readlink -f "$0")")
export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C.UTF-8 TZ=UTC PYTHONDONTWRITEBYTECODE=1
export SOURCE_DATE_EPOCH=1717200000 MTOOLS_SKIP_CHECK=1
case $1 in --*) ;; *) mkdir -p "$1" ;; esac
exec python3 "$HERE/make-linux.py" "$@"
