"""Arch, Alpine, Gentoo, Photon, systems that come as an image, an unknown one, an arm64 one."""
import boot, breakages, initramfs, packages
from families.debian import SSHD as SSHD_DEBIAN
from families.redhat import EL8_BUILTIN, ROOT, SSHD, bls, el, rhel9
from guest import ESP_SERIAL, HASH, KEY, MACHINE_ID, NOSUCH, Guest, accounts, base, cloud_init, foreign, host_keys, kernels, network_manager, sshd, systemd
from kernel import Kernel
from parts import Link, elf, program
import targets
from table import Row, good, healthy, image, stops, unclear, unreachable

SSHD_PLAIN = "Include /etc/ssh/sshd_config.d/*.conf\nAuthorizedKeysFile\t.ssh/authorized_keys\nKbdInteractiveAuthentication no\nUsePAM yes\nPrintMotd no\nSubsystem\tsftp\t/usr/lib/ssh/sftp-server\n"
CONSOLE = ["console=tty0", "console=ttyS0,115200"]


def broken(prefix, of):
    def register(name, *rows, traps="", note="", **layout):
        return image(f"{prefix}-{name}", *rows, traps=traps, note=note, base=of, **layout)
    return register


def networkd(g, text="[Match]\nName=en* eth*\n\n[Network]\nDHCP=yes\n"):
    g.enable("systemd-networkd.service"); g.enable("systemd-resolved.service")
    g.files["etc/systemd/network/20-ethernet.network"] = text


# ---- Arch ------------------------------------------------------------------------------------------------------------------------

ARCH_DRIVERS = ("virtio_blk", "virtio_scsi", "virtio_pci", "nvme", "sd_mod", "ahci", "ata_piix", "sr_mod", "xen_blkfront", "hv_storvsc", "mptspi", "vmw_pvscsi", "ext4", "btrfs", "crc32c_generic", "xfs", "vfat")


def arch(loader="systemd-boot", **layout):
    """The ESP is /boot but for GRUB; one kernel, linux."""
    efi = loader != "grub2"
    g = Guest(**(dict(uefi=efi, esp="/boot" if loader == "systemd-boot" else "/efi" if efi else None, grub="grub", table="gpt", biosboot=not efi, merged=True) | layout))
    base(g)
    g.files = {p.replace("usr/sbin/", "usr/bin/"): d for p, d in g.files.items()}
    g.files["usr/sbin"] = Link("bin")
    where = g.where
    g.where = lambda name: where(name).replace("usr/sbin/", "usr/bin/")
    g.files["sbin"] = Link("usr/bin")
    for name in ("modprobe", "depmod"):
        g.files["usr/bin/" + name] = Link("kmod")
    g.files["usr/lib64/"] = None
    libraries = {p: d for p, d in g.files.items() if p.startswith("usr/lib64/") and p != "usr/lib64/"}
    for p, d in libraries.items():
        del g.files[p]
        g.files[p.replace("usr/lib64/", "usr/lib/")] = d
    del g.files["usr/lib64/"]
    g.files["usr/lib64"] = Link("lib")
    g.put({"usr/lib/os-release": 'NAME="Arch Linux"\nPRETTY_NAME="Arch Linux"\nID=arch\nBUILD_ID=rolling\nANSI_COLOR="38;2;23;147;209"\n', "etc/os-release": Link("../usr/lib/os-release"), "etc/arch-release": ""})
    systemd(g, networkd=True)
    g.files["usr/bin/init"] = Link("../lib/systemd/systemd")
    accounts(g, root="!*", user="arch")
    sshd(g, SSHD_PLAIN, keygen=False)
    g.unit("sshdgenkeys.service", "[Unit]\nDescription=SSH Key Generation\nConditionPathExists=|!/etc/ssh/ssh_host_ed25519_key\nConditionPathExists=|!/etc/ssh/ssh_host_rsa_key\n\n[Service]\nExecStart=/usr/bin/ssh-keygen -A\nType=oneshot\nRemainAfterExit=yes\n")
    g.sed(g.units + "sshd.service", "[Unit]\n", "[Unit]\nWants=sshdgenkeys.service\nAfter=sshdgenkeys.service\n")
    cloud_init(g, "24.1.7", distro="arch", user="arch", python="usr/lib/python3.12/site-packages", generator=True)
    networkd(g)
    g.files["etc/fstab"] = f"UUID={g.root_uuid} / ext4 rw,relatime 0 1\n" + (f"UUID={ESP_SERIAL[:4]}-{ESP_SERIAL[4:]} {g.esp} vfat rw,relatime,fmask=0022,dmask=0022 0 2\n" if g.esp else "")
    k = Kernel("6.9.3-arch1-1", suffix=".zst", builtin=("crct10dif_common",), config=False)
    g.kernels, g.drivers, g.options, g.root_argument, g.systemd_hook, g.autodetect = [k], list(ARCH_DRIVERS), ["rw", "net.ifnames=0", *CONSOLE], f"UUID={g.root_uuid}", False, ""
    def write(g):
        hooks = f"base {'systemd' if g.systemd_hook else 'udev'} {g.autodetect}microcode modconf kms keyboard {'sd-vconsole' if g.systemd_hook else 'keymap consolefont'} block filesystems fsck"
        g.files["etc/mkinitcpio.conf"] = f"MODULES=()\nBINARIES=()\nFILES=()\nHOOKS=({hooks})\n"
        early = initramfs.mkinitcpio(k, g.drivers, hooks, systemd=g.systemd_hook)
        image_ = k.image()
        line = " ".join([f"root={g.root_argument}", *g.options])
        top = f"usr/lib/modules/{k.version}/"
        g.put(k.tree(prefix="usr/lib/modules/"))
        g.files[top + "vmlinuz"], g.files[top + "pkgbase"] = image_, "linux\n"
        if loader == "uki":
            g.files["efi/EFI/Linux/arch-linux.efi"] = boot.unified(g.kept, image_, early, line, g.files["usr/lib/os-release"], k.version)
            g.files["etc/kernel/cmdline"] = line + "\n"
            g.files["efi/EFI/systemd/systemd-bootx64.efi"] = g.files["efi/EFI/BOOT/BOOTX64.EFI"] = boot.systemd_boot()
            g.files["efi/loader/loader.conf"] = "timeout 3\n"
            return
        g.files["boot/vmlinuz-linux"], g.files["boot/initramfs-linux.img"] = image_, early
        if loader == "systemd-boot":
            g.files["boot/EFI/systemd/systemd-bootx64.efi"] = g.files["boot/EFI/BOOT/BOOTX64.EFI"] = boot.systemd_boot()
            g.files["boot/loader/loader.conf"] = "default  arch.conf\ntimeout  4\nconsole-mode max\neditor   no\n"
            g.files["boot/loader/entries/arch.conf"] = f"title   Arch Linux\nlinux   /vmlinuz-linux\ninitrd  /initramfs-linux.img\noptions {line}\n"
        else:
            text = boot.header("0", 5) + "### BEGIN /etc/grub.d/10_linux ###\n" + boot.menuentry(g, "Arch Linux", f"gnulinux-simple-{g.root_uuid}", "/boot/vmlinuz-linux", "/boot/initramfs-linux.img", line, ("arch", "gnu-linux", "gnu", "os"), more="\tload_video\n\tset gfxpayload=keep\n\tinsmod gzio\n") + "### END /etc/grub.d/10_linux ###\n\n" + boot.tail()
            g.files["boot/grub/grub.cfg"], g.files["boot/grub/grubenv"] = text, boot.grubenv()
            for n, data in boot.grub_files("i386-pc", g.kept, False).items():
                g.files["boot/grub/i386-pc/" + n] = data
    g.finish.append(write)
    g.put(packages.pacman([("linux", "6.9.3.arch1-1"), ("systemd", "256-1"), ("openssh", "9.7p1-2"), ("mkinitcpio", "39.2-2"), ("cloud-init", "24.1.7-1"), ("cloud-guest-utils", "0.33-3")]))
    return g


