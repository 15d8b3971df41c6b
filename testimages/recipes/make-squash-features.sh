#!/bin/bash
# make-squash-features.sh -- SquashFS images, each with one feature or compressor, for parsers.
#
#   make-squash-features.sh OUTDIR [NAME...]     no NAME: all of them;  --list: the names
#
# Needs squashfs-tools 4.5; as root there are device nodes and other owners besides.  OUTDIR/NAME.img is the image;
# walk-mounted.sh says what its tree must look like where the kernel has the decoder, unsquashfs where not.
set -euo pipefail

export LC_ALL=C.UTF-8
[ $# -ge 1 ] || { sed -n '2,/^set -euo/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 2; }

declare -A OPTIONS=(
  [gzip]="-comp gzip" [xz]="-comp xz" [xz-bcj]="-comp xz -Xbcj x86 -b 1M" [zstd]="-comp zstd" [lz4]="-comp lz4 -Xhc"
  [lzo]="-comp lzo" [block-4k]="-b 4096" [no-fragments]="-no-fragments -no-duplicates" [all-fragments]="-always-use-fragments"
  [tailends]="-tailends" [uncompressed]="-noI -noD -noF -noX" [no-sparse]="-no-sparse -b 8192" [no-export]="-no-exports -no-xattrs"
  [dracut]="-no-xattrs -no-exports -noappend -no-recovery -always-use-fragments -comp xz -Xdict-size 100% -b 65536"
)
[ "$1" = --list ] && { printf '%s\n' "${!OPTIONS[@]}" | sort; exit; }
OUT=$1; shift; mkdir -p "$OUT"
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT; D=$T/tree

mkdir -p "$D"/{files,links,special,empty}
for n in 0 1 511 4095 4096 4097 70000 131072 131073 400000; do seq 1 200000 | head -c "$n" > "$D/files/f$n"; done
truncate -s 2500000 "$D/files/sparse"; printf middle | dd of="$D/files/sparse" bs=1 seek=1500001 conv=notrunc status=none
truncate -s 1234567 "$D/files/hole"; cp "$D/files/f70000" "$D/files/duplicate"; ln "$D/files/f400000" "$D/special/hard"
for n in 1 255 256 257 3000; do mkdir "$D/many$n"; seq -f "$D/many$n/entry-%g-with-a-name-that-takes-room" 1 $n | xargs touch; done
for n in 1 58 1022; do ln -s "$(head -c $n /dev/zero | tr '\0' x)" "$D/links/l$n"; done
mkfifo "$D/special/fifo"
if [ "$(id -u)" = 0 ]; then
  : > "$D/special/suid"; chown 70000:100000 "$D/special/suid"; chmod 6755 "$D/special/suid"; mknod "$D/special/null" c 1 3
fi

for name in ${*:-${!OPTIONS[@]}}; do
  # shellcheck disable=SC2086
  mksquashfs "$D" "$OUT/$name.img" -noappend -no-progress -quiet -mkfs-time 0 ${OPTIONS[$name]}
done
