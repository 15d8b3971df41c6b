"""Early user spaces in the layout of each maker.

dracut's tree comes of a run of Debian's dracut (once, over a few modules); scripts stay, programs become stand-ins.  initramfs-tools'
scripts are Debian's.  The others are composed as their makers lay them out.
"""
import functools, os, re, shutil, struct, subprocess, tempfile

import kernel, packages
from parts import Link, cpio, elf, foreign, program, run

MICROCODE = struct.pack("<IIIIIIIIIIII", 1, 0x2A, 0x20260101, 0x806EC, 0, 1, 0x80, 2000, 2048, 0, 0, 0).ljust(2048, b"\0")
COMPRESS = {"gzip": ["gzip", "-nc"], "xz": ["xz", "--check=crc32", "-0", "-c"], "zstd": ["zstd", "-q", "-c"], "lz4": ["lz4", "-l", "-c"], "none": ["cat"]}


def is_program(path, data):
    return data[:4] == b"\x7fELF" or data[:2] in ("#!", b"#!") or "/hooks/" in path or path == "init"


def archive(tree, compression, early=False, padding=0):
    """One archive, behind one with microcode if `early`."""
    head = cpio({"early_cpio": "1\n", "kernel/x86/microcode/GenuineIntel.bin": MICROCODE}) if early else b""
    return head + bytes(padding) + run(*COMPRESS[compression], input=cpio(tree, is_program))


ROOT_DRIVERS = ("virtio_blk", "virtio_scsi", "virtio_pci", "nvme", "sd_mod", "ahci", "ata_piix", "ata_generic", "sr_mod", "virtio_net", "xen_blkfront", "hv_storvsc", "hv_vmbus", "hv_netvsc", "vmw_pvscsi", "mptspi", "ena")
FILE_SYSTEMS = ("ext4", "xfs", "vfat", "nls_iso8859_1", "nls_cp437", "ext3")

# ---- dracut ------------------------------------------------------------------------------------------------------


def dracut_base(kept):
    """The tree of an initramfs of Debian's dracut 059: what is text as it is, programs as stand-ins, no modules."""
    cache = kept + "/dracut"
    if not os.path.isdir(cache):
        top = packages.debian("dracut-core")
        k = kernel.Kernel("6.1.0-99-amd64")
        with tempfile.TemporaryDirectory(dir=kept) as t:
            for path, data in k.tree(prefix="lib/modules/").items():
                os.makedirs(os.path.dirname(f"{t}/{path}"), exist_ok=True)
                with open(f"{t}/{path}", "wb") as f:
                    f.write(data.encode() if isinstance(data, str) else data)
            os.mkdir(t + "/conf")
            modules = "bash systemd systemd-initrd systemd-udevd systemd-journald systemd-sysctl systemd-modules-load systemd-tmpfiles dracut-systemd kernel-modules lvm dm btrfs rootfs-block udev-rules base fs-lib usrmount shutdown"
            done = subprocess.run(["bash", top + "/usr/bin/dracut", "--force", "--no-hostonly", "--confdir", t + "/conf", "--conf", "/dev/null", "--kmoddir", f"{t}/lib/modules/{k.version}", "--no-compress", "--no-early-microcode",
                                   "--nostrip", "--nohardlink", "-m", modules, "--tmpdir", t, t + "/image", k.version], env=dict(os.environ, dracutbasedir=top + "/usr/lib/dracut"), capture_output=True)
            if not os.path.exists(t + "/image"):
                raise SystemExit("dracut: " + done.stderr.decode(errors="replace")[-2000:])
            os.mkdir(t + "/tree")
            with open(t + "/image", "rb") as f:
                run("cpio", "-id", "--quiet", cwd=t + "/tree", input=f.read())
            tree = t + "/tree"
            shutil.rmtree(tree + "/usr/lib/modules")
            for base, _, names in os.walk(tree):
                for name in names:
                    path = os.path.join(base, name)
                    if os.path.islink(path):
                        continue
                    if not os.path.isfile(path):
                        os.unlink(path)
                        continue
                    with open(path, "rb") as f:
                        head = f.read(4)
                    if head == b"\x7fELF":
                        library = re.search(r"\.so(\.|$)", name)
                        with open(path, "wb") as f:
                            f.write(elf(soname=name) if library else program())
                    elif os.path.getsize(path) > 40000 or "/terminfo" in path:
                        os.unlink(path)
            try:
                os.rename(tree, cache)
            except OSError:
                pass
    return cache