def arch_uki(**layout):
    return arch("uki", **layout)


def arch_grub(**layout):
    return arch("grub2", **layout)


arch.uefi = arch_uki.uefi = True
healthy("arch-uefi", arch, note="composed: Arch, systemd-boot, mkinitcpio with its busybox hooks, pacman", traps="31")
healthy("arch-uki-uefi", arch_uki, note="composed: Arch, a unified kernel image", traps="31, 32")
healthy("arch-grub", arch_grub, note="composed: Arch, GRUB by BIOS")
a, auki, agrub = broken("arch-uefi", arch), broken("arch-uki-uefi", arch_uki), broken("arch-grub", arch_grub)


@a("autodetect", stops("initramfs", "DiskDriver.NotInInitramfs").on(disk="nvme"), good(), *[stops("initramfs", "DiskDriver.NotInInitramfs").on(target=t, disk=targets.PLACES[t].disk) for t in ("aws-nitro", "gcp", "azure", "proxmox")], traps="3", note="mkinitcpio's autodetect on a virtio machine: no nvme")
def _(g):
    g.drivers, g.autodetect = ["virtio_blk", "virtio_pci", "ext4", "crc32c_generic"], "autodetect "


@a("systemd-hook", good(), note="an initramfs with systemd")
def _(g):
    g.systemd_hook = True


@a("root-gone", stops("root", "Grub.RootNotFound"), note="root= names a file system that is gone")
def _(g):
    g.root_argument = "UUID=" + NOSUCH


@a("initrd-gone", stops("bootloader", "Grub.InitrdMissing"), note="systemd-boot does not start an entry whose initrd is gone")
def _(g):
    g.late.append(lambda g: g.files.pop("boot/initramfs-linux.img"))


@a("no-fallback", stops("firmware", "EfiFallback.Missing"), traps="23", note="systemd-boot is not at the removable path")
def _(g):
    def change(g):
        del g.files["boot/EFI/BOOT/BOOTX64.EFI"]
        g.files["boot/EFI/BOOT/"] = None
    g.late.append(change)


@a("boot-counting", good(), traps="31", note="an entry with tries left in its name")
def _(g):
    def change(g):
        g.files["boot/loader/entries/arch+3-0.conf"] = g.files.pop("boot/loader/entries/arch.conf")
        g.sed("boot/loader/loader.conf", "default  arch.conf", "default  arch*")
    g.late.append(change)


@auki("cmdline-old", stops("root", "Grub.RootNotFound"), traps="32", note="the image was not built again: its own command line names the old root, /etc/kernel/cmdline the new")
def _(g):
    right = g.root_argument
    g.root_argument = "UUID=" + NOSUCH
    g.late.append(lambda g: g.sed("etc/kernel/cmdline", "UUID=" + NOSUCH, right))


@auki("drivers", stops("initramfs", "DiskDriver.NotInInitramfs"), traps="3", note="no virtio in the image's initramfs")
def _(g):
    g.drivers = ["ahci", "sd_mod", "ext4", "crc32c_generic"]


breakages.register("arch-uefi", arch, "esp-line")
breakages.register("arch-uki-uefi", arch_uki, "no-fallback", "esp-line")
breakages.register("arch-grub", arch_grub, "kernel-gone", "initrd-gone", "root-gone")


@auki("image-gone", stops("bootloader", "Grub.ConfigMissing"), traps="32", note="no unified image is left: systemd-boot has nothing to start")
def _(g):
    g.late.append(lambda g: breakages.drop(g, lambda p: p.startswith("efi/EFI/Linux/")))


@auki("networkd-off", unreachable("Dhcp.NoConfig"), note="a .network file, and nothing starts systemd-networkd")
def _(g):
    g.disable("systemd-networkd.service")
    g.files["etc/machine-id"] = MACHINE_ID + "\n"
    g.files["etc/cloud/cloud.cfg.d/99-disable-network-config.cfg"] = "network: {config: disabled}\n"


@agrub("networkd-off", unreachable("Dhcp.NoConfig"), note="a .network file, and nothing starts systemd-networkd")
def _(g):
    g.disable("systemd-networkd.service")
    g.files["etc/machine-id"] = MACHINE_ID + "\n"
    g.files["etc/cloud/cloud.cfg.d/99-disable-network-config.cfg"] = "network: {config: disabled}\n"


@agrub("core-gone", stops("firmware", "BootLoader.CoreMissing"), traps="22, 25", note="the BIOS boot partition is empty")
def _(g):
    def wipe(g, disk, sectors):
        with open(disk, "r+b") as f:
            f.seek(sectors["biosboot"] * 512); f.write(bytes(1 << 20))
    g.on_disk.append(wipe)


def cloud_init_openrc(g, version, distro, python):
    """cloud-init with the services of its package for OpenRC, in the runlevels that its set-up adds them to."""
    cloud_init(g, version, distro=distro, user=distro, python=python, generator=False)
    for p in [p for p in g.files if "systemd" in p and "cloud-" in p]:
        del g.files[p]
    for name, command, level in (("cloud-init-local", "init --local", "boot"), ("cloud-init", "init", "default"), ("cloud-config", "modules --mode config", "default"), ("cloud-final", "modules --mode final", "default")):
        g.files["etc/init.d/" + name] = f"#!/sbin/openrc-run\n\ndescription=\"{name}\"\n\ndepend() {{\n\tafter {'localmount netmount' if level == 'boot' else 'net'}\n\tprovide {name}\n}}\n\nstart() {{\n\tcloud-init {command}\n\teend 0\n}}\n"
        g.files[f"etc/runlevels/{level}/{name}"] = Link("/etc/init.d/" + name)


# ---- Alpine -----------------------------------------------------------------------------------------------------------------------

ALPINE_DRIVERS = ("virtio_blk", "virtio_scsi", "virtio_pci", "nvme", "sd_mod", "ahci", "ata_piix", "sr_mod", "hv_storvsc", "mptspi", "vmw_pvscsi", "ext4", "crc32c_generic", "squashfs", "loop", "vfat", "nls_cp437", "nls_utf8")


