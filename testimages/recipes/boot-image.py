#!/usr/bin/env python3
"""boot-image.py -- boot a raw or qcow2 image in QEMU (no KVM needed) and say what really happened.

    boot-image.py IMAGE --disk virtio-blk|nvme|virtio-scsi|sata|ide --firmware bios|uefi
                  [--timeout 300] [--patience 1] [--icount] [--key FILE] [--password debian] [--log FILE] [--header]

The image is not changed (snapshot=on).  Evidence, in this order:
  reachable  ssh with the key runs a command through the forwarded port
  boots      multi-user.target is active (SysV init: runlevel 2 to 5), asked through ssh, else by logging in on the
             serial console
  stopped    the link of the launch chain at which a console message shows the launch end
Prints one TSV row: image, breakage, disk, firmware, boots, reachable, stopped, evidence, qemu, date, notes.
IMAGE named NAME+BREAKAGE.raw fills the first two columns.  The key defaults to "key" beside the image or
one folder up.  Needs: qemu-system-x86, ovmf (for uefi), openssh-client, python3-pexpect.
"""
import argparse, datetime, os, re, shutil, socket, subprocess, sys, tempfile, threading, time
import pexpect

COLUMNS = "image breakage disk firmware boots reachable stopped evidence qemu date notes".split()

# console line -> link; the first match ends the run
FATAL = [
    (r"No bootable device.*|Boot failed: not a bootable disk.*", "firmware"),
    (r"BdsDxe: No bootable option.*|Shell> *$|UEFI Interactive Shell.*", "firmware"),
    (r"grub rescue>", "bootloader"),
    (r"error: you need to load the kernel first.*", "kernel"),
    (r"error: .*(invalid magic number|premature end of file|bad shim signature|relocat).*", "kernel"),
    (r"(GRUB ){8}", "firmware"),                                      # boot code that restarts for ever
    (r"Failed to boot both default and fallback entries.*", "kernel"),
    (r"grub> *$", "bootloader"),
    (r"Enter username: *$", "bootloader"),                             # of GRUB, before an entry that not all may start
    (r"Kernel panic - not syncing: .*Unable to mount root fs.*", "initramfs"),
    (r"Kernel panic - not syncing: .*No working init.*", "init"),
    (r"Kernel panic - not syncing: .*", "panic"),
    (r"\(initramfs\)", "initramfs-shell"),
    (r"Entering emergency mode\. Exit the shell to continue\..*", "initramfs-shell"),   # dracut's
    # systemd in a dracut initramfs waits for the root without end
    (r"(?:A start job is running for|Job) \S*dev\S*.*\((?:[3-9]|\d\d)min \d+s / no limit\)", "initramfs"),
    (r"Loading \S*initrd.*failed:.*|initrd /.*\n+(?:.*\n+){0,2}Error 15: .*", "bootloader"),           # syslinux, GRUB legacy
    (r"Loading \S*vmlinuz.*failed:.*|Could not find kernel image: .*vmlinuz.*", "kernel"),           # syslinux
    (r"Loading \S+? *failed:.*|Could not find kernel image: .*|No DEFAULT or UI configuration.*|ARNING: No configuration file found.*", "bootloader"),
    (r"Failed to load ldlinux\.c32.*", "bootloader"),
    (r"Boot error|Load error -.*|Checksum error, .*|Missing operating system\.|Operating system load error\.|Missing OS.*", "firmware"),
    (r"kernel /.*\n+(?:.*\n+){0,2}Error (?:13|15|28): .*", "kernel"),                   # GRUB legacy
    (r"(?<![^\n])Error \d+(?:: .*)? *\n", "bootloader"),
    (r"starting Boot\d+ .*\n+\s*Reboot Into Firmware Interface *\n.* Boot in 1 s\.", "kernel"),   # all that is left in systemd-boot's menu
    (r"Error preparing initrd: .*", "bootloader"),                             # systemd-boot
    (r"Error (?:loading|opening|preparing|getting|executing) .*: .*|No loader found\..*", "kernel"),
    (r"You are in (emergency|rescue) mode.*|Cannot open access to console, the root account is locked.*", "init"),
    (r"Give root password for maintenance.*|Press Enter for maintenance.*", "init"),
    (r"root@\(none\):/#|(?<!.)# *\Z", "init"),                        # a shell in place of init
    (r"Failed to execute .*/init.*|\[!!!!!!\].*", "init"),
]
# what a kernel says of a machine that was too busy to emulate its clock: no record
TOO_BUSY = re.compile(r"IO-APIC \+ timer doesn't work")
ERRORS = re.compile(r"error|ALERT|fail|panic|not found|No such|can't|cannot|unexpected|does not exist|Unable|VFS:|emergency|"
                    r"dependency|timed out|bootable|grub rescue", re.I)