@functools.cache
def dracut_tree(kept):
    top, tree = dracut_base(kept), {}
    for base, names, files in os.walk(top):
        for name in [*names, *files]:
            path = os.path.join(base, name)
            inside = os.path.relpath(path, top)
            if os.path.islink(path):
                tree[inside] = Link(os.readlink(path))
            elif name in files:
                with open(path, "rb") as f:
                    tree[inside] = f.read()
    return tree


def dracut(kept, k, drivers, release, version="059", hostonly=(), lvm=True, btrfs=False, without=(), more=None, compression="gzip", early=True, drop=()):
    """An initramfs of dracut.  `release` is the text of its initrd-release, `hostonly` lines of etc/cmdline.d, `without` dracut modules left out."""
    tree = {p: d for p, d in dracut_tree(kept).items()}
    listed = tree.get("usr/lib/dracut/modules.txt", b"").decode().split()
    gone = set(without) | (set() if lvm else {"lvm"}) | (set() if btrfs else {"btrfs"})
    if "lvm" in gone:
        tree = {p: d for p, d in tree.items() if not re.search(r"lvm", p)}
    if "btrfs" in gone:
        tree = {p: d for p, d in tree.items() if "btrfs" not in p}
    for p in [p for p in tree if re.search(r"lib/dracut/dracut-059", p)]:
        del tree[p]
    tree[f"usr/lib/dracut/dracut-{version}"] = ""
    tree["usr/lib/dracut/modules.txt"] = "".join(m + "\n" for m in listed if m not in gone)
    tree["usr/lib/initrd-release"] = tree["usr/lib/os-release"] = release
    tree["etc/initrd-release"] = Link("../usr/lib/initrd-release")
    tree["etc/os-release"] = Link("../usr/lib/os-release")
    tree["usr/lib/dracut/hostonly-kernel-modules.txt" if hostonly else "usr/lib/dracut/build-parameter.txt"] = " ".join(drivers) + "\n" if hostonly else " --no-hostonly"
    for number, line in enumerate(hostonly):
        tree[f"etc/cmdline.d/{95 if 'root=' in line else 90}{'root-dev' if 'root=' in line else 'lvm'}{number or ''}.conf"] = " " + line + " \n"
    if k.architecture == "arm64":
        tree = {p: foreign(d, "arm64") if isinstance(d, bytes) and d[:4] == b"\x7fELF" else d for p, d in tree.items() if not p.endswith("ld-linux-x86-64.so.2")} | {"usr/lib/ld-linux-aarch64.so.1": foreign(elf(soname="ld-linux-aarch64.so.1"), "arm64")}
        early = False
    tree.update({p: d for p, d in k.tree(drivers, prefix="usr/lib/modules/").items()})
    tree.update(more or {})
    for p in drop:
        tree.pop(p, None)
    return archive(tree, compression, early)


DRACUT_004_INIT = """#!/bin/sh
#
# Licensed under the GPLv2
#
wait_for_loginit()
{
    set +x
}
emergency_shell()
{
    set +e
    echo ; echo
    echo "Dropping to debug shell."
    echo
    source_all emergency
    sh -i -l
}
export PATH=/sbin:/bin:/usr/sbin:/usr/bin
export TERM=linux
NEWROOT="/sysroot"
. /lib/dracut-lib.sh
mount -t proc /proc /proc >/dev/null 2>&1
mount -t sysfs /sys /sys >/dev/null 2>&1
mount -t tmpfs -omode=0755 udev /dev >/dev/null 2>&1
getarg 'rdbreak=cmdline' && emergency_shell -n cmdline "Break before cmdline"
source_conf /etc/conf.d
source_all cmdline
[ -z "$root" ] && die "No or empty root= argument"
[ -z "$rootok" ] && die "Don't know how to handle 'root=$root'"
source_all pre-udev
udevd --daemon --resolve-names=never
source_all pre-trigger
udevadm control --reload-rules >/dev/null 2>&1 || :
udevadm trigger --type=subsystems --action=add >/dev/null 2>&1
udevadm trigger --type=devices --action=add >/dev/null 2>&1
while :; do
    check_finished && break
    udevsettle
    check_finished && break
    for job in /initqueue/*.sh; do
        [ -e "$job" ] || break
        job=$job . $job
    done
    for job in /initqueue-settled/*.sh; do
        [ -e "$job" ] || break
        job=$job . $job
    done
done
source_all pre-mount
while :; do
    [ -n "$(ls /mount/*.sh 2>/dev/null)" ] && source_all mount
    [ -d "$NEWROOT/proc" ] && break
done
source_all pre-pivot
exec switch_root "$NEWROOT" "$INIT" $initargs
"""


