"""RHEL, what is rebuilt of it and what grew out of it, from 6 on (RHEL 5 is in rhel5.py)."""
import re

import boot, breakages, initramfs, packages
from guest import ESP_SERIAL, HASH, NOSUCH, MACHINE_ID, Guest, accounts, base, cloud_init, fstab, host_keys, ifcfg, kernels, keyfile, network_manager, sshd, systemd, sysv_links, upstart
from kernel import Kernel
from parts import Link, program
from table import good, healthy, image, silent, stops, unclear, unprovisioned, unreachable

EL7_BUILTIN = ("scsi_mod", "crct10dif_common", "crc32c_generic")
EL8_BUILTIN = ("crc32c_generic", "crct10dif_common", "scsi_mod", "scsi_common", "virtio", "virtio_ring", "virtio_pci", "virtio_pci_legacy_dev", "virtio_pci_modern_dev")
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

def dracut(g, version, drivers=ROOT, **more):
    """The early user space: generic, as images of clouds have it; breakages change what is set here."""
    release = g.files["usr/lib/os-release"]
    g.drivers, g.no_dracut, g.early_more, g.hostonly, g.early_drop = list(drivers), (), {}, (), ()
    g.initrd = lambda k: initramfs.dracut(g.kept, k, g.drivers, release, version=version, lvm="lvm" not in g.no_dracut, without=g.no_dracut, more=g.early_more, hostonly=g.hostonly, drop=g.early_drop, **more)


def classic(g, title, directory, version="033-572.el7", unrestricted=True, efi_command="linuxefi", bios_command="linux16", stub=False, **more):
    """Full menu entries in grub.cfg, which lies in the ESP on UEFI."""
    dracut(g, version, **more)
    def write(g):
        kernels(g)
        linux = efi_command if g.uefi else bios_command
        text = boot.header() + "### BEGIN /etc/grub.d/10_linux ###\n"
        classes = ("red", "gnu-linux", "gnu", "os")
        for k in g.kernels:
            text += boot.menuentry(g, f"{title.format(k.version)}", f"gnulinux-{k.version}-advanced-{g.root_uuid}", f"{g.on_boot}vmlinuz-{k.version}", f"{g.on_boot}initramfs-{k.version}.img", " ".join([f"root={g.root_device}", "ro", *g.options]), classes, linux, True, "\tload_video\n\tset gfxpayload=keep\n\tinsmod gzio\n")
        text += "### END /etc/grub.d/10_linux ###\n\n" + boot.tail()
        env = boot.grubenv({"saved_entry": title.format(g.kernels[0].version)})
        g.files["etc/default/grub"] = f'GRUB_TIMEOUT=5\nGRUB_DISTRIBUTOR="$(sed \'s, release .*$,,g\' /etc/system-release)"\nGRUB_DEFAULT=saved\nGRUB_DISABLE_SUBMENU=true\nGRUB_TERMINAL_OUTPUT="console"\nGRUB_CMDLINE_LINUX="{" ".join(g.options)}"\nGRUB_DISABLE_RECOVERY="true"\n'
        grub_files(g, directory, text, env, stub=stub)
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


def bls(g, title, directory, version, kernelopts=False, stub=True, env=None, **more):
    """Entries of the Boot Loader Specification; `kernelopts`: options are in grubenv, as RHEL 8 has them."""
    dracut(g, version, **more)
    g.entry_options = None                                   # the options lines, where they are not the usual
    g.env = {} if env is None else env
    def write(g):
        kernels(g)
        options = " ".join([f"root={g.root_device}", "ro", *g.options])
        for k in g.kernels:
            identity = f"{MACHINE_ID}-{k.version}"
            initrd = f"{g.on_boot}initramfs-{k.version}.img" + (" $tuned_initrd" if kernelopts else "")
            line = g.entry_options or ("$kernelopts $tuned_params" if kernelopts else options)
            g.files[f"boot/loader/entries/{identity}.conf"] = boot.bls_entry(title.format(k.version), k.version, f"{g.on_boot}vmlinuz-{k.version}", initrd, line, identity)
        env = {"saved_entry": f"{MACHINE_ID}-{g.kernels[0].version}", **({"kernelopts": options + " "} if kernelopts else {}), "boot_success": "0", "boot_indeterminate": "0", **g.env}
        g.files["etc/default/grub"] = f'GRUB_TIMEOUT=5\nGRUB_DISTRIBUTOR="$(sed \'s, release .*$,,g\' /etc/system-release)"\nGRUB_DEFAULT=saved\nGRUB_DISABLE_SUBMENU=true\nGRUB_TERMINAL_OUTPUT="console"\nGRUB_CMDLINE_LINUX="{" ".join(g.options)}"\nGRUB_DISABLE_RECOVERY="true"\nGRUB_ENABLE_BLSCFG=true\n'
        text = boot.header() + boot.bls_section(g, options if kernelopts else None) + boot.tail()
        grub_files(g, directory, text, boot.grubenv({k: v for k, v in env.items() if v is not None}, warning=True), stub)
    g.finish.append(write)


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


