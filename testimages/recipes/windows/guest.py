"""The hives and files of a healthy Windows of each generation.

`Windows(generation)` is the whole guest as trees in memory: its hives (`system`, `software`, `sam` …), its boot store and the files of
each volume.  What is changed in them before the disk is written makes a broken one.
"""
import hashlib, os, struct, uuid
from dataclasses import dataclass

from hive import Key, binary, dirty, expand, hive, qword
from pe import BOOT, CONSOLE, GUI, NATIVE, pe
from sign import catalog

HERE = os.path.dirname(os.path.abspath(__file__))
DISKS, VOLUMES, SCSI, HDC, SYSTEM_CLASS = ("{4d36e967-e325-11ce-bfc1-08002be10318}", "{71a27cdd-812a-11d0-bec7-08002be2092f}",
    "{4d36e97b-e325-11ce-bfc1-08002be10318}", "{4d36e96a-e325-11ce-bfc1-08002be10318}", "{4d36e97d-e325-11ce-bfc1-08002be10318}")
NET, CDROM, KEYBOARD, MOUSE = ("{4d36e972-e325-11ce-bfc1-08002be10318}", "{4d36e965-e325-11ce-bfc1-08002be10318}",
    "{4d36e96b-e325-11ce-bfc1-08002be10318}", "{4d36e96f-e325-11ce-bfc1-08002be10318}")
NIC = "{5f3f359e-9d52-4566-9bec-c0de00000001}"              # the interface of the virtio network adapter
MACHINE_SID = struct.pack("<BB6sIIIII", 1, 4, b"\0\0\0\0\0\5", 21, 0xC0DE0001, 0xC0DE0002, 0xC0DE0003, 0)[:-4]
NT = "Microsoft\\Windows NT\\CurrentVersion"
CV = "Microsoft\\Windows\\CurrentVersion"
CBS = CV + "\\Component Based Servicing"


@dataclass
class Generation:
    """What tells one version from another."""
    name: str
    build: int
    ubr: int
    nt: tuple                                                # version of the kernel
    product: str
    edition: str
    server: bool
    lab: str                                                 # BuildLabEx
    release: str = ""                                        # ReleaseId
    display: str = ""                                        # DisplayVersion
    title: str = ""                                          # description in the boot menu
    arch: str = "amd64"
    uefi: bool = True
    csd: str = ""
    core: bool = False

    def __post_init__(self):
        self.title = self.title or ("Windows Server" if self.server and self.build >= 9600 else self.product)

    @property
    def version(self):
        return (*self.nt, self.build, self.ubr)


GENERATIONS = {g.name: g for g in [
    Generation("2008", 6002, 24000, (6, 0), "Windows Server (R) 2008 Standard", "ServerStandard", True, "6002.24170.amd64fre.vistasp2_ldr.170810-0600", uefi=False, csd="Service Pack 2", title="Microsoft Windows Server 2008"),
    Generation("2008r2", 7601, 24545, (6, 1), "Windows Server 2008 R2 Standard", "ServerStandard", True, "7601.24545.amd64fre.win7sp1_ldr_escrow.200102-1707", uefi=False, csd="Service Pack 1"),
    Generation("7", 7601, 24545, (6, 1), "Windows 7 Professional", "Professional", False, "7601.24545.amd64fre.win7sp1_ldr_escrow.200102-1707", uefi=False, csd="Service Pack 1", title="Windows 7"),
    Generation("7-x86", 7601, 24545, (6, 1), "Windows 7 Professional", "Professional", False, "7601.24545.x86fre.win7sp1_ldr_escrow.200102-1707", uefi=False, csd="Service Pack 1", title="Windows 7", arch="x86"),
    Generation("2012r2", 9600, 21620, (6, 3), "Windows Server 2012 R2 Standard", "ServerStandard", True, "9600.21620.amd64fre.winblue_ltsb_escrow.231002-1840", uefi=False, title="Windows Server 2012 R2"),
    Generation("8.1", 9600, 20778, (6, 3), "Windows 8.1 Pro", "Professional", False, "9600.20778.amd64fre.winblue_ltsb_escrow.230102-1743", title="Windows 8.1"),
    Generation("2016", 14393, 6897, (10, 0), "Windows Server 2016 Standard", "ServerStandard", True, "14393.6897.amd64fre.rs1_release.240404-1657", "1607", title="Windows Server 2016"),
    Generation("2019", 17763, 5820, (10, 0), "Windows Server 2019 Datacenter", "ServerDatacenter", True, "17763.1.amd64fre.rs5_release.180914-1434", "1809"),
    Generation("10", 19045, 4291, (10, 0), "Windows 10 Pro", "Professional", False, "19041.1.amd64fre.vb_release.191206-1406", "2009", "22H2", title="Windows 10"),
    Generation("2022", 20348, 2461, (10, 0), "Windows Server 2022 Datacenter", "ServerDatacenter", True, "20348.1.amd64fre.fe_release.210507-1500", "2009", "21H2"),
    Generation("11", 22631, 3447, (10, 0), "Windows 10 Pro", "Professional", False, "22621.1.amd64fre.ni_release.220506-1250", "2009", "23H2", title="Windows 11"),
    Generation("23h2", 25398, 830, (10, 0), "Windows Server Datacenter", "ServerAzureEdition", True, "25398.1.amd64fre.zn_release.230608-1206", "2009", "23H2", core=True),
    Generation("2025", 26100, 2033, (10, 0), "Windows Server 2025 Standard", "ServerStandard", True, "26100.1.amd64fre.ge_release.240331-1435", "2009", "24H2"),
    Generation("11-arm64", 26100, 2033, (10, 0), "Windows 10 Pro", "Professional", False, "26100.1.arm64fre.ge_release.240331-1435", "2009", "24H2", title="Windows 11", arch="arm64"),
]}

