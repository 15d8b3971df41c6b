import GuestFacts

/// Boot loaders and the kernel command line, by the loader that reads the default entry.
extension Fix {
    /// The commands that write the loader's configuration anew; empty where it is only ever edited.
    static func regenerateGrub(_ linux: LinuxFacts) -> [String] {
        let tools = GuestTools(linux)
        switch tools.wholeImage {
        case .rpmOSTree?, .ostree?: return ["ostree admin instutil grub2-generate"]
        case .nixOS?: return ["nixos-rebuild boot"]
        case .flatcar?: return []
        case nil: break
        }
        switch tools.loader {
        case .grubLegacy:
            switch linux.identity.family {
            case .debian: return ["update-grub"]
            case .suse: return ["update-bootloader --refresh"]
            default: return []
            }
        case .systemdBoot, .unifiedImage: return kernelInstall(linux)
        case .extlinux: return linux.identity.family == .alpine ? ["update-extlinux"] : []
        case .grub, .grubWithEntries: break
        }
        switch linux.identity.family {
        case .debian: return ["update-grub"]
        case .rhel, .suse: return tools.grubConfigurations.map { "grub2-mkconfig -o \($0)" }
        case .arch, .alpine, .gentoo, .other: return ["grub-mkconfig -o /boot/grub/grub.cfg"]
        }
    }

    /// Writes the loader's configuration anew.
    static func updateGrub(_ title: String, in linux: LinuxFacts) -> Fix {
        let commands = regenerateGrub(linux)
        guard commands.isEmpty else {
            return Fix(title, where: .online, kind: .autoChroot, commands: commands)
        }
        let file: String =
            switch GuestTools(linux).loader {
            case .grubLegacy(let file), .extlinux(let file), .systemdBoot(let file), .unifiedImage(let file):
                file
            case .grub, .grubWithEntries: "the loader's configuration"
            }
        return .byHand("Nothing writes \(file) by itself: mend it in an editor", where: .offline)
    }

    /// Installs the boot loader for a firmware. The disk is named as it is called where this runs.
    static func installLoader(_ firmware: Firmware, in linux: LinuxFacts) -> Fix {
        let tools = GuestTools(linux)
        let place =
            firmware == .bios
            ? "to the disk, named as it is where this runs" : "to what is mounted at /boot/efi"
        return Fix(
            "Install the boot loader again, \(place)", where: .online, kind: .autoChroot, risk: .medium,
            commands: (firmware == .bios ? biosLoader(linux, tools) : efiLoader(linux, tools))
                + regenerateGrub(linux))
    }

    private static func biosLoader(_ linux: LinuxFacts, _ tools: GuestTools) -> [String] {
        switch tools.loader {
        case .grubLegacy where linux.identity.family == .suse:
            ["grub --batch --device-map=/boot/grub/device.map < /etc/grub.conf"]
        case .grubLegacy: ["grub-install --recheck /dev/vda"]
        case .extlinux(let file):
            [
                "extlinux --install \(quoted(file.split(separator: "/").dropLast().map { "/\($0)" }.joined()))",
                "dd if=/usr/share/syslinux/mbr.bin of=/dev/vda bs=440 count=1 conv=notrunc",
            ]
        case .grub, .grubWithEntries, .systemdBoot, .unifiedImage:
            ["\(grubInstall(linux)) --target=i386-pc /dev/vda"]
        }
    }

    private static func efiLoader(_ linux: LinuxFacts, _ tools: GuestTools) -> [String] {
        let isARM = linux.identity.architecture == "arm64"
        let architecture = isARM ? "arm64" : linux.identity.architecture == "i386" ? "i386" : "x86_64"
        switch tools.loader {
        case .systemdBoot, .unifiedImage: return ["bootctl --no-variables install"]
        case .grub, .grubWithEntries, .grubLegacy, .extlinux: break
        }
        switch linux.identity.family {
        case .debian:
            return [
                "grub-install --target=\(architecture)-efi --efi-directory=/boot/efi --force-extra-removable"
            ]
        case .rhel:
            // grub2-install would put an unsigned loader where shim looks for the signed one.
            let tool = tools.packageTool == .dnf ? "dnf" : "yum"
            return [
                isARM
                    ? "\(tool) reinstall -y shim-aa64 grub2-efi-aa64"
                    : "\(tool) reinstall -y shim-x64 grub2-efi-x64"
            ]
        case .suse, .arch, .alpine, .gentoo, .other:
            return [
                "\(grubInstall(linux)) --target=\(architecture)-efi --efi-directory=/boot/efi --removable --no-nvram"
            ]
        }
    }

    private static func grubInstall(_ linux: LinuxFacts) -> String {
        switch linux.identity.family {
        case .rhel, .suse: "grub2-install"
        case .debian, .arch, .alpine, .gentoo: "grub-install"
        case .other: linux.identity.distribution == "photon" ? "grub2-install" : "grub-install"
        }
    }

    /// The kernel of the default entry is put on the EFI system partition again, with its entry.
    private static func kernelInstall(_ linux: LinuxFacts) -> [String] {
        if GuestTools(linux).initramfsTool == .mkinitcpio { return ["mkinitcpio -P"] }
        let version =
            (linux.boot.uefi.entry ?? linux.boot.bios.entry)?.kernelPath.flatMap {
                linux.boot.kernels[$0]?.version
            }
            ?? linux.boot.moduleVersions.max()
        guard let version else { return ["kernel-install add-all"] }
        let image =
            linux.identity.family == .debian ? "/boot/vmlinuz-\(version)" : "/lib/modules/\(version)/vmlinuz"
        return ["kernel-install add \(quoted(version)) \(quoted(image))"]
    }

