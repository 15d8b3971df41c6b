"""Kernels under their real names: a stand-in for the image, the module tree with its indexes, /boot/config.

What the modules say of themselves (aliases, dependencies) is Debian's, recorded in modules.tsv; code they have none.
"""
import functools, os, re, struct

import parts

HERE = os.path.dirname(os.path.abspath(__file__))


def modname(path):
    return os.path.basename(path).split(".")[0].replace("-", "_")


@functools.cache
def known():
    """name: (path, names of what it needs, its .modinfo)."""
    modules = {}
    with open(HERE + "/modules.tsv") as f:
        for line in f:
            if not line.startswith("#"):
                path, needs, info = line.rstrip("\n").split("\t")
                modules[modname(path)] = (path, [modname(n) for n in needs.split()], info.split("|"))
    modules["jbd"] = ("kernel/fs/jbd/jbd.ko", [], ["license=GPL", "depends="])
    modules["ext3"] = ("kernel/fs/ext3/ext3.ko", ["jbd", "mbcache"], ["license=GPL", "alias=fs-ext3", "depends=jbd,mbcache"])
    return modules


@functools.cache
def index(entries):
    return parts.index(entries)


# The version of Linux a driver came with; what a distribution took into an older one is `extra` of its kernel.
NEW = {name: tuple(int(n) for n in version.split(".")) for version, names in {
    "2.6.29": "btrfs", "2.6.32": "vmxnet3", "2.6.33": "vmw_pvscsi", "3.0": "xor raid6_pq", "3.3": "nvme", "3.4": "virtio_scsi hv_vmbus hv_storvsc hv_netvsc hv_utils", "3.17": "t10_pi", "3.18": "overlay", "4.3": "scsi_common",
    "4.4": "nvme_core", "4.6": "pci_hyperv qemu_fw_cfg", "4.9": "ena", "4.16": "crc64", "4.18": "net_failover failover", "5.3": "gve", "5.4": "pci_hyperv_intf erofs", "5.12": "virtio_pci_legacy_dev virtio_pci_modern_dev", "5.18": "crc64_rocksoft"}.items() for name in names.split()}


class Kernel:
    """One kernel of a guest.

    builtin: drivers linked into it; absent: drivers that were not built; extra: backported drivers its version would not have;
    suffix: `.xz` and so on of the modules; lists: whether modules.builtin is there (not before 2.6.33); config: whether /boot/config is.
    """

    def __init__(self, version, builtin=(), absent=(), extra=(), suffix="", lists=True, config=True, architecture="x86_64", banner=None):
        self.version, self.builtin, self.suffix, self.lists, self.config, self.architecture = version, set(builtin), suffix, lists, config, architecture
        self.number = number = tuple(int(n) for n in re.match("[0-9.]+", version)[0].split("."))
        self.modules = {n for n in known() if n in extra or NEW.get(n, ()) <= number} - self.builtin - set(absent)
        if number >= (4, 3):
            self.modules -= {"ext3", "jbd"} - set(extra)
        self.banner = banner or f"{version} (mockbuild@builder) (gcc version) #1 SMP Mon Apr 1 12:00:00 UTC 2024"
        self.weak = {}                                       # modules that are links to another kernel's: name -> version

    def path(self, name):
        return known()[name][0] + self.suffix

    def needs(self, name):
        return [n for n in known()[name][1] if n in self.modules]

    def closure(self, names):
        todo, seen = [n.replace("-", "_") for n in names], set()
        while todo:
            n = todo.pop()
            if n in self.modules and n not in seen:
                seen.add(n); todo += self.needs(n)
        return seen

    def file(self, name):
        path, _, info = known()[name]
        lines = [l for l in info if not l.startswith("depends=")] + ["depends=" + ",".join(self.needs(name)), "name=" + name, f"vermagic={self.version} SMP mod_unload modversions "]
        return pack(parts.foreign(parts.module(lines), self.architecture), self.suffix)

    def image(self):
        return arm64_image(self.banner) if self.architecture == "arm64" else bzimage(self.banner)

    def tree(self, names=None, prefix="lib/modules/", files=True):
        """lib/modules/VERSION with the modules named (and what they need), all if none are, and what depmod makes of them."""
        chosen = sorted(self.modules if names is None else self.closure(names), key=self.path)
        top, tree = prefix + self.version, {}
        ordered = {n: [self.path(d) for d in sorted(self.closure([n]) - {n})] for n in chosen}
        if files:
            for n in chosen:
                tree[f"{top}/{self.path(n)}"] = parts.Link(f"/lib/modules/{self.weak[n]}/{self.path(n)}") if n in self.weak else self.file(n)
        tree[top + "/modules.dep"] = "".join(f"{self.path(n)}:{''.join(' ' + d for d in needs)}\n" for n, needs in ordered.items())
        aliases = [(i.split("=", 1)[1], n) for n in chosen for i in known()[n][2] if i.startswith("alias=")]
        tree[top + "/modules.alias"] = "# Aliases extracted from modules themselves.\n" + "".join(f"alias {a} {n}\n" for a, n in aliases)
        soft = [(n, i.split("=", 1)[1]) for n in chosen for i in known()[n][2] if i.startswith("softdep=")]
        tree[top + "/modules.softdep"] = "# Soft dependencies extracted from modules themselves.\n" + "".join(f"softdep {n} {s}\n" for n, s in soft)
        tree[top + "/modules.order"] = "".join(known()[n][0] + "\n" for n in chosen)
        tree[top + "/modules.symbols"] = "# Aliases for symbols, used by symbol_request().\n"
        tree[top + "/modules.dep.bin"] = index(tuple((n, f"{self.path(n)}:{''.join(' ' + d for d in needs)}") for n, needs in ordered.items()))
        tree[top + "/modules.alias.bin"] = index(tuple((a.replace("-", "_"), n) for a, n in aliases))
        if self.lists:
            paths = sorted([known()[n][0] for n in self.builtin if n in known()] + [l for l in builtin_everywhere() if modname(l) not in self.modules])
            tree[top + "/modules.builtin"] = "".join(p + "\n" for p in paths)
            tree[top + "/modules.builtin.bin"] = index(tuple((n, "") for n in sorted({modname(p) for p in paths})))
        return tree

    def configuration(self):
        text = f"#\n# Automatically generated file; DO NOT EDIT.\n# Linux/x86 {self.version} Kernel Configuration\n#\nCONFIG_MODULES=y\nCONFIG_BLK_DEV_INITRD=y\nCONFIG_RD_GZIP=y\nCONFIG_RD_XZ=y\nCONFIG_DEVTMPFS=y\nCONFIG_EFI_STUB=y\n"
        for n, symbol in SYMBOLS.items():
            if n in self.builtin:
                text += f"CONFIG_{symbol}=y\n"
            elif n in self.modules:
                text += f"CONFIG_{symbol}=m\n"
            else:
                text += f"# CONFIG_{symbol} is not set\n"
        return text