# The virtio drivers: service, description, inf section, class, provider's device ids, version.
VIRTIO = {
    "viostor": ("Red Hat VirtIO SCSI controller", "rhelscsi_inst", SCSI, ["VEN_1AF4&DEV_1001&SUBSYS_00021AF4&REV_00", "VEN_1AF4&DEV_1042&SUBSYS_11001AF4&REV_01"], 3),
    "vioscsi": ("Red Hat VirtIO SCSI pass-through controller", "scsi_inst", SCSI, ["VEN_1AF4&DEV_1004&SUBSYS_00081AF4&REV_00", "VEN_1AF4&DEV_1048&SUBSYS_11001AF4&REV_01"], 4),
    "netkvm": ("Red Hat VirtIO Ethernet Adapter", "kvmnet6.ndi", NET, ["VEN_1AF4&DEV_1000&SUBSYS_00011AF4&REV_00", "VEN_1AF4&DEV_1041&SUBSYS_11001AF4&REV_01"], 5),
}
DRIVER_VERSION = {6: (61, 74, 104, 15600), 10: (100, 95, 104, 26200)}
# In-box storage: inf, section, service, class, ids.
INBOX = [
    ("stornvme.inf", "Stornvme_Inst", "stornvme", SCSI, ["PCI\\CC_010802"], 9600),
    ("mshdc.inf", "msahci_Inst", "storahci", HDC, ["PCI\\CC_010601"], 9200),
    ("mshdc.inf", "intelide_Inst", "intelide", HDC, ["PCI\\VEN_8086&DEV_7010", "PCI\\VEN_8086&DEV_7111"], 9200),
    ("mshdc.inf", "pciide_Inst", "pciide", HDC, ["PCI\\CC_0101"], 9200),
    ("mshdc.inf", "atapi_Inst", "atapi", HDC, ["Internal_IDE_Channel", "*PNP0600"], 9200),
    ("disk.inf", "disk_install", "disk", DISKS, ["GenDisk"], 9200),
    ("pci.inf", "PCI_DRV", "pci", SYSTEM_CLASS, ["ACPI\\PNP0A03", "ACPI\\PNP0A08"], 9200),
    ("acpi.inf", "ACPI_Inst", "ACPI", SYSTEM_CLASS, ["*PNP0C08"], 9200),
    ("volmgr.inf", "Volmgr", "volmgr", SYSTEM_CLASS, ["ROOT\\VOLMGR"], 9200),
    ("volume.inf", "volume_install", "volume", VOLUMES, ["STORAGE\\Volume"], 10240),
]
PROGRAMS = """smss.exe=native csrss.exe wininit.exe winlogon.exe services.exe lsass.exe svchost.exe cmd.exe userinit.exe LogonUI.exe taskhostw.exe
    spoolsv.exe rundll32.exe msiexec.exe reg.exe bcdedit.exe bcdboot.exe diskpart.exe sppsvc.exe vssvc.exe autochk.exe=native poqexec.exe=native
    ntdll.dll kernel32.dll kernelbase.dll user32.dll gdi32.dll advapi32.dll ole32.dll rpcrt4.dll sechost.dll ws2_32.dll setupapi.dll shell32.dll
    samsrv.dll lsasrv.dll bootvid.dll=native pshed.dll=native kdcom.dll=native ci.dll=native hal.dll=native mcupdate_GenuineIntel.dll=native
    Sysprep\\sysprep.exe oobe\\windeploy.exe oobe\\Setup.exe oobe\\audit.exe wbem\\WMIsvc.dll WindowsPowerShell\\v1.0\\powershell.exe win32k.sys=native""".split()


def services():
    """(first build, last build, name, Start, Type, ErrorControl, Group, Tag, ImagePath, ServiceDll, account) of services.tsv."""
    for line in open(HERE + "/services.tsv", encoding="utf-8"):
        if not line.startswith("#"):
            row = line.rstrip("\n").split("\t")
            yield int(row[0]) if row[0] != "-" else 0, int(row[1]) if row[1] != "-" else 1 << 30, row[2], *map(int, row[3:6]), *[None if x == "-" else x for x in row[6:]]


def mark(*words):
    """16 hexadecimal digits that go with these words: the hash in the name of a driver package."""
    return hashlib.sha256("/".join(words).encode()).hexdigest()[:16]