    // MARK: Kernel command line

    /// Takes parameters off the kernel command line and puts others on it. A parameter to take off is `name=value`, or
    /// a name for whatever value it has.
    static func commandLine(
        removing removed: [String] = [], adding added: [String] = [], _ title: String, in linux: LinuxFacts
    ) -> Fix {
        let change = CommandLineChange(removed: removed, added: added, linux: linux)
        let tools = GuestTools(linux)
        switch tools.wholeImage {
        case .rpmOSTree?, .ostree?:
            let words =
                removed.map { " --delete-if-present=\(quoted($0))" }
                + added.map { " --append-if-missing=\(quoted($0))" }
            return Fix(
                title, where: .online, kind: .online,
                commands: [
                    tools.wholeImage == .rpmOSTree
                        ? "rpm-ostree kargs\(words.joined())" : "ostree admin kargs edit-in-place"
                ])
        case .nixOS?:
            return .byHand(
                "\(title): in boot.kernelParams of configuration.nix",
                commands: added.map { "boot.kernelParams = [ \"\($0)\" ];" } + ["nixos-rebuild boot"])
        case .flatcar?:
            let words = added.joined(separator: " ")
            return added.isEmpty
                ? .byHand("\(title): in /usr/share/oem/grub.cfg (set linux_append)", where: .offline)
                : Fix(
                    title, where: .offline, kind: .autoEdit,
                    edit: Edit(
                        path: "/usr/share/oem/grub.cfg", new: "set linux_append=\"$linux_append \(words)\""))
        case nil: break
        }
        switch tools.loader {
        case .grubLegacy, .systemdBoot:
            return change.edited(title)
                ?? .byHand("\(title): in the line of the default entry", where: .offline)
        case .extlinux:
            guard linux.identity.family == .alpine else {
                return change.edited(title)
                    ?? .byHand("\(title): in the line of the default entry", where: .offline)
            }
            return Fix(
                title, where: .online, kind: .autoChroot,
                commands: change.substitutions(
                    line: "default_kernel_opts", opening: "default_kernel_opts=\"",
                    file: "/etc/update-extlinux.conf") + ["update-extlinux"])
        case .unifiedImage:
            // The line is inside the image: it is built again from this file (kernel-install(8), mkinitcpio(8)).
            return Fix(
                title, where: .online, kind: .autoChroot,
                commands: change.rewriting(file: "/etc/kernel/cmdline") + kernelInstall(linux))
        case .grub, .grubWithEntries: break
        }
        if linux.identity.family == .rhel {
            return Fix(title, where: .online, kind: .autoChroot, commands: [change.grubby])
        }
        return Fix(
            title, where: .online, kind: .autoChroot,
            commands: change.substitutions(
                line: "GRUB_CMDLINE_LINUX", opening: "GRUB_CMDLINE_LINUX=\"", file: "/etc/default/grub")
                + regenerateGrub(linux))
    }
}

/// Parameters that go off and onto a kernel command line, as each tool is told.
private struct CommandLineChange {
    let removed: [String]
    let added: [String]
    let linux: LinuxFacts

    var grubby: String {
        var command = "grubby --update-kernel=ALL"
        if !removed.isEmpty { command += " --remove-args=\(quoted(removed.joined(separator: " ")))" }
        if !added.isEmpty { command += " --args=\(quoted(added.joined(separator: " ")))" }
        return command
    }

    /// `sed` on a variable that holds the parameters.
    func substitutions(line: String, opening: String, file: String) -> [String] {
        var commands = removed.map { parameter in
            "sed -i \(quoted("/^\(line)/s/ *\\b\(escaped(parameter))//")) \(file)"
        }
        if !added.isEmpty {
            commands.append(
                "sed -i \(quoted("s/^\(opening)/&\(escaped(added.joined(separator: " "))) /")) \(file)")
        }
        return commands
    }

    /// `sed` on a file that is the command line.
    func rewriting(file: String) -> [String] {
        var commands = removed.map { "sed -i \(quoted("s/ *\\b\(escaped($0))//")) \(file)" }
        if !added.isEmpty {
            commands.append("sed -i \(quoted("1s/$/ \(escaped(added.joined(separator: " ")))/")) \(file)")
        }
        return commands
    }

    /// The line of the default entry with the change made; nil when its place is not known.
    func edited(_ title: String) -> Fix? {
        guard let line = (linux.boot.bios.entry ?? linux.boot.uefi.entry)?.commandLine.evidence,
            line.line != nil,
            let text = line.excerpt
        else { return nil }
        let words = text.split(separator: " ", omittingEmptySubsequences: false).filter { word in
            !removed.contains { word == $0 || (!$0.contains("=") && word.hasPrefix("\($0)=")) }
        }
        let new = (words.map(String.init) + added).joined(separator: " ")
        return .edit(title, line, to: new)
    }

    private func escaped(_ text: String) -> String {
        text.split(separator: "/", omittingEmptySubsequences: false).joined(separator: "\\/")
    }
}
