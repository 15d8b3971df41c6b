#!/bin/bash
# make-fat-features.sh -- FAT images, each with one feature or structure, for parsers.
#
#   make-fat-features.sh OUTDIR [NAME...]     no NAME: all of them;  --list: the names
#
# No root needed.  Needs dosfstools, mtools and python3.  OUTDIR/NAME.img is the image, OUTDIR/NAME.tsv what
# must be found in it: path, type, size, SHA-256, sorted by path; OUTDIR/NAME.mdir is the listing of mtools.
set -euo pipefail

export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C.UTF-8 TZ=UTC SOURCE_DATE_EPOCH=1780000000 MTOOLS_SKIP_CHECK=1
[ $# -ge 1 ] || { sed -n '2,/^set -euo/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 2; }

tree() { # directory
  python3 - "$1" <<'PY'
import os, sys
t = sys.argv[1]; os.makedirs(t + "/EFI/BOOT"); os.makedirs(t + "/EFI/debian"); os.makedirs(t + "/sub/deeper/deepest"); os.makedirs(t + "/EMPTY")
pattern = b"".join(b"%08x\n" % i for i in range(20000))                    # 180 KB, every sector different
files = {"EFI/BOOT/BOOTX64.EFI": pattern[:70000], "EFI/debian/grub.cfg": b"configfile\n", "NOTHING.BIN": b"", "ONE": b"1", "SECTOR.BIN": pattern[:512],
         "CLUSTER.BIN": pattern[:4096], "LARGE.BIN": pattern, "lower.txt": b"case flags\n", "Mixed Case and blanks.txt": b"long name\n", "two.dots.here": b"..\n",
         "l" * 60 + ".longer-extension": b"five entries\n", "\u00e4\u00f6\u00fc \u6f22\u5b57.txt": b"unicode\n", "sub/deeper/deepest/FILE": b"deep\n",
         "thirteenchars": b"a name that fills one long entry\n", "a+b=c.txt": b"characters only long names may have\n"}
for name, data in files.items(): open(f"{t}/{name}", "wb").write(data)
for root, dirs, names in os.walk(t):
    for n in dirs + names: os.utime(os.path.join(root, n), (1780000000, 1780000000))
PY
}
expect() { # directory
  python3 - "$1" <<'PY'
import hashlib, os, sys
top = sys.argv[1]; rows = []
for base, dirs, files in os.walk(top):
    for n in dirs: rows.append(f"{os.path.join(base, n)[len(top):]}\tdir\t0\t")
    for n in files:
        d = open(os.path.join(base, n), "rb").read(); rows.append(f"{os.path.join(base, n)[len(top):]}\tfile\t{len(d)}\t{hashlib.sha256(d).hexdigest()}")
print("\n".join(sorted(rows)))
PY
}

m() { local cmd=$1; shift; "$cmd" -i "$IMG" "$@"; }
mk() { # size in KiB, mkfs.vfat arguments: the common tree
  local size=$1; shift
  rm -f "$IMG"; mkfs.vfat --invariant -n LABEL -C "$@" "$IMG" "$size" > /dev/null; m mcopy -s -m "$TREE"/* ::/; }
finish() { expect "$TREE" > "$OUT/$NAME.tsv"; m mdir -/ -a :: > "$OUT/$NAME.mdir" 2>/dev/null || true; }

make_fat12()      { mk 4096 -F 12; finish; }
make_fat16()      { mk 16384 -F 16; finish; }
make_fat32()      { mk 40960 -F 32; finish; }
make_fat16-cluster-512() { mk 16384 -F 16 -s 1; finish; }
make_fat32-cluster-32k() { mk 2200000 -F 32 -s 64; finish; }
make_fat16-sector-4096() { mk 65536 -F 16 -S 4096; finish; }
make_fat32-sector-4096() { mk 300000 -F 32 -S 4096 -s 1; finish; }
make_fat16-one-fat() { mk 16384 -F 16 -f 1; finish; }
make_fat16-root-64()  { mk 16384 -F 16 -r 64; finish; }
make_fat32-no-label() { mk 40960 -F 32; m mlabel -c ::; finish; }
make_fat32-reserved()  { mk 40960 -F 32 -R 64 -b 12; finish; }              # backup boot sector elsewhere
make_big-directory() { mk 40960 -F 32 -s 1; mkdir "$TREE/big"; (cd "$TREE/big" && for i in $(seq -w 1 500); do echo "$i" > "entry with a long name $i.txt"; done)
  m mcopy -s -m "$TREE/big" ::/; finish; rm -r "$TREE/big"; }
make_deleted() { mk 16384 -F 16; m mdel ::/LARGE.BIN "::/Mixed Case and blanks.txt"; mv "$TREE/LARGE.BIN" "$TREE/Mixed Case and blanks.txt" "$T"; finish
  mv "$T/LARGE.BIN" "$T/Mixed Case and blanks.txt" "$TREE"; }
make_fragmented() { # two files of one-cluster pieces, written in turns over freed clusters
  mk 16384 -F 16 -s 1; local i
  head -c 512 /dev/zero > "$T/hole"
  for i in $(seq 1 60); do m mcopy "$T/hole" "::/H$i"; done; for i in $(seq 1 2 60); do m mdel "::/H$i"; done
  cp "$TREE/LARGE.BIN" "$TREE/PIECES.BIN"; m mcopy "$TREE/PIECES.BIN" ::/; for i in $(seq 2 2 60); do m mdel "::/H$i"; done; finish; rm "$TREE/PIECES.BIN"; }
make_attributes() { mk 16384 -F 16; m mattrib +r +h +s ::/ONE; m mattrib +r ::/SECTOR.BIN; finish; }
make_fat-copy-differs() { # the second FAT is damaged; readers go by the first
  mk 16384 -F 16; local per; per=$(od -An -tu2 -j22 -N2 "$IMG"); dd if=/dev/zero of="$IMG" bs=512 seek=$((1+per)) count=4 conv=notrunc status=none; finish; }
make_partitioned() { # the file system at 1 MiB, hidden sectors set
  mk 16384 -F 16 -h 2048; mv "$IMG" "$T/fs"; truncate -s 18M "$IMG"; dd if="$T/fs" of="$IMG" bs=1M seek=1 conv=notrunc status=none
  echo 'start=2048, size=32768, type=ef' | sfdisk -q -X dos "$IMG" > /dev/null 2>&1; expect "$TREE" > "$OUT/$NAME.tsv"; mdir -i "$IMG@@1M" -/ -a :: > "$OUT/$NAME.mdir"; }

names() { declare -F | sed -n 's/^declare -f make_//p'; }
[ "$1" != --list ] || { names; exit 0; }
OUT=$1; shift; mkdir -p "$OUT"; T=$(mktemp -d); TREE=$T/tree; trap 'rm -rf "$T"' EXIT
tree "$TREE"
for NAME in $([ $# -gt 0 ] && echo "$@" || names); do IMG=$OUT/$NAME.img; "make_$NAME"; done