class Windows:
    """A guest being composed."""

    def __init__(self, name="2022", uefi=None, control_set=1):
        g = self.generation = GENERATIONS[name]
        self.uefi = g.uefi if uefi is None else uefi
        self.modern = g.build >= 9200                        # driver database instead of critical device database
        self.files, self.system_files = {}, {}
        self.folders = {"windows/system32": "System32", "windows/system32/drivers": "drivers"}
        self.layout = {"signature": 0xC0DE2022, "disk": "c0de0000-2022-4000-8000-00000000d15c"}
        self.compressed, self.packed, self.streams = set(), set(), {}
        self.hives = {}                                      # bytes that stand for a hive, whatever the tree says
        self.logs = {}                                       # name of a hive: (state of the tree before, form of the log)
        self.ccs = f"ControlSet{control_set:03d}"
        self.system = system_hive(self, control_set)
        self.software = software_hive(self)
        self.sam = sam_hive()
        self.security, self.default = security_hive(), default_hive()
        self.components, self.drivers = components_hive(), Key()
        self.programs()
        self.install_inbox()
        for driver in VIRTIO:
            self.install(driver)
        self.agents()
        self.bcd = None                                      # made with the disk: it names the partitions
        self.on_bcd = []                                     # changes of the store, done when it is made
        self.on_files = []                                   # changes of all files of drive C:, hives among them
        self.on_disk = []                                    # changes of the finished volumes

    # ---- reaching into the guest ------------------------------------------------------------------------

    def service(self, name, **values):
        return self.system.set(f"{self.ccs}\\Services\\{name}", **values)

    def control(self, path, values=None, /, **more):
        return self.system.set(f"{self.ccs}\\Control\\{path}", values, **more)

    def override(self, name, start=3):
        """What Windows writes for a boot-start driver without its device."""
        self.system.set(f"{self.ccs}\\Services\\{name}\\StartOverride", {"0": start})

    def file(self, path, data=b""):
        """A file of drive C:, separators are backslashes; None takes it away, and with it everything below."""
        parts = path.replace("\\", "/").split("/")
        for n in range(1, len(parts)):                       # folders keep the letter case they have
            parts[n - 1] = self.folders.setdefault("/".join(parts[:n]).lower(), parts[n - 1])
        path = "/".join(parts)
        for known in [p for p in self.files if p.lower() == path.lower() or (data is None and p.lower().startswith(path.lower() + "/"))]:
            del self.files[known]
        if data is not None:
            self.files[path] = data.encode() if isinstance(data, str) else data

    def driver_file(self, name, **more):
        """A program of Windows itself: drivers and boot programs are signed in the file, libraries by a catalog."""
        g = self.generation
        signed = None if name.endswith((".dll", ".mui")) else "sha256" if self.modern else "sha1"
        return pe(name, more.pop("version", g.version), **{"arch": g.arch, "signed": signed, "text_version": ".".join(map(str, g.version)) + " (WinBuild.160101.0800)"} | more)

    def third_party(self, name, company, product, version=(8, 1, 0, 4), **more):
        return pe(name, version, more.pop("arch", self.generation.arch), company=company, product=product, signed=more.pop("signed", "sha256"), **more)

    # ---- files ----------------------------------------------------------------------------------------------

    def programs(self):
        g, system32 = self.generation, "Windows\\System32"
        def add(path, subsystem=GUI, **more):
            self.file(path, self.driver_file(path.rpartition("\\")[2], subsystem=subsystem, dll=path.endswith(".dll"), **more))
        for entry in PROGRAMS:
            name, _, kind = entry.partition("=")
            add(f"{system32}\\{name}", NATIVE if kind else CONSOLE if name in ("cmd.exe", "reg.exe", "diskpart.exe") else GUI)
        add(f"{system32}\\ntoskrnl.exe", NATIVE, description="NT Kernel & System")
        add("Windows\\explorer.exe")
        add("Windows\\servicing\\TrustedInstaller.exe")
        for stem in ("winload", "winresume"):
            for ext in ("exe", "efi"):
                if ext == "exe" and g.arch == "arm64" or ext == "efi" and g.arch == "x86":
                    continue
                add(f"{system32}\\{stem}.{ext}", BOOT, description="OS Loader" if stem == "winload" else "Resume From Hibernate boot application")
                add(f"{system32}\\Boot\\{stem}.{ext}", BOOT)
        for name in ("C_1252.NLS", "C_437.NLS", "l_intl.nls", "locale.nls"):
            self.file(f"{system32}\\{name}", b"\r\0\xe4\4" + bytes(800))
        for first, last, name, _, kind, _, _, _, image, dll, _ in services():
            if not first <= g.build <= last:
                continue
            image = self.image_path(image)
            if kind in (1, 2, 8):
                image = image or f"System32\\drivers\\{name}.sys"
                add(image.replace("\\SystemRoot\\", "Windows\\") if image.startswith("\\") else "Windows\\" + image, NATIVE)
            elif dll:
                self.file(self.windows_path(dll), self.driver_file(dll.rpartition("\\")[2], subsystem=GUI, dll=True))
        self.file(f"{system32}\\drivers\\etc\\hosts", "# Copyright (c) 1993-2009 Microsoft Corp.\r\n")
        self.file("Windows\\System32\\drivers\\en-US\\disk.sys.mui", self.driver_file("disk.sys.mui", dll=True))
        self.file("Users\\Public\\Desktop\\desktop.ini", b"\xff\xfe" + "\r\n[.ShellClassInfo]\r\nLocalizedResourceName=@%SystemRoot%\\system32\\shell32.dll,-21799\r\n".encode("utf-16-le"))
        self.file("Users\\Administrator\\Desktop\\desktop.ini", b"\xff\xfe" + "\r\n[.ShellClassInfo]\r\nLocalizedResourceName=@%SystemRoot%\\system32\\shell32.dll,-21769\r\n".encode("utf-16-le"))
        self.file("Users\\Default\\NTUSER.DAT", hive(Key("", {"": ""}), "\\??\\C:\\Users\\Default\\ntuser.dat", 5))
        self.file("Users\\Administrator\\NTUSER.DAT", hive(Key("", {"": ""}), "\\??\\C:\\Users\\Administrator\\ntuser.dat", 5))
        self.file("Program Files\\desktop.ini", b"\xff\xfe")
        self.file("Program Files\\Common Files\\system\\ado\\adojavas.inc", "\r\n")
        if g.arch != "x86":
            self.file("Program Files (x86)\\desktop.ini", b"\xff\xfe")
            self.file("Windows\\SysWOW64\\ntdll.dll", self.driver_file("ntdll.dll", arch="x86", dll=True, subsystem=CONSOLE))
        self.file("ProgramData\\Microsoft\\Windows\\Start Menu\\Programs\\desktop.ini", b"\xff\xfe")
        self.file("pagefile.sys", bytes(4096))
        self.file("Windows\\Setup\\State\\State.ini", "[State]\r\nImageState=IMAGE_STATE_COMPLETE\r\n")
        self.file("Windows\\WinSxS\\poqexec.log", "")
        self.file("Windows\\Panther\\setupact.log", "2024-04-10 09:00:00, Info  CBS    Setup finished\r\n")
        self.file("Windows\\Panther\\setuperr.log", "")
        self.file("Windows\\System32\\winevt\\Logs\\System.evtx", b"ElfFile\0".ljust(4096, b"\0"))
        self.file("Windows\\System32\\CatRoot\\{F750E6C3-38EE-11D1-85E5-00C04FC295EE}\\nt5.cat", catalog({n.rpartition("/")[2]: d for n, d in self.files.items() if n.endswith(".dll")}, "sha256" if self.modern else "sha1"))
        self.file("Windows\\bootstat.dat", bytes(2048))
        if self.generation.build < 17134:
            for name in ("SYSTEM", "SOFTWARE", "SAM", "SECURITY", "DEFAULT"):
                self.file(f"Windows\\System32\\config\\RegBack\\{name}", hive(Key(), name))
        else:
            for name in ("SYSTEM", "SOFTWARE", "SAM", "SECURITY", "DEFAULT"):
                self.file(f"Windows\\System32\\config\\RegBack\\{name}", b"")   # empty since 10 version 1803

    @staticmethod
    def windows_path(path):
        low = path.lower()
        for prefix in ("%systemroot%\\", "c:\\windows\\"):
            if low.startswith(prefix):
                return "Windows\\" + path[len(prefix):]
        return path

    def image_path(self, image):
        if image and "@" in image:
            if self.generation.build < 17763:                # drivers of their own package only since 10 version 1809
                return "\\SystemRoot\\System32\\drivers\\" + image.rpartition("\\")[2]
            inf = image.split("\\")[-2].split("_")[0]
            image = image.replace("@", mark(inf, str(self.generation.build)))
        if image and self.generation.build < 16299:
            image = image.removesuffix(" -p")
        return image

    # ---- drivers -------------------------------------------------------------------------------------------

    def package(self, inf):
        arch = self.generation.arch
        return f"{inf}_{arch}_{'' if self.modern else 'neutral_'}{mark(inf, str(self.generation.build))}"

    def bind(self, database, inf, label, section, service, cls, ids, provider, version, oem=None, original=None):
        """Records of a driver package in a driver database (SYSTEM or the DRIVERS hive): ids, inf files, packages."""
        name = oem or inf
        db = database.make("DriverDatabase")
        db.put("Version", 0x0A000000); db.put("SchemaVersion", 0x10000); db.put("Architecture", {"amd64": 9, "x86": 0, "arm64": 12}[self.generation.arch])
        db.put("OemInfMap", binary("fff0")); db.put("SetupStatus", 0)
        entry = db.set(f"DriverInfFiles\\{name}", {"": [label], "Active": label})
        known = entry.values.get("configurations")
        sections = (known[2].decode("utf-16-le").rstrip("\0").split("\0") if known else []) + [section]
        entry.put("Configurations", list(dict.fromkeys(sections)))
        a, b, c, d = version
        stamp = struct.pack("<QQ", 0x01DA6A0000000000, a << 48 | b << 32 | c << 16 | d)
        guid = uuid.UUID(cls).bytes_le
        arch = {"amd64": 9, "x86": 0, "arm64": 12}[self.generation.arch]
        package = db.set(f"DriverPackages\\{label}", {"": inf, "Provider": provider, "SignerScore": 0x0D000005 if oem else 0x0D000003, "StatusFlags": 0x12,
                         "Version": struct.pack("<HHI", 0xFFFF, arch, 0) + guid + stamp + bytes(8)})
        if oem:
            package.put("OemPath", "A:\\" + (original or service)); package.put("InfName", name)
        db.set(f"DriverPackages\\{label}\\Configurations\\{section}", Service=service, ConfigScope=7, ConfigFlags=0)
        for ident in ids:
            bus, _, rest = ident.rpartition("\\")
            db.set(f"DeviceIds\\{bus}\\{rest}" if bus else f"DeviceIds\\{rest}", {name: binary("01ff0000")})
            db.set(f"DriverPackages\\{label}\\Descriptors\\{ident}", Configuration=section, Manufacturer="%vendor%", Description="%device%")
        db.set(f"DriverPackages\\{label}\\Strings", vendor=provider, device=service)

    def critical(self, ident, service, cls):
        """A record of the critical device database of Windows 7 and before."""
        self.control("CriticalDeviceDatabase\\" + ident.replace("\\", "#"), Service=service, ClassGUID=cls.upper())

    def install_inbox(self):
        for inf, section, service, cls, ids, first in INBOX:
            if self.generation.build < first:
                continue
            label = f"{inf}_{self.generation.arch}_{mark(inf, str(self.generation.build))}"
            self.bind(self.system, inf, label, section, service, cls, ids, "Microsoft", self.generation.version)
            self.file(f"Windows\\INF\\{inf}", inf_text(inf, cls, "Microsoft", section, service, ids))
            self.file(f"Windows\\System32\\DriverStore\\FileRepository\\{label}\\{inf}", inf_text(inf, cls, "Microsoft", section, service, ids))
        if not self.modern:
            for ident, service in (("PCI\\CC_0106", "msahci"), ("PCI\\CC_010601", "msahci"), ("PCI\\CC_0101", "pciide"), ("PCI\\VEN_8086&DEV_7010", "intelide"), ("PCI\\VEN_8086&DEV_7111", "intelide"),
                                   ("Primary_IDE_Channel", "atapi"), ("Secondary_IDE_Channel", "atapi"), ("*PNP0600", "atapi")):
                self.critical(ident, service, HDC)
            self.critical("GenDisk", "disk", DISKS)
            for ident, service in (("ACPI\\PNP0A03", "pci"), ("ACPI\\PNP0A08", "pci"), ("*PNP0C08", "ACPI")):
                self.critical(ident, service, SYSTEM_CLASS)

    def stage(self, driver, arch=None):
        """The driver's package in the driver store, nothing installed."""
        title, section, cls, ids, number = VIRTIO[driver]
        inf, version = f"{driver}.inf", DRIVER_VERSION[10 if self.generation.build >= 10240 else 6]
        folder = f"Windows\\System32\\DriverStore\\FileRepository\\{self.package(inf)}"
        full = ["PCI\\" + i for i in ids]
        text = inf_text(inf, cls, "Red Hat, Inc.", section, driver, full)
        self.file(f"{folder}\\{inf}", text)
        program = self.third_party(f"{driver}.sys", "Red Hat, Inc.", "Red Hat VirtIO", version, arch=arch or self.generation.arch)
        self.file(f"{folder}\\{driver}.sys", program)
        self.file(f"{folder}\\{driver}.cat", catalog({f"{driver}.sys": program, inf: text}))
        self.file(f"Windows\\INF\\oem{number}.inf", text)
        return title, section, cls, full, number, version

    def install(self, driver, binding=True, device=None):
        """Installs a virtio driver as its inf does, with the device's record in Enum where `device` (or the default) says so."""
        title, section, cls, full, number, version = self.stage(driver)
        oem, inf = f"oem{number}.inf", f"{driver}.inf"
        self.file(f"Windows\\System32\\drivers\\{driver}.sys", self.third_party(f"{driver}.sys", "Red Hat, Inc.", "Red Hat VirtIO", version))
        self.file(f"Windows\\System32\\CatRoot\\{{F750E6C3-38EE-11D1-85E5-00C04FC295EE}}\\oem{number}.cat", self.files[f"Windows/System32/DriverStore/FileRepository/{self.package(inf)}/{driver}.cat"])
        storage = cls == SCSI
        self.service(driver, Type=1, Start=0 if storage else 3, ErrorControl=1, Tag=64 + number, Group="SCSI miniport" if storage else "NDIS",
                     ImagePath=expand(f"{'' if storage else chr(92) + 'SystemRoot' + chr(92)}System32\\drivers\\{driver}.sys"),
                     DisplayName=f"@{oem},%{driver}.ServiceDesc%;{title} Service", **({"Owners": [oem]} if self.modern else {}))
        if storage:
            self.system.set(f"{self.ccs}\\Services\\{driver}\\Parameters", BusType=1 if driver == "viostor" else 10)
            self.system.set(f"{self.ccs}\\Services\\{driver}\\Parameters\\PnpInterface", {"5": 1})
        if binding:
            if self.modern:
                self.bind(self.system if storage else self.drivers, inf, self.package(inf), section, driver, cls, full, "Red Hat, Inc.", version, oem)
            elif storage:
                for ident in full:
                    self.critical(ident.split("&SUBSYS")[0], driver, cls)
                    self.critical(ident, driver, cls)
        if device if device is not None else driver != "vioscsi":
            index = {"viostor": "0001", "vioscsi": "0002", "netkvm": "0007"}[driver]
            instance = f"PCI\\{full[0][4:]}\\3&13c0b0c5&0&{0x18 + number * 8:X}"
            self.system.set(f"{self.ccs}\\Enum\\{instance}", DeviceDesc=f"@{oem},%device%;{title}", Capabilities=6, ConfigFlags=0, ClassGUID=cls, Service=driver,
                            Driver=f"{cls}\\{index}", Mfg=f"@{oem},%vendor%;Red Hat, Inc.", HardwareID=[full[0], full[0].split("&REV")[0]],
                            CompatibleIDs=[full[0].split("&SUBSYS")[0], "PCI\\VEN_1AF4"], ContainerID="{00000000-0000-0000-ffff-ffffffffffff}")
            a, b, c, d = version
            values = {"DriverDesc": title, "ProviderName": "Red Hat, Inc.", "DriverDate": "3-1-2024", "DriverVersion": f"{a}.{b}.{c}.{d}", "InfPath": oem,
                      "InfSection": section, "MatchingDeviceId": full[0]}
            if driver == "netkvm":
                values |= {"ComponentId": full[0].split("&SUBSYS")[0].lower(), "NetCfgInstanceId": NIC.upper(), "Characteristics": 0x84, "*IfType": 6, "*MediaType": 0, "*PhysicalMediaType": 14,
                           "DeviceInstanceID": instance, "NetLuidIndex": 0x8001}
            self.control(f"Class\\{cls}\\{index}", values)

    def remove(self, driver):
        """Everything of a virtio driver away, as if it had never been there."""
        number = VIRTIO[driver][4]
        self.system.drop(f"{self.ccs}\\Services\\{driver}")
        self.unbind(driver)
        self.file(f"Windows\\System32\\drivers\\{driver}.sys", None)
        self.file(f"Windows\\INF\\oem{number}.inf", None)
        self.file(f"Windows\\System32\\DriverStore\\FileRepository\\{self.package(driver + '.inf')}", None)

    def unbind(self, driver):
        """The records by which Windows finds the driver for a device: driver database, critical devices, Enum."""
        _, _, cls, ids, number = VIRTIO[driver]
        for database in (self.system, self.drivers):
            database.drop(f"DriverDatabase\\DriverInfFiles\\oem{number}.inf")
            database.drop(f"DriverDatabase\\DriverPackages\\{self.package(driver + '.inf')}")
            for ident in ids:
                database.drop(f"DriverDatabase\\DeviceIds\\PCI\\{ident}")
        for ident in ids:
            self.system.drop(f"{self.ccs}\\Enum\\PCI\\{ident}")
            self.system.drop(f"{self.ccs}\\Control\\CriticalDeviceDatabase\\PCI#{ident}")
            self.system.drop(f"{self.ccs}\\Control\\CriticalDeviceDatabase\\PCI#{ident.split('&SUBSYS')[0]}")
        self.system.drop(f"{self.ccs}\\Control\\Class\\{cls}\\{ {'viostor': '0001', 'vioscsi': '0002', 'netkvm': '0007'}[driver] }")

    def agents(self):
        """cloudbase-init, which sets passwords and names at the first start."""
        base = "C:\\Program Files\\Cloudbase Solutions\\Cloudbase-Init"
        self.service("cloudbase-init", Type=16, Start=2, ErrorControl=1, ObjectName=".\\cloudbase-init", DisplayName="Cloudbase-Init", DependOnService=["Winmgmt"],
                     ImagePath=expand(f'"{base}\\bin\\OpenStackService.exe" cloudbase-init "{base}\\Python\\Scripts\\cloudbase-init.exe" --config-file "{base}\\conf\\cloudbase-init.conf"'))
        self.file(base[3:] + "\\bin\\OpenStackService.exe", self.third_party("OpenStackService.exe", "Cloudbase Solutions Srl", "Cloudbase-Init", (1, 1, 4, 0), subsystem=CONSOLE))
        self.file(base[3:] + "\\Python\\Scripts\\cloudbase-init.exe", self.third_party("cloudbase-init.exe", "Cloudbase Solutions Srl", "Cloudbase-Init", (1, 1, 4, 0), subsystem=CONSOLE))
        self.file(base[3:] + "\\conf\\cloudbase-init.conf", "[DEFAULT]\r\nusername=Administrator\r\ngroups=Administrators\r\ninject_user_password=true\r\n")
        self.software.set(f"{CV}\\Uninstall\\{{9F0A4B0A-0B6A-4E6C-8C64-C0DE00000001}}", DisplayName="Cloudbase-Init 1.1.4", Publisher="Cloudbase Solutions Srl", DisplayVersion="1.1.4.0")

    # ---- the volumes ------------------------------------------------------------------------------------------

    def finish(self):
        """Adds the hives to the files of drive C:."""
        config = "Windows\\System32\\config"
        trees = {"SYSTEM": self.system, "SOFTWARE": self.software, "SAM": self.sam, "SECURITY": self.security, "DEFAULT": self.default, "COMPONENTS": self.components}
        if self.modern:
            trees["DRIVERS"] = self.drivers
        for name, tree in trees.items():
            log = b""
            if name in self.logs:
                before, form = self.logs[name]
                data, log = dirty(before, tree, f"emRoot\\System32\\Config\\{name}", form=form)
            else:
                data = hive(tree, f"emRoot\\System32\\Config\\{name}")
            data = self.hives.get(name, data)
            self.file(f"{config}\\{name}", data)
            if data is not None and f"{config}/{name}.LOG1".replace("\\", "/") not in self.files:
                self.file(f"{config}\\{name}.LOG1", log)
                self.file(f"{config}\\{name}.LOG2", b"")
        for change in self.on_files:
            self.files = change(self.files)