def keygen_service(g):
    """How RHEL 7 makes host keys."""
    g.unit("sshd-keygen.service", "[Unit]\nDescription=OpenSSH Server Key Generation\nConditionFileNotEmpty=|!/etc/ssh/ssh_host_rsa_key\nPartOf=sshd.service sshd.socket\n\n[Service]\nExecStart=/usr/sbin/sshd-keygen\nType=oneshot\nRemainAfterExit=yes\n")
    g.sed(g.units + "sshd.service", "After=network.target sshd-keygen.target\n", "After=network.target sshd-keygen.service\nWants=sshd-keygen.service\n")


def centos7(**layout):
    """CentOS 7.9: BIOS, /boot and the root on XFS, the root and swap on LVM; ifcfg files and network.service's successor NetworkManager."""
    g = Guest(**(dict(boot="xfs", root="xfs", lvm=("centos", "root"), swap=True, old_xfs=True, merged=True, sizes={"esp": 40, "boot": 300, "root": 300}) | layout))
    common(g)
    release_files(g, "centos", "CentOS Linux", "7 (Core)", "7", "rhel fedora", "CentOS Linux release 7.9.2009 (Core)\n", {"etc/centos-release": "CentOS Linux release 7.9.2009 (Core)\n"})
    systemd(g)
    accounts(g, root="!!", user="centos")
    sshd(g, SSHD[7], keygen=False)
    keygen_service(g)
    g.kernels = [Kernel("3.10.0-1160.119.1.el7.x86_64", builtin=EL7_BUILTIN, extra=("ena", "overlay", "pci_hyperv"), absent=("btrfs",), suffix=".xz")]
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
    classic(g, g.title, "centos")
    return g


# ---- el8 and later ---------------------------------------------------------------------------------------------------------

def el(g, identity, name, version, version_id, el="el9", redhat=None, like="rhel centos fedora", more=None, rpms=(), python="usr/lib/python3.9/site-packages", cloud="23.4", user="cloud-user", backend="sqlite", sshd_config=SSHD[9], generator=True, databases="var/lib/rpm", renamed=False, units=True, preset=None, networkd=False):
    """What RHEL 8, 9 and 10 and their kin have in common."""
    common(g)
    release_files(g, identity, name, version, version_id, like, redhat or f"{name} release {version}\n", more)
    systemd(g, preset=preset, networkd=networkd)
    accounts(g, root="!!", user=user)
    sshd(g, sshd_config)
    g.files["etc/ssh/sshd_config.d/50-redhat.conf"] = "SyslogFacility AUTHPRIV\nPasswordAuthentication no\nChallengeResponseAuthentication no\nGSSAPIAuthentication yes\nGSSAPICleanupCredentials no\nUsePAM yes\nX11Forwarding yes\nPrintMotd no\n"
    cloud_init(g, cloud, distro="rhel", user=user, python=python, generator=generator, renamed=renamed)
    def database(g):
        kernel = [f"kernel-core-{k.version.rsplit('.', 1)[0]}" for k in g.kernels if k.version.count("-") == 1]
        g.put(packages.rpm([f"basesystem-11-5.{el}", f"bash-5.1.8-6.{el}", f"systemd-252-32.{el}", f"openssh-server-8.7p1-38.{el}", f"grub2-pc-1:2.06-77.{el}", f"cloud-init-{cloud}-7.{el}", f"cloud-utils-growpart-0.33-0.{el}", *kernel, *rpms], backend, g.kept, databases, "aarch64" if g.architecture == "arm64" else "x86_64"))
    g.finish.append(database)


