"""Writes registry hives (regf) from nothing: keys, values of every type, class names, big data, and transaction logs.

The layout is that of https://github.com/msuhanov/regf ("Windows registry file format specification"): a base block of
4096 bytes, then hive bins of whole pages with cells in them.  Nothing here comes from a hive of Windows.
"""
import struct

NONE, SZ, EXPAND, BINARY, DWORD, DWORD_BE, LINK, MULTI, QWORD = 0, 1, 2, 3, 4, 5, 6, 7, 11
PAGE = 4096
WRITTEN = 0x01DC1A5D21B6C000                                 # FILETIME of every key: always the same bytes
EVERYBODY = bytes.fromhex(                                   # O:BAG:SYD:(A;CI;KA;;;SY)(A;CI;KA;;;BA)(A;CI;KR;;;BU), self-relative
    "01000480 50000000 60000000 00000000 14000000 02003c00 02000000 00021400 3f000f00 01010000 00000005 12000000"
    "00021800 3f000f00 01020000 00000005 20000000 20020000 00000000 00000000 00000000 01020000 00000005 20000000 20020000"
    "01010000 00000005 12000000")


def sz(text, kind=SZ):
    return kind, (text + "\0").encode("utf-16-le")


def expand(text):
    return sz(text, EXPAND)


def multi(*texts):
    return MULTI, ("".join(t + "\0" for t in texts) + "\0").encode("utf-16-le")


def dword(number):
    return DWORD, struct.pack("<I", number)


def qword(number):
    return QWORD, struct.pack("<Q", number)


def binary(data):
    return BINARY, bytes.fromhex(data) if isinstance(data, str) else bytes(data)


def value(thing):
    """A pair of type and bytes from what reads best in a table: text, a number, a list of texts, bytes, or the pair itself."""
    if isinstance(thing, tuple):
        return thing
    if isinstance(thing, str):
        return sz(thing)
    if isinstance(thing, int):
        return dword(thing)
    return multi(*thing) if isinstance(thing, list) else binary(thing)


class Key:
    """A key with its values and subkeys; paths are separated by backslashes and found whatever their case."""

    def __init__(self, name="", values=None):
        self.name, self.cls = name, None
        self.subkeys, self.values = {}, {}                   # both by lower-case name
        for n, v in (values or {}).items():
            self.put(n, v)

    def find(self, path):
        key = self
        for part in path.split("\\") if path else []:
            key = key.subkeys.get(part.lower())
            if key is None:
                return None
        return key

    def make(self, path):
        key = self
        for part in path.split("\\") if path else []:
            key = key.subkeys.setdefault(part.lower(), Key(part))
        return key

    def put(self, name, thing):
        self.values[name.lower()] = (name, *value(thing))

    def set(self, path, values=None, /, **more):
        """Makes the key at `path` and puts the values there; a value of None is taken away."""
        key = self.make(path)
        for n, v in {**(values or {}), **more}.items():
            if v is None:
                key.values.pop(n.lower(), None)
            else:
                key.put(n, v)
        return key

    def get(self, path, name):
        key = self.find(path)
        found = key and key.values.get(name.lower())
        return found and (found[1], found[2])

    def drop(self, path):
        """Takes the key at `path` away, with all that is under it."""
        parent, _, name = path.rpartition("\\")
        key = self.find(parent)
        if key:
            key.subkeys.pop(name.lower(), None)

    def rename(self, path, name):
        parent, _, old = path.rpartition("\\")
        key = self.find(parent)
        child = key.subkeys.pop(old.lower())
        child.name = name
        key.subkeys[name.lower()] = child

    def copy(self, path, to):
        """A copy of everything under `path`, as the key `to`."""
        def clone(key):
            new = Key(key.name)
            new.cls, new.values = key.cls, dict(key.values)
            new.subkeys = {n: clone(k) for n, k in key.subkeys.items()}
            return new
        parent, _, name = to.rpartition("\\")
        new = clone(self.find(path))
        new.name = name
        self.make(parent).subkeys[name.lower()] = new


