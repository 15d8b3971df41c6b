#!/bin/bash
# make-windows.sh -- make the composed Windows guests, healthy ones and one for each way in which one can be broken.
#
#   make-windows.sh OUTDIR [NAME...]     no NAME: all of them;  --list: the names
#
# Nothing in them comes from Windows.  The formats are real: MBR and GPT, NTFS and FAT, registry hives and their logs, boot
# stores, PE files with version resources; names, keys and values are those of each version.  Programs have no code, boot
# sectors halt: no image can run.  windows/*.py make them; ../windows-images.tsv says what each launch must come to.
#
# No root needed, but for images with compressed files, which are left out without (they go through a mount by ntfs-3g).
# Needs: python3, ntfs-3g, wimtools, dosfstools, mtools, qemu-utils.
set -euo pipefail

[ $# -ge 1 ] || { sed -n '2,/^set -euo/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 2; }
HERE=$(dirname "$(readlink -f "$0")")
export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C.UTF-8 TZ=UTC PYTHONDONTWRITEBYTECODE=1
export SOURCE_DATE_EPOCH=1712736000 MTOOLS_SKIP_CHECK=1
[ "$1" = --list ] || mkdir -p "$1"
exec python3 "$HERE/make-windows.py" "$@"