def dracut_004(k, drivers, version="004-409.el6", lvm=True, more=None, drop=()):
    """The layout of RHEL 6: hooks in directories of the top level, named by priority and script without a dash, no systemd."""
    tree = {"init": DRACUT_004_INIT, f"dracut-{version}": "", "lib/dracut-lib.sh": "#!/bin/sh\n# getarg, source_all, check_finished: part of dracut\n",
            "cmdline/10parse-root-opts.sh": "#!/bin/sh\nroot=$(getarg root=)\n", "cmdline/95parse-block.sh": "#!/bin/sh\ncase \"$root\" in\n    block:LABEL=*|LABEL=*|block:UUID=*|UUID=*|block:/dev/*|/dev/*)\n        rootok=1 ;;\nesac\n",
            "pre-udev/30dm-pre-udev.sh": "#!/bin/sh\nstrstr \"$(cat /proc/misc)\" device-mapper || modprobe dm_mod\n", "mount/99mount-root.sh": "#!/bin/sh\nmount_root\n",
            "emergency/": None, "initqueue/": None, "initqueue-finished/": None, "initqueue-settled/": None, "initqueue-timeout/": None, "pre-mount/": None, "pre-pivot/50selinux-loadpolicy.sh": "#!/bin/sh\n",
            "etc/udev/rules.d/59-persistent-storage.rules": "# udev\n", "lib/udev/rules.d/80-drivers.rules": 'ACTION=="remove", GOTO="drivers_end"\nDRIVER!="?*", ENV{MODALIAS}=="?*", RUN+="/sbin/modprobe -bv $env{MODALIAS}"\nLABEL="drivers_end"\n',
            "lib/udev/rules.d/60-persistent-storage.rules": 'KERNEL!="sr*", IMPORT{program}="/sbin/blkid -o udev -p $tempnode"\n', "etc/fstab.empty": "", "etc/ld.so.conf": "include ld.so.conf.d/*.conf\n", "etc/modprobe.d/dracut.conf": "# empty\n",
            "etc/sysconfig/init": "BOOTUP=color\n", "tmp/": None, "sysroot/": None, "proc/": None, "sys/": None, "dev/": None}
    for p in ("bin/sh", "bin/bash", "bin/mount", "sbin/udevd", "sbin/udevadm", "sbin/modprobe", "sbin/blkid", "sbin/switch_root", "sbin/fsck", "bin/sed", "bin/cat"):
        tree[p] = program()
    tree["lib64/libc.so.6"], tree["lib64/ld-linux-x86-64.so.2"] = elf(soname="libc.so.6"), elf(soname="ld-linux-x86-64.so.2")
    if lvm:
        tree["sbin/lvm"] = program("libdevmapper.so.1.02")
        tree["sbin/lvm_scan"] = '#!/bin/sh\nVGS=$(getargs rd_LVM_VG=)\nLVS=$(getargs rd_LVM_LV=)\nif [ -n "$LVS" ]; then\n    lvm lvscan --ignorelockingfailure\n    lvm lvchange -ay --ignorelockingfailure $LVS\nfi\nif [ -z "$LVS" -o -n "$VGS" ]; then\n    lvm vgscan --ignorelockingfailure\n    lvm vgchange -ay --ignorelockingfailure $VGS\nfi\n'
        tree["lib64/libdevmapper.so.1.02"] = elf(soname="libdevmapper.so.1.02")
        tree["cmdline/30parse-lvm.sh"] = '#!/bin/sh\nif getarg rd_NO_LVM; then\n    rm -f /etc/udev/rules.d/64-lvm*.rules\nelse\n    for dev in $(getargs rd_LVM_VG=) $(getargs rd_LVM_LV=); do\n        printf "[ -e /dev/%s ] || exit 1\\n" $dev >> /initqueue-finished/lvm.sh\n    done\nfi\n'
        tree["etc/udev/rules.d/64-lvm.rules"] = 'SUBSYSTEM!="block", GOTO="lvm_end"\nACTION!="add|change", GOTO="lvm_end"\nENV{ID_FS_TYPE}!="LVM?_member", GOTO="lvm_end"\nRUN+="/sbin/initqueue --settled --onetime --unique /sbin/lvm_scan"\nLABEL="lvm_end"\n'
    tree.update(k.tree(drivers))
    tree.update(more or {})
    for p in drop:
        tree.pop(p, None)
    return archive({p: d for p, d in tree.items() if d is not None}, "gzip")


