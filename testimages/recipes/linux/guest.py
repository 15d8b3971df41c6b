"""A guest, put together of layers of files: each function adds what one part of a distribution installs or writes."""
import functools, os, re

import boot, packages, targets
from kernel import Kernel
from parts import Link, elf, foreign, program

ROOT_UUID, BOOT_UUID, SWAP_UUID, HOME_UUID = (f"5e1ec7ed-0000-4000-8000-00000000000{n}" for n in (1, 2, 3, 4))
ESP_SERIAL = "5E1E00E5"
NOSUCH = "deadbeef-0000-4000-8000-000000000000"
MACHINE_ID = "5e1ec7edc0ffee005e1ec7edc0ffee00"


class Guest:
    """What is known of a guest before it is written: where things lie on the disk, its files, and what is done last."""

    def __init__(self, **layout):
        self.files, self.modes, self.labels = {}, {}, False
        self.architecture = "x86_64"
        # the disk
        self.table, self.uefi, self.boot, self.root, self.esp, self.lvm, self.swap = "mbr", False, None, "ext4", None, None, False
        self.subvolumes, self.default_subvolume, self.snapshots, self.more_volumes = {}, None, [], {}
        self.sizes = {"esp": 40, "boot": 64, "root": 192}
        self.disk_size, self.first_sector, self.active = 2048, 2048, None
        self.root_uuid, self.boot_uuid, self.swap_uuid, self.esp_serial, self.uuids = ROOT_UUID, BOOT_UUID, SWAP_UUID, ESP_SERIAL, {"home": HOME_UUID}
        self.root_label = self.boot_label = ""
        self.root_features, self.boot_features, self.xfs_options, self.old_xfs = (), (), (), False
        self.types = {}
        self.biosboot, self.swap_last = False, False
        self.boot_on_esp = False
        # the boot
        self.bios_loader, self.core_modules, self.core_config, self.extlinux_directory = "grub2", [], "", ""
        self.grub = "grub2"                                  # name of its directory below /boot
        self.kernels, self.options, self.initrd = [], [], lambda k: b""
        self.merged = True                                   # /bin is a link to usr/bin
        self.finish, self.late, self.on_disk, self.on_btrfs = [], [], [], []
        self.kept = None
        self.env, self.title = {}, ""
        self.sources, self.sources_version = [], ""          # the data sources cloud-init tries, its version
        for name, value in layout.items():
            if not hasattr(self, name):
                raise AttributeError(name)
            setattr(self, name, value)
        if self.uefi:
            self.table, self.bios_loader = "gpt", None
            self.esp = self.esp or "/boot/efi"
        if self.active is None:
            self.active = "boot" if self.boot else "root"

    # ---- the disk

    @property
    def partitions(self):
        names = (["biosboot"] if self.biosboot else []) + (["esp"] if self.esp else []) + (["boot"] if self.boot else []) + list(self.more_volumes)
        if self.swap and not self.lvm:
            names.append("swap")
        names.append("pv" if self.lvm else "root")
        if self.swap_last:
            names.remove("swap")
            names.append("swap")
        return names

    def number(self, name):
        return self.partitions.index(name) + 1

    def partuuid(self, number):
        return f"C0DE0001-0000-4000-8000-{number + 1:012d}" if self.table == "gpt" else f"c0de0001-{number:02d}"

    @property
    def mapper_name(self):
        return "-".join(part.replace("-", "--") for part in self.lvm)

    @property
    def root_device(self):
        return "/dev/mapper/" + self.mapper_name if self.lvm else "UUID=" + self.root_uuid

    @property
    def grub_uuid(self):
        return f"{self.esp_serial[:4]}-{self.esp_serial[4:]}" if self.boot_on_esp else self.boot_uuid if self.boot else self.root_uuid

    @property
    def on_boot(self):
        """What precedes the name of a file of /boot in GRUB's eyes."""
        if self.boot or self.boot_on_esp:
            return "/"
        prefix = next((p for p, where in self.subvolumes.items() if where == "/"), "")
        return (f"/{prefix}" if prefix and not self.default_subvolume else "") + "/boot/"

    @property
    def core_prefix(self):
        if self.lvm and not self.boot:
            return f"(lvm/{self.mapper_name}){self.on_boot}{self.grub}"
        return f"(,{'gpt' if self.table == 'gpt' else 'msdos'}{self.number('boot' if self.boot else 'root')}){self.on_boot}{self.grub}"

    @property
    def core_file_system(self):
        kind = self.boot or self.root
        return "ext2" if kind.startswith("ext") else kind

    # ---- files

    def put(self, files):
        self.files.update(files)

    def mode(self, path, mode, owner=0, group=0):
        self.modes[path] = (mode, owner, group)

    def sed(self, path, old, new):
        """Replaces text of a file; it must be there."""
        text = self.files[path]
        if old not in text:
            raise SystemExit(f"{path}: no {old!r}")
        self.files[path] = text.replace(old, new)

    def where(self, name):
        """The path of a program."""
        directory = "sbin" if name in SBIN else "bin"
        if self.merged:
            return f"usr/{directory}/{name}"
        return f"{directory}/{name}" if name in ESSENTIAL else f"usr/{directory}/{name}"

    def programs(self, *names):
        for name in names:
            self.files[self.where(name)] = self.program()

    def program(self, *more):
        return foreign(program(*more), self.architecture)

    @property
    def lib(self):
        return "usr/lib" if self.merged else "lib"

    @property
    def units(self):
        return self.lib + "/systemd/system/"

    def unit(self, name, text, wanted_by=None):
        self.files[self.units + name] = text
        if wanted_by:
            self.enable(name, wanted_by)

    def enable(self, name, target="multi-user.target", unit=None):
        self.files[f"etc/systemd/system/{target}.wants/{name}"] = Link("/" + self.units + (unit or name))

    def disable(self, name):
        for path in [p for p in self.files if p.startswith("etc/systemd/system/") and p.endswith("/" + name)]:
            del self.files[path]

    def label(self, path):
        """SELinux labels as the targeted policy has them, as far as they matter."""
        for pattern, kind in LABELS:
            if re.match(pattern, path):
                return f"system_u:object_r:{kind}:s0"

    def compose(self, kept):
        self.kept = kept
        for step in self.finish + self.late:
            step(self)