class Cells:
    """The hive bins as they grow: cells one after the other, a new bin where one does not fit."""

    def __init__(self):
        self.data, self.end = bytearray(), 0                 # `end`: where the current bin ends

    def add(self, body):
        """The offset of a new cell with this body."""
        size = (len(body) + 4 + 7) // 8 * 8
        if len(self.data) + size > self.end:
            self.close()
            span = (size + 32 + PAGE - 1) // PAGE * PAGE
            self.data += struct.pack("<4sIIIIQI", b"hbin", len(self.data), span, 0, 0, WRITTEN if not self.data else 0, 0)
            self.end = len(self.data) - 32 + span
        offset = len(self.data)
        self.data += struct.pack("<i", -size) + body.ljust(size - 4, b"\0")
        return offset

    def close(self):
        """The rest of the current bin becomes one free cell."""
        rest = self.end - len(self.data)
        if rest:
            self.data += struct.pack("<i", rest).ljust(rest, b"\0")

    def patch(self, offset, body):
        self.data[offset + 4:offset + 4 + len(body)] = body


def packed(name):
    """A name as the hive stores it, and whether it is in one byte per character."""
    try:
        return name.encode("latin-1"), True
    except UnicodeEncodeError:
        return name.encode("utf-16-le"), False


def name_hash(name):
    h = 0
    for unit in struct.unpack(f"<{len(name.encode('utf-16-le')) // 2}H", name.upper().encode("utf-16-le")):
        h = (h * 37 + unit) & 0xFFFFFFFF
    return h


def bins(root, minor=5, root_name="ROOT"):
    """The hive bins of the tree, and the offset of the root cell."""
    cells = Cells()
    security = None
    count = 0

    def data_cell(data):
        if len(data) <= 16344 or minor < 4:
            return cells.add(data)
        segments = [cells.add(data[i:i + 16344]) for i in range(0, len(data), 16344)]
        listed = cells.add(struct.pack(f"<{len(segments)}I", *segments))
        return cells.add(struct.pack("<2sHII", b"db", len(segments), listed, 0))

    def value_cell(name, kind, data):
        stored, narrow = packed(name)
        if len(data) <= 4:
            size, at = len(data) | 0x80000000, struct.unpack("<I", data.ljust(4, b"\0"))[0]
        else:
            size, at = len(data), data_cell(data)
        return cells.add(struct.pack("<2sHIIIHH", b"vk", len(stored), size, at, kind, 1 if narrow and stored else 0, 0) + stored)

    def list_cell(entries):
        """A list of subkeys sorted by upper-case name: one leaf, or an index of leaves where there are very many."""
        if len(entries) > 1012:
            leaves = [list_cell(entries[i:i + 1012]) for i in range(0, len(entries), 1012)]
            return cells.add(struct.pack("<2sH", b"ri", len(leaves)) + struct.pack(f"<{len(leaves)}I", *leaves))
        if minor < 5:
            pairs = [(at, packed(name)[0][:4].ljust(4, b"\0")) for name, at in entries]
            return cells.add(struct.pack("<2sH", b"lf", len(entries)) + b"".join(struct.pack("<I4s", *p) for p in pairs))
        return cells.add(struct.pack("<2sH", b"lh", len(entries)) + b"".join(struct.pack("<II", at, name_hash(name)) for name, at in entries))

    def key_cell(key, parent, flags):
        nonlocal security, count
        count += 1
        name, narrow = packed(key.name)
        children = sorted(key.subkeys.values(), key=lambda k: k.name.upper())
        values = list(key.values.values())
        at = cells.add(bytes(76) + name)
        if security is None:
            security = cells.add(struct.pack("<2sHIIII", b"sk", 0, 0, 0, 0, len(EVERYBODY)) + EVERYBODY)
        cls = key.cls.encode("utf-16-le") if key.cls else b""
        at_cls = cells.add(cls) if cls else 0xFFFFFFFF
        at_values = 0xFFFFFFFF
        if values:
            offsets = [value_cell(*v) for v in values]
            at_values = cells.add(struct.pack(f"<{len(offsets)}I", *offsets))
        at_children = 0xFFFFFFFF
        if children:
            at_children = list_cell([(c.name, key_cell(c, at, 0)) for c in children])
        cells.patch(at, struct.pack(
            "<2sHQIIIIIIIIIIIIIIIHH", b"nk", flags | (0x20 if narrow else 0), WRITTEN, 0, parent, len(children), 0, at_children, 0xFFFFFFFF,
            len(values), at_values, security, at_cls,
            max([len(c.name) * 2 for c in children], default=0), max([len(c.cls or "") * 2 for c in children], default=0),
            max([len(v[0]) * 2 for v in values], default=0), max([len(v[2]) for v in values], default=0), 0, len(name), len(cls)) + name)
        return at

    shown, root.name = root.name, root_name
    at = key_cell(root, 0, 0x0C)
    root.name = shown
    cells.patch(security, struct.pack("<2sHIII", b"sk", 0, security, security, count))
    cells.close()
    return bytes(cells.data), at


