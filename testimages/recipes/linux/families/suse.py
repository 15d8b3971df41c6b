"""SLES 11 to 16, openSUSE Leap and Tumbleweed."""
import glob, os

import boot, breakages, initramfs, packages
from families.redhat_old import SSHD as SSHD_SYSV
from guest import ESP_SERIAL, HASH, MACHINE_ID, NOSUCH, Guest, accounts, base, cloud_init, host_keys, kernels, keyfile, network_manager, sshd, sysv_links, systemd
from kernel import Kernel
from parts import Link, elf, run
from table import good, healthy, image, stops, unclear, unreachable

SSHD = "Include /etc/ssh/sshd_config.d/*.conf\nAuthorizedKeysFile\t.ssh/authorized_keys\nUsePAM yes\nX11Forwarding yes\nSubsystem\tsftp\t/usr/lib/ssh/sftp-server\nAcceptEnv LANG LC_CTYPE\n"
DRIVERS = initramfs.ROOT_DRIVERS + ("ext4", "xfs", "btrfs", "vfat", "dm_mod", "crc32c_generic")
SNAPSHOT = "@/.snapshots/1/snapshot"
SUBVOLUMES = {SNAPSHOT: "/", "@/.snapshots": "/.snapshots", "@/home": "/home", "@/opt": "/opt", "@/root": "/root", "@/srv": "/srv", "@/tmp": "/tmp", "@/usr/local": "/usr/local", "@/var": "/var", "@/boot/grub2/i386-pc": "/boot/grub2/i386-pc", "@/boot/grub2/x86_64-efi": "/boot/grub2/x86_64-efi"}


# What grub2-install of SUSE packs into its core image: paths start at the default subvolume, and the directory of the modules is a
# subvolume of its own (grub2-btrfs-04-grub2-install.patch, grub2-btrfs-06-subvol-mount.patch). Debian's core image has these
# lines too, and a module for btrfs that does not know them.
RELATIVE, MODULES = "set btrfs_relative_path='y'\n", "btrfs-mount-subvol ($root) /boot/grub2/i386-pc /@/boot/grub2/i386-pc\n"


def os_release(identity, name, version, pretty):
    return f'NAME="{name}"\nVERSION="{version}"\nVERSION_ID="{version.replace("-SP", ".").split(" ")[0]}"\nPRETTY_NAME="{pretty}"\nID="{identity}"\nID_LIKE="suse{" opensuse" if "open" in identity else ""}"\nANSI_COLOR="0;32"\n'