def inf_text(inf, cls, provider, section, service, ids):
    lines = ["; a stand-in for " + inf, "[Version]", 'Signature="$Windows NT$"', f"ClassGuid={cls}", "Provider=%vendor%", "DriverVer=03/01/2024,100.95.104.26200", f"CatalogFile={service}.cat",
             "[Manufacturer]", "%vendor%=Models,NTx86,NTamd64,NTarm64", *[f"[Models.NT{a}]\r\n" + "\r\n".join(f"%device%={section}, {i}" for i in ids) for a in ("x86", "amd64", "arm64")],
             f"[{section}.Services]", f"AddService={service},0x00000002,{service}_Service", f"[{service}_Service]", "ServiceType=1", "StartType=0", "ErrorControl=1",
             f"ServiceBinary=%12%\\{service}.sys", "[Strings]", f'vendor="{provider}"', f'device="{service}"', ""]
    return "\r\n".join(lines).encode()


# ---- hives ---------------------------------------------------------------------------------------------------------

def system_hive(w, number):
    g, root = w.generation, Key()
    root.set("Select", Current=number, Default=number, Failed=0, LastKnownGood=number)
    w.system = root
    c = w.control
    for first, last, name, start, kind, error, group, tag, image, dll, account in services():
        if first <= g.build <= last:
            key = w.service(name, Start=start, Type=kind, ErrorControl=error)
            for n, v in (("Group", group), ("Tag", tag and int(tag)), ("ImagePath", image and expand(w.image_path(image))), ("ObjectName", account)):
                if v is not None:
                    key.put(n, v)
            if dll:
                root.set(f"{w.ccs}\\Services\\{name}\\Parameters", ServiceDll=expand(dll))
    if g.server:
        w.service("TermService", Start=3)
        w.service("W32Time", Start=2)
    # Control
    c("", CurrentUser="USERNAME", WaitToKillServiceTimeout="5000", SystemBootDevice="multi(0)disk(0)rdisk(0)partition(2)", SystemStartOptions=" NOEXECUTE=OPTOUT",
      FirmwareBootDevice="multi(0)disk(0)rdisk(0)partition(1)", LastBootSucceeded=1)
    c("ComputerName\\ComputerName", ComputerName="WIN-C0DE00000001"); c("ComputerName\\ActiveComputerName", ComputerName="WIN-C0DE00000001")
    c("ProductOptions", ProductType="ServerNT" if g.server else "WinNT", ProductSuite=["Terminal Server"])
    c("TimeZoneInformation", Bias=0xFFFFFE20, ActiveTimeBias=0xFFFFFE20, StandardBias=0, DaylightBias=0, StandardName="@tzres.dll,-572", DaylightName="@tzres.dll,-571",
      TimeZoneKeyName=(1, ("China Standard Time\0".encode("utf-16-le")).ljust(256, b"\xa5")), DynamicDaylightTimeDisabled=0, StandardStart=bytes(16), DaylightStart=bytes(16))
    c("Session Manager", AutoChkTimeout=8, BootExecute=["autocheck autochk *"], SETUPEXECUTE=(7, b"\0\0"), ObjectDirectories=["\\Windows", "\\RPC Control"], ProtectionMode=1,
      NumberOfInitialSessions=2, GlobalFlag=0, CriticalSectionTimeout=0x278D00)
    c("Session Manager\\Memory Management", PagingFiles=["C:\\pagefile.sys 4096 4096"], ExistingPageFiles=["\\??\\C:\\pagefile.sys"], ClearPageFileAtShutdown=0, DisablePagingExecutive=0)
    c("Session Manager\\Power", HiberbootEnabled=0)
    c("Session Manager\\Environment", {"Path": expand("%SystemRoot%\\system32;%SystemRoot%;%SystemRoot%\\System32\\Wbem"), "TEMP": expand("%SystemRoot%\\TEMP"), "TMP": expand("%SystemRoot%\\TEMP"),
      "PROCESSOR_ARCHITECTURE": {"amd64": "AMD64", "x86": "x86", "arm64": "ARM64"}[g.arch], "OS": "Windows_NT"})
    c("Session Manager\\SubSystems", {"Windows": expand("%SystemRoot%\\system32\\csrss.exe ObjectDirectory=\\Windows SharedSection=1024,20480,768 Windows=On SubSystemType=Windows"), "Required": ["Debug", "Windows"], "Kmode": expand("\\SystemRoot\\System32\\win32k.sys")})
    c("Power", HibernateEnabled=0)
    c("Terminal Server", fDenyTSConnections=0, fSingleSessionPerUser=1, TSUserEnabled=0, StartRCM=0, DeleteTempDirsOnExit=1)
    c("Terminal Server\\WinStations\\RDP-Tcp", PortNumber=3389, fEnableWinStation=1, LanAdapter=0, MaxInstanceCount=0xFFFFFFFF, UserAuthentication=1, SecurityLayer=2, MinEncryptionLevel=2,
      LoadableProtocol_Object="{5828227c-20cf-4408-b73f-73ab70b8849f}", PdName="tcp", WdName="Microsoft RDP 8.0", fInheritReconnectSame=1, fReconnectSame=0, KeepAliveTimeout=0)
    c("Nls\\Language", InstallLanguage="0409", Default="0409"); c("Nls\\CodePage", ACP="1252", OEMCP="437")
    c("CrashControl", AutoReboot=1, CrashDumpEnabled=7 if w.modern else 2, DumpFile=expand("%SystemRoot%\\MEMORY.DMP"), LogEvent=1, MinidumpDir=expand("%SystemRoot%\\Minidump"), Overwrite=1)
    for mode in ("Minimal", "Network"):
        for name, what in (("{4D36E967-E325-11CE-BFC1-08002BE10318}", "DiskDrive"), ("{4D36E97B-E325-11CE-BFC1-08002BE10318}", "SCSIAdapter"), ("Boot Bus Extender", "Driver Group"), ("PlugPlay", "Service")):
            c(f"SafeBoot\\{mode}\\{name}", {"": what})
    c("Lsa", LimitBlankPasswordUse=1, NoLMHash=1, **{"Authentication Packages": ["msv1_0"], "Security Packages": [""]})
    c("DeviceGuard", EnableVirtualizationBasedSecurity=0) if g.build >= 14393 else None
    c("ServiceGroupOrder", List=["System Reserved", "EMS", "WdfLoadGroup", "Boot Bus Extender", "System Bus Extender", "SCSI miniport", "Port", "Primary Disk", "SCSI Class", "SCSI CDROM Class",
      "FSFilter Infrastructure", "FSFilter System", "FSFilter Bottom", "Filter", "Boot File System", "Base", "File System", "NDIS Wrapper", "NDIS", "PNP_TDI", "Event Log", "PlugPlay"])
    lower = ["EhStorClass"] if w.modern else []
    volume_lower = (["fvevol", "iorate", "rdyboost"] if g.build >= 14393 else ["fvevol", "rdyboost"])
    for guid, name, title, upper, low in ((DISKS, "DiskDrive", "Disk drives", ["partmgr"], lower), (VOLUMES, "Volume", "Storage volumes", ["volsnap"], volume_lower),
            (SCSI, "SCSIAdapter", "Storage controllers", [], []), (HDC, "HDC", "IDE ATA/ATAPI controllers", [], []), (SYSTEM_CLASS, "System", "System devices", [], []),
            (NET, "Net", "Network adapters", [], []), (CDROM, "CDROM", "DVD/CD-ROM drives", [], []), (KEYBOARD, "Keyboard", "Keyboards", ["kbdclass"], []), (MOUSE, "Mouse", "Mice and other pointing devices", ["mouclass"], [])):
        c(f"Class\\{guid}", {"Class": name, "ClassDesc": title, "NoInstallClass": "1", **({"UpperFilters": upper} if upper else {}), **({"LowerFilters": low} if low else {})})
    # Network
    interfaces = f"{w.ccs}\\Services\\Tcpip\\Parameters\\Interfaces"
    root.set(f"{interfaces}\\{NIC}", EnableDHCP=1, Domain="", NameServer="", DhcpIPAddress="192.168.122.20", DhcpSubnetMask="255.255.255.0", DhcpServer="192.168.122.1",
             DhcpDefaultGateway=["192.168.122.1"], DhcpNameServer="192.168.122.1", Lease=3600, AddressType=0, IsServerNapAware=0)
    root.set(f"{w.ccs}\\Services\\Tcpip\\Parameters", Hostname="WIN-C0DE00000001", Domain="", NameServer="", DhcpNameServer="192.168.122.1", DataBasePath=expand("%SystemRoot%\\System32\\drivers\\etc"), IPEnableRouter=0)
    root.set(f"{w.ccs}\\Services\\Tcpip6\\Parameters", DisabledComponents=0)
    root.set(f"{w.ccs}\\Control\\Network\\{NET.upper()}\\{NIC.upper()}\\Connection", Name="Ethernet", DefaultNameIndex=0, PnpInstanceID="PCI\\" + VIRTIO["netkvm"][3][0] + "\\3&13c0b0c5&0&40")
    # Firewall: the group "Remote Desktop" allowed, as it is when Remote Desktop has been switched on.
    policy = f"{w.ccs}\\Services\\SharedAccess\\Parameters\\FirewallPolicy"
    for profile in ("DomainProfile", "StandardProfile", "PublicProfile"):
        root.set(f"{policy}\\{profile}", EnableFirewall=1, DisableNotifications=1)
    v = "v2.10" if not w.modern else "v2.31" if g.build >= 20348 else "v2.27" if g.build >= 17763 else "v2.26" if g.build >= 14393 else "v2.22"
    app = "App=System|" if not w.modern else "App=%SystemRoot%\\system32\\svchost.exe|Svc=termservice|"
    root.set(f"{policy}\\FirewallRules", {
        "RemoteDesktop-In-TCP" if not w.modern else "RemoteDesktop-UserMode-In-TCP": f"{v}|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=3389|{app}Name=@FirewallAPI.dll,-28753|Desc=@FirewallAPI.dll,-28756|EmbedCtxt=@FirewallAPI.dll,-28752|",
        "CoreNet-DHCP-In": f"{v}|Action=Allow|Active=TRUE|Dir=In|Protocol=17|LPort=68|RPort=67|App=%SystemRoot%\\system32\\svchost.exe|Svc=dhcp|Name=@FirewallAPI.dll,-25301|Desc=@FirewallAPI.dll,-25303|EmbedCtxt=@FirewallAPI.dll,-25000|Edge=TRUE|",
        "WINRM-HTTP-In-TCP-PUBLIC": f"{v}|Action=Allow|Active=FALSE|Dir=In|Protocol=6|Profile=Public|LPort=5985|RA4=LocalSubnet|App=System|Name=@FirewallAPI.dll,-30253|EmbedCtxt=@FirewallAPI.dll,-30252|",
        "FPS-SMB-In-TCP": f"{v}|Action=Allow|Active=FALSE|Dir=In|Protocol=6|LPort=445|App=System|Name=@FirewallAPI.dll,-28511|EmbedCtxt=@FirewallAPI.dll,-28502|"})
    root.set(f"{w.ccs}\\Services\\partmgr\\Parameters", SanPolicy=1)
    root.set(f"{w.ccs}\\Services\\W32Time\\Parameters", NtpServer="time.windows.com,0x8", Type="NTP")
    root.set(f"{w.ccs}\\Services\\DeviceInstall\\Parameters", DeviceInstallDisabled=0) if w.modern else root.set(f"{w.ccs}\\Services\\PlugPlay\\Parameters", DeviceInstallDisabled=0)
    # Devices besides those of the virtio drivers
    root.set(f"{w.ccs}\\Enum\\ACPI\\PNP0A03\\2&daba3ff&0", Service="pci", ClassGUID=SYSTEM_CLASS, HardwareID=["ACPI\\PNP0A03", "*PNP0A03"], Driver=SYSTEM_CLASS + "\\0001", ConfigFlags=0)
    root.set(f"{w.ccs}\\Enum\\ROOT\\VOLMGR\\0000", Service="volmgr", ClassGUID=SYSTEM_CLASS, HardwareID=["ROOT\\VOLMGR"], Driver=SYSTEM_CLASS + "\\0002", ConfigFlags=0)
    root.set(f"{w.ccs}\\Enum\\SCSI\\Disk&Ven_Red_Hat&Prod_VirtIO\\4&35b5a2e3&0&000000", Service="disk", ClassGUID=DISKS, HardwareID=["SCSI\\DiskRed_Hat_VirtIO__________0001", "GenDisk"], Driver=DISKS + "\\0000", FriendlyName="Red Hat VirtIO SCSI Disk Device", ConfigFlags=0)
    root.set(f"{w.ccs}\\Enum\\ACPI\\PNP0303\\4&25ee97c0&0", Service="i8042prt", ClassGUID=KEYBOARD, HardwareID=["ACPI\\VEN_PNP&DEV_0303", "*PNP0303"], Driver=KEYBOARD + "\\0000", ConfigFlags=0)
    root.set(f"{w.ccs}\\Hardware Profiles\\0001"), root.set(f"{w.ccs}\\Policies")
    root.set("Setup", SetupType=0, SystemSetupInProgress=0, SetupPhase=0, OOBEInProgress=0, CmdLine="", RestartSetup=0, SetupSupported=1, OsLoaderPath="\\", SystemPartition="\\Device\\HarddiskVolume1", Respecialize=0)
    root.set("Setup\\Status\\SysprepStatus", GeneralizationState=7, CleanupState=2) if w.modern or g.build >= 7600 else None
    root.set("WPA"), root.set("RNG", Seed=bytes(76))
    return root