# ---- nash, RHEL 5 ----------------------------------------------------------------------------------------------------

def nash(k, order, volume=None, root="/dev/VolGroup00/LogVol00", resume="LABEL=SWAP-vda2", left_out=(), more=None):
    """mkinitrd 5.1 of RHEL 5: a nash script with one insmod line for each module; `left_out` are in the archive without a line."""
    lines = ["#!/bin/nash", "", "mount -t proc /proc /proc", "setquiet", "echo Mounting proc filesystem", "echo Mounting sysfs filesystem", "mount -t sysfs /sys /sys", "echo Creating /dev", "mount -o mode=0755 -t tmpfs /dev /dev",
             "mkdir /dev/pts", "mount -t devpts -o gid=5,mode=620 /dev/pts /dev/pts", "mkdir /dev/shm", "mkdir /dev/mapper", "echo Creating initial device nodes", "mknod /dev/null c 1 3", "mknod /dev/zero c 1 5", "mknod /dev/systty c 4 0",
             "mknod /dev/tty c 5 0", "mknod /dev/console c 5 1", "echo Setting up hotplug.", "hotplug", "echo Creating block device nodes.", "mkblkdevs"]
    tree = {"bin/nash": elf(), "bin/insmod": elf(), "sbin/modprobe": Link("/sbin/nash"), "sbin/nash": Link("/bin/nash"), "etc/": None, "proc/": None, "sys/": None, "sysroot/": None}
    for name in order:
        tree[f"lib/{os.path.basename(k.path(name))}"] = k.file(name)
        if name not in left_out:
            lines += [f'echo "Loading {os.path.basename(k.path(name))} module"', f"insmod /lib/{os.path.basename(k.path(name))} "]
    lines += ["echo Waiting for driver initialization.", "stabilized --hash --interval 250 /proc/scsi/scsi", "mkblkdevs"]
    if volume:
        tree["bin/lvm"] = elf()
        tree["etc/lvm/lvm.conf"] = "activation {\n    missing_stripe_filler = \"error\"\n}\n"
        lines += ["echo Scanning logical volumes", "lvm vgscan --ignorelockingfailure", "echo Activating logical volumes", f"lvm vgchange -ay --ignorelockingfailure  {volume}"]
    lines += [f"resume {resume}", "echo Creating root device.", f"mkrootdev -t ext3 -o defaults,ro {root}", "echo Mounting root filesystem.", "mount /sysroot", "echo Setting up other filesystems.", "setuproot", "echo Switching to new root and running init.", "switchroot"]
    tree["init"] = "\n".join(lines) + "\n"
    tree.update(more or {})
    return archive({p: d for p, d in tree.items() if d is not None}, "gzip")


# ---- initramfs-tools ---------------------------------------------------------------------------------------------------