def rhel9(**layout):
    """RHEL 9.4: UEFI, literal options in BLS entries, a stub in the ESP, a keyfile, rpm's sqlite."""
    g = Guest(**(dict(uefi=True, boot="xfs", root="xfs", sizes={"esp": 40, "boot": 300, "root": 300}) | layout))
    el(g, "rhel", "Red Hat Enterprise Linux", "9.4 (Plow)", "9.4", like="fedora", rpms=["NetworkManager-1:1.46.0-1.el9", "dracut-057-53.git20240104.el9", "redhat-release-9.4-0.5.el9"])
    g.kernels = [Kernel("5.14.0-427.13.1.el9_4.x86_64", builtin=EL8_BUILTIN, absent=("btrfs",), suffix=".xz")]
    g.options = [*CONSOLE, "crashkernel=1G-4G:192M,4G-64G:256M,64G-:512M"]
    network_manager(g, keyfiles={"cloud-init-eth0.nmconnection": keyfile("cloud-init eth0", method="auto")})
    bls(g, "Red Hat Enterprise Linux ({}) 9.4 (Plow)", "redhat", "057-53.git20240104.el9")
    return g


rhel9.uefi = True


def rocky8(**layout):
    """Rocky 8.10: $kernelopts from grubenv, ifcfg files read by NetworkManager's plug-in."""
    g = Guest(**(dict(root="xfs", sizes={"esp": 40, "boot": 300, "root": 300}) | layout))
    el(g, "rocky", "Rocky Linux", "8.10 (Green Obsidian)", "8.10", el="el8", python="usr/lib/python3.6/site-packages", user="rocky", backend="bdb", sshd_config=SSHD[7], rpms=["NetworkManager-1:1.40.16-15.el8_9", "dracut-049-233.git20240115.el8", "rocky-release-8.10-1.9.el8"],
       more={"etc/rocky-release": "Rocky Linux release 8.10 (Green Obsidian)\n"})
    del g.files["etc/ssh/sshd_config.d/50-redhat.conf"]
    g.kernels = [Kernel("4.18.0-553.5.1.el8_10.x86_64", builtin=EL8_BUILTIN, extra=("gve",), absent=("btrfs",), suffix=".xz")]
    g.options = [*CONSOLE, "no_timer_check", "net.ifnames=0", "crashkernel=auto"]
    network_manager(g)
    g.files["etc/sysconfig/network-scripts/ifcfg-eth0"] = ifcfg(TYPE="Ethernet", BOOTPROTO="dhcp", DEVICE="eth0", ONBOOT="yes", PEERDNS="yes", IPV6INIT="yes")
    bls(g, "Rocky Linux ({}) 8.10 (Green Obsidian)", "rocky", "049-233.git20240115.el8", kernelopts=True, stub=False)
    return g


healthy("centos-7", centos7, note="composed: CentOS 7.9, BIOS, XFS on LVM, ifcfg files, rpm database of Berkeley DB")
healthy("centos-7-plain", centos7, boot=None, lvm=None, swap=False, note="composed: the same as its cloud image is, one XFS without LVM")
healthy("centos-7-uefi", centos7, uefi=True, note="composed: the same with the whole grub.cfg in the ESP", traps="18")


def centos7_image(name, *rows, traps="", note="", **layout):
    return image("centos-7-" + name, *rows, traps=traps, note=note, base=centos7, **layout)


@centos7_image("initrd-hostonly-vmware", stops("initramfs", "DiskDriver.NotInInitramfs"), good().on(disk="sata"), *[stops("initramfs", "DiskDriver.NotInInitramfs").on(target=t, disk=d) for t, d in (("aws-nitro", "nvme"), ("gcp", "virtio-scsi"), ("azure", "vmbus"))], traps="3", note="a host-only initramfs of a VMware machine has mptspi and no virtio; modules of virtio lie in /lib/modules")
def _(g):
    g.drivers = ["mptspi", "sd_mod", "ata_piix", "ahci", "ata_generic", "sr_mod", "xfs", "dm_mod"]
    g.hostonly = ("rd.lvm.lv=centos/root", "rd.lvm.lv=centos/swap")