SBIN = {"init", "sshd", "agetty", "getty", "mingetty", "fsck", "fsck.ext2", "fsck.ext3", "fsck.ext4", "fsck.xfs", "fsck.btrfs", "modprobe", "depmod", "lvm", "vgchange", "dmsetup", "chpasswd", "useradd", "groupadd", "resize2fs", "xfs_growfs", "sfdisk", "sgdisk", "ifup", "ifdown", "dhclient", "dhcpcd", "udhcpc", "NetworkManager",
        "xfs_repair", "e2fsck", "upstart", "openrc", "openrc-run", "openrc-init", "ifconfig", "ip", "wickedd", "wickedd-nanny", "wickedd-dhcp4", "wicked", "grub2-mkconfig", "grub2-install", "grubby", "mkinitrd", "rcnetwork", "blkid", "udevd", "telinit", "runlevel", "crond", "rsyslogd", "syslogd", "netplan", "restorecon", "load_policy", "iptables", "firewalld", "lvextend", "growfs"}
ESSENTIAL = {"init", "sh", "bash", "dash", "mount", "umount", "login", "agetty", "getty", "mingetty", "fsck", "fsck.ext2", "fsck.ext3", "fsck.ext4", "fsck.xfs", "fsck.btrfs", "modprobe", "depmod", "kmod", "lvm", "vgchange", "dmsetup", "resize2fs", "sfdisk", "ifup", "ifdown", "dhclient", "udevadm", "systemctl", "upstart",
             "openrc", "openrc-run", "openrc-init", "ifconfig", "ip", "udevd", "blkid", "e2fsck", "xfs_repair", "telinit", "runlevel", "dhcpcd", "udhcpc", "busybox", "cat", "sed", "ls", "systemd-tmpfiles", "btrfs"}