def software_hive(w):
    g, root = w.generation, Key()
    a, b = g.nt
    current = {"ProductName": g.product, "EditionID": g.edition, "InstallationType": "Server Core" if g.core else "Server" if g.server else "Client", "CurrentVersion": "6.3" if a == 10 else f"{a}.{b}",
               "CurrentBuild": str(g.build), "CurrentBuildNumber": str(g.build), "BuildLab": g.lab.split(".")[0] + "." + ".".join(g.lab.split(".")[3:]), "BuildLabEx": g.lab, "BuildGUID": "ffffffff-ffff-ffff-ffff-ffffffffffff",
               "CurrentType": "Multiprocessor Free", "SoftwareType": "System", "SystemRoot": "C:\\Windows", "PathName": "C:\\Windows", "RegisteredOwner": "Windows User", "RegisteredOrganization": "",
               "InstallDate": 0x66165A00, "ProductId": "00454-60000-00001-AA302", "DigitalProductId": struct.pack("<I", 164).ljust(164, b"\0"), "DigitalProductId4": struct.pack("<I", 0x4F8).ljust(0x3F8, b"\0") + "Volume:GVLK".encode("utf-16-le").ljust(0x100, b"\0")}
    if g.csd:
        current |= {"CSDVersion": g.csd, "CSDBuildNumber": "1130"}
    if a == 10:
        current |= {"CurrentMajorVersionNumber": 10, "CurrentMinorVersionNumber": 0, "UBR": g.ubr, "ReleaseId": g.release, "BuildBranch": g.lab.split(".")[3], "CompositionEditionID": g.edition, "InstallTime": qword(0x01DA8B1A00000000),
                    "EditionSubManufacturer": "", "EditionSubVersion": "", "EditionSubstring": "", "BaseBuildRevisionNumber": 1, "LCUVer": f"10.0.{g.build}.{g.ubr}"}
        if g.display:
            current |= {"DisplayVersion": g.display}
    elif g.build == 9600:
        current |= {"UBR": g.ubr}
    root.set(NT, current)
    for n, sid in enumerate(("S-1-5-18", "S-1-5-19", "S-1-5-20", "S-1-5-21-3235774465-3235774466-3235774467-500")):
        path = ("%systemroot%\\system32\\config\\systemprofile", "%systemroot%\\ServiceProfiles\\LocalService", "%systemroot%\\ServiceProfiles\\NetworkService", "C:\\Users\\Administrator")[n]
        root.set(f"{NT}\\ProfileList\\{sid}", ProfileImagePath=expand(path), Flags=0 if n == 3 else 0xC, State=0)
    root.set(f"{NT}\\ProfileList", ProfilesDirectory=expand("%SystemDrive%\\Users"), Default=expand("%SystemDrive%\\Users\\Default"), Public=expand("%SystemDrive%\\Users\\Public"), ProgramData=expand("%SystemDrive%\\ProgramData"))
    for zone, bias in (("China Standard Time", -480), ("UTC", 0), ("Pacific Standard Time", 480), ("W. Europe Standard Time", -60), ("Tokyo Standard Time", -540), ("Eastern Standard Time", 300)):
        root.set(f"{NT}\\Time Zones\\{zone}", Display=zone, Std=zone, Dlt=zone.replace("Standard", "Daylight"), TZI=struct.pack("<iii", bias, 0, -60) + bytes(32))
    root.set(f"{NT}\\Winlogon", Shell="explorer.exe", Userinit="C:\\Windows\\system32\\userinit.exe,", AutoAdminLogon="0", DefaultUserName="Administrator", DefaultDomainName="")
    root.set(f"{NT}\\Svchost", {"netsvcs": ["Schedule", "Winmgmt", "ProfSvc", "gpsvc", "IKEEXT", "iphlpsvc", "LanmanServer", "wuauserv", "SessionEnv", "DsmSvc"], "DcomLaunch": ["Power", "LSM", "BrokerInfrastructure", "PlugPlay", "DcomLaunch", "DeviceInstall"],
             "RPCSS": ["RpcEptMapper", "RpcSs"], "NetworkService": ["CryptSvc", "Dnscache", "LanmanWorkstation", "NlaSvc", "TermService", "WinRM"], "LocalServiceNetworkRestricted": ["Dhcp", "EventLog"], "LocalServiceNoNetworkFirewall": ["BFE", "mpssvc"]})
    root.set(f"{NT}\\SoftwareProtectionPlatform", BackupProductKeyDefault="", InactivityShutdownDelay=30)
    root.set(CV, ProgramFilesDir="C:\\Program Files", CommonFilesDir="C:\\Program Files\\Common Files", DevicePath=expand("%SystemRoot%\\inf"), ProgramFilesPath=expand("%ProgramFiles%"))
    root.set(f"{CV}\\Setup\\State", ImageState="IMAGE_STATE_COMPLETE")
    root.set(f"{CV}\\Uninstall"), root.set(f"{CV}\\Run", SecurityHealth=expand("%windir%\\system32\\SecurityHealthSystray.exe") if a == 10 else "")
    root.set(f"{CV}\\WindowsUpdate\\Auto Update"), root.set(f"{CV}\\Policies\\System", EnableLUA=1, LocalAccountTokenFilterPolicy=0)
    root.set(f"{CBS}\\SessionsPending", Exclusive=0, TotalSessionPhases=0)
    root.set(f"{CBS}", ServicingStackVersion=f"{a}.{b}.{g.build}.{g.ubr}", LastTrustTime=qword(0))
    arch = {"amd64": "amd64", "x86": "x86", "arm64": "arm64"}[g.arch]
    def package(name, version, **values):
        root.set(f"{CBS}\\Packages\\{name}~31bf3856ad364e35~{arch}~~{version}", {"CurrentState": 0x70, "InstallTimeHigh": 0x01DA8B1A, "InstallTimeLow": 0, "InstallUser": "S-1-5-18", "Visibility": 1, **values})
    package("Microsoft-Windows-Foundation-Package", f"{a}.{b}.{g.build}.{1 if a == 10 else 16384}", InstallName="Microsoft-Windows-Foundation-Package.mum")
    if a == 10:
        package("Package_for_RollupFix", f"{g.build}.{g.ubr}.1.6", InstallName=f"Package_for_RollupFix~31bf3856ad364e35~{arch}~~{g.build}.{g.ubr}.1.6.mum")
        package("Package_for_ServicingStack_2400", f"{g.build}.{g.ubr}.1.0")
    elif g.build == 9600:
        package("Package_for_RollupFix", "9600.21620.1.12" if g.server else "9600.20778.1.9", InstallName="Package_for_RollupFix.mum", InstallLocation="\\\\?\\C:\\Windows\\SoftwareDistribution\\Download\\Windows8.1-KB5031419-x64.cab\\")
        package("Package_for_KB2919355", "6.3.1.14")
    elif g.build == 7601:
        package("Package_for_KB4474419", "6.1.3.2", InstallName="Package_for_KB4474419~31bf3856ad364e35~amd64~~6.1.3.2.mum")
        package("Package_for_KB4490628", "6.1.1.2")
        package("Package_for_KB976902", "6.1.1.17514")
    root.set("Microsoft\\NET Framework Setup\\NDP\\v4\\Full", Install=1, Release=528449, Version="4.8.04161")
    root.set("Microsoft\\PowerShell\\3\\PowerShellEngine", PowerShellVersion="5.1.20348.1") if w.modern else root.set("Microsoft\\PowerShell\\1\\PowerShellEngine", PowerShellVersion="2.0")
    root.set("Policies\\Microsoft\\Windows"), root.set("Policies\\Microsoft\\Windows NT\\Terminal Services"), root.set("Policies\\Microsoft\\SystemCertificates")
    root.set("Classes\\.txt", {"": "txtfile"}), root.set("Clients"), root.set("ODBC"), root.set("RegisteredApplications")
    if g.arch != "x86":
        root.set("WOW6432Node\\Microsoft\\Windows\\CurrentVersion\\Uninstall")
    return root