@centos7_image("initrd-other-kernel", stops("initramfs", "Initramfs.WrongKernel"), traps="4", note="the initramfs of the default entry holds the modules of the kernel before")
def _(g):
    old = Kernel("3.10.0-957.el7.x86_64", builtin=EL7_BUILTIN, extra=("ena",), absent=("btrfs",), suffix=".xz")
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
    new = Kernel("3.10.0-1160.el7.x86_64", builtin=EL7_BUILTIN, extra=("ena",), absent=("btrfs",), suffix=".xz")
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


@centos7_image("initrd-no-lvm", stops("initramfs", "Initramfs.NoLvm"), note="dracut's module lvm was left out of the initramfs")
def _(g):
    g.no_dracut = ("lvm",)


@centos7_image("rd-lvm-other", stops("initramfs", "Initramfs.LvmNotNamed"), note="rd.lvm.lv names volumes of another group: dracut activates those only")
def _(g):
    g.options = [o.replace("centos/", "rhel/") for o in g.options]


@centos7_image("ifcfg-hwaddr", unreachable("Dhcp.MacBound"), traps="55", note="HWADDR of the source machine: the initscripts leave the interface alone")
def _(g):
    g.files["etc/sysconfig/network-scripts/ifcfg-eth0"] += "HWADDR=00:0c:29:3a:1b:5c\n"
    g.files["etc/cloud/cloud.cfg.d/99-disable-network-config.cfg"] = "network: {config: disabled}\n"


@centos7_image("ifcfg-static-cloud-init", unclear(), traps="49", note="a static file of the old platform that cloud-init renders anew")
def _(g):
    g.files["etc/sysconfig/network-scripts/ifcfg-eth0"] = "# Created by cloud-init on instance boot automatically, do not edit.\n#\n" + ifcfg(BOOTPROTO="none", DEVICE="eth0", IPADDR="192.168.7.20", NETMASK="255.255.255.0", GATEWAY="192.168.7.1", ONBOOT="yes", TYPE="Ethernet", USERCTL="no")


@centos7_image("ifcfg-static-pinned", unreachable("Dhcp.Static"), traps="50", note="a static file, and cloud-init is told not to render the network")
def _(g):
    g.files["etc/sysconfig/network-scripts/ifcfg-eth0"] = ifcfg(BOOTPROTO="none", DEVICE="eth0", IPADDR="192.168.7.20", NETMASK="255.255.255.0", GATEWAY="192.168.7.1", ONBOOT="yes", TYPE="Ethernet")
    g.files["etc/cloud/cloud.cfg.d/99-disable-network-config.cfg"] = "network: {config: disabled}\n"


@centos7_image("ifcfg-bridge", unclear(), traps="58", note="the bridge br0 carries DHCP, eth0 is its port")
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


# ---- RHEL 9 and Rocky 8, broken ---------------------------------------------------------------------------------------------

healthy("rhel-9-uefi", rhel9, note="composed: RHEL 9.4, UEFI, BLS entries with literal options, a keyfile, rpm database of sqlite", traps="20")
healthy("rocky-8", rocky8, note="composed: Rocky 8.10, BIOS, $kernelopts, an ifcfg file read by NetworkManager's plug-in", traps="16, 20")
healthy("rocky-8-uefi", rocky8, uefi=True, note="composed: the same with grub.cfg and grubenv in the ESP")


breakages.register("rhel-9-uefi", rhel9, "shim-alone", "csv-gone", "entries-gone", "kernel-gone", "initrd-no-nvme")
breakages.register("rocky-8-uefi", rocky8, "no-fallback", "config-gone", "entries-gone", "kernel-gone", "initrd-no-nvme", uefi=True)


def rhel9_image(name, *rows, traps="", note="", **layout):
    return image("rhel-9-uefi-" + name, *rows, traps=traps, note=note, base=rhel9, **layout)