def initramfs_tools(k, drivers, *, merged=True, modules="most", resume=None, compression="gzip", early=True, lvm=False, btrfs=False, more=None, conf_modules=(), drop=()):
    """What mkinitramfs lays out, with the scripts of Debian's initramfs-tools-core."""
    top = packages.debian("initramfs-tools-core") + "/usr/share/initramfs-tools"
    tree = {}
    with open(top + "/init") as f:
        tree["init"] = f.read()
    for base, _, names in os.walk(top + "/scripts"):
        for name in names:
            with open(os.path.join(base, name)) as f:
                tree["scripts/" + os.path.relpath(os.path.join(base, name), top + "/scripts")] = f.read()
    tree["scripts/init-top/udev"] = "#!/bin/sh -e\nPREREQS=\"\"\ncase $1 in\nprereqs) echo \"${PREREQS}\"; exit 0;;\nesac\n/lib/systemd/systemd-udevd --daemon --resolve-names=never\nudevadm trigger --type=subsystems --action=add\nudevadm trigger --type=devices --action=add\nudevadm settle || true\n"
    tree["scripts/init-bottom/udev"] = "#!/bin/sh -e\nudevadm control --exit\nmount -n -o move /dev ${rootmnt}/dev\n"
    if lvm:
        tree["scripts/local-block/lvm2"] = "#!/bin/sh\nPREREQS=\"\"\n[ \"$1\" = prereqs ] && exit 0\nlvm lvchange -aay -y --sysinit --ignoreskippedcluster \"$1\"\n"
        for name in ("55-dm.rules", "56-lvm.rules", "69-lvm.rules"):
            tree["usr/lib/udev/rules.d/" + name] = open("/usr/lib/udev/rules.d/" + name).read()
    if btrfs:
        tree["scripts/local-premount/btrfs"] = "#!/bin/sh\nif [ -x /bin/btrfs ]; then\n\tmodprobe btrfs\n\t/bin/btrfs device scan\nfi\n"
        tree["usr/lib/udev/rules.d/64-btrfs.rules"] = open("/usr/lib/udev/rules.d/64-btrfs.rules").read()
    for directory in sorted({p.rsplit("/", 1)[0] for p in tree if p.count("/") == 2}):
        scripts = sorted(p.rsplit("/", 1)[1] for p in tree if p.rsplit("/", 1)[0] == directory)
        tree[directory + "/ORDER"] = "".join(f'/{directory}/{s} "$@"\n[ -e /conf/param.conf ] && . /conf/param.conf\n' for s in scripts)
    programs = {"bin": ["sh", "mount", "run-init", "cat", "sleep", "mkdir", "ln", "resume", "udevadm", "kmod"] + (["btrfs"] if btrfs else []), "sbin": ["modprobe", "blkid", "fsck", "udevd"] + (["lvm", "dmsetup"] if lvm else [])}
    for directory, names in programs.items():
        for name in names:
            tree[f"{'usr/' if merged else ''}{directory}/{name}"] = program()
    lib = "usr/lib" if merged else "lib"
    tree[f"{lib}/systemd/systemd-udevd"] = program()
    tree[f"{lib}/udev/rules.d/80-drivers.rules"] = 'ACTION!="add", GOTO="drivers_end"\nENV{MODALIAS}=="?*", RUN{builtin}+="kmod load $env{MODALIAS}"\nLABEL="drivers_end"\n'
    tree[f"{lib}/x86_64-linux-gnu/libc.so.6"] = elf(soname="libc.so.6")
    tree["usr/lib64/ld-linux-x86-64.so.2" if merged else "lib64/ld-linux-x86-64.so.2"] = elf(soname="ld-linux-x86-64.so.2")
    if merged:
        tree.update({m: Link("usr/" + m) for m in ("bin", "sbin", "lib", "lib64")})
    tree.update({"conf/arch.conf": "DPKG_ARCH=amd64\n", "conf/initramfs.conf": f"MODULES={modules}\nBUSYBOX=auto\nKEYMAP=n\nCOMPRESS={compression}\nDEVICE=\nNFSROOT=auto\nBOOT=local\n", "conf/modules": "".join(m + "\n" for m in conf_modules),
                 "etc/fstab": "", "etc/udev/udev.conf": "# see udev.conf(5)\n", "etc/modprobe.d/iwlwifi.conf": "# empty\n"})
    if resume:
        tree["conf/conf.d/resume"] = f"RESUME={resume}\n"
    if k.architecture == "arm64":
        loader = elf(soname="ld-linux-aarch64.so.1")
        tree = {p.replace("x86_64-linux-gnu", "aarch64-linux-gnu"): d for p, d in tree.items() if not p.endswith("ld-linux-x86-64.so.2")} | {lib + "/ld-linux-aarch64.so.1": loader, "conf/arch.conf": "DPKG_ARCH=arm64\n"}
        tree = {p: foreign(d, "arm64") if isinstance(d, bytes) and d[:4] == b"\x7fELF" else d for p, d in tree.items() if p != "lib64"}
        early = False
    tree.update(k.tree(drivers, prefix=lib + "/modules/"))
    tree.update(more or {})
    for p in drop:
        tree.pop(p, None)
    return archive(tree, compression, early)


