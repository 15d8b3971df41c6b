"""Writes the disk: partition table, boot sectors, the FAT and NTFS volumes with their files, the container.

NTFS volumes are made by mkntfs and filled by wimlib, which writes into the volume through libntfs-3g: no mount, no root.  What it
cannot do (compressed files, system files of CompactOS, named streams) goes through a mount by ntfs-3g, which takes root.

Boot code of Windows may not be redistributed.  The stand-ins here halt the processor; they carry the texts by which programs recognise
the real ones, at the places where Windows 7 and later have them.
"""
import hashlib, os, re, shutil, struct, subprocess, tempfile, time, uuid, zlib

import bcd
from hive import Key, hive
from pe import BOOT, EFI, GUI

MIB, SECTOR = 1 << 20, 512
WHEN = 1712736000                                            # 2024-04-10: time of every file
HALT = bytes.fromhex("33c08ed0bc007cfbf4ebfd")               # xor ax, ax; mov ss, ax; mov sp, 7C00; sti; hlt; jmp -3
TYPES = {"esp": "C12A7328-F81F-11D2-BA4B-00A0C93EC93B", "msr": "E3C9E316-0B5C-4DB8-817D-F92DF00215AE", "basic": "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7",
         "recovery": "DE94BBA4-06D1-4D40-A16A-BFD50179D6AC", "ldm-metadata": "5808C8AA-7E8F-42E0-85D2-E1E90434CFB3", "ldm-data": "AF9B60A0-1431-4F62-BC68-3311714A69AD",
         "spaces": "E75CAF8F-F680-4CEE-AFA3-B001E56EFC2D"}


def run(*cmd, **kw):
    done = subprocess.run(cmd, capture_output=True, **kw)
    if done.returncode:
        raise SystemExit(f"{cmd[0]}: {(done.stderr or done.stdout).decode(errors='replace').strip()}")
    return done.stdout


# ---- boot sectors ------------------------------------------------------------------------------------------

def mbr_code():
    code = bytearray(440)
    code[:len(HALT)] = HALT
    code[0x163:0x1B2] = b"Invalid partition table\0Error loading operating system\0Missing operating system"[:0x4F]
    code[0x1B5 - 0:0x1B8] = b"\x63\x7b\x9a"                  # where the three texts begin
    return bytes(code)


def mbr(signature, entries, code=None):
    """The first sector; `entries` are (active, type, first sector, sectors)."""
    sector = bytearray((mbr_code() if code is None else code).ljust(440, b"\0") + struct.pack("<IH", signature, 0))
    for active, kind, first, count in entries:
        sector += struct.pack("<B3sB3sII", 0x80 if active else 0, b"\xfe\xff\xff", kind, b"\xfe\xff\xff", first, count)
    return bytes(sector.ljust(510, b"\0")) + b"\x55\xaa"


def ntfs_boot_code(sector, loader="BOOTMGR"):
    """$Boot of a volume as Windows formats it: the given first sector with a stand-in for its code, the name of the loader behind it."""
    first = bytearray(sector[:SECTOR])
    first[:3] = b"\xeb\x52\x90"
    first[0x54:0x1FE] = (b"\xfa" + HALT).ljust(0x1FE - 0x54, b"\0")
    texts = [b"\r\nA disk read error occurred\0", b"\r\n" + loader.encode() + b" is missing\0", b"\r\n" + loader.encode() + b" is compressed\0", b"\r\nPress Ctrl+Alt+Del to restart\r\n\0"]
    at = 0x18C
    first[0x1F8:0x1FC] = bytes([(at + sum(map(len, texts[:n]))) & 0xFF for n in range(4)])
    first[at:at + len(b"".join(texts))] = b"".join(texts)
    first[0x1FE:] = b"\x55\xaa"
    name = loader.encode("utf-16-le")
    return bytes(first), struct.pack("<H", len(loader)) + name + struct.pack("<H", 4) + "$I30".encode("utf-16-le")


# ---- volumes -------------------------------------------------------------------------------------------------

def lay_out(files, top):
    seen = {}
    for path in files:
        for n in range(path.count("/") + 1):
            part = path.rsplit("/", n)[0]
            if seen.setdefault(part.lower(), part) != part:
                raise SystemExit(f"{part} and {seen[part.lower()]} differ in letter case only")
    for path, data in files.items():
        host = os.path.join(top, path)
        os.makedirs(host if path.endswith("/") else os.path.dirname(host), exist_ok=True)
        if not path.endswith("/"):
            with open(host, "wb") as f:
                f.write(data)
    for base, _, names in os.walk(top):
        for name in [*names, ""]:
            os.utime(os.path.join(base, name), (WHEN, WHEN))


