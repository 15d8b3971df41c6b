import GuestFacts

/// The programs that a distribution of a generation changes itself with: what a fix is written for.
struct GuestTools {
    let linux: LinuxFacts

    init(_ linux: LinuxFacts) { self.linux = linux }

    private var identity: OSIdentity { linux.identity }
    private var isFedora: Bool { identity.distribution == "fedora" }

    /// The number that tells the generations of Red Hat and those that follow it apart; nil when it is not known.
    private var major: Int? { identity.majorVersion }

    // MARK: Systems that are replaced as a whole

    /// How a system whose `/usr` comes as one image is changed.
    enum WholeImage {
        case rpmOSTree, ostree, flatcar, nixOS
    }

    /// Nil for systems that are changed package by package.
    var wholeImage: WholeImage? {
        switch identity.imageBased?.value {
        case .ostree?: identity.packageManager == .rpm || identity.family == .rhel ? .rpmOSTree : .ostree
        case .nixos?: .nixOS
        case .some: .flatcar
        case nil:
            switch identity.distribution {
            case "nixos": .nixOS
            case "flatcar", "coreos": .flatcar
            default: nil
            }
        }
    }

    // MARK: Packages

    /// What installs packages.
    enum PackageTool {
        case apt, yum, dnf, tdnf, zypper, pacman, apk, emerge
    }

    /// Nil when it is not known.
    var packageTool: PackageTool? {
        switch identity.family {
        case .debian: return .apt
        case .rhel: return isDnf ? .dnf : .yum
        case .suse: return .zypper
        case .arch: return .pacman
        case .alpine: return .apk
        case .gentoo: return .emerge
        case .other:
            if identity.distribution == "photon" { return .tdnf }
            return switch identity.packageManager {
            case .dpkg?: .apt
            case .rpm?: .dnf
            case .apk?: .apk
            case .pacman?: .pacman
            case .portage?: .emerge
            case nil: nil
            }
        }
    }

    /// Red Hat 8 and Fedora 22 brought dnf; there `yum` is a link to it.
    private var isDnf: Bool {
        guard let major else { return false }
        return switch identity.distribution {
        case "fedora": major >= 22
        case "amzn": (2022...2100).contains(major)
        case "alinux", "tencentos": major >= 3
        case "openEuler", "opencloudos": true
        default: major >= 8
        }
    }

    /// Red Hat 5 and what is built from it: no dracut, no systemd, GRUB 0.97.
    var isRedHat5: Bool {
        guard identity.family == .rhel, let major else { return false }
        return isFedora
            ? major < 12
            : (2...5).contains(major) && !["amzn", "alinux", "tencentos"].contains(identity.distribution)
    }

    /// Red Hat 8 and later, which split the kernel into several packages.
    var hasSplitKernel: Bool {
        guard identity.family == .rhel, let major else { return false }
        return isFedora
            ? major >= 22 : isDnf && !["amzn", "openEuler", "alinux"].contains(identity.distribution)
    }

    // MARK: Initramfs

    /// The program that makes the initramfs.
    var initramfsTool: OSIdentity.InitramfsTool {
        if let first = identity.initramfsTools.first { return first }
        return switch identity.family {
        case .debian: .initramfsTools
        case .rhel: isRedHat5 ? .mkinitrd : .dracut
        case .suse: isOldSUSE ? .suseMkinitrd : .dracut
        case .arch: .mkinitcpio
        case .alpine: .mkinitfs
        case .gentoo, .other: .dracut
        }
    }

    /// SUSE 11 and openSUSE up to 13.1.
    var isOldSUSE: Bool {
        guard identity.family == .suse, let major else { return false }
        return major <= 11
            || ["opensuse", "openSUSE"].contains(identity.distribution)
                && identity.versionNumbers.lexicographicallyPrecedes([13, 2])
    }

    // MARK: Loader

    /// What reads the entry that starts by itself, with the file that the entry stands in.
    enum Loader {
        case grubLegacy(String)
        case grub
        /// GRUB with one file for each entry.
        case grubWithEntries
        case systemdBoot(String)
        case unifiedImage(String)
        case extlinux(String)
    }

    private var defaultPath: BootPath? {
        [linux.boot.bios, linux.boot.uefi].first { $0.entry != nil }
    }

    var loader: Loader {
        guard let path = defaultPath, let file = path.entry?.source.path else {
            // Where it stops before an entry, the loader is known all the same.
            let name = linux.boot.bios.loader ?? linux.boot.uefi.loader ?? ""
            if name.hasPrefix("systemd-boot") { return .systemdBoot("loader/entries/") }
            if name.hasPrefix("Syslinux") { return .extlinux("/boot/extlinux/extlinux.conf") }
            return name.hasPrefix("GRUB 0.") || isRedHat5 || isOldSUSE
                || identity.family == .rhel && major == 6
                ? .grubLegacy(identity.family == .suse ? "/boot/grub/menu.lst" : "/boot/grub/grub.conf")
                : .grub
        }
        let name = file.split(separator: "/").last.map(String.init) ?? file
        if name == "menu.lst" || name == "grub.conf" { return .grubLegacy(file) }
        if name.lowercased().hasSuffix(".efi") { return .unifiedImage(file) }
        if name.hasPrefix("extlinux") || name.hasPrefix("syslinux") || file.contains("/extlinux/")
            || file.contains("/syslinux/")
        {
            return .extlinux(file)
        }
        guard file.contains("/loader/entries/") else { return .grub }
        return path.loader?.contains("GRUB") ?? (path.firmware == .bios)
            ? .grubWithEntries : .systemdBoot(file)
    }

    /// The directory of the distribution on the EFI system partition.
    var vendorDirectory: String {
        switch identity.distribution {
        case "rhel", "ol", "circle": "redhat"
        case "tencentos": "tencent"
        case "opensuse-leap", "opensuse-tumbleweed": "opensuse"
        case "sles_sap": "sles"
        case let name: name
        }
    }

    /// Where GRUB 2 of this system reads its configuration: on the EFI system partition until Red Hat 8 and Fedora 33,
    /// of which the later ones have a stub there that must stay one.
    var grubConfigurations: [String] {
        guard identity.family == .rhel || identity.family == .suse else { return ["/boot/grub/grub.cfg"] }
        let common = "/boot/grub2/grub.cfg"
        guard identity.family == .rhel, keepsConfigurationOnESP, linux.boot.uefi.isPresent != .no else {
            return [common]
        }
        let own = linux.boot.uefi.entry?.source.path.flatMap {
            $0.hasPrefix("/boot/efi/EFI/") && $0.hasSuffix("grub.cfg") ? $0 : nil
        }
        let onESP = own ?? "/boot/efi/EFI/\(vendorDirectory)/grub.cfg"
        return linux.boot.bios.isPresent == .no ? [onESP] : [common, onESP]
    }

    private var keepsConfigurationOnESP: Bool {
        guard let major else { return false }
        return switch identity.distribution {
        case "fedora": major < 34
        case "amzn": major == 2
        case "openEuler": true
        case "alinux", "tencentos": major <= 3
        default: major <= 8
        }
    }
}
