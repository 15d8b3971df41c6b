/// Which tools a distribution is built from. The same distribution name may come in two families (UOS, Kylin);
/// `DistributionFamily.isAmbiguous` says when the package database has to decide.
package enum DistributionFamily: String, Sendable, Hashable, CaseIterable {
    /// rpm, dracut, grub2 in `/boot/grub2`.
    case rhel
    /// dpkg, initramfs-tools, `/boot/grub`.
    case debian
    /// rpm, dracut (mkinitrd before 12), wicked or NetworkManager.
    case suse
    /// pacman, mkinitcpio.
    case arch
    /// apk, mkinitfs, OpenRC.
    case alpine
    /// Image-based or source-based systems to which the rules of the others do not apply.
    case other

    /// `ID` values of os-release and the family they mean.
    package static let identifiers: [DistributionFamily: [String]] = [
        .rhel: [
            "rhel", "centos", "rocky", "almalinux", "ol", "scientific", "anolis", "alinux", "openEuler",
            "euleros",
            "hce", "kylin", "uos", "tencentos", "opencloudos", "fedora", "amzn",
            "fedora-asahi-remix", "nobara", "ultramarine", "springdale", "asianux", "redflag", "openanolis",
            "bclinux", "ctyunos", "culinux", "neokylin", "vzlinux", "msvsphere", "almalinux-kitten", "circle",
            "eurolinux",
            "virtuozzo",
            "cloudlinux", "miraclelinux", "navylinux", "mageia", "photon", "azurelinux", "mariner",
            "xenenterprise",
        ],
        .debian: [
            "debian", "ubuntu", "linuxmint", "kali", "deepin", "raspbian", "pop", "elementary", "devuan",
            "neon",
            "zorin", "parrot", "proxmox", "astra", "openkylin", "tails", "pureos", "mx", "antix", "linuxlite",
            "ubuntu-core", "tuxedo", "siduction", "knoppix", "bodhi", "peppermint", "kubuntu",
        ],
        .suse: [
            "sles", "sles_sap", "sled", "opensuse", "opensuse-leap", "opensuse-tumbleweed", "suse",
            "sle-micro",
            "sl-micro", "opensuse-microos", "opensuse-slowroll", "sles_sap_micro", "opensuse-leap-micro",
            "opensuse-aeon", "opensuse-kalpa",
        ],
        .arch: ["arch", "manjaro", "archarm", "endeavouros", "cachyos", "garuda"],
        .alpine: ["alpine", "postmarketos"],
        .other: [
            "coreos", "flatcar", "gentoo", "nixos", "freebsd", "void", "slackware", "clear-linux-os",
            "bottlerocket",
            "cos", "guix", "openwrt",
        ],
    ]

    /// IDs that exist both as rpm and as dpkg systems: decide by the package database.
    package static let ambiguousIdentifiers: Set<String> = ["uos", "kylin", "deepin", "astra"]

    /// The family of an `ID`; letters in any case, as openEuler writes its own with a capital.
    package init?(id: String) {
        let wanted = AsciiText.lowercased(id)
        for (family, names) in Self.identifiers
        where names.contains(where: { AsciiText.lowercased($0) == wanted }) {
            self = family
            return
        }
        return nil
    }

    /// Whether the package database has to decide for this `ID`.
    package static func isAmbiguous(id: String) -> Bool {
        ambiguousIdentifiers.contains(AsciiText.lowercased(id))
    }

    /// Directories below `EFI` on an ESP that belong to a distribution.
    package static let vendorDirectories = [
        "redhat", "centos", "rocky", "almalinux", "fedora", "anolis", "alinux", "openEuler", "amzn", "debian",
        "ubuntu", "opensuse", "sles", "BOOT",
    ]
}
