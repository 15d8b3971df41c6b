#!/usr/bin/env python3
"""make-synthetic.py OUTDIR -- the work behind make-synthetic.sh (which sets the environment it needs)."""
import os, re, struct, subprocess, sys, tempfile

from parts import MIB, SECTOR, Link, boot_img, bzimage, core_img, cpio, directories, elf, index, physical_volume, program, run
import parts

HERE = os.path.dirname(os.path.abspath(__file__))
K = "6.1.0-50-amd64"
ROOT_UUID = "1d0c5f5e-6a9b-4c39-8f6e-7a3a52c0de01"
ESP_SERIAL = "C0DE0001"
NOSUCH = "deadbeef-0000-4000-8000-000000000000"
MODULES = "lib/modules/" + K


def asset(name):
    return open(f"{HERE}/synthetic/{name}").read().replace("@K@", K)


def host(path):
    """A file that a package of this machine holds, as the guest has it."""
    return open(path).read()


def module(name, depends, aliases):
    return parts.module(["license=GPL"] + ["alias=" + a for a in aliases] + ["depends=" + ",".join(depends), "retpoline=Y", "intree=Y",
                         "name=" + name, f"vermagic={K} SMP preempt mod_unload modversions "])


# ---- kernel modules -----------------------------------------------------------------------------------------

EXTRA = []                                           # parts of synthetic/stacks that the image being made has besides


def listing(name):
    """A list of modules, with what the storage stacks of this image add to it."""
    return asset(name) + "".join(asset(f"stacks/{stack}.{name}") for stack in EXTRA if os.path.exists(f"{HERE}/synthetic/stacks/{stack}.{name}"))


def dep_lines():
    return dict(line.split(":") for line in listing("modules.dep").splitlines())


def modname(path):
    return os.path.basename(path)[:-3].replace("-", "_")


def module_files():
    aliases = re.findall(r"^alias (\S+) (\S+)$", listing("modules.alias"), re.M)
    return {p: module(modname(p), [modname(x) for x in d.split()], [a for a, m in aliases if m == modname(p)])
            for p, d in dep_lines().items()}


def binary_indexes(tree):
    """The .bin files depmod makes of the lists in `tree`, and the empty lists it always writes."""
    def lines(name):
        return [l for l in tree[f"{MODULES}/{name}"].splitlines() if l and not l.startswith("#")]
    builtin = sorted(set(modname(p) for p in lines("modules.builtin")))
    aliases = [m.group(2, 1) for m in re.finditer(r"(\w+)\.alias=([^\0]+)", tree[MODULES + "/modules.builtin.modinfo"].decode())]
    made = {
        "modules.dep.bin": index((modname(l.split(":")[0]), l) for l in lines("modules.dep")),
        "modules.alias.bin": index((l.split()[1].replace("-", "_"), l.split()[2]) for l in lines("modules.alias")),
        "modules.builtin.bin": index((m, "") for m in builtin),
        "modules.builtin.alias.bin": index((a.replace("-", "_"), m) for a, m in aliases),
        "modules.symbols": "# Aliases for symbols, used by symbol_request().\n", "modules.symbols.bin": index([]),
        "modules.devname": "# Device nodes to trigger on-demand module loading.\n"}
    return {f"{MODULES}/{name}": data for name, data in made.items()}


def module_tree(wanted):
    """lib/modules/K with the modules `wanted` accepts and indexes that fit them."""
    deps = {p: d for p, d in dep_lines().items() if wanted(modname(p))}
    names = {modname(p) for p in deps}
    def lines(name):
        return "".join(l + "\n" for l in listing(name).splitlines() if l.startswith("#") or l.split()[-1] in names or l.split()[1] in names)
    tree = {f"{MODULES}/{p}": data for p, data in module_files().items() if p in deps}
    tree[MODULES + "/modules.dep"] = "".join(f"{p}:{d}\n" for p, d in deps.items())
    tree[MODULES + "/modules.order"] = "".join(p + "\n" for p in sorted(deps))
    tree[MODULES + "/modules.alias"] = lines("modules.alias")
    tree[MODULES + "/modules.softdep"] = lines("modules.softdep")
    tree[MODULES + "/modules.builtin"] = asset("modules.builtin")
    tree[MODULES + "/modules.builtin.modinfo"] = asset("modules.builtin.modinfo").replace("\n", "\0").encode()
    tree.update(binary_indexes(tree))
    return tree


# ---- initramfs ------------------------------------------------------------------------------------------------