# ---- mkinitcpio, mkinitfs, SUSE's mkinitrd -----------------------------------------------------------------------------------

def mkinitcpio(k, drivers, hooks, systemd=False, modules=(), more=None, compression="zstd", drop=()):
    """Arch: busybox and hooks, or systemd."""
    tree = {"VERSION": "39.2\n", "config": f'EARLYHOOKS="udev"\nHOOKS="udev keymap"\nLATEHOOKS=""\nCLEANUPHOOKS="udev"\nMODULES="{" ".join(modules)}"\n', "buildconfig": f"MODULES=()\nBINARIES=()\nFILES=()\nHOOKS=({hooks})\n",
            "etc/fstab": "", "etc/mtab": Link("/proc/self/mounts"), "etc/initrd-release": "NAME=\"Arch Linux\"\nID=arch\nVERSION_ID=TEMPLATE_VERSION_ID\n", "usr/lib/initrd-release": "NAME=\"Arch Linux\"\nID=arch\n", "usr/lib/libc.so.6": elf(soname="libc.so.6"), "usr/lib/ld-linux-x86-64.so.2": elf(soname="ld-linux-x86-64.so.2"),
            "usr/lib/udev/rules.d/80-drivers.rules": 'ACTION!="add", GOTO="drivers_end"\nENV{MODALIAS}=="?*", RUN{builtin}+="kmod load"\nLABEL="drivers_end"\n', "usr/lib/modprobe.d/systemd.conf": "options bonding max_bonds=0\n"}
    tree.update({"bin": Link("usr/bin"), "sbin": Link("usr/bin"), "lib": Link("usr/lib"), "lib64": Link("usr/lib"), "usr/sbin": Link("bin"), "usr/lib64": Link("lib")})
    for p in ("kmod", "mount", "switch_root", "blkid", "udevadm", "fsck", "fsck.ext4"):
        tree["usr/bin/" + p] = program()
    tree["usr/bin/modprobe"] = Link("kmod")
    tree["usr/lib/systemd/systemd-udevd"] = program()
    if systemd:
        tree["init"] = Link("usr/lib/systemd/systemd")
        tree["usr/lib/systemd/systemd"] = program()
        tree["usr/lib/systemd/system-generators/systemd-fstab-generator"] = program()
        for name in ("initrd.target", "initrd-switch-root.service", "systemd-udevd.service", "systemd-udev-trigger.service", "sysinit.target", "initrd-root-fs.target", "initrd-fs.target"):
            tree["usr/lib/systemd/system/" + name] = f"[Unit]\nDescription={name}\n"
        tree["usr/lib/systemd/system/default.target"] = Link("initrd.target")
        for name in ("systemd-udevd.service", "systemd-udev-trigger.service"):
            tree["usr/lib/systemd/system/sysinit.target.wants/" + name] = Link("../" + name)
        tree["etc/machine-id"] = ""
    else:
        tree["usr/bin/busybox"], tree["usr/bin/sh"], tree["usr/bin/ash"] = elf(), Link("busybox"), Link("busybox")
        tree["init_functions"] = "#!/usr/bin/ash\n# run_hookfunctions, default_mount_handler: part of mkinitcpio-busybox\n"
        tree["hooks/udev"] = "#!/usr/bin/ash\nrun_earlyhook() {\n    kmod static-nodes --format=tmpfiles --output=/run/tmpfiles.d/kmod.conf\n    systemd-udevd --daemon --resolve-names=never\n    udevadm trigger --action=add --type=subsystems\n    udevadm trigger --action=add --type=devices\n    udevadm settle\n}\n"
        tree["hooks/keymap"] = "#!/usr/bin/ash\nrun_hook() { loadkmap < /keymap.bin; }\n"
        tree["init"] = "#!/usr/bin/ash\n\nudevd_running=0\nmount_handler=default_mount_handler\ninit=/sbin/init\nrd_logmask=0\n\n. /init_functions\n\nmount_setup\n\nparse_cmdline </proc/cmdline\n\n. /config\n\nrun_hookfunctions 'run_earlyhook' 'early hook' $EARLYHOOKS\n\nif [ -n \"$earlymodules$MODULES\" ]; then\n    modprobe -qab ${earlymodules//,/ } $MODULES\nfi\n\nrun_hookfunctions 'run_hook' 'hook' $HOOKS\n\n\"$mount_handler\" /new_root\n\nexec env -i \"TERM=$TERM\" /usr/bin/switch_root /new_root \"$init\" \"$@\"\n"
    tree.update(k.tree(drivers, prefix="usr/lib/modules/"))
    tree.update(more or {})
    for p in drop:
        tree.pop(p, None)
    return archive(tree, compression, early=False)