def alpine(cloud=False, **layout):
    g = Guest(**(dict(bios_loader="extlinux", table="mbr", boot="ext4", merged=False, grub="grub", boot_features=("^64bit",)) | layout))
    for d in ("dev", "proc", "sys", "run", "tmp", "mnt", "media", "opt", "srv", "home", "root", "var/log", "var/tmp", "var/lib", "usr/local/bin", "boot"):
        g.files[d + "/"] = None
    g.mode("tmp", 0o1777); g.mode("var/tmp", 0o1777); g.mode("root", 0o700)
    musl = elf(soname="libc.musl-x86_64.so.1")
    g.files["lib/ld-musl-x86_64.so.1"], g.files["lib/libc.musl-x86_64.so.1"] = musl, Link("ld-musl-x86_64.so.1")
    muslbin = elf(interpreter="/lib/ld-musl-x86_64.so.1", needed=("libc.musl-x86_64.so.1",))
    g.files["bin/busybox"] = muslbin
    for n in ("bin/sh", "bin/ash", "bin/mount", "bin/login", "bin/cat", "bin/ls", "sbin/init", "sbin/modprobe", "sbin/getty", "sbin/ifup", "sbin/ifdown", "sbin/ip", "sbin/udhcpc", "usr/sbin/chpasswd", "usr/sbin/adduser", "usr/sbin/addgroup", "sbin/mdev", "sbin/fsck", "bin/umount", "sbin/depmod"):
        g.files[n] = Link("/bin/busybox")
    g.files["bin/bbsuid"], g.files["usr/bin/passwd"] = muslbin, Link("/bin/bbsuid")
    g.mode("bin/bbsuid", 0o4111)
    for n in ("sbin/openrc", "sbin/openrc-run", "sbin/rc-status", "sbin/rc-update", "usr/sbin/sshd", "usr/bin/ssh-keygen", "sbin/apk", "sbin/resize2fs", "sbin/fsck.ext4", "sbin/mkinitfs", "sbin/extlinux"):
        g.files[n] = muslbin
    g.put({"etc/os-release": 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.20.0\nPRETTY_NAME="Alpine Linux v3.20"\nHOME_URL="https://alpinelinux.org/"\n', "etc/alpine-release": "3.20.0\n", "etc/hostname": "alpine\n", "etc/hosts": "127.0.0.1\tlocalhost\n", "etc/shells": "/bin/sh\n/bin/ash\n",
           "etc/inittab": "# /etc/inittab\n\n::sysinit:/sbin/openrc sysinit\n::sysinit:/sbin/openrc boot\n::wait:/sbin/openrc default\n\ntty1::respawn:/sbin/getty 38400 tty1\nttyS0::respawn:/sbin/getty -L 115200 ttyS0 vt100\n\n::ctrlaltdel:/sbin/reboot\n::shutdown:/sbin/openrc shutdown\n",
           "etc/network/interfaces": "auto lo\niface lo inet loopback\n\nauto eth0\niface eth0 inet dhcp\n", "etc/conf.d/hwclock": 'clock="UTC"\n', "etc/mkinitfs/mkinitfs.conf": 'features="ata base ide scsi usb virtio ext4 nvme"\n', "etc/modules": "af_packet\nipv6\n", "etc/nsswitch.conf": "hosts: files dns\n",
           "etc/rc.conf": "rc_tty_number=12\n", "etc/update-extlinux.conf": "overwrite=1\nvesa_menu=0\ndefault_kernel_opts=\"quiet\"\nmodules=sd-mod,usb-storage,ext4\nroot=UUID=\nverbose=0\nhidden=1\ntimeout=3\ndefault=lts\nserial_port=0\nserial_baud=115200\n"})
    services = {"sysinit": ["devfs", "dmesg", "hwdrivers", "mdev"], "boot": ["bootmisc", "hostname", "hwclock", "modules", "networking", "swap", "sysctl", "syslog", "urandom"], "default": ["acpid", "crond", "sshd"], "shutdown": ["killprocs", "mount-ro", "savecache"]}
    for level, names in services.items():
        for n in names:
            g.files.setdefault("etc/init.d/" + n, f"#!/sbin/openrc-run\n\ndescription=\"{n}\"\n\ndepend() {{\n\tneed localmount\n}}\n")
            g.files[f"etc/runlevels/{level}/{n}"] = Link("/etc/init.d/" + n)
    for n in ("localmount", "root", "fsck"):
        g.files["etc/init.d/" + n] = "#!/sbin/openrc-run\n"
    g.files["etc/init.d/networking"] = "#!/sbin/openrc-run\n\nneed_keyboard=no\ndepend() {\n\tneed localmount\n\tafter bootmisc hwdrivers modules\n\tprovide net\n}\n\nstart() {\n\tfor iface in $(find_ifaces); do\n\t\tifup -i /etc/network/interfaces $iface\n\tdone\n}\n"
    g.files["etc/init.d/sshd"] = "#!/sbin/openrc-run\n\ndescription=\"OpenBSD Secure Shell server\"\ncommand=/usr/sbin/sshd\npidfile=/run/sshd.pid\n\ndepend() {\n\tuse logger dns\n\tafter entropy\n\tneed net\n}\n\ngenerate_host_keys() {\n\tssh-keygen -A\n}\n\nstart_pre() {\n\tgenerate_host_keys\n}\n"
    accounts(g, root="*", key=True, shell="/bin/ash")
    g.mode("etc/shadow", 0o640, 0, 42)
    if cloud:
        cloud_init_openrc(g, "24.1.4", "alpine", "usr/lib/python3.12/site-packages")
    g.files["etc/ssh/sshd_config"] = "Include /etc/ssh/sshd_config.d/*.conf\nAuthorizedKeysFile\t.ssh/authorized_keys\nAllowTcpForwarding no\nGatewayPorts no\nX11Forwarding no\nSubsystem\tsftp\tinternal-sftp\n"
    host_keys(g)
    g.files["etc/fstab"] = f"UUID={g.root_uuid}\t/\text4\trw,relatime 0 1\n" + (f"UUID={g.boot_uuid}\t/boot\text4\trw,relatime 0 2\n" if g.boot else "") + (f"UUID={ESP_SERIAL[:4]}-{ESP_SERIAL[4:]}\t/boot/efi\tvfat\trw,relatime 0 2\n" if g.esp else "") + "tmpfs\t/tmp\ttmpfs\tnosuid,nodev\t0\t0\n"
    g.kernels, g.drivers = [Kernel("6.6.32-0-lts", suffix=".gz", builtin=("crct10dif_common",))], list(ALPINE_DRIVERS)
    g.options, g.root_argument = ["modules=sd-mod,usb-storage,ext4", "quiet", "rootfstype=ext4", "console=ttyS0,115200"], f"UUID={g.root_uuid}"
    def write(g):
        k = g.kernels[0]
        g.files["boot/vmlinuz-lts"], g.files["boot/initramfs-lts"], g.files["boot/config-" + k.version] = k.image(), initramfs.mkinitfs(k, g.drivers), k.configuration()
        g.put(k.tree(prefix="lib/modules/"))
        line = " ".join([f"root={g.root_argument}", *g.options])
        if g.uefi:
            text = boot.header("0", 2) + "### BEGIN /etc/grub.d/10_linux ###\n" + boot.menuentry(g, "Alpine, with Linux lts", f"gnulinux-lts-advanced-{g.root_uuid}", g.on_boot + "vmlinuz-lts", g.on_boot + "initramfs-lts", line, ("alpine", "gnu-linux", "gnu", "os")) + "### END /etc/grub.d/10_linux ###\n\n" + boot.tail()
            g.files["boot/grub/grub.cfg"] = text
            for n, data in boot.grub_files("x86_64-efi", g.kept, False).items():
                g.files["boot/grub/x86_64-efi/" + n] = data
            g.put(boot.efi_files(g, "alpine", g.kept, prefix=f"(hd0,gpt{g.number('boot' if g.boot else 'root')}){g.on_boot}grub", use_shim=False))
        else:
            g.files["boot/extlinux.conf"] = f"# Generated by update-extlinux 6.04_pre1-r15\nDEFAULT menu.c32\nPROMPT 0\nMENU TITLE Alpine/Linux Boot Menu\nMENU HIDDEN\nMENU AUTOBOOT Alpine will be booted automatically in # seconds.\nTIMEOUT 30\nLABEL lts\n  MENU DEFAULT\n  MENU LABEL Linux lts\n  LINUX vmlinuz-lts\n  INITRD initramfs-lts\n  APPEND {line}\n\nMENU SEPARATOR\n"
            for n in ("menu.c32", "libcom32.c32", "libutil.c32", "ldlinux.c32"):
                g.files["boot/" + n] = packages.debian_file("syslinux-common", "usr/lib/syslinux/modules/bios/" + n)
    g.finish.append(write)
    g.put(packages.apk([("alpine-base", "3.20.0-r0"), ("linux-lts", "6.6.32-r0"), ("mkinitfs", "3.10.1-r0"), ("openrc", "0.54-r1"), ("openssh-server", "9.7_p1-r3"), ("syslinux", "6.04_pre1-r15"), ("busybox", "1.36.1-r28")]))
    return g


