#!/usr/bin/env python3
"""make-linux.py OUTDIR [NAME...] -- the work behind make-linux.sh (which sets the environment it needs)."""
import importlib, multiprocessing, os, shutil, sys, tempfile, time, traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE + "/linux", HERE]
import initramfs, packages, table
from disk import build

PACKAGES = ("grub-efi-arm64-bin:arm64", "grub-legacy", "libc6-i386", "systemd-boot-efi", "dracut-core", "initramfs-tools-core", "python3-bsddb3", "shim-signed", "shim-helpers-amd64-signed", "syslinux-common", "systemd", "udev")


def scratch_place():
    """Where the many small files are laid out first: in memory, where there is a place for it."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) and shutil.disk_usage("/dev/shm").free > 1 << 30 else None


def make(job):
    name, out, kept = job
    began = time.monotonic()
    with tempfile.TemporaryDirectory(dir=scratch_place()) as scratch:
        try:
            build(table.IMAGES[name](), scratch, out, kept)
        except (Exception, SystemExit) as fault:
            return f"{name}\tFAILED: {fault}\n" + "".join(traceback.format_exc().splitlines(True)[-6:])
    return f"{name}\t{os.path.getsize(out)}\t{time.monotonic() - began:.1f} s"


def main():
    for family in sorted(os.listdir(HERE + "/linux/families")):
        if family.endswith(".py"):
            importlib.import_module("families." + family[:-3])
    if sys.argv[1] == "--list":
        print("\n".join(table.IMAGES))
    elif sys.argv[1] == "--table":
        print(table.text(), end="")
    elif sys.argv[1] == "--packages":
        for name in PACKAGES:
            packages.debian(name)
    else:
        wanted = [n for n in table.IMAGES if not sys.argv[2:] or any(n.startswith(w) for w in sys.argv[2:])]
        if not wanted:
            raise SystemExit("no such image: " + " ".join(sys.argv[2:]))
        for name in PACKAGES:
            packages.debian(name)
        failed = False
        with tempfile.TemporaryDirectory(dir=scratch_place()) as kept, multiprocessing.Pool(min(os.cpu_count() or 1, len(wanted))) as pool:
            initramfs.dracut_base(kept)
            for line in pool.imap_unordered(make, [(n, f"{sys.argv[1]}/{n}", kept) for n in wanted]):
                failed |= "FAILED" in line
                print(line, flush=True)
        if failed:
            raise SystemExit(1)


if __name__ == "__main__":
    main()