LABELS = [(r"/etc/shadow", "shadow_t"), (r"/etc/passwd", "passwd_file_t"), (r"/etc/selinux", "selinux_config_t"), (r"/etc/ssh/ssh_host_.*_key$", "sshd_key_t"), (r"/etc(/|$)", "etc_t"), (r"/usr/sbin/sshd", "sshd_exec_t"), (r"/usr/lib/systemd/systemd$|/sbin/init|/usr/sbin/init", "init_exec_t"),
          (r"/(usr/)?lib64/|/(usr/)?lib/", "lib_t"), (r"/usr/s?bin|/s?bin", "bin_t"), (r"/usr", "usr_t"), (r"/var/log", "var_log_t"), (r"/var/lib/rpm", "rpm_var_lib_t"), (r"/var", "var_t"), (r"/root/\.ssh", "ssh_home_t"), (r"/root", "admin_home_t"), (r"/home", "home_root_t"), (r"/boot", "boot_t"), (r"/tmp", "tmp_t"), (r"/$", "root_t"), (r"/", "default_t")]


# ---- the base of every system ------------------------------------------------------------------------------------

def base(g, libraries="lib64"):
    """Directories, the C library, shells and tools; `libraries`: lib64, or Debian's lib/x86_64-linux-gnu."""
    for d in ("dev", "proc", "sys", "run", "tmp", "mnt", "media", "opt", "srv", "home", "root", "var/log", "var/tmp", "var/lib", "var/spool", "usr/share/doc", "etc/modprobe.d", "etc/profile.d", "etc/sysconfig", "usr/local/bin", "boot"):
        g.files[d + "/"] = None
    if libraries != "lib64":
        del g.files["etc/sysconfig/"]
    g.mode("tmp", 0o1777); g.mode("var/tmp", 0o1777); g.mode("root", 0o700)
    if g.merged:
        for m in ("bin", "sbin", "lib", "lib64"):
            g.files[m] = Link("usr/" + m)
    loader = {"x86_64": "ld-linux-x86-64.so.2", "arm64": "ld-linux-aarch64.so.1"}[g.architecture]
    top = ("usr/" if g.merged else "") + libraries
    g.libraries = libraries
    def library(name):
        return foreign(elf(needed=(loader,) if name != loader else (), soname=name), g.architecture)
    for name in ("libc.so.6", loader, "libpam.so.0", "libwrap.so.0", "libselinux.so.1", "libmount.so.1"):
        g.files[f"{top}/{name}"] = library(name)
    if g.architecture == "arm64":
        g.files[("usr/" if g.merged else "") + f"lib/{loader}"] = library(loader)
        if g.merged:
            g.files["usr/lib64/"] = None
    elif libraries != "lib64":
        g.files[("usr/" if g.merged else "") + "lib64/" + loader] = Link(f"/lib/x86_64-linux-gnu/{loader}")
    security = f"{top}/security/" if libraries == "lib64" or not g.merged or True else ""
    for name in ("pam_unix", "pam_nologin", "pam_env", "pam_sepermit", "pam_deny", "pam_permit", "pam_limits", "pam_selinux", "pam_loginuid", "pam_systemd", "pam_access", "pam_securetty", "pam_faillock", "pam_keyinit", "pam_namespace", "pam_succeed_if", "pam_pwquality", "pam_cracklib", "pam_motd", "pam_mail", "pam_google_os_login"):
        if name != "pam_google_os_login":
            g.files[security + name + ".so"] = library("libpam.so.0") if False else foreign(elf(needed=("libc.so.6",)), g.architecture)
    g.programs("bash", "mount", "umount", "login", "passwd", "chpasswd", "useradd", "groupadd", "cat", "ls", "sed", "agetty", "fsck", "fsck.ext4", "e2fsck", "resize2fs", "sfdisk", "blkid", "udevadm", "ip")
    g.mode(g.where("passwd"), 0o4755)
    g.files[g.where("sh")] = Link("bash")
    g.programs("kmod")
    for name in ("modprobe", "depmod"):
        g.files[g.where(name)] = Link("/bin/kmod" if not g.merged else "../bin/kmod")
    g.put({"etc/hosts": "127.0.0.1   localhost localhost.localdomain\n::1         localhost localhost.localdomain\n", "etc/hostname": "localhost.localdomain\n", "etc/nsswitch.conf": "passwd:     files\nshadow:     files\ngroup:      files\nhosts:      files dns\n",
           "etc/shells": "/bin/sh\n/bin/bash\n", "etc/login.defs": "PASS_MAX_DAYS\t99999\nUID_MIN 1000\nENCRYPT_METHOD SHA512\n", "etc/ld.so.conf": "include ld.so.conf.d/*.conf\n", "etc/adjtime": "0.0 0 0.0\n0\nUTC\n", "etc/localtime": Link("../usr/share/zoneinfo/UTC"), "usr/share/zoneinfo/UTC": UTC, "usr/share/zoneinfo/Etc/UTC": UTC,
           "usr/share/zoneinfo/Asia/Shanghai": UTC, "etc/mtab": Link("/proc/self/mounts"), "etc/machine-id": "", "etc/resolv.conf": "", "etc/modprobe.d/local.conf": "# local settings\n"})