def initramfs(without=(), more=None):
    modules = {("usr/" + p): d for p, d in module_tree(lambda m: m not in without and m not in ("virtio_balloon", "qemu_fw_cfg", "fat", "vfat", "nls_cp437", "nls_ascii")).items()}
    for m in ("bin", "sbin", "lib", "lib64"):
        modules[m] = Link("usr/" + m)
    klibc = elf("/lib/klibc-XX6cASCB7KZyJWpIJW79y94XHBY.so")
    for p in ("sh", "mount", "run-init", "cat", "sleep", "mkdir", "ln", "resume"):
        modules["usr/bin/" + p] = klibc
    for p in ("usr/sbin/modprobe", "usr/sbin/blkid", "usr/sbin/fsck", "usr/bin/udevadm", "usr/bin/kmod", "usr/lib/systemd/systemd-udevd"):
        modules[p] = program()
    modules.update({
        "init": asset("initrd-init"), "conf/arch.conf": "DPKG_ARCH=amd64\n",
        "conf/initramfs.conf": "MODULES=most\nBUSYBOX=auto\nKEYMAP=n\nCOMPRESS=zstd\nBOOT=local\n",
        "scripts/functions": "# run_scripts, load_modules: part of initramfs-tools-core\n",
        "scripts/local": "# mountroot: part of initramfs-tools-core\n",
        "scripts/init-top/ORDER": '/scripts/init-top/udev "$@"\n[ -e /conf/param.conf ] && . /conf/param.conf\n',
        "scripts/init-top/udev": "#!/bin/sh -e\n/lib/systemd/systemd-udevd --daemon --resolve-names=never\nudevadm trigger --type=subsystems --action=add\nudevadm trigger --type=devices --action=add\nudevadm settle || true\n",
        "scripts/init-bottom/ORDER": '/scripts/init-bottom/udev "$@"\n', "scripts/init-bottom/udev": "#!/bin/sh -e\nudevadm control --exit\n",
        "etc/fstab": "", "etc/udev/udev.conf": "# see udev.conf(5) for details\n", "etc/modprobe.d/local.conf": "# nothing\n",
        "usr/lib/modprobe.d/aliases.conf": "alias net-pf-1 unix\n", "usr/lib/udev/rules.d/80-drivers.rules":
        'ACTION!="add", GOTO="drivers_end"\nENV{MODALIAS}=="?*", RUN{builtin}+="kmod load"\nLABEL="drivers_end"\n',
        "usr/lib/klibc-XX6cASCB7KZyJWpIJW79y94XHBY.so": elf(soname="klibc.so"), "usr/lib/x86_64-linux-gnu/libc.so.6": elf(soname="libc.so.6"),
        "usr/lib64/ld-linux-x86-64.so.2": elf(soname="ld-linux-x86-64.so.2")})
    modules.update(more or {})
    early = cpio({"kernel/x86/microcode/GenuineIntel.bin": struct.pack("<IIIIIIIIIIII", 1, 0x2A, 0x20260101, 0x806EC, 0, 1, 0x80, 2000, 2048, 0, 0, 0).ljust(2048, b"\0")})
    return early + run("zstd", "-q", "-19", "-c", input=cpio(modules))


# ---- the root file system ----------------------------------------------------------------------------------------

def unit(description, *sections):
    return f"[Unit]\nDescription={description}\n" + "".join(sections)


def packages():
    text = ""
    for name, version, depends in [("base-files", "12.4+deb12u14", ""), ("grub-pc", "2.06-13+deb12u1", "grub-common"), ("ifupdown", "0.8.41", "iproute2"),
                                   ("initramfs-tools", "0.142+deb12u3", "linux-base"), ("libc6", "2.36-9+deb12u14", ""), ("kmod", "30+20221128-1", "libc6"),
                                   (f"linux-image-{K}", "6.1.176-1", "kmod, initramfs-tools"), ("openssh-server", "1:9.2p1-2+deb12u10", "libc6"),
                                   ("systemd", "252.39-1~deb12u2", "libc6"), ("systemd-sysv", "252.39-1~deb12u2", "systemd"), ("udev", "252.39-1~deb12u2", "libc6")]:
        text += f"Package: {name}\nStatus: install ok installed\nPriority: optional\nSection: admin\nMaintainer: Debian\nArchitecture: amd64\nVersion: {version}\n"
        text += (f"Depends: {depends}\n" if depends else "") + f"Description: {name}\n\n"
    return text


