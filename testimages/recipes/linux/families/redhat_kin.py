"""Distributions that grew out of RHEL or Fedora, each in the form of its cloud image."""
import boot, breakages, initramfs, packages
from families.redhat import CONSOLE, EL8_BUILTIN, EL7_BUILTIN, ROOT, SSHD, bls, classic, common, el, keygen_service, release_files
from guest import ESP_SERIAL, MACHINE_ID, NOSUCH, Guest, accounts, cloud_init, fstab, ifcfg, keyfile, kernels, network_manager, sshd, systemd, systemd_units
from kernel import Kernel
from parts import Link
from table import good, healthy, image, stops, unclear, unreachable

SIZES = {"esp": 40, "boot": 300, "root": 300}
ETH0 = ifcfg(TYPE="Ethernet", BOOTPROTO="dhcp", DEVICE="eth0", ONBOOT="yes", PEERDNS="yes")
PINNED = {"etc/cloud/cloud.cfg.d/99-disable-network-config.cfg": "network: {config: disabled}\n"}


def own(prefix, base):
    def register(name, *rows, traps="", note="", **layout):
        return image(f"{prefix}-{name}", *rows, traps=traps, note=note, base=base, **layout)
    return register


def ordinary(prefix, base, kernel_builtin=False):
    """Five ways to break any of them, with the same outcome on each."""
    broken = own(prefix, base)

    @broken("initrd-no-virtio", stops("initramfs", "DiskDriver.NotInInitramfs"), traps="3", note="no virtio_blk in the initramfs, the module is in /lib/modules")
    def _(g):
        g.drivers = [d for d in g.drivers if not d.startswith("virtio")]

    @broken("root-gone", stops("root", "Grub.RootNotFound"), note="root= names a file system that is gone")
    def _(g):
        g.late.append(lambda g: [g.files.__setitem__(p, d.replace("root=UUID=" + g.root_uuid, "root=UUID=" + NOSUCH)) for p, d in list(g.files.items()) if p.startswith("boot/") and isinstance(d, str)])

    @broken("initrd-gone", stops("initramfs", "Initramfs.Missing"), note="the initramfs file is gone: GRUB starts the kernel all the same, which panics")
    def _(g):
        g.late.append(lambda g: [g.files.pop(p) for p in list(g.files) if p.startswith(("boot/initramfs-", "boot/initrd"))])

    @broken("fstab-data-disk", stops("init", "Fstab.DeviceNotFound"), traps="36", note="fstab needs a data disk that is gone")
    def _(g):
        g.files["etc/fstab"] += f"UUID={NOSUCH} /data ext4 defaults 0 0\n"

    @broken("sshd-disabled", unreachable("Ssh.Disabled", "access"), note="nothing starts sshd")
    def _(g):
        g.disable("sshd.service")
        g.files["etc/machine-id"] = MACHINE_ID + "\n"

    return broken


# ---- Oracle Linux 8 with UEK ------------------------------------------------------------------------------------------------

def oracle8(**layout):
    g = Guest(**(dict(root="xfs", sizes=dict(SIZES)) | layout))
    el(g, "ol", "Oracle Linux Server", "8.9", "8.9", el="el8", like="fedora", redhat="Red Hat Enterprise Linux release 8.9 (Ootpa)\n", more={"etc/oracle-release": "Oracle Linux Server release 8.9\n"}, python="usr/lib/python3.6/site-packages", backend="bdb", sshd_config=SSHD[7],
       rpms=["kernel-uek-core-5.15.0-200.131.27.el8uek", "NetworkManager-1:1.40.16-15.el8_9"])
    del g.files["etc/ssh/sshd_config.d/50-redhat.conf"]
    g.kernels = [Kernel("5.15.0-200.131.27.el8uek.x86_64", builtin=EL8_BUILTIN, suffix=".xz"), Kernel("4.18.0-513.9.1.el8_9.x86_64", builtin=EL8_BUILTIN, absent=("btrfs",), suffix=".xz")]
    g.options = ["crashkernel=auto", "net.ifnames=0", *CONSOLE]
    network_manager(g)
    g.files["etc/sysconfig/network-scripts/ifcfg-eth0"] = ETH0
    bls(g, "Oracle Linux Server ({}) 8.9", "redhat", "049-228.git20230802.0.1.el8", kernelopts=True, stub=False)
    return g


