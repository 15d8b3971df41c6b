#!/usr/bin/env python3
"""try-batch.py TOOL [COUNT [DIR...]] -- try `imagecheck batch` on a directory of COUNT images (2000), as a night would.

The images are overlays of a few dozen distinct ones: those in testimages/images, and some of each DIR. Some are damaged,
some are cut short, some are no images at all; one makes its worker hang (its open(2) never answers: fanotify(7), needs
root), one needs more memory than the others (its initramfs asks for 64 MiB to be unpacked) and more than it gets.

The batch is killed (SIGKILL) three times and gone on with. Then: is every image there once, with the result that a run
without this gives; do the forms of the whole hold all of them; how much memory did the process take that watches over
it; how do two workers compare with one, and a worker with a plain scan. Needs qemu-img, xz, debugfs and sfdisk.
"""
import ctypes
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

tool = os.path.abspath(sys.argv[1])
count = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
here = os.path.dirname(os.path.abspath(__file__)) + "/../testimages/images/"
MEMORY = 60  # MiB; the heavy image needs some 20 more
TIMEOUT = 10
random.seed(2)
work = tempfile.mkdtemp(prefix="imagecheck-batch.", dir="/var/tmp")
images = work + "/images"
base = images + "/.base"  # hidden: allowed to be opened, no image of the batch
os.makedirs(base)


def run(*words, **more):
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **more).stdout


# MARK: The images

for name in sorted(os.listdir(here)):
    if name.endswith(".raw.xz"):
        with open(f"{base}/{name[:-3]}", "wb") as out:
            subprocess.run(["xz", "-dkc", here + name], stdout=out, check=True)
    elif name.endswith((".qcow2", ".raw")) and os.path.getsize(here + name) > 0:
        shutil.copy(here + name, base)
