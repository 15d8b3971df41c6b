"""The images by name, and what each launch of them must come to: families register both here."""

IMAGES, ROWS = {}, []


class Row:
    """A launch: target, disk, firmware; whether it boots, is reachable, is ready; the link where it stops; a code that must be among the findings."""

    def __init__(self, boots, reachable, ready, stop="-", code="-", disk=None, target=None, firmware=None):
        self.boots, self.reachable, self.ready, self.stop, self.code, self.disk, self.target, self.firmware = boots, reachable, ready, stop, code, disk, target, firmware

    def on(self, **values):
        row = Row(self.boots, self.reachable, self.ready, self.stop, self.code, self.disk, self.target, self.firmware)
        for name, value in values.items():
            setattr(row, name, value)
        return row


def good(code="-"):
    return Row("yes", "yes", "yes", code=code)


def stops(link, code):
    """The boot stops there."""
    return Row("no", "no", "no", link, code)


def unreachable(code, link="network"):
    """It boots, nobody can log in; what is given on a disk (NoCloud, a configuration drive) is done all the same."""
    return Row("yes", "no", "yes", link, code)


def unclear(code="-", boots="yes"):
    """Whether anybody can log in (or, with `boots`, whether it starts) depends on what no image tells."""
    return Row(boots, "unknown", boots, code=code)


def image(name, *rows, traps="", note="", base, **layout):
    """Registers a change of the guest that `base(**layout)` makes; rows without target, disk or firmware get those of a plain launch."""
    def register(change):
        file = name + ".qcow2"
        if file in IMAGES:
            raise SystemExit("twice: " + file)
        def make():
            g = base(**layout)
            change(g)
            return g
        IMAGES[file] = make
        firmware = "uefi" if layout.get("uefi", getattr(base, "uefi", False)) else "bios"
        for row in rows:
            disk = row.disk or "virtio-blk"
            # What a bus lacks is said by the item of that bus.
            item = {"virtio-blk": "Virtio", "virtio-scsi": "Virtio", "nvme": "Nvme"}.get(disk, "DiskDriver")
            code = row.code.replace("DiskDriver.", item + ".")
            ROWS.append((file, row.target or "kvm", disk, row.firmware or firmware, row.boots, row.reachable, row.ready, row.stop, code, traps or "-", note))
        return change
    return register


def healthy(name, base, *more, traps="", note="", targets=("kvm", "alibaba-ecs"), disks=("virtio-blk", "virtio-scsi", "nvme"), ready=None, **layout):
    """A healthy guest: every launch of the targets is good (`ready` says otherwise for a target)."""
    rows = []
    for target in targets:
        for disk in disks:
            if target == "alibaba-ecs" and disk == "virtio-scsi":
                continue
            rows.append(Row("yes", "yes", (ready or {}).get(target, "yes"), disk=disk, target=target))
    image(name, *rows, *more, traps=traps, note=note, base=base, **layout)(lambda g: None)


COLUMNS = ("image", "target", "disk", "firmware", "boots", "reachable", "ready", "stopsAt", "code", "traps", "description")


def text():
    return "\t".join(COLUMNS) + "\n" + "".join("\t".join(row) + "\n" for row in ROWS)