healthy("oracle-8-uek", oracle8, note="composed: Oracle Linux 8.9, the UEK kernel is the default, that of RHEL beside it")
ordinary("oracle-8-uek", oracle8)


@own("oracle-8-uek", oracle8)("rhck-bad", good(), traps="4", note="the kernel beside the default one lacks virtio in its initramfs: not the one that starts")
def _(g):
    first = g.initrd
    g.initrd = lambda k: first(k) if "uek" in k.version else initramfs.dracut(g.kept, k, ["mptspi", "sd_mod", "xfs"], g.files["usr/lib/os-release"])


# ---- Amazon Linux --------------------------------------------------------------------------------------------------------------

def amazon2(**layout):
    g = Guest(**(dict(root="xfs", table="gpt", biosboot=True, sizes=dict(SIZES), root_label="/") | layout))
    common(g, "disabled")
    g.labels = False
    release_files(g, "amzn", "Amazon Linux", "2", "2", "centos rhel fedora", "Amazon Linux release 2 (Karoo)\n", extra='CPE_NAME="cpe:2.3:o:amazon:amazon_linux:2"\n')
    del g.files["etc/redhat-release"]
    g.files["etc/system-release"] = "Amazon Linux release 2 (Karoo)\n"
    systemd(g)
    accounts(g, root="!!", user="ec2-user")
    sshd(g, SSHD[7], keygen=False)
    keygen_service(g)
    g.kernels = [Kernel("5.10.214-202.855.amzn2.x86_64", builtin=("crc32c_generic", "scsi_mod", "scsi_common", "nvme", "nvme_core", "xen_blkfront", "crct10dif_common"), extra=("virtio_blk",))]
    g.options = ["console=tty0", "console=ttyS0,115200n8", "net.ifnames=0", "biosdevname=0", "nvme_core.io_timeout=4294967295", "rd.emergency=poweroff", "rd.shell=0"]
    network_service(g)
    g.files["etc/sysconfig/network-scripts/ifcfg-eth0"] = ifcfg(DEVICE="eth0", BOOTPROTO="dhcp", ONBOOT="yes", TYPE="Ethernet", USERCTL="yes", PEERDNS="yes", DHCPV6C="yes", PERSISTENT_DHCLIENT="yes", RES_OPTIONS='"timeout:2 attempts:5"')
    cloud_init(g, "19.3", distro="amazon", user="ec2-user", python="usr/lib/python2.7/site-packages", datasources=["Ec2", "NoCloud", "ConfigDrive", "OpenStack", "AliYun", "None"], generator=False)
    g.finish.append(lambda g: g.put(packages.rpm(["bash-4.2.46-34.amzn2", "systemd-219-78.amzn2", "openssh-server-7.4p1-22.amzn2", "cloud-init-19.3-46.amzn2", f"kernel-{g.kernels[0].version[:-7]}", "grub2-pc-1:2.06-14.amzn2"], "bdb", g.kept)))
    classic(g, "Amazon Linux ({}) 2", "amzn", version="033-535.amzn2.1.7", bios_command="linux")
    return g


def network_service(g):
    """network.service of initscripts: the LSB script that the generator of systemd makes a unit of."""
    g.files["etc/sysconfig/network"] = "NETWORKING=yes\nNOZEROCONF=yes\n"
    g.files["etc/sysconfig/network-scripts/ifcfg-lo"] = ifcfg(DEVICE="lo", IPADDR="127.0.0.1", NETMASK="255.0.0.0", ONBOOT="yes", NAME="loopback")
    g.files["etc/sysconfig/network-scripts/ifup"] = "#!/bin/bash\n# ifup of initscripts\n"
    g.files["etc/rc.d/init.d/functions"] = "# functions of initscripts\n"
    g.files["etc/rc.d/init.d/network"] = "#! /bin/bash\n#\n# network       Bring up/down networking\n#\n# chkconfig: 2345 10 90\n# description: Activates/Deactivates all network interfaces configured to \\\n#              start at boot time.\n#\n### BEGIN INIT INFO\n# Provides: $network\n# Default-Start: 2 3 4 5\n### END INIT INFO\n"
    g.files["etc/init.d"] = Link("rc.d/init.d")
    for level in range(7):
        g.files[f"etc/rc.d/rc{level}.d/" + ("S10network" if 2 <= level <= 5 else "K90network")] = Link("../init.d/network")
        g.files[f"etc/rc{level}.d"] = Link(f"rc.d/rc{level}.d")
    g.programs("dhclient", "ifup")