WOF = {"xpress4k": ("xpress", 4096, 0), "lzx": ("lzx", 32768, 1), "xpress8k": ("xpress", 8192, 2), "xpress16k": ("xpress", 16384, 3)}


def wof(scratch, method, contents):
    """What the streams WofCompressedData of these contents are, by their SHA-1: wimlib's resources have the same form.

    Contents that do not get smaller are left out: Windows leaves such files alone.
    """
    kind, chunk, _ = WOF[method]
    packed = {}
    with tempfile.TemporaryDirectory(dir=scratch) as t:
        os.mkdir(t + "/src")
        for n, data in enumerate(contents):
            with open(f"{t}/src/{n}", "wb") as f:
                f.write(data)
        run("wimlib-imagex", "capture", t + "/src", t + "/wim", "--compress=" + kind, f"--chunk-size={chunk}", "--no-acls")
        text = run("wimlib-imagex", "info", "--blobs", t + "/wim").decode()
        with open(t + "/wim", "rb") as f:
            wim = f.read()
    for part in text.split("\n\n"):
        fields = dict((a.strip(), b.strip()) for a, b in re.findall(r"^(.*?)=(.*)$", part, re.M))
        if "Hash" in fields:
            at, size, plain = (int(fields[n].split()[0]) for n in ("Offset in WIM", "Compressed size", "Uncompressed size"))
            if size < plain:
                packed[fields["Hash"][2:]] = wim[at:at + size]
    return packed


