"""RHEL, what is rebuilt of it and what grew out of it, from 6 on (RHEL 5 is in rhel5.py)."""
import boot, initramfs, packages
from guest import ESP_SERIAL, HASH, NOSUCH, MACHINE_ID, Guest, accounts, base, cloud_init, fstab, host_keys, ifcfg, kernels, keyfile, network_manager, sshd, systemd, sysv_links, upstart
from kernel import Kernel
from parts import Link, program
from table import good, healthy, image, stops, unreachable, unready

EL7_BUILTIN = ("scsi_mod", "crct10dif_common")
EL8_BUILTIN = ("scsi_mod", "scsi_common", "virtio", "virtio_ring", "virtio_pci", "virtio_pci_legacy_dev", "virtio_pci_modern_dev")
ROOT = initramfs.ROOT_DRIVERS + initramfs.FILE_SYSTEMS + ("dm_mod",)
SSHD = {7: "HostKey /etc/ssh/ssh_host_rsa_key\nHostKey /etc/ssh/ssh_host_ecdsa_key\nHostKey /etc/ssh/ssh_host_ed25519_key\nSyslogFacility AUTHPRIV\nAuthorizedKeysFile\t.ssh/authorized_keys\nPasswordAuthentication no\nChallengeResponseAuthentication no\nGSSAPIAuthentication yes\nGSSAPICleanupCredentials no\nUsePAM yes\nX11Forwarding yes\nAcceptEnv LANG LC_CTYPE\nSubsystem\tsftp\t/usr/libexec/openssh/sftp-server\n",
        9: "Include /etc/ssh/sshd_config.d/*.conf\nAuthorizedKeysFile\t.ssh/authorized_keys\nSubsystem\tsftp\t/usr/libexec/openssh/sftp-server\n"}
CONSOLE = ["console=tty0", "console=ttyS0,115200n8"]


def os_release(identity, name, version, version_id, like="", extra=""):
    return f'NAME="{name}"\nVERSION="{version}"\nID="{identity}"\n' + (f'ID_LIKE="{like}"\n' if like else "") + f'VERSION_ID="{version_id}"\nPRETTY_NAME="{name} {version}"\nANSI_COLOR="0;31"\n{extra}'


def release_files(g, identity, name, version, version_id, like="rhel fedora", redhat=None, more=None, extra=""):
    g.files["usr/lib/os-release"] = os_release(identity, name, version, version_id, like, extra)
    g.files["etc/os-release"] = Link("../usr/lib/os-release")
    text = redhat or f"{name} release {version}\n"
    g.files["etc/redhat-release"], g.files["etc/system-release"] = text, Link("redhat-release")
    g.put(more or {})


def selinux(g, mode="enforcing"):
    """An enforcing system: configuration, policy, labels."""
    g.files["etc/selinux/config"] = f"# This file controls the state of SELinux on the system.\nSELINUX={mode}\nSELINUXTYPE=targeted\n"
    g.files["etc/sysconfig/selinux"] = Link("../selinux/config")
    if mode != "disabled":
        g.files["etc/selinux/targeted/policy/policy.31"] = b"\x8c\xff\x7c\xf9\x08\0\0\0SE Linux\x1f\0\0\0".ljust(4096, b"\0")
        g.files["etc/selinux/targeted/contexts/files/file_contexts"] = "/.*\tsystem_u:object_r:default_t:s0\n"
        g.labels = True


def os_packages(el, arch, *more):
    return [f"basesystem-11-5.{el}", f"bash-5.1.8-6.{el}", f"systemd-252-32.{el}", f"openssh-server-8.7p1-38.{el}", f"dracut-057-53.git20240104.{el}", f"grub2-pc-1:2.06-77.{el}", f"NetworkManager-1:1.46.0-1.{el}", f"cloud-init-23.4-7.{el}", f"cloud-utils-growpart-0.33-0.{el}"] + list(more)


# ---- el7 ---------------------------------------------------------------------------------------------------------------