healthy("amazon-2", amazon2, note="composed: Amazon Linux 2, GPT with a BIOS boot partition, network.service", traps="25")
ordinary("amazon-2", amazon2)


def amazon2023(**layout):
    """GPT with both a BIOS boot partition and an ESP: it starts by either."""
    g = Guest(**(dict(root="xfs", table="gpt", biosboot=True, esp="/boot/efi", sizes=dict(SIZES), root_label="/") | layout))
    el(g, "amzn", "Amazon Linux", "2023", "2023", el="amzn2023", like="fedora", redhat="Amazon Linux release 2023.4.20240513 (Amazon Linux)\n", user="ec2-user", cloud="22.2.2", networkd=True, databases="var/lib/rpm", rpms=["kernel-6.1.90-99.173.amzn2023"])
    g.sed("etc/selinux/config", "SELINUX=enforcing", "SELINUX=permissive")
    g.files["etc/fstab"] = f"#\nUUID={g.root_uuid}     /           xfs    defaults,noatime  1   1\nUUID={ESP_SERIAL[:4]}-{ESP_SERIAL[4:]}        /boot/efi       vfat    defaults,noatime,uid=0,gid=0,umask=0077,shortname=winnt,x-systemd.automount 0 2\n"
    g.kernels = [Kernel("6.1.90-99.173.amzn2023.x86_64", builtin=EL8_BUILTIN + ("nvme", "nvme_core"), suffix=".xz")]
    g.options = ["console=tty0", "console=ttyS0,115200n8", "nvme_core.io_timeout=4294967295", "rd.emergency=poweroff", "rd.shell=0", "selinux=1", "security=selinux", "quiet"]
    g.enable("systemd-networkd.service")
    g.enable("systemd-resolved.service")
    g.files["usr/lib/systemd/network/80-ec2.network"] = "[Match]\nDriver=ena ixgbevf vif virtio_net\n\n[Link]\nMTUBytes=9001\n\n[Network]\nDHCP=yes\nIPv6DuplicateAddressDetection=0\nLLMNR=no\n\n[DHCPv4]\nUseHostname=no\nUseDNS=yes\n"
    bls(g, "Amazon Linux ({}) 2023", "amzn", "055-6.amzn2023.0.8", stub=True)
    def firmware(g):
        g.put(boot.efi_files(g, "amzn", g.kept, vendor=True, use_shim=False, config=f"search --no-floppy --fs-uuid --set=dev {g.grub_uuid}\nset prefix=($dev)/boot/grub2\nexport $prefix\nconfigfile $prefix/grub.cfg\n"))
    g.finish.append(firmware)
    return g


healthy("amazon-2023", amazon2023, good().on(firmware="uefi"), good().on(firmware="uefi", disk="nvme"), note="composed: Amazon Linux 2023, starts by BIOS and by UEFI, systemd-networkd")
ordinary("amazon-2023", amazon2023)


# ---- Anolis, Alibaba Cloud Linux, openEuler, Kylin, TencentOS ----------------------------------------------------------------------

def anolis8(**layout):
    g = Guest(**(dict(uefi=True, root="ext4") | layout))
    el(g, "anolis", "Anolis OS", "8.8", "8.8", el="an8", redhat="Anolis OS release 8.8\n", more={"etc/anolis-release": "Anolis OS release 8.8\n"}, python="usr/lib/python3.6/site-packages", backend="bdb", user="anolis", sshd_config=SSHD[7])
    g.kernels = [Kernel("5.10.134-13.an8.x86_64", builtin=EL8_BUILTIN, suffix=".xz")]
    g.options = ["cgroup.memory=nokmem", "crashkernel=0M-2G:0M,2G-8G:192M,8G-:256M", "net.ifnames=0", *CONSOLE]
    network_manager(g)
    g.files["etc/sysconfig/network-scripts/ifcfg-eth0"] = ETH0
    bls(g, "Anolis OS ({}) 8", "anolis", "049-223.0.1.an8", kernelopts=True, stub=False)
    return g