UTC = b"TZif2" + bytes(15) + bytes(20) + b"\0\0\0\1\0\0\0\4" + b"\0\0\0\0\0\0UTC\0" + b"TZif2" + bytes(15) + bytes(20) + b"\0\0\0\1\0\0\0\4" + b"\0\0\0\0\0\0UTC\0\nUTC0\n"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA test\n"
HASH = "$6$testtest$qvTEQO6m9aHXFC3Yy0nLQ.JmMPqVUjYvJZBmkRvHHQXfYcVtYTGv2c9Ezj0pDCFZr3uPmpGGoGmAxnq1gQJ5s."


def accounts(g, root="*", key=False, user=None, shell="/bin/bash"):
    """passwd, shadow and group; `root` is its field in shadow, `key` gives it an authorised key, `user` is a further account with a key."""
    passwd = [f"root:x:0:0:root:/root:{shell}", "bin:x:1:1:bin:/bin:/sbin/nologin", "daemon:x:2:2:daemon:/sbin:/sbin/nologin", "nobody:x:65534:65534:Nobody:/:/sbin/nologin", "dbus:x:81:81:System message bus:/:/sbin/nologin", "sshd:x:74:74:Privilege-separated SSH:/var/empty/sshd:/sbin/nologin",
              "systemd-network:x:192:192:systemd Network Management:/:/sbin/nologin"]
    shadow = [f"root:{root}:19800:0:99999:7:::", "bin:*:19800:0:99999:7:::", "daemon:*:19800:0:99999:7:::", "nobody:*:19800:0:99999:7:::", "dbus:!!:19800::::::", "sshd:!!:19800::::::", "systemd-network:!!:19800::::::"]
    group = ["root:x:0:", "bin:x:1:", "daemon:x:2:", "wheel:x:10:", "shadow:x:42:", "nobody:x:65534:", "dbus:x:81:", "sshd:x:74:", "systemd-network:x:192:", "ssh_keys:x:101:"]
    if key:
        g.files["root/.ssh/authorized_keys"] = KEY
        g.mode("root/.ssh", 0o700); g.mode("root/.ssh/authorized_keys", 0o600)
    if user:
        passwd.append(f"{user}:x:1000:1000:{user}:/home/{user}:{shell}"); shadow.append(f"{user}:!!:19800:0:99999:7:::"); group.append(f"{user}:x:1000:")
        g.files[f"home/{user}/.ssh/authorized_keys"] = KEY
        for path, mode in ((f"home/{user}", 0o700), (f"home/{user}/.ssh", 0o700), (f"home/{user}/.ssh/authorized_keys", 0o600)):
            g.mode(path, mode, 1000, 1000)
    g.put({"etc/passwd": "\n".join(passwd) + "\n", "etc/shadow": "\n".join(shadow) + "\n", "etc/group": "\n".join(group) + "\n", "etc/gshadow": "root:::\n"})
    g.mode("etc/shadow", 0o000); g.mode("etc/gshadow", 0o000)


