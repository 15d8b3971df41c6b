import GuestFacts

/// The boot loaders whose repair differs.
enum BootLoaderKind: Hashable {
    case grub2, grubLegacy, systemdBoot, syslinux

    /// From the words of the facts; GRUB 2 where nothing else was found.
    init(_ name: String?) {
        switch name {
        case let name? where name.hasPrefix("systemd-boot"): self = .systemdBoot
        case let name? where name.hasPrefix("Syslinux"): self = .syslinux
        case let name? where name.hasPrefix("GRUB 0."): self = .grubLegacy
        default: self = .grub2
        }
    }

    /// Installs the loader again.
    func installation(_ firmware: Firmware, in linux: LinuxFacts) -> Fix {
        switch self {
        case .grub2: return .installLoader(firmware, in: linux)
        case .systemdBoot:
            return Fix(
                "Install systemd-boot again, to the removable path too", where: .online, kind: .autoChroot,
                risk: .medium, commands: ["bootctl install --no-variables"])
        case .syslinux where firmware == .uefi:
            return .byHand(
                "Copy syslinux.efi and ldlinux.e64 of the distribution to EFI/BOOT/ on the EFI system partition"
            )
        case .syslinux:
            return Fix(
                "Install extlinux again, with its modules", where: .online, kind: .autoChroot, risk: .medium,
                commands: [
                    linux.identity.family == .alpine ? "update-extlinux" : "extlinux --install /boot/extlinux"
                ])
        case .grubLegacy:
            return Fix(
                "Install GRUB legacy again, to the disk named as it is where this runs", where: .online,
                kind: .autoChroot, risk: .medium,
                commands: ["grub-install --recheck /dev/vda"])
        }
    }

    /// Writes the loader's configuration anew.
    func configuration(of linux: LinuxFacts) -> Fix {
        switch self {
        case .grub2: .updateGrub("Write GRUB's configuration again", in: linux)
        case .systemdBoot:
            Fix(
                "Make the boot entries again", where: .online, kind: .autoChroot,
                commands: [
                    linux.identity.family == .debian
                        ? "update-initramfs -c -k all"
                        : "kernel-install add-all"
                ])
        case .syslinux:
            linux.identity.family == .alpine
                ? Fix(
                    "Write extlinux.conf again", where: .online, kind: .autoChroot,
                    commands: ["update-extlinux"])
                : .byHand("Write extlinux.conf with DEFAULT, LABEL, LINUX, INITRD and APPEND")
        case .grubLegacy:
            linux.identity.family == .debian
                ? Fix(
                    "Write menu.lst again", where: .online, kind: .autoChroot, commands: ["update-grub -y"])
                : .byHand("Write /boot/grub/grub.conf with default, timeout, title, root, kernel and initrd")
        }
    }

    /// What to change in the configuration by hand.
    func edits(_ code: String, _ evidence: Evidence?) -> [Fix] {
        let file = evidence?.path ?? "the configuration"
        switch (code, self) {
        case ("Grub.WaitsForever", .syslinux):
            return [.byHand("Set PROMPT 0 and TIMEOUT 30 in \(file)", where: .offline)]
        case ("Grub.WaitsForever", .systemdBoot):
            return [.byHand("Set timeout 3 in \(file)", where: .offline)]
        case ("Grub.WaitsForever", _): return [.byHand("Set timeout=5 in \(file)", where: .offline)]
        case ("Grub.DeviceMissing", _):
            return [
                .byHand(
                    "Name the first disk, (hd0,…), in the root line of \(file): a new instance has only one",
                    where: .offline)
            ]
        default: return [.byHand("Take the password off the default entry in \(file)", where: .offline)]
        }
    }
}
