"""The images: healthy Windows of each generation, and broken ones, each a healthy one with one change.

The table ../../windows-images.tsv says what each launch of them must come to, and why.
"""
import struct

import bcd
from damage import dirty_volume, encrypt, hidden_sectors, mirror_differs, other_boot_code
from guest import CBS, CDROM, CV, DISKS, KEYBOARD, NET, NIC, NT, SCSI, SYSTEM_CLASS, VIRTIO, VOLUMES, Windows, mark, sam_hive
from hive import base_block, bins, expand
from pe import CONSOLE, NATIVE

IMAGES = {}
DRIVERS = "Windows\\System32\\drivers"
CONFIG = "Windows\\System32\\config"
FIREWALL = "Services\\SharedAccess\\Parameters\\FirewallPolicy"
RDP_RULE = "RemoteDesktop-UserMode-In-TCP"


def image(called, **base):
    """Registers a change of a healthy guest (of Server 2022 unless `base` says otherwise) as the image `called`."""
    def register(change):
        def make():
            w = Windows(**base)
            change(w)
            return w
        IMAGES[f"windows-{called}.qcow2"] = make
        return change
    return register


def bios(called, generation="2016", **base):
    return image(called, name=generation, uefi=False, **base)


def healthy(called, **base):
    image(called, **base)(lambda w: None)


# ---- healthy, and odd but sound ----------------------------------------------------------------------------------

@image("2022-uefi")
def _(w):
    w.layout["partitions"] = ["system", "msr", "windows"]    # as images of clouds are, without a recovery partition


healthy("2022-recovery-uefi")
healthy("2008r2-bios", name="2008r2")
healthy("7-bios", name="7")
healthy("7-x86-bios", name="7-x86")
healthy("2012r2-bios", name="2012r2")
healthy("8.1-uefi", name="8.1")
healthy("2016-uefi", name="2016")
healthy("2016-bios", name="2016", uefi=False)
healthy("2019-uefi", name="2019")
healthy("2019-bios", name="2019", uefi=False)
healthy("10-uefi", name="10")
healthy("11-uefi", name="11")
healthy("2025-uefi", name="2025")
healthy("23h2-core-uefi", name="23h2")
healthy("11-arm64-uefi", name="11-arm64")
healthy("2008-bios", name="2008")


@bios("single-partition")
def _(w):
    w.layout["partitions"] = ["windows"]