# ---- init systems -----------------------------------------------------------------------------------------------------

LEFT_OUT = re.compile(r"homed|portable|nspawn|pcr|repart|growfs|hibernate|suspend|hybrid|sleep|container|machine|userdb|sysext|oomd|pstore|bless|boot-system-token|importd|quota|initrd|rfkill|backlight|hwdb|fuse|binfmt|rc-local|kexec|storage-tm|confext|soft-reboot|capsule|factory|tpm")


@functools.cache
def systemd_units():
    """The units of Debian's systemd and udev."""
    found = {}
    for package in ("systemd", "udev"):
        top = packages.debian(package) + "/lib/systemd/system"
        for base_, names, files in os.walk(top):
            for name in [*files, *names]:
                path = os.path.join(base_, name)
                inside = os.path.relpath(path, top)
                if LEFT_OUT.search(inside) or inside.endswith(".d") or ".d/" in inside:
                    continue
                if os.path.islink(path):
                    found[inside] = Link(os.readlink(path))
                elif name in files and os.path.getsize(path) < 6000:
                    with open(path) as f:
                        found[inside] = f.read()
    return found


def systemd(g, default="multi-user.target", preset=None, networkd=False, names=True):
    """systemd with its units; `names`: whether net_id's policy names interfaces (since 197)."""
    for name, data in systemd_units().items():
        if "networkd" in name and not networkd or name.startswith("systemd-resolved") and not networkd:
            continue
        if isinstance(data, Link):
            data = Link(data.replace("/lib/systemd/system/", f"/{g.units}"))
        g.files[g.units + name] = data
    for name in ("systemd", "systemd-udevd", "systemd-journald", "systemd-logind", "systemd-sysctl", "systemd-modules-load", "systemd-remount-fs", "systemd-fsck", "systemd-update-utmp", "systemd-user-sessions", "systemd-random-seed", "systemd-shutdown") + (("systemd-networkd", "systemd-networkd-wait-online", "systemd-resolved") if networkd else ()):
        g.files[f"{g.lib}/systemd/{name}"] = g.program()
    for name in ("systemd-fstab-generator", "systemd-getty-generator", "systemd-gpt-auto-generator", "systemd-debug-generator", "systemd-sysv-generator", "systemd-cryptsetup-generator"):
        g.files[f"{g.lib}/systemd/system-generators/{name}"] = g.program()
    g.programs("systemctl", "systemd-tmpfiles")
    if names:
        g.files[g.lib + "/systemd/network/99-default.link"] = "[Match]\nOriginalName=*\n\n[Link]\nNamePolicy=keep kernel database onboard slot path\nAlternativeNamesPolicy=database onboard slot path\nMACAddressPolicy=persistent\n"
        rules = g.lib + "/udev/rules.d/"
        g.files[rules + "75-net-description.rules"] = 'ACTION=="remove", GOTO="net_end"\nSUBSYSTEM!="net", GOTO="net_end"\nIMPORT{builtin}="net_id"\nLABEL="net_end"\n'
        g.files[rules + "80-net-setup-link.rules"] = 'SUBSYSTEM!="net", GOTO="net_setup_link_end"\nIMPORT{builtin}="path_id"\nACTION=="remove", GOTO="net_setup_link_end"\nIMPORT{builtin}="net_setup_link"\nNAME=="", ENV{ID_NET_NAME}!="", NAME="$env{ID_NET_NAME}"\nLABEL="net_setup_link_end"\n'
    g.files[g.lib + "/udev/rules.d/80-drivers.rules"] = 'ACTION!="add", GOTO="drivers_end"\nENV{MODALIAS}=="?*", RUN{builtin}+="kmod load $env{MODALIAS}"\nLABEL="drivers_end"\n'
    g.files[g.where("init")] = Link("../lib/systemd/systemd" if g.merged else "/lib/systemd/systemd")
    g.files["etc/systemd/system/default.target"] = Link(f"/{g.units}{default}")
    g.files["etc/systemd/system/getty.target.wants/getty@tty1.service"] = Link(f"/{g.units}getty@.service")
    g.files["usr/lib/systemd/system-preset/90-default.preset" if g.merged else "lib/systemd/system-preset/90-systemd.preset"] = preset or "enable remote-fs.target\nenable getty@.service\nenable sshd.service\nenable NetworkManager.service\nenable cloud-*\nenable crond.service\ndisable *\n"