def rocky8_image(name, *rows, traps="", note="", **layout):
    return image("rocky-8-" + name, *rows, traps=traps, note=note, base=rocky8, **layout)


@rhel9_image("stub-other-uuid", stops("bootloader", "Grub.EfiStubUuid"), traps="18", note="the stub in the ESP looks for another file system: GRUB stays at its prompt")
def _(g):
    g.late.append(lambda g: g.sed("boot/efi/EFI/redhat/grub.cfg", g.grub_uuid, NOSUCH))


@rhel9_image("keyfile-mode", good(), traps="51, 53", note="NetworkManager ignores a keyfile that others may read, and configures the card by itself")
def _(g):
    g.modes.pop("etc/NetworkManager/system-connections/cloud-init-eth0.nmconnection")
    g.mode("etc/NetworkManager/system-connections/cloud-init-eth0.nmconnection", 0o644)
    g.files["etc/cloud/cloud.cfg.d/99-disable-network-config.cfg"] = "network: {config: disabled}\n"


@rhel9_image("keyfile-mode-no-auto", unreachable("Dhcp.Ignored"), traps="51, 53", note="the keyfile is ignored for its mode, and NetworkManager-config-server forbids connections of its own")
def _(g):
    g.modes.pop("etc/NetworkManager/system-connections/cloud-init-eth0.nmconnection")
    g.mode("etc/NetworkManager/system-connections/cloud-init-eth0.nmconnection", 0o644)
    g.files["usr/lib/NetworkManager/conf.d/00-server.conf"] = "[main]\nno-auto-default=*\nignore-carrier=*\n"
    g.files["etc/cloud/cloud.cfg.d/99-disable-network-config.cfg"] = "network: {config: disabled}\n"


@rhel9_image("no-config", good(), traps="53", note="no connection at all: NetworkManager makes one with DHCP")
def _(g):
    del g.files["etc/NetworkManager/system-connections/cloud-init-eth0.nmconnection"]
    g.files["etc/cloud/cloud.cfg.d/99-disable-network-config.cfg"] = "network: {config: disabled}\n"


@rhel9_image("keyfile-other-name", unreachable("Dhcp.NameMismatch"), silent("Dhcp.NameMismatch").on(target="gcp", disk="virtio-scsi"), silent("Dhcp.NameMismatch").on(target="azure", disk="vmbus"), traps="57", note="DHCP for ens192 of VMware only, and no connections of NetworkManager's own")
def _(g):
    g.files["etc/NetworkManager/system-connections/cloud-init-eth0.nmconnection"] = keyfile("ens192", "ens192")
    g.files["usr/lib/NetworkManager/conf.d/00-server.conf"] = "[main]\nno-auto-default=*\n"
    g.files["etc/cloud/cloud.cfg.d/99-disable-network-config.cfg"] = "network: {config: disabled}\n"


@rhel9_image("keyfile-other-static", good(), traps="48", note="a static connection for ens192, which cannot exist any more: NetworkManager configures the real card by itself")
def _(g):
    g.files["etc/NetworkManager/system-connections/cloud-init-eth0.nmconnection"] = keyfile("ens192", "ens192", "manual", "192.168.7.20/24,192.168.7.1")
    g.files["etc/cloud/cloud.cfg.d/99-disable-network-config.cfg"] = "network: {config: disabled}\n"


@rhel9_image("lvm-devices", unclear("RootStack.LvmDevices", boots="unknown"), lvm=("rhel", "root"), swap=True, traps="27", note="system.devices in the initramfs names the WWID of the old disk; whether LVM finds the volume again depends on its version")
def _(g):
    g.options = ["rd.lvm.lv=rhel/root", "rd.lvm.lv=rhel/swap", *g.options]
    text = "# LVM uses devices listed in this file.\n# Created by LVM command lvmdevices pid 1234 at Sat Jun  1 00:00:00 2024\nVERSION=1.1.2\nIDTYPE=sys_wwid IDNAME=naa.6000c29a1b2c3d4e5f60718293a4b5c6 DEVNAME=/dev/sda3 PVID=pppppppppppppppppppppppppppppppp PART=3\n"
    g.files["etc/lvm/devices/system.devices"] = text
    g.early_more = {"etc/lvm/devices/system.devices": text, "etc/lvm/lvm.conf": "devices {\n}\n"}