def user_record(rid, name, comment, flags, password):
    """The values F (fixed part) and V (variable part) of an account in the SAM.

    F: revision, times, RID, primary group, account control at 0x38 (1 disabled, 4 no password needed, 0x10 normal, 0x200 never expires).
    V: 17 entries of offset, length and an extra word, then the data; entry 0 is the security descriptor, 1 the name, 3 the comment,
    13 and 14 the LM and NT hash.
    """
    never = 0x7FFFFFFFFFFFFFFF
    f = struct.pack("<HHIQQQQQ", 3, 1, 0, 0, 0, 0x01DA8B1A00000000 if password else 0, never, 0) + struct.pack("<IIHHHHHHHH", rid, 513, flags, 0, 0, 0, 0, 0, 0, 0)
    f = f.ljust(80, b"\0")
    descriptor = bytes.fromhex("0100148000000000") + bytes(0xEC)
    lm = struct.pack("<HHI", 1, 2, 0) + bytes(16)                        # encrypted with AES, empty
    nt = struct.pack("<HHI", 1, 2, 16) + bytes(16) + hashlib.sha256(name.encode()).digest() if password else lm
    parts = [descriptor, name.encode("utf-16-le"), b"", comment.encode("utf-16-le")] + [b""] * 8 + [bytes.fromhex("0102000007000000"), lm, nt, lm, lm]
    table, body = b"", b""
    for n, part in enumerate(parts):
        table += struct.pack("<III", len(body), len(part), 1 if n in (12,) else 0x10003 if n == 0 else 0)
        body += part + bytes(-len(part) % 4)
    return f, table + body