def rootfs(firmware):
    S, E = "usr/lib/systemd/system/", "etc/systemd/system/"
    t = module_tree(lambda m: True)
    t = {("usr/" + p): d for p, d in t.items()}
    for m in ("bin", "sbin", "lib", "lib64"):
        t[m] = Link("usr/" + m)
    t["usr/sbin/init"] = Link("/lib/systemd/systemd")
    for p in ("usr/lib/systemd/systemd", "usr/lib/systemd/systemd-networkd", "usr/lib/systemd/systemd-udevd", "usr/lib/systemd/systemd-journald",
              "usr/lib/systemd/systemd-logind", "usr/sbin/agetty", "usr/sbin/ifup", "usr/sbin/sshd", "usr/bin/login", "usr/bin/bash", "usr/bin/dash",
              "usr/bin/mount", "usr/bin/passwd", "usr/sbin/chpasswd", "usr/sbin/useradd", "usr/sbin/groupadd", "usr/sbin/dhclient", "usr/sbin/fsck.ext4", "usr/sbin/fsck", "usr/bin/kmod", "usr/bin/udevadm"):
        t[p] = program()
    t["usr/bin/sh"], t["usr/sbin/modprobe"], t["usr/sbin/ifdown"] = Link("dash"), Link("/bin/kmod"), Link("ifup")
    t["usr/lib/x86_64-linux-gnu/libc.so.6"] = elf(needed=("ld-linux-x86-64.so.2",), soname="libc.so.6")
    t["usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"] = elf(soname="ld-linux-x86-64.so.2")
    t["usr/lib64/ld-linux-x86-64.so.2"] = Link("/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2")
    t["usr/lib/x86_64-linux-gnu/security/pam_unix.so"] = t["usr/lib/x86_64-linux-gnu/security/pam_nologin.so"] = elf(needed=("libc.so.6",))
    # boot
    t[f"boot/vmlinuz-{K}"], t[f"boot/initrd.img-{K}"], t[f"boot/config-{K}"] = bzimage(f"{K} (debian-kernel@lists.debian.org) #1 SMP PREEMPT_DYNAMIC Debian 6.1.176-1 (2026-07-02)"), initramfs(), asset("config")
    t["vmlinuz"], t["initrd.img"] = Link(f"boot/vmlinuz-{K}"), Link(f"boot/initrd.img-{K}")
    platform, partmod = ("x86_64-efi", "part_gpt") if firmware == "uefi" else ("i386-pc", "part_msdos")
    t["boot/grub/grub.cfg"] = asset("grub.cfg").replace("@ROOTSPEC@", "UUID=" + ROOT_UUID).replace("@ROOTUUID@", ROOT_UUID).replace("@PARTMOD@", partmod)
    t["boot/grub/grubenv"] = "# GRUB Environment Block\n# WARNING: Do not edit this file by tools other than grub-editenv!!!\n".ljust(1024, "#")
    for m in grub_modules(platform, partmod) + ["moddep.lst", "command.lst", "crypto.lst", "fs.lst", "partmap.lst", "terminal.lst"]:
        t[f"boot/grub/{platform}/{m}"] = open(f"/usr/lib/grub/{platform}/{m}", "rb").read()
    if firmware == "bios":
        t["boot/grub/i386-pc/boot.img"], t["boot/grub/i386-pc/core.img"] = boot_img(), core_img()
    # configuration
    t["usr/lib/os-release"] = ('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nVERSION="12 (bookworm)"\n'
                               'VERSION_CODENAME=bookworm\nID=debian\nHOME_URL="https://www.debian.org/"\nSUPPORT_URL="https://www.debian.org/support"\n'
                               'BUG_REPORT_URL="https://bugs.debian.org/"\n')
    fstab = f"# <file system> <mount point> <type> <options> <dump> <pass>\nUUID={ROOT_UUID} / ext4 errors=remount-ro 0 1\n"
    if firmware == "uefi":
        fstab += f"UUID={ESP_SERIAL[:4]}-{ESP_SERIAL[4:]} /boot/efi vfat umask=0077 0 1\n"
        t["boot/efi/"] = None
    t.update({
        "etc/os-release": Link("../usr/lib/os-release"), "etc/debian_version": "12.14\n", "etc/fstab": fstab, "etc/hostname": "debian\n",
        "etc/hosts": "127.0.0.1 localhost\n127.0.1.1 debian\n", "etc/machine-id": "", "etc/localtime": Link("/usr/share/zoneinfo/Etc/UTC"),
        "usr/share/zoneinfo/Etc/UTC": b"TZif2" + bytes(15) + struct.pack(">6I", 0, 0, 0, 0, 1, 4) + b"\0\0\0\0\0\0UTC\0TZif2" + bytes(15) + struct.pack(">6I", 0, 0, 0, 0, 1, 4) + b"\0\0\0\0\0\0UTC\0\nUTC0\n",
        "etc/timezone": "Etc/UTC\n", "etc/adjtime": "0.0 0 0.0\n0\nUTC\n", "etc/mtab": Link("../proc/self/mounts"),
        "etc/passwd": "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\nsystemd-network:x:998:998:systemd Network Management:/:/usr/sbin/nologin\n"
                      "messagebus:x:100:107::/nonexistent:/usr/sbin/nologin\nsshd:x:101:65534::/run/sshd:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
        "etc/shadow": "root:$6$testtest$qvTEQO6m9aHXFC3Yy0nLQ.JmMPqVUjYvJZBmkRvHHQXfYcVtYTGv2c9Ezj0pDCFZr3uPmpGGoGmAxnq1gQJ5s.:20600:0:99999:7:::\n"
                      "daemon:*:20600:0:99999:7:::\nsystemd-network:!*:20600::::::\nmessagebus:!:20600::::::\nsshd:!:20600::::::\nnobody:*:20600:0:99999:7:::\n",
        "etc/group": "root:x:0:\ndaemon:x:1:\nshadow:x:42:\nsystemd-network:x:998:\nmessagebus:x:107:\nnogroup:x:65534:\n", "etc/shells": "/bin/sh\n/bin/bash\n/bin/dash\n",
        "etc/nsswitch.conf": "passwd:         files\ngroup:          files\nshadow:         files\nhosts:          files dns\n",
        "etc/securetty": "", "etc/modules": "# modules to load at boot\n", "etc/modules-load.d/modules.conf": Link("../modules"), "etc/resolv.conf": "nameserver 10.0.2.3\n",
        "etc/hosts.allow": "# /etc/hosts.allow\n", "etc/hosts.deny": "# /etc/hosts.deny\n", "etc/login.defs": "PASS_MAX_DAYS 99999\nUID_MIN 1000\nENCRYPT_METHOD SHA512\n",
        "etc/default/grub": 'GRUB_DEFAULT=0\nGRUB_TIMEOUT=1\nGRUB_DISTRIBUTOR=Debian\nGRUB_CMDLINE_LINUX_DEFAULT=""\nGRUB_CMDLINE_LINUX="console=tty0 console=ttyS0,115200"\nGRUB_TERMINAL=console\n',
        "etc/initramfs-tools/initramfs.conf": "MODULES=most\nBUSYBOX=auto\nKEYMAP=n\nCOMPRESS=zstd\nDEVICE=\nNFSROOT=auto\n", "etc/initramfs-tools/modules": "# one module per line\n",
        "etc/network/interfaces": "# interfaces(5) file used by ifup(8) and ifdown(8)\n# Include files from /etc/network/interfaces.d:\nsource /etc/network/interfaces.d/*\n",
        "etc/systemd/network/80-dhcp.network": "[Match]\nName=en* eth*\n[Network]\nDHCP=ipv4\n",
        "etc/pam.d/sshd": "auth required pam_unix.so\naccount required pam_nologin.so\naccount required pam_unix.so\nsession required pam_unix.so\n",
        "etc/pam.d/login": "auth required pam_unix.so\naccount required pam_unix.so\nsession required pam_unix.so\n",
        "etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\n#Port 22\n#ListenAddress 0.0.0.0\n#PermitRootLogin prohibit-password\nKbdInteractiveAuthentication no\nUsePAM yes\nX11Forwarding yes\nPrintMotd no\nAcceptEnv LANG LC_*\nSubsystem\tsftp\t/usr/lib/openssh/sftp-server\n",
        "etc/ssh/ssh_host_ed25519_key": "-----BEGIN OPENSSH PRIVATE KEY-----\nbm90IGEga2V5\n-----END OPENSSH PRIVATE KEY-----\n",
        "etc/ssh/ssh_host_ed25519_key.pub": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA root@debian\n",
        "root/.ssh/authorized_keys": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA test\n",
        "var/lib/dpkg/status": packages(), "var/lib/dpkg/arch": "amd64\n"})
    # systemd
    for name in ("basic", "sysinit", "local-fs", "network", "network-online", "emergency", "rescue", "sockets", "timers", "getty", "remote-fs", "swap", "sleep"):
        t[S + name + ".target"] = unit(name)
    t[S + "multi-user.target"] = unit("Multi-User System", "Requires=basic.target\nConflicts=rescue.service rescue.target\nAfter=basic.target rescue.service rescue.target\nAllowIsolate=yes\n")
    t[S + "graphical.target"] = unit("Graphical Interface", "Requires=multi-user.target\nWants=display-manager.service\nConflicts=rescue.service rescue.target\nAfter=multi-user.target\nAllowIsolate=yes\n")
    t[S + "default.target"] = Link("graphical.target")
    t[S + "ssh.service"] = unit("OpenBSD Secure Shell server", "After=network.target auditd.service\nConditionPathExists=!/etc/ssh/sshd_not_to_be_run\n\n[Service]\nEnvironmentFile=-/etc/default/ssh\n"
        "ExecStartPre=/usr/sbin/sshd -t\nExecStart=/usr/sbin/sshd -D $SSHD_OPTS\nKillMode=process\nRestart=on-failure\nRestartPreventExitStatus=255\nType=notify\nRuntimeDirectory=sshd\n\n[Install]\nWantedBy=multi-user.target\nAlias=sshd.service\n")
    t[S + "networking.service"] = unit("Raise network interfaces", "DefaultDependencies=no\nWants=network.target\nBefore=network.target shutdown.target\n\n[Service]\nType=oneshot\nExecStart=/sbin/ifup -a --read-environment\nRemainAfterExit=true\n\n[Install]\nWantedBy=multi-user.target\nWantedBy=network-online.target\n")
    t[S + "systemd-networkd.service"] = unit("Network Configuration", "DefaultDependencies=no\nBefore=network.target multi-user.target\n\n[Service]\nExecStart=!!/lib/systemd/systemd-networkd\nType=notify\nUser=systemd-network\n\n[Install]\nWantedBy=multi-user.target\nAlias=dbus-org.freedesktop.network1.service\n")
    t[S + "systemd-udevd.service"] = unit("Rule-based Manager for Device Events and Files", "DefaultDependencies=no\n\n[Service]\nExecStart=/lib/systemd/systemd-udevd\n")
    t[S + "systemd-logind.service"] = unit("User Login Management", "\n[Service]\nExecStart=/lib/systemd/systemd-logind\n")
    t[S + "getty@.service"] = unit("Getty on %I", "After=systemd-user-sessions.service\n\n[Service]\nExecStart=-/sbin/agetty -o '-p -- \\\\u' --noclear - $TERM\n\n[Install]\nWantedBy=getty.target\nDefaultInstance=tty1\n")
    t[S + "serial-getty@.service"] = unit("Serial Getty on %I", "\n[Service]\nExecStart=-/sbin/agetty -o '-p -- \\\\u' --keep-baud 115200,57600,38400,9600 - $TERM\n")
    t[S + "multi-user.target.wants/getty.target"], t[S + "multi-user.target.wants/systemd-logind.service"] = Link("../getty.target"), Link("../systemd-logind.service")
    t[S + "sysinit.target.wants/systemd-udevd.service"] = Link("../systemd-udevd.service")
    L = "/lib/systemd/system/"
    for link, to in {"multi-user.target.wants/ssh.service": "ssh.service", "multi-user.target.wants/networking.service": "networking.service",
                     "multi-user.target.wants/systemd-networkd.service": "systemd-networkd.service", "multi-user.target.wants/remote-fs.target": "remote-fs.target",
                     "network-online.target.wants/networking.service": "networking.service", "getty.target.wants/getty@tty1.service": "getty@.service",
                     "sshd.service": "ssh.service", "dbus-org.freedesktop.network1.service": "systemd-networkd.service"}.items():
        t[E + link] = Link(L + to)
    t["usr/lib/systemd/network/99-default.link"] = "[Match]\nOriginalName=*\n\n[Link]\nNamePolicy=keep kernel database onboard slot path\nAlternativeNamesPolicy=database onboard slot path\nMACAddressPolicy=persistent\n"
    R = "usr/lib/udev/rules.d/"
    t[R + "75-net-description.rules"] = 'ACTION=="remove", GOTO="net_end"\nSUBSYSTEM!="net", GOTO="net_end"\nIMPORT{builtin}="net_id"\nLABEL="net_end"\n'
    t[R + "80-net-setup-link.rules"] = ('SUBSYSTEM!="net", GOTO="net_setup_link_end"\nIMPORT{builtin}="path_id"\nACTION=="remove", GOTO="net_setup_link_end"\n'
                                        'IMPORT{builtin}="net_setup_link"\nNAME=="", ENV{ID_NET_NAME}!="", NAME="$env{ID_NET_NAME}"\nLABEL="net_setup_link_end"\n')
    t[R + "80-drivers.rules"] = 'ACTION!="add", GOTO="drivers_end"\nENV{MODALIAS}=="?*", RUN{builtin}+="kmod load"\nLABEL="drivers_end"\n'
    t["usr/lib/systemd/system-preset/90-systemd.preset"] = "enable remote-fs.target\nenable getty@.service\nenable systemd-networkd.service\ndisable halt.target\n"
    for d in ("dev", "proc", "sys", "run", "tmp", "mnt", "media", "opt", "srv", "home", "var/log", "var/tmp", "usr/share/doc", "etc/ssh/sshd_config.d", "etc/network/interfaces.d", "etc/modprobe.d", "usr/lib/modprobe.d"):
        t[d + "/"] = None
    return t