anolis8.uefi = True
healthy("anolis-8-uefi", anolis8, note="composed: Anolis OS 8.8, UEFI, $kernelopts in the grubenv of the ESP")
ordinary("anolis-8-uefi", anolis8)


def alinux3(**layout):
    g = Guest(**(dict(root="ext4", table="gpt", biosboot=True, esp="/boot/efi") | layout))
    el(g, "alinux", "Alibaba Cloud Linux", "3 (OpenAnolis Edition)", "3", el="al8", redhat="Alibaba Cloud Linux release 3 (OpenAnolis Edition)\n", python="usr/lib/python3.6/site-packages", backend="bdb", user="ecs-user", sshd_config=SSHD[7], cloud="22.1")
    g.files["etc/fstab"] = f"UUID={g.root_uuid} / ext4 defaults 1 1\nUUID={ESP_SERIAL[:4]}-{ESP_SERIAL[4:]} /boot/efi vfat defaults,uid=0,gid=0,umask=077,shortname=winnt 0 2\n"
    g.kernels = [Kernel("5.10.134-16.3.al8.x86_64", builtin=EL8_BUILTIN + ("virtio_blk", "nvme", "nvme_core", "ext4", "jbd2", "mbcache"), suffix=".xz")]
    g.options = ["crashkernel=0M-2G:0M,2G-8G:192M,8G-128G:256M,128G-:384M", "cryptomgr.notests", "cgroup.memory=nokmem", "rcupdate.rcu_cpu_stall_timeout=300", "vring_force_dma_api", "nvme_core.io_timeout=4294967295", "nvme_core.admin_timeout=4294967295", "net.ifnames=0", *CONSOLE]
    g.sed("etc/selinux/config", "SELINUX=enforcing", "SELINUX=disabled")
    g.labels = False
    network_manager(g, unit=False)
    g.enable("systemd-networkd.service")
    for name in ("systemd-networkd.service", "systemd-networkd.socket"):
        g.files[g.units + name] = systemd_units()[name]
    g.files["usr/lib/systemd/systemd-networkd"] = g.program()
    g.files["etc/systemd/network/50-dhcp.network"] = "[Match]\nName=eth*\n\n[Network]\nDHCP=yes\n"
    g.files["etc/sysconfig/network-scripts/ifcfg-eth0"] = ETH0
    bls(g, "Alibaba Cloud Linux ({}) 3 (Soaring Falcon)", "alinux", "049-202.0.4.al8", kernelopts=True)
    g.finish.append(lambda g: g.put(boot.efi_files(g, "alinux", g.kept, vendor=True, use_shim=False, config=f"search --no-floppy --fs-uuid --set=dev {g.grub_uuid}\nset prefix=($dev)/boot/grub2\nexport $prefix\nconfigfile $prefix/grub.cfg\n")))
    g.files["usr/sbin/aliyun-service"] = g.program()
    g.unit("aliyun.service", "[Unit]\nDescription=Aliyun Assist\nAfter=network-online.target\n\n[Service]\nExecStart=/usr/sbin/aliyun-service\nRestart=always\n\n[Install]\nWantedBy=multi-user.target\n", "multi-user.target")
    return g


healthy("alinux-3", alinux3, good().on(firmware="uefi"), note="composed: Alibaba Cloud Linux 3, virtio_blk, nvme and ext4 are in the kernel", traps="1")
_broken = own("alinux-3", alinux3)


@_broken("initrd-empty-of-drivers", good(), traps="1", note="no storage driver in the initramfs: all are in the kernel")
def _(g):
    g.drivers = ["virtio_net"]


@_broken("kernel-gone", stops("kernel", "Grub.KernelMissing"), note="the kernel of the default entry, and of all others, is gone")
def _(g):
    g.late.append(lambda g: [g.files.pop(p) for p in list(g.files) if p.startswith("boot/vmlinuz")])