def el7(g, title, directory, drivers=ROOT):
    """dracut 033 and full menu entries in grub.cfg, which lies in the ESP on UEFI."""
    release = g.files["usr/lib/os-release"]
    g.initrd = lambda k: initramfs.dracut(g.kept, k, g.drivers, release, version="033-572.el7", lvm=bool(g.lvm) or g.generic, without=g.no_dracut, more=g.early_more, hostonly=g.hostonly, drop=g.early_drop)
    g.drivers, g.generic, g.no_dracut, g.early_more, g.hostonly, g.early_drop = list(drivers), True, (), {}, (), ()
    g.entries = None
    def write(g):
        kernels(g)
        linux = "linuxefi" if g.uefi else "linux16"
        text = boot.header() + "### BEGIN /etc/grub.d/10_linux ###\n"
        classes = ("red", "gnu-linux", "gnu", "os")
        for k in g.kernels:
            text += boot.menuentry(g, f"{title.format(k.version)}", f"gnulinux-{k.version}-advanced-{g.root_uuid}", f"{g.on_boot}vmlinuz-{k.version}", f"{g.on_boot}initramfs-{k.version}.img", " ".join([f"root={g.root_device}", "ro", *g.options]), classes, linux, True, "\tload_video\n\tset gfxpayload=keep\n\tinsmod gzio\n")
        text += "### END /etc/grub.d/10_linux ###\n\n" + boot.tail()
        env = boot.grubenv({"saved_entry": title.format(g.kernels[0].version)})
        g.files["etc/default/grub"] = f'GRUB_TIMEOUT=5\nGRUB_DISTRIBUTOR="$(sed \'s, release .*$,,g\' /etc/system-release)"\nGRUB_DEFAULT=saved\nGRUB_DISABLE_SUBMENU=true\nGRUB_TERMINAL_OUTPUT="console"\nGRUB_CMDLINE_LINUX="{" ".join(g.options)}"\nGRUB_DISABLE_RECOVERY="true"\n'
        grub_files(g, directory, text, env, stub=False)
    g.finish.append(write)


def grub_files(g, directory, config, env, stub, vendor=True):
    """grub.cfg, grubenv and GRUB itself, on BIOS below /boot/grub2, on UEFI in the ESP (with `stub`: the configuration stays in /boot)."""
    if g.uefi:
        top = f"boot/efi/EFI/{directory}/"
        if stub:
            config_in_esp = f"search --no-floppy --fs-uuid --set=dev {g.grub_uuid}\nset prefix=($dev){g.on_boot}grub2\nexport $prefix\nconfigfile $prefix/grub.cfg\n"
            g.files["boot/grub2/grub.cfg"], g.files["boot/grub2/grubenv"] = config, env
        else:
            config_in_esp = config
            g.files[top + "grubenv"] = env
            g.files["boot/grub2/grubenv"] = Link(f"../efi/EFI/{directory}/grubenv")
        g.put(boot.efi_files(g, directory, g.kept, vendor=vendor, config=config_in_esp))
        g.files["etc/grub2-efi.cfg"] = Link(f"../boot/{'grub2/grub.cfg' if stub else 'efi/EFI/' + directory + '/grub.cfg'}")
    else:
        g.files["boot/grub2/grub.cfg"], g.files["boot/grub2/grubenv"] = config, env
        g.files["boot/grub2/device.map"] = "(hd0) /dev/vda\n"
        g.files["etc/grub2.cfg"] = Link("../boot/grub2/grub.cfg")
        for name, data in boot.grub_files("i386-pc", g.kept, vendor).items():
            g.files["boot/grub2/i386-pc/" + name] = data
        if g.lvm and not g.boot:
            g.core_modules = ["lvm"]
    g.programs("grub2-mkconfig", "grub2-install", "grubby")


def common(g, selinux_mode="enforcing", swap=True):
    base(g)
    g.programs("fsck.xfs", "xfs_growfs", "xfs_repair", "lvm", "vgchange", "lvextend", "load_policy", "restorecon", "sgdisk")
    g.files["etc/lvm/lvm.conf"] = "# see lvm.conf(5)\ndevices {\n}\n"
    lines = [(g.root_device, "/", g.root, "defaults", "0", "0")]
    if g.boot:
        lines.append(("UUID=" + g.boot_uuid, "/boot", g.boot, "defaults", "0", "0"))
    if g.uefi:
        lines.append((f"UUID={ESP_SERIAL[:4]}-{ESP_SERIAL[4:]}", "/boot/efi", "vfat", "umask=0077,shortname=winnt", "0", "2"))
    if g.swap:
        lines.append((f"/dev/mapper/{g.lvm[0].replace('-', '--')}-swap" if g.lvm else "UUID=" + g.swap_uuid, "swap", "swap", "defaults", "0", "0"))
    fstab(g, lines)
    selinux(g, selinux_mode)


