#!/bin/bash
# walk-mounted.sh -- the tree of a file system as this machine's kernel sees it, to compare a parser with.
#
#   walk-mounted.sh IMAGE [OFFSET]        the file system starts at byte OFFSET (default 0)
#
# One line per entry, sorted by path: path, type, mode, uid, gid, size, then the SHA-256 of a regular file ("-" from
# 1 GiB on) or the target of a symbolic link.  Line feeds and backslashes in names come as \n and \\.  A copy is mounted, so
# that a dirty journal is replayed and the image stays as it is.  An external journal is expected beside the
# image as IMAGE.journal.  Needs root and loop devices.
set -euo pipefail

[ $# -ge 1 ] || { sed -n '2,/^set -euo/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 2; }
IMAGE=$1 OFFSET=${2:-0} T=$(mktemp -d) OPTIONS=()
cleanup() { umount "$T/mnt" 2>/dev/null || true; [ -z "${J:-}" ] || losetup -d "$J"; rm -rf --one-file-system "$T"; }
trap cleanup EXIT
mkdir "$T/mnt"; cp --sparse=always "$IMAGE" "$T/image"
if [ -f "$IMAGE.journal" ]; then cp --sparse=always "$IMAGE.journal" "$T/journal"; J=$(losetup -f --show "$T/journal"); OPTIONS=(-o "journal_path=$J"); fi
mount -o "loop,offset=$OFFSET" "${OPTIONS[@]}" "$T/image" "$T/mnt"
python3 - "$T/mnt" <<'PY'
import hashlib, os, stat, sys
top = os.fsencode(sys.argv[1])
kinds = {stat.S_IFREG: "file", stat.S_IFDIR: "dir", stat.S_IFLNK: "link", stat.S_IFIFO: "fifo", stat.S_IFSOCK: "socket",
         stat.S_IFBLK: "block", stat.S_IFCHR: "char"}
def show(name):
    return name.replace(b"\\", b"\\\\").replace(b"\n", b"\\n")
rows = []
def visit(path, name):
    s = os.lstat(path); kind = kinds[stat.S_IFMT(s.st_mode)]; last = b""
    if kind == "file" and s.st_size >= 1 << 30:
        last = b"-"
    elif kind == "file":
        h = hashlib.sha256()
        with open(path, "rb") as f:
            while block := f.read(1 << 20):
                h.update(block)
        last = h.hexdigest().encode()
    elif kind == "link":
        last = show(os.readlink(path))
    size = 0 if kind == "dir" else s.st_size
    rows.append(b"\t".join([show(name) or b"/", *(str(x).encode() for x in (kind, "%04o" % stat.S_IMODE(s.st_mode), s.st_uid, s.st_gid, size)), last]))
    if kind == "dir":
        for entry in os.listdir(path):
            visit(path + b"/" + entry, name + b"/" + entry)
visit(top, b"")
sys.stdout.buffer.write(b"\n".join(sorted(rows)) + b"\n")
PY
