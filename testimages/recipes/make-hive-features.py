#!/usr/bin/env python3
"""make-hive-features.py -- registry hives, each with one feature or structure, for parsers.

  make-hive-features.py OUTDIR [NAME...]     no NAME: all of them;  --list: the names

Needs nothing but Python.  OUTDIR/NAME is the hive, NAME.LOG, NAME.LOG1, NAME.LOG2 its logs where it has some, and
OUTDIR/NAME.tsv what it holds: lines "K path class" and "V path name type size crc32", fields parted by tabs, control
characters and % as %XX.  Written after Suhanov, "Windows registry file format specification".
"""
import os, struct, sys, zlib

NONE = 0xFFFFFFFF
TIME = 0x01D9_0000_0000_0000
SZ, EXPAND, BINARY, DWORD, DWORD_BE, LINK, MULTI, QWORD = 1, 2, 3, 4, 5, 6, 7, 11


class Key:
    def __init__(self, values=None, keys=None, cls=None, flags=0):
        self.values = values or {}      # name: (type, data)
        self.keys = keys or {}
        self.cls = cls
        self.flags = flags


def wide(text):
    return (text + "\0").encode("utf-16-le")


def escaped(text):
    return "".join("%%%02X" % ord(c) if ord(c) < 32 or c in "%\x7f" else c for c in text)


def listing(key, path=""):
    rows = ["K\t%s\t%s" % (escaped(path), escaped(key.cls or ""))]
    for name, (kind, data) in key.values.items():
        rows.append("V\t%s\t%s\t%d\t%d\t%08x" % (escaped(path), escaped(name), kind, len(data), zlib.crc32(data)))
    for name, child in key.keys.items():
        rows += listing(child, path + "\\" + name if path else name)
    return rows