def centos7(**layout):
    """CentOS 7.9: BIOS, /boot and the root on XFS, the root and swap on LVM; ifcfg files and network.service's successor NetworkManager."""
    g = Guest(**(dict(boot="xfs", root="xfs", lvm=("centos", "root"), swap=True, old_xfs=True, merged=True, sizes={"esp": 40, "boot": 300, "root": 300}) | layout))
    common(g)
    release_files(g, "centos", "CentOS Linux", "7 (Core)", "7", "rhel fedora", "CentOS Linux release 7.9.2009 (Core)\n", {"etc/centos-release": "CentOS Linux release 7.9.2009 (Core)\n"})
    systemd(g)
    accounts(g, root="!!")
    sshd(g, SSHD[7], keygen=False)
    g.unit("sshd-keygen.service", "[Unit]\nDescription=OpenSSH Server Key Generation\nConditionFileNotEmpty=|!/etc/ssh/ssh_host_rsa_key\nPartOf=sshd.service sshd.socket\n\n[Service]\nExecStart=/usr/sbin/sshd-keygen\nType=oneshot\nRemainAfterExit=yes\n")
    g.sed(g.units + "sshd.service", "After=network.target sshd-keygen.target\n", "After=network.target sshd-keygen.service\nWants=sshd-keygen.service\n")
    g.kernels = [Kernel("3.10.0-1160.119.1.el7.x86_64", builtin=EL7_BUILTIN, extra=("virtio_scsi", "nvme", "ena", "overlay"), absent=("btrfs",), suffix=".xz")]
    g.options = ["crashkernel=auto", "rd.lvm.lv=centos/root", "rd.lvm.lv=centos/swap", "net.ifnames=0", "biosdevname=0", *CONSOLE, "LANG=en_US.UTF-8"] if g.lvm else ["crashkernel=auto", "net.ifnames=0", "biosdevname=0", *CONSOLE]
    network_manager(g, unit=False)
    g.files["etc/sysconfig/network"] = "NETWORKING=yes\nNOZEROCONF=yes\n"
    g.files["etc/sysconfig/network-scripts/ifcfg-eth0"] = ifcfg(DEVICE="eth0", BOOTPROTO='"dhcp"', ONBOOT='"yes"', TYPE='"Ethernet"', USERCTL='"yes"', PEERDNS='"yes"', IPV6INIT='"no"', PERSISTENT_DHCLIENT='"1"')
    g.files["etc/sysconfig/network-scripts/ifcfg-lo"] = ifcfg(DEVICE="lo", IPADDR="127.0.0.1", NETMASK="255.0.0.0", ONBOOT="yes", NAME="loopback")
    g.files["etc/sysconfig/network-scripts/ifup"] = "#!/bin/bash\n# ifup of initscripts\n"
    g.files["etc/rc.d/init.d/functions"] = "# functions of initscripts\n"
    g.files["etc/rc.d/init.d/network"] = "#! /bin/bash\n#\n# network       Bring up/down networking\n#\n# chkconfig: 2345 10 90\n# description: Activates/Deactivates all network interfaces configured to \\\n#              start at boot time.\n#\n### BEGIN INIT INFO\n# Provides: $network\n# Default-Start: 2 3 4 5\n### END INIT INFO\n"
    g.files["etc/init.d"] = Link("rc.d/init.d")
    sysv_links(g, [("network", 10, 90)])
    for n in range(7):
        g.files[f"etc/rc{n}.d"] = Link(f"rc.d/rc{n}.d")
    g.programs("dhclient", "ifup")
    cloud_init(g, "19.4", distro="centos", user="centos", python="usr/lib/python2.7/site-packages", generator=False)
    g.finish.append(lambda g: g.put(packages.rpm(["basesystem-10.0-7.el7.centos", "bash-4.2.46-34.el7", "systemd-219-78.el7_9.9", "openssh-server-7.4p1-23.el7_9", "dracut-033-572.el7", "grub2-pc-1:2.02-0.87.el7.centos", "initscripts-9.49.53-1.el7", "NetworkManager-1:1.18.8-2.el7_9", "cloud-init-19.4-7.el7.centos.6", "cloud-utils-growpart-0.29-5.el7", "centos-release-7-9.2009.1.el7.centos", *[f"kernel-{k.version.removesuffix('.x86_64')}" for k in g.kernels]], "bdb", g.kept)))
    g.title = "CentOS Linux ({}) 7 (Core)"
    el7(g, g.title, "centos")
    return g


healthy("centos-7", centos7, note="composed: CentOS 7.9, BIOS, XFS on LVM, ifcfg files, rpm database of Berkeley DB")
healthy("centos-7-uefi", centos7, uefi=True, note="composed: the same with the whole grub.cfg in the ESP", traps="18")