healthy("alpine-3.20", alpine, note="composed: Alpine 3.20, extlinux, OpenRC, mkinitfs, apk", traps="31")
healthy("alpine-3.20-uefi", alpine, uefi=True, boot=None, note="composed: Alpine 3.20, GRUB by UEFI", bios_loader=None)
healthy("alpine-3.20-cloud", alpine, cloud=True, note="composed: Alpine 3.20 with cloud-init, started by OpenRC")
al = broken("alpine-3.20", alpine)


@al("no-virtio", stops("initramfs", "DiskDriver.NotInInitramfs"), traps="3", note="features= without virtio")
def _(g):
    g.drivers = [d for d in g.drivers if not d.startswith("virtio")]


@al("sshd-not-in-runlevel", unreachable("Ssh.Disabled", "access"), note="rc-update del sshd")
def _(g):
    del g.files["etc/runlevels/default/sshd"]


@al("kernel-missing", stops("kernel", "Grub.KernelMissing"), note="the kernel of extlinux.conf is gone")
def _(g):
    g.late.append(lambda g: g.files.pop("boot/vmlinuz-lts"))


@al("root-gone", stops("root", "Grub.RootNotFound"), note="root= names a file system that is gone")
def _(g):
    g.root_argument = "UUID=" + NOSUCH


@al("interfaces-static", unreachable("Dhcp.Static"), note="a static address of the old network")
def _(g):
    g.files["etc/network/interfaces"] = "auto lo\niface lo inet loopback\n\nauto eth0\niface eth0 inet static\n\taddress 192.168.7.20/24\n\tgateway 192.168.7.1\n"


@al("sshd-gone", unreachable("Ssh.NotInstalled", "access"), note="the package openssh-server was removed")
def _(g):
    del g.files["usr/sbin/sshd"], g.files["etc/init.d/sshd"], g.files["etc/runlevels/default/sshd"]


breakages.register("alpine-3.20-uefi", alpine, "no-fallback", "kernel-gone", "initrd-gone", "root-gone", "initrd-no-virtio", uefi=True, boot=None, bios_loader=None)


# ---- Gentoo, Photon -------------------------------------------------------------------------------------------------------------------

def gentoo(cloud=False, **layout):
    g = Guest(**(dict(table="gpt", biosboot=True, merged=True, grub="grub") | layout))
    base(g)
    g.files["etc/gentoo-release"] = "Gentoo Base System release 2.15\n"
    g.files["etc/os-release"] = "NAME=Gentoo\nID=gentoo\nPRETTY_NAME=\"Gentoo Linux\"\nANSI_COLOR=\"1;32\"\nVERSION_ID=\"2.15\"\n"
    g.programs("init", "openrc", "openrc-run", "dhcpcd", "udevd")
    g.files["etc/inittab"] = "id:3:initdefault:\nsi::sysinit:/sbin/openrc sysinit\nrc::bootwait:/sbin/openrc boot\nl0u:0:wait:/sbin/telinit u\nl0:0:wait:/sbin/openrc shutdown\nl1:1:wait:/sbin/openrc single\nl2:2:wait:/sbin/openrc nonetwork\nl3:3:wait:/sbin/openrc default\nl4:4:wait:/sbin/openrc default\nl5:5:wait:/sbin/openrc default\nl6:6:wait:/sbin/openrc reboot\nc1:12345:respawn:/sbin/agetty --noclear 38400 tty1 linux\ns0:12345:respawn:/sbin/agetty -L 115200 ttyS0 vt100\n"
    for level, names in {"sysinit": ["devfs", "udev", "udev-trigger", "sysfs", "dmesg"], "boot": ["root", "fsck", "localmount", "modules", "hostname", "hwclock", "loopback", "procfs", "sysctl", "urandom"], "default": ["net.eth0", "netmount", "sshd", "local"]}.items():
        for n in names:
            g.files.setdefault("etc/init.d/" + n, "#!/sbin/openrc-run\n")
            g.files[f"etc/runlevels/{level}/{n}"] = Link("/etc/init.d/" + n)
    g.files["etc/init.d/net.lo"] = "#!/sbin/openrc-run\n# netifrc\nMODULESDIR=/lib/netifrc/net\ndepend() {\n\tprovide net\n}\n"
    g.files["etc/init.d/net.eth0"] = Link("net.lo")
    g.files["etc/conf.d/net"] = 'config_eth0="dhcp"\n'
    g.files["etc/init.d/sshd"] = "#!/sbin/openrc-run\ncommand=/usr/sbin/sshd\ndepend() {\n\tuse logger dns\n\tneed net\n}\nchecks() {\n\tssh-keygen -A\n}\n"
    g.files["etc/conf.d/hwclock"] = 'clock="UTC"\n'
    g.files["usr/lib/udev/rules.d/80-drivers.rules"] = 'ACTION!="add", GOTO="drivers_end"\nENV{MODALIAS}=="?*", RUN{builtin}+="kmod load"\nLABEL="drivers_end"\n'
    accounts(g, root=HASH, key=True)
    sshd(g, SSHD_PLAIN, unit=None)
    host_keys(g)
    g.files["etc/fstab"] = f"UUID={g.root_uuid}\t/\text4\tnoatime\t0 1\n"
    if cloud:
        cloud_init_openrc(g, "24.1.4", "gentoo", "usr/lib/python3.12/site-packages")
    g.kernels = [Kernel("6.6.30-gentoo-dist", builtin=("crct10dif_common",), suffix=".xz")]
    g.drivers = list(ROOT) + ["crc32c_generic"]
    g.initrd = lambda k: initramfs.dracut(g.kept, k, g.drivers, g.files["etc/os-release"], version="060_pre20240104-r4")
    g.options = ["net.ifnames=0", *CONSOLE]
    def write(g):
        kernels(g)
        k = g.kernels[0].version
        text = boot.header("0", 5) + "### BEGIN /etc/grub.d/10_linux ###\n" + boot.menuentry(g, "Gentoo GNU/Linux", f"gnulinux-simple-{g.root_uuid}", f"/boot/vmlinuz-{k}", f"/boot/initramfs-{k}.img", f"root=UUID={g.root_uuid} ro {' '.join(g.options)}", ("gentoo", "gnu-linux", "gnu", "os")) + "### END /etc/grub.d/10_linux ###\n\n" + boot.tail()
        g.files["boot/grub/grub.cfg"], g.files["boot/grub/grubenv"] = text, boot.grubenv()
        for n, data in boot.grub_files("i386-pc", g.kept, False).items():
            g.files["boot/grub/i386-pc/" + n] = data
    g.finish.append(write)
    g.files["var/db/pkg/net-misc/openssh-9.7_p1/PF"] = "openssh-9.7_p1\n"
    g.files["var/db/pkg/sys-apps/openrc-0.54/PF"] = "openrc-0.54\n"
    return g


