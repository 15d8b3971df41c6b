"""What the recipes that compose guests share: stand-ins for binaries, the archives and indexes of a kernel, boot sectors, LVM."""
import os, re, struct, subprocess, tempfile, zlib

SECTOR, MIB = 512, 1 << 20


def run(*cmd, **kw):
    return subprocess.run(cmd, check=True, capture_output=True, **kw).stdout


# ---- stand-ins for binaries -------------------------------------------------------------------------------

def elf(interpreter=None, needed=(), soname=None):
    """A valid x86-64 ELF file without code: PT_LOAD, PT_INTERP, PT_DYNAMIC with DT_NEEDED."""
    strings, offset = b"\0", {}
    for s in [*needed, *([soname] if soname else [])]:
        offset[s] = len(strings); strings += s.encode() + b"\0"
    interp = interpreter.encode() + b"\0" if interpreter else b""
    count = 3 if interpreter else 2
    at_interp = 64 + 56 * count
    at_strings = at_interp + len(interp)
    at_dynamic = (at_strings + len(strings) + 15) // 16 * 16
    dynamic = b"".join(struct.pack("<QQ", 1, offset[n]) for n in needed)
    if soname:
        dynamic += struct.pack("<QQ", 14, offset[soname])
    dynamic += struct.pack("<QQQQQQ", 5, at_strings, 10, len(strings), 0, 0)
    size = at_dynamic + len(dynamic)
    headers = [(1, 5, 0, size, 4096), (2, 6, at_dynamic, len(dynamic), 8)]
    if interpreter:
        headers.insert(0, (3, 4, at_interp, len(interp), 1))
    out = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, at_interp, 64, 0, 0, 64, 56, count, 64, 0, 0)
    for kind, flags, at, length, align in headers:
        out += struct.pack("<IIQQQQQQ", kind, flags, at, at, at, length, length, align)
    return (out + interp + strings).ljust(at_dynamic, b"\0") + dynamic


def program(*more):
    return elf("/lib64/ld-linux-x86-64.so.2", ("libc.so.6",) + more)


def foreign(data, architecture):
    """A stand-in of another architecture."""
    if architecture == "arm64":
        data = data[:18] + b"\xb7\x00" + data[20:]
        return data.replace(b"/lib64/ld-linux-x86-64.so.2\0", b"/lib/ld-linux-aarch64.so.1\0\0")
    return data


def module(info):
    """A relocatable ELF whose one section is the .modinfo of a kernel module, of the given `key=value` lines."""
    modinfo = b"".join(i.encode() + b"\0" for i in info)
    names = b"\0.modinfo\0.shstrtab\0"
    at_names = 64 + len(modinfo)
    at_sections = (at_names + len(names) + 7) // 8 * 8
    out = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 1, 62, 1, 0, 0, at_sections, 0, 64, 0, 0, 64, 3, 2)
    out = (out + modinfo + names).ljust(at_sections, b"\0") + bytes(64)
    out += struct.pack("<IIQQQQIIQQ", 1, 1, 2, 0, 64, len(modinfo), 0, 0, 1, 0)
    return out + struct.pack("<IIQQQQIIQQ", 10, 3, 0, 0, at_names, len(names), 0, 0, 1, 0)


