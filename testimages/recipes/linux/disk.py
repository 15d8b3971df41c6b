"""Writes the disk of a guest: partitions, volumes with the guest's files, boot sectors, the container.

ext comes of mke2fs -d; XFS and btrfs are filled through a mount by the kernel (labels, subvolumes), FAT by mtools.
"""
import fcntl, os, subprocess, tempfile

import boot
from parts import MIB, SECTOR, Link, run, volume_group

WHEN = 1717200000                                            # time of every file
GPT = {"esp": "C12A7328-F81F-11D2-BA4B-00A0C93EC93B", "biosboot": "21686148-6449-6E6F-744E-656564454649", "linux": "0FC63DAF-8483-4772-8E79-3D69D8477DE4", "lvm": "E6D6D379-F507-44C2-A23C-238F2A3DF928",
       "swap": "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F", "xbootldr": "BC13C2FF-59E6-4262-A352-B275FD6F7172", "root": "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709", "usr-b": "77719A0C-A4A0-11E3-A47E-000C29745A24"}
MBR = {"esp": "ef", "linux": "83", "lvm": "8e", "swap": "82", "xbootldr": "ea", "root": "83"}


# ---- files ---------------------------------------------------------------------------------------------------

def lay_out(tree, top, guest):
    """Writes the files below `top` with their modes, and SELinux labels where the guest has them."""
    made = {top}
    def directory(path):
        if path not in made:
            directory(os.path.dirname(path))
            if not os.path.isdir(path):
                os.mkdir(path)
            made.add(path)
    for path, data in sorted(tree.items()):
        host = f"{top}/{path}"
        directory(os.path.dirname(host) if not path.endswith("/") else host.rstrip("/"))
        if path.endswith("/"):
            continue
        if isinstance(data, Link):
            os.symlink(data, host)
            continue
        with open(host, "wb") as f:
            f.write(data.encode() if isinstance(data, str) else data)
        program = isinstance(data, bytes) and data[:4] == b"\x7fELF" or isinstance(data, str) and data.startswith("#!")
        os.chmod(host, 0o755 if program else 0o644)
    for path, (mode, owner, group) in guest.modes.items():
        host = f"{top}/{path}"
        if os.path.lexists(host) and host.startswith(top + "/"):
            os.chown(host, owner, group)
            os.chmod(host, mode)
    if guest.labels:
        for base, names, files in os.walk(top):
            for name in [*names, *files, ""]:
                host = os.path.join(base, name).rstrip("/")
                label = guest.label("/" + os.path.relpath(host, top).lstrip("."))
                if label:
                    os.setxattr(host, "security.selinux", label.encode() + b"\0", follow_symlinks=False)


def below(tree, prefix):
    """The part of a tree that lies under a mount point, and the rest with the mount point as an empty directory."""
    prefix = prefix.strip("/") + "/"
    return {p[len(prefix):]: d for p, d in tree.items() if p.startswith(prefix) and p != prefix}, {p: d for p, d in tree.items() if not p.startswith(prefix)} | {prefix: None}


# ---- volumes ----------------------------------------------------------------------------------------------------

