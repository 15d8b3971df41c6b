#!/bin/bash
# make-btrfs-features.sh -- btrfs file systems, each with one feature or structure, for parsers.
#
#   make-btrfs-features.sh OUTDIR [NAME...]     no NAME: all of them;  --list: the names
#
# Needs root, loop devices, btrfs-progs and python3.  OUTDIR/NAME.img is the image, or OUTDIR/NAME.1.img, NAME.2.img
# … where there are several devices.  walk-mounted.sh says what the tree of a single one looks like.
set -euo pipefail

export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C
[ $# -ge 1 ] || { sed -n '2,/^set -euo/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 2; }
T=$(mktemp -d) LOOPS=()
cleanup() { umount "$T/mnt" 2>/dev/null || true; for l in "${LOOPS[@]}"; do losetup -d "$l" 2>/dev/null || true; done; rm -rf --one-file-system "$T"; }
trap cleanup EXIT
mkdir "$T/mnt"; D=$T/mnt

# ---- building: NAME, number of devices, size, mkfs options, mount options, then what fills it ---------------------
make() {
  local count=$1 size=$2 format=$3 mount=$4; shift 4
  local images=() i
  for ((i = 1; i <= count; i++)); do
    if [ "$count" = 1 ]; then images+=("$OUT/$NAME.img"); else images+=("$OUT/$NAME.$i.img"); fi
  done
  for i in "${images[@]}"; do rm -f "$i"; truncate -s "$size" "$i"; done
  # shellcheck disable=SC2086
  mkfs.btrfs -q -f -L "$NAME" $format "${images[@]}" > /dev/null
  LOOPS=(); for i in "${images[@]}"; do LOOPS+=("$(losetup -f --show "$i")"); done
  local options=${mount:+$mount,}
  options+=$(printf 'device=%s,' "${LOOPS[@]}")
  mount -t btrfs -o "${options%,}" "${LOOPS[0]}" "$D"
  "$@"
  umount "$D"; btrfs device scan --forget "${LOOPS[@]}" || true; for i in "${LOOPS[@]}"; do losetup -d "$i"; done; LOOPS=()
}

tree() {
  mkdir -p "$D"/{dir/sub,many,empty}
  for n in 0 1 2000 4095 4096 4097 131073 900000; do head -c "$n" < <(seq 1 200000) > "$D/text-$n"; head -c "$n" /dev/urandom > "$D/random-$n"; done
  truncate -s 3000000 "$D/sparse"; printf middle | dd of="$D/sparse" bs=1 seek=1500001 conv=notrunc status=none
  fallocate -l 300000 "$D/allocated"; cp --reflink=always "$D/text-900000" "$D/clone"
  for ((i = 0; i < 300; i++)); do echo "$i" > "$D/many/entry-$i"; done
  for ((i = 0; i < 90; i++)); do ln "$D/text-1" "$D/empty/a-long-name-for-a-link-$i"; done
  ln -s text-1 "$D/link"; ln -s "$(printf 'y%.0s' {1..3000})" "$D/long-link"; mkfifo "$D/fifo"; chmod 4755 "$D/text-1"
  setfattr -n user.short -v value "$D/text-2000"; setfattr -n user.long -v "$(printf 'v%.0s' {1..1500})" "$D/text-2000"
}
subvolumes() { # as snapper leaves them: the default is a snapshot
  btrfs subvolume create "$D/@" > /dev/null; btrfs subvolume create "$D/@/.snapshots" > /dev/null; mkdir "$D/@/.snapshots/1"
  btrfs subvolume snapshot "$D/@" "$D/@/.snapshots/1/snapshot" > /dev/null; echo root > "$D/@/.snapshots/1/snapshot/etc"
  btrfs subvolume create "$D/@/home" > /dev/null; btrfs subvolume snapshot -r "$D/@/.snapshots/1/snapshot" "$D/@/.snapshots/2" > /dev/null
  btrfs subvolume set-default "$D/@/.snapshots/1/snapshot"
}
pending() { # an fsync after the last commit, taken while mounted
  tree; sync; echo new > "$D/new"; rm "$D/text-1"; mv "$D/random-1" "$D/moved"
  python3 -c 'import os, sys
for p in sys.argv[1:]: os.fsync(os.open(p, os.O_RDONLY))' "$D/new" "$D/moved" "$D"
  cp --sparse=always "$OUT/$NAME.img" "$T/copy"
}

ALL=(plain node-4k node-64k xxhash sha256 blake2 zlib lzo zstd mixed holes nodatasum
  raid0 raid1 raid10 raid1c3 raid5 raid6 subvolumes log-tree)
build() {
  case $NAME in
    plain) make 1 200M "" "" tree ;;
    node-4k) make 1 200M "-n 4096" "" tree ;;
    node-64k) make 1 200M "-n 65536" "" tree ;;
    xxhash | sha256 | blake2) make 1 200M "--csum $NAME" "" tree ;;
    zlib | lzo | zstd) make 1 200M "" "compress-force=$NAME" tree ;;
    mixed) make 1 100M "-M" "" tree ;;
    holes) make 1 200M "-O ^no-holes,^extref,^skinny-metadata -R ^free-space-tree" "max_inline=0" tree ;;
    nodatasum) make 1 200M "-m single" "nodatasum" tree ;;
    raid0) make 2 200M "-d raid0 -m raid0" "" tree ;;
    raid1) make 2 200M "-d raid1 -m raid1" "" tree ;;
    raid10) make 4 200M "-d raid10 -m raid10" "" tree ;;
    raid1c3) make 3 200M "-d raid1c3 -m raid1c3" "" tree ;;
    raid5) make 3 200M "-d raid5 -m raid1" "" tree ;;
    raid6) make 4 200M "-d raid6 -m raid6" "" tree ;;
    subvolumes) make 1 200M "" "" subvolumes ;;
    log-tree) make 1 200M "" "commit=300" pending; mv "$T/copy" "$OUT/$NAME.img" ;;
    *) echo "no recipe for $NAME" >&2; exit 2 ;;
  esac
}

if [ "$1" = --list ]; then printf '%s\n' "${ALL[@]}"; exit; fi
OUT=$(mkdir -p "$1" && cd "$1" && pwd); shift
[ $# -gt 0 ] || set -- "${ALL[@]}"
for NAME in "$@"; do build; echo "$OUT/$NAME"; done
