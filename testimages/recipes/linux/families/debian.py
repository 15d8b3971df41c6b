"""Debian 8 to 14, Ubuntu from 12.04 to 26.04."""
import boot, breakages, initramfs, packages
from guest import ESP_SERIAL, HASH, NOSUCH, Guest, accounts, base, cloud_init, host_keys, kernels, sshd, systemd, upstart
from kernel import Kernel
from parts import Link
from table import good, healthy, image, silent, stops, unclear, unprovisioned, unreachable

SSHD = "Include /etc/ssh/sshd_config.d/*.conf\nKbdInteractiveAuthentication no\nUsePAM yes\nX11Forwarding yes\nPrintMotd no\nAcceptEnv LANG LC_*\nSubsystem\tsftp\t/usr/lib/openssh/sftp-server\n"
SSHD_OLD = "Port 22\nProtocol 2\nHostKey /etc/ssh/ssh_host_rsa_key\nUsePrivilegeSeparation yes\nPermitRootLogin without-password\nStrictModes yes\nPubkeyAuthentication yes\nPasswordAuthentication no\nChallengeResponseAuthentication no\nX11Forwarding yes\nAcceptEnv LANG LC_*\nSubsystem sftp /usr/lib/openssh/sftp-server\nUsePAM yes\n"
UBUNTU_BUILTIN = ("crc32c_generic", "scsi_mod", "scsi_common", "sd_mod", "sr_mod", "cdrom", "virtio", "virtio_ring", "virtio_pci", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_blk", "virtio_scsi", "virtio_net", "net_failover", "failover", "ext4", "jbd2", "mbcache", "dm_mod", "libata", "ata_piix", "ata_generic", "t10_pi", "crct10dif_common", "xen_blkfront", "xen_netfront")
DRIVERS = ("virtio_blk", "virtio_scsi", "virtio_pci", "virtio_net", "nvme", "sd_mod", "ahci", "ata_piix", "ata_generic", "sr_mod", "ext4", "xfs", "btrfs", "crc32c_generic", "dm_mod", "xen_blkfront", "hv_storvsc", "hv_netvsc", "vmw_pvscsi", "mptspi")


def grub(g, title, identity="debian", efi_directory="debian", quick=True, signed=True):
    """/boot/grub as update-grub writes it."""
    g.grub = "grub"
    def write(g):
        kernels(g, initrd="initrd.img-{}")
        text = boot.header("0", 5)
        text += "### BEGIN /etc/grub.d/10_linux ###\nfunction gfxmode {\n\tset gfxpayload=\"${1}\"\n}\nset linux_gfx_mode=\nexport linux_gfx_mode\n"
        def entry(name, ident, k, options, initrd=True):
            return boot.menuentry(g, name, ident, f"{g.on_boot}vmlinuz-{k.version}", f"{g.on_boot}initrd.img-{k.version}" if initrd and g.with_initrd else None, f"root={g.root_argument or g.root_device} ro {' '.join(options)} ", (identity, "gnu-linux", "gnu", "os"), more="\tload_video\n\tinsmod gzio\n\tif [ x$grub_platform = xxen ]; then insmod xzio; insmod lzopio; fi\n")
        first = g.kernels[0]
        text += entry(title, f"gnulinux-simple-{g.root_uuid}", first, g.options)
        text += f"submenu 'Advanced options for {title}' $menuentry_id_option 'gnulinux-advanced-{g.root_uuid}' {{\n"
        for k in g.kernels:
            text += entry(f"{title}, with Linux {k.version}", f"gnulinux-{k.version}-advanced-{g.root_uuid}", k, g.options)
            text += entry(f"{title}, with Linux {k.version} (recovery mode)", f"gnulinux-{k.version}-recovery-{g.root_uuid}", k, ["single"])
        text += "}\n\n### END /etc/grub.d/10_linux ###\n\n" + boot.tail()
        g.files["boot/grub/grub.cfg"], g.files["boot/grub/grubenv"] = text, boot.grubenv()
        g.files["vmlinuz"], g.files["initrd.img"] = Link(f"boot/vmlinuz-{first.version}"), Link(f"boot/initrd.img-{first.version}")
        g.files["etc/default/grub"] = f'GRUB_DEFAULT=0\nGRUB_TIMEOUT=5\nGRUB_DISTRIBUTOR=`lsb_release -i -s 2> /dev/null || echo Debian`\nGRUB_CMDLINE_LINUX_DEFAULT=""\nGRUB_CMDLINE_LINUX="{" ".join(g.options)}"\n'
        platform = {"arm64": "arm64-efi"}.get(g.architecture, "x86_64-efi") if g.uefi else "i386-pc"
        for name, data in boot.grub_files(platform, g.kept, False).items():
            g.files[f"boot/grub/{platform}/{name}"] = data
        if g.esp:
            stub = f"search.fs_uuid {g.grub_uuid} root \nset prefix=($root)'{g.on_boot}grub'\nconfigfile $prefix/grub.cfg\n"
            g.put(boot.efi_files(g, efi_directory, g.kept, config=stub, use_shim=signed))
    g.finish.append(write)


def debian_base(g, release, tools="initramfs-tools", **early):
    base(g, "lib/aarch64-linux-gnu" if g.architecture == "arm64" else "lib/x86_64-linux-gnu")
    g.files.update(release)
    g.root_argument, g.with_initrd, g.drivers, g.early_more, g.modules, g.resume, g.early_drop = None, True, list(DRIVERS), {}, "most", None, ()
    g.initrd = lambda k: initramfs.initramfs_tools(k, g.drivers, merged=g.merged, modules=g.modules, resume=g.resume, more=g.early_more, lvm=bool(g.lvm), btrfs=g.root == "btrfs", drop=g.early_drop, **early)
    g.files["etc/initramfs-tools/initramfs.conf"] = "MODULES=most\nBUSYBOX=auto\nKEYMAP=n\nCOMPRESS=gzip\nDEVICE=\nNFSROOT=auto\n"
    g.files["etc/initramfs-tools/modules"] = "# List of modules that you want to include in your initramfs.\n"
    g.files["etc/timezone"] = "Etc/UTC\n"
    g.files["etc/mtab"] = Link("../proc/self/mounts")
    g.programs("ifup", "ifdown", "dhclient", "dash")
    lines = [f"{g.root_device} / {g.root} {'errors=remount-ro' if g.root == 'ext4' else 'defaults'} 0 1"]
    if g.boot:
        lines.append(f"UUID={g.boot_uuid} /boot {g.boot} defaults 0 2")
    if g.esp:
        lines.append(f"UUID={ESP_SERIAL[:4]}-{ESP_SERIAL[4:]} /boot/efi vfat umask=0077 0 1")
    g.files["etc/fstab"] = "# <file system> <mount point> <type> <options> <dump> <pass>\n" + "".join(l + "\n" for l in lines)
    g.modes.pop("etc/shadow", None)


def debian_accounts(g, user):
    accounts(g, root="*", user=user)
    g.mode("etc/shadow", 0o640, 0, 42); g.mode("etc/gshadow", 0o640, 0, 42)


def dpkg(g, *more):
    names = [("base-files", "1"), ("libc6", "2.31-1"), ("systemd", "247-1"), ("openssh-server", "1:8.4p1-5"), ("initramfs-tools", "0.140"), ("grub-pc", "2.06-3"), ("cloud-init", g.cloud_version), ("cloud-guest-utils", "0.31-2"), *more]
    g.finish.append(lambda g: g.put(packages.dpkg(names + [(f"linux-image-{k.version}", "1") for k in g.kernels], states=g.package_states)))
    g.package_states = {}


def release(identity, name, version_id, codename, pretty, more):
    return {"usr/lib/os-release": f'PRETTY_NAME="{pretty}"\nNAME="{name}"\nVERSION_ID="{version_id}"\nVERSION="{version_id} ({codename})"\nVERSION_CODENAME={codename}\nID={identity}\n' + ("ID_LIKE=debian\n" if identity == "ubuntu" else ""), "etc/os-release": Link("../usr/lib/os-release"), **more}


NETWORKING = "[Unit]\nDescription=Raise network interfaces\nDefaultDependencies=no\nWants=network.target\nAfter=local-fs.target network-pre.target\nBefore=network.target shutdown.target\n\n[Service]\nType=oneshot\nEnvironmentFile=-/etc/default/networking\nExecStart=/sbin/ifup -a --read-environment\nRemainAfterExit=yes\n\n[Install]\nWantedBy=multi-user.target\nWantedBy=network-online.target\n"
INTERFACES = "# interfaces(5) file used by ifup(8) and ifdown(8)\nauto lo\niface lo inet loopback\n\nauto eth0\niface eth0 inet dhcp\n"


def ifupdown(g):
    g.unit("networking.service", NETWORKING, "multi-user.target")
    g.enable("networking.service", "network-online.target")
    g.files["etc/network/interfaces"] = INTERFACES
    g.files["etc/init.d/networking"] = "#!/bin/sh -e\n### BEGIN INIT INFO\n# Provides:          networking ifupdown\n# Required-Start:    mountkernfs $local_fs urandom\n# Default-Start:     S\n# Default-Stop:      0 6\n### END INIT INFO\n"


def debian8(**layout):
    g = Guest(**(dict(merged=False, root_features=("^64bit", "^metadata_csum")) | layout))
    debian_base(g, release("debian", "Debian GNU/Linux", "8", "jessie", "Debian GNU/Linux 8 (jessie)", {"etc/debian_version": "8.11\n"}))
    systemd(g, names=False)
    debian_accounts(g, "debian")
    sshd(g, SSHD_OLD, unit="ssh.service", keygen=False)
    host_keys(g)
    g.cloud_version = "0.7.7~bzr1156-1~bpo8+1"
    cloud_init(g, "0.7.7", distro="debian", user="debian", python="usr/lib/python3/dist-packages", generator=False)
    ifupdown(g)
    g.kernels = [Kernel("3.16.0-6-amd64", )]
    g.options = ["console=tty0", "console=ttyS0,115200"]
    grub(g, "Debian GNU/Linux")
    dpkg(g, ("ifupdown", "0.7.53.1"))
    return g


def installed(number, codename, point, kernel, cloud, ifupdown_version, config, layout):
    """By BIOS, as the installer leaves it: ifupdown, with names of the kernel's choice."""
    g = Guest(**(dict(merged=number > 9) | layout))
    debian_base(g, release("debian", "Debian GNU/Linux", str(number), codename, f"Debian GNU/Linux {number} ({codename})", {"etc/debian_version": point + "\n"}))
    systemd(g)
    debian_accounts(g, "debian")
    sshd(g, config, unit="ssh.service", keygen=False)
    host_keys(g)
    g.cloud_version = cloud
    cloud_init(g, cloud.split("-")[0], distro="debian", user="debian", python="usr/lib/python3/dist-packages")
    ifupdown(g)
    g.kernels = [Kernel(kernel)]
    g.options = ["console=tty0", "console=ttyS0,115200", "net.ifnames=0", "biosdevname=0"]
    grub(g, "Debian GNU/Linux")
    dpkg(g, ("ifupdown", ifupdown_version))
    return g


def debian9(**layout):
    return installed(9, "stretch", "9.13", "4.9.0-19-amd64", "0.7.9-2", "0.8.19", SSHD_OLD, layout)


def debian10(**layout):
    return installed(10, "buster", "10.13", "4.19.0-27-amd64", "20.2-2~deb10u2", "0.8.35", SSHD_OLD.replace("UsePrivilegeSeparation yes\n", ""), layout)


def debian11(**layout):
    return installed(11, "bullseye", "11.9", "5.10.0-29-amd64", "20.4.1-2+deb11u1", "0.8.36", SSHD, layout)


def debian12(**layout):
    """By UEFI, as the installer leaves it with GRUB forced to the removable path."""
    g = Guest(**(dict(uefi=True, merged=True) | layout))
    debian_base(g, release("debian", "Debian GNU/Linux", "12", "bookworm", "Debian GNU/Linux 12 (bookworm)", {"etc/debian_version": "12.5\n"}), compression="zstd")
    systemd(g)
    debian_accounts(g, "debian")
    sshd(g, SSHD, unit="ssh.service", keygen=False)
    host_keys(g)
    g.cloud_version = "22.4.2-1+deb12u1"
    cloud_init(g, "22.4.2", distro="debian", user="debian", python="usr/lib/python3/dist-packages")
    ifupdown(g)
    g.kernels = [Kernel("6.1.0-21-amd64")]
    g.options = ["console=tty0", "console=ttyS0,115200", "net.ifnames=0"]
    grub(g, "Debian GNU/Linux")
    dpkg(g, ("ifupdown", "0.8.41"))
    return g


def networked(number, codename, point, kernel, cloud, layout):
    """By UEFI, with systemd-networkd for any card."""
    g = Guest(**(dict(uefi=True, merged=True) | layout))
    debian_base(g, release("debian", "Debian GNU/Linux", str(number), codename, f"Debian GNU/Linux {number} ({codename})", {"etc/debian_version": point + "\n"}), compression="zstd")
    systemd(g, networkd=True)
    debian_accounts(g, "debian")
    sshd(g, SSHD, unit="ssh.service", keygen=False)
    host_keys(g)
    g.cloud_version = cloud
    cloud_init(g, cloud.split("-")[0], distro="debian", user="debian", python="usr/lib/python3/dist-packages", renamed=True)
    g.files["etc/systemd/network/20-wired.network"] = "[Match]\nName=en* eth*\n\n[Network]\nDHCP=yes\n"
    g.enable("systemd-networkd.service"); g.enable("systemd-resolved.service")
    g.kernels = [Kernel(kernel + {"x86_64": "amd64", "arm64": "arm64"}[g.architecture], suffix=".xz", architecture=g.architecture)]
    g.options = ["console=tty0", "console=" + {"x86_64": "ttyS0,115200", "arm64": "ttyAMA0"}[g.architecture]]
    grub(g, "Debian GNU/Linux")
    dpkg(g)
    return g


def debian13(**layout):
    return networked(13, "trixie", "13.1", "6.12.43+deb13-", "25.1.4-1", layout)


def debian14(**layout):
    return networked(14, "forky", "forky/sid", "6.18.5+deb14-", "25.3-2", layout)


debian12.uefi = debian13.uefi = debian14.uefi = True
healthy("debian-8", debian8, note="composed: Debian 8.11, no names by policy, ifupdown")
healthy("debian-9", debian9, note="composed: Debian 9.13, /usr not merged, the first cloud-init with AliYun")
healthy("debian-10", debian10, note="composed: Debian 10.13, ifupdown with net.ifnames=0")
healthy("debian-11", debian11, note="composed: Debian 11.9, ifupdown with net.ifnames=0")
healthy("debian-12-uefi", debian12, note="composed: Debian 12, shim and GRUB at the removable path, ifupdown")
healthy("debian-13-uefi", debian13, note="composed: Debian 13, systemd-networkd, modules compressed with xz")
healthy("debian-14-uefi", debian14, note="composed: Debian 14 while it is in testing")
healthy("debian-13-arm64-uefi", debian13, architecture="arm64", note="composed: Debian 13 for arm64")
breakages.register("debian-9", debian9, "kernel-gone", "initrd-gone", "root-gone", "initrd-no-nvme", "initrd-no-virtio")
breakages.register("debian-11", debian11, "kernel-gone", "initrd-gone", "root-gone", "initrd-no-nvme", "initrd-no-virtio")
breakages.register("debian-14-uefi", debian14, "no-fallback", "stub-other-uuid", "root-gone", "initrd-no-nvme", "esp-line")
breakages.register("debian-12-uefi", debian12, "shim-alone", "stub-other-uuid", "initrd-no-nvme", "root-gone", "esp-line")
breakages.register("debian-13-uefi", debian13, "no-fallback", "config-gone", "kernel-gone", "initrd-gone", "initrd-no-virtio")
breakages.register("debian-13-arm64-uefi", debian13, "no-fallback", "kernel-gone", "root-gone", "initrd-no-virtio", "esp-line", architecture="arm64")


def ubuntu(version, codename, pretty, kernel, cloud, builtin=UBUNTU_BUILTIN, network="netplan", init="systemd", python="usr/lib/python3/dist-packages", suffix="", extra=(), **layout):
    g = Guest(**(dict(table="gpt", biosboot=True, esp="/boot/efi", merged=float(version) > 19, root_label="cloudimg-rootfs") | layout))
    debian_base(g, release("ubuntu", "Ubuntu", version, codename, pretty, {"etc/lsb-release": f'DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE={version}\nDISTRIB_CODENAME={codename}\nDISTRIB_DESCRIPTION="{pretty}"\n', "etc/debian_version": "bookworm/sid\n"}))
    g.files["etc/fstab"] = "LABEL=cloudimg-rootfs\t/\t ext4\tdiscard,errors=remount-ro\t0 1\n" + ("LABEL=ESP\t/boot/efi\tvfat\tumask=0077\t0 1\n" if g.esp else "")
    g.root_argument = "LABEL=cloudimg-rootfs"
    debian_accounts(g, "ubuntu")
    g.cloud_version = cloud
    if init == "systemd":
        systemd(g, networkd=network == "netplan")
        sshd(g, SSHD if float(version) > 19 else SSHD_OLD, unit="ssh.service", keygen=False)
        cloud_init(g, cloud.split("-")[0], distro="ubuntu", user="ubuntu", python=python)
    else:
        upstart(g, {"rc-sysinit": "start on (filesystem and static-network-up) or failsafe-boot\nstop on runlevel\nenv DEFAULT_RUNLEVEL=2\ntask\nscript\n    exec telinit \"${DEFAULT_RUNLEVEL}\"\nend script\n", "rc": "start on runlevel [0123456]\nstop on runlevel [!$RUNLEVEL]\nexport RUNLEVEL\ntask\nexec /etc/init.d/rc $RUNLEVEL\n",
                    "mountall": "start on startup\nstop on starting rcS\nexpect daemon\ntask\nemits virtual-filesystems\nemits local-filesystems\nemits remote-filesystems\nemits all-swaps\nemits filesystem\nexec mountall --daemon $force_fsck $fsck_fix\n", "udev": "start on virtual-filesystems\nstop on runlevel [06]\nexpect fork\nrespawn\nexec /lib/systemd/systemd-udevd --daemon\n",
                    "networking": "description\t\"configure virtual network devices\"\nemits static-network-up\nemits net-device-up\nstart on (local-filesystems and (stopped udevtrigger or container)) or runlevel [2345] or stopped networking RESULT=failed PROCESS=post-stop\nstop on unmounting-network-filesystems\npre-start exec ifup -a\n",
                    "network-interface": "start on net-device-added\nstop on net-device-removed INTERFACE=$INTERFACE\ninstance $INTERFACE\npre-start script\n    exec ifup --allow auto $INTERFACE\nend script\n",
                    "ssh": "description\t\"OpenSSH server\"\nstart on runlevel [2345]\nstop on runlevel [!2345]\nrespawn\nrespawn limit 10 5\numask 022\nexpect stop\npre-start script\n    test -x /usr/sbin/sshd || { stop; exit 0; }\nend script\nexec /usr/sbin/sshd -D\n", "tty1": "start on stopped rc RUNLEVEL=[2345]\nstop on runlevel [!2345]\nrespawn\nexec /sbin/getty -8 38400 tty1\n",
                    "cloud-init-local": "start on mounted MOUNTPOINT=/\ntask\nconsole output\nexec /usr/bin/cloud-init init --local\n", "cloud-init": "start on mounted MOUNTPOINT=/ and stopped cloud-init-nonet\ntask\nconsole output\nexec /usr/bin/cloud-init init\n", "cloud-init-nonet": "start on mounted MOUNTPOINT=/ and stopped cloud-init-local\nstop on static-network-up\ntask\n", "cloud-config": "start on (filesystem and started rsyslog)\nconsole output\ntask\nexec cloud-init modules --mode=config\n", "cloud-final": "start on (stopped rc RUNLEVEL=[2345] and stopped cloud-config)\nconsole output\ntask\nexec cloud-init modules --mode=final\n"})
        for name in ("rc",):
            g.files["etc/init.d/" + name] = "#! /bin/sh\n"
        g.programs("getty")
        g.files["lib/systemd/systemd-udevd"] = g.program()
        sshd(g, SSHD_OLD, unit=None)
        cloud_init(g, cloud.split("-")[0], distro="ubuntu", user="ubuntu", python=python, generator=False)
        for p in [p for p in g.files if "systemd" in p and "udevd" not in p]:
            del g.files[p]
        g.files.pop("etc/machine-id")
    host_keys(g)
    if network == "netplan":
        g.files["etc/netplan/50-cloud-init.yaml"] = "network:\n    version: 2\n    ethernets:\n        all-en:\n            match:\n                name: \"en*\"\n            dhcp4: true\n        all-eth:\n            match:\n                name: \"eth*\"\n            dhcp4: true\n"
        g.mode("etc/netplan/50-cloud-init.yaml", 0o600)
        g.programs("netplan")
        g.files["usr/lib/netplan/generate" if g.merged else "lib/netplan/generate"] = g.program()
        g.files[g.lib + "/systemd/system-generators/netplan"] = Link("../../netplan/generate")
        g.enable("systemd-networkd.service"); g.enable("systemd-resolved.service")
    else:
        if init == "systemd":
            ifupdown(g)
        g.files["etc/network/interfaces"] = "auto lo\niface lo inet loopback\nsource /etc/network/interfaces.d/*.cfg\n"
        g.files["etc/network/interfaces.d/50-cloud-init.cfg"] = "# This file is generated from information provided by the datasource.\nauto lo\niface lo inet loopback\n\nauto eth0\niface eth0 inet dhcp\n"
    g.kernels = [Kernel(kernel, builtin=builtin, suffix=suffix, extra=extra, architecture=g.architecture)]
    g.options = ["console=tty1", "console=ttyS0"] + ([] if network == "netplan" else ["net.ifnames=0"])
    grub(g, "Ubuntu", "ubuntu", "ubuntu")
    dpkg(g, ("linux-base", "4"), *([("netplan.io", "0.106")] if network == "netplan" else [("ifupdown", "0.8")]))
    return g


def ubuntu1204(**layout):
    return ubuntu("12.04", "precise", "Ubuntu 12.04.5 LTS", "3.2.0-126-generic", "0.6.3-0ubuntu1.28", builtin=tuple(n for n in UBUNTU_BUILTIN if n != "virtio_scsi"), network="ifupdown", init="upstart", python="usr/lib/python2.7/dist-packages", extra=("hv_vmbus", "hv_storvsc", "hv_netvsc", "hv_utils"), **(dict(table="mbr", biosboot=False, esp=None, root_features=("^64bit", "^metadata_csum")) | layout))


def ubuntu1404(**layout):
    return ubuntu("14.04", "trusty", "Ubuntu 14.04.6 LTS", "3.13.0-170-generic", "0.7.5-0ubuntu1.23", network="ifupdown", init="upstart", python="usr/lib/python2.7/dist-packages", **(dict(table="mbr", biosboot=False, esp=None, root_features=("^64bit", "^metadata_csum")) | layout))


def ubuntu1604(**layout):
    return ubuntu("16.04", "xenial", "Ubuntu 16.04.7 LTS", "4.4.0-210-generic", "21.1-19-gbad84ad4-0ubuntu1~16.04.4", network="ifupdown", extra=("ena",), **(dict(table="mbr", biosboot=False, esp=None) | layout))


def ubuntu1804(**layout):
    return ubuntu("18.04", "bionic", "Ubuntu 18.04.6 LTS", "4.15.0-213-generic", "23.1.2-0ubuntu0~18.04.1", **layout)


def ubuntu2004(**layout):
    return ubuntu("20.04", "focal", "Ubuntu 20.04.6 LTS", "5.4.0-182-generic", "24.1.3-0ubuntu1~20.04.1", **layout)


def ubuntu2204(**layout):
    return ubuntu("22.04", "jammy", "Ubuntu 22.04.4 LTS", "5.15.0-107-generic", "24.1.3-0ubuntu1~22.04.1", **layout)


def ubuntu2404(**layout):
    return ubuntu("24.04", "noble", "Ubuntu 24.04 LTS", "6.8.0-31-generic", "24.1.3-0ubuntu3", suffix=".zst", **(dict(boot="ext4") | layout))


def ubuntu2604(**layout):
    """dracut makes the initramfs, since 25.10."""
    g = ubuntu("26.04", "resolute", "Ubuntu 26.04 LTS", "7.0.0-14-generic", "26.1-0ubuntu2", suffix=".zst", **(dict(boot="ext4") | layout))
    g.initrd = lambda k: initramfs.dracut(g.kept, k, g.drivers, g.files["usr/lib/os-release"], version="110-1ubuntu1", compression="zstd", lvm=False, btrfs=True)
    for p in [p for p in g.files if p.startswith("etc/initramfs-tools/")]:
        del g.files[p]
    return g


EFI = (good().on(firmware="uefi"),)
healthy("ubuntu-12.04", ubuntu1204, note="composed: Ubuntu 12.04, Upstart, ifupdown, Linux 3.2")
healthy("ubuntu-14.04", ubuntu1404, note="composed: Ubuntu 14.04, Upstart, ifupdown")
healthy("ubuntu-16.04", ubuntu1604, note="composed: Ubuntu 16.04, systemd, ifupdown as cloud-init writes it")
healthy("ubuntu-18.04", ubuntu1804, *EFI, note="composed: Ubuntu 18.04, netplan, /usr not merged")
healthy("ubuntu-20.04", ubuntu2004, *EFI, note="composed: Ubuntu 20.04, starts by BIOS and UEFI, netplan", traps="1")
healthy("ubuntu-22.04", ubuntu2204, *EFI, note="composed: Ubuntu 22.04", traps="70")
healthy("ubuntu-24.04", ubuntu2404, *EFI, note="composed: Ubuntu 24.04, /boot of its own, modules compressed with zstd", traps="2")

healthy("ubuntu-26.04", ubuntu2604, *EFI, note="composed: Ubuntu 26.04, an initramfs of dracut")


def broken(prefix, of):
    def register(name, *rows, traps="", note="", **layout):
        return image(f"{prefix}-{name}", *rows, traps=traps, note=note, base=of, **layout)
    return register


PIN = {"etc/cloud/cloud.cfg.d/99-disable-network-config.cfg": "network: {config: disabled}\n"}
u26, u18, u12, u24, u22, u20, u16, u14, d10, d8 = (broken(p, b) for p, b in (("ubuntu-26.04", ubuntu2604), ("ubuntu-18.04", ubuntu1804), ("ubuntu-12.04", ubuntu1204), ("ubuntu-24.04", ubuntu2404), ("ubuntu-22.04", ubuntu2204), ("ubuntu-20.04", ubuntu2004), ("ubuntu-16.04", ubuntu1604), ("ubuntu-14.04", ubuntu1404), ("debian-10", debian10), ("debian-8", debian8)))


breakages.register("ubuntu-26.04", ubuntu2604, "no-fallback", bios=[good()])
breakages.register("ubuntu-26.04", ubuntu2604, "initrd-no-nvme", "root-gone")
breakages.register("ubuntu-18.04", ubuntu1804, "kernel-gone", "root-gone", "initrd-no-nvme", "esp-line")
breakages.register("ubuntu-12.04", ubuntu1204, "kernel-gone", "root-gone", "initrd-gone")


@u26("fstab-data-disk", stops("init", "Fstab.DeviceNotFound"), traps="36", note="a data disk that is gone")
def _(g):
    g.files["etc/fstab"] += f"UUID={NOSUCH} /data ext4 defaults 0 2\n"


@u26("netplan-static-pinned", unreachable("Dhcp.NameMismatch"), traps="50", note="the installer's static configuration, cloud-init is told to leave it")
def _(g):
    g.files["etc/netplan/50-cloud-init.yaml"] = "network:\n  version: 2\n  ethernets:\n    ens160:\n      addresses: [192.168.7.20/24]\n"
    g.put(PIN)


@u18("netplan-other-name", unreachable("Dhcp.NameMismatch"), traps="57", note="netplan configures ens160 only")
def _(g):
    g.files["etc/netplan/50-cloud-init.yaml"] = "network:\n  version: 2\n  ethernets:\n    ens160:\n      dhcp4: true\n"
    g.put(PIN)


@u12("ssh-override-manual", unreachable("Ssh.Disabled", "access"), note="ssh.override says manual: Upstart does not start it")
def _(g):
    g.files["etc/init/ssh.override"] = "manual\n"


@u12("fstab-data-disk", stops("init", "Fstab.DeviceNotFound"), traps="36", note="mountall waits for a disk that never comes, and nobody presses S")
def _(g):
    g.files["etc/fstab"] += f"UUID={NOSUCH} /data ext4 defaults 0 2\n"


breakages.register("ubuntu-24.04", ubuntu2404, "no-fallback", "stub-other-uuid", bios=[good()])
breakages.register("ubuntu-22.04", ubuntu2204, "shim-alone", bios=[good()])
breakages.register("ubuntu-20.04", ubuntu2004, "kernel-gone", "esp-line")
breakages.register("ubuntu-16.04", ubuntu1604, "kernel-gone", "root-gone")


@u24("netplan-tab", unreachable("Dhcp.InvalidConfig"), silent("Dhcp.InvalidConfig").on(target="azure", disk="vmbus"), unreachable("Dhcp.InvalidConfig").on(target="tencent-cvm"), traps="54", note="a tab in the YAML of netplan: the generator fails, nothing is configured")
def _(g):
    g.files["etc/netplan/50-cloud-init.yaml"] = g.files["etc/netplan/50-cloud-init.yaml"].replace("            dhcp4", "\tdhcp4")
    g.put(PIN)


@u24("netplan-other-name", unreachable("Dhcp.NameMismatch"), traps="57", note="netplan configures ens160 only")
def _(g):
    g.files["etc/netplan/50-cloud-init.yaml"] = "network:\n  version: 2\n  ethernets:\n    ens160:\n      dhcp4: true\n"
    g.put({"etc/cloud/cloud.cfg.d/subiquity-disable-cloudinit-networking.cfg": "network: {config: disabled}\n"})


@u24("netplan-static-pinned", unreachable("Dhcp.NameMismatch"), traps="50", note="the installer's static configuration, cloud-init is told to leave it")
def _(g):
    g.files["etc/netplan/50-cloud-init.yaml"] = "network:\n  version: 2\n  ethernets:\n    ens160:\n      addresses: [192.168.7.20/24]\n      routes:\n        - to: default\n          via: 192.168.7.1\n"
    g.put({"etc/cloud/cloud.cfg.d/subiquity-disable-cloudinit-networking.cfg": "network: {config: disabled}\n"})


@u24("ssh-socket", good(), traps="63", note="ssh.socket starts sshd on demand")
def _(g):
    g.disable("ssh.service")
    g.files.pop("etc/systemd/system/sshd.service", None)
    g.unit("ssh.socket", "[Unit]\nDescription=OpenBSD Secure Shell server socket\nBefore=sockets.target ssh.service\nConditionPathExists=!/etc/ssh/sshd_not_to_be_run\n\n[Socket]\nListenStream=22\nAccept=no\nFreeBind=yes\n\n[Install]\nWantedBy=sockets.target\n", "sockets.target")
    g.files["etc/machine-id"] = "5e1ec7edc0ffee005e1ec7edc0ffee00\n"


@u24("initrd-missing", stops("initramfs", "Initramfs.Missing"), note="the initrd is gone: GRUB starts the kernel, which panics")
def _(g):
    g.late.append(lambda g: [g.files.pop(p) for p in list(g.files) if p.startswith("boot/initrd.img-")])


@u24("kernel-no-initrd-partuuid", good(), traps="8", note="no initrd, drivers in the kernel, root=PARTUUID=")
def _(g):
    g.with_initrd, g.root_argument = False, f"PARTUUID={g.partuuid(g.number('root'))}"


@u24("kernel-no-initrd-label", stops("initramfs", "Initramfs.None"), traps="9", note="no initrd and root=LABEL=")
def _(g):
    g.with_initrd = False


@u22("half-configured", good("PackageState.Broken"), note="a package was left half configured")
def _(g):
    g.package_states = {"initramfs-tools": "install ok half-configured"}


@u22("root-gone", stops("root", "Grub.RootNotFound"), note="root= names a label that is gone")
def _(g):
    g.root_argument = "LABEL=other"


@u22("cloud-init-disabled", good("CloudInit.Disabled"), *[unprovisioned("CloudInit.Disabled").on(target=t, disk=d) for t, d in (("aws-nitro", "nvme"), ("huawei-ecs", "virtio-blk"))], note="a file disables cloud-init: the account's own key still works")
def _(g):
    g.files["etc/cloud/cloud-init.disabled"] = ""


@u22("allow-users", unclear("Ssh.Restricted"), traps="61", note="AllowUsers names an account that only the data of cloud-init could make")
def _(g):
    g.files["etc/ssh/sshd_config.d/10-site.conf"] = "AllowUsers admin\n"


@u22("include-first", good(), traps="59", note="an included file comes first and wins over the line in sshd_config")
def _(g):
    g.files["etc/ssh/sshd_config.d/50-cloudimg-settings.conf"] = "PubkeyAuthentication yes\n"
    g.files["etc/ssh/sshd_config"] += "PubkeyAuthentication no\n"


@u22("match-block", unclear(), traps="60", note="a Match block takes in the lines below it: keys are refused, passwords are for cloud-init to set")
def _(g):
    g.files["etc/ssh/sshd_config"] = g.files["etc/ssh/sshd_config"] + "Match all\nPubkeyAuthentication no\n"


@u22("microcode-first", good(), traps="5", note="the drivers are in the second archive of the initramfs, behind the microcode")
def _(g):
    pass


@u20("bios-loader-gone", stops("firmware", "BootLoader.NotInstalled"), good().on(firmware="uefi"), traps="22", note="no boot code for BIOS; by UEFI it starts")
def _(g):
    g.bios_loader = None


@u20("search-hint-wrong", good(), traps="21", note="set root= names another disk, the search below it finds the volume")
def _(g):
    g.late.append(lambda g: g.files.update({"boot/grub/grub.cfg": g.files["boot/grub/grub.cfg"].replace("set root='hd0,gpt3'", "set root='hd1,gpt1'")}))


@u20("nvme-blacklisted", stops("initramfs", "ModuleBlacklist.RootDisk").on(disk="nvme"), good(), stops("initramfs", "ModuleBlacklist.RootDisk").on(target="aws-nitro", disk="nvme"), good().on(target="gcp", disk="virtio-scsi"), traps="10", note="install nvme /bin/true in the initramfs: no NVMe launch; virtio is built in")
def _(g):
    line = "install nvme /bin/true\n"
    g.files["etc/modprobe.d/hardening.conf"] = line
    g.early_more = {"etc/modprobe.d/hardening.conf": line}


@u20("nvme-blacklisted-later", good().on(disk="nvme"), traps="10", note="the same line in the root file system only: nothing until the initramfs is built again")
def _(g):
    g.files["etc/modprobe.d/hardening.conf"] = "install nvme /bin/true\n"


@u20("fstab-quotes", good(), traps="38", note="quotes around the label, a trailing comment")
def _(g):
    g.sed("etc/fstab", "LABEL=cloudimg-rootfs", 'LABEL="cloudimg-rootfs"')
    g.files["etc/fstab"] += "# /dev/sdb1 /data ext4 defaults 0 0\n"


@u20("authorized-keys-elsewhere", good(), traps="72", note="keys in /etc/ssh/keys/%u")
def _(g):
    g.files["etc/ssh/sshd_config.d/20-keys.conf"] = "AuthorizedKeysFile /etc/ssh/keys/%u\n"
    g.files["etc/ssh/keys/ubuntu"] = g.files.pop("home/ubuntu/.ssh/authorized_keys")
    del g.modes["home/ubuntu/.ssh/authorized_keys"], g.modes["home/ubuntu/.ssh"]


@u20("bom-in-sshd-config", unreachable("Ssh.ConfigInvalid", "access"), traps="39", note="a byte order mark at the start of sshd_config: sshd does not start")
def _(g):
    g.files["etc/ssh/sshd_config"] = "\ufeff" + "Port 22\n" + g.files["etc/ssh/sshd_config"]


@u16("eth0-without-ifnames", unreachable("Dhcp.NameMismatch"), traps="57", note="interfaces names eth0, the kernel gets no net.ifnames=0")
def _(g):
    g.options.remove("net.ifnames=0")
    g.put(PIN)


@u16("initrd-dep-nvme", stops("initramfs", "DiskDriver.NotInInitramfs").on(disk="nvme"), good(), traps="3", note="MODULES=dep of a virtio machine: no nvme")
def _(g):
    g.modules = "dep"
    g.drivers = ["virtio_blk", "ext4"]


@u16("resume-gone", good(), traps="30", note="RESUME= in the initramfs names swap that is gone: a delay")
def _(g):
    g.resume = "UUID=" + NOSUCH
    g.files["etc/initramfs-tools/conf.d/resume"] = "RESUME=UUID=" + NOSUCH + "\n"


@u16("ssh-not-to-be-run", unreachable("Ssh.Obstacle", "access"), note="/etc/ssh/sshd_not_to_be_run")
def _(g):
    g.files["etc/ssh/sshd_not_to_be_run"] = ""
    g.unit("ssh.service", g.files[g.units + "ssh.service"].replace("[Unit]\n", "[Unit]\nConditionPathExists=!/etc/ssh/sshd_not_to_be_run\n"))


@u14("ssh-override-manual", unreachable("Ssh.Disabled", "access"), note="ssh.override says manual: Upstart does not start it")
def _(g):
    g.files["etc/init/ssh.override"] = "manual\n"


@u14("persistent-net", unreachable("Dhcp.NameMismatch"), traps="55", note="70-persistent-net.rules keeps eth0 for the old card")
def _(g):
    g.files["etc/udev/rules.d/70-persistent-net.rules"] = 'SUBSYSTEM=="net", ACTION=="add", DRIVERS=="?*", ATTR{address}=="00:0c:29:3a:1b:5c", ATTR{dev_id}=="0x0", ATTR{type}=="1", KERNEL=="eth*", NAME="eth0"\n'
    g.files["lib/udev/rules.d/75-persistent-net-generator.rules"] = 'SUBSYSTEM!="net", GOTO="persistent_net_generator_end"\nDRIVERS=="?*", IMPORT{program}="write_net_rules"\nLABEL="persistent_net_generator_end"\n'
    g.files["lib/udev/write_net_rules"] = "#!/bin/sh -e\n"


@u14("fstab-data-disk", stops("init", "Fstab.DeviceNotFound"), traps="36", note="mountall waits for a disk that never comes, and nobody presses S")
def _(g):
    g.files["etc/fstab"] += f"UUID={NOSUCH} /data ext4 defaults 0 2\n"


@u14("kernel-missing", stops("kernel", "Grub.KernelMissing"), note="the kernel is gone")
def _(g):
    g.late.append(lambda g: [g.files.pop(p) for p in list(g.files) if p.startswith("boot/vmlinuz")])


@u14("interfaces-static", unreachable("Dhcp.Static"), note="a static address, and cloud-init of that age writes nothing over it")
def _(g):
    g.files["etc/network/interfaces.d/50-cloud-init.cfg"] = "auto eth0\niface eth0 inet static\n    address 192.168.7.20\n    netmask 255.255.255.0\n    gateway 192.168.7.1\n"
    g.put(PIN)


@d10("virtio-scsi-no-sd", stops("initramfs", "DiskDriver.NotInInitramfs").on(disk="virtio-scsi"), good(), traps="7", note="virtio_scsi without sd_mod in the initramfs")
def _(g):
    g.drivers = [d for d in g.drivers if d not in ("sd_mod", "ahci", "ata_piix")]


@d10("btrfs-subvolume-at", good(), root="btrfs", subvolumes={"@": "/", "@home": "/home"}, traps="20, 45", note="the root in the subvolume @, as Debian's and Ubuntu's installers make it")
def _(g):
    g.options.insert(0, "rootflags=subvol=@")
    g.sed("etc/fstab", "/ btrfs defaults", "/ btrfs defaults,subvol=@")
    g.files["etc/fstab"] += f"{g.root_device} /home btrfs defaults,subvol=@home 0 0\n"
    g.programs("btrfs", "fsck.btrfs")


@d10("initrd-no-virtio", stops("initramfs", "DiskDriver.NotInInitramfs"), traps="3", note="no virtio_blk in the initramfs")
def _(g):
    g.drivers = [d for d in g.drivers if not d.startswith("virtio")]


@d10("interfaces-gone", unreachable("Dhcp.NoConfig"), silent("Dhcp.NoConfig").on(target="gcp", disk="virtio-scsi"), silent("Dhcp.NoConfig").on(target="alibaba-ecs"), note="no interface but lo is configured")
def _(g):
    g.files["etc/network/interfaces"] = "auto lo\niface lo inet loopback\n"
    g.put(PIN)


@d10("hosts-deny", unreachable("Login.HostsDeny", "access"), traps="61", note="hosts.deny: ALL: ALL (Debian's sshd is built with libwrap)")
def _(g):
    g.files["etc/hosts.deny"] = "ALL: ALL\n"


@d10("root-gone", stops("root", "Grub.RootNotFound"), note="root= names a UUID that is gone")
def _(g):
    g.root_argument = "UUID=" + NOSUCH


@d8("initrd-no-virtio", stops("initramfs", "DiskDriver.NotInInitramfs"), traps="3", note="no virtio_blk in the initramfs")
def _(g):
    g.drivers = [d for d in g.drivers if not d.startswith("virtio")]


@d8("fstab-data-disk", stops("init", "Fstab.DeviceNotFound"), traps="36", note="a data disk that is gone")
def _(g):
    g.files["etc/fstab"] += f"UUID={NOSUCH} /data ext4 defaults 0 2\n"


@d8("kernel-missing", stops("kernel", "Grub.KernelMissing"), note="the kernel is gone")
def _(g):
    g.late.append(lambda g: [g.files.pop(p) for p in list(g.files) if p.startswith("boot/vmlinuz")])


@d8("mbr-code-gone", stops("firmware", "BootLoader.NotInstalled"), traps="22", note="no boot code in the MBR")
def _(g):
    g.bios_loader = None


@d8("ssh-disabled", unreachable("Ssh.Disabled", "access"), note="nothing starts sshd")
def _(g):
    g.disable("ssh.service"); g.disable("sshd.service")
    g.files["etc/machine-id"] = "5e1ec7edc0ffee005e1ec7edc0ffee00\n"


# ---- arm64 ---------------------------------------------------------------------------------------------------------------

def ubuntu_arm64(**layout):
    g = ubuntu("22.04", "jammy", "Ubuntu 22.04.4 LTS", "5.15.0-107-generic", "24.1.3-0ubuntu1~22.04.1", **(dict(architecture="arm64", uefi=True, biosboot=False) | layout))
    g.options = ["console=tty1", "console=ttyAMA0"]
    return g


ubuntu_arm64.uefi = True
healthy("ubuntu-22.04-arm64-uefi", ubuntu_arm64, note="composed: Ubuntu 22.04 for arm64, BOOTAA64.EFI")
arm = broken("ubuntu-22.04-arm64-uefi", ubuntu_arm64)
breakages.register("ubuntu-22.04-arm64-uefi", ubuntu_arm64, "initrd-no-nvme")


@arm("no-fallback", stops("firmware", "EfiFallback.Missing"), traps="23", note="no BOOTAA64.EFI")
def _(g):
    def change(g):
        del g.files["boot/efi/EFI/BOOT/BOOTAA64.EFI"]
        g.files["boot/efi/EFI/BOOT/"] = None
    g.late.append(change)


@arm("fallback-x64", stops("firmware", "EfiFallback.Missing"), traps="23", note="the file at the removable path is named for x86_64")
def _(g):
    g.late.append(lambda g: g.files.update({"boot/efi/EFI/BOOT/BOOTX64.EFI": g.files.pop("boot/efi/EFI/BOOT/BOOTAA64.EFI")}))


@arm("kernel-x86", stops("kernel", "Kernel.ArchMismatch"), note="the kernel is one for x86_64")
def _(g):
    g.late.append(lambda g: g.files.update({"boot/vmlinuz-" + g.kernels[0].version: Kernel(g.kernels[0].version).image()}))


@arm("root-gone", stops("root", "Grub.RootNotFound"), note="root= names a label that is gone")
def _(g):
    g.root_argument = "LABEL=other"