def grub_modules(platform, partmod):
    """What grub.cfg needs, with dependencies; on UEFI the loader has them built in and only a few are kept."""
    if platform == "x86_64-efi":
        return ["normal.mod", "linux.mod", "ext2.mod", partmod + ".mod"]
    depends = {m: d.split() for m, d in (l.split(":") for l in open(f"/usr/lib/grub/{platform}/moddep.lst"))}
    todo, seen = ["normal", "linux", "search", "ext2", "gzio", "echo", "test", "configfile", "loadenv", "all_video", partmod], set()
    while todo:
        m = todo.pop()
        if m not in seen:
            seen.add(m); todo += depends.get(m, [])
    return sorted(m + ".mod" for m in seen)


PRIVATE = {"etc/shadow": (0o640, 42), "root": (0o700, 0), "root/.ssh": (0o700, 0), "root/.ssh/authorized_keys": (0o600, 0),
           "etc/ssh/ssh_host_ed25519_key": (0o600, 0), "tmp": (0o1777, 0), "var/tmp": (0o1777, 0), "usr/bin/passwd": (0o4755, 0)}


def ext4(tree, size, uuid, label=""):
    """An ext4 image; built with debugfs so that neither root nor the builder's directory order matters."""
    with tempfile.TemporaryDirectory() as scratch:
        image, commands = scratch + "/fs", []
        open(image, "wb").truncate(size)
        run("mke2fs", "-q", "-t", "ext4", "-b", "4096", "-I", "256", "-N", "1024", "-m", "1", "-J", "size=4", "-U", uuid, "-L", label,
            "-E", f"hash_seed={uuid},lazy_itable_init=0,nodiscard", "-O", "^resize_inode,^orphan_file,^metadata_csum_seed", image)
        for d in sorted(set(directories(tree)) | {p[:-1] for p in tree if p.endswith("/")} | {d for p in tree if p.endswith("/") for d in directories({p[:-1]: 0})}):
            commands.append(f"mkdir /{d}")
        for i, (path, data) in enumerate(sorted((p, d) for p, d in tree.items() if not p.endswith("/"))):
            if isinstance(data, Link):
                commands.append(f"symlink /{path} {data}")
                continue
            host = f"{scratch}/{i}"
            open(host, "wb").write(data.encode() if isinstance(data, str) else data)
            mode = 0o755 if re.match(r"usr/s?bin/|usr/lib/systemd/systemd", path) and "/system/" not in path and not path.endswith((".service", ".preset")) else 0o644
            commands += [f"write {host} /{path}", f"sif /{path} mode 0{0o100000 | mode:o}"]
        for path, (mode, group) in PRIVATE.items():
            if path in tree or path in directories(tree) or path + "/" in tree:
                kind = 0o100000 if path in tree else 0o40000
                commands += [f"sif /{path} mode 0{kind | mode:o}", f"sif /{path} gid {group}"]
        r = subprocess.run(["debugfs", "-w", "-f", "-", image], input="\n".join(commands), text=True, capture_output=True, check=True)
        problems = [l for l in r.stderr.splitlines() if l and not l.startswith("debugfs 1.")]
        if problems:
            sys.exit("debugfs: " + problems[0])
        run("e2fsck", "-fn", image)
        return open(image, "rb").read()