def centos7_image(name, *rows, traps="", note="", **layout):
    return image("centos-7-" + name, *rows, traps=traps, note=note, base=centos7, **layout)


@centos7_image("initrd-hostonly-vmware", stops("initramfs", "DiskDriver.NotInInitramfs"), good().on(disk="sata"), traps="3", note="a host-only initramfs of a VMware machine has mptspi and no virtio; modules of virtio lie in /lib/modules")
def _(g):
    g.drivers = ["mptspi", "sd_mod", "ata_piix", "ahci", "ata_generic", "sr_mod", "xfs", "dm_mod"]
    g.hostonly = ("rd.lvm.lv=centos/root", "rd.lvm.lv=centos/swap")


@centos7_image("initrd-other-kernel", stops("initramfs", "Initramfs.WrongKernel"), traps="4", note="the initramfs of the default entry holds the modules of the kernel before")
def _(g):
    old = Kernel("3.10.0-957.el7.x86_64", builtin=EL7_BUILTIN, extra=("virtio_scsi", "nvme", "ena"), absent=("btrfs",), suffix=".xz")
    first = g.initrd
    g.initrd = lambda k: first(old)


@centos7_image("saved-entry-gone", good("Grub.SavedEntryMissing"), traps="17", note="grubenv names an entry that was removed: GRUB starts the first")
def _(g):
    g.late.append(lambda g: g.files.update({"boot/grub2/grubenv": boot.grubenv({"saved_entry": "CentOS Linux (3.10.0-327.el7.x86_64) 7 (Core)"})}))


@centos7_image("old-grub-cfg-beside", good(), traps="19", note="a menu.lst of GRUB legacy with another root lies beside the grub.cfg that is used")
def _(g):
    g.files["boot/grub/menu.lst"] = "default=0\ntimeout=5\ntitle CentOS (2.6.32-754.el6.x86_64)\n\troot (hd0,0)\n\tkernel /vmlinuz-2.6.32-754.el6.x86_64 ro root=/dev/xvda1\n\tinitrd /initramfs-2.6.32-754.el6.x86_64.img\n"


@centos7_image("uefi-boot-cfg-only", stops("bootloader", "Grub.ConfigMissing"), uefi=True, traps="18", note="GRUB of RHEL 7 reads the grub.cfg of the ESP; only that of /boot is there")
def _(g):
    def move(g):
        g.files["boot/grub2/grub.cfg"] = g.files.pop("boot/efi/EFI/centos/grub.cfg")
    g.late.append(move)


@centos7_image("uefi-no-fallback", stops("firmware", "EfiFallback.Missing"), uefi=True, traps="23", note="without the file at the removable path a cloud's firmware finds no loader")
def _(g):
    def remove(g):
        for name in ("BOOTX64.EFI", "fbx64.efi"):
            del g.files["boot/efi/EFI/BOOT/" + name]
        g.files["boot/efi/EFI/BOOT/"] = None
    g.late.append(remove)


@centos7_image("uefi-shim-alone", stops("firmware", "EfiFallback.Incomplete"), uefi=True, traps="24", note="shim at the removable path has neither GRUB nor the fallback program beside it")
def _(g):
    g.late.append(lambda g: g.files.pop("boot/efi/EFI/BOOT/fbx64.efi"))


@centos7_image("kernel-missing", stops("kernel", "Grub.KernelMissing"), traps="26", note="the kernel was updated while /boot was not mounted: the new one lies under the mount point")
def _(g):
    new = Kernel("3.10.0-1160.el7.x86_64", builtin=EL7_BUILTIN, extra=("virtio_scsi", "nvme", "ena"), absent=("btrfs",), suffix=".xz")
    g.put(new.tree(prefix="usr/lib/modules/"))
    def change(g):
        for p in [p for p in g.files if p.startswith("boot/") and g.kernels[0].version in p]:
            del g.files[p]
    g.late.append(change)


@centos7_image("lvm-filter-sd", stops("root", "RootStack.LvmFilter"), good().on(disk="virtio-scsi"), traps="28", note="lvm.conf in the initramfs accepts /dev/sd* only")
def _(g):
    conf = "devices {\n\tfilter = [ \"a|^/dev/sd.*|\", \"r|.*|\" ]\n}\n"
    g.files["etc/lvm/lvm.conf"] = conf
    g.early_more = {"etc/lvm/lvm.conf": conf}


@centos7_image("initrd-no-lvm", stops("root", "Initramfs.NoLvm"), note="dracut's module lvm was left out of the initramfs")
def _(g):
    g.generic, g.lvm_in = False, False
    g.no_dracut = ("lvm",)