@image("compactos")
def _(w):
    for name, size in (("ntoskrnl.exe", 300000), ("winload.efi", 90000)):   # of several chunks
        path = f"Windows/System32/{name}"
        w.files[path] += b"".join(struct.pack("<II", n, n * n & 0xFFFF) for n in range(size // 8))
    for path in list(w.files):
        if path.startswith("Windows/") and path.endswith((".exe", ".dll", ".sys", ".efi")):
            w.packed.add((path, "lzx" if path.endswith("ntoskrnl.exe") else "xpress4k"))


@image("paths-other-case")
def _(w):
    def louder(path):
        head, slash, rest = path.partition("/")
        if head != "Windows":
            return path
        return "WINDOWS/" + rest.replace("System32/drivers/", "SYSTEM32/DRIVERS/", 1).replace("System32/", "SYSTEM32/", 1)
    w.on_files.append(lambda files: {louder(p): d for p, d in files.items()})


@image("windows-old")
def _(w):
    old = Windows("2016")
    old.finish()
    for name in ("SYSTEM", "SOFTWARE", "SAM", "SECURITY", "DEFAULT"):
        w.file(f"Windows.old\\WINDOWS\\System32\\config\\{name}", old.files[f"Windows/System32/config/{name}"])
    w.file("Windows.old\\WINDOWS\\System32\\ntoskrnl.exe", old.files["Windows/System32/ntoskrnl.exe"])


# ---- GUESTOS.Virtio, WIN.NetDriver, WIN.Nvme ---------------------------------------------------------------------

@image("virtio-not-installed")
def _(w):
    for driver in VIRTIO:
        w.remove(driver)


@image("virtio-staged-only")
def _(w):
    for driver in ("viostor", "vioscsi"):
        w.remove(driver)
        w.stage(driver)


@image("virtio-start3")
def _(w):
    w.service("viostor", Start=3)
    w.service("vioscsi", Start=3)


@image("virtio-disabled")
def _(w):
    w.service("viostor", Start=4)


@image("virtio-start-override")
def _(w):
    w.override("viostor")


@image("virtio-start-override-0")
def _(w):
    w.override("viostor", 0)
    w.service("viostor", Start=3)


@image("virtio-file-missing")
def _(w):
    w.file(f"{DRIVERS}\\viostor.sys", None)


@image("virtio-file-zero-length")
def _(w):
    w.file(f"{DRIVERS}\\viostor.sys", b"")


@image("virtio-wrong-machine")
def _(w):
    w.file(f"{DRIVERS}\\viostor.sys", w.third_party("viostor.sys", "Red Hat, Inc.", "Red Hat VirtIO", (100, 95, 104, 26200), arch="x86"))


@image("virtio-file-placeholder")
def _(w):
    w.file(f"{DRIVERS}\\viostor.sys", "version https://git-lfs.github.com/spec/v1\noid sha256:0000\nsize 84016\n")


@image("virtio-unbound")
def _(w):
    w.unbind("viostor")


@image("virtio-bound-by-enum-only")
def _(w):
    record = w.system.find(f"{w.ccs}\\Enum\\PCI")
    kept = {n: k for n, k in record.subkeys.items() if "dev_1001" in n}
    w.unbind("viostor")
    w.system.find(f"{w.ccs}\\Enum\\PCI").subkeys.update(kept)


@image("virtio-modern-id-only")
def _(w):
    for ident in ("VEN_1AF4&DEV_1001&SUBSYS_00021AF4&REV_00",):
        w.system.drop(f"DriverDatabase\\DeviceIds\\PCI\\{ident}")
        w.system.drop(f"DriverDatabase\\DriverPackages\\{w.package('viostor.inf')}\\Descriptors\\PCI\\{ident}")
        w.system.drop(f"{w.ccs}\\Enum\\PCI\\{ident}")


@image("virtio-viostor-only")
def _(w):
    w.remove("vioscsi")


@image("virtio-vioscsi-only")
def _(w):
    w.remove("viostor")


@image("virtio-package-inactive")
def _(w):
    w.system.set("DriverDatabase\\DriverInfFiles\\oem3.inf", Active=None)


@image("virtio-guestor")
def _(w):
    """As virt-v2v writes it: a package of its own making that binds the ids."""
    for driver in ("viostor", "vioscsi"):
        w.unbind(driver)
        w.system.drop(f"{w.ccs}\\Services\\{driver}")
    w.service("viostor", Type=1, Start=0, Group="SCSI miniport", ErrorControl=1, ImagePath=expand("system32\\drivers\\viostor.sys"))
    label, db = "guestor.inf_amd64_0000000000000000", "DriverDatabase"
    w.system.set(f"{db}\\DriverInfFiles\\guestor.inf", {"": [label], "Active": label, "Configurations": ["guestor_conf"]})
    version = bytes.fromhex("00ff0900000000007be9364d25e3ce11bfc108002be1031800808ca3c594c601b1 1d b1 1d 00 00 06 00".replace(" ", "")).ljust(48, b"\0")
    w.system.set(f"{db}\\DriverPackages\\{label}", {"": "guestor.inf", "Version": version})
    w.system.set(f"{db}\\DriverPackages\\{label}\\Configurations\\guestor_conf", ConfigFlags=0, Service="viostor")
    for ident in ("VEN_1AF4&DEV_1001&SUBSYS_00021AF4&REV_00", "VEN_1AF4&DEV_1042&SUBSYS_11001AF4&REV_01"):
        w.system.set(f"{db}\\DeviceIds\\PCI\\{ident}", {"guestor.inf": bytes.fromhex("01ff0000")})
        w.system.set(f"{db}\\DriverPackages\\{label}\\Descriptors\\PCI\\{ident}", Configuration="guestor_conf")
    w.software.set(CV, DevicePath=expand("%SystemRoot%\\inf;%SystemRoot%\\Drivers\\VirtIO"))


@image("virtio-control-set-2-good", control_set=2)
def _(w):
    w.system.copy("ControlSet002", "ControlSet001")
    w.system.set("ControlSet001\\Services\\viostor", Start=3)
    w.system.set("Select", Failed=1, LastKnownGood=2)


@image("virtio-control-set-2-bad", control_set=2)
def _(w):
    w.system.copy("ControlSet002", "ControlSet001")
    w.system.set("ControlSet002\\Services\\viostor", Start=3)
    w.system.set("Select", LastKnownGood=1)


@image("virtio-default-path")
def _(w):
    w.service("viostor", ImagePath=None)


@image("virtio-driverstore-path")
def _(w):
    w.service("viostor", ImagePath=expand(f"\\SystemRoot\\System32\\DriverStore\\FileRepository\\{w.package('viostor.inf')}\\viostor.sys"))
    w.file(f"{DRIVERS}\\viostor.sys", None)


@image("virtio-absolute-path")
def _(w):
    w.service("viostor", ImagePath=expand("\\??\\C:\\Windows\\System32\\drivers\\viostor.sys"))


@image("virtio-names-other-case")
def _(w):
    w.system.rename(f"{w.ccs}\\Services\\viostor", "VioStor")
    w.service("VioStor", ImagePath=expand("SYSTEM32\\DRIVERS\\VIOSTOR.SYS"))


@bios("virtio-unbound-2008r2", "2008r2")
def _(w):
    w.unbind("viostor")


@image("netkvm-missing")
def _(w):
    w.remove("netkvm")


@image("netkvm-staged-only")
def _(w):
    w.remove("netkvm")
    w.stage("netkvm")


@image("netkvm-staged-other-arch")
def _(w):
    w.remove("netkvm")
    w.stage("netkvm", arch="x86")
    for path in [p for p in w.files if "netkvm.inf_amd64" in p]:
        w.files[path.replace("netkvm.inf_amd64", "netkvm.inf_x86")] = w.files.pop(path)


@image("netkvm-staged-install-disabled")
def _(w):
    w.remove("netkvm")
    w.stage("netkvm")
    w.system.set(f"{w.ccs}\\Services\\DeviceInstall\\Parameters", DeviceInstallDisabled=1)


@image("nvme-start-override")
def _(w):
    w.override("stornvme")


@image("nvme-disabled")
def _(w):
    w.service("stornvme", Start=4)


@image("nvme-file-missing")
def _(w):
    w.file(f"{DRIVERS}\\stornvme.sys", None)


@image("ahci-start-override")
def _(w):
    w.override("storahci")


# ---- GUESTOS.BCD, OSLoader, BootMgr ------------------------------------------------------------------------------

def bcd_elements(called, object, elements, maker=image, *more, **base):
    """An image with other elements in one object of the boot store."""
    @maker(called, *more, **base)
    def _(w):
        w.on_bcd.append(lambda store, _: [store.set(object, n, v) for n, v in elements.items()])


@image("bcd-missing")
def _(w):
    w.system_files["EFI/Microsoft/Boot/BCD"] = None


@bios("bcd-missing-bios")
def _(w):
    w.system_files["Boot/BCD"] = None


@image("bcd-corrupt")
def _(w):
    w.system_files["EFI/Microsoft/Boot/BCD"] = bytes(16384)


@image("bcd-no-boot-manager")
def _(w):
    w.on_bcd.append(lambda store, _: store.drop(bcd.BOOTMGR))


@image("bcd-no-loader")
def _(w):
    w.on_bcd.append(lambda store, _: store.drop(bcd.DEFAULT))


@image("bcd-disk-guid-changed")
def _(w):
    w.layout["real"] = {"disk": "c0de0000-2022-4000-8000-0000000000ff"}


@image("bcd-partition-guid-changed")
def _(w):
    w.layout["real"] = {"windows": "c0de0000-2022-4000-8000-0000000000ff"}


@bios("bcd-mbr-signature-changed")
def _(w):
    w.layout["real"] = {"signature": 0xC0DE9999}


@bios("bcd-partition-moved")
def _(w):
    def moved(store, places):
        where = ("mbr", places["windows"][0] - (4 << 20), w.layout["signature"])
        for number in (0x11000001, 0x21000001):
            store.set(bcd.DEFAULT, number, where)
    w.on_bcd.append(moved)


@image("bcd-boot-manager-device-mismatch")
def _(w):
    w.on_bcd.append(lambda store, _: store.set(bcd.BOOTMGR, 0x11000001, ("gpt", "c0de0000-2022-4000-8000-0000000000ff", w.layout["disk"])))


@image("bcd-boot-device")
def _(w):
    def template(store, _):
        store.set(bcd.DEFAULT, 0x11000001, bcd.BOOT_DEVICE)
        store.set(bcd.DEFAULT, 0x21000001, bcd.BOOT_DEVICE)
    w.on_bcd.append(template)


@bios("bcd-boot-device-bios")
def _(w):
    w.layout["partitions"] = ["windows"]
    def template(store, _):
        for object, number in ((bcd.BOOTMGR, 0x11000001), (bcd.DEFAULT, 0x11000001), (bcd.DEFAULT, 0x21000001)):
            store.set(object, number, bcd.BOOT_DEVICE)
    w.on_bcd.append(template)


bcd_elements("bcd-loader-path-wrong", bcd.DEFAULT, {0x12000002: "\\Windows\\system32\\boot\\winload2.efi"})
bcd_elements("bcd-systemroot-wrong", bcd.DEFAULT, {0x22000002: "\\WINNT"})
bcd_elements("bcd-firmware-mismatch-uefi", bcd.DEFAULT, {0x12000002: "\\Windows\\system32\\winload.exe"})
bcd_elements("bcd-firmware-mismatch-bios", bcd.DEFAULT, {0x12000002: "\\Windows\\system32\\winload.efi"}, bios)
bcd_elements("bcd-safe-mode", bcd.DEFAULT, {0x25000080: 0})
bcd_elements("bcd-safe-mode-network", bcd.DEFAULT, {0x25000080: 1})
bcd_elements("bcd-boot-sequence", bcd.BOOTMGR, {0x24000002: [bcd.MEMDIAG]})
bcd_elements("bcd-default-memtest", bcd.BOOTMGR, {0x23000003: bcd.MEMDIAG, 0x24000001: [bcd.MEMDIAG, bcd.DEFAULT]})
bcd_elements("bcd-default-recovery", bcd.BOOTMGR, {0x23000003: bcd.WINRE, 0x24000001: [bcd.WINRE, bcd.DEFAULT]})
bcd_elements("bcd-default-not-in-order", bcd.BOOTMGR, {0x23000003: bcd.MEMDIAG})
bcd_elements("bcd-no-default", bcd.BOOTMGR, {0x23000003: None})
bcd_elements("bcd-no-default-no-order", bcd.BOOTMGR, {0x23000003: None, 0x24000001: None})
bcd_elements("bcd-default-unknown", bcd.BOOTMGR, {0x23000003: "{deadbeef-0000-4000-8000-000000000000}", 0x24000001: ["{deadbeef-0000-4000-8000-000000000000}"]})
bcd_elements("bcd-test-signing", bcd.DEFAULT, {0x16000049: 1})
bcd_elements("bcd-no-integrity-checks", bcd.DEFAULT, {0x16000048: 1})
bcd_elements("bcd-timeout-long", bcd.BOOTMGR, {0x25000004: 600})
bcd_elements("bcd-ems", bcd.DEFAULT, {0x26000022: 0, 0x260000B0: 1})
bcd_elements("bcd-no-recovery", bcd.DEFAULT, {0x16000009: 0, 0x250000E0: 1})


@image("bcd-vhd")
def _(w):
    def native(store, places):
        # Native start from a virtual disk: a local device of kind file (4) on the Windows partition.
        path = "\\vhd\\server.vhdx\0".encode("utf-16-le")
        rest = bcd.partition(("gpt", "c0de0000-2022-4000-8000-00000000000c", w.layout["disk"])) + path
        file = struct.pack("<III", 1, 12 + len(rest), 5) + rest
        device = bytes(16) + bcd.descriptor(0, 0, struct.pack("<I", 4) + bytes(20) + file)
        for number in (0x11000001, 0x21000001):
            store.set(bcd.DEFAULT, number, device)
    w.on_bcd.append(native)


@image("bcd-second-store")
def _(w):
    """An old store of a BIOS start lies on C:, with ids of another disk; the one on the ESP is good."""
    from hive import hive
    old = bcd.store("Windows Server 2012 R2", False, ("mbr", 1 << 20, 0xDEADBEEF), ("mbr", 101 << 20, 0xDEADBEEF))
    w.file("Boot\\BCD", hive(old.root, "Boot\\BCD", 3))
    w.file("bootmgr", b"\xe9\xd5\x01" + bytes(1000))


@bios("bcd-second-store-bios")
def _(w):
    """The store on C: has the ids of another disk; the one on the active partition is good."""
    from hive import hive
    old = bcd.store("Windows 7", False, ("mbr", 1 << 20, 0xDEADBEEF), ("mbr", 101 << 20, 0xDEADBEEF))
    w.file("Boot\\BCD", hive(old.root, "Boot\\BCD", 3))


@image("osloader-missing")
def _(w):
    w.file("Windows\\System32\\winload.efi", None)


@bios("osloader-missing-bios")
def _(w):
    w.file("Windows\\System32\\winload.exe", None)


@image("osloader-damaged")
def _(w):
    w.file("Windows\\System32\\winload.efi", w.files["Windows/System32/winload.efi"][:0x180])


@image("osloader-wrong-architecture")
def _(w):
    w.file("Windows\\System32\\winload.efi", w.driver_file("winload.efi", arch="arm64", subsystem=16))


@bios("bootmgr-missing")
def _(w):
    w.system_files["bootmgr"] = None


@bios("bootmgr-on-c-only")
def _(w):
    from disk import bootmgr
    w.system_files["bootmgr"] = None
    w.file("bootmgr", bootmgr(w))


@bios("bootmgr-compressed")
def _(w):
    w.compressed.add("bootmgr")


@bios("bootmgr-wrong-active")
def _(w):
    w.layout["active"] = "windows"


@bios("bootmgr-no-active")
def _(w):
    w.layout["active"] = "none"


@bios("bootmgr-mbr-code-zeroed")
def _(w):
    w.layout["patches"] = [(0, bytes(440))]


@bios("bootmgr-mbr-signature-zeroed")
def _(w):
    w.layout["patches"] = [(510, bytes(2))]


@bios("bootmgr-other-boot-code")
def _(w):
    w.on_disk.append(other_boot_code("system"))


@bios("bootmgr-hidden-sectors")
def _(w):
    w.on_disk.append(hidden_sectors("system", 63))


@image("bootmgfw-missing")
def _(w):
    w.system_files["EFI/Microsoft/Boot/bootmgfw.efi"] = None


@image("efi-fallback-missing")
def _(w):
    w.system_files["EFI/Boot"] = None


@image("efi-nothing")
def _(w):
    w.system_files |= {"EFI/Boot": None, "EFI/Microsoft/Boot/bootmgfw.efi": None}


@image("bootmgfw-wrong-machine")
def _(w):
    wrong = w.driver_file("bootmgfw.efi", arch="x86", subsystem=10, pdb="bootmgfw.pdb")
    w.system_files |= {"EFI/Microsoft/Boot/bootmgfw.efi": wrong, "EFI/Boot/bootx64.efi": wrong}


# ---- GUESTOS.Registry ---------------------------------------------------------------------------------------------

@image("registry-system-missing")
def _(w):
    w.hives["SYSTEM"] = None


@image("registry-software-missing")
def _(w):
    w.hives["SOFTWARE"] = None


@image("registry-sam-missing")
def _(w):
    w.hives["SAM"] = None


def broken_hive(called, name, change, **base):
    """An image with a hive whose bytes were changed after it was made."""
    @image(called, **base)
    def _(w):
        tree = {"SYSTEM": w.system, "SOFTWARE": w.software, "SAM": w.sam, "COMPONENTS": w.components}[name]
        data, root = bins(tree)
        w.hives[name] = bytes(change(bytearray(base_block(f"emRoot\\System32\\Config\\{name}", len(data), root, 10) + data)))


def scribble(data, start, stop):
    data[start:stop] = bytes(stop - start)
    return data


broken_hive("registry-system-header-zeroed", "SYSTEM", lambda d: scribble(d, 0, 4096))
broken_hive("registry-system-root-zeroed", "SYSTEM", lambda d: scribble(d, 4096, 8192))
broken_hive("registry-system-truncated", "SYSTEM", lambda d: d[:8192])
broken_hive("registry-software-header-zeroed", "SOFTWARE", lambda d: scribble(d, 0, 4096))
broken_hive("registry-components-header-zeroed", "COMPONENTS", lambda d: scribble(d, 0, 4096))
broken_hive("registry-system-checksum", "SYSTEM", lambda d: d[:508] + bytes(b ^ 0x5A for b in d[508:512]) + d[512:])


def logged(called, form, before, after, **base):
    """An image whose SYSTEM hive is dirty: the file has the state `before`, only the log has `after`."""
    @image(called, **base)
    def _(w):
        other = Windows(**base)
        from disk import layout, mounted_devices
        mounted_devices(other, layout(other)[0])
        before(other)
        after(w)
        w.logs["SYSTEM"] = (other.system, form)


def start(number):
    return lambda w: w.service("viostor", Start=number)


logged("registry-log-mends", "new", start(3), start(0), name="2022")
logged("registry-log-breaks", "new", start(0), start(3), name="2022")
logged("registry-old-log-mends", "old", start(3), start(0), name="2008r2")
logged("registry-old-log-breaks", "old", start(0), start(3), name="2008r2")


@image("registry-dirty-without-log")
def _(w):
    data, root = bins(w.system)
    w.hives["SYSTEM"] = base_block("emRoot\\System32\\Config\\SYSTEM", len(data), root, 11, 10) + data


@image("registry-no-control-set")
def _(w):
    w.system.set("Select", Default=3, Current=3)


# ---- GUESTOS.Hotfix -----------------------------------------------------------------------------------------------

def package(w, name, version, state=0x70, **more):
    w.software.set(f"{CBS}\\Packages\\{name}~31bf3856ad364e35~amd64~~{version}", CurrentState=state, **more)


def no_sha2(w):
    for kb, version in (("KB4474419", "6.1.3.2"), ("KB4490628", "6.1.1.2")):
        w.software.drop(f"{CBS}\\Packages\\Package_for_{kb}~31bf3856ad364e35~amd64~~{version}")
    for name in ("ntoskrnl.exe", "ci.dll", "hal.dll"):
        w.file(f"Windows\\System32\\{name}", w.driver_file(name, version=(6, 1, 7601, 17514), dll=name.endswith("dll")))


image("hotfix-2008r2-no-sha2", name="2008r2")(no_sha2)


@image("hotfix-2008r2-kb3033929-superseded", name="2008r2")
def _(w):
    no_sha2(w)
    package(w, "Package_for_KB3033929", "6.1.1.1", 0x50)
    package(w, "Package_for_KB4474419", "6.1.3.2")


@image("hotfix-2008r2-rollup", name="2008r2")
def _(w):
    no_sha2(w)
    package(w, "Package_for_RollupFix", "7601.24545.1.8", InstallLocation="\\\\?\\C:\\Windows\\SoftwareDistribution\\Download\\Windows6.1-KB4534310-x64.cab\\")
    for name in ("ntoskrnl.exe", "ci.dll"):
        w.file(f"Windows\\System32\\{name}", w.driver_file(name, dll=name.endswith("dll")))


@image("hotfix-2008r2-staged", name="2008r2")
def _(w):
    no_sha2(w)
    package(w, "Package_for_KB3033929", "6.1.1.1", 0x40)


def update(called, build, ubr, generation, more=lambda w: None):
    @image(called, name=generation)
    def _(w):
        w.software.set(NT, UBR=ubr)
        old = f"{build}.{w.generation.ubr}"
        w.software.drop(f"{CBS}\\Packages\\Package_for_RollupFix~31bf3856ad364e35~amd64~~{old}.1.6")
        package(w, "Package_for_RollupFix", f"{build}.{ubr}.1.6")
        w.file("Windows\\System32\\ntoskrnl.exe", w.driver_file("ntoskrnl.exe", version=(10, 0, build, ubr)))
        more(w)


update("hotfix-2019-known-bad", 17763, 2452, "2019")
update("hotfix-2019-superseded", 17763, 5820, "2019", lambda w: package(w, "Package_for_RollupFix", "17763.2452.1.6", 0x50))
update("hotfix-2022-known-bad-dc", 20348, 469, "2022", lambda w: domain_controller(w))


@image("hotfix-2012r2-known-bad", name="2012r2")
def _(w):
    w.software.set(NT, UBR=20246)
    w.software.drop(f"{CBS}\\Packages\\Package_for_RollupFix~31bf3856ad364e35~amd64~~9600.21620.1.12")
    package(w, "Package_for_KB5009595", "6.3.1.1")


@image("hotfix-2012r2-superseded", name="2012r2")
def _(w):
    package(w, "Package_for_KB5009595", "6.3.1.1", 0x50)


# ---- GUESTOS.Disk, WIN.ClassFilters, WIN.BootStartDrivers ----------------------------------------------------------

def filters(called, cls, upper=None, lower=None, more=lambda w: None):
    @image(called)
    def _(w):
        for name, value in (("UpperFilters", upper), ("LowerFilters", lower)):
            if value is not None:
                w.control(f"Class\\{cls}", {name: value})
        more(w)


def foreign_driver(w, name, company, product, start=0, error=1, file=True, group="Filter", **more):
    w.service(name, Type=1, Start=start, ErrorControl=error, Group=group, ImagePath=expand(f"System32\\drivers\\{name}.sys"), DisplayName=product, **more)
    if file:
        w.file(f"{DRIVERS}\\{name}.sys", w.third_party(f"{name}.sys", company, product))


filters("disk-filter-orphan", DISKS, upper=["partmgr", "snapman"])
filters("disk-filter-file-missing", DISKS, lower=["EhStorClass", "prl_strg"], more=lambda w: foreign_driver(w, "prl_strg", "Parallels", "Parallels Storage Filter", file=False))
filters("disk-filter-intact", DISKS, upper=["partmgr", "snapman"], more=lambda w: foreign_driver(w, "snapman", "Acronis International GmbH", "Acronis Snapshot API"))
filters("disk-filter-start3", DISKS, upper=["partmgr", "snapman"], more=lambda w: foreign_driver(w, "snapman", "Acronis International GmbH", "Acronis Snapshot API", start=3))
filters("disk-filter-disabled", DISKS, upper=["partmgr", "snapman"], more=lambda w: foreign_driver(w, "snapman", "Acronis International GmbH", "Acronis Snapshot API", start=4))
filters("disk-no-partmgr", DISKS, upper=[])
filters("disk-filter-padded", DISKS, upper=["partmgr ", "", "partmgr"])
filters("disk-system-filter-file-missing", DISKS, more=lambda w: w.file(f"{DRIVERS}\\EhStorClass.sys", None))
filters("classfilters-volume-orphan", VOLUMES, upper=["volsnap", "tdrpman"])
filters("classfilters-scsi-orphan", SCSI, upper=["scsifilt"])
filters("classfilters-system-orphan", SYSTEM_CLASS, lower=["ghostbus"])
filters("classfilters-cdrom-orphan", CDROM, upper=["GEARAspiWDM"])
filters("classfilters-net-orphan", NET, upper=["netflt"])
filters("classfilters-keyboard-missing", KEYBOARD, upper=["kbdclass"], more=lambda w: w.file(f"{DRIVERS}\\kbdclass.sys", None))
filters("classfilters-keyboard-orphan", KEYBOARD, upper=["kbdclass", "keylog"])


@image("bootdrivers-critical-missing")
def _(w):
    w.file(f"{DRIVERS}\\pci.sys", None)


@image("bootdrivers-wrong-machine")
def _(w):
    w.file(f"{DRIVERS}\\volmgr.sys", w.driver_file("volmgr.sys", arch="x86"))


@image("bootdrivers-zero-length")
def _(w):
    w.file(f"{DRIVERS}\\mountmgr.sys", b"")


@image("bootdrivers-disk-disabled")
def _(w):
    w.service("disk", Start=4)


@image("bootdrivers-third-party-missing")
def _(w):
    foreign_driver(w, "epfwwfp", "ESET", "ESET Epfw", file=False)


@image("bootdrivers-third-party-critical-missing")
def _(w):
    foreign_driver(w, "PGPwded", "PGP Corporation", "PGP Whole Disk Encryption", error=3, file=False)


@image("bootdrivers-deleted")
def _(w):
    foreign_driver(w, "oldav", "Example", "Old antivirus", error=3, file=False, DeleteFlag=1)
    w.service("oldav", Start=4)


@image("bootdrivers-other-hypervisors")
def _(w):
    foreign_driver(w, "pvscsi", "VMware, Inc.", "VMware PVSCSI", group="SCSI miniport")
    foreign_driver(w, "LSI_SCSI2", "LSI", "LSI Adapter", group="SCSI miniport")


@image("kernel-missing")
def _(w):
    w.file("Windows\\System32\\ntoskrnl.exe", None)


@image("hal-missing")
def _(w):
    w.file("Windows\\System32\\hal.dll", None)


# ---- GUESTOS.Sysprep -----------------------------------------------------------------------------------------------

def setup(called, state=None, generalization=7, cleanup=2, ini=True, more=lambda w: None, generation="2022", **values):
    @image(called, name=generation)
    def _(w):
        w.system.set("Setup", values)
        w.system.set("Setup\\Status\\SysprepStatus", GeneralizationState=generalization, CleanupState=cleanup)
        if state is not None:
            w.software.set(f"{CV}\\Setup\\State", ImageState=state)
            if ini:
                w.file("Windows\\Setup\\State\\State.ini", f"[State]\r\nImageState={state}\r\n")
        more(w)


OOBE = {"SystemSetupInProgress": 1, "SetupType": 2, "SetupPhase": 4, "OOBEInProgress": 1, "CmdLine": "oobe\\windeploy.exe"}
ANSWERS = b"""<?xml version="1.0" encoding="utf-8"?>
<unattend xmlns="urn:schemas-microsoft-com:unattend">
  <settings pass="oobeSystem">
    <component name="Microsoft-Windows-Shell-Setup" processorArchitecture="amd64" publicKeyToken="31bf3856ad364e35" language="neutral" versionScope="nonSxS">
      <OOBE><HideEULAPage>true</HideEULAPage><SkipMachineOOBE>true</SkipMachineOOBE><SkipUserOOBE>true</SkipUserOOBE><NetworkLocation>Work</NetworkLocation></OOBE>
      <UserAccounts><AdministratorPassword><Value>Q2hhbmdlTWUx</Value><PlainText>false</PlainText></AdministratorPassword></UserAccounts>
    </component>
  </settings>
</unattend>
"""


def generalized(w):
    w.file("Windows\\System32\\Sysprep\\Sysprep_succeeded.tag", "")
    w.file("Windows\\System32\\Sysprep\\Panther\\setupact.log", "SYSPRP ShutDownSysPrep\r\n")
    w.file("Windows\\Panther\\unattend.xml", ANSWERS)


setup("sysprep-generalized", "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE", more=generalized, **OOBE)
setup("sysprep-generalized-no-answers", "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE", more=lambda w: (w.file("Windows\\System32\\Sysprep\\Sysprep_succeeded.tag", ""), no_agent(w)), **OOBE)
setup("sysprep-generalized-agent-only", "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE", more=lambda w: w.file("Windows\\System32\\Sysprep\\Sysprep_succeeded.tag", ""), **OOBE)
setup("sysprep-audit-generalized", "IMAGE_STATE_GENERALIZE_RESEAL_TO_AUDIT", **OOBE)
setup("sysprep-audit", "IMAGE_STATE_SPECIALIZE_RESEAL_TO_AUDIT", SystemSetupInProgress=1, SetupType=2, CmdLine="oobe\\audit.exe")
setup("sysprep-specialize-windeploy", "IMAGE_STATE_SPECIALIZE_RESEAL_TO_OOBE", **OOBE)
setup("sysprep-specialize-interrupted", "IMAGE_STATE_SPECIALIZE_RESEAL_TO_OOBE", SystemSetupInProgress=1, SetupType=2, CmdLine="oobe\\setup.exe")
setup("sysprep-undeployable", "IMAGE_STATE_UNDEPLOYABLE", generalization=3, cleanup=1, SystemSetupInProgress=1, SetupType=2, CmdLine="oobe\\windeploy.exe")
setup("sysprep-complete-in-progress", "IMAGE_STATE_COMPLETE", SystemSetupInProgress=1, SetupType=2, CmdLine="C:\\Temp\\setup.cmd")
setup("sysprep-complete-command", "IMAGE_STATE_COMPLETE", SetupType=2, CmdLine="cmd.exe /c C:\\Migrate\\firstboot.bat")
setup("sysprep-setup-loop", "IMAGE_STATE_COMPLETE", SystemSetupInProgress=1, SetupType=2, CmdLine="")
setup("sysprep-generalization-3", "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE", generalization=3, cleanup=1, **OOBE)
setup("sysprep-generalization-3-complete", "IMAGE_STATE_COMPLETE", generalization=3, cleanup=7)
setup("sysprep-state-ini-lags", "IMAGE_STATE_COMPLETE", ini=False, more=lambda w: w.file("Windows\\Setup\\State\\State.ini", "[State]\r\nImageState=IMAGE_STATE_SPECIALIZE_RESEAL_TO_OOBE\r\n"))
setup("sysprep-state-missing", more=lambda w: w.software.drop(f"{CV}\\Setup\\State"), generation="2008")


# ---- GUESTOS.Update -----------------------------------------------------------------------------------------------

PENDING = b"""<?xml version='1.0' encoding='utf-8'?>
<PendingTransaction Version="3.1" Identifier="01da8b1a00000000" ><Actions><MoveFile source="\\SystemRoot\\WinSxS\\Temp\\a" destination="\\SystemRoot\\System32\\ntoskrnl.exe"/></Actions></PendingTransaction>
"""


@image("update-interrupted")
def _(w):
    w.file("Windows\\WinSxS\\pending.xml", PENDING)
    w.control("Session Manager", SETUPEXECUTE=["\\SystemRoot\\System32\\poqexec.exe /display_progress \\SystemRoot\\WinSxS\\pending.xml"])
    w.software.set(f"{CBS}\\RebootInProgress")
    w.software.set(f"{CBS}\\RebootPending")
    w.components.put("PendingXmlIdentifier", "01da8b1a00000000".encode())
    w.components.put("ExecutionState", 1)
    w.components.put("NextQueueEntryIndex", 12)


@image("update-reboot-pending")
def _(w):
    w.software.set(f"{CBS}\\RebootPending")


@image("update-reboot-required")
def _(w):
    w.software.set(f"{CV}\\WindowsUpdate\\Auto Update\\RebootRequired", {"c0de0000-0000-4000-8000-000000000001": 1})


@image("update-packages-pending")
def _(w):
    w.software.set(f"{CBS}\\PackagesPending\\Package_for_RollupFix~31bf3856ad364e35~amd64~~20348.2527.1.6")
    package(w, "Package_for_RollupFix", "20348.2527.1.6", 0x60)


@image("update-session-exclusive")
def _(w):
    w.software.set(f"{CBS}\\SessionsPending", Exclusive=3, TotalSessionPhases=1)


@image("update-renames-only")
def _(w):
    w.control("Session Manager", PendingFileRenameOperations=["\\??\\C:\\ProgramData\\Example\\av.tmp", "", "\\??\\C:\\Windows\\Temp\\x.tmp", ""])


@image("update-renames-boot-driver")
def _(w):
    w.control("Session Manager", PendingFileRenameOperations=["\\??\\C:\\Windows\\System32\\drivers\\viostor.sys", ""])


@image("update-old-pending-copy")
def _(w):
    w.file("Windows\\WinSxS\\pending.xml.bad", PENDING)


@image("update-in-place-upgrade", name="2019")
def _(w):
    w.file("$WINDOWS.~BT\\Sources\\SetupPlatform.exe", w.driver_file("SetupPlatform.exe"))
    w.system.set("Setup\\MoSetup\\Volatile", SetupProgress=40)
    w.system.set("Setup\\Upgrade", CommandLine="setupplat.exe")
    w.system.set("Setup", SystemSetupInProgress=1, SetupType=1, CmdLine="C:\\$WINDOWS.~BT\\Sources\\SetupPlatform.exe /preinstall", Upgrade=1)


# ---- GUESTOS.Xen --------------------------------------------------------------------------------------------------

@bios("xen-hide-devices", "2012r2")
def _(w):
    foreign_driver(w, "xenpci", "Citrix Systems, Inc.", "Xen PCI", group="Boot Bus Extender")
    w.system.set(f"{w.ccs}\\Services\\XenPCI\\Parameters", hide_devices=["VEN_8086&DEV_7010", "VEN_1AF4"])


@bios("xen-hide-devices-empty", "2012r2")
def _(w):
    w.system.set(f"{w.ccs}\\Services\\XenPCI\\Parameters", hide_devices="")


@bios("xen-filter-missing", "2012r2")
def _(w):
    w.control(f"Class\\{SYSTEM_CLASS}", UpperFilters=["xenfilt"])
    foreign_driver(w, "xenfilt", "Citrix Systems, Inc.", "Citrix XenServer generic filter", file=False)


@bios("xen-boot-driver-missing", "2012r2")
def _(w):
    foreign_driver(w, "xenbus", "Citrix Systems, Inc.", "Citrix XenServer bus", error=3, file=False, group="Boot Bus Extender")


@bios("xen-intact", "2012r2")
def _(w):
    for name in ("xenbus", "xenvbd", "xenfilt"):
        foreign_driver(w, name, "Citrix Systems, Inc.", "Citrix PV driver", group="Boot Bus Extender")
    w.control(f"Class\\{SYSTEM_CLASS}", UpperFilters=["xenfilt"])


# ---- GUESTOS.Server, DesktopConfig, Vminit, StandardizedTimezone ---------------------------------------------------------

@image("server-install-disabled")
def _(w):
    w.system.set(f"{w.ccs}\\Services\\DeviceInstall\\Parameters", DeviceInstallDisabled=1)


@image("server-install-disabled-2008r2", name="2008r2")
def _(w):
    w.system.set(f"{w.ccs}\\Services\\PlugPlay\\Parameters", DeviceInstallDisabled=1)


@image("server-install-restricted")
def _(w):
    w.software.set("Policies\\Microsoft\\Windows\\DeviceInstall\\Restrictions", DenyUnspecified=1)


@image("server-plugplay-disabled")
def _(w):
    w.service("PlugPlay", Start=4)


@image("server-install-service-disabled")
def _(w):
    w.service("DeviceInstall", Start=4)


@image("desktop-ini-missing")
def _(w):
    w.file("Users\\Public\\Desktop\\desktop.ini", None)
    w.file("Users\\Administrator\\Desktop\\desktop.ini", None)


def no_agent(w):
    w.system.drop(f"{w.ccs}\\Services\\cloudbase-init")
    w.file("Program Files\\Cloudbase Solutions", None)
    w.software.drop(f"{CV}\\Uninstall\\{{9F0A4B0A-0B6A-4E6C-8C64-C0DE00000001}}")


image("initagent-missing")(no_agent)


@image("initagent-disabled")
def _(w):
    w.service("cloudbase-init", Start=4)


@image("initagent-file-missing")
def _(w):
    w.file("Program Files\\Cloudbase Solutions", None)


@image("timezone-unknown")
def _(w):
    w.control("TimeZoneInformation", TimeZoneKeyName="Atlantis Standard Time")


# ---- network and access ------------------------------------------------------------------------------------------------

def static(w, guid=NIC):
    w.system.set(f"{w.ccs}\\Services\\Tcpip\\Parameters\\Interfaces\\{guid}", EnableDHCP=0, IPAddress=["10.20.30.40"], SubnetMask=["255.255.255.0"], DefaultGateway=["10.20.30.1"], NameServer="10.20.30.2")


image("dhcp-static")(static)


@image("dhcp-static-ghost")
def _(w):
    """The address belongs to an adapter of VMware that is no longer there."""
    ghost = "{77aa88bb-0000-4000-8000-c0de00000002}"
    static(w, ghost)
    w.control(f"Class\\{NET}\\0003", {"DriverDesc": "vmxnet3 Ethernet Adapter", "ProviderName": "VMware, Inc.", "ComponentId": "PCI\\VEN_15AD&DEV_07B0", "MatchingDeviceId": "PCI\\VEN_15AD&DEV_07B0&SUBSYS_07B015AD&REV_01",
              "NetCfgInstanceId": ghost.upper(), "Characteristics": 0x84, "*IfType": 6, "DriverVersion": "1.9.5.0", "InfPath": "oem9.inf"})


@image("dhcp-static-dns")
def _(w):
    w.system.set(f"{w.ccs}\\Services\\Tcpip\\Parameters\\Interfaces\\{NIC}", NameServer="10.20.30.2")


@image("dhcp-service-disabled")
def _(w):
    w.service("Dhcp", Start=4)


@image("rdp-denied")
def _(w):
    w.control("Terminal Server", fDenyTSConnections=1)


@image("rdp-denied-by-policy")
def _(w):
    w.software.set("Policies\\Microsoft\\Windows NT\\Terminal Services", fDenyTSConnections=1)


@image("rdp-allowed-by-policy")
def _(w):
    w.control("Terminal Server", fDenyTSConnections=1)
    w.software.set("Policies\\Microsoft\\Windows NT\\Terminal Services", fDenyTSConnections=0)


@image("rdp-service-disabled")
def _(w):
    w.service("TermService", Start=4)


@image("rdp-listener-off")
def _(w):
    w.control("Terminal Server\\WinStations\\RDP-Tcp", fEnableWinStation=0)


@image("rdp-other-port")
def _(w):
    w.control("Terminal Server\\WinStations\\RDP-Tcp", PortNumber=3390)
    rule = w.system.get(f"{w.ccs}\\{FIREWALL}\\FirewallRules", RDP_RULE)[1].decode("utf-16-le").rstrip("\0")
    w.system.set(f"{w.ccs}\\{FIREWALL}\\FirewallRules", {"Rdp-3390": rule.replace("LPort=3389", "LPort=3390")})


@image("rdp-bound-to-adapter")
def _(w):
    w.control("Terminal Server\\WinStations\\RDP-Tcp", LanAdapter=2)


@image("rdp-certificate-pinned")
def _(w):
    w.control("Terminal Server\\WinStations\\RDP-Tcp", SSLCertificateSHA1Hash=bytes(range(20)))


def firewall(called, old, new, more=lambda w: None):
    @image(called)
    def _(w):
        path = f"{w.ccs}\\{FIREWALL}\\FirewallRules"
        rule = w.system.get(path, RDP_RULE)[1].decode("utf-16-le").rstrip("\0")
        w.system.set(path, {RDP_RULE: rule.replace(old, new)})
        more(w)


firewall("firewall-blocks-rdp", "Active=TRUE", "Active=FALSE")
firewall("firewall-rdp-private-only", "Protocol=6|", "Protocol=6|Profile=Domain|Profile=Private|")
firewall("firewall-rdp-one-address", "LPort=3389|", "LPort=3389|RA4=10.20.30.0/255.255.255.0|")
firewall("firewall-blocks-rdp-explicitly", "", "", lambda w: w.system.set(f"{w.ccs}\\{FIREWALL}\\FirewallRules", {"Block-RDP": "v2.31|Action=Block|Active=TRUE|Dir=In|Protocol=6|LPort=3389|Name=Block RDP|"}))
firewall("firewall-policy-no-exceptions", "", "", lambda w: w.software.set("Policies\\Microsoft\\WindowsFirewall\\PublicProfile", EnableFirewall=1, DoNotAllowExceptions=1))
firewall("firewall-off-rule-missing", "Active=TRUE", "Active=FALSE", lambda w: [w.system.set(f"{w.ccs}\\{FIREWALL}\\{p}", EnableFirewall=0) for p in ("DomainProfile", "StandardProfile", "PublicProfile")])
firewall("firewall-off-by-policy", "Active=TRUE", "Active=FALSE", lambda w: [w.software.set(f"Policies\\Microsoft\\WindowsFirewall\\{p}", EnableFirewall=0) for p in ("DomainProfile", "StandardProfile", "PublicProfile")])


def disabled(called, *names):
    @image(called)
    def _(w):
        for name in names:
            w.service(name, Start=4)


disabled("services-rpc-disabled", "RpcSs")
disabled("services-endpoint-mapper-disabled", "RpcEptMapper")
disabled("services-eventlog-disabled", "EventLog")
disabled("services-nsi-disabled", "nsi")
disabled("services-bfe-disabled", "BFE")
disabled("services-firewall-disabled", "mpssvc")
disabled("services-profile-disabled", "ProfSvc")
disabled("services-workstation-disabled", "LanmanWorkstation")
disabled("services-wmi-disabled", "Winmgmt")


@image("services-program-missing")
def _(w):
    w.file("Windows\\System32\\rpcss.dll", None)


@image("accounts-administrator-disabled")
def _(w):
    no_agent(w)
    w.sam = sam_hive([(500, "Administrator", "Built-in account", 0x211, True), (501, "Guest", "", 0x215, False)])


@image("accounts-administrator-disabled-agent")
def _(w):
    """cloudbase-init is there: it makes the account usable at the first start."""
    w.sam = sam_hive([(500, "Administrator", "Built-in account", 0x211, True), (501, "Guest", "", 0x215, False)])


@image("accounts-other-administrator")
def _(w):
    no_agent(w)
    w.sam = sam_hive([(500, "Administrator", "Built-in account", 0x211, True), (501, "Guest", "", 0x215, False), (1001, "operator", "", 0x210, True)], administrators=[500, 1001])


@image("accounts-renamed")
def _(w):
    no_agent(w)
    w.sam = sam_hive([(500, "root", "Built-in account", 0x210, True), (501, "Guest", "", 0x215, False)])


@image("accounts-blank-password")
def _(w):
    no_agent(w)
    w.sam = sam_hive([(500, "Administrator", "Built-in account", 0x210, False), (501, "Guest", "", 0x215, False)])


# ---- volumes and disk -------------------------------------------------------------------------------------------------------

@image("volume-hibernated")
def _(w):
    w.file("hiberfil.sys", b"HIBR".ljust(65536, b"\1"))
    w.control("Power", HibernateEnabled=1)


@image("volume-fast-startup", name="10")
def _(w):
    w.file("hiberfil.sys", b"hibr".ljust(65536, b"\1"))
    w.control("Power", HibernateEnabled=1)
    w.control("Session Manager\\Power", HiberbootEnabled=1)


@image("volume-hiberfil-idle", name="10")
def _(w):
    w.file("hiberfil.sys", b"WAKE".ljust(65536, b"\0"))
    w.control("Power", HibernateEnabled=1)
    w.control("Session Manager\\Power", HiberbootEnabled=1)


@image("volume-hiberfil-zero")
def _(w):
    w.file("hiberfil.sys", bytes(65536))


@image("volume-dirty")
def _(w):
    w.on_disk.append(dirty_volume("windows"))


@image("volume-mft-mirror")
def _(w):
    w.on_disk.append(mirror_differs("windows"))


@image("volume-chkdsk-scheduled")
def _(w):
    w.control("Session Manager", BootExecute=["autocheck autochk /r \\??\\C:", "autocheck autochk *"])


@bios("disklayout-dynamic")
def _(w):
    w.layout["kind"] = 0x42


@image("disklayout-ldm")
def _(w):
    w.layout["types"] = {"msr": "ldm-metadata", "windows": "ldm-data"}


@image("disklayout-storage-spaces")
def _(w):
    w.layout["types"] = {"recovery": "spaces"}


@image("disklayout-drive-letter")
def _(w):
    w.system.set("MountedDevices", {"\\DosDevices\\C:": b"DMIO:ID:" + bytes(range(16))})


@bios("disklayout-drive-letter-bios")
def _(w):
    w.system.set("MountedDevices", {"\\DosDevices\\C:": struct.pack("<IQ", 0xDEADBEEF, 101 << 20)})


@image("pagefile-on-d")
def _(w):
    w.control("Session Manager\\Memory Management", PagingFiles=["D:\\pagefile.sys 8192 8192"], ExistingPageFiles=["\\??\\D:\\pagefile.sys"])
    w.file("pagefile.sys", None)


@image("pagefile-automatic")
def _(w):
    w.control("Session Manager\\Memory Management", PagingFiles=["?:\\pagefile.sys"])


@image("pagefile-none")
def _(w):
    w.control("Session Manager\\Memory Management", PagingFiles=(7, b"\0\0"))
    w.file("pagefile.sys", None)


@image("profiles-on-d")
def _(w):
    w.software.set(f"{NT}\\ProfileList", ProfilesDirectory=expand("D:\\Users"))


@image("sanpolicy-offline")
def _(w):
    w.system.set(f"{w.ccs}\\Services\\partmgr\\Parameters", SanPolicy=3)


@image("rtc-universal")
def _(w):
    w.control("TimeZoneInformation", RealTimeIsUniversal=1)


@image("bitlocker")
def _(w):
    w.on_disk.append(encrypt("windows", waiting=False))


@image("bitlocker-waiting")
def _(w):
    w.on_disk.append(encrypt("windows", waiting=True))


# ---- tools, roles, editions ---------------------------------------------------------------------------------------------------

def tools(called, services, title, publisher, uninstall, folder, generation="2022"):
    @image(called, name=generation)
    def _(w):
        for name, start, kind, program in services:
            if kind == 1:
                foreign_driver(w, name, publisher, title, start=start)
            else:
                w.service(name, Type=16, Start=start, ErrorControl=1, ObjectName="LocalSystem", ImagePath=expand(f'"C:\\{folder}\\{program}"'), DisplayName=title)
                w.file(f"{folder}\\{program}", w.third_party(program.rpartition("\\")[2], publisher, title, subsystem=CONSOLE))
        w.software.set(f"{CV}\\Uninstall\\{{C0DE0000-0000-4000-8000-{mark(title)[:12].upper()}}}", DisplayName=title, Publisher=publisher, DisplayVersion="12.3.5", UninstallString=uninstall)


tools("foreigntools-vmware", [("VMTools", 2, 16, "vmtoolsd.exe"), ("vmci", 0, 1, ""), ("vsock", 0, 1, ""), ("pvscsi", 0, 1, ""), ("vmxnet3ndis6", 3, 1, "")], "VMware Tools", "VMware, Inc.",
      "MsiExec.exe /I{C0DE0000-0000-4000-8000-00000000F00D}", "Program Files\\VMware\\VMware Tools")
tools("foreigntools-virtualbox", [("VBoxService", 2, 16, "VBoxService.exe"), ("VBoxGuest", 3, 1, ""), ("VBoxSF", 1, 1, "")], "Oracle VM VirtualBox Guest Additions 7.0.14", "Oracle and/or its affiliates",
      "C:\\Program Files\\Oracle\\VirtualBox Guest Additions\\uninst.exe", "Program Files\\Oracle\\VirtualBox Guest Additions")
tools("foreigntools-ec2", [("AmazonSSMAgent", 2, 16, "amazon-ssm-agent.exe"), ("Ec2Config", 2, 16, "Ec2Config.exe")], "Amazon SSM Agent", "Amazon Web Services", "MsiExec.exe /X{C0DE0000-0000-4000-8000-0000000000A1}", "Program Files\\Amazon\\SSM", "2012r2")
tools("foreigntools-azure", [("WindowsAzureGuestAgent", 2, 16, "WindowsAzureGuestAgent.exe"), ("RdAgent", 2, 16, "WaAppAgent.exe")], "Windows Azure VM Agent", "Microsoft Corporation", "MsiExec.exe /X{C0DE0000-0000-4000-8000-0000000000A2}", "WindowsAzure\\Packages")
tools("agents-aliyun", [("AliyunService", 2, 16, "aliyun_assist_service.exe"), ("Vminit", 2, 16, "vminit.exe")], "Aliyun Assist", "Alibaba Cloud", "C:\\ProgramData\\aliyun\\assist\\uninst.exe", "ProgramData\\aliyun\\assist")
tools("agents-qemu", [("QEMU-GA", 2, 16, "qemu-ga.exe")], "QEMU guest agent", "RedHat", "MsiExec.exe /X{C0DE0000-0000-4000-8000-0000000000A3}", "Program Files\\Qemu-ga")


def domain_controller(w):
    w.control("ProductOptions", ProductType="LanmanNT")
    w.service("NTDS", Type=16, Start=2, ErrorControl=1, ImagePath=expand("%systemroot%\\System32\\lsass.exe"))
    w.system.set(f"{w.ccs}\\Services\\NTDS\\Parameters", {"DSA Database file": "C:\\Windows\\NTDS\\ntds.dit", "Database log files path": "C:\\Windows\\NTDS", "System Schema Version": 88})
    w.file("Windows\\NTDS\\ntds.dit", bytes(4096))


image("roles-domain-controller")(domain_controller)


@image("roles-domain-controller-on-d")
def _(w):
    domain_controller(w)
    w.system.set(f"{w.ccs}\\Services\\NTDS\\Parameters", {"DSA Database file": "E:\\NTDS\\ntds.dit"})
    w.file("Windows\\NTDS\\ntds.dit", None)


@image("roles-hyperv")
def _(w):
    w.service("vmms", Type=16, Start=2, ErrorControl=1, ImagePath=expand("%systemroot%\\system32\\vmms.exe"))
    w.file("Windows\\System32\\vmms.exe", w.driver_file("vmms.exe"))
    w.on_bcd.append(lambda store, _: store.set(bcd.DEFAULT, 0x250000F0, 1))


@image("roles-write-filter", name="10")
def _(w):
    for name in ("uwfreg", "uwfs", "uwfvol"):
        w.service(name, Type=2, Start=0, ErrorControl=1, Group="FSFilter Bottom", ImagePath=expand(f"System32\\drivers\\{name}.sys"))
        w.file(f"{DRIVERS}\\{name}.sys", w.driver_file(f"{name}.sys"))
    w.service("uwfservicingsvc", Type=16, Start=2, ErrorControl=1, ImagePath=expand("%SystemRoot%\\System32\\uwfservicingsvc.exe"))
    w.file("Windows\\System32\\uwfservicingsvc.exe", w.driver_file("uwfservicingsvc.exe"))
    w.system.set(f"{w.ccs}\\Services\\uwfvol\\Parameters\\Static\\Copy0", UwfEnabled=1)


@image("roles-cluster")
def _(w):
    w.service("ClusSvc", Type=16, Start=2, ErrorControl=1, ImagePath=expand("%systemroot%\\Cluster\\clussvc.exe"))
    w.file("Windows\\Cluster\\clussvc.exe", w.driver_file("clussvc.exe"))


@image("roles-code-integrity-policy")
def _(w):
    w.file("Windows\\System32\\CodeIntegrity\\SiPolicy.p7b", bytes.fromhex("3082010006092a864886f70d010702").ljust(4096, b"\0"))


@image("roles-antivirus")
def _(w):
    foreign_driver(w, "klif", "Kaspersky Lab", "Kaspersky Interceptors", group="FSFilter Anti-Virus")
    foreign_driver(w, "klelam", "Kaspersky Lab", "Kaspersky ELAM", group="Early-Launch")


@image("roles-autologon")
def _(w):
    w.software.set(f"{NT}\\Winlogon", AutoAdminLogon="1", DefaultPassword="ChangeMe1")


def edition(called, generation="2022", **values):
    @image(called, name=generation)
    def _(w):
        w.software.set(NT, values)


edition("edition-evaluation", EditionID="ServerDatacenterEval", ProductName="Windows Server 2022 Datacenter Evaluation")
edition("edition-home", "10", EditionID="Core", ProductName="Windows 10 Home")


@image("edition-kms-azure")
def _(w):
    w.software.set(f"{NT}\\SoftwareProtectionPlatform", KeyManagementServiceName="kms.core.windows.net", KeyManagementServicePort="1688")


@image("edition-chinese")
def _(w):
    w.control("Nls\\Language", InstallLanguage="0804", Default="0804")
    w.control("Nls\\CodePage", ACP="936", OEMCP="936")