def base_block(name, length, root, primary=1, secondary=None, minor=5, kind=0):
    """The base block; `kind` is 0 for a primary file, 1 or 6 for a log of the old or the new form."""
    block = bytearray(PAGE)
    struct.pack_into("<4sIIQIIIIIII", block, 0, b"regf", primary, primary if secondary is None else secondary, WRITTEN, 1, minor, kind, 1, root, length, 1)
    block[48:112] = name.encode("utf-16-le")[-64:].ljust(64, b"\0")
    return seal(block)


def seal(block):
    """The block with its checksum: the first 127 words of 32 bits exclusive-or'ed, 0 and -1 replaced."""
    total = 0
    for (word,) in struct.iter_unpack("<I", block[:508]):
        total ^= word
    struct.pack_into("<I", block, 508, {0: 1, 0xFFFFFFFF: 0xFFFFFFFE}.get(total, total))
    return bytes(block)


def hive(root, name, minor=5, sequence=10):
    """The whole hive file of the tree, clean."""
    data, at = bins(root, minor)
    return base_block(name, len(data), at, sequence, minor=minor) + data


# ---- transaction logs -----------------------------------------------------------------------------------------

def marvin(data, seed=0x82EF4D887A4E55C5):
    """Marvin32, the hash of the log entries of the new form."""
    lo, hi = seed & 0xFFFFFFFF, seed >> 32

    def rol(x, n):
        return (x << n | x >> 32 - n) & 0xFFFFFFFF

    def mix(lo, hi, word):
        lo = (lo + word) & 0xFFFFFFFF
        hi ^= lo; lo = (rol(lo, 20) + hi) & 0xFFFFFFFF
        hi = rol(hi, 9) ^ lo; lo = (rol(lo, 27) + hi) & 0xFFFFFFFF
        return lo, rol(hi, 19)

    whole = len(data) // 4 * 4
    for (word,) in struct.iter_unpack("<I", data[:whole]):
        lo, hi = mix(lo, hi, word)
    tail = data[whole:] + b"\x80"
    lo, hi = mix(lo, hi, int.from_bytes(tail.ljust(4, b"\0"), "little"))
    lo, hi = mix(lo, hi, 0)
    return hi << 32 | lo


def dirty(old, new, name, minor=5, sequence=10, form="new"):
    """A hive that a power cut left dirty: (primary file, log file).

    `old` and `new` are trees.  The primary file has the bins of `old`; all pages of `new` that differ are in the log only, as they
    are when Windows had written its log but not yet the primary file.
    """
    before, root = bins(old, minor)
    after, root_after = bins(new, minor)
    assert root == root_after
    primary = base_block(name, len(before), root, sequence + 1, sequence, minor) + before
    shared = before.ljust(len(after), b"\0")
    step = PAGE if form == "new" else 512
    pages = [i for i in range(0, len(after), step) if after[i:i + step] != shared[i:i + step] or i >= len(before)]
    if form == "new":
        # One HvLE entry: size, flags, sequence, length of all bins, number of pages, two hashes, references, pages.
        body = b"".join(struct.pack("<II", i, step) for i in pages) + b"".join(after[i:i + step] for i in pages)
        size = (40 + len(body) + 511) // 512 * 512
        body = body.ljust(size - 40, b"\0")
        head = struct.pack("<4sIIIII", b"HvLE", size, 1, sequence, len(after), len(pages)) + struct.pack("<Q", marvin(body))
        entry = head + struct.pack("<Q", marvin(head)) + body
        log = base_block(name, len(before), root, sequence, sequence, minor, 6)[:512] + entry
    else:
        # A bitmap of dirty 512-byte pages behind "DIRT", then those pages.
        bitmap = bytearray((len(after) // 512 + 7) // 8)
        for i in pages:
            bitmap[i // 512 // 8] |= 1 << i // 512 % 8
        front = (b"DIRT" + bitmap).ljust((4 + len(bitmap) + 511) // 512 * 512, b"\0")
        log = base_block(name, len(after), root, sequence + 1, sequence + 1, minor, 1)[:512] + front + b"".join(after[i:i + 512] for i in pages)
    return primary, log