def suse(identity, name, version, pretty, kernel, network="wicked", backend="ndb", dracut="055+suse.382", rpm_directory="usr/lib/sysimage/rpm", loader="grub2", directory="opensuse", merged=True, suffix=".xz", snapper=True, rpms=(), cloud="23.3", **layout):
    fs = dict(root="btrfs", subvolumes=dict(SUBVOLUMES), default_subvolume=SNAPSHOT, snapshots=["@/.snapshots/2/snapshot"], sizes={"esp": 40, "boot": 64, "root": 256}) if snapper else {}
    g = Guest(**(dict(table="gpt", biosboot=True, merged=merged, **fs) | layout))
    base(g)
    g.programs("btrfs", "fsck.btrfs", "fsck.xfs", "xfs_growfs", "grub2-mkconfig", "snapper")
    g.files["usr/lib/os-release"] = os_release(identity, name, version, pretty)
    g.files["etc/os-release"] = Link("../usr/lib/os-release")
    systemd(g, preset="enable sshd.service\nenable wicked.service\nenable NetworkManager.service\nenable cloud-*\nenable getty@.service\ndisable *\n")
    accounts(g, root="*", user="admin")
    sshd(g, SSHD)
    cloud_init(g, cloud, distro="sles", user="sles", python="usr/lib/python3.6/site-packages")
    if network == "wicked":
        for n in ("wickedd", "wickedd-nanny", "wicked"):
            g.programs(n)
        g.files["usr/lib/wicked/bin/wickedd-dhcp4"] = g.program()
        g.unit("wicked.service", "[Unit]\nDescription=wicked managed network interfaces\nWants=network.target wickedd.service wickedd-nanny.service\nAfter=network-pre.target wickedd.service wickedd-nanny.service\nBefore=network-online.target network.target\n\n[Service]\nType=oneshot\nRemainAfterExit=yes\nEnvironmentFile=-/etc/sysconfig/network/config\nExecStart=/usr/sbin/wicked --systemd ifup all\n\n[Install]\nWantedBy=multi-user.target network-online.target\nAlias=network.service\nAlso=wickedd.service\n", "multi-user.target")
        for n in ("wickedd", "wickedd-nanny", "wickedd-dhcp4", "wickedd-auto4"):
            g.unit(n + ".service", f"[Unit]\nDescription=wicked {n}\nBefore=wicked.service\n\n[Service]\nType=notify\nExecStart=/usr/sbin/{n if n in ('wickedd', 'wickedd-nanny') else 'wickedd'} --systemd --foreground\n\n[Install]\nAlso=wicked.service\n")
        g.files["etc/systemd/system/network.service"] = Link(f"/{g.units}wicked.service")
        g.files["etc/sysconfig/network/ifcfg-eth0"] = "BOOTPROTO='dhcp'\nMTU=''\nREMOTE_IPADDR=''\nSTARTMODE='auto'\nCLOUD_NETCONFIG_MANAGE='yes'\n"
        g.files["etc/sysconfig/network/ifcfg-lo"] = "IPADDR=127.0.0.1/8\nNETMASK=255.0.0.0\nSTARTMODE=nfsroot\nBOOTPROTO=static\n"
        g.files["etc/sysconfig/network/config"] = "NETCONFIG_DNS_POLICY=\"auto\"\nWAIT_FOR_INTERFACES=\"30\"\n"
        g.files["etc/sysconfig/network/dhcp"] = "DHCLIENT_SET_HOSTNAME=\"yes\"\n"
    else:
        network_manager(g, plugin=False)
    spec = f"UUID={g.root_uuid}"
    lines = [f"{spec} / {g.root} defaults 0 0"] + ([f"{spec} {where} btrfs subvol=/{path} 0 0" for path, where in g.subvolumes.items() if where != "/"] if snapper else [])
    if g.esp:
        lines.append(f"UUID={ESP_SERIAL[:4]}-{ESP_SERIAL[4:]} {g.esp} vfat utf8 0 2")
    g.files["etc/fstab"] = "".join(l + "\n" for l in lines)
    g.drivers, g.early_more, g.no_dracut = list(DRIVERS), {}, ()
    g.initrd = lambda k: initramfs.dracut(g.kept, k, g.drivers, g.files["usr/lib/os-release"], version=dracut, btrfs=True, lvm=False, more=g.early_more, without=g.no_dracut)
    g.kernels = [Kernel(kernel, builtin=("crct10dif_common",), suffix=suffix)]
    g.options = ["console=ttyS0,115200", "console=tty0", "net.ifnames=0", "quiet"]
    g.root_argument = spec
    def write(g):
        kernels(g, initrd="initrd-{}")
        g.files["boot/vmlinuz"], g.files["boot/initrd"] = Link("vmlinuz-" + g.kernels[0].version), Link("initrd-" + g.kernels[0].version)
        if loader == "systemd-boot":
            systemd_boot(g)
            return
        platform = "x86_64-efi" if g.uefi else "i386-pc"
        text = boot.header("0", 8).replace("  load_env\nfi", "  load_env\nfi\n\nif [ \"${env_block}\" ] ; then\n  set env_block=\"(${root})${env_block}\"\n  export env_block\n  load_env -f \"${env_block}\"\nfi", 1) + "### BEGIN /etc/grub.d/10_linux ###\n"
        for k in g.kernels[:1]:
            text += boot.menuentry(g, f"{name} {version}", f"gnulinux-simple-{g.root_uuid}", f"{g.on_boot}vmlinuz-{k.version}", f"{g.on_boot}initrd-{k.version}", f"root={g.root_argument} ${{extra_cmdline}} {' '.join(g.options)}", (identity, "gnu-linux", "gnu", "os"), more="\tload_video\n\tset gfxpayload=keep\n\tinsmod gzio\n")
        text += "### END /etc/grub.d/10_linux ###\n\n### BEGIN /etc/grub.d/80_suse_btrfs_snapshot ###\nif [ -f \"/.snapshots/grub-snapshot.cfg\" ]; then\n  source \"/.snapshots/grub-snapshot.cfg\"\nfi\n### END /etc/grub.d/80_suse_btrfs_snapshot ###\n\n" + boot.tail()
        if snapper:
            text = "set btrfs_relative_path=\"yes\"\nexport btrfs_relative_path\n" + text
        g.files["boot/grub2/grub.cfg"], g.files["boot/grub2/grubenv"] = text, boot.grubenv()
        for n, data in boot.grub_files(platform, g.kept, False).items():
            g.files[f"boot/grub2/{platform}/{n}"] = data
        g.files.setdefault("boot/grub2/i386-pc/", None); g.files.setdefault("boot/grub2/x86_64-efi/", None)
        g.files["etc/default/grub"] = f'GRUB_DISTRIBUTOR=""\nGRUB_DEFAULT=saved\nGRUB_TIMEOUT=8\nGRUB_CMDLINE_LINUX_DEFAULT="{" ".join(g.options)}"\nSUSE_BTRFS_SNAPSHOT_BOOTING="true"\n'
        if g.uefi:
            g.put(boot.efi_files(g, directory, g.kept, config=("set btrfs_relative_path=\"yes\"\n" if snapper else "") + f"search --fs-uuid --set=root {g.grub_uuid}\nset prefix=(${{root}})/boot/grub2\nsource \"${{prefix}}/grub.cfg\"\n"))
    if snapper and not g.uefi:
        g.core_config = RELATIVE + MODULES
    g.finish.append(write)
    g.finish.append(lambda g: g.put(packages.rpm(["bash-5.2.15-3", "systemd-254.10-4", "openssh-server-9.6p1-6", f"dracut-{dracut}-1", "grub2-2.12-8", f"cloud-init-{cloud}-1", "growpart-0.33-1", f"kernel-default-{kernel.removesuffix('-default')}", *rpms], backend, g.kept, rpm_directory)))
    return g