for folder in sys.argv[3:]:
    names = sorted(n for n in os.listdir(folder) if n.endswith(".qcow2"))
    for name in names[:: max(1, len(names) // 12)]:
        shutil.copy(f"{folder}/{name}", base)
bases = sorted(os.listdir(base))


def form(name):
    return "qcow2" if name.endswith(".qcow2") else "raw"


def overlay(name):
    path = f"{work}/overlay"
    run("qemu-img", "create", "-q", "-f", "qcow2", "-b", f"{base}/{name}", "-F", form(name), path)
    with open(path, "rb") as file:
        return file.read()


def make_heavy():
    """An image whose initramfs is packed with a dictionary of 64 MiB, which whoever unpacks it must hold."""
    path = f"{images}/heavy.img"
    shutil.copy(f"{base}/sshd-disabled.raw", path)
    table = json.loads(run("sfdisk", "-J", path))["partitiontable"]
    place = f"{path}?offset={table['partitions'][0]['start'] * 512}"
    boot = run("debugfs", "-R", "ls -p /boot", place).decode()
    name = next(w for w in boot.split("/") if w.startswith("initr"))
    run("debugfs", "-R", f"dump /boot/{name} {work}/initrd", place)
    run("xz", "--check=crc32", "--lzma2=dict=64MiB", f"{work}/initrd")
    commands = f"rm /boot/{name}\nwrite {work}/initrd.xz /boot/{name}\n"
    run("debugfs", "-w", "-f", "/dev/stdin", place, input=commands.encode())


def make_hanging():
    """An image at which open(2) waits for an answer that never comes. What holds it open, or None without the right."""
    path = f"{images}/hanging.img"
    with open(path, "wb") as out:
        out.write(overlays[bases[0]])
    libc = ctypes.CDLL(None, use_errno=True)
    watch = libc.fanotify_init(4, 0)  # FAN_CLASS_CONTENT
    if watch < 0 or libc.fanotify_mark(watch, 1, ctypes.c_uint64(0x10000), -100, path.encode()) < 0:  # FAN_OPEN_PERM
        os.remove(path)
        return None
    return watch


overlays = {name: overlay(name) for name in bases}
for index in range(count - 2):
    name = bases[index % len(bases)]
    data = bytearray(overlays[name])
    kind = index % 50
    if kind == 7:
        data = data[: random.randrange(1, len(data))]
    elif kind == 8:
        for _ in range(40):
            data[random.randrange(0, min(len(data), 65536))] = random.randrange(256)
    elif kind == 9:
        data = bytearray(random.randbytes(random.randrange(0, 9000)))
    with open(f"{images}/{index:05}-{name}.img", "wb") as out:
        out.write(data)
make_heavy()
watch = make_hanging()
expected = {"heavy.img": "memory"} | ({"hanging.img": "timedOut"} if watch is not None else {})
print(f"{count} files over {len(bases)} distinct images" + ("" if watch is not None else "; none hangs: not root"))


# MARK: The batch

FORMS = ("junit", "sarif", "sarif-all", "markdown")
most = {}  # of the process that watches over a batch, in MiB


def command(output, *more):
    forms = [word for name in FORMS for word in ("--format", f"{name}={work}/{output}/{name}")]
    return [
        tool, "batch", images, "--target", "kvm", "--output", f"{work}/{output}", "--timeout", str(TIMEOUT),
        "--memory", str(MEMORY), *forms, *more]


def follow(pid, name):
    while True:
        try:
            with open(f"/proc/{pid}/status") as status:
                for line in status:
                    if line.startswith("VmHWM:"):
                        most[name] = max(most.get(name, 0), int(line.split()[1]) / 1024)
        except OSError:
            return
        time.sleep(0.05)


def begin(output, *more):
    process = subprocess.Popen(command(output, *more), stdout=subprocess.DEVNULL)
    threading.Thread(target=follow, args=(process.pid, output), daemon=True).start()
    return process


def timed(output, *more):
    start = time.monotonic()
    assert begin(output, *more).wait() == 0, output
    return time.monotonic() - start


def results(output):
    found = {}
    with open(f"{work}/{output}/results.ndjson") as lines:
        for line in lines:
            result = json.loads(line)
            if result["image"].startswith(base):
                continue
            assert result["image"] not in found, f"{result['image']} is there twice"
            del result["seconds"]
            result.get("report", {}).pop("cost", None)
            found[result["image"]] = result
    return found


def check_forms(output, number):
    """Each file is in each form, `number` in all."""
    folder = f"{work}/{output}"
    with open(folder + "/junit") as file:
        suites = sum(line.startswith("  <testsuite ") for line in file)
    assert suites == number, f"{suites} suites of {number}"
    for name in ("sarif", "sarif-all"):
        with open(f"{folder}/{name}") as file:
            targets = sum('"analysisTarget"' in line for line in file)
        assert targets == number, f"{name}: {targets} of {number}"
    with open(folder + "/sarif") as file:
        json.load(file)
    assert os.path.getsize(folder + "/markdown") < 66000


whole = timed("plain", "--jobs", "2")
plain = results("plain")
assert len(plain) == count, f"{len(plain)} of {count} images have a result"
kinds = {}
for result in plain.values():
    kinds[result["status"]] = kinds.get(result["status"], 0) + 1
print(f"{len(plain)} images in {whole:.1f} s with two workers: {kinds}")
for name, status in expected.items():
    found = plain[f"{images}/{name}"]
    assert found["status"] == status, f"{name}: {found['status']} {found.get('message')}"
assert "crashed" not in kinds, [r for r in plain.values() if r["status"] == "crashed"][:3]
check_forms("plain", count + 1)  # and the hidden directory

for part in range(3):
    process = begin("killed", "--jobs", "2", "--resume")
    time.sleep(whole * random.uniform(0.1, 0.35))
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with open(f"{work}/killed/results.ndjson", "rb") as lines:
        print(f"killed: {len(lines.readlines())} lines were written")
timed("killed", "--jobs", "2", "--resume")
killed = results("killed")
assert killed.keys() == plain.keys(), "images were lost"
different = [image for image in plain if plain[image] != killed[image]]
print(f"after three kills: {len(killed)} images, {len(different)} with another result")
check_forms("killed", count + 1)
print("the most memory of the process that watches: " + ", ".join(f"{n} {m:.0f} MiB" for n, m in most.items()))

# MARK: Speed

# In small parts, side by side, so that what else the machine does weighs on both alike.
good = [image for image, result in sorted(plain.items()) if result["status"] == "checked"][:240]
ratios, overheads = [], []
quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
for part in range(len(good) // 40):
    folder = f"{images}/part{part}"
    os.mkdir(folder)
    for image in good[part * 40 : part * 40 + 40]:
        shutil.copy(image, folder)

    def clock(*words):
        start = time.monotonic()
        subprocess.run(words, check=True, **quiet)
        return time.monotonic() - start

    def batch(jobs):
        return clock(
            tool, "batch", folder, "--target", "kvm", "--allow-backing", base, "--format", "json", "--jobs", jobs)

    batch("1")
    one, two = batch("1"), batch("2")
    scans = sum(
        clock(tool, "scan", f"{folder}/{name}", "--target", "kvm", "--allow-backing", base, "--format", "json")
        for name in os.listdir(folder))
    two, one = min(two, batch("2")), min(one, batch("1"))
    ratios.append(one / two)
    overheads.append((one - scans) / 40 * 1000)
if ratios:
    print(f"two workers against one: {statistics.median(ratios):.2f} times the images, of {[round(r, 2) for r in ratios]}")
    print(
        f"a worker against a plain scan: {statistics.median(overheads):+.1f} ms, of {[round(o, 1) for o in overheads]}")
if watch is not None:
    os.close(watch)
shutil.rmtree(work)
sys.exit(1 if different else 0)