@_broken("network-masked", unreachable("Dhcp.Ignored"), note="systemd-networkd is masked and nothing else configures the network")
def _(g):
    g.disable("systemd-networkd.service")
    g.files["etc/systemd/system/systemd-networkd.service"] = Link("/dev/null")
    g.put(PINNED)


@_broken("root-ext-errors", unclear("Fs.Errors", boots="unknown"), note="the file system of the root records an error: whether the check at boot can mend it is not known", root_features=("^metadata_csum",))
def _(g):
    def mark(g, disk, sectors):
        at = sectors["root"] * 512 + 1024 + 0x3A
        with open(disk, "r+b") as f:
            f.seek(at); f.write(b"\x03\x00")
    g.on_disk.append(mark)


@_broken("shadow-empty-password", good("EmptyPassword.Account"), note="an account with an empty password")
def _(g):
    g.sed("etc/shadow", "ecs-user:!!:", "ecs-user::")


breakages.register("alinux-3", alinux3, "esp-line")


def openeuler(**layout):
    g = Guest(**(dict(root="ext4", boot="ext4") | layout))
    el(g, "openEuler", "openEuler", "22.03 (LTS-SP3)", "22.03", el="oe2203sp3", like="", redhat="openEuler release 22.03 (LTS-SP3)\n", more={"etc/openEuler-release": "openEuler release 22.03 (LTS-SP3)\n"}, user="openeuler", cloud="21.4", backend="sqlite", sshd_config=SSHD[7])
    del g.files["etc/redhat-release"]
    g.files["etc/system-release"] = Link("openEuler-release")
    g.kernels = [Kernel("5.10.0-182.0.0.95.oe2203sp3." + {"x86_64": "x86_64", "arm64": "aarch64"}[g.architecture], builtin=EL8_BUILTIN, suffix=".xz", architecture=g.architecture)]
    g.options = ["net.ifnames=0", "consoleblank=600", *CONSOLE, "crashkernel=512M"]
    network_manager(g)
    g.files["etc/sysconfig/network-scripts/ifcfg-eth0"] = ETH0
    classic(g, "openEuler ({}) 22.03 (LTS-SP3)", "openEuler", version="055-7.oe2203sp3", bios_command="linux", efi_command="linux")
    return g


healthy("openeuler-22.03", openeuler, note="composed: openEuler 22.03, menu entries in grub.cfg, /boot of its own")
healthy("openeuler-22.03-uefi", openeuler, uefi=True, note="composed: the same, the whole grub.cfg in the ESP")
ordinary("openeuler-22.03", openeuler)
healthy("openeuler-22.03-arm64-uefi", openeuler, uefi=True, architecture="arm64", note="composed: openEuler 22.03 for arm64")
breakages.register("openeuler-22.03-arm64-uefi", openeuler, "no-fallback", "config-gone", "kernel-gone", "initrd-no-nvme", "esp-line", uefi=True, architecture="arm64")
breakages.register("openeuler-22.03-uefi", openeuler, "no-fallback", "config-gone", "kernel-gone", "root-gone", "esp-line", uefi=True)


def kylin(**layout):
    g = Guest(**(dict(root="xfs", boot="xfs", lvm=("klas", "root"), swap=True, sizes=dict(SIZES)) | layout))
    el(g, "kylin", "Kylin Linux Advanced Server", "V10 (Lance)", "V10", el="ky10", like="", redhat="Kylin Linux Advanced Server release V10 (Lance)\n", more={"etc/kylin-release": "Kylin Linux Advanced Server release V10 (Lance)\n"}, user="kylin", cloud="19.4", backend="bdb", python="usr/lib/python3.7/site-packages", sshd_config=SSHD[7])
    g.kernels = [Kernel("4.19.90-52.22.v2207.ky10.x86_64", builtin=EL8_BUILTIN, suffix=".xz")]
    g.options = ["resume=/dev/mapper/klas-swap", "rd.lvm.lv=klas/root", "rd.lvm.lv=klas/swap", "net.ifnames=0", *CONSOLE, "crashkernel=1024M,high", "audit=0"]
    network_manager(g)
    g.files["etc/sysconfig/network-scripts/ifcfg-eth0"] = ETH0
    classic(g, "Kylin Linux Advanced Server ({}) V10 (Lance)", "kylin", version="050-4.ky10", bios_command="linux", efi_command="linux")
    return g