@rhel9_image("initrd-squash", good(), traps="6", note="the payload of the initramfs lies in a squashfs image inside it")
def _(g):
    def repack(g):
        import os, tempfile
        from disk import lay_out
        path = f"boot/initramfs-{g.kernels[0].version}.img"
        tree = {p: d for p, d in initramfs.dracut_tree(g.kept).items()} | g.kernels[0].tree(g.drivers, prefix="usr/lib/modules/")
        with tempfile.TemporaryDirectory(dir=g.kept) as t:
            plain = Guest()
            os.mkdir(t + "/root")
            lay_out(tree, t + "/root", plain)
            initramfs.run("mksquashfs", t + "/root", t + "/image", "-comp", "zstd", "-no-progress", "-quiet", "-no-xattrs")
            with open(t + "/image", "rb") as f:
                squash = f.read()
        outer = {"squash-root.img": squash, "usr/lib/dracut/dracut-057-53.git20240104.el9": "", "usr/bin/sh": program(), "usr/bin/mount": program(), "bin": Link("usr/bin"), "sbin": Link("usr/sbin"), "lib": Link("usr/lib"), "lib64": Link("usr/lib64"), "usr/sbin/modprobe": program(),
                 "squash/": None, "usr/lib64/libc.so.6": initramfs.elf(soname="libc.so.6"), "usr/lib64/ld-linux-x86-64.so.2": initramfs.elf(soname="ld-linux-x86-64.so.2"), "etc/initrd-release": g.files["usr/lib/os-release"],
                 "init": "#!/bin/sh\n/bin/mount -t proc -o nosuid,noexec,nodev proc /proc\nmodprobe loop\nmodprobe squashfs\nmodprobe overlay\nmount -t squashfs -o ro,loop /squash-root.img /squash/root\nmount -t overlay overlay -o lowerdir=/squash/root,upperdir=/squash/overlay/upper,workdir=/squash/overlay/work /squash/overlay\nexec switch_root /squash/overlay /init\n"}
        outer.update(g.kernels[0].tree(["loop", "squashfs", "overlay"], prefix="usr/lib/modules/"))
        g.files[path] = initramfs.archive({p: d for p, d in outer.items() if d is not None}, "gzip", early=True)
    g.late.append(repack)


@rhel9_image("weak-updates", good(), traps="14", note="virtio_blk of a vendor's package for another kernel, linked into weak-updates")
def _(g):
    k = g.kernels[0]
    other = Kernel("5.14.0-427.el9.x86_64", builtin=EL8_BUILTIN, suffix=".xz")
    def change(g):
        top = "usr/lib/modules/"
        g.files[f"{top}{other.version}/extra/virtio_blk.ko.xz"] = other.file("virtio_blk")
        g.files[f"{top}{k.version}/weak-updates/virtio_blk.ko.xz"] = Link(f"/lib/modules/{other.version}/extra/virtio_blk.ko.xz")
        del g.files[f"{top}{k.version}/{k.path('virtio_blk')}"]
        g.sed(f"{top}{k.version}/modules.dep", k.path("virtio_blk"), "weak-updates/virtio_blk.ko.xz")
    g.late.append(change)


@rhel9_image("rescue-entry", good(), traps="33", note="the rescue entry's initramfs is another: it says nothing of the default entry")
def _(g):
    def add(g):
        k = g.kernels[0].version
        name = MACHINE_ID + "-0-rescue"
        g.files[f"boot/vmlinuz-0-rescue-{MACHINE_ID}"] = g.files["boot/vmlinuz-" + k]
        g.files[f"boot/initramfs-0-rescue-{MACHINE_ID}.img"] = initramfs.dracut(g.kept, g.kernels[0], ["mptspi", "sd_mod", "xfs"], g.files["usr/lib/os-release"])
        g.files[f"boot/loader/entries/{name}.conf"] = boot.bls_entry("Red Hat Enterprise Linux (0-rescue) 9.4 (Plow)", "0-rescue-" + MACHINE_ID, f"/vmlinuz-0-rescue-{MACHINE_ID}", f"/initramfs-0-rescue-{MACHINE_ID}.img", f"root={g.root_device} ro", name)
    g.late.append(add)