class Writer:
    """Lays a tree out in bins of 4096 bytes, or as many as a cell needs."""

    def __init__(self, lists="lh", leaf=None, minor=5, hint=True):
        self.lists, self.leaf, self.minor, self.hint = lists, leaf, minor, hint
        self.old = minor <= 1
        self.bins = bytearray()
        self.free = 0       # bytes left in the last bin
        self.bin = 0

    def cell(self, data):
        head = 8 if self.old else 4
        unit = 16 if self.old else 8
        size = (head + len(data) + unit - 1) // unit * unit
        if size > self.free:
            self.close()
            self.bin = len(self.bins)
            total = (32 + size + 4095) // 4096 * 4096
            self.bins += struct.pack("<4sIIQQI", b"hbin", self.bin, total, 0, TIME if self.bin == 0 else 0, 0)
            self.free = total - 32
        offset = len(self.bins)
        cell = struct.pack("<i", -size) + (struct.pack("<I", NONE) if self.old else b"") + data
        self.bins += cell + bytes(size - len(cell))
        self.free -= size
        return offset

    def close(self):
        if self.free:
            self.bins += (struct.pack("<i", self.free) + bytes(self.free))[:self.free]
        self.free = 0

    def name(self, text):
        """The stored name, and whether it is one byte for each character."""
        if text and max(map(ord, text)) < 256 and self.minor >= 3:
            return text.encode("latin-1"), True
        return text.encode("utf-16-le"), not text

    def data(self, data):
        if len(data) > 16344 and self.minor >= 4:
            parts = [self.cell(data[i:i + 16344]) for i in range(0, len(data), 16344)]
            segments = self.cell(struct.pack("<%dI" % len(parts), *parts))
            return self.cell(struct.pack("<2sHI", b"db", len(parts), segments))
        return self.cell(data)

    def value(self, name, kind, data):
        stored, compressed = self.name(name)
        if len(data) <= 4:
            size, where = len(data) | 0x80000000, struct.unpack("<I", data.ljust(4, b"\0"))[0]
            if not data:
                size, where = 0x80000000, 0
        else:
            size, where = len(data), self.data(data)
        return self.cell(struct.pack("<2sHIIIHH", b"vk", len(stored), size, where, kind, int(compressed), 0) + stored)

    def subkeys(self, entries):
        """entries: (name, cell), sorted as Windows does."""
        entries.sort(key=lambda e: fold(e[0]))
        leaves = [entries[i:i + self.leaf] for i in range(0, len(entries), self.leaf)] if self.leaf else [entries]
        cells = []
        for part in leaves:
            body = struct.pack("<2sH", self.lists.encode(), len(part))
            for name, cell in part:
                body += struct.pack("<I", cell)
                if self.lists == "lh":
                    body += struct.pack("<I", hash_of(name))
                elif self.lists == "lf":
                    units = struct.unpack("<%dH" % (len(name.encode("utf-16-le")) // 2), name.encode("utf-16-le"))[:4]
                    hint = bytes(units) if max(units, default=0) < 256 else b""
                    body += hint.ljust(4, b"\0")
            cells.append(self.cell(body))
        if len(cells) == 1 and not self.leaf:
            return cells[0]
        return self.cell(struct.pack("<2sH%dI" % len(cells), b"ri", len(cells), *cells))

    def key(self, name, key, parent, root=False):
        stored, compressed = self.name(name)
        cls = key.cls.encode("utf-16-le") if key.cls else b""
        flags = key.flags | (0x2C if root else 0)
        flags = flags | 0x20 if compressed else flags & ~0x20
        cell = self.cell(bytes(76) + stored)
        count, place = len(key.values), NONE
        if key.values:
            cells = [self.value(n, *v) for n, v in key.values.items()]
            place = self.cell(struct.pack("<%dI" % count, *cells))
        if key.flags & 0x40:
            count, place = 0x80000002, NONE
        children = [(n, self.key(n, k, cell)) for n, k in key.keys.items()]
        subkeys = self.subkeys(children) if children else NONE
        where = self.cell(cls) if cls else NONE
        head = 8 if self.old else 4
        self.bins[cell + head:cell + head + 76] = struct.pack(
            "<2sHQIIIIIIIIIIIIIIIHH", b"nk", flags, TIME, 0, parent, len(children), 0, subkeys, NONE, count, place,
            NONE, where, 0, 0, 0, 0, 0, len(stored), len(cls))
        return cell


def fold(text):
    data = "".join(c.upper() if len(c.upper()) == 1 and c not in "\xb5\u0131\u017f" else c for c in text)
    return list(struct.unpack("<%dH" % (len(data.encode("utf-16-le")) // 2), data.encode("utf-16-le")))


def hash_of(text):
    value = 0
    for unit in fold(text):
        value = (value * 37 + unit) & 0xFFFFFFFF
    return value


def header(bins, minor=5, sequence=(7, 7), kind=0, time=TIME, root=32, size=4096):
    head = bytearray(size)
    struct.pack_into("<4sIIQIIIIIII", head, 0, b"regf", *sequence, time, 1, minor, kind, 1, root, bins, 1)
    head[48:48 + 20] = "\\features".encode("utf-16-le").ljust(20, b"\0")
    sum_header(head)
    return head


def sum_header(head):
    value = 0
    for word in struct.unpack("<127I", head[:508]):
        value ^= word
    struct.pack_into("<I", head, 508, {0: 1, NONE: NONE - 1}.get(value, value))


def bins_of(tree, **options):
    writer = Writer(**options)
    writer.key("ROOT", tree, NONE, root=True)
    writer.close()
    return bytes(writer.bins)


def hive(tree, **options):
    bins = bins_of(tree, **options)
    return header(len(bins), options.get("minor", 5)) + bins


# Logs


def pages(before, after, unit=4096):
    """Where two versions of the bins differ: (offset, bytes)."""
    before = before.ljust(len(after), b"\0")
    return [(i, after[i:i + unit]) for i in range(0, len(after), unit)
            if before[i:i + unit] != after[i:i + unit] or i >= len(before)]


def old_log(before, after, sequence=8, time=TIME, kind=1):
    dirty = pages(before, after, 512)
    bitmap = bytearray(len(after) // 4096)
    for offset, _ in dirty:
        bitmap[offset // 4096] |= 1 << offset // 512 % 8
    log = header(len(after), sequence=(sequence, sequence), kind=kind, time=time, size=512) + b"DIRT" + bitmap
    log += bytes(-len(log) % 512)
    return log + b"".join(data for _, data in dirty)


def marvin32(data):
    low, high = 0x7A4E55C5, 0x82EF4D88

    def rotate(word, count):
        return (word << count | word >> (32 - count)) & NONE

    for word in struct.unpack("<%dI" % (len(data) // 4), data) + (0x80, 0):
        low = (low + word) & NONE
        high ^= low
        low = (rotate(low, 20) + high) & NONE
        high = rotate(high, 9) ^ low
        low = (rotate(low, 27) + high) & NONE
        high = rotate(high, 19)
    return high << 32 | low


def entry(sequence, before, after):
    dirty = pages(before, after)
    body = b"".join(struct.pack("<II", offset, len(data)) for offset, data in dirty)
    body += b"".join(data for _, data in dirty)
    size = (40 + len(body) + 511) // 512 * 512
    body = body.ljust(size - 40, b"\0")
    head = struct.pack("<4sIIIIIQ", b"HvLE", size, 0, sequence, len(after), len(dirty), marvin32(body))
    return head + struct.pack("<Q", marvin32(head)) + body


def new_log(first, versions, garbage=b""):
    """A log whose entries lead from one version of the bins to the next; the first is number `first`."""
    log = header(len(versions[-1]), sequence=(first, first), kind=6, size=512)
    for index in range(1, len(versions)):
        log += entry(first + index - 1, versions[index - 1], versions[index])
    return bytes(log) + garbage


# Trees


def plain():
    return Key({"": (SZ, wide("default")), "Text": (SZ, wide("hello"))}, {
        "ControlSet001": Key(keys={
            "Services": Key(keys={name: Key({"Start": (DWORD, struct.pack("<I", index)), "ImagePath": (
                EXPAND, wide("system32\\drivers\\%s.sys" % name))}) for index, name in enumerate(
                    ["atapi", "viostor", "vioscsi", "NetKVM", "Disk"])}),
            "Control": Key({"BootDriverFlags": (DWORD, struct.pack("<I", 20))})}),
        "Select": Key({"Current": (DWORD, struct.pack("<I", 1)), "Default": (DWORD, struct.pack("<I", 1))})})


def types():
    texts = "one\0two\0\0".encode("utf-16-le")
    values = {"type %d" % kind: (kind, bytes(range(kind + 5))) for kind in range(13)}
    values["device property"] = (0xFFFF0012, wide("x"))
    for size in range(6):
        values["binary %d" % size] = (BINARY, bytes(range(1, size + 1)))
    values |= {"sz": (SZ, wide("text")), "sz no end": (SZ, wide("text")[:-2]), "sz more": (SZ, wide("a\0b")),
               "sz odd": (SZ, wide("text") + b"x"), "multi": (MULTI, texts), "multi no end": (MULTI, texts[:-4]),
               "multi empty": (MULTI, b"\0\0"), "dword": (DWORD, b"\x78\x56\x34\x12"), "dword short": (DWORD, b"\1\2"),
               "dword be": (DWORD_BE, b"\x12\x34\x56\x78"), "qword": (QWORD, bytes(range(1, 9))),
               "link": (LINK, "\\Registry\\Machine".encode("utf-16-le"))}
    return Key(keys={"Types": Key(values)})


def names():
    names = ["a", "ab", "abc", "abcd", "ABCE", "Zeta", "übung", "Ärger", "ÿ", "µ", "ſtraße", "漢字", "Ωmega", "ωmegb",
             "emoji \U0001F600", "with/slash", "with % and\ttab", "\u0301mark", "x" * 255, "İ", "ı"]
    return Key(keys={name: Key({name: (SZ, wide(name)), name + " 漢": (DWORD, b"\1\0\0\0")}) for name in names})


def many(count, prefix="Key"):
    return Key(keys={"%s%05d" % (prefix, index): Key() for index in range(count)})


def deep(levels):
    root = key = Key()
    for level in range(levels):
        key.keys["L%d" % level] = Key({"Level": (DWORD, struct.pack("<I", level))})
        key = key.keys["L%d" % level]
    return root


def big():
    sizes = [16343, 16344, 16345, 32688, 32689, 40000, 1 << 20]
    return Key({"size %d" % size: (BINARY, bytes(i * 7 % 251 for i in range(size))) for size in sizes})


def states():
    """Four versions of a tree, each with more and other content than the one before."""
    result = []
    for step in range(4):
        tree = plain()
        tree.keys["Select"].values["Current"] = (DWORD, struct.pack("<I", step))
        for index in range(step * 40):
            tree.keys["Added%d-%d" % (step, index)] = Key({"Step": (DWORD, struct.pack("<I", step))})
        result.append(tree)
    return result


# The hives: name -> (files, tree)

RECIPES = {}


def recipe(function):
    RECIPES[function.__name__.replace("_", "-")] = function
    return function


def simple(name, tree, **options):
    RECIPES[name] = lambda: ({"": hive(tree(), **options)}, tree())


simple("plain", plain)
simple("types", types)
simple("names", names)
simple("lf", names, lists="lf")
simple("li", names, lists="li")
simple("ri-lh", lambda: many(500), leaf=40)
simple("ri-lf", lambda: many(500), lists="lf", leaf=40)
simple("ri-li", lambda: many(500), lists="li", leaf=40)
simple("ri-names", names, leaf=3)
simple("many", lambda: many(5000))
simple("deep", lambda: deep(500))
simple("big-data", big)
simple("big-data-one-cell", lambda: Key({"long": (BINARY, bytes(20000))}), minor=3)
simple("classes", lambda: Key(keys={"A": Key(cls="Shell"), "B": Key(cls="漢"), "C": Key()}, cls="root class"))
simple("predefined", lambda: Key(keys={"Perf": Key(flags=0x40), "Link": Key(
    {"SymbolicLinkValue": (LINK, "\\Registry\\Machine\\X".encode("utf-16-le"))}, flags=0x10)}))
for minor in range(7):
    simple("minor-%d" % minor, plain, minor=minor, **({"lists": "li"} if minor < 3 else
                                                     {"lists": "lf"} if minor < 5 else {}))


def dirty(sequence=(8, 7), bins=None, time=TIME, **changes):
    head = header(len(bins), sequence=sequence, time=time)
    head[:512] = bytes(changes.get("first", head[:512]))
    return bytes(head) + bins


def torn(before, after):
    """A hive into which the first half of the changed pages was written."""
    dirty_pages = pages(before, after)
    mixed = bytearray(before.ljust(len(after), b"\0"))
    for offset, data in dirty_pages[:len(dirty_pages) // 2]:
        mixed[offset:offset + len(data)] = data
    return bytes(mixed[:max(len(before), 0)])


@recipe
def dirty_old_log():
    trees = states()[:2]
    a, b = map(bins_of, trees)
    return {"": dirty(bins=torn(a, b)), ".LOG": old_log(a, b)}, trees[1]


@recipe
def dirty_oldest_log():
    trees = states()[:2]
    a, b = map(bins_of, trees)
    return {"": dirty(bins=torn(a, b)), ".LOG": old_log(a, b, kind=2)}, trees[1]


@recipe
def dirty_old_logs():
    trees = states()[:3]
    a, b, c = map(bins_of, trees)
    return {"": dirty(bins=torn(b, c), time=TIME + 5), ".LOG": b"", ".LOG1": old_log(a, b, time=TIME),
            ".LOG2": old_log(b, c, time=TIME + 5)}, trees[2]


@recipe
def dirty_old_log_stale():
    a, b = map(bins_of, states()[:2])
    return {"": dirty(bins=a, time=TIME + 9), ".LOG1": old_log(a, b)}, states()[0]


@recipe
def dirty_old_log_cut():
    a, b = map(bins_of, states()[:2])
    return {"": dirty(bins=a), ".LOG1": old_log(a, b)[:-700]}, states()[0]


@recipe
def dirty_new_logs():
    trees = states()
    a, b, c, d = map(bins_of, trees)
    return {"": dirty(bins=a), ".LOG": b"", ".LOG1": new_log(7, [a, b, c]), ".LOG2": new_log(9, [c, d])}, trees[3]


@recipe
def dirty_new_logs_rotated():
    trees = states()
    a, b, c, d = map(bins_of, trees)
    return {"": dirty(bins=a), ".LOG1": new_log(9, [c, d]), ".LOG2": new_log(7, [a, b, c])}, trees[3]


@recipe
def dirty_new_missing():
    trees = states()
    a, b, c, d = map(bins_of, trees)
    return {"": dirty(bins=b), ".LOG1": new_log(50, [b, c]), ".LOG2": new_log(51, [c, d])}, trees[3]


@recipe
def dirty_new_gap():
    trees = states()
    a, b, c, d = map(bins_of, trees)
    return {"": dirty(bins=a), ".LOG1": new_log(7, [a, b]), ".LOG2": new_log(20, [c, d])}, trees[1]


@recipe
def dirty_new_lost():
    a, b, c, d = map(bins_of, states())
    return {"": dirty(bins=a), ".LOG1": new_log(7, [a, b, c])[40:], ".LOG2": new_log(9, [c, d])}, states()[0]


@recipe
def dirty_new_applied():
    trees = states()
    a, b, c, d = map(bins_of, trees)
    return {"": dirty(bins=b, sequence=(9, 8)), ".LOG1": new_log(7, [a, b, c, d])}, trees[3]


@recipe
def dirty_new_remnants():
    trees = states()
    a, b, c, d = map(bins_of, trees)
    return {"": dirty(bins=a), ".LOG1": new_log(7, [a, b], entry(3, c, d))}, trees[1]


@recipe
def dirty_new_torn():
    trees = states()
    a, b, c, d = map(bins_of, trees)
    log = bytearray(new_log(7, [a, b, c]))
    log[-1500:] = b"\xAA" * 1500
    return {"": dirty(bins=a), ".LOG1": log, ".LOG2": new_log(9, [c, d])}, trees[1]


@recipe
def dirty_new_cut():
    trees = states()
    a, b, c, d = map(bins_of, trees)
    return {"": dirty(bins=a), ".LOG1": new_log(7, [a, b, c])[:-1024]}, trees[1]


@recipe
def dirty_new_wrap():
    trees = states()
    a, b, c, d = map(bins_of, trees)
    log1 = header(len(b), sequence=(NONE, NONE), kind=6, size=512) + entry(NONE, a, b)
    return {"": dirty(bins=a, sequence=(0, NONE)), ".LOG1": new_log(0, [b, c]), ".LOG2": log1}, trees[2]


@recipe
def dirty_no_log():
    return {"": dirty(bins=bins_of(plain()))}, plain()


@recipe
def dirty_empty_logs():
    return {"": dirty(bins=bins_of(plain())), ".LOG1": b"", ".LOG2": b""}, plain()


@recipe
def dirty_unfinished_log():
    a, b = map(bins_of, states()[:2])
    log = bytearray(new_log(7, [a, b]))
    struct.pack_into("<I", log, 4, 8)
    sum_header_at(log)
    return {"": dirty(bins=a), ".LOG1": log}, states()[0]


def sum_header_at(log):
    head = bytearray(log[:512])
    sum_header(head)
    log[:512] = head


@recipe
def dirty_log_ignored():
    a, b = map(bins_of, states()[:2])
    return {"": header(len(a)) + a, ".LOG1": new_log(7, [a, b])}, states()[0]


@recipe
def header_torn_new_log():
    trees = states()
    a, b, c, d = map(bins_of, trees)
    return {"": dirty(bins=c, first=bytes(512)), ".LOG1": new_log(8, [b, c]), ".LOG2": new_log(9, [c, d])}, trees[3]


@recipe
def header_torn_old_log():
    trees = states()
    a, b, c, d = map(bins_of, trees)
    return {"": dirty(bins=torn(a, b), first=b"\xEE" * 512), ".LOG": old_log(a, b)}, trees[1]


@recipe
def header_torn_no_log():
    return {"": dirty(bins=bins_of(plain()), first=bytes(512))}, plain()


@recipe
def header_checksum():
    head = header(len(bins_of(plain())))
    head[40:44] = b"\x34\x12\0\0"
    return {"": bytes(head) + bins_of(plain())}, plain()


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    if sys.argv[1] == "--list":
        print("\n".join(RECIPES))
        return
    out = sys.argv[1]
    os.makedirs(out, exist_ok=True)
    sys.setrecursionlimit(10000)
    for name in sys.argv[2:] or RECIPES:
        files, tree = RECIPES[name]()
        for suffix, data in files.items():
            with open(os.path.join(out, name + suffix), "wb") as file:
                file.write(bytes(data))
        with open(os.path.join(out, name + ".tsv"), "w", encoding="utf-8") as file:
            file.write("\n".join(sorted(listing(tree))) + "\n")


main()