ALPINE_INIT = """#!/bin/sh

# this is the init file version
VERSION=3.10.1-r0
SINGLEMODE=no
sysroot=/sysroot

/bin/busybox mkdir -p "$ROOT"/usr/bin "$ROOT"/proc "$ROOT"/sys "$ROOT"/dev
/bin/busybox --install -s
export PATH="$PATH:/usr/bin:/bin:/usr/sbin:/sbin"
$MOCK mount -t sysfs -o noexec,nosuid,nodev sysfs /sys
$MOCK mount -t devtmpfs -o exec,nosuid,mode=0755,size=2M devtmpfs /dev 2>/dev/null
$MOCK mount -t proc -o noexec,nosuid,nodev proc /proc
set -- $(cat "$ROOT"/proc/cmdline)
myopts="alpine_dev autodetect autoraid chart cryptroot init init_args keep_apk_new modules ovl_dev pkgs quiet root rootfstype rootflags ro rw"
for opt; do
	case "$opt" in
	s|single|1) SINGLEMODE=yes ;;
	esac
done
# load available drivers to get access to modloop media
ebegin "Loading boot drivers"
$MOCK modprobe -a $(echo "$KOPT_modules $rootfstype" | tr ',' ' ' ) loop squashfs simpledrm 2> /dev/null
if [ -f "$ROOT"/etc/modules ] ; then
	sed 's/\\#.*//g' < /etc/modules |
	while read module args; do
		$MOCK modprobe -q $module $args
	done
fi
eend 0
if [ -n "$KOPT_root" ]; then
	ebegin "Mounting root"
	# nlplug-findfs finds the root by its name, UUID or label, loading drivers as devices appear
	$MOCK nlplug-findfs $cryptopts -p /sbin/mdev ${KOPT_debug_init:+-d} $KOPT_root
	$MOCK mount ${rootfstype:+-t} ${rootfstype} -o ${rootflags:-ro} ${KOPT_root#ZFS=} $sysroot
	eend $?
	exec switch_root $switch_root_opts $sysroot $chart_init "$KOPT_init" $KOPT_init_args
fi
"""


def mkinitfs(k, drivers, more=None, drop=(), compression="gzip"):
    """Alpine: busybox, nlplug-findfs, modules loaded as the kernel names devices."""
    tree = {"init": ALPINE_INIT, "bin/busybox": elf(interpreter="/lib/ld-musl-x86_64.so.1", needed=("libc.musl-x86_64.so.1",)), "bin/sh": Link("/bin/busybox"), "sbin/nlplug-findfs": elf(interpreter="/lib/ld-musl-x86_64.so.1", needed=("libblkid.so.1", "libc.musl-x86_64.so.1")),
            "lib/ld-musl-x86_64.so.1": elf(soname="libc.musl-x86_64.so.1"), "lib/libc.musl-x86_64.so.1": Link("ld-musl-x86_64.so.1"), "usr/lib/libblkid.so.1": elf(soname="libblkid.so.1"), "sbin/apk": elf(), "sbin/modprobe": Link("/bin/busybox"), "sbin/mdev": Link("/bin/busybox"),
            "etc/modprobe.d/aliases.conf": "alias net-pf-10 ipv6\n", "etc/mdev.conf": "$MODALIAS=.* 0:0 660 @modprobe -b \"$MODALIAS\"\n", "etc/fstab": "", "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n", "etc/group": "root:x:0:\n", "newroot/": None, "sysroot/": None}
    tree.update(k.tree(drivers))
    tree.update(more or {})
    for p in drop:
        tree.pop(p, None)
    return archive({p: d for p, d in tree.items() if d is not None}, compression)