healthy("gentoo", gentoo, note="composed: Gentoo, OpenRC, netifrc, dracut")
healthy("gentoo-cloud", gentoo, cloud=True, note="composed: Gentoo with cloud-init, started by OpenRC")
ge = broken("gentoo", gentoo)


@ge("config-static", unreachable("Dhcp.Static"), note="config_eth0 is a static address")
def _(g):
    g.files["etc/conf.d/net"] = 'config_eth0="192.168.7.20/24"\nroutes_eth0="default via 192.168.7.1"\n'


@ge("sshd-off", unreachable("Ssh.Disabled", "access"), note="sshd is in no runlevel")
def _(g):
    del g.files["etc/runlevels/default/sshd"]


@ge("initrd-no-virtio", stops("initramfs", "DiskDriver.NotInInitramfs"), traps="3", note="no virtio in the initramfs")
def _(g):
    g.drivers = [d for d in g.drivers if not d.startswith("virtio")]


@ge("kernel-missing", stops("kernel", "Grub.KernelMissing"), note="the kernel is gone")
def _(g):
    g.late.append(lambda g: [g.files.pop(p) for p in list(g.files) if p.startswith("boot/vmlinuz")])


@ge("root-locked-no-key", unreachable("Login.NoPath", "access"), note="root's password is locked, nobody has a key, nothing makes one at first boot")
def _(g):
    g.sed("etc/shadow", "root:" + HASH, "root:!")
    del g.files["root/.ssh/authorized_keys"]
    del g.modes["root/.ssh/authorized_keys"], g.modes["root/.ssh"]