@rhel9_image("saved-entry-gone", good("Grub.SavedEntryMissing"), traps="17", note="saved_entry names an entry that is gone")
def _(g):
    g.env["saved_entry"] = MACHINE_ID + "-5.14.0-362.8.1.el9_3.x86_64"


@rhel9_image("selinux-disabled", good(), traps="66", note="SELINUX=disabled of RHEL 9 leaves the kernel's part on, without a policy: harmless")
def _(g):
    g.sed("etc/selinux/config", "SELINUX=enforcing", "SELINUX=disabled")
    g.labels = False


@rhel9_image("machine-id-same", good("MachineId.Cloned"), traps="73", note="a machine-id of its own in the image: clones get the same DHCP identity")
def _(g):
    g.files["etc/machine-id"] = MACHINE_ID + "\n"


@rhel9_image("datasource-pinned", unreachable("Login.NoPath", "access"), good().on(target="azure", disk="vmbus"), *[silent("Login.NoPath", "access").on(target=t, disk=d) for t, d in (("aws-nitro", "nvme"), ("gcp", "virtio-scsi"), ("openstack", "virtio-blk"))], traps="67", note="datasource_list names Azure only, no key and no password are in the image")
def _(g):
    del g.files["home/cloud-user/.ssh/authorized_keys"], g.modes["home/cloud-user/.ssh/authorized_keys"], g.modes["home/cloud-user/.ssh"]
    g.files["etc/cloud/cloud.cfg.d/91-azure_datasource.cfg"] = "datasource_list: [ Azure ]\n"


@rhel9_image("preset-empty-id", good(), traps="62", note="a preset disables sshd; an empty machine-id is no first boot for systemd: presets are not applied")
def _(g):
    g.files["etc/systemd/system-preset/10-hardening.preset"] = "disable sshd.service\n"


@rhel9_image("preset-first-boot", good(), traps="62", note="the machine-id is uninitialized: systemd 252 applies presets on first boot, but only those that enable; a line that disables sshd does nothing")
def _(g):
    g.files["etc/machine-id"] = "uninitialized\n"
    g.files["etc/systemd/system-preset/10-hardening.preset"] = "disable sshd.service\n"


@rhel9_image("sshd-masked", unreachable("Ssh.Disabled", "access"), unreachable("Ssh.Disabled", "access").on(target="aws-nitro", disk="nvme"), traps="63", note="sshd.service is a link to /dev/null")
def _(g):
    g.disable("sshd.service")
    g.files["etc/systemd/system/sshd.service"] = Link("/dev/null")


@rhel9_image("root-subscription", good("Registration.Found"), note="the certificate of a subscription of another machine")
def _(g):
    g.files["etc/pki/consumer/cert.pem"] = "-----BEGIN CERTIFICATE-----\nbm90aGluZw==\n-----END CERTIFICATE-----\n"


@rhel9_image("xfs-nobarrier", stops("root", "Cmdline.RootFlags"), traps="44", note="nobarrier in rootflags: XFS of Linux 5.14 refuses to mount")
def _(g):
    g.options.append("rootflags=nobarrier")


@rhel9_image("efi-line-wrong", stops("init", "Fstab.DeviceNotFound"), traps="42", note="/boot/efi names a serial that is gone: emergency mode")
def _(g):
    g.sed("etc/fstab", f"UUID={ESP_SERIAL[:4]}-{ESP_SERIAL[4:]}", "UUID=DEAD-BEEF")


@rocky8_image("kernelopts-gone", good(), traps="16", note="grubenv without kernelopts: grub.cfg has the fallback text")
def _(g):
    g.env["kernelopts"] = None


@rocky8_image("kernelopts-nowhere", unclear(boots="unknown"), traps="16", note="kernelopts neither in grubenv nor in grub.cfg: the kernel gets no root=")
def _(g):
    g.env["kernelopts"] = None
    def change(g):
        g.files["boot/grub2/grub.cfg"] = re.sub(r'if \[ -z "\$\{kernelopts\}" \]; then\n.*\nfi\n', "", g.files["boot/grub2/grub.cfg"])
    g.late.append(change)