ASK = ("echo state=$(timeout 90 systemctl is-system-running --wait || true);"      # first: ssh answers before the boot is over
       "if [ -d /run/systemd/system ]; then :; else n=0; while pgrep -x 'rc|startpar|openrc' > /dev/null && [ $n -lt 90 ]; do sleep 1; n=$((n+1)); done;"
       "echo runlevel=$(runlevel | cut -d' ' -f2); echo rc-level=$(rc-status -r 2>/dev/null); fi;"
       "for t in multi-user.target emergency.target rescue.target ssh.service; do echo $t=$(systemctl is-active $t); done;"
       "echo rootopts=$(findmnt -no OPTIONS /); echo rootsrc=$(findmnt -no SOURCE /);"
       "echo failed=$(systemctl --failed --no-legend --plain | cut -d' ' -f1 | tr '\\n' ','); echo addr=$(ip -br -4 a | tr -s ' \\n' ' ;')")


def arguments():
    p = argparse.ArgumentParser(usage=__doc__)
    p.add_argument("image")
    p.add_argument("--disk", required=True, choices=["virtio-blk", "nvme", "virtio-scsi", "sata", "ide"])
    p.add_argument("--firmware", required=True, choices=["bios", "uefi"])
    p.add_argument("--timeout", type=int, default=300)
    p.add_argument("--silence", type=int, default=110, help="give up after this many seconds without console output")
    p.add_argument("--patience", type=float, default=1, help="wait so many times longer for everything, on a busy machine")
    p.add_argument("--icount", action="store_true", help="the guest's clock goes by its instructions: slower, but its own "
                   "time-outs do not pass while it gets no processor")
    p.add_argument("--key")
    p.add_argument("--password", default="debian")
    p.add_argument("--log", help="keep the console here")
    p.add_argument("--header", action="store_true")
    a = p.parse_args()
    a.timeout *= a.patience
    a.silence *= a.patience
    return a


def qemu_command(a, port, scratch):
    fmt = "qcow2" if open(a.image, "rb").read(4) == b"QFI\xfb" else "raw"
    machine = "pc" if a.disk == "ide" else "q35"
    cmd = ["qemu-system-x86_64", "-machine", machine + ",accel=tcg", "-m", "1024", "-nographic", "-monitor", "none",
           "-serial", "stdio", "-no-reboot", "-boot", "strict=on",
           "-drive", f"file={a.image},format={fmt},if=none,id=d0,snapshot=on",
           "-netdev", f"user,id=n0,hostfwd=tcp:127.0.0.1:{port}-:22", "-device", "virtio-net-pci,netdev=n0,romfile="]
    device = {"virtio-blk": "virtio-blk-pci,drive=d0", "nvme": "nvme,drive=d0,serial=disk0", "sata": "ide-hd,bus=ide.0,drive=d0",
              "ide": "ide-hd,bus=ide.0,drive=d0", "virtio-scsi": "scsi-hd,bus=s0.0,drive=d0"}[a.disk]
    if a.icount:
        cmd += ["-icount", "shift=1,sleep=on"]
    if a.disk == "virtio-scsi":
        cmd += ["-device", "virtio-scsi-pci,id=s0"]
    cmd += ["-device", device + ",bootindex=0"]
    if a.firmware == "uefi":
        shutil.copy("/usr/share/OVMF/OVMF_VARS_4M.fd", scratch + "/vars.fd")   # a new instance: empty NVRAM
        cmd += ["-drive", "if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd",
                "-drive", f"if=pflash,format=raw,file={scratch}/vars.fd"]
    return cmd