def sam_hive(users=None, administrators=(500,)):
    root = Key()
    account = root.set("SAM\\Domains\\Account", F=struct.pack("<HHIQQ", 3, 1, 0, 0x01DA8B1A00000000, 4).ljust(368, b"\0"), V=struct.pack("<III", 0, 24, 0).ljust(340, b"\0") + MACHINE_SID)
    root.set("SAM", C=bytes(224), ServerDomainUpdates=binary("feff0f"))
    for rid, name, comment, flags, password in users or [(500, "Administrator", "Built-in account for administering the computer/domain", 0x210, True), (501, "Guest", "Built-in account for guest access to the computer/domain", 0x215, False),
                                                         (503, "DefaultAccount", "A user account managed by the system.", 0x215, False)]:
        f, v = user_record(rid, name, comment, flags, password)
        root.set(f"SAM\\Domains\\Account\\Users\\{rid:08X}", F=f, V=v)
        root.set(f"SAM\\Domains\\Account\\Users\\Names\\{name}", {"": (rid, b"")})
    for rid, name, members in ((544, "Administrators", administrators), (545, "Users", ()), (555, "Remote Desktop Users", ())):
        sids = b"".join(struct.pack("<BB", 1, 5) + MACHINE_SID[2:] + struct.pack("<I", m) for m in members)
        text = name.encode("utf-16-le")
        # C: RID, then offset, length and extra word of descriptor, name, comment and members (whose extra word is their number); the data.
        c = struct.pack("<IIII", rid, 0, 20, 0x10003) + struct.pack("<III", 20, len(text), 0) + struct.pack("<III", 20 + len(text), 0, 0)
        c += struct.pack("<III", 20 + len(text), len(sids), len(members)) + bytes.fromhex("0100048014000000").ljust(20, b"\0") + text + sids
        root.set(f"SAM\\Domains\\Builtin\\Aliases\\{rid:08X}", C=c)
        root.set(f"SAM\\Domains\\Builtin\\Aliases\\Names\\{name}", {"": (rid, b"")})
    return root


def security_hive():
    root = Key()
    root.set("Policy", {"": (0, b"")}), root.set("Policy\\PolAdtEv", {"": binary(bytes(138))}), root.set("Policy\\PolAcDmS", {"": binary(MACHINE_SID)})
    root.set("Policy\\Accounts\\S-1-5-32-544\\Privilgs", {"": binary("0000000000000000")}), root.set("RXACT", {"": (0, b"")}), root.set("Cache")
    return root


def default_hive():
    root = Key()
    root.set("Control Panel\\International", LocaleName="en-US"), root.set("Control Panel\\Desktop", ScreenSaveActive="1"), root.set("Environment", TEMP=expand("%USERPROFILE%\\AppData\\Local\\Temp")), root.set("Software\\Microsoft")
    return root


def components_hive():
    root = Key()
    root.set("CanonicalData\\Catalogs"), root.set("DerivedData\\Components"), root.set("Installers"), root.set("ServicingStackVersions")
    root.put("StoreFormatVersion", "0.0.0.6"), root.put("PublisherPolicyChangeTime", qword(0x01DA8B1A00000000))
    return root