def through_mount(scratch, image, compressed, packed, streams, files):
    """What only a mount can do: NTFS compression, WOF-compressed files, named streams."""
    if os.getuid():
        raise PermissionError("needs root: files are written through a mount by ntfs-3g")
    top = tempfile.mkdtemp(dir=scratch)
    process = subprocess.Popen(["ntfs-3g", "-o", "no_detach,compression,streams_interface=windows", image, top], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            if os.path.ismount(top):
                break
            time.sleep(0.02)
        for path in compressed:
            folder, name = os.path.split(f"{top}/{path}")
            kept = struct.unpack(">I", os.getxattr(folder, "system.ntfs_attrib_be"))[0]
            os.setxattr(folder, "system.ntfs_attrib_be", struct.pack(">I", kept | 0x800))      # new files of it are compressed
            os.unlink(f"{folder}/{name}")
            with open(f"{folder}/{name}", "wb") as f:
                f.write(files[path])
            os.utime(f"{folder}/{name}", (WHEN, WHEN))
            os.setxattr(folder, "system.ntfs_attrib_be", struct.pack(">I", kept))
        methods = {m for _, m in packed}
        streams_of = {m: wof(scratch, m, [files[p] for p, method in packed if method == m]) for m in methods}
        for path, method in packed:
            data = streams_of[method].get(hashlib.sha1(files[path]).hexdigest())
            if data is None:
                continue
            with open(f"{top}/{path}", "wb") as f:
                f.truncate(len(files[path]))
            with open(f"{top}/{path}:WofCompressedData", "wb") as f:
                f.write(data)
            os.utime(f"{top}/{path}", (WHEN, WHEN))
            os.setxattr(f"{top}/{path}", "system.ntfs_reparse_data", struct.pack("<IHHIIII", 0x80000017, 16, 0, 1, 2, 1, WOF[method][2]), follow_symlinks=False)
        for (path, stream), data in streams.items():
            with open(f"{top}/{path}:{stream}", "wb") as f:
                f.write(data)
    finally:
        for _ in range(50):
            if subprocess.run(["umount", top], capture_output=True).returncode == 0:
                break
            time.sleep(0.05)
        process.wait()


def ntfs(scratch, image, size, files, start, label, serial, loader="BOOTMGR", compressed=(), packed=(), streams=None, boot_code=True):
    """An NTFS volume in the file `image`, which will begin at byte `start` of the disk."""
    with open(image, "wb") as f:
        f.truncate(size)
    run("mkntfs", "-F", "-Q", "-q", "-s", "512", "-c", "4096", "-H", "255", "-S", "63", "-p", str(start // SECTOR), *(["-L", label] if label else []), image)
    with tempfile.TemporaryDirectory(dir=scratch) as t:
        lay_out(files, t + "/src")
        with open(t + "/everything", "w") as f:
            f.write("[ExclusionList]\n")                     # by default wimlib leaves out pagefile.sys and hiberfil.sys
        run("wimlib-imagex", "capture", t + "/src", t + "/wim", "--compress=none", "--no-acls", "--config=" + t + "/everything")
        run("wimlib-imagex", "apply", t + "/wim", "1", image, "--no-acls")
    if compressed or packed or streams:
        through_mount(scratch, image, compressed, packed, streams or {}, files)
    with open(image, "r+b") as f:
        sector = bytearray(f.read(SECTOR))
        struct.pack_into("<Q", sector, 0x48, serial)
        if boot_code:
            first, second = ntfs_boot_code(sector, loader)
            f.seek(0); f.write(first + second)
        else:
            first = bytes(sector); f.seek(0); f.write(first)
        f.seek(size - SECTOR); f.write(first)                # the copy of the boot sector


def fat(scratch, image, size, files, start, label="NO NAME", serial="C0DEE5B0"):
    with open(image, "wb") as f:
        f.truncate(size)
    run("mkfs.vfat", "-F", "32", "-s", "1", "-h", str(start // SECTOR), "-i", serial, "-n", label, image)
    with tempfile.TemporaryDirectory(dir=scratch) as t:
        lay_out(files, t + "/src")
        run("mcopy", "-s", "-m", "-Q", "-i", image, *[f"{t}/src/{n}" for n in sorted(os.listdir(t + "/src"))], "::/")


# ---- partition tables ----------------------------------------------------------------------------------------

def gpt(disk_guid, partitions, sectors, code=None):
    """Protective MBR, header, table and their copies as [(offset, bytes)]; `partitions`: (type, GUID, first, last, attributes, name)."""
    table = bytearray(128 * 128)
    for n, (kind, guid, first, last, attributes, name) in enumerate(partitions):
        struct.pack_into("<16s16sQQQ72s", table, n * 128, uuid.UUID(TYPES.get(kind, kind)).bytes_le, uuid.UUID(guid).bytes_le, first, last, attributes, name.encode("utf-16-le"))
    def header(here, other, at):
        h = bytearray(92)
        struct.pack_into("<8sIIIIQQQQ16sQIII", h, 0, b"EFI PART", 0x10000, 92, 0, 0, here, other, 34, sectors - 34, uuid.UUID(disk_guid).bytes_le, at, 128, 128, zlib.crc32(table))
        struct.pack_into("<I", h, 16, zlib.crc32(h))
        return bytes(h.ljust(SECTOR, b"\0"))
    protective = bytearray(mbr(0, [(False, 0xEE, 1, min(sectors - 1, 0xFFFFFFFF))], code))
    return [(0, bytes(protective)), (SECTOR, header(1, sectors - 1, 2)), (2 * SECTOR, bytes(table)), ((sectors - 33) * SECTOR, bytes(table)), ((sectors - 1) * SECTOR, header(sectors - 1, 1, sectors - 33))]


# ---- the files of the boot volumes ---------------------------------------------------------------------------

def loader_files(w):
    """The boot manager and what lies beside it, for the ESP or the system partition."""
    g = w.generation
    def program(name, subsystem, **more):
        return w.driver_file(name, subsystem=subsystem, **more)
    if w.uefi:
        short = {"amd64": "x64", "arm64": "aa64", "x86": "ia32"}[g.arch]
        manager = program("bootmgfw.efi", EFI, description="Boot Manager", pdb="bootmgfw.pdb")
        return {"EFI/Microsoft/Boot/bootmgfw.efi": manager, "EFI/Microsoft/Boot/bootmgr.efi": program("bootmgr.efi", EFI, pdb="bootmgr.pdb"),
                "EFI/Microsoft/Boot/memtest.efi": program("memtest.efi", EFI), "EFI/Microsoft/Boot/BOOTSTAT.DAT": bytes(2048), f"EFI/Boot/boot{short}.efi": manager,
                "EFI/Microsoft/Boot/en-US/bootmgfw.efi.mui": program("bootmgfw.efi.mui", GUI, dll=True), "EFI/Microsoft/Boot/Fonts/wgl4_boot.ttf": b"\0\1\0\0".ljust(512, b"\0"),
                "EFI/Microsoft/Boot/Resources/bootres.dll": program("bootres.dll", GUI, dll=True)}
    return {"bootmgr": bootmgr(w), **({"BOOTNXT": b"1"} if w.modern else {}), "Boot/BOOTSTAT.DAT": bytes(2048), "Boot/memtest.exe": program("memtest.exe", BOOT),
            "Boot/bootspaces.dll" if g.build >= 17763 else "Boot/bootfix.bin": b"MZ" + bytes(100), "Boot/Fonts/wgl4_boot.ttf": b"\0\1\0\0".ljust(512, b"\0"),
            "Boot/en-US/bootmgr.exe.mui": program("bootmgr.exe.mui", GUI, dll=True), "BOOTSECT.BAK": bytes(8192),
            "System Volume Information/tracking.log": bytes(64)}


def bootmgr(w):
    """A stand-in for the file bootmgr: 16-bit start, texts, and the boot manager proper (a PE file) behind."""
    start = (b"\xe9\xd5\x01" + HALT + b"BOOTMGR\0\r\nBOOTMGR image is corrupt.  The system cannot boot.\r\n\0").ljust(0x1000, b"\0")
    return start + w.driver_file("bootmgr.exe", subsystem=BOOT, description="Boot Manager", pdb="bootmgr.pdb") + hashlib.shake_256(b"bootmgr").digest(2000) + bytes(40000)


def recovery_files(scratch, w):
    with tempfile.TemporaryDirectory(dir=scratch) as t:
        lay_out({"Windows/System32/config/SYSTEM": hive(Key("", {"": "WinPE"}), "SYSTEM"), "Windows/System32/ntoskrnl.exe": w.driver_file("ntoskrnl.exe")}, t + "/src")
        run("wimlib-imagex", "capture", t + "/src", t + "/wim", "--compress=xpress", "--no-acls", "Windows RE")
        wim = bytearray(open(t + "/wim", "rb").read())
    wim[24:40] = uuid.UUID("c0de0000-0000-4000-8000-0000000000f3").bytes_le                # the random GUID of the header
    return {"Recovery/WindowsRE/Winre.wim": bytes(wim), "Recovery/WindowsRE/boot.sdi": b"$SDI0001".ljust(4096, b"\0"),
            "Recovery/WindowsRE/ReAgent.xml": b"<?xml version='1.0' encoding='utf-8'?>\r\n<WindowsRE version=\"2.0\"><InstallState state=\"1\"/></WindowsRE>\r\n"}


# ---- the whole ------------------------------------------------------------------------------------------------

GUIDS = {"system": "c0de0000-2022-4000-8000-0000000000e5", "msr": "c0de0000-2022-4000-8000-0000000000a5", "windows": "c0de0000-2022-4000-8000-00000000000c", "recovery": "c0de0000-2022-4000-8000-0000000000f3"}
SIZES = {"system": 100, "msr": 16, "windows": 160, "recovery": 40}


def layout(w):
    """Partitions in order: name, offset, size (bytes)."""
    names = w.layout.get("partitions") or (["system", "msr", "windows", "recovery"] if w.uefi else ["system", "windows"])
    at, found = MIB, {}
    for name in names:
        size = w.layout.get("sizes", SIZES)[name] * MIB
        found[name] = (at, size)
        at += size
    return found, at + MIB


def identity(w, places, name):
    """How a boot store names the partition: what `layout` says of the ids, whatever the disk really has."""
    if w.uefi:
        return ("gpt", GUIDS[name], w.layout["disk"])
    return ("mbr", places[name][0], w.layout["signature"])


def mounted_devices(w, places):
    """SYSTEM\\MountedDevices as Windows writes it: letters and volume names of the partitions."""
    def value(name):
        return b"DMIO:ID:" + uuid.UUID(GUIDS[name]).bytes_le if w.uefi else struct.pack("<IQ", w.layout["signature"], places[name][0])
    cdrom = "\\??\\SCSI#CdRom&Ven_QEMU&Prod_QEMU_DVD-ROM#4&1556da03&0&010000#{53f5630d-b6bf-11d0-94f2-00a0c91efb8b}".encode("utf-16-le")
    values = {"\\DosDevices\\C:": value("windows"), "\\DosDevices\\D:": cdrom}
    for name in places:
        if name != "msr":
            values[f"\\??\\Volume{{{GUIDS[name]}}}"] = value(name)
    w.system.set("MountedDevices", {n: v for n, v in values.items() if not (w.system.find("MountedDevices") and n.lower() in w.system.find("MountedDevices").values)})


def build(w, scratch, out, kept):
    """Writes the guest as the disk image `out`; recovery volumes, the same in all guests of a version, are kept in the folder `kept`."""
    places, end = layout(w)
    system = "windows" if "system" not in places else "system"
    mounted_devices(w, places)
    recovery = "recovery" if "recovery" in places else None
    w.bcd = bcd.store(w.generation.title, w.uefi, identity(w, places, system), identity(w, places, "windows"), identity(w, places, recovery) if recovery else None, modern=w.modern)
    for change in w.on_bcd:
        change(w.bcd, places)
    boot = loader_files(w)
    store = "EFI/Microsoft/Boot/BCD" if w.uefi else "Boot/BCD"
    boot[store] = hive(w.bcd.root, f"lume{{{GUIDS[system]}}}\\{store}".replace("/", "\\"), 3)
    boot[store + ".LOG"] = b""
    for path, data in w.system_files.items():                # what the image changes there
        for known in [p for p in boot if p.lower() == path.lower() or (data is None and p.lower().startswith(path.lower() + "/"))]:
            del boot[known]
        if data is not None:
            boot[path] = data
    w.finish()
    if system == "windows":
        w.files = {**boot, **w.files}
    if not recovery:
        w.files |= {p.replace("Recovery/WindowsRE", "Recovery/c0de0000"): d for p, d in recovery_files(scratch, w).items()}
    raw = scratch + "/raw"
    with open(raw, "wb") as disk:
        disk.truncate(end)
        def put(image, at):
            with open(image, "rb") as f:
                position, size = 0, os.path.getsize(image)
                while position < size:
                    try:
                        position = os.lseek(f.fileno(), position, os.SEEK_DATA)
                    except OSError:
                        break
                    hole = os.lseek(f.fileno(), position, os.SEEK_HOLE)
                    f.seek(position); disk.seek(at + position)
                    disk.write(f.read(hole - position))
                    position = hole
        for name, (at, size) in places.items():
            image = f"{scratch}/{name}.img"
            if name == "system" and w.uefi:
                fat(scratch, image, size, boot, at)
            elif name == "system":
                ntfs(scratch, image, size, boot, at, "System Reserved", 0xC0DE000000000001, compressed=[p for p in w.compressed if p in boot])
            elif name == "windows":
                on_windows = [p for p in w.compressed if p in w.files and (system == "windows" or p not in boot)]
                ntfs(scratch, image, size, w.files, at, w.layout.get("label", ""), 0xC0DE00000000000C, compressed=on_windows, packed=sorted(w.packed), streams=w.streams)
            elif name == "recovery":
                made = f"{kept}/{w.generation.name}-{at}"
                if not os.path.exists(made):
                    ntfs(scratch, image, size, recovery_files(scratch, w), at, "Recovery", 0xC0DE0000000000F3)
                    shutil.move(image, f"{made}.{os.getpid()}")
                    os.replace(f"{made}.{os.getpid()}", made)
                put(made, at)
                continue
            else:
                continue
            for change in w.on_disk:
                change(name, image)
            put(image, at)
            os.unlink(image)
        real = w.layout.get("real", {})
        if w.uefi:
            kinds = {"system": ("esp", "EFI system partition", 0x8000000000000000), "msr": ("msr", "Microsoft reserved partition", 0x8000000000000000), "windows": ("basic", "Basic data partition", 0), "recovery": ("recovery", "", 0x8000000000000001)}
            entries = [(w.layout.get("types", {}).get(n, kinds[n][0]), real.get(n, GUIDS[n]), at // SECTOR, (at + size) // SECTOR - 1, kinds[n][2], kinds[n][1]) for n, (at, size) in places.items()]
            pieces = gpt(real.get("disk", w.layout["disk"]), entries, end // SECTOR)
        else:
            active = w.layout.get("active", system)
            kind = w.layout.get("kind", 0x07)
            pieces = [(0, mbr(real.get("signature", w.layout["signature"]), [(n == active, kind, at // SECTOR, size // SECTOR) for n, (at, size) in places.items()]))]
        for at, data in pieces + w.layout.get("patches", []):
            disk.seek(at); disk.write(data)
    run("qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", "-o", "cluster_size=" + str(w.layout.get("cluster", 4096)), raw, out)
    os.unlink(raw)
