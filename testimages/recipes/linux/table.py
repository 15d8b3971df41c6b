"""The images by name, and what each launch of them must come to: families register both here."""
import functools

import targets

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


def unprovisioned(code):
    """It boots and the keys that are in the image let somebody in; what the platform hands out does not arrive."""
    return Row("yes", "yes", "no", code=code)


def silent(code, link="network"):
    """As `unreachable`, where first-boot data come over the network, or by the part that is broken."""
    return Row("yes", "no", "no", link, code)


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
            ROWS.append((file, row, firmware, traps or "-", note))
        return change
    return register


def healthy(name, base, *more, traps="", note="", disks=("virtio-blk", "virtio-scsi", "nvme"), **layout):
    """A healthy guest: what it comes to at each target follows from what both are made of; `disks` are those of the plain KVM host."""
    guest = functools.cache(lambda: base(**layout))
    launches = [("kvm", disk) for disk in disks] + [("alibaba-ecs", "virtio-blk"), ("alibaba-ecs", "nvme")] + [(target, place.disk) for target, place in targets.PLACES.items() if place.disk]
    rows = [lambda target=target, disk=disk: Row(*targets.outcome(guest(), target, disk), disk=disk, target=target) for target, disk in launches]
    image(name, *rows, *more, traps=traps, note=note, base=base, **layout)(lambda g: None)


COLUMNS = ("image", "target", "disk", "firmware", "boots", "reachable", "ready", "stopsAt", "code", "traps", "description")


def line(file, row, firmware, traps, note):
    row = row() if callable(row) else row
    disk = row.disk or "virtio-blk"
    # What a bus lacks is said by the item of that bus.
    item = {"virtio-blk": "Virtio", "virtio-scsi": "Virtio", "nvme": "Nvme"}.get(disk, "DiskDriver")
    code = row.code.replace("DiskDriver.", item + ".")
    return (file, row.target or "kvm", disk, row.firmware or firmware, row.boots, row.reachable, row.ready, row.stop, code, traps, note)


def text():
    return "".join("\t".join(columns) + "\n" for columns in (COLUMNS, *(line(*row) for row in ROWS)))