def systemd_boot(g):
    """sdbootutil: kernels in the ESP, named by their hash, one entry for each snapshot."""
    k = g.kernels[0]
    top = g.esp.strip("/")
    g.files[f"{top}/opensuse-tumbleweed/{k.version}/linux-5e1ec7ed"] = g.files.pop("boot/vmlinuz-" + k.version)
    g.files[f"{top}/opensuse-tumbleweed/{k.version}/initrd-5e1ec7ed"] = g.files.pop("boot/initrd-" + k.version)
    for p in ("boot/vmlinuz", "boot/initrd"):
        del g.files[p]
    g.files[f"{top}/loader/entries/opensuse-tumbleweed-{k.version}-1.conf"] = f"# Boot Loader Specification type#1 entry\ntitle      openSUSE Tumbleweed\nversion    1@{k.version}\nsort-key   opensuse-tumbleweed\noptions    root={g.root_argument} rootflags=subvol=@/.snapshots/1/snapshot {' '.join(g.options)} systemd.machine_id={MACHINE_ID}\nlinux      /opensuse-tumbleweed/{k.version}/linux-5e1ec7ed\ninitrd     /opensuse-tumbleweed/{k.version}/initrd-5e1ec7ed\n"
    g.files[f"{top}/loader/loader.conf"] = "timeout 8\ndefault opensuse-tumbleweed*\nconsole-mode keep\n"
    g.files[f"{top}/EFI/systemd/systemd-bootx64.efi"] = g.files[f"{top}/EFI/BOOT/BOOTX64.EFI"] = boot.systemd_boot()


def sles12(**layout):
    return suse("sles", "SLES", "12-SP5", "SUSE Linux Enterprise Server 12 SP5", "4.12.14-122.216-default", backend="bdb", rpm_directory="var/lib/rpm", dracut="044.2", directory="sles", suffix="", cloud="20.2", **(dict(uefi=True, biosboot=False) | layout))


def sles15(**layout):
    return suse("sles", "SLES", "15-SP6", "SUSE Linux Enterprise Server 15 SP6", "6.4.0-150600.21-default", directory="sles", suffix=".zst", **(dict(uefi=True, biosboot=False) | layout))


def leap156(**layout):
    return suse("opensuse-leap", "openSUSE Leap", "15.6", "openSUSE Leap 15.6", "6.4.0-150600.21-default", suffix=".zst", **(dict(uefi=True, biosboot=False) | layout))


def sles16(**layout):
    return suse("sles", "SLES", "16.0", "SUSE Linux Enterprise Server 16.0", "6.12.0-160000.5-default", directory="sles", network="NetworkManager", suffix=".zst", dracut="059+suse.700", cloud="25.1", **(dict(uefi=True, biosboot=False) | layout))