def suse_mkinitrd(k, order, root="/dev/disk/by-uuid/", more=None, left_out=()):
    """SLES 11 (openSUSE/mkinitrd: lib/mkinitrd/bin/linuxrc, scripts/boot-*.sh): `init` sources run_all.sh, which sources boot/NN-*.sh in their
    order and hands the variable `modules` of each to modprobe; udev loads by alias what else is in the archive."""
    resolved = " ".join(n for n in order if n not in left_out)
    scripts = (("01-devfunctions", "", ""), ("02-start", f"[ \"$build_day\" ] || build_day='20240601'\n[ \"$RESOLVED_INITRD_MODULES\" ] || RESOLVED_INITRD_MODULES='{resolved}'\n", "$RESOLVED_INITRD_MODULES"),
               ("03-storage", f"[ \"$fallback_rootdev\" ] || fallback_rootdev='{root}'\n[ \"$rootdev\" ] || rootdev='{root}'\n[ \"$rootfsopts\" ] || rootfsopts='acl,user_xattr'\n", ""), ("04-udev", "[ \"$udev_timeout\" ] || udev_timeout='30'\n", ""),
               ("11-block", "[ \"$block_modules\" ] || block_modules=''\n", "$block_modules"), ("21-devinit_done", "", ""), ("83-mount", f"[ \"$rootdev\" ] || rootdev='{root}'\n[ \"$rootfsck\" ] || rootfsck='/sbin/fsck.ext3'\n", "$rootfsmod"), ("84-remount", "", ""), ("91-killudev", "", ""), ("93-boot", "", ""))
    body = {"02-start": "mount -t proc  proc  /proc\nmount -t sysfs sysfs /sys\nmount -t tmpfs -o mode=0755 udev /dev\n", "04-udev": "/sbin/udevd --daemon\n/sbin/udevadm trigger\n/sbin/udevadm settle --timeout=$udev_timeout\n",
            "83-mount": "mount $opt $rootdev /root\n", "93-boot": "exec /bin/run-init -c ./dev/console /root $init ${kernel_cmdline[@]}\n"}
    conditions = {"11-block": '"$block_modules"', "83-mount": '! "$root_already_mounted"'}
    tree = {"init": "#!/bin/bash\n\nload_modules() {\n    local module\n    for module in $(eval echo $modules)\n    do\n        modprobe $module\n    done\n    modules=\"\"\n}\n\nif [ ! \"$slow_boot\" ]; then\n  echo \"doing fast boot\"\n  source run_all.sh\nfi\n", "run_all.sh": "",
            "lib/udev/rules.d/80-drivers.rules": 'ACTION=="add", ENV{MODALIAS}=="?*", RUN+="/sbin/modprobe -b $env{MODALIAS}"\n', "etc/modprobe.conf": "# see modprobe.conf(5)\n", "mkinitrd.config": f"INITRD_MODULES=\"{resolved}\"\n"}
    for name, settings, modules in scripts:
        run_ = f'[ "$debug" ] && echo running {name}.sh\nsource boot/{name}.sh\n[ "$modules" ] && load_modules\n'
        tree["run_all.sh"] += f'[ "$debug" ] && echo preping {name}.sh\n{settings}' + (f'\nmodules=" {modules}"\n' if modules else "\n") + (f"if [  {conditions[name]} ]; then\n{run_}fi\n" if name in conditions else run_)
        tree[f"boot/{name}.sh"] = "#!/bin/bash\n" + (f"#%modules: {modules}\n" if modules else "") + body.get(name, "")
        if settings:
            tree[f"config/{name[3:]}.sh"] = settings
    for p in ("bin/bash", "bin/mount", "bin/run-init", "sbin/udevd", "sbin/udevadm", "sbin/modprobe", "sbin/fsck", "sbin/fsck.ext3", "bin/sed"):
        tree[p] = program()
    tree["bin/sh"] = Link("bash")
    tree["lib64/libc.so.6"], tree["lib64/ld-linux-x86-64.so.2"] = elf(soname="libc.so.6"), elf(soname="ld-linux-x86-64.so.2")
    tree.update(k.tree(order))
    tree.update(more or {})
    return archive(tree, "gzip")
