#!/usr/bin/env python3
"""make-windows.py OUTDIR [NAME...] -- the work behind make-windows.sh (which sets the environment it needs)."""
import os, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE + "/windows")
from disk import build
from images import IMAGES


def main():
    if sys.argv[1] == "--list":
        print("\n".join(IMAGES))
        return
    wanted = sys.argv[2:] or list(IMAGES)
    unknown = [n for n in wanted if n not in IMAGES]
    if unknown:
        raise SystemExit(f"no such image: {' '.join(unknown)}")
    for name in wanted:
        out = f"{sys.argv[1]}/{name}"
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as scratch:
            try:
                build(IMAGES[name](), scratch, out)
            except PermissionError as fault:
                print(f"{name}\tskipped: {fault}")
                continue
        print(f"{name}\t{os.path.getsize(out)}\t{time.monotonic() - began:.1f} s", flush=True)


if __name__ == "__main__":
    main()
