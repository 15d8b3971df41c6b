"""Changes of a finished volume that no file system tool makes: each returns a function of (name of the partition, image file)."""
import hashlib, struct, uuid


def on(wanted, change):
    def apply(name, image):
        if name == wanted:
            with open(image, "r+b") as f:
                change(f)
    return apply


def at(f, offset, size):
    f.seek(offset)
    return bytearray(f.read(size))


def put(f, offset, data):
    f.seek(offset)
    f.write(data)


def other_boot_code(volume):
    """The first sector has no code of Windows (and says so, as one made by another system does)."""
    def change(f):
        sector = at(f, 0, 512)
        sector[0x54:0x1FE] = b"\r\nThis is not a bootable disk. Please insert a bootable floppy and\r\npress any key to try again ... \r\n\0".ljust(0x1FE - 0x54, b"\0")
        put(f, 0, sector + bytes(512))
    return on(volume, change)


def hidden_sectors(volume, count):
    """The volume claims another place on the disk."""
    return on(volume, lambda f: put(f, 0x1C, struct.pack("<I", count)))


def record_offset(f, number):
    sector = at(f, 0, 512)
    cluster = struct.unpack_from("<H", sector, 11)[0] * sector[13]
    return struct.unpack_from("<Q", sector, 48)[0] * cluster + number * 1024, struct.unpack_from("<Q", sector, 56)[0] * cluster + number * 1024


def attributes(record):
    position = struct.unpack_from("<H", record, 0x14)[0]
    while struct.unpack_from("<I", record, position)[0] != 0xFFFFFFFF:
        kind, length = struct.unpack_from("<II", record, position)
        yield kind, position
        position += length


def dirty_volume(volume):
    """Sets bit 0 of the flags in $VOLUME_INFORMATION (attribute 0x70 of record 3) and its mirror."""
    def change(f):
        for place in record_offset(f, 3):
            record = at(f, place, 1024)
            for kind, position in attributes(record):
                if kind == 0x70:
                    record[position + struct.unpack_from("<H", record, position + 0x14)[0] + 10] |= 1
            put(f, place, record)
    return on(volume, change)


def mirror_differs(volume):
    """The copies in $MFTMirr are not those of $MFT."""
    def change(f):
        _, mirror = record_offset(f, 0)
        put(f, mirror, bytes(4096))
    return on(volume, change)


def encrypt(volume, waiting):
    """The volume as BitLocker leaves it: boot sector, three blocks of metadata, and nothing readable besides.

    Layout: libyal, "BitLocker Drive Encryption (BDE) format".  With `waiting`, the key protector is a clear key (type 0x0000), which is
    what a volume "waiting for activation" has; otherwise a recovery password (0x0800).  No key here opens anything.
    """
    def change(f):
        f.seek(0, 2)
        size = f.tell()
        start = at(f, 0, 512)
        sector = bytearray(512)
        sector[:11] = b"\xeb\x58\x90-FVE-FS-"
        sector[11:36] = start[11:36]
        sector[0x28:0x30] = start[0x28:0x30]
        sector[0xA0:0xB0] = uuid.UUID("4967d63b-2e29-4ad8-8399-f6a339e3d001").bytes_le
        places = [size // 4 // 4096 * 4096, size // 2 // 4096 * 4096, size * 3 // 4 // 4096 * 4096]
        struct.pack_into("<QQQ", sector, 0xB0, *places)
        sector[510:] = b"\x55\xaa"

        def entry(kind, value, data):
            return struct.pack("<HHHH", 8 + len(data), kind, value, 1) + data
        key = entry(0, 5, bytes(12 + 16 + 44))
        protector = entry(2, 8, uuid.UUID("c0de0000-0000-4000-8000-00000000b17c").bytes_le + struct.pack("<QHH", 0x01DA8B1A00000000, 0, 0x0000 if waiting else 0x0800) + key)
        entries = entry(7, 2, "C: composed".encode("utf-16-le") + b"\0\0") + protector + entry(3, 5, bytes(72))
        header = struct.pack("<IIII16sIHHQ", 48 + len(entries), 1, 48, 48 + len(entries), uuid.UUID("c0de0000-0000-4000-8000-0000000000be").bytes_le, 3, 0x8004, 0, 0x01DA8B1A00000000)
        block = struct.pack("<8sHHHHQII", b"-FVE-FS-", 0x40, 2, 4, 4, size, 0, 16) + struct.pack("<QQQ", *places) + struct.pack("<Q", 4096)
        block = (block.ljust(64, b"\0") + header + entries).ljust(8192, b"\0")
        scrambled = hashlib.shake_256(b"encrypted").digest(65536)
        for position in range(0, 4 << 20, 65536):           # the beginning of the volume; the rest is told by it
            put(f, position, scrambled)
        for position in (places[0] - 65536, places[1] - 65536):
            put(f, position, scrambled)
        put(f, 0, sector)
        for place in places:
            put(f, place, block)
        put(f, size - 512, scrambled[:512])
    return on(volume, change)
