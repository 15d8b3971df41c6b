"""Ways to break a guest that starts by UEFI: what its firmware, its loader and its table of file systems need."""
from guest import NOSUCH
from parts import Link
from table import good, image, stops


def esp(g):
    return g.esp.strip("/") + "/"


def drop(g, chosen):
    """Removes the files `chosen` says yes to; there must be one."""
    gone = [p for p, d in g.files.items() if d is not None and chosen(p)]
    if not gone:
        raise SystemExit("nothing to remove")
    for p in gone:
        del g.files[p]
        g.files.setdefault(p.rsplit("/", 1)[0] + "/", None)


def edit(g, chosen, old, new):
    """Replaces text in all files `chosen` says yes to; one must have it."""
    found = [p for p, d in g.files.items() if chosen(p) and isinstance(d, str) and not isinstance(d, Link) and old in d]
    if not found:
        raise SystemExit(f"no {old!r}")
    for p in found:
        text = g.files[p].replace(old, new)
        # An environment block keeps its size.
        g.files[p] = text.rstrip("#")[:1024].ljust(1024, "#") if p.endswith("grubenv") else text


def no_fallback(g):
    drop(g, lambda p: p.startswith(esp(g) + "EFI/BOOT/"))


def shim_alone(g):
    drop(g, lambda p: p.endswith("EFI/BOOT/fbx64.efi"))


def csv_gone(g):
    drop(g, lambda p: p.startswith(esp(g) + "EFI/") and p.endswith(".CSV"))


def config_gone(g):
    drop(g, lambda p: p.startswith(esp(g) + "EFI/") and p.endswith("grub.cfg"))


def stub_other(g):
    edit(g, lambda p: p.startswith(esp(g) + "EFI/") and p.endswith("grub.cfg"), g.grub_uuid, NOSUCH)


def kernel_gone(g):
    drop(g, lambda p: p.startswith("boot/") and "vmlinuz" in p.rsplit("/", 1)[1])


def initrd_gone(g):
    drop(g, lambda p: p.startswith("boot/") and p.rsplit("/", 1)[1].startswith("init"))


def entries_gone(g):
    drop(g, lambda p: p.startswith("boot/loader/entries/"))


def root_gone(g):
    edit(g, lambda p: p.startswith("boot/"), "root=" + (getattr(g, "root_argument", None) or g.root_device), "root=UUID=" + NOSUCH)


def esp_line(g):
    serial = f"{g.esp_serial[:4]}-{g.esp_serial[4:]}"
    edit(g, lambda p: p == "etc/fstab", "LABEL=ESP" if "LABEL=ESP" in g.files["etc/fstab"] else "UUID=" + serial, "UUID=DEAD-BEEF")


def no_driver(names):
    def change(g):
        g.drivers = [d for d in g.drivers if d not in names]
    return change


KINDS = {
    # name: (change, whether it comes last, rows, traps, note)
    "no-fallback": (no_fallback, True, [stops("firmware", "EfiFallback.Missing")], "23", "nothing at the removable path, and a cloud's firmware knows no other"),
    "shim-alone": (shim_alone, True, [stops("firmware", "EfiFallback.Incomplete")], "24", "shim at the removable path has neither GRUB nor the fallback program beside it"),
    "csv-gone": (csv_gone, True, [stops("firmware", "EfiFallback.Incomplete")], "24", "the fallback program finds no BOOTX64.CSV that names a loader"),
    "config-gone": (config_gone, True, [stops("bootloader", "Grub.ConfigMissing")], "18", "GRUB in the ESP finds no grub.cfg: it stays at its prompt"),
    "stub-other-uuid": (stub_other, True, [stops("bootloader", "Grub.EfiStubUuid")], "18", "the stub in the ESP looks for a file system that is gone"),
    "kernel-gone": (kernel_gone, True, [stops("kernel", "Grub.KernelMissing")], "", "the kernel of every entry is gone"),
    "initrd-gone": (initrd_gone, True, [stops("initramfs", "Initramfs.Missing")], "", "the initramfs file is gone: GRUB starts the kernel all the same, which panics"),
    "entries-gone": (entries_gone, True, [stops("bootloader", "Grub.ConfigMissing")], "20", "no entry file is left, and grub.cfg has no other entry"),
    "root-gone": (root_gone, True, [stops("root", "Grub.RootNotFound")], "", "root= names a file system that is gone"),
    "esp-line": (esp_line, True, [stops("init", "Fstab.DeviceNotFound")], "42", "fstab mounts an ESP that is gone, without nofail: emergency mode"),
    "initrd-no-nvme": (no_driver(["nvme"]), False, [stops("initramfs", "DiskDriver.NotInInitramfs").on(disk="nvme"), stops("initramfs", "DiskDriver.NotInInitramfs").on(target="aws-nitro", disk="nvme"), good()], "3", "no nvme in the initramfs: virtio starts, NVMe does not"),
    "initrd-no-virtio": (no_driver(["virtio_blk", "virtio_scsi", "virtio_pci"]), False, [stops("initramfs", "DiskDriver.NotInInitramfs")], "3", "no virtio in the initramfs"),
}


def register(prefix, base, *kinds, bios=None, **layout):
    """Breaks `base` in the ways named; `bios`: what becomes of a launch by BIOS of a guest that starts by both."""
    for kind in kinds:
        change, last, rows, traps, note = KINDS[kind]
        if bios is not None:
            rows = [row.on(firmware="uefi") for row in rows] + [row.on(firmware="bios") for row in bios]
        def add(g, change=change, last=last):
            g.late.append(change) if last else change(g)
        image(f"{prefix}-{kind}", *rows, traps=traps, note=note, base=base, **layout)(add)
