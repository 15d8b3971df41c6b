#!/usr/bin/env python3
"""make-windows.py OUTDIR [NAME...] -- the work behind make-windows.sh (which sets the environment it needs)."""
import multiprocessing, os, shutil, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE + "/windows")
from disk import build
from images import IMAGES


def scratch_place():
    """Where the many small files are laid out first: in memory, where there is a place for it."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) and shutil.disk_usage("/dev/shm").free > 1 << 30 else None


def make(job):
    name, out, kept = job
    began = time.monotonic()
    with tempfile.TemporaryDirectory(dir=scratch_place()) as scratch:
        try:
            build(IMAGES[name](), scratch, out, kept)
        except PermissionError as fault:
            return f"{name}\tskipped: {fault}"
    return f"{name}\t{os.path.getsize(out)}\t{time.monotonic() - began:.1f} s"


def main():
    if sys.argv[1] == "--list":
        print("\n".join(IMAGES))
        return
    wanted = sys.argv[2:] or list(IMAGES)
    unknown = [n for n in wanted if n not in IMAGES]
    if unknown:
        raise SystemExit(f"no such image: {' '.join(unknown)}")
    with tempfile.TemporaryDirectory(dir=scratch_place()) as kept, multiprocessing.Pool(min(os.cpu_count() or 1, len(wanted))) as pool:
        for line in pool.imap(make, [(n, f"{sys.argv[1]}/{n}", kept) for n in wanted]):
            print(line, flush=True)


if __name__ == "__main__":
    main()