def upstart(g, jobs):
    """Upstart with the jobs given as name -> text."""
    g.programs("init", "telinit", "runlevel")
    for name, text in jobs.items():
        g.files[f"etc/init/{name}.conf"] = text


def sysv_links(g, services, top="etc/rc.d", levels="2345"):
    """rc links of (name, start, stop) services."""
    for name, start, stop in services:
        for level in "0123456":
            g.files[f"{top}/rc{level}.d/" + (f"S{start:02d}{name}" if level in levels else f"K{stop:02d}{name}")] = Link(f"../init.d/{name}")


# ---- login, first boot ---------------------------------------------------------------------------------------------------

def sshd(g, config, unit="sshd.service", keygen=True):
    # Whether sshd asks PAM and TCP wrappers is seen in what it is linked with.
    wrapped = g.libraries != "lib64"
    g.files[g.where("sshd")] = g.program("libpam.so.0", *(["libwrap.so.0"] if wrapped else []))
    g.put({"etc/ssh/sshd_config": config, "etc/pam.d/sshd": "auth       required     pam_unix.so\naccount    required     pam_nologin.so\naccount    required     pam_unix.so\npassword   required     pam_unix.so\nsession    required     pam_unix.so\n",
           "etc/pam.d/login": "auth required pam_unix.so\naccount required pam_unix.so\nsession required pam_unix.so\n"})
    g.programs("ssh-keygen")
    if unit:
        want = "Wants=sshd-keygen.target\n" if keygen else ""
        g.unit(unit, f"[Unit]\nDescription=OpenSSH server daemon\nAfter=network.target sshd-keygen.target\n{want}\n[Service]\nType=notify\nEnvironmentFile=-/etc/sysconfig/sshd\nExecStart=/usr/sbin/sshd -D $OPTIONS\nExecReload=/bin/kill -HUP $MAINPID\nKillMode=process\nRestart=on-failure\nRestartSec=42s\n\n[Install]\nWantedBy=multi-user.target\n" + ("Alias=sshd.service\n" if unit == "ssh.service" else ""), "multi-user.target")
        if unit == "ssh.service":
            g.files["etc/systemd/system/sshd.service"] = Link(f"/{g.units}ssh.service")
        if keygen:
            g.unit("sshd-keygen.target", "[Unit]\nDescription=sshd-keygen target\nWants=sshd-keygen@rsa.service\nWants=sshd-keygen@ecdsa.service\nWants=sshd-keygen@ed25519.service\nPartOf=sshd.service\n")
            g.unit("sshd-keygen@.service", "[Unit]\nDescription=OpenSSH %i Server Key Generation\nConditionFileNotEmpty=|!/etc/ssh/ssh_host_%i_key\n\n[Service]\nType=oneshot\nEnvironmentFile=-/etc/sysconfig/sshd\nExecStart=/usr/libexec/openssh/sshd-keygen %i\n\n[Install]\nWantedBy=sshd-keygen.target\n")
            g.files["usr/libexec/openssh/sshd-keygen"] = "#!/usr/bin/bash\n/usr/bin/ssh-keygen -q -t $1 -f /etc/ssh/ssh_host_$1_key -C '' -N ''\n"


def host_keys(g, kinds=("rsa", "ed25519")):
    for kind in kinds:
        g.files[f"etc/ssh/ssh_host_{kind}_key"] = "-----BEGIN OPENSSH PRIVATE KEY-----\nbm90IGEga2V5\n-----END OPENSSH PRIVATE KEY-----\n"
        g.files[f"etc/ssh/ssh_host_{kind}_key.pub"] = f"ssh-{kind} AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA root@localhost\n"
        g.mode(f"etc/ssh/ssh_host_{kind}_key", 0o600)