def tumbleweed(**layout):
    g = suse("opensuse-tumbleweed", "openSUSE Tumbleweed", "20240601", "openSUSE Tumbleweed", "6.9.3-1-default", network="NetworkManager", suffix=".zst", dracut="059+suse.600", loader="systemd-boot", **(dict(uefi=True, biosboot=False, esp="/boot/efi") | layout))
    g.subvolumes = {p: w for p, w in g.subvolumes.items() if "grub2" not in p}
    g.files["etc/fstab"] = "".join(l for l in g.files["etc/fstab"].splitlines(True) if "grub2" not in l)
    return g


def sles15_bios(**layout):
    return sles15(**(dict(uefi=False, biosboot=True) | layout))


def leap156_bios(**layout):
    return leap156(**(dict(uefi=False, biosboot=False, table="mbr") | layout))


sles12.uefi = sles15.uefi = leap156.uefi = sles16.uefi = tumbleweed.uefi = True
healthy("sles-12-uefi", sles12, note="composed: SLES 12 SP5, btrfs with snapper's layout, wicked, rpm database of Berkeley DB", traps="45")
healthy("sles-15-uefi", sles15, note="composed: SLES 15 SP6, btrfs with snapper's layout, wicked, rpm database ndb", traps="45")
healthy("leap-15.6-uefi", leap156, note="composed: openSUSE Leap 15.6")
healthy("sles-15", sles15_bios, note="composed: SLES 15 SP6 by BIOS, GRUB's core in a BIOS boot partition, its modules in a subvolume", traps="45")
healthy("leap-15.6", leap156_bios, note="composed: openSUSE Leap 15.6 by BIOS, GRUB's core behind the MBR, its modules in a subvolume", traps="45")
healthy("sles-16-uefi", sles16, note="composed: SLES 16, NetworkManager")
healthy("tumbleweed-uefi", tumbleweed, note="composed: openSUSE Tumbleweed, systemd-boot, kernels in the ESP", traps="31")


def broken(prefix, of):
    def register(name, *rows, traps="", note="", **layout):
        return image(f"{prefix}-{name}", *rows, traps=traps, note=note, base=of, **layout)
    return register


def ordinary(prefix, of):
    b = broken(prefix, of)

    @b("initrd-no-virtio", stops("initramfs", "DiskDriver.NotInInitramfs"), traps="3", note="no virtio_blk in the initramfs")
    def _(g):
        g.drivers = [d for d in g.drivers if not d.startswith("virtio")]

    @b("initrd-no-btrfs", stops("initramfs", "Initramfs.NoFileSystem"), note="btrfs is not in the initramfs")
    def _(g):
        g.drivers.remove("btrfs")

    @b("fstab-subvolume-gone", stops("init", "Fstab.SubvolumeMissing"), note="fstab mounts a subvolume that is gone")
    def _(g):
        g.sed("etc/fstab", "subvol=/@/srv", "subvol=/@/data")

    @b("root-gone", stops("root", "Grub.RootNotFound"), note="root= names a file system that is gone")
    def _(g):
        g.root_argument = "UUID=" + NOSUCH

    @b("sshd-disabled", unreachable("Ssh.Disabled", "access"), note="nothing starts sshd")
    def _(g):
        g.disable("sshd.service")
        g.files["etc/machine-id"] = MACHINE_ID + "\n"
    return b


for _prefix, _of in (("sles-12-uefi", sles12), ("sles-15-uefi", sles15), ("sles-16-uefi", sles16), ("tumbleweed-uefi", tumbleweed), ("leap-15.6-uefi", leap156)):
    _b = ordinary(_prefix, _of)

