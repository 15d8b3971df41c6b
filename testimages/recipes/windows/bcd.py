"""Builds a boot configuration data store: a hive of objects with typed elements.

Element and object types: Geoff Chappell, "BCD Elements"; Microsoft, "BCD Reference".  A device element is 16 bytes of additional
options (a GUID, or zeros), then a device descriptor: type, flags, length, zero, and for a partition (type 6) the partition's
identity, the kind of disk and the disk's identity.
"""
import struct, uuid
from hive import Key, binary, multi, sz

BOOTMGR = "{9dea862c-5cdd-4e70-acc1-f32b344d4795}"
FWBOOTMGR = "{a5a30fa2-3d06-4e9f-b5f4-a01df9d1fcba}"
MEMDIAG = "{b2721d73-1db4-4c62-bf78-c548a880142d}"
GLOBAL = "{7ea2e1ac-2e61-4728-aaa3-896d9d0a9f0e}"
LOADERS = "{6efb52bf-1766-41db-a6b3-0ee5eff72bd7}"
RESUMES = "{1afa9c49-16ab-4a5c-901b-212802da9460}"
EMS, DEBUGGER, BADMEMORY = "{0ce4991b-e6b3-4b16-b23c-5e0d9250e5d9}", "{4636856e-540f-4170-a130-a84776f4c654}", "{5189b25c-5558-4bf2-bca4-289b11bd29e2}"
HYPERVISOR = "{7ff607e0-4395-11db-b0de-0800200c9a66}"
DEFAULT, RESUME, WINRE, RAMDISK = (f"{{9dd5439{n}-76ea-11ed-8c7c-c0de00000001}}" for n in (3, 2, 4, 5))

BOOT_DEVICE = "boot"


def descriptor(kind, flags, body):
    return struct.pack("<IIII", kind, flags, 16 + len(body), 0) + body


def partition(where):
    """The descriptor of a partition: ("gpt", partition GUID, disk GUID) or ("mbr", offset in bytes, disk signature)."""
    scheme, part, disk = where
    if scheme == "gpt":
        body = uuid.UUID(part).bytes_le + struct.pack("<II", 0, 0) + uuid.UUID(disk).bytes_le
    else:
        body = struct.pack("<QQ", part, 0) + struct.pack("<II", 0, 1) + struct.pack("<I", disk) + bytes(12)
    return descriptor(6, 0, body + bytes(16))


def device(where):
    """A device element: a partition, the boot device, or the one on which a file is found."""
    if where == BOOT_DEVICE:
        return bytes(16) + descriptor(5, 0, bytes(56))
    if isinstance(where, tuple) and where[0] == "ramdisk":
        # A local device (type 0) of the kind RAM disk (3): base, size and offset are zero in a store; the file it comes from follows
        # as a path descriptor: version 1, length, kind 5 (with a device), the device, the path.
        _, options, parent, path = where
        rest = partition(parent) + (path + "\0").encode("utf-16-le")
        file = struct.pack("<III", 1, 12 + len(rest), 5) + rest
        return uuid.UUID(options).bytes_le + descriptor(0, 1, struct.pack("<I", 3) + bytes(20) + file)
    return bytes(16) + partition(where)


class Store:
    """A store being made; `objects` are keys under Objects."""

    def __init__(self):
        self.root = Key()
        self.root.set("Description", KeyName=sz("BCD00000000"), System=1, TreatAsSystem=1)
        self.root.make("Objects")

    def object(self, guid, kind, elements):
        self.root.set(f"Objects\\{guid}\\Description", Type=kind)
        self.root.make(f"Objects\\{guid}\\Elements")
        for number, thing in elements.items():
            self.set(guid, number, thing)

    def set(self, guid, number, thing):
        """Sets an element by its number, in the form its type asks for; None takes it away."""
        path = f"Objects\\{guid}\\Elements\\{number:08x}"
        if thing is None:
            return self.root.drop(path)
        form = number >> 24 & 0xF
        data = {1: lambda: binary(device(thing)), 2: lambda: sz(thing), 3: lambda: sz(thing), 4: lambda: multi(*thing),
                5: lambda: binary(struct.pack("<Q", thing)), 6: lambda: binary(bytes([thing])), 7: lambda: binary(struct.pack("<Q", thing))}
        self.root.set(path, Element=data[form]() if not isinstance(thing, bytes) else binary(thing))

    def drop(self, guid):
        self.root.drop(f"Objects\\{guid}")