def ext(kind, tree, image, size, uuid, label, guest, features=()):
    with tempfile.TemporaryDirectory(dir=os.path.dirname(image)) as top:
        lay_out(tree, top, guest)
        os.chmod(top, 0o755)
        options = {"ext3": ["-t", "ext3", "-I", "128"], "ext4": ["-t", "ext4", "-I", "256"], "ext2": ["-t", "ext2", "-I", "128"]}[kind]
        run("mke2fs", "-q", "-F", *options, "-b", "4096" if size > 128 * MIB else "1024", "-N", "4096", "-m", "1", *(["-J", "size=4"] if kind != "ext2" else []), "-U", uuid, "-L", label, "-E", "lazy_itable_init=1,nodiscard", "-O", ",".join(["^metadata_csum_seed", "^orphan_file", *features]),
            "-d", top, image, str(size // 1024) + "k")


def mounted(image, fill, options="loop"):
    with tempfile.TemporaryDirectory(dir=os.path.dirname(image)) as top:
        run("mount", "-o", options, image, top)
        try:
            fill(top)
        finally:
            run("umount", top)


def xfs(tree, image, size, uuid, label, guest, options=()):
    """With the features that the mkfs of the guest's time would have chosen: its kernel has to mount it."""
    with open(image, "wb") as f:
        f.truncate(size)
    kernel = tuple(int(n) for n in guest.kernels[0].version.split("-")[0].split(".")[:2]) if guest.kernels else (6, 1)
    meta, more = [f"uuid={uuid}"], []
    if not any("crc=0" in o for o in options):
        if guest.old_xfs:
            meta, more = meta + ["reflink=0", "finobt=0"], ["-i", "sparse=0"]
        if kernel < (5, 10):
            meta += ["bigtime=0", "inobtcount=0"]
    run("mkfs.xfs", "-q", "-f", "--unsupported", "-l", "size=8m", "-m", ",".join(meta), *more, *options, *(["-L", label] if label else []), image)
    mounted(image, lambda top: lay_out(tree, top, guest), "loop,nouuid")


def btrfs(tree, image, size, uuid, label, guest):
    """`guest.subvolumes`: path of a subvolume -> where it is mounted; the one at / holds the rest; `guest.default_subvolume` is made the default; `guest.on_btrfs` comes last."""
    with open(image, "wb") as f:
        f.truncate(size)
    def fill(top):
        rest = dict(tree)
        contents = {}
        for path, where in sorted(guest.subvolumes.items(), key=lambda item: -len(item[1])):
            if where == "/":
                continue
            contents[path], rest = below(rest, where)
        for path, where in sorted(guest.subvolumes.items()):
            os.makedirs(os.path.dirname(f"{top}/{path}"), exist_ok=True)
            run("btrfs", "subvolume", "create", f"{top}/{path}")
            lay_out(rest if where == "/" else contents[path], f"{top}/{path}", guest)
        if not any(where == "/" for where in guest.subvolumes.values()):
            lay_out(rest, top, guest)
        for path in guest.snapshots:
            source = next(p for p, where in guest.subvolumes.items() if where == "/")
            os.makedirs(os.path.dirname(f"{top}/{path}"), exist_ok=True)
            # What one has gone back to is a snapshot that can be written.
            run("btrfs", "subvolume", "snapshot", *(["-r"] if path != guest.default_subvolume else []), f"{top}/{source}", f"{top}/{path}")
        if guest.default_subvolume:
            run("btrfs", "subvolume", "set-default", f"{top}/{guest.default_subvolume}")
        for change in guest.on_btrfs:
            change(top)
    # The kernel takes two file systems of one UUID for one: one at a time, and it forgets each.
    with open(guest.kept + "/btrfs.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run("mkfs.btrfs", "-q", "-f", "-U", uuid, "-m", "single", *(["-L", label] if label else []), image)
        mounted(image, fill)
        subprocess.run(["btrfs", "device", "scan", "--forget"], capture_output=True)


def fat(tree, image, size, serial, label):
    with open(image, "wb") as f:
        f.truncate(size)
    run("mkfs.vfat", "-F", "32" if size > 36 * MIB else "16", "-s", "1", "-i", serial, "-n", label, image)
    with tempfile.TemporaryDirectory(dir=os.path.dirname(image)) as top:
        for path, data in tree.items():
            host = f"{top}/{path}"
            os.makedirs(host if path.endswith("/") else os.path.dirname(host), exist_ok=True)
            if not path.endswith("/"):
                with open(host, "wb") as f:
                    f.write(data.encode() if isinstance(data, str) else data)
        entries = sorted(os.listdir(top))
        if entries:
            run("mcopy", "-s", "-Q", "-i", image, *[f"{top}/{e}" for e in entries], "::/")


def volume(kind, tree, image, size, uuid, label, guest, features=()):
    if kind in ("ext2", "ext3", "ext4"):
        ext(kind, tree, image, size, uuid, label, guest, features)
    elif kind == "xfs":
        xfs(tree, image, max(size, 300 * MIB), uuid, label, guest, guest.xfs_options)
    elif kind == "btrfs":
        btrfs(tree, image, size, uuid, label, guest)
    else:
        raise SystemExit("no such file system: " + kind)


def swap(image, size, uuid):
    with open(image, "wb") as f:
        f.truncate(size)
    run("mkswap", "-q", "-U", uuid, image)


def copy_holes(source, out, at):
    """Copies what is written of a file; holes and zeros become holes."""
    with open(source, "rb") as f:
        end, position = os.fstat(f.fileno()).st_size, 0
        while position < end:
            try:
                start = os.lseek(f.fileno(), position, os.SEEK_DATA)
            except OSError:
                return
            position = os.lseek(f.fileno(), start, os.SEEK_HOLE)
            f.seek(start)
            while start < position:
                piece = f.read(min(position - start, MIB))
                if piece.count(0) != len(piece):
                    out.seek(at + start)
                    out.write(piece)
                start += len(piece)


# ---- the disk -----------------------------------------------------------------------------------------------------

def build(guest, scratch, out, kept):
    guest.compose(kept)
    tree = guest.files
    images = {}
    for name in guest.partitions:
        images[name] = f"{scratch}/{name}"
    if guest.esp:
        contents, tree = below(tree, guest.esp)
        fat(contents, images["esp"], guest.sizes["esp"] * MIB, guest.esp_serial, "ESP" if guest.esp != "/boot" else "BOOT")
    if guest.boot:
        contents, tree = below(tree, "boot")
        volume(guest.boot, contents, images["boot"], guest.sizes["boot"] * MIB, guest.boot_uuid, guest.boot_label, guest, guest.boot_features)
    for name, (kind, where) in guest.more_volumes.items():
        contents, tree = below(tree, where)
        volume(kind, contents, images[name], guest.sizes.get(name, 64) * MIB, guest.uuids[name], "", guest)
    root = scratch + "/rootfs" if guest.lvm else images["root"]
    volume(guest.root, tree, root, guest.sizes["root"] * MIB, guest.root_uuid, guest.root_label, guest, guest.root_features)
    if guest.swap:
        swap(scratch + "/swapfs" if guest.lvm else images["swap"], 32 * MIB, guest.swap_uuid)
    if guest.lvm:
        group, name = guest.lvm
        pieces = [(name, root)] + ([("swap", scratch + "/swapfs")] if guest.swap else [])
        lengths = [(n, -(-os.path.getsize(p) // (4 * MIB)) * 4 * MIB) for n, p in pieces]
        head, size = volume_group(sum(l for _, l in lengths), group, lengths)
        with open(images["pv"], "wb") as f:
            f.truncate(size)
            f.write(head)
            at = MIB
            for (_, path), (_, length) in zip(pieces, lengths):
                copy_holes(path, f, at)
                at += length
    if "biosboot" in images:
        with open(images["biosboot"], "wb") as f:
            f.truncate(MIB)
    disk = scratch + "/disk"
    sectors, start, script = {}, 63 if guest.first_sector == 63 else 2048, [f"label: {'gpt' if guest.table == 'gpt' else 'dos'}", "label-id: " + ("C0DE0001-0000-4000-8000-000000000001" if guest.table == "gpt" else "0xC0DE0001")]
    if guest.table == "none":
        os.rename(images["root"], disk)
    else:
        for number, name in enumerate(guest.partitions, 1):
            count = -(-os.path.getsize(images[name]) // SECTOR)
            count = -(-count // 2048) * 2048
            kind = guest.types.get(name, {"pv": "lvm"}.get(name, name if name in ("esp", "biosboot", "swap", "xbootldr") else "linux"))
            line = f"start={start}, size={count}, type={(GPT if guest.table == 'gpt' else MBR)[kind]}"
            if guest.table == "gpt":
                line += f", uuid={guest.partuuid(number)}"
            elif name == guest.active:
                line += ", bootable"
            script.append(line)
            sectors[name] = start
            start += count
        with open(disk, "wb") as f:
            f.truncate(max(guest.disk_size * MIB, (start + 4096) * SECTOR))
        run("sfdisk", "-q", "--no-reread", "--no-tell-kernel", disk, input="\n".join(script).encode() + b"\n")
        with open(disk, "r+b") as f:
            for name in guest.partitions:
                copy_holes(images[name], f, sectors[name] * SECTOR)
    boot.install(guest, disk, sectors, scratch, kept)
    for change in guest.on_disk:
        change(guest, disk, sectors)
    run("qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", "-o", "cluster_size=16384", disk, out)
