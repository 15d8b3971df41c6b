#!/bin/bash
# make-ntfs-features.sh -- NTFS images, each with one feature or structure, for parsers.
#
#   make-ntfs-features.sh OUTDIR [NAME...]     no NAME: all of them;  --list: the names
#
# Needs root (ntfs-3g mounts through FUSE), ntfs-3g, attr, python3; wimtools for the wof-* images.  OUTDIR/NAME.img
# is the image, OUTDIR/NAME.tsv what ntfs-3g shows of it: path, type, size, then the SHA-256 of a file or the target
# of a link, sorted by path.  Files behind a WofCompressedData stream are listed as they were before they were packed.
set -euo pipefail

export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C.UTF-8 TZ=UTC
[ $# -ge 1 ] || { sed -n '2,/^set -euo/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 2; }

mk() { rm -f "$IMG"; truncate -s "$1" "$IMG"; shift; mkntfs -Q -F -q "$@" "$IMG" > /dev/null 2>&1; }       # size, mkntfs arguments
up() { ntfs-3g -o no_detach,compression,streams_interface=windows"${1:-}" "$IMG" "$M" < /dev/null > /dev/null 2>&1 & PID=$!
  for _ in $(seq 200); do ! mountpoint -q "$M" || return 0; sleep 0.05; done; return 1; }
down() { umount "$M"; wait "$PID" || true; }
tree() { # common content
  mkdir -p "$M/Windows/System32" "$M/few/a/b" "$M/EMPTY"; seq 1 30000 > "$M/Windows/System32/LARGE.TXT"; : > "$M/nothing"; echo 1 > "$M/small"
  head -c 700 /dev/zero | tr '\0' x > "$M/nearly-resident"; echo u > "$M/äöü 漢字.txt"; ln -s few/a "$M/link"; ln "$M/small" "$M/few/hard"
  truncate -s 3000000 "$M/sparse"; echo end >> "$M/sparse"; }
expect() { python3 - "$M" "$@" <<'PY'
import hashlib, os, sys
top = sys.argv[1]; packed = dict(a.split("=") for a in sys.argv[2:]); rows = []
for base, dirs, files in os.walk(top):
    for n in dirs + files:
        p = os.path.join(base, n); name = p[len(top):]
        if name in packed: d = open(packed[name], "rb").read()
        elif os.path.islink(p): rows.append(f"{name}\tlink\t{os.lstat(p).st_size}\t{os.readlink(p)}"); continue
        elif os.path.isdir(p): rows.append(f"{name}\tdir\t0\t"); continue
        else: d = open(p, "rb").read()
        rows.append(f"{name}\tfile\t{len(d)}\t{hashlib.sha256(d).hexdigest()}")
print("\n".join(sorted(rows)))
PY
}
finish() { down; up ,ro; expect "$@" > "$OUT/$NAME.tsv"; down; }
common() { mk "$@"; up; tree; finish; }

make_cluster-512()  { common 24M -c 512; }
make_cluster-4096() { common 24M -L label; }
make_cluster-64k()  { common 64M -c 65536; }
make_cluster-2m()   { common 600M -c 2097152; }
make_sector-4096()  { common 24M -s 4096 -c 4096; }
make_compressed() { mk 32M; up; mkdir "$M/c"; setfattr -h -n system.ntfs_attrib_be -v 0x00000800 "$M/c"; seq 1 60000 > "$M/c/text"
  head -c 300000 /dev/urandom > "$M/c/random"; head -c 500000 /dev/zero > "$M/c/zeros"; cat "$M/c/random" "$M/c/text" > "$M/c/mixed"; finish; }
make_large-directory() { mk 64M; up; mkdir "$M/large"; (cd "$M/large"; seq -f 'File number %05.0f' 20000 | tr '\n' '\0' | xargs -0 touch); finish; }
make_attribute-lists() { mk 16M -c 512; up; python3 - "$M" <<'PY'
import os, sys
m = sys.argv[1]
with open(m + "/fragments", "wb") as f:
    for i in range(3000): f.seek(i * 1024); f.write(b"fragment %d" % i)
open(m + "/first", "w").write("linked\n")
for i in range(150): os.link(m + "/first", f"{m}/link-with-a-long-name-{i}")
open(m + "/streams", "w").write("main\n")
for i in range(80): open(f"{m}/streams:stream-with-a-long-name-{i}", "w").write(f"{i}\n")
PY
  finish; }
make_fragmented-mft() { mk 12M -c 512; up; mkdir "$M/d"; python3 - "$M/d" <<'PY'
import os, sys
d = sys.argv[1]; n = 0
try:
    while True:
        with open(f"{d}/f{n}", "wb") as f: f.write(os.urandom(2048))
        n += 1
except OSError: pass
for i in range(0, n, 2): os.unlink(f"{d}/f{i}")
try:
    for k in range(1800): open(f"{d}/e{k}", "wb").close()
except OSError: pass
PY
  finish; }
make_links() { mk 24M; up; mkdir -p "$M/dir/sub"; echo content > "$M/dir/sub/file"; python3 - "$M" <<'PY'
import os, struct, sys
m = sys.argv[1]
def point(tag, data): return struct.pack("<IHH", tag, len(data), 0) + data
def link(target, flags=None):
    n = target.encode("utf-16-le"); head = struct.pack("<HHHH", 0, len(n), len(n) + (2 if flags is None else 0), 0)
    return point(0xA0000003, head + n + b"\0" * 4) if flags is None else point(0xA000000C, head + struct.pack("<I", flags) + n)
for name, value, isdir in [("junction", link("\\??\\C:\\dir\\sub"), 1), ("relative", link("dir\\sub\\file", 1), 0),
                           ("rooted", link("\\dir\\sub", 1), 1), ("absolute", link("\\??\\C:\\dir\\sub\\file", 0), 0),
                           ("wsl", point(0xA000001D, struct.pack("<I", 2) + b"dir/sub/file"), 0)]:
    os.mkdir(f"{m}/{name}") if isdir else open(f"{m}/{name}", "w").close()
    os.setxattr(f"{m}/{name}", "system.ntfs_reparse_data", value, follow_symlinks=False)
PY
  finish; }
wof() { # method, chunk size, number of the method
  mkdir -p "$T/src"; rm -f "$T/src"/* "$T/wim"; seq 1 30000 > "$T/src/text"; head -c 900000 /bin/bash > "$T/src/program"
  wimlib-imagex capture "$T/src" "$T/wim" --compress="$1" --chunk-size="$2" > /dev/null
  mk 24M; up; python3 - "$M" "$T" "$3" <<'PY'
import hashlib, os, re, struct, subprocess, sys
m, t, number = sys.argv[1], sys.argv[2], int(sys.argv[3]); wim = open(t + "/wim", "rb").read()
blobs = {}
for part in subprocess.run(["wimlib-imagex", "info", "--blobs", t + "/wim"], capture_output=True, text=True).stdout.split("\n\n"):
    f = dict((a.strip(), b.strip()) for a, b in re.findall(r"^(.*?)=(.*)$", part, re.M))
    if "Hash" in f: blobs[f["Hash"][2:]] = (int(f["Offset in WIM"].split()[0]), int(f["Compressed size"].split()[0]))
for name in os.listdir(t + "/src"):
    d = open(f"{t}/src/{name}", "rb").read(); offset, size = blobs[hashlib.sha1(d).hexdigest()]
    with open(f"{m}/{name}", "wb") as f: f.truncate(len(d))
    with open(f"{m}/{name}:WofCompressedData", "wb") as f: f.write(wim[offset:offset + size])
    os.setxattr(f"{m}/{name}", "system.ntfs_reparse_data", struct.pack("<IHHIIII", 0x80000017, 16, 0, 1, 2, 1, number), follow_symlinks=False)
PY
  finish "/text=$T/src/text" "/program=$T/src/program"; }
make_wof-xpress4k()  { wof xpress 4096 0; }
make_wof-lzx()       { wof lzx 32768 1; }
make_wof-xpress8k()  { wof xpress 8192 2; }
make_wof-xpress16k() { wof xpress 16384 3; }
make_damaged-boot-sector() { common 24M; dd if=/dev/zero of="$IMG" bs=512 count=1 conv=notrunc status=none; }
make_damaged-mft-record() { common 24M; dd if=/dev/zero of="$IMG" bs=1024 seek=16 count=1 conv=notrunc status=none; }   # cluster 4
make_hibernated() { common 24M; { printf hibr; head -c 99996 /dev/zero; } > "$T/h"; ntfscp -q "$IMG" "$T/h" hiberfil.sys > /dev/null; }

names() { declare -F | sed -n 's/^declare -f make_//p'; }
[ "$1" != --list ] || { names; exit 0; }
OUT=$1; shift; mkdir -p "$OUT"; T=$(mktemp -d); M=$T/mnt; mkdir "$M"
trap 'umount "$M" 2>/dev/null || true; rm -rf --one-file-system "$T"' EXIT
for NAME in $([ $# -gt 0 ] && echo "$@" || names); do IMG=$OUT/$NAME.img; "make_$NAME"; done