def parse_answers(text):
    return dict(re.findall(r"^(runlevel|rc-level|multi-user\.target|emergency\.target|rescue\.target|ssh\.service|state|rootopts|rootsrc|failed|addr)=(.*?)\s*$",
                           text, re.M))


class Boot:
    def __init__(self, a):
        self.a, self.text, self.partial, self.answers, self.over = a, "", "", {}, False
        self.log = open(a.log, "w") if a.log else None
        s = socket.socket(); s.bind(("127.0.0.1", 0)); self.port = s.getsockname()[1]; s.close()
        here = os.path.dirname(os.path.abspath(a.image))
        keys = [a.key] if a.key else [here + "/key", here + "/../key"]
        self.key = next((k for k in keys if os.path.exists(k)), None)

    def poll_ssh(self, scratch):
        key = scratch + "/key"
        shutil.copy(self.key, key); os.chmod(key, 0o600)
        cmd = ["ssh", "-i", key, "-p", str(self.port), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
               "-o", f"ConnectTimeout={20 * self.a.patience:.0f}", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR", "root@127.0.0.1", ASK]
        while not self.over:
            time.sleep(3)
            try:
                r = subprocess.run(cmd, capture_output=True, text=True, timeout=150 * self.a.patience)
            except subprocess.TimeoutExpired:
                continue
            if r.returncode == 0 and "multi-user.target=" in r.stdout:
                self.answers = parse_answers(r.stdout)
                return

    def read(self, q, seconds=1):
        try:
            chunk = q.read_nonblocking(65536, timeout=seconds)
        except pexpect.TIMEOUT:
            return False
        except pexpect.EOF:
            self.over = True
            return False
        chunk, self.partial = self.partial + chunk, ""
        cut = re.search(r"\x1b[^A-Za-z]{0,12}$", chunk)                  # an escape sequence not yet complete
        if cut:
            chunk, self.partial = chunk[:cut.start()], cut.group()
        chunk = re.sub(r"\x1b\[\d+;0?1H", "\n", chunk)                    # the cursor goes to the start of a line
        chunk = re.sub(r"\x1b\[[0-9;?=]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[c78=>]", "", chunk)
        chunk = chunk.replace("\r", "\n").replace("\0", "")
        self.text += chunk
        if self.log:
            self.log.write(chunk)
            self.log.flush()
        return True

    def converse(self, q, lines, seconds):
        start = len(self.text)
        for line, wait in lines:
            q.sendline(line)
            end = time.time() + wait * self.a.patience
            while time.time() < end and not self.over:
                self.read(q)
                if "addr=" in self.text[start:].replace("echo addr=", ""):
                    end = min(end, time.time() + 2)
        return self.text[start:]

    def run(self):
        a = self.a
        with tempfile.TemporaryDirectory() as scratch:
            q = pexpect.spawn(*(lambda c: (c[0], c[1:]))(qemu_command(a, self.port, scratch)), encoding="utf-8",
                              codec_errors="replace", echo=False, maxread=65536)
            if self.key:
                threading.Thread(target=self.poll_ssh, args=(scratch,), daemon=True).start()
            try:
                return self.watch(q)
            finally:
                self.over = True
                try:
                    q.close(force=True)
                except pexpect.ExceptionPexpect:
                    pass                                                  # killed, and slow to go
                if self.log:
                    self.log.close()

    def watch(self, q):
        start = last = time.time()
        prompt = None
        while time.time() - start < self.a.timeout:
            if self.read(q):
                last = time.time()
            if self.answers:
                return self.verdict(reachable="yes")
            busy = TOO_BUSY.search(self.text)
            if busy:
                sys.exit("no record, the machine is too busy: " + busy.group())
            for pattern, link in FATAL:
                m = re.search("^.*(" + pattern + ")", self.text, re.M)
                if m:
                    end = time.time() + 3
                    while time.time() < end:
                        self.read(q)
                    return self.fatal(q, link, m.group(0).strip())
            if prompt is None and re.search(r"^\S+ login: *$", self.text, re.M):
                prompt = time.time()
            if prompt and time.time() - prompt > 30 * self.a.patience:
                self.answers = parse_answers(self.converse(q, [("root", 6), (self.a.password, 15), (ASK, 130)], 1))
                return self.verdict(reachable="no")
            if self.over:
                return "no", "no", "kernel", "QEMU ended (reset or triple fault); last line: " + self.last_line(), ""
            if not prompt and time.time() - last > self.a.silence:
                return "no", "no", "?", "silent; last line: " + self.last_line(), ""
        return "no", "no", "?", "time-out; last line: " + self.last_line(), ""

    def last_line(self):
        lines = [l.strip() for l in self.text.split("\n") if l.strip()]
        return lines[-1] if lines else "(nothing on the console)"

    def fatal(self, q, link, line):
        if link in ("initramfs-shell", "panic"):
            seen = ""
            if link == "initramfs-shell":
                seen = self.converse(q, [("", 2), ("cat /proc/partitions", 4)], 1)
            disk = re.search(r"^\s+\d+\s+0\s+\d{6,}\s+(vda|sda|nvme0n1)\s*$", seen, re.M)
            note = f"the initramfs sees the disk as {disk.group(1)}" if disk else "the initramfs sees no disk" if link == "initramfs-shell" else ""
            link = "root" if disk else "initramfs" if link == "initramfs-shell" else "init"
        else:
            note = ""
        tail = self.text[: self.text.rfind(line) + len(line)].split("\n")[-60:]
        telling = []
        for l in (t.strip() for t in tail):
            if l and ERRORS.search(l) and l not in telling and l != line and "cat /proc" not in l:
                telling.append(l)
        return "no", "no", link, " | ".join(telling[-3:] + [line])[:400], note

    def verdict(self, reachable):
        s = self.answers
        up = s.get("multi-user.target") == "active" or s.get("runlevel", "")[:1] in list("2345")    # SysV init has runlevels
        note = " ".join(f"{k}={s[k]}" for k in ("state", "rc-level", "rootsrc", "rootopts", "failed", "addr", "ssh.service") if s.get(k))
        if not s:
            reached = re.search(r"^.*Reached target .*[Mm]ulti-[Uu]ser.*", self.text, re.M)
            said = [l.strip() for l in self.text.split("\n") if l.strip()][-6:]
            return "yes" if reached else "?", reachable, "access", (reached.group().strip() if reached else "login prompt") + " | login refused: " + " / ".join(said), note
        targets = " ".join(k + "=" + v for k, v in s.items() if k.endswith(".target") and v or k == "runlevel")
        if reachable == "yes":
            return "yes" if up else "no", "yes", "-" if up else "init", "ssh: " + targets, note
        link = "access" if "10.0.2.15" in s.get("addr", "") else "network"     # the address QEMU's DHCP server gives
        return "yes" if up else "no", "no", link if up else "init", "serial: " + targets, note


def main():
    a = arguments()
    name = os.path.basename(a.image).rsplit(".", 1)[0]
    image, _, breakage = name.partition("+")
    version = re.search(r"version (\S+)", subprocess.run(["qemu-system-x86_64", "--version"], capture_output=True, text=True).stdout).group(1)
    boots, reachable, stopped, evidence, notes = Boot(a).run()
    if a.header:
        print("\t".join(COLUMNS))
    row = [image, breakage or "-", a.disk, a.firmware, boots, reachable, stopped, evidence, version, datetime.date.today().isoformat(), notes]
    print("\t".join(re.sub(r"\s+", " ", c).strip() for c in row))


if __name__ == "__main__":
    main()