def by_bios(prefix, of):
    b = ordinary(prefix, of)

    @b("rolled-back", good(), traps="45", note="snapper went back to a snapshot: it is the default subvolume now, and GRUB follows")
    def _(g):
        g.default_subvolume = "@/.snapshots/2/snapshot"

    @b("default-gone", stops("bootloader", "Grub.ConfigMissing"), traps="45", note="the default subvolume is the topmost one, where there is no /boot")
    def _(g):
        g.on_btrfs.append(lambda top: run("btrfs", "subvolume", "set-default", "5", top))

    @b("modules-gone", stops("bootloader", "Grub.ModulesMissing"), note="the subvolume of GRUB's modules is empty: without normal.mod GRUB stays in its rescue shell")
    def _(g):
        g.on_btrfs.append(lambda top: [os.remove(p) for p in glob.glob(top + "/@/boot/grub2/i386-pc/*")])

    @b("core-of-others", stops("bootloader", "Grub.ModulesMissing"), traps="45", note="grub-install of a distribution that does not follow the default subvolume: its core looks above all subvolumes")
    def _(g):
        g.core_config = ""

    @b("core-without-subvolume", stops("bootloader", "Grub.ModulesMissing"), note="grub2-install ran while the subvolume of the modules was not mounted: the core looks into the snapshot")
    def _(g):
        g.core_config = RELATIVE

    @b("core-gone", stops("firmware", "BootLoader.CoreMissing"), traps="16", note="the area of the core image is zeroed")
    def _(g):
        def zero(g, disk, sectors):
            with open(disk, "r+b") as f:
                f.seek((sectors["biosboot"] if "biosboot" in sectors else 1) * 512)
                f.write(bytes(1 << 19))
        g.on_disk.append(zero)

    @b("kernel-gone", stops("kernel", "Grub.KernelMissing"), note="the kernel is gone from the default snapshot, and is in the other")
    def _(g):
        g.on_btrfs.append(lambda top: os.remove(f"{top}/{SNAPSHOT}/boot/vmlinuz-{g.kernels[0].version}"))


for _prefix, _of in (("sles-15", sles15_bios), ("leap-15.6", leap156_bios)):
    by_bios(_prefix, _of)

breakages.register("sles-15-uefi", sles15, "no-fallback", "config-gone", "esp-line")
breakages.register("sles-16-uefi", sles16, "shim-alone", "stub-other-uuid", "kernel-gone")
s15, twd = broken("sles-15-uefi", sles15), broken("tumbleweed-uefi", tumbleweed)


@s15("wicked-off", unreachable("Dhcp.NoConfig"), note="wicked is disabled and nothing else configures the network")
def _(g):
    g.disable("wicked.service"); g.disable("network.service")
    g.files["etc/machine-id"] = MACHINE_ID + "\n"
    g.files["etc/cloud/cloud.cfg.d/99-disable-network-config.cfg"] = "network: {config: disabled}\n"


@s15("ifcfg-startmode-off", unreachable("Dhcp.NotAtBoot"), note="STARTMODE='off'")
def _(g):
    g.sed("etc/sysconfig/network/ifcfg-eth0", "STARTMODE='auto'", "STARTMODE='off'")
    g.files["etc/cloud/cloud.cfg.d/99-disable-network-config.cfg"] = "network: {config: disabled}\n"


@s15("jeos-firstboot", stops("init", "State.Prompt"), traps="71", note="jeos-firstboot waits for somebody at the console before the system starts")
def _(g):
    g.programs("jeos-firstboot")
    g.unit("jeos-firstboot.service", "[Unit]\nDescription=SUSE JeOS First Boot Wizard\nConditionPathExists=/var/lib/YaST2/reconfig_system\nBefore=systemd-user-sessions.service sshd.service network.service\nConflicts=plymouth-start.service\n\n[Service]\nType=oneshot\nEnvironment=TERM=linux\nExecStartPre=/bin/sh -c \"/bin/plymouth quit 2>/dev/null || :\"\nExecStart=/usr/lib/jeos-firstboot\nStandardOutput=tty\nStandardInput=tty\nStandardError=tty\nTTYPath=/dev/console\n\n[Install]\nWantedBy=default.target\n", "default.target")
    g.files["var/lib/YaST2/reconfig_system"] = ""
    g.files["usr/lib/jeos-firstboot"] = "#!/bin/bash\n# asks for language, time zone and the password of root\n"


@twd("entry-kernel-gone", stops("kernel", "Grub.KernelMissing"), traps="31", note="the only entry names a kernel that is gone: systemd-boot has nothing to start")
def _(g):
    g.late.append(lambda g: [g.files.pop(p) for p in list(g.files) if p.endswith("linux-5e1ec7ed")])


@twd("no-fallback", stops("firmware", "EfiFallback.Missing"), traps="23", note="systemd-boot is in its own directory only")
def _(g):
    def change(g):
        del g.files["boot/efi/EFI/BOOT/BOOTX64.EFI"]
        g.files["boot/efi/EFI/BOOT/"] = None
    g.late.append(change)