healthy("kylin-v10", kylin, note="composed: Kylin V10 SP3, XFS on LVM, in the form of an rpm distribution")


@own("kylin-v10", kylin)("initrd-no-virtio", stops("initramfs", "DiskDriver.NotInInitramfs"), traps="3", note="no virtio_blk in the initramfs")
def _(g):
    g.drivers = [d for d in g.drivers if not d.startswith("virtio")]


@own("kylin-v10", kylin)("resume-gone", good("Grub.ResumeMissing"), traps="30", note="resume= names a volume that is gone: a delay, no more")
def _(g):
    g.options[0] = f"resume=UUID={NOSUCH}"


@own("kylin-v10", kylin)("lvm-not-named", stops("initramfs", "Initramfs.LvmNotNamed"), note="rd.lvm.lv names a group of the old name")
def _(g):
    g.options = [o.replace("rd.lvm.lv=klas", "rd.lvm.lv=centos") for o in g.options]


@own("kylin-v10", kylin)("boot-uuid-gone", stops("init", "Fstab.DeviceNotFound"), note="fstab names /boot by a UUID that is gone")
def _(g):
    g.sed("etc/fstab", "UUID=" + g.boot_uuid, "UUID=" + NOSUCH)


@own("kylin-v10", kylin)("mapper-alias", good(), traps="41", note="the root as /dev/klas/root in fstab, an alias of the mapper's name")
def _(g):
    g.sed("etc/fstab", "/dev/mapper/klas-root", "/dev/klas/root")


@own("kylin-v10", kylin)("mapper-dashes", good(), lvm=("vg-a", "lv-b"), traps="41", note="dashes in the names of group and volume: doubled in /dev/mapper")
def _(g):
    g.options = ["rd.lvm.lv=vg-a/lv-b", "rd.lvm.lv=vg-a/swap", *[o for o in g.options if "klas" not in o]]


@own("kylin-v10", kylin)("sshd-disabled", unreachable("Ssh.Disabled", "access"), note="nothing starts sshd")
def _(g):
    g.disable("sshd.service")
    g.files["etc/machine-id"] = MACHINE_ID + "\n"


def tencentos(**layout):
    g = Guest(**(dict(root="ext4") | layout))
    el(g, "tencentos", "TencentOS Server", "3.1 (Final)", "3.1", el="tl3", like="rhel fedora centos", redhat="TencentOS Server release 3.1 (Final)\n", more={"etc/tencentos-release": "TencentOS Server release 3.1 (Final)\n"}, user="tencentos", backend="bdb", python="usr/lib/python3.6/site-packages", sshd_config=SSHD[7])
    g.kernels = [Kernel("5.4.119-19.0009.28", builtin=EL8_BUILTIN + ("virtio_blk", "virtio_net", "net_failover", "failover", "ext4", "jbd2", "mbcache"), extra=())]
    g.options = ["net.ifnames=0", "biosdevname=0", *CONSOLE, "crashkernel=1800M-64G:256M,64G-128G:512M,128G-:768M"]
    network_manager(g)
    g.files["etc/sysconfig/network-scripts/ifcfg-eth0"] = ETH0
    bls(g, "TencentOS Server ({}) 3.1 (Final)", "tencentos", "049-95.tl3", kernelopts=True, stub=False)
    return g


healthy("tencentos-3", tencentos, note="composed: TencentOS Server 3.1, virtio in the kernel", traps="1, 13")


breakages.register("tencentos-3", tencentos, "kernel-gone")


@own("tencentos-3", tencentos)("initrd-none-uuid", stops("initramfs", "Initramfs.None"), traps="9", note="no initrd line, everything built in, root=UUID=: the kernel alone cannot resolve it")
def _(g):
    g.late.append(lambda g: [g.files.__setitem__(p, "".join(l for l in d.splitlines(True) if not l.startswith("initrd"))) for p, d in list(g.files.items()) if p.startswith("boot/loader/entries/")])