SYMBOLS = {"virtio": "VIRTIO", "virtio_pci": "VIRTIO_PCI", "virtio_blk": "VIRTIO_BLK", "virtio_scsi": "SCSI_VIRTIO", "virtio_net": "VIRTIO_NET", "nvme": "BLK_DEV_NVME", "nvme_core": "NVME_CORE",
           "scsi_mod": "SCSI", "sd_mod": "BLK_DEV_SD", "ext3": "EXT3_FS", "ext4": "EXT4_FS", "xfs": "XFS_FS", "btrfs": "BTRFS_FS", "dm_mod": "BLK_DEV_DM", "libata": "ATA", "ahci": "SATA_AHCI", "ata_piix": "ATA_PIIX",
           "hv_vmbus": "HYPERV", "hv_storvsc": "HYPERV_STORAGE", "hv_netvsc": "HYPERV_NET", "ena": "ENA_ETHERNET", "gve": "GVE", "xen_blkfront": "XEN_BLKDEV_FRONTEND", "xen_netfront": "XEN_NETDEV_FRONTEND",
           "vfat": "VFAT_FS", "qemu_fw_cfg": "FW_CFG_SYSFS", "isofs": "ISO9660_FS"}


@functools.cache
def builtin_everywhere():
    with open(HERE + "/../synthetic/modules.builtin") as f:
        return f.read().split()


@functools.cache
def pack(data, suffix):
    program = {".xz": ["xz", "--check=crc32", "-c"], ".zst": ["zstd", "-q", "-c"], ".gz": ["gzip", "-nc"]}
    return parts.run(*program[suffix], input=data) if suffix else data


@functools.cache
def bzimage(banner):
    return parts.bzimage(banner)


@functools.cache
def arm64_image(banner):
    """An arm64 Image by its header (Documentation/arch/arm64/booting.rst), also an EFI application."""
    data = bytearray(1 << 20)
    struct.pack_into("<IIQQQQQQ4sI", data, 0, 0xFA405A4D, 0x14000000, 0, len(data), 0xA, 0, 0, 0, b"ARM\x64", 0x40)
    struct.pack_into("<4sHHIIIHH", data, 0x40, b"PE\0\0", 0xAA64, 0, 0, 0, 1, 0xA0, 0x206)
    struct.pack_into("<H", data, 0x58, 0x20B)
    struct.pack_into("<H", data, 0x58 + 68, 10)
    text = f"Linux version {banner}\n".encode()
    data[0x10000:0x10000 + len(text)] = text
    return bytes(data)
