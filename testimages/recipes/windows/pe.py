"""Writes PE files without code of their own: right headers, sections, version resource, optionally a certificate table.

Specification: Microsoft, "PE Format"; VS_VERSIONINFO from the Windows SDK documentation.
"""
import functools, struct

from sign import certificate

MACHINES = {"amd64": 0x8664, "x86": 0x014C, "arm64": 0xAA64}
NATIVE, GUI, CONSOLE, EFI, BOOT = 1, 2, 3, 10, 16
STUB = (bytes.fromhex("4d5a90000300000004000000ffff0000b800000000000000400000000000000000000000000000000000000000000000000000000000000000000000")
        + struct.pack("<I", 0x80) + bytes.fromhex("0e1fba0e00b409cd21b8014ccd21") + b"This program cannot be run in DOS mode.\r\r\n$").ljust(0x80, b"\0")


def text(s):
    return (s + "\0").encode("utf-16-le")


def block(key, value=b"", children=(), textual=True, length=None):
    """One node of a version resource: length, value length, type, key, padding, value, children, each at a multiple of 4."""
    def pad(b):
        return b + bytes(-len(b) % 4)
    body = pad(bytes(6) + text(key)) + value
    for child in children:
        body = pad(body) + child
    return struct.pack("<HHH", len(body), len(value) // 2 if textual and length is None else length if length is not None else len(value), textual) + body[6:]


def version_info(version, strings, driver):
    """VS_VERSIONINFO for a version of four numbers."""
    a, b, c, d = version
    ms, ls = a << 16 | b, c << 16 | d
    fixed = struct.pack("<13I", 0xFEEF04BD, 0x10000, ms, ls, ms, ls, 0x3F, 0, 0x40004, 3 if driver else 1, 7 if driver else 0, 0, 0)
    table = block("040904B0", children=[block(k, text(v)) for k, v in strings.items()])
    return block("VS_VERSION_INFO", fixed, textual=False, children=[
        block("StringFileInfo", children=[table]),
        block("VarFileInfo", children=[block("Translation", struct.pack("<HH", 0x0409, 0x04B0), textual=False)])])


def resources(data, at):
    """A .rsrc section at RVA `at` with one resource: RT_VERSION (16), name 1, language 0x0409."""
    def directory(ident, offset):
        return struct.pack("<IIHHHHII", 0, 0, 0, 0, 0, 1, ident, offset)
    tree = directory(16, 0x80000018) + directory(1, 0x80000030) + directory(0x409, 0x48)
    return tree + struct.pack("<IIII", at + 0x58, len(data), 0, 0) + data


@functools.lru_cache(4096)
def pe(name, version, arch="amd64", subsystem=NATIVE, company="Microsoft Corporation", product="Microsoft\xae Windows\xae Operating System",
       description=None, signed=None, dll=False, text_version=None, pdb=None):
    """The bytes of a PE file called `name`; `signed` is the digest of the signature in it."""
    wide = arch != "x86"
    shown = text_version or ".".join(map(str, version))
    strings = {"CompanyName": company, "FileDescription": description or name, "FileVersion": shown, "InternalName": name,
               "LegalCopyright": "A file of a composed test image; no code of Windows", "OriginalFilename": name, "ProductName": product,
               "ProductVersion": ".".join(map(str, version))}
    info = version_info(version, strings, name.lower().endswith(".sys"))
    rsrc = resources(info, 0x2000)
    code = {"amd64": b"\x31\xc0\xc3", "x86": b"\x31\xc0\xc2\x08\x00", "arm64": bytes.fromhex("00008052c0035fd6")}[arch]

    # A debug directory with the name of the symbol file, by which boot programs are recognised.
    record = b"RSDS" + bytes(range(16)) + struct.pack("<I", 1) + (pdb or name.rpartition(".")[0] + ".pdb").encode() + b"\0"
    debug = struct.pack("<IIHHIIII", 0, 0x5F000000, 0, 0, 2, len(record), 0x105C, 0x25C)
    code = (code.ljust(0x40, b"\xcc") + debug + record)
    assert len(code) <= 0x200

    def aligned(n, to):
        return (n + to - 1) // to * to
    raw_rsrc = aligned(len(rsrc), 0x200)
    size_image = 0x2000 + aligned(len(rsrc), 0x1000)
    characteristics = 0x0022 if wide else 0x0102
    if dll:
        characteristics |= 0x2000
    optional = struct.pack("<HBBIIIII", 0x20B if wide else 0x10B, 14, 20, 0x200, raw_rsrc, 0, 0x1000, 0x1000)
    base = 0x140000000 if wide else 0x400000
    optional += struct.pack("<Q", base) if wide else struct.pack("<II", 0x2000, base)
    os_major, os_minor = version[0:2] if version[0] in (6, 10) else (6, 1)
    optional += struct.pack("<IIHHHHHHIIIIHH", 0x1000, 0x200, os_major, os_minor, os_major, os_minor, 6, 1, 0, size_image, 0x200, 0, subsystem, 0x0160 if wide else 0x0140)
    optional += struct.pack("<4Q" if wide else "<4I", 0x40000, 0x1000, 0x100000, 0x1000) + struct.pack("<II", 0, 16)
    end = 0x400 + raw_rsrc
    directories = [(0, 0)] * 16
    directories[2] = (0x2000, len(rsrc))
    directories[6] = (0x1040, len(debug))
    optional += b"".join(struct.pack("<II", *d) for d in directories)
    coff = struct.pack("<HHIIIHH", MACHINES[arch], 2, 0x5F000000, 0, 0, len(optional), characteristics)
    sections = struct.pack("<8sIIIIIIHHI", b".text", len(code), 0x1000, 0x200, 0x200, 0, 0, 0, 0, 0x60000020)
    sections += struct.pack("<8sIIIIIIHHI", b".rsrc", len(rsrc), 0x2000, raw_rsrc, 0x400, 0, 0, 0, 0, 0x40000040)
    headers = bytearray((STUB + b"PE\0\0" + coff + optional + sections).ljust(0x200, b"\0"))
    assert len(headers) == 0x200
    file = headers + code.ljust(0x200, b"\0") + rsrc.ljust(raw_rsrc, b"\0")
    if signed:
        table = certificate(file, signed)
        struct.pack_into("<II", file, 0x80 + 24 + (144 if wide else 128), end, len(table))
        file += table
    struct.pack_into("<I", file, 0x80 + 24 + 64, checksum(file))
    return bytes(file)


def checksum(file):
    """The checksum of the optional header: the sum of all 16-bit words with carries folded in, plus the length."""
    total = sum(struct.unpack(f"<{len(file) // 2}H", bytes(file)[:len(file) // 2 * 2]))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return (total + len(file)) & 0xFFFFFFFF