@own("tencentos-3", tencentos)("initrd-none-device", good(), traps="8", note="the same with root=PARTUUID=: the kernel finds it")
def _(g):
    def change(g):
        for p, d in list(g.files.items()):
            if p.startswith("boot/loader/entries/"):
                g.files[p] = "".join(l for l in d.splitlines(True) if not l.startswith("initrd"))
            if p.startswith("boot/grub2/grub") and isinstance(d, str):
                g.files[p] = d.replace("root=UUID=" + g.root_uuid, f"root=PARTUUID={g.partuuid(1)} rootfstype=ext4")
        g.files["boot/grub2/grubenv"] = g.files["boot/grub2/grubenv"].rstrip("#").ljust(1024, "#")
    g.late.append(change)


@own("tencentos-3", tencentos)("fstab-data-disk", stops("init", "Fstab.DeviceNotFound"), traps="36", note="fstab needs a data disk that is gone")
def _(g):
    g.files["etc/fstab"] += f"UUID={NOSUCH} /data ext4 defaults 0 0\n"


@own("tencentos-3", tencentos)("sshd-disabled", unreachable("Ssh.Disabled", "access"), note="nothing starts sshd")
def _(g):
    g.disable("sshd.service")
    g.files["etc/machine-id"] = MACHINE_ID + "\n"


@own("tencentos-3", tencentos)("root-device-name", stops("root", "Grub.DeviceName"), good().on(disk="virtio-scsi"), traps="40", note="root=/dev/sda1: right on virtio-scsi only")
def _(g):
    def change(g):
        for p, d in list(g.files.items()):
            if p.startswith("boot/") and isinstance(d, str):
                d = d.replace("root=UUID=" + g.root_uuid, "root=/dev/sda1")
                g.files[p] = d.rstrip("#").ljust(1024, "#") if p.endswith("grubenv") else d
    g.late.append(change)



# ---- Fedora, RHEL 10, AlmaLinux ---------------------------------------------------------------------------------------------------

def fedora41(**layout):
    g = Guest(**(dict(uefi=True, boot="ext4", root="btrfs", subvolumes={"root": "/", "home": "/home", "var": "/var"}, sizes={"esp": 40, "boot": 96, "root": 256}, root_label="fedora") | layout))
    el(g, "fedora", "Fedora Linux", "41 (Cloud Edition)", "41", el="fc41", like="", redhat="Fedora release 41 (Forty One)\n", more={"etc/fedora-release": "Fedora release 41 (Forty One)\n"}, python="usr/lib/python3.13/site-packages", cloud="24.2", user="fedora", databases="usr/lib/sysimage/rpm", renamed=True)
    g.files["etc/fstab"] = f"UUID={g.root_uuid} / btrfs compress=zstd:1,subvol=root 0 0\nUUID={g.boot_uuid} /boot ext4 defaults 1 2\nUUID={g.root_uuid} /home btrfs compress=zstd:1,subvol=home 0 0\nUUID={g.root_uuid} /var btrfs compress=zstd:1,subvol=var 0 0\n" + (f"UUID={ESP_SERIAL[:4]}-{ESP_SERIAL[4:]} /boot/efi vfat umask=0077,shortname=winnt 0 2\n" if g.uefi else "")
    g.programs("btrfs", "fsck.btrfs")
    g.kernels = [Kernel("6.11.4-301.fc41.x86_64", builtin=EL8_BUILTIN + ("sd_mod", "crc64_rocksoft", "t10_pi"), suffix=".xz")]
    g.options = ["rootflags=subvol=root", "no_timer_check", *CONSOLE]
    network_manager(g, plugin=False)
    bls(g, "Fedora Linux ({}) 41 (Cloud Edition)", "fedora", "102-3.fc41", drivers=ROOT + ("btrfs",), btrfs=True)
    return g


fedora41.uefi = True
healthy("fedora-41-uefi", fedora41, note="composed: Fedora 41, btrfs with subvolumes root, home and var, NetworkManager without configuration", traps="45, 53")
healthy("fedora-41", fedora41, uefi=False, note="composed: the same, BIOS")
breakages.register("fedora-41-uefi", fedora41, "no-fallback", "shim-alone", "stub-other-uuid", "kernel-gone")
_fedora = own("fedora-41-uefi", fedora41)


@_fedora("subvolume-gone", stops("init", "Fstab.SubvolumeMissing"), note="fstab mounts a subvolume for /home that is gone")
def _(g):
    g.sed("etc/fstab", "subvol=home", "subvol=@home")