@rocky8_image("root-wrong", stops("root", "Grub.RootNotFound"), note="root= in kernelopts names a file system that is gone")
def _(g):
    def change(g):
        for path in ("boot/grub2/grubenv", "boot/grub2/grub.cfg"):
            g.files[path] = g.files[path].replace("root=UUID=" + g.root_uuid, "root=UUID=" + NOSUCH)
    g.late.append(change)


@rocky8_image("fstab-data-disk", stops("init", "Fstab.DeviceNotFound"), traps="36", note="a data disk of the source in fstab without nofail")
def _(g):
    g.files["etc/fstab"] += f"UUID={NOSUCH} /data xfs defaults 0 0\n"


@rocky8_image("fstab-data-disk-nofail", good(), traps="36", note="the same with nofail")
def _(g):
    g.files["etc/fstab"] += f"UUID={NOSUCH} /data xfs defaults,nofail 0 0\n"


@rocky8_image("fstab-crlf", good(), traps="38, 39", note="fstab with line ends of Windows: the last field of a whole line is a number, which the carriage return does not change")
def _(g):
    g.files["etc/fstab"] = g.files["etc/fstab"].replace("\n", "\r\n")


@rocky8_image("swap-gone", good("Fstab.SwapNotFound"), traps="42", note="a swap area that is gone: a delay of a minute and a half, no more")
def _(g):
    g.files["etc/fstab"] += f"UUID={NOSUCH} swap swap defaults 0 0\n"


@rocky8_image("mount-unit", stops("init", "Fstab.DeviceNotFound"), traps="46", note="a mount unit, not fstab, needs a disk that is gone")
def _(g):
    g.files["etc/systemd/system/data.mount"] = f"[Unit]\nDescription=Data\n\n[Mount]\nWhat=/dev/disk/by-uuid/{NOSUCH}\nWhere=/data\nType=xfs\n\n[Install]\nRequiredBy=local-fs.target\n"
    g.files["etc/systemd/system/local-fs.target.requires/data.mount"] = Link("../data.mount")
    g.files["data/"] = None


@rocky8_image("blacklist-cmdline", stops("initramfs", "ModuleBlacklist.RootDisk"), good().on(disk="virtio-scsi"), stops("initramfs", "ModuleBlacklist.RootDisk").on(target="tencent-cvm"), good().on(target="proxmox", disk="virtio-scsi"), good().on(target="azure", disk="vmbus"), traps="10", note="virtio_blk is blacklisted on the command line: module and archive have it")
def _(g):
    g.options.append("modprobe.blacklist=virtio_blk")


@rocky8_image("blacklist-builtin", good(), traps="11", note="a blacklist line for virtio_pci, which this kernel has built in")
def _(g):
    line = "blacklist virtio_pci\n"
    g.files["etc/modprobe.d/blacklist-virtio.conf"] = line
    g.early_more = {"etc/modprobe.d/blacklist-virtio.conf": line}


@rocky8_image("bootloader-gone", stops("firmware", "BootLoader.NotInstalled"), traps="22", note="the packages and files of GRUB are there, its boot code is not")
def _(g):
    g.bios_loader = None


@rocky8_image("no-network-scripts", unreachable("Dhcp.Ignored"), traps="52, 54", note="the ifcfg file says NM_CONTROLLED=no and there is no network.service to read it")
def _(g):
    g.files["etc/sysconfig/network-scripts/ifcfg-eth0"] += "NM_CONTROLLED=no\n"
    g.files["etc/cloud/cloud.cfg.d/99-disable-network-config.cfg"] = "network: {config: disabled}\n"


@rocky8_image("growpart-root-not-last", good("Resize.NotLast"), *[unprovisioned("Resize.NotLast").on(target=t, disk=d) for t, d in (("alibaba-ecs", "virtio-blk"), ("azure", "vmbus"))], swap=True, traps="69", note="growpart is there, and swap lies behind the root")
def _(g):
    g.swap_last = True
