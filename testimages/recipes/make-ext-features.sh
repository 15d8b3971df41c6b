#!/bin/bash
# make-ext-features.sh -- ext2/3/4 images, each with one feature or structure, for parsers.
#
#   make-ext-features.sh OUTDIR [NAME...]     no NAME: all of them;  --list: the names
#
# No root needed (as another user the files are owned by that user).  Needs e2fsprogs 1.47 and python3.
# OUTDIR/NAME.img is the image.  What the tree must look like:
#   OUTDIR/NAME.tsv   path, type, mode, size, SHA-256 or link target, for names made from the common tree
# and, where the kernel can mount it, walk-mounted.sh says the same.  NAME.journal is an external journal.
set -euo pipefail

export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C E2FSPROGS_FAKE_TIME=1780000000
UUID=1d0c5f5e-6a9b-4c39-8f6e-7a3a52c0de10
[ $# -ge 1 ] || { sed -n '2,/^set -euo/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 2; }

# ---- the common tree: one of everything that does not depend on the file system's features ---------------
tree() { # directory
  python3 - "$1" <<'PY'
import os, sys
t = sys.argv[1]; os.makedirs(t + "/dir/sub/deeper"); os.makedirs(t + "/many"); os.makedirs(t + "/empty")
def put(name, data): open(f"{t}/{name}", "wb").write(data)
pattern = b"".join(b"%08x\n" % i for i in range(200000))                     # 1.8 MB, every block different
put("nothing", b""); put("one", b"1"); put("tiny", b"inline data fits in the inode\n"); put("block", pattern[:1024]); put("page", pattern[:4096]); put("page-and-one", pattern[:4097])
put("large", pattern); put("dir/sub/deeper/file", b"deep\n"); put("name with blanks", b"x"); put("n" * 255, b"longest name\n"); put("\u00e4\u00f6\u00fc-\u6f22\u5b57", b"utf-8\n")
with open(t + "/sparse", "wb") as f:                                           # holes at the start, in the middle and at the end
    f.seek(300000); f.write(pattern[:5000]); f.seek(5000000); f.write(b"end of data"); f.truncate(9000000)
with open(t + "/hole-only", "wb") as f: f.truncate(123456)
for i in range(300): put(f"many/entry-{i:05d}", b"%d\n" % i)
os.symlink("dir/sub/deeper/file", t + "/fast-link"); os.symlink("/absolute/" + "x" * 49, t + "/fast-link-59"); os.symlink("y" * 60, t + "/slow-link-60")
os.symlink("/".join(["long"] * 60), t + "/slow-link"); os.symlink("fast-link", t + "/link-to-link"); os.link(t + "/page", t + "/hard-link")
os.mkfifo(t + "/fifo"); os.chmod(t + "/one", 0o4755); os.chmod(t + "/dir", 0o2775); os.chmod(t + "/empty", 0o1777); os.chmod(t + "/tiny", 0o600)
try:
    os.setxattr(t + "/block", "user.short", b"value"); os.setxattr(t + "/page", "user.long", b"v" * 700); os.setxattr(t + "/dir", "user.on-dir", b"d")
except OSError:
    pass                                                                       # the builder's file system has no user attributes
PY
}
expect() { # directory
  python3 - "$1" <<'PY'
import hashlib, os, stat, sys
top = sys.argv[1]; rows = []
for base, dirs, files in os.walk(top):
    for n in dirs + files:
        p = os.path.join(base, n); s = os.lstat(p); name = p[len(top):]
        if stat.S_ISLNK(s.st_mode): kind, last = "link", os.readlink(p)
        elif stat.S_ISDIR(s.st_mode): kind, last = "dir", ""
        elif stat.S_ISREG(s.st_mode): kind, last = "file", hashlib.sha256(open(p, "rb").read()).hexdigest() if s.st_size < 1 << 30 else "-"
        else: kind, last = "fifo", ""
        rows.append("\t".join([name, kind, "%04o" % stat.S_IMODE(s.st_mode), str(0 if kind == "dir" else s.st_size), last]))
print("\n".join(sorted(rows)))
PY
}

# ---- building -----------------------------------------------------------------------------------------------
mk() { # size, mke2fs arguments: the common tree
  local size=$1; shift
  rm -f "$IMG"; mke2fs -q -q -F -U $UUID -E "hash_seed=$UUID,lazy_itable_init=0${EXTRA:+,$EXTRA}" -d "$TREE" "$@" "$IMG" "$size"
  expect "$TREE" > "$OUT/$NAME.tsv"
}
edit() { debugfs -w -f - "$IMG" > "$T/debugfs.log" 2>&1; if grep -vE '^debugfs( 1\.|:)|^Allocated inode|^$|^journal' "$T/debugfs.log" | grep -iE 'error|not found|unknown|invalid|usage'; then exit 1; fi; }
repair() { e2fsck -fy "$@" "$IMG" > "$T/fsck.log" 2>&1 || [ $? = 1 ]; }   # the counts that mke2fs and debugfs leave behind
forget() { rm -f "$OUT/$NAME.tsv"; }                 # the tree is no longer the common one

make_ext2-1k()   { mk 24M -t ext2 -b 1024; }         # indirect blocks: double at 268 KiB, triple at 64 MiB (see triple-indirect)
make_ext2-2k()   { mk 24M -t ext2 -b 2048; }
make_ext2-4k()   { mk 24M -t ext2 -b 4096; }
make_ext2-rev0() { mk 24M -t ext2 -b 1024 -r 0 -O none; }
make_ext2-inode128() { mk 24M -t ext2 -I 128; }
make_ext3-1k()   { mk 32M -t ext3 -b 1024; }
make_ext3-4k()   { mk 32M -t ext3 -b 4096; }
make_ext4-1k()   { mk 32M -t ext4 -b 1024; }
make_ext4-2k()   { mk 32M -t ext4 -b 2048; }
make_ext4-4k()   { mk 32M -t ext4 -b 4096; }
make_ext4-inode1024() { mk 48M -t ext4 -b 4096 -I 1024; }
make_ext4-no-64bit()  { mk 32M -t ext4 -O ^64bit; }
make_ext4-64bit-desc128() { EXTRA=desc_size=128 mk 32M -t ext4 -O 64bit; }
make_ext4-no-flex-bg() { mk 64M -t ext4 -b 1024 -O ^flex_bg; }
make_ext4-flex-bg-2()  { mk 64M -t ext4 -b 1024 -G 2; }
make_ext4-meta-bg()    { mk 64M -t ext4 -b 1024 -O meta_bg,^resize_inode; }
make_ext4-no-filetype() { mk 32M -t ext4 -O ^filetype; }
make_ext4-no-extents() { mk 32M -t ext4 -O ^extents,^64bit; }
make_ext4-no-journal() { mk 32M -t ext4 -O ^has_journal; }
make_ext4-no-csum()    { mk 32M -t ext4 -O ^metadata_csum,uninit_bg; }
make_ext4-csum-seed()  { mk 32M -t ext4 -O metadata_csum,metadata_csum_seed; }
make_ext4-inline-data() { mk 32M -t ext4 -O inline_data
  echo 'sif /sparse size 9000000' | edit; }        # mke2fs forgets the hole at the end here
make_ext4-sparse-super2() { EXTRA=num_backup_sb=2 mk 64M -t ext4 -b 1024 -O sparse_super2,^resize_inode; }
make_ext4-bigalloc()   { mk 64M -t ext4 -b 4096 -O bigalloc,^resize_inode -C 16384; }
make_ext4-large-dir()  { mk 32M -t ext4 -O large_dir; }
make_ext4-casefold()   { EXTRA=encoding=utf8 mk 32M -t ext4 -O casefold; }
make_ext4-encrypt()    { mk 32M -t ext4 -O encrypt; }
make_ext4-verity()     { mk 32M -t ext4 -O verity; }
make_ext4-quota()      { mk 32M -t ext4 -O quota; repair; }
make_ext4-orphan-file() { mk 32M -t ext4 -O orphan_file; }
make_ext4-dir-nlink-off() { mk 32M -t ext4 -O ^dir_nlink,^extra_isize; }
make_ext4-mmp()        { mk 32M -t ext4 -O mmp; }

make_triple-indirect() { # ext2, 1 KiB blocks: a file with blocks past 64 MiB, and past every indirection step before it
  python3 -c '
f = open("'"$TREE"'/indirect", "wb")
for at in (0, 11*1024, 12*1024, 267*1024, 268*1024, 65803*1024, 65804*1024, 70000*1024):
    f.seek(at); f.write(b"at %d\n" % at)'
  mk 32M -t ext2 -b 1024; rm "$TREE/indirect"; }
make_deep-extents() { # a file of single-block extents: more than 4*84 of them, so depth 2 with 1 KiB blocks
  python3 -c '
f = open("'"$TREE"'/fragmented", "wb")
for i in range(3000): f.seek(i*2048); f.write(b"%-1024d" % i)'
  mk 48M -t ext4 -b 1024; rm "$TREE/fragmented"; }
make_htree() { # 6000 names with 1 KiB blocks: an index of two levels, made by e2fsck -D
  mkdir "$TREE/htree"; (cd "$TREE/htree" && seq -f 'entry-with-a-rather-long-name-to-fill-the-blocks-%06g' 1 6000 | xargs touch)
  mk 48M -t ext4 -b 1024 -N 16384; repair -D; rm -r "$TREE/htree"; }
make_xattrs() { mk 32M -t ext4
  printf '%0700d' 7 > "$T/long"; printf 'ea_set /one user.in-inode short\nea_set -f %s /page user.in-block\nea_set /dir security.selinux system_u:object_r:etc_t:s0\n' "$T/long" | edit; }
make_ea-inode() { mk 32M -t ext4 -O ea_inode; head -c 20000 /dev/zero | tr '\0' v > "$T/huge"; echo "ea_set -f $T/huge /page user.in-its-own-inode" | edit; repair; }
make_flags() { mk 32M -t ext4; printf 'sif /one flags 0x80010\nsif /block flags 0x80020\n' | edit; }       # immutable, append-only (extents kept)
make_uninitialised() { # blocks allocated but not written: they read as zeros
  mk 32M -t ext4; printf 'fallocate /nothing 0 9\nsif /nothing size 40960\nfallocate /page 1 20\nsif /page size 86016\n' | edit; forget; }
make_deleted() { mk 32M -t ext4; printf 'rm /large\nrm /many/entry-00007\nrm /dir/sub/deeper/file\n' | edit; forget; }
make_huge-sparse() { # a file of 3 TB, nearly all hole: extents far beyond 32-bit byte and sector counts
  python3 -c 'f = open("'"$TREE"'/huge", "wb"); f.seek(3000000000000); f.write(b"end")'
  mk 32M -t ext4 -O large_file; rm "$TREE/huge"; }
make_backup-superblock() { mk 64M -t ext4 -b 1024; dd if=/dev/zero of="$IMG" bs=1024 seek=1 count=1 conv=notrunc status=none; }

# ---- journals: transactions that only exist in the log -------------------------------------------------------
# One data block of /page and the directory block of /empty are rewritten in the log; block numbers in $P.
journal() { # debugfs journal script on stdin, after jo
  forget; debugfs -w -f - "$IMG" > "$T/debugfs.log" 2>&1; debugfs -R 'stats -h' "$IMG" 2>/dev/null | grep -q needs_recovery || { cat "$T/debugfs.log" >&2; exit 1; }; }
block_of() { debugfs -R "blocks $1" "$IMG" 2>/dev/null | awk '{print $1}'; }
new_block() { python3 -c 'import sys; sys.stdout.write((sys.argv[1] * int(sys.argv[2]))[:int(sys.argv[2])])' "$1" "$2" > "$T/$1"; }
log_one() { # jo options, block size: /page's first block rewritten
  local p; p=$(block_of /page); new_block replayed "$2"
  printf 'jo %s\njw -b %s %s\njc\n' "$1" "$p" "$T/replayed" | journal; }
make_journal-dirty()   { mk 32M -t ext4 -b 4096; log_one "" 4096; }
make_journal-dirty-1k() { mk 32M -t ext3 -b 1024; log_one "" 1024; }
make_journal-csum-v2() { mk 32M -t ext4 -b 4096 -O ^metadata_csum; log_one "-c -v 2" 4096; }
make_journal-csum-v3() { mk 32M -t ext4 -b 4096; log_one "-c -v 3" 4096; }
make_journal-revoked() { # first transaction writes the block, the second revokes it: the old content must stay
  mk 32M -t ext4 -b 4096; local p q; p=$(block_of /page); q=$(block_of /block); new_block revoked 4096; new_block kept 4096
  printf 'jo\njw -b %s %s\njw -b %s %s\njw -r %s\njc\n' "$p" "$T/revoked" "$q" "$T/kept" "$p" | journal; }
make_journal-uncommitted() { # a descriptor without its commit block: must not be replayed
  mk 32M -t ext4 -b 4096; local p q; p=$(block_of /page); q=$(block_of /block); new_block committed 4096; new_block uncommitted 4096
  printf 'jo\njw -b %s %s\njw -b %s %s -c\njc\n' "$q" "$T/committed" "$p" "$T/uncommitted" | journal; }
make_journal-escaped() { # a data block that starts with the log's own magic number
  mk 32M -t ext4 -b 4096; local p; p=$(block_of /page); { printf '\300\073\071\230'; head -c 4092 /dev/zero; } > "$T/magic"
  printf 'jo\njw -b %s %s\njc\n' "$p" "$T/magic" | journal; }
make_journal-external() { # tune2fs would want block devices: write the two references by hand
  rm -f "$IMG.journal"; mke2fs -q -F -O journal_dev -b 4096 -U 1d0c5f5e-6a9b-4c39-8f6e-7a3a52c0de11 "$IMG.journal" 8M
  mk 32M -t ext4 -b 4096 -O ^has_journal
  printf 'feature has_journal\nssv journal_uuid 1d0c5f5e-6a9b-4c39-8f6e-7a3a52c0de11\nssv journal_dev 0x700\n' | edit
  python3 -c '
import struct, sys, uuid
f = open(sys.argv[1], "r+b")
f.seek(4096 + 0x40); f.write(struct.pack(">I", 1)); f.seek(4096 + 0x100); f.write(uuid.UUID(sys.argv[2]).bytes)' "$IMG.journal" $UUID; }

names() { declare -F | sed -n 's/^declare -f make_//p'; }
[ "$1" != --list ] || { names; exit 0; }
OUT=$1; shift; mkdir -p "$OUT"; T=$(mktemp -d); TREE=$T/tree; trap 'rm -rf "$T"' EXIT
tree "$TREE"
for NAME in $([ $# -gt 0 ] && echo "$@" || names); do IMG=$OUT/$NAME.img EXTRA=; "make_$NAME" > /dev/null; done