CLOUD_MODULES = """cloud_init_modules:
 - seed_random
 - bootcmd
 - write-files
 - growpart
 - resizefs
 - set_hostname
 - update_hostname
 - update_etc_hosts
 - rsyslog
 - users-groups
 - ssh

cloud_config_modules:
 - mounts
 - locale
 - set-passwords
 - timezone
 - runcmd

cloud_final_modules:
 - package-update-upgrade-install
 - scripts-per-once
 - scripts-per-boot
 - scripts-per-instance
 - scripts-user
 - ssh-authkey-fingerprints
 - keys-to-console
 - final-message
"""


def cloud_init(g, version, distro="rhel", user="cloud-user", python="usr/lib/python3.9/site-packages", disable_root=True, datasources=None, target="multi-user.target", renamed=False, generator=True):
    """cloud-init with its units, as packages of that version install them."""
    g.files["usr/bin/cloud-init"] = "#!/usr/bin/python3\n# -*- coding: utf-8 -*-\nimport re\nimport sys\nfrom cloudinit.cmd.main import main\nif __name__ == '__main__':\n    sys.exit(main())\n"
    g.files[f"{python}/cloudinit/version.py"] = f"__VERSION__ = \"{version}\"\n_PACKAGED_VERSION = \"{version}\"\n\n\ndef version_string():\n    return __VERSION__\n"
    text = f"users:\n - default\n\ndisable_root: {'true' if disable_root else 'false'}\nssh_pwauth: false\n\nmount_default_fields: [~, ~, 'auto', 'defaults,nofail', '0', '2']\nssh_deletekeys: true\nssh_genkeytypes: ['rsa', 'ecdsa', 'ed25519']\nsyslog_fix_perms: ~\n\n" + CLOUD_MODULES + f"\nsystem_info:\n  distro: {distro}\n  default_user:\n    name: {user}\n    lock_passwd: true\n    gecos: Cloud User\n    groups: [adm, systemd-journal]\n    sudo: [\"ALL=(ALL) NOPASSWD:ALL\"]\n    shell: /bin/bash\n  paths:\n    cloud_dir: /var/lib/cloud/\n    templates_dir: /etc/cloud/templates/\n  ssh_svcname: sshd\n"
    g.files["etc/cloud/cloud.cfg"] = text
    g.files["etc/cloud/cloud.cfg.d/05_logging.cfg"] = "_log:\n - &log_base |\n   [loggers]\n   keys=root,cloudinit\n"
    if datasources:
        g.files["etc/cloud/cloud.cfg.d/90_datasource.cfg"] = f"datasource_list: [ {', '.join(datasources)} ]\n"
    g.sources, g.sources_version = datasources or targets.sources(version), version
    for name in targets.sources(version):
        g.files[f"{python}/cloudinit/{'' if version < '0.7' else 'sources/'}DataSource{name}.py"] = "# This file is part of cloud-init. See LICENSE file for license information.\n"
    g.files["usr/bin/growpart"] = "#!/bin/sh\n#    Copyright (C) 2011 Canonical Ltd.\n"
    middle = "cloud-init-network.service" if renamed else "cloud-init.service"
    if generator:
        g.files[g.lib + "/systemd/system-generators/cloud-init-generator"] = "#!/bin/sh\n# links cloud-init.target into multi-user.target.wants unless cloud-init is disabled or ds-identify finds nothing\n"
        g.files[g.lib.replace("usr/lib", "usr/libexec") + "/cloud-init/ds-identify" if g.merged else "usr/lib/cloud-init/ds-identify"] = "#!/bin/sh\n# ds-identify\n"
        g.files[g.units + "cloud-init.target"] = "[Unit]\nDescription=Cloud-init target\nAfter=multi-user.target\n"
        target = "cloud-init.target"
    for name, exe in (("cloud-init-local.service", "init --local"), (middle, "init"), ("cloud-config.service", "modules --mode=config"), ("cloud-final.service", "modules --mode=final")):
        before = "DefaultDependencies=no\nWants=network-pre.target\nBefore=network-pre.target\n" if "local" in name else ""
        g.unit(name, f"[Unit]\nDescription=Cloud-init: {exe}\n{before}ConditionPathExists=!/etc/cloud/cloud-init.disabled\nConditionKernelCommandLine=!cloud-init=disabled\n\n[Service]\nType=oneshot\nExecStart=/usr/bin/cloud-init {exe}\nRemainAfterExit=yes\nTimeoutSec=0\nStandardOutput=journal+console\n\n[Install]\nWantedBy={target}\n", target)