def photon5(**layout):
    g = Guest(**(dict(table="gpt", biosboot=True, esp="/boot/efi", merged=True) | layout))
    base(g)
    g.put({"usr/lib/os-release": 'NAME="VMware Photon OS"\nVERSION="5.0"\nID=photon\nVERSION_ID=5.0\nPRETTY_NAME="VMware Photon OS/Linux"\n', "etc/os-release": Link("../usr/lib/os-release"), "etc/photon-release": "VMware Photon OS 5.0\nPHOTON_BUILD_NUMBER=dde71ec57\n"})
    systemd(g, networkd=True)
    accounts(g, root=HASH, key=True)
    sshd(g, SSHD_PLAIN + "PermitRootLogin yes\n", keygen=False)
    host_keys(g)
    networkd(g, "[Match]\nName=e*\n\n[Network]\nDHCP=yes\nIPv6AcceptRA=no\n")
    cloud_init(g, "23.4.3", distro="photon", user="root", python="usr/lib/python3.11/site-packages", disable_root=False)
    g.files["etc/fstab"] = f"PARTUUID={g.partuuid(3)}\t/\text4\tdefaults,barrier,noatime,noacl,data=ordered\t1\t1\n"
    g.kernels = [Kernel("6.1.83-3.ph5", builtin=("crc32c_generic", "scsi_mod", "scsi_common", "sd_mod", "virtio", "virtio_ring", "virtio_pci", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_blk", "virtio_scsi", "virtio_net", "net_failover", "failover", "ext4", "jbd2", "mbcache", "nvme", "nvme_core"), suffix=".xz")]
    g.drivers = ["dm_mod", "hv_vmbus", "hv_storvsc"]
    g.initrd = lambda k: initramfs.dracut(g.kept, k, g.drivers, g.files["usr/lib/os-release"], version="059-11.ph5")
    g.options = ["init=/lib/systemd/systemd", "ro", "loglevel=3", "quiet", "console=ttyS0"]
    def write(g):
        kernels(g, initrd="initrd.img-{}")
        k = g.kernels[0].version
        g.files[f"boot/linux-{k}.cfg"] = f"# GRUB Environment Block\nphoton_cmdline={' '.join(g.options)}\nphoton_linux=vmlinuz-{k}\nphoton_initrd=initrd.img-{k}\n"
        g.files["boot/photon.cfg"] = Link(f"linux-{k}.cfg")
        g.files["boot/grub2/grub.cfg"] = f'# Begin /boot/grub2/grub.cfg\n\nset default=0\nset timeout=5\nset rootpartition=PARTUUID={g.partuuid(3)}\n\nif [ -s "$prefix/grubenv" ]; then\n  load_env\nfi\nprobe -s rootuuid -u ($root)\nset bootprefix=/boot/\n\nload_env -f ${{bootprefix}}photon.cfg\nif [ -f ${{bootprefix}}systemd.cfg ]; then\n    load_env -f ${{bootprefix}}systemd.cfg\nfi\n\nmenuentry "Photon" {{\n    linux ${{bootprefix}}${{photon_linux}} root=${{rootpartition}} ${{photon_cmdline}} ${{systemd_cmdline}}\n    if [ -f ${{bootprefix}}${{photon_initrd}} ]; then\n        initrd ${{bootprefix}}${{photon_initrd}}\n    fi\n}}\n# End /boot/grub2/grub.cfg\n'
        for n, data in boot.grub_files("i386-pc", g.kept, False).items():
            g.files["boot/grub2/i386-pc/" + n] = data
        g.put(boot.efi_files(g, "BOOT", g.kept, use_shim=False, prefix="/boot/grub2", config=f"search -n -u {g.root_uuid} -s\nset prefix=($root)/boot/grub2\nconfigfile $prefix/grub.cfg\n"))
        top = "boot/efi/EFI/BOOT/"
        g.files[top + "BOOTX64.EFI"] = boot.efi_image("/EFI/BOOT", g.kept, False)
    g.finish.append(write)
    g.finish.append(lambda g: g.put(packages.rpm(["bash-5.2-2.ph5", "systemd-253-12.ph5", "openssh-server-9.3p2-8.ph5", "cloud-init-23.4.3-2.ph5", "linux-6.1.83-3.ph5", "dracut-059-11.ph5"], "sqlite", g.kept)))
    return g


healthy("photon-5", photon5, good().on(firmware="uefi"), note="composed: Photon 5, GRUB reads names of kernel and initrd from an environment file")
ph = broken("photon-5", photon5)


@ph("root-gone", stops("root", "Grub.RootNotFound"), note="rootpartition is a partition that is gone")
def _(g):
    g.late.append(lambda g: g.sed("boot/grub2/grub.cfg", g.partuuid(3), NOSUCH))


@ph("kernel-missing", stops("kernel", "Grub.KernelMissing"), note="the kernel that photon.cfg names is gone")
def _(g):
    g.late.append(lambda g: [g.files.pop(p) for p in list(g.files) if p.startswith("boot/vmlinuz")])


@ph("fstab-data-disk", stops("init", "Fstab.DeviceNotFound"), traps="36", note="a data disk that is gone")
def _(g):
    g.files["etc/fstab"] += f"UUID={NOSUCH} /data ext4 defaults 0 2\n"


@ph("network-other-name", unreachable("Dhcp.NameMismatch"), traps="57", note="a .network file for ens192 only")
def _(g):
    g.files["etc/systemd/network/20-ethernet.network"] = "[Match]\nName=ens192\n\n[Network]\nDHCP=yes\n"
    g.files["etc/cloud/cloud.cfg.d/99-disable-network-config.cfg"] = "network: {config: disabled}\n"


@ph("sshd-disabled", unreachable("Ssh.Disabled", "access"), note="nothing starts sshd")
def _(g):
    g.disable("sshd.service")
    g.files["etc/machine-id"] = MACHINE_ID + "\n"


# ---- systems that come as an image: recognised; what is not simulated stays unknown, never a stop ---------------------------------------

NEVER_NO = Row("!no", "!no", "!no")


def coreos(**layout):
    """ostree: the root of the boot is a deployment, BLS entries carry ostree=."""
    g = Guest(**(dict(table="gpt", uefi=True, esp="/boot/efi", boot="ext4", root="xfs", sizes={"esp": 40, "boot": 64, "root": 300}, root_label="root", boot_label="boot") | layout))
    deploy = "ostree/deploy/fedora-coreos/deploy/5e1ec7ed.0/"
    inner = rhel9(uefi=True)
    files = {p: d for p, d in inner.files.items() if not p.startswith("boot/")}
    files["usr/lib/os-release"] = 'NAME="Fedora Linux"\nVERSION="40.20240519.3.0 (CoreOS)"\nID=fedora\nVERSION_ID=40\nVARIANT="CoreOS"\nVARIANT_ID=coreos\nPRETTY_NAME="Fedora CoreOS 40.20240519.3.0"\nOSTREE_VERSION=\'40.20240519.3.0\'\n'
    files["etc/fstab"] = ""
    for p in list(files):
        if p.startswith("etc/selinux"):
            del files[p]
    g.put({deploy + p: d for p, d in files.items()})
    g.modes.update({deploy + p: m for p, m in inner.modes.items()})
    g.put({"ostree/repo/config": "[core]\nrepo_version=1\nmode=bare\n", "ostree/deploy/fedora-coreos/deploy/5e1ec7ed.0.origin": "[origin]\nrefspec=fedora:fedora/x86_64/coreos/stable\n", "ostree/deploy/fedora-coreos/var/": None, "ostree/boot.1/fedora-coreos/5e1ec7ed/0": Link("../../../deploy/fedora-coreos/deploy/5e1ec7ed.0"), "boot/": None, "sysroot/": None, "dev/": None, "proc/": None, "sys/": None, "run/": None})
    k = Kernel("6.8.9-300.fc40.x86_64", builtin=EL8_BUILTIN, suffix=".xz")
    g.kernels = [k]
    g.put({deploy + p: d for p, d in k.tree(prefix="usr/lib/modules/").items()})
    def write(g):
        g.files["boot/ostree/fedora-coreos-5e1ec7ed/vmlinuz-" + k.version] = k.image()
        g.files[f"boot/ostree/fedora-coreos-5e1ec7ed/initramfs-{k.version}.img"] = initramfs.dracut(g.kept, k, ROOT, files["usr/lib/os-release"], version="101-1.fc40")
        g.files["boot/loader.1/entries/ostree-1.conf"] = f"title Fedora CoreOS 40.20240519.3.0 (ostree:0)\nversion 1\noptions mitigations=auto,nosmt ignition.platform.id=qemu console=tty0 console=ttyS0,115200n8 root=UUID={g.root_uuid} rw rootflags=prjquota boot=UUID={g.boot_uuid} ostree=/ostree/boot.1/fedora-coreos/5e1ec7ed/0\nlinux /ostree/fedora-coreos-5e1ec7ed/vmlinuz-{k.version}\ninitrd /ostree/fedora-coreos-5e1ec7ed/initramfs-{k.version}.img\n"
        g.files["boot/loader"] = Link("loader.1")
        g.files["boot/grub2/grub.cfg"] = "set pager=1\nif [ -e ${config_directory}/grubenv ]; then\n  load_env -f ${config_directory}/grubenv\nelif [ -s $prefix/grubenv ]; then\n  load_env\nfi\nif [ -f $prefix/bootuuid.cfg ]; then\n  source $prefix/bootuuid.cfg\nfi\nif [ -n \"${BOOT_UUID}\" ]; then\n  search --fs-uuid \"${BOOT_UUID}\" --set boot --no-floppy\nelse\n  search --label boot --set boot --no-floppy\nfi\nset root=$boot\nset default=0\nset timeout=1\nset ignition_firstboot=\"\"\nif [ -f \"/ignition.firstboot\" ]; then\n  set ignition_firstboot=\"ignition.firstboot\"\nfi\nblscfg\n"
        g.files["boot/grub2/bootuuid.cfg"] = f"set BOOT_UUID=\"{g.boot_uuid}\"\n"
        g.put(boot.efi_files(g, "fedora", g.kept, vendor=True, config=f"search --fs-uuid {g.boot_uuid} --set prefix --no-floppy\nset prefix=($prefix)/grub2\nconfigfile $prefix/grub.cfg\n"))
    g.finish.append(write)
    return g


def nixos(**layout):
    g = Guest(**(dict(uefi=True, esp="/boot", merged=True) | layout))
    for d in ("dev", "proc", "sys", "run", "tmp", "home", "root", "var/lib", "var/log", "usr/bin", "etc"):
        g.files[d + "/"] = None
    g.mode("tmp", 0o1777)
    system = "nix/store/5e1ec7ed5e1ec7ed5e1ec7ed5e1ec7ed-nixos-system-nixos-24.05/"
    k = Kernel("6.6.32", builtin=("crct10dif_common",), suffix=".xz", config=False)
    g.kernels = [k]
    g.put({"etc/os-release": Link("/etc/static/os-release"), "etc/static": Link("/nix/store/aaaa1111-etc/etc"), "nix/store/aaaa1111-etc/etc/os-release": 'ANSI_COLOR="1;34"\nID=nixos\nNAME=NixOS\nPRETTY_NAME="NixOS 24.05 (Uakari)"\nVERSION_ID="24.05"\n', "nix/store/aaaa1111-etc/etc/ssh/sshd_config": SSHD_PLAIN, "etc/NIXOS": "", "etc/passwd": "root:x:0:0:System administrator:/root:/run/current-system/sw/bin/bash\n", "etc/shadow": f"root:{HASH}:19800::::::\n", "etc/group": "root:x:0:\n", "etc/fstab": Link("/etc/static/fstab"), "nix/store/aaaa1111-etc/etc/fstab": f"/dev/disk/by-uuid/{g.root_uuid} / ext4 x-initrd.mount 0 1\n/dev/disk/by-uuid/{ESP_SERIAL[:4]}-{ESP_SERIAL[4:]} /boot vfat defaults 0 2\n",
           "bin/sh": Link("/nix/store/bbbb2222-bash/bin/sh"), "nix/store/bbbb2222-bash/bin/sh": program(), system + "init": "#! /nix/store/bbbb2222-bash/bin/bash\n\nsystemConfig=/" + system + "\nexec /nix/store/cccc3333-systemd/lib/systemd/systemd\n", "nix/store/cccc3333-systemd/lib/systemd/systemd": program(), system + "nixos-version": "24.05", "nix/var/nix/profiles/system": Link("system-1-link"), "nix/var/nix/profiles/system-1-link": Link("/" + system)})
    def write(g):
        store = "nix/store/dddd4444-linux-6.6.32-modules/"
        g.put({store + p: d for p, d in k.tree().items()})
        g.files["boot/EFI/nixos/dddd4444-linux-6.6.32-bzImage.efi"] = k.image()
        g.files["boot/EFI/nixos/eeee5555-initrd-linux-6.6.32-initrd.efi"] = initramfs.mkinitcpio(k, ARCH_DRIVERS, "")
        g.files["boot/loader/loader.conf"] = "timeout 5\ndefault nixos-generation-1.conf\nconsole-mode keep\n"
        g.files["boot/loader/entries/nixos-generation-1.conf"] = f"title NixOS\nversion Generation 1 NixOS 24.05, Linux Kernel 6.6.32, built on 2024-06-01\nlinux /EFI/nixos/dddd4444-linux-6.6.32-bzImage.efi\ninitrd /EFI/nixos/eeee5555-initrd-linux-6.6.32-initrd.efi\noptions init=/{system}init root=/dev/disk/by-uuid/{g.root_uuid} console=ttyS0 loglevel=4\nmachine-id {MACHINE_ID}\n"
        g.files["boot/EFI/systemd/systemd-bootx64.efi"] = g.files["boot/EFI/BOOT/BOOTX64.EFI"] = boot.systemd_boot()
    g.finish.append(write)
    return g


def flatcar(**layout):
    """/usr comes from a read-only partition, the initramfs is part of the kernel."""
    g = Guest(**(dict(table="gpt", uefi=True, esp="/boot", merged=True, root_label="ROOT", more_volumes={"usr-a": ("ext2", "usr")}, types={"usr-a": "usr-b"}, uuids={"usr-a": "5e1ec7ed-0000-4000-8000-000000000009"}) | layout))
    base(g)
    g.put({"usr/lib/os-release": 'NAME="Flatcar Container Linux by Kinvolk"\nID=flatcar\nID_LIKE=coreos\nVERSION=3815.2.2\nVERSION_ID=3815.2.2\nPRETTY_NAME="Flatcar Container Linux by Kinvolk 3815.2.2 (Oklo)"\n', "etc/os-release": Link("../usr/lib/os-release"), "usr/share/flatcar/release": "FLATCAR_RELEASE_VERSION=3815.2.2\n"})
    systemd(g, networkd=True)
    accounts(g, root="*", user="core")
    sshd(g, SSHD_PLAIN, keygen=False)
    networkd(g)
    del g.files["etc/systemd/network/20-ethernet.network"]
    g.files["usr/lib/systemd/network/zz-default.network"] = "[Network]\nDHCP=yes\n\n[DHCP]\nUseMTU=true\nUseDomains=true\n"
    g.kernels = [Kernel("6.1.90-flatcar", builtin=EL8_BUILTIN + ("virtio_blk", "ext4", "jbd2", "mbcache", "sd_mod"), config=False)]
    def write(g):
        k = g.kernels[0]
        g.put(k.tree(prefix="usr/lib/modules/"))
        g.files["usr/boot/vmlinuz"] = g.files["boot/flatcar/vmlinuz-a"] = k.image()
        g.files["boot/flatcar/grub/grub.cfg.tar"] = b""
        config = f'set default="flatcar"\nset timeout=1\nset linux_console="console=ttyS0,115200n8 console=tty0"\nmenuentry "Flatcar default" --id=flatcar {{\n   linux /flatcar/vmlinuz-a $linux_console mount.usr=PARTUUID={g.partuuid(2)} rootflags=rw mount.usrflags=ro consoleblank=0 root=LABEL=ROOT flatcar.first_boot=detected\n}}\n'
        g.put(boot.efi_files(g, "flatcar", g.kept, use_shim=False, prefix="/EFI/flatcar", config=config))
    g.finish.append(write)
    return g


for _name, _of, _note in (("coreos-uefi", coreos, "Fedora CoreOS, an ostree deployment"), ("nixos-uefi", nixos, "NixOS, files of /etc link into the store"), ("flatcar-uefi", flatcar, "Flatcar, /usr from a read-only partition, initramfs inside the kernel")):
    image(_name, *[NEVER_NO.on(target=target, disk=place.disk) for target, place in targets.PLACES.items()], traps="47", note="composed: " + _note, base=_of, uefi=True)(lambda g: None)

coreos.uefi = nixos.uefi = flatcar.uefi = True
breakages.register("coreos-uefi", coreos, "no-fallback", "config-gone", "kernel-gone", "root-gone", "initrd-gone")
breakages.register("nixos-uefi", nixos, "no-fallback")
breakages.register("flatcar-uefi", flatcar, "no-fallback", "config-gone", "kernel-gone")
co, ni, fl = broken("coreos-uefi", coreos), broken("nixos-uefi", nixos), broken("flatcar-uefi", flatcar)


@ni("kernel-gone", stops("kernel", "Grub.KernelMissing"), note="the kernel of the only generation is gone from the ESP")
def _(g):
    g.late.append(lambda g: breakages.drop(g, lambda p: p.endswith("bzImage.efi")))


@ni("initrd-gone", stops("bootloader", "Grub.InitrdMissing"), note="systemd-boot does not start an entry whose initrd is gone")
def _(g):
    g.late.append(lambda g: breakages.drop(g, lambda p: p.endswith("initrd.efi")))


@ni("entries-gone", stops("bootloader", "Grub.ConfigMissing"), note="no entry is left: systemd-boot has nothing to start")
def _(g):
    g.late.append(lambda g: breakages.drop(g, lambda p: p.startswith("boot/loader/entries/")))


@ni("root-gone", stops("root", "Grub.RootNotFound"), note="root= names a file system that is gone")
def _(g):
    g.late.append(lambda g: breakages.edit(g, lambda p: p.startswith("boot/loader/entries/"), g.root_uuid, NOSUCH))


@ni("system-gone", stops("init", "Init.Missing"), note="the generation that init= names was collected as garbage")
def _(g):
    g.late.append(lambda g: breakages.drop(g, lambda p: "nixos-system" in p))


@fl("root-gone", stops("root", "Grub.RootNotFound"), note="root= names a label that no file system has")
def _(g):
    g.late.append(lambda g: breakages.edit(g, lambda p: p.endswith("grub.cfg"), "root=LABEL=ROOT", "root=LABEL=STATE"))


@fl("usr-gone", unclear(boots="unknown"), note="mount.usr= names a partition that is gone; the initramfs inside the kernel, which needs it, is not followed")
def _(g):
    g.late.append(lambda g: breakages.edit(g, lambda p: p.endswith("grub.cfg"), g.partuuid(2), NOSUCH))


def table_gone(g, disk, sectors):
    """Both copies of the GPT and the MBR before it are overwritten."""
    with open(disk, "r+b") as f:
        f.write(bytes(34 * 512))
        f.seek(-33 * 512, 2)
        f.write(bytes(33 * 512))


@fl("table-gone", Row("-", "-", "-", "-", "SystemImage.Empty"), note="no partition table is left: nothing to start, nothing to judge")
def _(g):
    g.on_disk.append(table_gone)


# ---- an unknown distribution, arm64 ---------------------------------------------------------------------------------------------------------

def unknown(**layout):
    g = rhel9(**layout)
    g.files["usr/lib/os-release"] = 'NAME="Examplix"\nVERSION="4"\nID="examplix"\nID_LIKE="rhel fedora"\nVERSION_ID="4"\nPRETTY_NAME="Examplix 4"\n'
    g.files["etc/redhat-release"] = "Examplix release 4\n"
    return g


unknown.uefi = True
healthy("unknown-like-rhel-uefi", unknown, note="composed: a distribution nobody knows that names rhel in ID_LIKE")
un = broken("unknown-like-rhel-uefi", unknown)


@un("initrd-no-virtio", stops("initramfs", "DiskDriver.NotInInitramfs"), traps="3", note="no virtio in the initramfs")
def _(g):
    g.drivers = [d for d in g.drivers if not d.startswith("virtio")]


@un("fstab-data-disk", stops("init", "Fstab.DeviceNotFound"), traps="36", note="a data disk that is gone")
def _(g):
    g.files["etc/fstab"] += f"UUID={NOSUCH} /data xfs defaults 0 0\n"


def lib_broken(target):
    def change(g):
        for p in [p for p in g.files if p.startswith("usr/lib/modules/")]:
            g.files["usr/lib64/linux/" + p[len("usr/lib/"):]] = g.files.pop(p)
        g.files["usr/lib/modules"] = Link(target)
    return change


@un("modules-link-dangling", unclear("Kernel.ModulesMissing", boots="unknown"), traps="15", note="/usr/lib/modules is a link to nothing: the initramfs loads drivers of disk and network, then vfat for /boot/efi is not found")
def _(g):
    g.late.append(lib_broken("/nonexistent/modules"))


@un("modules-link-absolute", good(), traps="15", note="/usr/lib/modules is an absolute link inside the system")
def _(g):
    g.late.append(lib_broken("/usr/lib64/linux/modules"))


@un("links-loop", good(), traps="101", note="links that go in circles and out of the root, where nothing is needed")
def _(g):
    g.put({"etc/loop-a": Link("loop-b"), "etc/loop-b": Link("loop-a"), "etc/ssh/sshd_config.d/99-loop.conf": Link("99-loop.conf"), "etc/out": Link("../../../../../../etc/passwd")})


@un("sshd-disabled", unreachable("Ssh.Disabled", "access"), note="nothing starts sshd")
def _(g):
    g.disable("sshd.service")
    g.files["etc/machine-id"] = MACHINE_ID + "\n"


@un("default-target-rescue", stops("init", "Init.DefaultTarget"), note="default.target is rescue.target: a shell for the console only")
def _(g):
    g.files["etc/systemd/system/default.target"] = Link("/usr/lib/systemd/system/rescue.target")


# ---- traps that need a system of their own ------------------------------------------------------------------------------------------

@un("boot-newer-than-grub", stops("bootloader", "Grub.EfiStubUuid"), traps="35", note="/boot on ext4 with inline_data, which no GRUB reads", boot="ext4", boot_features=("inline_data",))
def _(g):
    pass


@un("shell-style-config", good(), traps="102", note="configuration with quotes, continuation and commands: read as data, nothing is run")
def _(g):
    g.files["etc/default/grub"] = 'GRUB_TIMEOUT=$(rm -rf / --no-preserve-root)\nGRUB_CMDLINE_LINUX="a \\\n b"\nGRUB_CMDLINE_LINUX+=" c" # comment\n'
    g.files["etc/sysconfig/network-scripts/ifcfg-eth1"] = "DEVICE=eth1\nBOOTPROTO=`reboot`\nONBOOT='no' # comment\n"


@un("garbage", Row("!no", "!no", "!no"), traps="103", note="random bytes in many configuration files that a boot does not need: no crash, nothing said that is not so")
def _(g):
    import hashlib
    noise = b"".join(hashlib.sha256(bytes([n])).digest() for n in range(256))
    for path in ("etc/lvm/lvm.conf", "etc/cloud/cloud.cfg.d/99-noise.cfg", "etc/sysconfig/network-scripts/ifcfg-eth7", "etc/modprobe.d/noise.conf", "var/lib/rpm/rpmdb.sqlite", "etc/hosts.deny", "etc/adjtime", "etc/timezone"):
        g.late.append(lambda g, path=path: g.files.update({path: noise}))


@un("journal-dirty", good(), traps="104", note="the journal of the root was not written back: it is replayed at the first mount", root="ext4")
def _(g):
    def mark(g, disk, sectors):
        """Sets needs_recovery, as a root that was mounted when it was copied has it."""
        at = sectors["root"] * 512 + 1024
        with open(disk, "r+b") as f:
            f.seek(at + 0x60)
            flags = int.from_bytes(f.read(4), "little") | 4
            f.seek(at + 0x60)
            f.write(flags.to_bytes(4, "little"))
    g.root_features = ("^metadata_csum", "^64bit")
    g.on_disk.append(mark)


@un("duplicate-uuid", unclear(boots="unknown"), traps="43", note="another partition is a copy of the root, with its UUID: which of them is mounted depends on the order in which udev sees them", table="gpt")
def _(g):
    g.more_volumes = {"copy": ("xfs", "srv")}
    g.uuids["copy"] = g.root_uuid
    g.sizes["copy"] = 300


@un("cloud-init-letters", good(), traps="68", note="a version of cloud-init with letters, of pip, in no package database")
def _(g):
    for p in [p for p in g.files if p.endswith("cloudinit/version.py")]:
        del g.files[p]
    g.files["usr/local/lib/python3.9/site-packages/cloudinit/version.py"] = '__VERSION__ = "0.7.6a15"\n_PACKAGED_VERSION = "0.7.6a15"\n'
    g.files["usr/local/bin/cloud-init"] = g.files.pop("usr/bin/cloud-init")
