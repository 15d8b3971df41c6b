#!/bin/bash
# make-synthetic.sh -- make the small synthetic guests of testimages/images, always the same bytes (but for those on
# XFS and btrfs, whose tools write times of their own).
#
#   make-synthetic.sh OUTDIR [NAME...]      writes OUTDIR/*.qcow2, *.raw, *.raw.xz, or only those named
#
# No root needed, but for those on btrfs, which are left out without.  Needs: python3, e2fsprogs, fdisk, dosfstools,
# mtools, xfsprogs, lvm2, btrfs-progs, qemu-utils, zstd, xz-utils, grub-common, grub-pc-bin, grub-efi-amd64-bin.
# The guests have real GRUB images and modules, and stand-ins (right headers, no code) for everything else:
# they cannot run, but every file a boot would touch is there in the form Debian 12 has it.
set -euo pipefail

[ $# -ge 1 ] || { sed -n '2,/^set -euo/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 2; }
HERE=$(dirname "$(readlink -f "$0")")
export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C TZ=UTC PYTHONDONTWRITEBYTECODE=1
export SOURCE_DATE_EPOCH=1780000000 E2FSPROGS_FAKE_TIME=1780000000 MTOOLS_SKIP_CHECK=1
mkdir -p "$1"
exec python3 "$HERE/make-synthetic.py" "$@"
