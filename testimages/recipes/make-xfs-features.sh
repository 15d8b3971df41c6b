#!/bin/bash
# make-xfs-features.sh -- XFS images, each with one feature or structure, for parsers.
#
#   make-xfs-features.sh OUTDIR [NAME...]     no NAME: all of them;  --list: the names
#
# Needs xfsprogs 6.1, root and loop devices; version 4, which newer kernels do not mount, is filled by mkfs itself.
# OUTDIR/NAME.img is the image; walk-mounted.sh says what its tree must look like.  The dirty-* images hold a
# log that has to be replayed.
set -euo pipefail

export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C.UTF-8
UUID=1d0c5f5e-6a9b-4c39-8f6e-7a3a52c0de20
[ $# -ge 1 ] || { sed -n '2,/^set -euo/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 2; }

fill() { # directory: one of everything, directories and attributes of every form
  local d=$1 n i
  mkdir -p "$d/files" "$d/links" "$d/special" "$d/few" "$d/attributes"
  for n in 0 1 511 512 4096 5000 70000 400000; do seq 1 200000 | head -c "$n" > "$d/files/f$n"; done
  truncate -s 2500000 "$d/files/sparse"; printf middle | dd of="$d/files/sparse" bs=1 seek=1500001 conv=notrunc status=none
  xfs_io -f -c 'falloc 0 300000' -c 'pwrite -q 100000 5000' "$d/files/unwritten"
  for i in $(seq 0 900); do printf x | dd of="$d/files/fragments" bs=1 seek=$((i * 8192)) conv=notrunc status=none; done
  for n in 8 30 120 320 2500; do mkdir "$d/many$n"; seq -f "$d/many$n/entry-%g-with-a-name-that-takes-room" 1 $n | xargs touch; done
  for n in 1 200 400 1022; do ln -s "$(head -c $n /dev/zero | tr '\0' x)" "$d/links/l$n"; done
  mkfifo "$d/special/fifo"; mknod "$d/special/null" c 1 3; : > "$d/special/suid"; chown 70000:100000 "$d/special/suid"; chmod 6755 "$d/special/suid"
  : > "$d/attributes/short"; setfattr -n user.short -v value "$d/attributes/short"; setfacl -m u:1234:rw "$d/attributes/short"
  : > "$d/attributes/node"; for i in $(seq 150); do setfattr -n user.attribute-$i -v "value $i of some length" "$d/attributes/node"; done
  : > "$d/attributes/remote"; setfattr -n user.large -v "$(head -c 60000 /dev/zero | tr '\0' l)" "$d/attributes/remote"
}
new() { truncate -s "$SIZE" "$IMG"; mkfs.xfs -q -f --unsupported -m uuid=$UUID "$@" "$IMG"; }
mounted() { # mount options, then a command with $D
  local options=$1; shift; mount -o "loop,nouuid$options" "$IMG" "$D"
  "$@" || { umount "$D"; return 1; }
  umount "$D"; }
mk() { new "$@"; mounted "" fill "$D"; }
stop() { fill "$D"; rm -r "$D/many120"; mv "$D/few" "$D/moved"; xfs_io -x -c 'shutdown -f' "$D"; }
dirty() { local options=$1; shift; new "$@"; mounted "$options" stop; }
v4() { # by a prototype file
  local p=$T/proto
  { printf '/dev/null\n0 0\nd--755 0 0\nfile ---644 3 4 %s\nlink l--777 0 0 file\nlarge d--755 0 0\n' "$0"
    seq -f 'entry-%g-with-a-name-that-takes-room ---644 0 0 /dev/null' 1 900; printf '$\nsmall d--755 0 0\na ---644 0 0 /dev/null\n$\n$\n'; } > "$p"
  new -m crc=0 -p "$p" "$@"; }

make_default()      { mk; }
make_plain()        { mk -m finobt=0,reflink=0,bigtime=0,inobtcount=0 -i sparse=0; }
make_all()          { mk -m rmapbt=1,reflink=1,bigtime=1,inobtcount=1 -i nrext64=1; }
make_block-1k()     { mk -b size=1024; }
make_block-16k()    { mk -b size=16384; }
make_dir-8k()       { mk -b size=1024 -n size=8192; }
make_dir-64k()      { mk -n size=65536; }
make_sector-4k()    { mk -s size=4096; }
make_inode-2k()     { mk -i size=2048; }
make_many-groups()  { mk -d agcount=5; }
make_v4()           { v4; }
make_v4-no-ftype()  { v4 -n ftype=0 -b size=512; }
make_v4-ci()        { v4 -n version=ci; }
make_dirty()        { dirty ""; }
make_dirty-256k()   { dirty ,logbsize=256k -b size=1024 -m rmapbt=1; }
make_dirty-stripe() { dirty "" -l su=32k; }
make_dirty-4k()     { dirty "" -s size=4096 -i nrext64=1; }

names() { declare -F | sed -n 's/^declare -f make_//p'; }
[ "$1" != --list ] || { names; exit 0; }
OUT=$1; shift; mkdir -p "$OUT"; T=$(mktemp -d); D=$T/mnt SIZE=100M; mkdir "$D"
trap 'umount "$D" 2>/dev/null || true; rm -rf --one-file-system "$T"' EXIT
for NAME in $([ $# -gt 0 ] && echo "$@" || names); do IMG=$OUT/$NAME.img; rm -f "$IMG"; "make_$NAME" > /dev/null; done