# ---- network --------------------------------------------------------------------------------------------------------------

def ifcfg(**values):
    return "".join(f"{k}={v}\n" for k, v in values.items())


def network_manager(g, plugin=True, keyfiles=None, config="[main]\n#plugins=keyfile,ifcfg-rh\n\n[logging]\n", unit=True):
    """NetworkManager; `plugin`: with that for ifcfg files; `keyfiles`: name -> text."""
    g.programs("NetworkManager", "nmcli")
    g.files["etc/NetworkManager/NetworkManager.conf"] = config
    g.files["etc/NetworkManager/system-connections/"] = None
    top = "usr/lib64/NetworkManager/1.40.16-1.el9/"
    g.files[top + "libnm-device-plugin-wwan.so"] = elf(needed=("libc.so.6",))
    if plugin:
        g.files[top + "libnm-settings-plugin-ifcfg-rh.so"] = elf(needed=("libc.so.6",))
    for name, text in (keyfiles or {}).items():
        g.files["etc/NetworkManager/system-connections/" + name] = text
        g.mode("etc/NetworkManager/system-connections/" + name, 0o600)
    if unit:
        g.unit("NetworkManager.service", "[Unit]\nDescription=Network Manager\nWants=network.target\nAfter=network-pre.target dbus.service\nBefore=network.target\n\n[Service]\nType=dbus\nBusName=org.freedesktop.NetworkManager\nExecStart=/usr/sbin/NetworkManager --no-daemon\nRestart=on-failure\n\n[Install]\nWantedBy=multi-user.target\nAlso=NetworkManager-dispatcher.service\nAlso=NetworkManager-wait-online.service\n", "multi-user.target")
        g.unit("NetworkManager-wait-online.service", "[Unit]\nDescription=Network Manager Wait Online\nRequires=NetworkManager.service\nAfter=NetworkManager.service\nBefore=network-online.target\n\n[Service]\nType=oneshot\nExecStart=/usr/bin/nm-online -s -q\nRemainAfterExit=yes\n\n[Install]\nWantedBy=network-online.target\n", "network-online.target")


def keyfile(name, interface=None, method="auto", address=None):
    text = f"[connection]\nid={name}\nuuid=5e1ec7ed-1111-4000-8000-000000000001\ntype=ethernet\n" + (f"interface-name={interface}\n" if interface else "") + "\n[ethernet]\n\n[ipv4]\n" + (f"address1={address}\n" if address else "") + f"method={method}\n\n[ipv6]\naddr-gen-mode=eui64\nmethod=auto\n\n[proxy]\n"
    return text


# ---- kernels, fstab ----------------------------------------------------------------------------------------------------------

def fstab(g, lines):
    g.files["etc/fstab"] = "#\n# /etc/fstab\n# Created by anaconda on Sat Jun  1 00:00:00 2024\n#\n" + "".join(" ".join(l) + "\n" for l in lines)


def kernels(g, image="vmlinuz-{}", initrd="initramfs-{}.img", maps=True, prefix=None):
    """Files of /boot and module trees of g.kernels; the early user space is g.initrd(kernel)."""
    for k in g.kernels:
        g.files["boot/" + image.format(k.version)] = k.image()
        if k.config:
            g.files["boot/config-" + k.version] = k.configuration()
        early = g.initrd(k)
        if early is not None:
            g.files["boot/" + initrd.format(k.version)] = early
        g.put(k.tree(prefix=(prefix or g.lib + "/modules/")))
