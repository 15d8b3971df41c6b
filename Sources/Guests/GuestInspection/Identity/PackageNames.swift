import GuestFacts

/// How each distribution calls the packages that checks ask about. Checks use Debian's names.
enum PackageNames {
    /// Red Hat's and SUSE's packages have names of their own in one kind of database.
    private struct Names {
        var generic: String
        var redHat: [String] = []
        var suse: [String] = []
        var alpine: [String] = []
        var arch: [String] = []
        var gentoo: [String] = []

        /// A package that has one name everywhere, and its category in Gentoo.
        init(everywhere name: String, gentoo category: String) {
            generic = name
            redHat = [name]
            suse = [name]
            alpine = [name]
            arch = [name]
            gentoo = ["\(category)/\(name)"]
        }

        init(
            _ generic: String, redHat: [String] = [], suse: [String] = [], alpine: [String] = [],
            arch: [String] = [], gentoo: [String] = []
        ) {
            self.generic = generic
            self.redHat = redHat
            self.suse = suse
            self.alpine = alpine
            self.arch = arch
            self.gentoo = gentoo
        }
    }

    private static let table = [
        // Before 15 SP3 SUSE has client and server in one package; Red Hat's `openssh` is neither.
        Names(
            "openssh-server", redHat: ["openssh-server"], suse: ["openssh-server", "openssh"],
            alpine: ["openssh-server", "openssh-server-pam", "openssh"], arch: ["openssh"],
            gentoo: ["net-misc/openssh"]),
        Names(everywhere: "cloud-init", gentoo: "app-emulation"),
        Names(
            "cloud-guest-utils", redHat: ["cloud-utils-growpart"], suse: ["growpart"],
            alpine: ["cloud-utils-growpart"], arch: ["cloud-guest-utils"], gentoo: ["sys-fs/growpart"]),
        Names(everywhere: "cloud-utils", gentoo: "app-emulation"),
        Names(everywhere: "systemd", gentoo: "sys-apps"),
        Names(
            "udev", redHat: ["systemd-udev", "udev"], suse: ["udev"], alpine: ["eudev"], arch: ["systemd"],
            gentoo: ["sys-fs/eudev", "sys-apps/systemd-utils"]),
        Names(
            "grub-pc", redHat: ["grub2-pc"], suse: ["grub2-i386-pc"], alpine: ["grub-bios"], arch: ["grub"],
            gentoo: ["sys-boot/grub"]),
        Names(
            "grub-common", redHat: ["grub2-common", "grub2"], suse: ["grub2"], alpine: ["grub"],
            arch: ["grub"], gentoo: ["sys-boot/grub"]),
        Names(
            "grub-efi-amd64", redHat: ["grub2-efi-x64", "grub2-efi"], suse: ["grub2-x86_64-efi"],
            alpine: ["grub-efi"], arch: ["grub"], gentoo: ["sys-boot/grub"]),
        Names("grub-legacy", redHat: ["grub"], suse: ["grub"], gentoo: ["sys-boot/grub-static"]),
        Names("initramfs-tools"),
        Names(everywhere: "dracut", gentoo: "sys-kernel"),
        Names("mkinitrd", redHat: ["mkinitrd"], suse: ["mkinitrd"]),
        Names("mkinitcpio", arch: ["mkinitcpio"]),
        Names("mkinitfs", alpine: ["mkinitfs"]),
        Names(everywhere: "e2fsprogs", gentoo: "sys-fs"),
        Names(everywhere: "xfsprogs", gentoo: "sys-fs"),
        Names(
            "libc6", redHat: ["glibc"], suse: ["glibc"], alpine: ["musl"], arch: ["glibc"],
            gentoo: ["sys-libs/glibc", "sys-libs/musl"]),
        Names(
            "network-manager", redHat: ["NetworkManager"], suse: ["NetworkManager"],
            alpine: ["networkmanager"], arch: ["networkmanager"], gentoo: ["net-misc/networkmanager"]),
        Names("netplan.io", redHat: ["netplan"], suse: ["netplan"], arch: ["netplan"]),
        Names("ifupdown", redHat: ["initscripts"], alpine: ["ifupdown-ng", "ifupdown"]),
        Names("wicked", suse: ["wicked"]),
        Names(
            "isc-dhcp-client", redHat: ["dhcp-client", "dhclient"], suse: ["dhcp-client"],
            alpine: ["dhclient"], arch: ["dhclient"], gentoo: ["net-misc/dhcp"]),
        Names(everywhere: "dhcpcd", gentoo: "net-misc"),
        Names(everywhere: "qemu-guest-agent", gentoo: "app-emulation"),
        Names(
            "passwd", redHat: ["shadow-utils", "passwd"], suse: ["shadow", "pwdutils"], alpine: ["shadow"],
            arch: ["shadow"], gentoo: ["sys-apps/shadow"]),
        Names("openssl", redHat: ["openssl-libs", "openssl"], suse: ["libopenssl3", "openssl"]),
    ]

    /// Packages that tie a system to the update servers of one cloud: kept under their own names.
    static func isRegistration(_ name: String) -> Bool {
        name.contains("rhui") || name == "cloud-regionsrv-client" || name == "ubuntu-advantage-tools"
            || name == "subscription-manager"
    }

    /// The versions of the packages that checks ask about, by Debian's names.
    static func versions(
        _ installed: [String: String], manager: OSIdentity.PackageManager, family: OSIdentity.Family
    ) -> [String: String] {
        var versions: [String: String] = [:]
        for names in table {
            let own: [String] =
                switch manager {
                case .dpkg: [names.generic]
                case .rpm: family == .suse ? names.suse : names.redHat
                case .apk: names.alpine
                case .pacman: names.arch
                case .portage: names.gentoo
                }
            if let version = own.lazy.compactMap({ installed[$0] }).first {
                versions[names.generic] = version
            }
        }
        for (name, version) in installed where isRegistration(name) { versions[name] = version }
        return versions
    }
}
