#!/usr/bin/env python3
"""try-batch.py TOOL [COUNT] -- try `imagecheck batch` on a directory of COUNT images (2000), as a night would.

The images are overlays of those in testimages/images, some cut short, some damaged, some no images at all. The
batch is killed (SIGKILL) three times and gone on with; in one part a worker is stopped (SIGSTOP), so that it hangs,
and one is denied memory. Then: is every image there once, with the result that a run without any of this gives; how
much memory did the supervisor take; how do one and two workers compare. Needs qemu-img, xz and prlimit.
"""
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

tool = os.path.abspath(sys.argv[1])
count = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
here = os.path.dirname(os.path.abspath(__file__)) + "/../testimages/images/"
random.seed(2)
work = tempfile.mkdtemp(prefix="imagecheck-batch.")
images = work + "/images"
base = images + "/.base"  # hidden: allowed to be opened, no image of the batch
os.makedirs(base)
for name in sorted(os.listdir(here)):
    if name.endswith(".raw.xz"):
        with open(f"{base}/{name[:-3]}", "wb") as out:
            subprocess.run(["xz", "-dkc", here + name], stdout=out, check=True)
    elif name.endswith((".qcow2", ".raw")) and os.path.getsize(here + name) > 0:
        shutil.copy(here + name, base)
bases = sorted(os.listdir(base))
overlays = {}
for name in bases:
    form = "qcow2" if name.endswith(".qcow2") else "raw"
    path = f"{work}/{name}.overlay"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", f"{base}/{name}", "-F", form, path], check=True)
    overlays[name] = open(path, "rb").read()
for index in range(count):
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


def command(output, *more):
    return [tool, "batch", images, "--target", "kvm", "--output", f"{work}/{output}", "--timeout", "20", *more]


def results(output):
    found = {}
    with open(f"{work}/{output}/results.ndjson") as lines:
        for line in lines:
            result = json.loads(line)
            assert result["image"] not in found, f"{result['image']} is there twice"
            found[result["image"]] = result
    return found


def verdicts(result):
    guests = result.get("report", {}).get("guests", [])
    return result["status"], [(v["boots"], v["reachable"], v["ready"]) for g in guests for v in g["verdicts"]]


def workers():
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = open(f"/proc/{pid}/cmdline", "rb").read().split(b"\0")
        except OSError:
            continue
        if len(words) > 1 and words[1] == b"batch-worker" and images.encode() in words[-2]:
            found.append(int(pid))
    return found


def timed(output, *more):
    start = time.monotonic()
    process = subprocess.Popen(command(output, *more), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, f"{output}: {status}"
    return time.monotonic() - start, usage.ru_maxrss / 1024


whole, memory = timed("plain", "--jobs", "2")
plain = results("plain")
print(f"{len(plain)} images in {whole:.1f} s with two workers, {memory:.0f} MiB in the largest process of the batch")
single, _ = timed("single", "--jobs", "1")
print(f"one worker: {single:.1f} s, {single / whole:.2f} times that")

for part in range(3):
    process = subprocess.Popen(command("killed", "--jobs", "2", "--resume"), stdout=subprocess.DEVNULL)
    time.sleep(whole * random.uniform(0.1, 0.35))
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with open(f"{work}/killed/results.ndjson", "rb") as lines:
        print(f"killed: {len(lines.readlines())} lines were written")
timed("killed", "--jobs", "2", "--resume")
killed = results("killed")
assert killed.keys() == plain.keys(), "images were lost"
different = [image for image in plain if verdicts(plain[image]) != verdicts(killed[image])]
print(f"after three kills: {len(killed)} images, {len(different)} with another result")

process = subprocess.Popen(command("hurt", "--jobs", "2", "--timeout", "5"), stdout=subprocess.DEVNULL)
time.sleep(2)
stopped = starved = 0
deadline = time.monotonic() + whole
while (not stopped or not starved) and time.monotonic() < deadline and process.poll() is None:
    for pid in workers():
        try:
            if not stopped:
                os.kill(pid, signal.SIGSTOP)
                stopped = pid
            elif not starved and pid != stopped:
                resource.prlimit(pid, resource.RLIMIT_DATA, (1 << 20, 1 << 20))
                starved = pid
        except OSError:
            continue
assert process.wait() == 0
hurt = results("hurt")
assert hurt.keys() == plain.keys(), "images were lost"
ends = [result["status"] for image, result in hurt.items() if result["status"] != plain[image]["status"]]
print(f"a stopped worker and one without memory: {sorted(ends)} besides the plain results")
shutil.rmtree(work)
sys.exit(1 if different else 0)