# ---- SLES 11 ------------------------------------------------------------------------------------------------------------------------

ORDER = ["thermal", "virtio", "virtio_ring", "virtio_pci", "virtio_blk", "libata", "ata_piix", "ata_generic", "scsi_mod", "sd_mod", "virtio_scsi", "hv_vmbus", "hv_storvsc", "jbd", "mbcache", "ext3"]


def sles11(**layout):
    g = Guest(**(dict(root="ext3", merged=False, first_sector=63, grub="grub", bios_loader="grub1", root_features=("^64bit", "^metadata_csum")) | layout))
    base(g)
    g.programs("fsck.ext3", "udevd", "telinit", "mingetty", "dhcpcd", "ifup", "mkinitrd", "init")
    g.put({"etc/SuSE-release": "SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n", "etc/os-release": 'NAME="SLES"\nVERSION="11.4"\nVERSION_ID="11.4"\nPRETTY_NAME="SUSE Linux Enterprise Server 11 SP4"\nID="sles"\nANSI_COLOR="0;32"\n', "etc/issue": "\nWelcome to SUSE Linux Enterprise Server 11 SP4  (x86_64) - Kernel \\r (\\l).\n\n",
           "etc/inittab": "id:3:initdefault:\nsi::bootwait:/etc/init.d/boot\nl0:0:wait:/etc/init.d/rc 0\nl1:1:wait:/etc/init.d/rc 1\nl2:2:wait:/etc/init.d/rc 2\nl3:3:wait:/etc/init.d/rc 3\nl5:5:wait:/etc/init.d/rc 5\nl6:6:wait:/etc/init.d/rc 6\nls:S:wait:/etc/init.d/rc S\n~~:S:respawn:/sbin/sulogin\nca::ctrlaltdel:/sbin/shutdown -r -t 4 now\n1:2345:respawn:/sbin/mingetty --noclear tty1\nS0:12345:respawn:/sbin/agetty -L 115200 ttyS0 vt102\n"})
    for n in ("boot", "rc", "boot.localfs", "boot.udev"):
        g.files["etc/init.d/" + n] = "#! /bin/sh\n### BEGIN INIT INFO\n# Provides: " + n + "\n# Default-Start: B\n### END INIT INFO\n"
    for n, need, start in (("network", "$local_fs", 5), ("sshd", "$network $remote_fs", 11)):
        g.files["etc/init.d/" + n] = f"#! /bin/sh\n### BEGIN INIT INFO\n# Provides: {n}\n# Required-Start: {need}\n# Default-Start: 3 5\n# Default-Stop: 0 1 2 6\n### END INIT INFO\n. /etc/rc.status\n"
        for level in (3, 5):
            g.files[f"etc/init.d/rc{level}.d/S{start:02d}{n}"] = g.files[f"etc/init.d/rc{level}.d/K01{n}"] = Link("../" + n)
    g.files["etc/rc.d"] = Link("init.d")
    g.files["etc/fstab"] = f"UUID={g.root_uuid} / ext3 acl,user_xattr 1 1\nproc /proc proc defaults 0 0\nsysfs /sys sysfs noauto 0 0\ndevpts /dev/pts devpts mode=0620,gid=5 0 0\n"
    g.files["etc/sysconfig/kernel"] = 'INITRD_MODULES="virtio_pci virtio_blk virtio_scsi ata_piix hv_vmbus hv_storvsc"\nDOMU_INITRD_MODULES="xennet xenblk"\n'
    g.files["etc/sysconfig/clock"] = 'HWCLOCK="-u"\nTIMEZONE="UTC"\n'
    g.files["etc/sysconfig/network/ifcfg-eth0"] = "BOOTPROTO='dhcp'\nSTARTMODE='auto'\nUSERCONTROL='no'\n"
    g.files["etc/sysconfig/network/ifcfg-lo"] = "IPADDR=127.0.0.1/8\nSTARTMODE=auto\n"
    g.files["etc/sysconfig/network/config"] = "NETWORKMANAGER=\"no\"\n"
    g.files["etc/localtime"] = g.files["usr/share/zoneinfo/UTC"]
    g.files.pop("etc/machine-id")
    accounts(g, root=HASH, key=True)
    sshd(g, SSHD_SYSV.replace("/usr/libexec/openssh", "/usr/lib64/ssh"), unit=None)
    host_keys(g, ("rsa",))
    g.kernels = [Kernel("3.0.101-108.138-default", builtin=("crc32c_generic",), extra=("virtio_scsi", "hv_vmbus", "hv_storvsc", "hv_netvsc", "hv_utils"))]
    g.options = ["splash=silent", "showopts", "console=ttyS0,115200"]
    g.order, g.left_out = list(ORDER), ()
    g.initrd = lambda k: initramfs.suse_mkinitrd(k, [n for n in g.order if n in k.modules], root="/dev/disk/by-uuid/" + g.root_uuid, left_out=g.left_out)
    def write(g):
        kernels(g, initrd="initrd-{}")
        v = g.kernels[0].version
        g.files["boot/vmlinuz"], g.files["boot/initrd"] = Link("vmlinuz-" + v), Link("initrd-" + v)
        g.files["boot/grub/menu.lst"] = f"# Modified by YaST2. Last modification on Sat Jun  1 00:00:00 UTC 2024\ndefault 0\ntimeout 8\n##YaST - generic_mbr\n\n###Don't change this comment - YaST2 identifier: Original name: linux###\ntitle SUSE Linux Enterprise Server 11 SP4 - {v}\n    root (hd0,0)\n    kernel /boot/vmlinuz-{v} root=UUID={g.root_uuid} {' '.join(g.options)}\n    initrd /boot/initrd-{v}\n"
        g.files["etc/sysconfig/network/scripts/functions"] = "# Library functions of ifup and ifdown\n"
        g.files["boot/grub/device.map"] = "(hd0)\t/dev/disk/by-id/virtio-disk0\n"
        g.files["etc/grub.conf"] = "setup --stage2=/boot/grub/stage2 --force-lba (hd0) (hd0,0)\nquit\n"
        g.put(boot.legacy_files(g))
    g.finish.append(write)
    g.finish.append(lambda g: g.put(packages.rpm(["bash-3.2-147.22", "sysvinit-2.86-221", "openssh-6.6p1-36.20", "grub-0.97-162.172", "mkinitrd-2.4.2-102", "kernel-default-base-3.0.101-108.138"], "bdb", g.kept)))
    return g