def bzimage(banner):
    """A bzImage by its header (boot protocol 2.15, EFI stub); the payload is xz data, then zeros.

    `banner` is what `file` shows as its version.
    """
    setup, total = 0x27, 1310720                             # 40 sectors of set-up code, 1.25 MiB in all
    d = bytearray(total)
    version = banner.encode() + b"\0"
    d[0:2] = b"MZ"; struct.pack_into("<I", d, 0x3C, 0x40)
    struct.pack_into("<4sHHIIIHH", d, 0x40, b"PE\0\0", 0x8664, 0, 0, 0, 1, 0xA0, 0x206)
    struct.pack_into("<HBBIIIII", d, 0x58, 0x20B, 2, 0x14, total, 0, 0, 0x4000, 0x200)
    struct.pack_into("<QII", d, 0x70, 0, 0x20, 0x20); struct.pack_into("<II", d, 0x90, total, 0x200)
    struct.pack_into("<H", d, 0x9C, 10)                      # subsystem: EFI application
    struct.pack_into("<BHIHHH", d, 0x1F1, setup, 1, (total - (setup + 1) * 512) // 16, 0, 0xFFFF, 0)
    d[0x1FE:0x206] = b"\x55\xaa\xeb\x6aHdrS"
    struct.pack_into("<HIHHBBHIIIIIH", d, 0x206, 0x20F, 0, 0x1000, 0x42C0, 0, 1, 0x8000, 0x100000, 0, 0, 0, 0, 0x5BE0)
    struct.pack_into("<IIIBBHIIQII", d, 0x228, 0, 0x7FFFFFFF, 0x200000, 1, 0x15, 0x7F, 0x7FF, 0, 0, 0x2CC, 0)
    vmlinux = elf().ljust(600000, b"\x90")
    payload = run("xz", "--check=crc32", "-c", input=vmlinux) + struct.pack("<I", len(vmlinux))
    struct.pack_into("<II", d, 0x248, 0x2CC, len(payload))
    struct.pack_into("<QQII", d, 0x250, 0, 0x1000000, 0x3F97000, 0x7C30F0)
    d[0x44C0:0x44C0 + len(version)] = version
    start = (setup + 1) * 512 + 0x2CC
    d[start:start + len(payload)] = payload
    struct.pack_into("<I", d, total - 4, zlib.crc32(d[:-4]) ^ 0xFFFFFFFF)
    return bytes(d)


# ---- kernel modules and initramfs -----------------------------------------------------------------------------

def index(entries):
    """kmod's binary index of (key, value) pairs: a trie, all numbers big-endian (libkmod-index.c, depmod.c)."""
    body = bytearray(12)

    def put(items):
        """Writes the nodes under `items`, all with the same key so far; returns the offset with its flags."""
        prefix = os.path.commonprefix([k for k, _ in items])
        values, children = [], {}
        for k, v in items:
            rest = k[len(prefix):]
            if rest:
                children.setdefault(ord(rest[0]), []).append((rest[1:], v))
            else:
                values.append(v)
        at = {c: put(below) for c, below in sorted(children.items())}
        node, flags = b"", 0
        if prefix:
            node += prefix.encode() + b"\0"; flags |= 0x80000000
        if at:
            first, last = min(at), max(at)
            node += bytes([first, last]) + b"".join(struct.pack(">I", at.get(c, 0)) for c in range(first, last + 1)); flags |= 0x20000000
        if values:
            node += struct.pack(">I", len(values)) + b"".join(struct.pack(">I", i) + v.encode() + b"\0" for i, v in enumerate(values)); flags |= 0x40000000
        where = len(body)
        body.extend(node)
        return where | flags

    root = put(list(entries))
    struct.pack_into(">III", body, 0, 0xB007F457, 0x00020001, root)
    return bytes(body)


class Link(str):
    pass


def directories(tree):
    return sorted({"/".join(p.split("/")[:i]) for p in tree for i in range(1, p.count("/") + 1)})


def by_place(path, data):
    return bool(re.match(r"(usr/)?s?bin/|init$|scripts/", path))


def cpio(tree, is_program=by_place):
    """A newc archive, entries in order, root-owned, fixed times."""
    out, entries = b"", [(d, 0o40755, b"") for d in directories(tree)]
    for path, data in tree.items():
        if isinstance(data, Link):
            entries.append((path, 0o120777, data.encode()))
        else:
            mode = 0o755 if is_program(path, data) else 0o644
            entries.append((path, 0o100000 | mode, data.encode() if isinstance(data, str) else data))
    for i, (path, mode, data) in enumerate(sorted(entries) + [("TRAILER!!!", 0, b"")]):
        fields = (721 + i if path != "TRAILER!!!" else 0, mode, 0, 0, 1, 1780000000 if mode else 0, len(data), 0, 0, 0, 0, len(path) + 1, 0)
        header = b"070701" + b"".join(b"%08X" % f for f in fields) + path.encode() + b"\0"
        out += header + b"\0" * (-len(header) % 4) + data + b"\0" * (-len(data) % 4)
    return out + b"\0" * (-len(out) % 512)


# ---- boot sectors and volumes -----------------------------------------------------------------------------------

def boot_img(start=1):
    b = bytearray(open("/usr/lib/grub/i386-pc/boot.img", "rb").read())
    b[0x66:0x68] = b"\x90\x90"                       # as grub-install does for hard disks: always trust the firmware's drive number
    struct.pack_into("<Q", b, 0x5C, start)           # where the core image starts
    return bytes(b)


def core_img(prefix="(,msdos1)/boot/grub", file_system="ext2", more=(), partitions="part_msdos", start=1, config=""):
    with tempfile.NamedTemporaryFile() as f, tempfile.NamedTemporaryFile("w") as early:
        early.write(config)
        early.flush()
        run("grub-mkimage", "-O", "i386-pc", "-p", prefix, "-o", f.name, *(["-c", early.name] if config else []), "biosdisk", partitions, file_system, *more)
        core = bytearray(open(f.name, "rb").read())
    core += bytes(-len(core) % SECTOR)
    struct.pack_into("<QHH", core, SECTOR - 12, start + 1, len(core) // SECTOR - 1, 0x820)   # the rest of the core: from the next sector, to 0x8200
    return bytes(core)


def lvm_checksum(data):
    """CRC-32 with LVM's own start value and without the final inversion (lib/misc/crc.c)."""
    return zlib.crc32(data, 0xF597A6CF ^ 0xFFFFFFFF) ^ 0xFFFFFFFF


def volume_group(content_length, group, volumes):
    """The head of a physical volume, 1 MiB long, and its whole length: a group of linear volumes that lie one behind the other
    (lib/format_text of LVM2).  `volumes` are (name, length in bytes)."""
    pv, vg = ("".join(c * 32) for c in "pg")
    dashed = lambda u: "-".join(u[a:b] for a, b in ((0, 6), (6, 10), (10, 14), (14, 18), (18, 22), (22, 26), (26, 32)))
    extent = 4 * MIB
    total = content_length // extent
    size = MIB + content_length + extent
    logical, first = "", 0
    for number, (name, length) in enumerate(volumes):
        count = length // extent
        logical += f"""{name} {{
id = "{dashed("lmnoq"[number] * 32)}"
status = ["READ", "WRITE", "VISIBLE"]
flags = []
creation_time = 1780000000
creation_host = "debian"
segment_count = 1

segment1 {{
start_extent = 0
extent_count = {count}

type = "striped"
stripe_count = 1

stripes = [
"pv0", {first}
]
}}
}}

"""
        first += count
    text = f"""{group} {{
id = "{dashed(vg)}"
seqno = 2
format = "lvm2"
status = ["RESIZEABLE", "READ", "WRITE"]
flags = []
extent_size = {extent // SECTOR}
max_lv = 0
max_pv = 0
metadata_copies = 0

physical_volumes {{

pv0 {{
id = "{dashed(pv)}"
device = "/dev/vda2"

status = ["ALLOCATABLE"]
flags = []
dev_size = {size // SECTOR}
pe_start = {MIB // SECTOR}
pe_count = {total + 1}
}}
}}

logical_volumes {{

{logical}}}

}}
# Generated by LVM2 version 2.03.16(2) (2022-05-18): Thu May 28 20:26:40 2026

contents = "Text Format Volume Group"
version = 1

description = "Write from lvcreate."

creation_host = "debian"
creation_time = 1780000000

""".encode() + b"\0"
    disk = bytearray(MIB)
    header = bytearray(480)
    struct.pack_into("<32sQ", header, 0, pv.encode(), size)
    struct.pack_into("<QQQQ", header, 40, MIB, 0, 0, 0)                   # data area, end of list
    struct.pack_into("<QQQQ", header, 72, 4096, MIB - 4096, 0, 0)         # metadata area, end of list
    struct.pack_into("<II", header, 104, 2, 1)                            # extension, version 2, in use
    label = b"LABELONE" + struct.pack("<Q", 1)
    rest = struct.pack("<I8s", 32, b"LVM2 001") + header
    disk[512:1024] = label + struct.pack("<I", lvm_checksum(rest)) + rest
    area = bytearray(512 - 4)
    struct.pack_into("<16sIQQ", area, 0, b" LVM2 x[5A%r0N*>", 1, 4096, MIB - 4096)
    struct.pack_into("<QQII", area, 36, 512, len(text), lvm_checksum(text), 0)
    disk[4096:4608] = struct.pack("<I", lvm_checksum(bytes(area))) + area
    disk[4608:4608 + len(text)] = text
    return bytes(disk), size


def physical_volume(content, group, name):
    """A physical volume whose group has one linear volume that holds `content`."""
    head, size = volume_group(len(content), group, [(name, len(content))])
    return (head + content).ljust(size, b"\0")