# ---- boot loaders and disks -----------------------------------------------------------------------------------------

def mbr_disk(root, loader=True, core=None):
    disk = bytearray(MIB + len(root))
    disk[MIB:] = root
    disk[0x1B8:0x1BC] = struct.pack("<I", 0xC0DE0001)
    disk[0x1BE:0x1CE] = struct.pack("<B3sB3sII", 0x80, b"\x20\x21\x00", 0x83, b"\xfe\xff\xff", MIB // SECTOR, len(root) // SECTOR)
    disk[0x1FE:0x200] = b"\x55\xaa"
    if loader:
        disk[:0x1B8] = boot_img()[:0x1B8]
        core = core or core_img()
        disk[SECTOR:SECTOR + len(core)] = core
    return bytes(disk)


def esp(size, fallback=True):
    with tempfile.TemporaryDirectory() as s:
        image = s + "/esp"
        open(image, "wb").truncate(size)
        run("mkfs.vfat", "-F", "16", "-s", "1", "-i", ESP_SERIAL, "-n", "ESP", "--invariant", image)
        with open(image, "r+b") as f:                # --invariant sets a serial of its own, whatever -i says
            f.seek(0x27); f.write(bytes.fromhex(ESP_SERIAL)[::-1])
        run("grub-mkimage", "-O", "x86_64-efi", "-p", "/EFI/debian", "-o", s + "/grub.efi", "part_gpt", "part_msdos", "fat", "ext2", "normal", "configfile",
            "search", "search_fs_uuid", "linux", "echo", "test", "loadenv", "gzio")
        open(s + "/grub.cfg", "w").write(f"search.fs_uuid {ROOT_UUID} root\nset prefix=($root)'/boot/grub'\nconfigfile $prefix/grub.cfg\n")
        for f in ("grub.efi", "grub.cfg"):
            os.utime(f"{s}/{f}", (1780000000, 1780000000))
        run("mmd", "-i", image, "::/EFI", "::/EFI/debian", *(["::/EFI/BOOT"] if fallback else []))
        run("mcopy", "-m", "-i", image, s + "/grub.efi", "::/EFI/debian/grubx64.efi")
        run("mcopy", "-m", "-i", image, s + "/grub.cfg", "::/EFI/debian/grub.cfg")
        if fallback:
            run("mcopy", "-m", "-i", image, s + "/grub.efi", "::/EFI/BOOT/BOOTX64.EFI")
        return open(image, "rb").read()


def gpt_disk(boot, root):
    with tempfile.NamedTemporaryFile() as f:
        f.truncate(MIB + len(boot) + len(root) + MIB)
        second = (MIB + len(boot)) // SECTOR
        run("sfdisk", "-q", f.name, input=f"""label: gpt
label-id: C0DE0001-0000-4000-8000-000000000001
start=2048, size={len(boot) // SECTOR}, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, uuid=C0DE0001-0000-4000-8000-000000000002
start={second}, size={len(root) // SECTOR}, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4, uuid=C0DE0001-0000-4000-8000-000000000003
""".encode())
        f.seek(MIB); f.write(boot); f.write(root); f.flush()
        return open(f.name, "rb").read()


# ---- the set ------------------------------------------------------------------------------------------------------------

ROOT_SIZE = 192 * MIB         # room for fixes to be made in it


def bios(change=lambda t: None, loader=True):
    t = rootfs("bios")
    change(t)
    return mbr_disk(ext4(t, ROOT_SIZE, ROOT_UUID), loader)


def uefi(fallback=True):
    return gpt_disk(esp(4 * MIB, fallback), ext4(rootfs("uefi"), ROOT_SIZE, ROOT_UUID))


def no_virtio(t):
    t[f"boot/initrd.img-{K}"] = initramfs(("virtio_blk", "virtio_pci", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_ring", "virtio", "virtio_scsi", "virtio_net"))


def no_nvme(t):
    t[f"boot/initrd.img-{K}"] = initramfs(("nvme", "nvme_core"))


def data_disk_line(t):
    t["etc/fstab"] += f"UUID={NOSUCH} /srv ext4 defaults 0 2\n"


def kernel_missing(t):
    del t[f"boot/vmlinuz-{K}"]


def wrong_root(t):
    t["boot/grub/grub.cfg"] = t["boot/grub/grub.cfg"].replace("root=UUID=" + ROOT_UUID, "root=UUID=" + NOSUCH)


def sshd_disabled(t):
    del t["etc/systemd/system/multi-user.target.wants/ssh.service"], t["etc/systemd/system/sshd.service"]


def eth0(t):
    t["etc/network/interfaces"] = "auto lo\niface lo inet loopback\nauto eth0\niface eth0 inet dhcp\n"
    t["etc/systemd/network/"] = None
    del t["etc/systemd/network/80-dhcp.network"], t["etc/systemd/system/multi-user.target.wants/systemd-networkd.service"]
    del t["etc/systemd/system/dbus-org.freedesktop.network1.service"]


def iso():
    """A hybrid ISO by its looks: ISO 9660 volume descriptors, an El Torito record and an MBR."""
    d = bytearray(300 * 1024)
    pvd = bytearray(2048)
    pvd[0:7] = b"\x01CD001\x01"; pvd[8:40] = b"LINUX".ljust(32); pvd[40:72] = b"INSTALLER".ljust(32)
    struct.pack_into("<I", pvd, 80, len(d) // 2048); struct.pack_into(">I", pvd, 84, len(d) // 2048)
    struct.pack_into("<H", pvd, 120, 1); struct.pack_into("<H", pvd, 124, 1); struct.pack_into("<H", pvd, 128, 2048)
    d[16 * 2048:17 * 2048] = pvd
    d[17 * 2048:17 * 2048 + 75] = b"\x00CD001\x01EL TORITO SPECIFICATION".ljust(71, b"\0") + struct.pack("<I", 20)
    d[18 * 2048:18 * 2048 + 7] = b"\xffCD001\x01"
    d[0x1BE:0x1CE] = struct.pack("<B3sB3sII", 0x80, b"\0\1\0", 0x17, b"\0\0\0", 0, len(d) // SECTOR)
    d[0x1FE:0x200] = b"\x55\xaa"
    return bytes(d)


# ---- other storage stacks ------------------------------------------------------------------------------------------------

XFS_UUID = "1d0c5f5e-6a9b-4c39-8f6e-7a3a52c0de11"
BTRFS_UUID = "1d0c5f5e-6a9b-4c39-8f6e-7a3a52c0de12"
BOOT_UUID = "1d0c5f5e-6a9b-4c39-8f6e-7a3a52c0de13"
VG, LV = "vg-data", "root"
MAPPER = "/dev/mapper/" + VG.replace("-", "--") + "-" + LV


def protofile(tree, scratch):
    """What mkfs.xfs -p fills a file system with (its manual page, "-p protofile")."""
    root = {}
    for path, data in tree.items():
        *above, name = path.rstrip("/").split("/")
        here = root
        for d in above:
            here = here.setdefault(d, {})
        if path.endswith("/"):
            here.setdefault(name, {})
        else:
            here[name] = data
    lines, count = ["/stand/diskboot", "0 0", "d--755 0 0"], 0

    def put(directory, prefix, indent):
        nonlocal count
        for name, data in sorted(directory.items()):
            path = prefix + name
            mode, group = PRIVATE.get(path, (None, 0))
            if isinstance(data, dict):
                lines.append(f"{indent}{name} d--{(mode or 0o755) & 0o777:03o} 0 {group}")
                put(data, path + "/", indent + " ")
                lines.append(indent + "$")
            elif isinstance(data, Link):
                lines.append(f"{indent}{name} l--777 0 0 {data}")
            else:
                host = f"{scratch}/{count}"; count += 1
                open(host, "wb").write(data.encode() if isinstance(data, str) else data)
                program = re.match(r"usr/s?bin/|usr/lib/systemd/systemd", path) and "/system/" not in path and not path.endswith((".service", ".preset"))
                mode = mode or (0o755 if program else 0o644)
                lines.append(f"{indent}{name} -{'u' if mode & 0o4000 else '-'}-{mode & 0o777:03o} 0 {group} {host}")

    put(root, "", "")
    lines.append("$")
    return "\n".join(lines) + "\n"


def xfs(tree, size, uuid, label=""):
    with tempfile.TemporaryDirectory() as scratch:
        image = scratch + "/fs"
        open(image, "wb").truncate(size)
        open(scratch + "/proto", "w").write(protofile(tree, scratch))
        run("mkfs.xfs", "-q", "-f", "-m", f"uuid={uuid}", *(["-L", label] if label else []), "-p", scratch + "/proto", image)
        for path, (mode, _) in PRIVATE.items():             # the protofile has no sticky bit
            if mode >= 0o1000 and path + "/" in tree:
                run("xfs_db", "-x", "-c", f"path /{path}", "-c", f"write -d core.mode 0{0o40000 | mode:o}", image)
        run("xfs_repair", "-n", image)
        return open(image, "rb").read()


def two_partitions(boot, second, kind):
    disk = bytearray(MIB + len(boot) + len(second))
    disk[MIB:MIB + len(boot)] = boot
    disk[MIB + len(boot):] = second
    disk[0x1B8:0x1BC] = struct.pack("<I", 0xC0DE0001)
    for n, (start, size, type) in enumerate([(MIB, len(boot), 0x83), (MIB + len(boot), len(second), kind)]):
        disk[0x1BE + 16 * n:0x1CE + 16 * n] = struct.pack("<B3sB3sII", 0x80 if n == 0 else 0, b"\xfe\xff\xff", type, b"\xfe\xff\xff", start // SECTOR, size // SECTOR)
    disk[0x1FE:0x200] = b"\x55\xaa"
    disk[:0x1B8] = boot_img()[:0x1B8]
    core = core_img(prefix="(,msdos1)/grub")
    disk[SECTOR:SECTOR + len(core)] = core
    return bytes(disk)


def lvm_xfs(more=lambda: {}, change=lambda t: None):
    """/boot on a partition of its own, the root an XFS on a logical volume."""
    EXTRA[:] = ["lvm"]
    t = rootfs("bios")
    lvm = {"etc/lvm/lvm.conf": "# see lvm.conf(5)\ndevices {\n}\n", "usr/lib/udev/rules.d/56-lvm.rules": host("/usr/lib/udev/rules.d/56-lvm.rules"),
           "usr/lib/udev/rules.d/69-lvm.rules": host("/usr/lib/udev/rules.d/69-lvm.rules"), "usr/lib/udev/rules.d/55-dm.rules": host("/usr/lib/udev/rules.d/55-dm.rules"),
           "usr/sbin/lvm": program("libdevmapper.so.1.02.1"), "usr/sbin/dmsetup": program("libdevmapper.so.1.02.1"), "usr/sbin/vgchange": Link("lvm"),
           "usr/lib/x86_64-linux-gnu/libdevmapper.so.1.02.1": elf(needed=("libc.so.6",), soname="libdevmapper.so.1.02.1")}
    t.update(lvm)
    t["usr/sbin/fsck.xfs"] = program()
    t[f"boot/initrd.img-{K}"] = initramfs(more=lvm | more())
    t["etc/fstab"] = f"{MAPPER} / xfs defaults 0 0\nUUID={BOOT_UUID} /boot ext4 defaults 0 2\n"
    t["etc/initramfs-tools/modules"] = "# one module per line\n"
    t["boot/grub/grub.cfg"] = (t["boot/grub/grub.cfg"].replace("root=UUID=" + ROOT_UUID, "root=" + MAPPER).replace("--set=root " + ROOT_UUID, "--set=root " + BOOT_UUID)
                               .replace("\t/boot/", "\t/"))
    change(t)
    EXTRA.clear()
    boot = {p[5:]: d for p, d in t.items() if p.startswith("boot/")}
    root = {p: d for p, d in t.items() if not p.startswith("boot/")} | {"boot/": None}
    return two_partitions(ext4(boot, 32 * MIB, BOOT_UUID), physical_volume(xfs(root, 320 * MIB, XFS_UUID), VG, LV), 0x8E)


def lay_out(tree, top):
    for path, data in sorted(tree.items()):
        host = f"{top}/{path}"
        os.makedirs(host if path.endswith("/") else os.path.dirname(host), exist_ok=True)
        if path.endswith("/"):
            continue
        if isinstance(data, Link):
            os.symlink(data, host)
            continue
        open(host, "wb").write(data.encode() if isinstance(data, str) else data)
        program = re.match(r"usr/s?bin/|usr/lib/systemd/systemd", path) and "/system/" not in path and not path.endswith((".service", ".preset"))
        os.chmod(host, 0o755 if program else 0o644)
    for path, (mode, group) in PRIVATE.items():
        if os.path.lexists(f"{top}/{path}"):
            os.chown(f"{top}/{path}", 0, group); os.chmod(f"{top}/{path}", mode)


def btrfs(change=lambda t: None, snapshots=1):
    """The root in the subvolume @, with /boot, read by GRUB; /home in @home; a snapshot of @ beside them."""
    EXTRA[:] = ["btrfs"]
    t = rootfs("bios")
    t[f"boot/initrd.img-{K}"] = initramfs(more={
        "usr/bin/btrfs": program(), "usr/lib/udev/rules.d/64-btrfs.rules": host("/usr/lib/udev/rules.d/64-btrfs.rules"),
        "scripts/local-premount/btrfs": host("/usr/share/initramfs-tools/scripts/local-premount/btrfs"), "scripts/local-premount/ORDER": '/scripts/local-premount/btrfs "$@"\n[ -e /conf/param.conf ] && . /conf/param.conf\n'})
    t["usr/bin/btrfs"], t["usr/sbin/fsck.btrfs"] = program(), program()
    t["etc/fstab"] = f"UUID={BTRFS_UUID} / btrfs defaults,subvol=@ 0 0\nUUID={BTRFS_UUID} /home btrfs defaults,subvol=@home 0 0\n"
    t["boot/grub/grub.cfg"] = (t["boot/grub/grub.cfg"].replace(ROOT_UUID, BTRFS_UUID).replace("insmod ext2", "insmod btrfs").replace("\t/boot/", "\t/@/boot/")
                               .replace(f"root=UUID={BTRFS_UUID} ro", f"root=UUID={BTRFS_UUID} ro rootflags=subvol=@"))
    for m in ("btrfs", "raid6rec", "lzopio", "zstd", "xzio"):
        if os.path.exists(f"/usr/lib/grub/i386-pc/{m}.mod"):
            t[f"boot/grub/i386-pc/{m}.mod"] = open(f"/usr/lib/grub/i386-pc/{m}.mod", "rb").read()
    t["boot/grub/i386-pc/core.img"] = core_img(prefix="(,msdos1)/@/boot/grub", file_system="btrfs")
    change(t)
    EXTRA.clear()
    with tempfile.TemporaryDirectory() as scratch:
        image, top = scratch + "/fs", scratch + "/top"
        open(image, "wb").truncate(256 * MIB)
        run("mkfs.btrfs", "-q", "-U", BTRFS_UUID, "-m", "single", image)
        os.mkdir(top)
        run("mount", "-o", "loop,compress=zstd", image, top)
        try:
            run("btrfs", "subvolume", "create", top + "/@")
            run("btrfs", "subvolume", "create", top + "/@home")
            lay_out(t, top + "/@")
            os.makedirs(top + "/@home/admin")
            for n in range(1, snapshots + 1):
                os.makedirs(f"{top}/snapshots/{n}")
                run("btrfs", "subvolume", "snapshot", "-r", top + "/@", f"{top}/snapshots/{n}/snapshot")
        finally:
            run("umount", top)
        return mbr_disk(open(image, "rb").read(), core=t["boot/grub/i386-pc/core.img"])


IMAGES = {
    "healthy-bios-mbr.qcow2": lambda: bios(),
    "healthy-uefi-gpt.qcow2": lambda: uefi(),
    "initrd-no-virtio.raw.xz": lambda: bios(no_virtio),
    "initrd-no-nvme.raw.xz": lambda: bios(no_nvme),
    "fstab-missing-data-disk.raw.xz": lambda: bios(data_disk_line),
    "kernel-missing.raw.xz": lambda: bios(kernel_missing),
    "root-wrong-uuid.raw.xz": lambda: bios(wrong_root),
    "esp-no-fallback.raw.xz": lambda: uefi(fallback=False),
    "sshd-disabled.raw.xz": lambda: bios(sshd_disabled),
    "network-eth0-without-ifnames.raw.xz": lambda: bios(eth0),
    "no-bootloader.raw.xz": lambda: bios(loader=False),
    "data-disk.qcow2": lambda: mbr_disk(ext4({"projects/readme.txt": "not a system\n", "projects/table.csv": "a,b\n1,2\n"}, 16 * MIB, "1d0c5f5e-6a9b-4c39-8f6e-7a3a52c0de02", "data"), loader=False),
    "empty.raw": lambda: b"",
    "zeros.raw": lambda: bytes(65536),
    "iso-like.raw.xz": lambda: iso(),
    "healthy-lvm-xfs.qcow2": lambda: lvm_xfs(),
}
MOUNTED = {                                              # made through a mount by the kernel, which takes root
    "healthy-btrfs.qcow2": lambda: btrfs(),
}


def main():
    images = IMAGES | (MOUNTED if os.getuid() == 0 else {})
    for name, make in images.items():
        if len(sys.argv) > 2 and name not in sys.argv[2:]:
            continue
        out = f"{sys.argv[1]}/{name}"
        data = make()
        if name.endswith(".raw.xz"):
            data = run("xz", "-9", "-c", input=data)
        if name.endswith(".qcow2"):
            with tempfile.NamedTemporaryFile() as f:
                f.write(data); f.flush()
                cluster = "65536" if name == "healthy-bios-mbr.qcow2" else "4096"   # small clusters: less overhead
                run("qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", "-o", "cluster_size=" + cluster, f.name, out)
        else:
            open(out, "wb").write(data)
        print(f"{name}\t{os.path.getsize(out)}")


if __name__ == "__main__":
    main()