@centos7_image("rd-lvm-other", stops("root", "Initramfs.LvmNotNamed"), note="rd.lvm.lv names volumes of another group: dracut activates those only")
def _(g):
    g.options = [o.replace("centos/", "rhel/") for o in g.options]


@centos7_image("ifcfg-hwaddr", unreachable("Dhcp.MacBound"), traps="55", note="HWADDR of the source machine: the initscripts leave the interface alone")
def _(g):
    g.files["etc/sysconfig/network-scripts/ifcfg-eth0"] += "HWADDR=00:0c:29:3a:1b:5c\n"
    g.files["etc/cloud/cloud.cfg.d/99-disable-network-config.cfg"] = "network: {config: disabled}\n"


@centos7_image("ifcfg-static-cloud-init", good(), traps="49", note="a static file of the old platform that cloud-init renders anew")
def _(g):
    g.files["etc/sysconfig/network-scripts/ifcfg-eth0"] = "# Created by cloud-init on instance boot automatically, do not edit.\n#\n" + ifcfg(BOOTPROTO="none", DEVICE="eth0", IPADDR="192.168.7.20", NETMASK="255.255.255.0", GATEWAY="192.168.7.1", ONBOOT="yes", TYPE="Ethernet", USERCTL="no")


@centos7_image("ifcfg-static-pinned", unreachable("Dhcp.Static"), traps="50", note="a static file, and cloud-init is told not to render the network")
def _(g):
    g.files["etc/sysconfig/network-scripts/ifcfg-eth0"] = ifcfg(BOOTPROTO="none", DEVICE="eth0", IPADDR="192.168.7.20", NETMASK="255.255.255.0", GATEWAY="192.168.7.1", ONBOOT="yes", TYPE="Ethernet")
    g.files["etc/cloud/cloud.cfg.d/99-disable-network-config.cfg"] = "network: {config: disabled}\n"


@centos7_image("ifcfg-bridge", good(), traps="58", note="the bridge br0 carries DHCP, eth0 is its port")
def _(g):
    top = "etc/sysconfig/network-scripts/"
    g.files[top + "ifcfg-eth0"] = ifcfg(DEVICE="eth0", ONBOOT="yes", TYPE="Ethernet", BRIDGE="br0", BOOTPROTO="none")
    g.files[top + "ifcfg-br0"] = ifcfg(DEVICE="br0", ONBOOT="yes", TYPE="Bridge", BOOTPROTO="dhcp", DELAY="0")
    g.files["etc/cloud/cloud.cfg.d/99-disable-network-config.cfg"] = "network: {config: disabled}\n"


@centos7_image("persistent-net-rules", good("PersistentNames.Rules"), traps="56", note="rules of another machine's MAC address: another address is not renamed")
def _(g):
    g.files["etc/udev/rules.d/70-persistent-net.rules"] = 'SUBSYSTEM=="net", ACTION=="add", DRIVERS=="?*", ATTR{address}=="00:0c:29:3a:1b:5c", ATTR{type}=="1", KERNEL=="eth*", NAME="eth1"\n'


@centos7_image("selinux-type-typo", stops("init", "Selinux.PolicyMissing"), traps="65", note="SELINUXTYPE=disabled: systemd cannot load a policy while enforcing and freezes")
def _(g):
    g.sed("etc/selinux/config", "SELINUXTYPE=targeted", "SELINUXTYPE=disabled")


@centos7_image("selinux-no-labels", unreachable("Selinux.LabelsMissing", "access"), traps="64", note="files written offline without labels under an enforcing policy")
def _(g):
    g.labels = False


@centos7_image("fstab-upper-case", stops("init", "Fstab.CaseMismatch"), traps="37", note="the UUID of /boot in capitals: no such link of udev's")
def _(g):
    g.sed("etc/fstab", "UUID=" + g.boot_uuid, "UUID=" + g.boot_uuid.upper())


@centos7_image("xfs-nobarrier", good(), traps="44", note="nobarrier is an option of XFS before Linux 4.19: fine on 3.10")
def _(g):
    g.sed("etc/fstab", "/ xfs defaults", "/ xfs defaults,nobarrier")


@centos7_image("sshd-listen-address", unreachable("Ssh.ListenAddress", "access"), traps="61", note="sshd listens on an address of the old network")
def _(g):
    g.files["etc/ssh/sshd_config"] = "ListenAddress 192.168.7.20\n" + g.files["etc/ssh/sshd_config"]