@_fedora("rootflags-wrong", stops("root", "Grub.SubvolumeMissing"), traps="45", note="rootflags= names a subvolume that is not there")
def _(g):
    g.options[0] = "rootflags=subvol=@"


@_fedora("ifcfg-only", unreachable("Dhcp.NoConfig"), traps="52", note="an ifcfg file is not read by this NetworkManager any more, and it may make no connection of its own")
def _(g):
    g.files["etc/sysconfig/network-scripts/ifcfg-eth0"] = ETH0
    g.files["etc/NetworkManager/conf.d/00-server.conf"] = "[main]\nno-auto-default=*\n"
    g.put(PINNED)


@_fedora("initrd-no-btrfs", stops("initramfs", "Initramfs.NoFileSystem"), note="btrfs is not in the initramfs")
def _(g):
    g.drivers.remove("btrfs")


@_fedora("initrd-no-virtio", stops("initramfs", "DiskDriver.NotInInitramfs"), traps="3", note="virtio_blk is not in the initramfs")
def _(g):
    g.drivers = [d for d in g.drivers if d not in ("virtio_blk", "virtio_scsi")]


def rhel10(**layout):
    g = Guest(**(dict(uefi=True, boot="xfs", root="xfs", sizes=dict(SIZES)) | layout))
    el(g, "rhel", "Red Hat Enterprise Linux", "10.0 (Coughlan)", "10.0", el="el10", like="centos fedora", python="usr/lib/python3.12/site-packages", cloud="24.4", databases="usr/lib/sysimage/rpm", renamed=True)
    g.kernels = [Kernel("6.12.0-55.9.1.el10_0.x86_64", builtin=EL8_BUILTIN, absent=("btrfs",), suffix=".xz")]
    g.options = ["console=ttyS0,115200n8", "no_timer_check", "crashkernel=2G-64G:256M,64G-:512M"]
    network_manager(g, plugin=False, keyfiles={"cloud-init-eth0.nmconnection": keyfile("cloud-init eth0")})
    bls(g, "Red Hat Enterprise Linux ({}) 10.0 (Coughlan)", "redhat", "105-4.el10_0")
    return g


rhel10.uefi = True
healthy("rhel-10-uefi", rhel10, note="composed: RHEL 10, the rpm database below /usr, no plug-in for ifcfg files", traps="34")
ordinary("rhel-10-uefi", rhel10)
breakages.register("rhel-10-uefi", rhel10, "no-fallback", "stub-other-uuid", "esp-line")


@own("rhel-10-uefi", rhel10)("ifcfg-only", good(), traps="52, 53", note="an ifcfg file with a static address is not read: NetworkManager makes a connection with DHCP")
def _(g):
    del g.files["etc/NetworkManager/system-connections/cloud-init-eth0.nmconnection"]
    g.files["etc/sysconfig/network-scripts/ifcfg-eth0"] = ifcfg(BOOTPROTO="none", DEVICE="eth0", IPADDR="192.168.7.20", PREFIX="24", ONBOOT="yes")
    g.put(PINNED)


def alma9(**layout):
    g = Guest(**(dict(uefi=True, boot="xfs", root="xfs", sizes=dict(SIZES)) | layout))
    el(g, "almalinux", "AlmaLinux", "9.4 (Seafoam Ocelot)", "9.4", more={"etc/almalinux-release": "AlmaLinux release 9.4 (Seafoam Ocelot)\n"}, user="almalinux")
    g.kernels = [Kernel("5.14.0-427.18.1.el9_4.x86_64", builtin=EL8_BUILTIN, absent=("btrfs",), suffix=".xz")]
    g.options = [*CONSOLE, "no_timer_check", "crashkernel=1G-4G:192M,4G-64G:256M,64G-:512M"]
    network_manager(g)
    bls(g, "AlmaLinux ({}) 9.4 (Seafoam Ocelot)", "almalinux", "057-53.git20240104.el9")
    return g


alma9.uefi = True
healthy("alma-9-uefi", alma9, note="composed: AlmaLinux 9.4, UEFI, NetworkManager without configuration", traps="53")
ordinary("alma-9-uefi", alma9)