healthy("sles-11", sles11, note="composed: SLES 11 SP4, GRUB legacy, SysV, SUSE's mkinitrd, ext3")
s11 = broken("sles-11", sles11)


@s11("initrd-no-virtio", stops("initramfs", "DiskDriver.NotInInitramfs"), traps="3", note="INITRD_MODULES of a VMware machine")
def _(g):
    g.order = ["libata", "ata_piix", "scsi_mod", "sd_mod", "mptspi", "jbd", "mbcache", "ext3"]


@s11("kernel-missing", stops("kernel", "Grub.KernelMissing"), note="the kernel of menu.lst is gone")
def _(g):
    g.late.append(lambda g: g.files.pop("boot/vmlinuz-" + g.kernels[0].version))


@s11("sshd-off", unreachable("Ssh.Disabled", "access"), note="insserv -r sshd")
def _(g):
    for level in (3, 5):
        del g.files[f"etc/init.d/rc{level}.d/S11sshd"], g.files[f"etc/init.d/rc{level}.d/K01sshd"]


@s11("network-static", unreachable("Dhcp.Static"), note="a static address of the old network")
def _(g):
    g.files["etc/sysconfig/network/ifcfg-eth0"] = "BOOTPROTO='static'\nIPADDR='192.168.7.20/24'\nSTARTMODE='auto'\n"


@s11("root-gone", stops("root", "Grub.RootNotFound"), note="root= names a file system that is gone")
def _(g):
    g.late.append(lambda g: g.sed("boot/grub/menu.lst", "root=UUID=" + g.root_uuid, "root=UUID=" + NOSUCH))


@s11("fstab-data-disk", stops("init", "Fstab.DeviceNotFound"), traps="36", note="a data disk that is gone: boot.localfs asks for the password of root")
def _(g):
    g.files["etc/fstab"] += f"UUID={NOSUCH} /data ext3 defaults 1 2\n"


@s11("module-not-named", good(), note="no script of the initrd names virtio_blk: its udev loads it for the device")
def _(g):
    g.left_out = ("virtio_blk",)