def store(title, uefi, system, windows, recovery=None, timeout=30, locale="en-US", modern=True):
    """The store bcdboot makes: `system`, `windows` and `recovery` are the identities of the partitions."""
    s = Store()
    ext = "efi" if uefi else "exe"
    manager = {0x11000001: system, 0x12000004: "Windows Boot Manager", 0x12000005: locale, 0x14000006: [GLOBAL], 0x23000003: DEFAULT,
               0x23000006: RESUME, 0x24000001: [DEFAULT], 0x24000010: [MEMDIAG], 0x25000004: timeout}
    if uefi:
        manager[0x12000002] = "\\EFI\\Microsoft\\Boot\\bootmgfw.efi"
        s.object(FWBOOTMGR, 0x10100001, {0x24000001: [BOOTMGR], 0x25000004: 0})
    s.object(BOOTMGR, 0x10100002, manager)
    loader = {0x11000001: windows, 0x12000002: f"\\Windows\\system32\\winload.{ext}", 0x12000004: title, 0x12000005: locale, 0x14000006: [LOADERS],
              0x15000066: 3, 0x16000060: 1, 0x17000077: 0x15000075, 0x21000001: windows, 0x22000002: "\\Windows", 0x23000003: RESUME, 0x25000020: 0, 0x250000C2: 1}
    if not modern:
        for number in (0x15000066, 0x16000060, 0x17000077, 0x250000C2):
            loader.pop(number)
    if recovery:
        loader |= {0x14000008: [WINRE], 0x16000009: 1}
    s.object(DEFAULT, 0x10200003, loader)
    s.object(RESUME, 0x10200004, {0x11000001: windows, 0x12000002: f"\\Windows\\system32\\winresume.{ext}", 0x12000004: "Windows Resume Application",
                                 0x12000005: locale, 0x14000006: [RESUMES], 0x21000001: windows, 0x22000002: "\\hiberfil.sys"})
    s.object(MEMDIAG, 0x10200005, {0x11000001: system, 0x12000002: "\\EFI\\Microsoft\\Boot\\memtest.efi" if uefi else "\\boot\\memtest.exe",
                                  0x12000004: "Windows Memory Diagnostic", 0x12000005: locale, 0x14000006: [GLOBAL], 0x1600000B: 1})
    if recovery:
        image = ("ramdisk", RAMDISK.strip("{}"), recovery, "\\Recovery\\WindowsRE\\Winre.wim")
        s.object(WINRE, 0x10200003, {0x11000001: image, 0x12000002: f"\\windows\\system32\\winload.{ext}", 0x12000004: "Windows Recovery Environment",
                                    0x12000005: locale, 0x14000006: [LOADERS], 0x15000065: 3, 0x21000001: image, 0x22000002: "\\windows", 0x25000020: 0, 0x26000022: 1, 0x46000010: 1})
        s.object(RAMDISK, 0x30000000, {0x12000004: "Windows Recovery", 0x31000003: recovery, 0x32000004: "\\Recovery\\WindowsRE\\boot.sdi"})
    s.object(GLOBAL, 0x20100000, {0x14000006: [DEBUGGER, EMS, BADMEMORY]})
    s.object(LOADERS, 0x20200003, {0x14000006: [GLOBAL, HYPERVISOR]})
    s.object(RESUMES, 0x20200004, {0x14000006: [GLOBAL]})
    s.object(EMS, 0x20100000, {0x16000020: 0})
    s.object(DEBUGGER, 0x20100000, {0x15000011: 4})
    s.object(BADMEMORY, 0x20100000, {})
    s.object(HYPERVISOR, 0x20200003, {0x250000F3: 0, 0x250000F4: 1, 0x250000F5: 115200})
    return s
