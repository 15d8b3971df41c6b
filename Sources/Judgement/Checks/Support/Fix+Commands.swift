import GuestFacts

/// Text from a guest inside a command: quoted so that a shell takes it as one word, whatever it holds.
func quoted(_ text: String) -> String {
    let isPlain =
        !text.isEmpty
        && text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "="), UInt8(ascii: ":"), UInt8(ascii: "+"),
                UInt8(ascii: ","), UInt8(ascii: "@"):
                true
            default: false
            }
        }
    if isPlain { return text }
    return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
}

/// Commands as the families of distributions have them. All run inside the guest: in a chroot of the image,
/// or in the source system before it is exported again.
extension Fix {
    /// Puts `modules` into the initramfs of `kernel`.
    static func rebuildInitramfs(adding modules: [String], kernel: String, in linux: LinuxFacts) -> Fix {
        let list = modules.joined(separator: " ")
        let title =
            modules.isEmpty ? "Build the initramfs again" : "Add \(list) to the initramfs and build it again"
        let commands: [String]
        switch linux.identity.family {
        case .debian:
            let add = modules.map { "echo \(quoted($0)) >> /etc/initramfs-tools/modules" }
            commands = add + ["update-initramfs -u -k \(quoted(kernel))"]
        case .rhel, .suse:
            let image = linux.identity.family == .suse ? "initrd-\(kernel)" : "initramfs-\(kernel).img"
            let add =
                modules.isEmpty
                ? [] : ["echo 'add_drivers+=\" \(list) \"' > /etc/dracut.conf.d/90-cloud-drivers.conf"]
            commands = add + ["dracut -f \(quoted("/boot/" + image)) \(quoted(kernel))"]
        case .arch:
            commands = ["sed -i 's/^MODULES=(/&\(list) /' /etc/mkinitcpio.conf", "mkinitcpio -P"]
        case .alpine:
            commands = [
                "sed -i 's/^features=\"/&virtio nvme /' /etc/mkinitfs/mkinitfs.conf",
                "mkinitfs \(quoted(kernel))",
            ]
        case .gentoo, .other:
            commands = ["dracut -f --add-drivers '\(list)' --kver \(quoted(kernel))"]
        }
        return Fix(title, where: .online, kind: .autoChroot, commands: commands)
    }

    /// Installs the distribution's own kernel again.
    static func installKernel(in linux: LinuxFacts) -> Fix {
        let arm = linux.identity.architecture == "arm64"
        let package: String
        switch linux.identity.family {
        case .debian where linux.identity.distribution == "ubuntu": package = "linux-image-generic"
        case .debian: package = arm ? "linux-image-arm64" : "linux-image-amd64"
        case .suse: package = "kernel-default"
        case .arch: package = "linux"
        case .alpine: package = "linux-lts"
        default: package = "kernel"
        }
        return install([package], "Install a kernel of the distribution", in: linux)
    }

    /// Installs the kernel package of one version again, with its modules.
    static func reinstallKernel(_ version: String?, in linux: LinuxFacts) -> Fix {
        guard let version else { return installKernel(in: linux) }
        let package: String
        switch linux.identity.family {
        case .debian: package = "linux-image-\(version)"
        case .rhel: package = "kernel-core-\(version)"
        case .suse: package = "kernel-default"
        default: return installKernel(in: linux)
        }
        return reinstall(package, "Install the kernel again", in: linux)
    }

    /// Installs packages.
    static func install(_ packages: [String], _ title: String, in linux: LinuxFacts) -> Fix {
        let list = packages.map(quoted).joined(separator: " ")
        let command: String
        switch linux.identity.family {
        case .debian: command = "apt-get install -y \(list)"
        case .rhel: command = "yum install -y \(list)"
        case .suse: command = "zypper --non-interactive install \(list)"
        case .arch: command = "pacman -S --noconfirm \(list)"
        case .alpine: command = "apk add \(list)"
        case .gentoo, .other: command = "emerge \(list)"
        }
        return Fix(title, where: .online, kind: .autoChroot, risk: .medium, commands: [command])
    }

    /// Installs a package over itself.
    static func reinstall(_ package: String, _ title: String, in linux: LinuxFacts) -> Fix {
        let name = quoted(package)
        let command: String
        switch linux.identity.family {
        case .debian: command = "apt-get install -y --reinstall \(name)"
        case .rhel: command = "yum reinstall -y \(name)"
        case .suse: command = "zypper --non-interactive install --force \(name)"
        case .arch: command = "pacman -S --noconfirm \(name)"
        case .alpine: command = "apk fix \(name)"
        case .gentoo, .other: command = "emerge --oneshot \(name)"
        }
        return Fix(title, where: .online, kind: .autoChroot, risk: .medium, commands: [command])
    }

    /// Removes packages.
    static func remove(_ packages: [String], _ title: String, in linux: LinuxFacts) -> Fix {
        let list = packages.map(quoted).joined(separator: " ")
        let command: String
        switch linux.identity.family {
        case .debian: command = "apt-get purge -y \(list)"
        case .rhel: command = "yum remove -y \(list)"
        case .suse: command = "zypper --non-interactive remove \(list)"
        case .arch: command = "pacman -Rs --noconfirm \(list)"
        case .alpine: command = "apk del \(list)"
        case .gentoo, .other: command = "emerge --unmerge \(list)"
        }
        return Fix(title, where: .online, kind: .autoChroot, risk: .medium, commands: [command])
    }

    /// The command that writes the loader's configuration anew.
    static func regenerateGrub(_ linux: LinuxFacts) -> String {
        switch linux.identity.family {
        case .debian: "update-grub"
        case .rhel, .suse: "grub2-mkconfig -o /boot/grub2/grub.cfg"
        default: "grub-mkconfig -o /boot/grub/grub.cfg"
        }
    }

    /// Writes the loader's configuration anew.
    static func updateGrub(_ title: String, in linux: LinuxFacts) -> Fix {
        Fix(title, where: .online, kind: .autoChroot, commands: [regenerateGrub(linux)])
    }

    /// Installs the boot loader for a firmware. `target` is the disk's name where the guest runs.
    static func installLoader(_ firmware: Firmware, in linux: LinuxFacts) -> Fix {
        let tool =
            linux.identity.family == .debian || linux.identity.family == .arch
            ? "grub-install" : "grub2-install"
        let isARM = linux.identity.architecture == "arm64"
        let command: String
        switch firmware {
        case .bios: command = "\(tool) --target=i386-pc /dev/vda"
        case .uefi where linux.identity.family == .debian:
            command =
                "grub-install --target=\(isARM ? "arm64" : "x86_64")-efi --efi-directory=/boot/efi"
                + " --force-extra-removable"
        case .uefi where linux.identity.family == .rhel:
            command =
                isARM
                ? "yum reinstall -y shim-aa64 grub2-efi-aa64" : "yum reinstall -y shim-x64 grub2-efi-x64"
        case .uefi:
            command =
                "\(tool) --target=\(isARM ? "arm64" : "x86_64")-efi --efi-directory=/boot/efi --removable --no-nvram"
        }
        let place =
            firmware == .bios
            ? "to the disk, named as it is where this runs" : "to what is mounted at /boot/efi"
        return Fix(
            "Install the boot loader again, \(place)", where: .online, kind: .autoChroot, risk: .medium,
            commands: [command, regenerateGrub(linux)])
    }

    /// Takes parameters off the kernel command line and puts others on it.
    static func commandLine(
        removing removed: [String] = [], adding added: [String] = [], _ title: String, in linux: LinuxFacts
    ) -> Fix {
        var commands: [String] = []
        if linux.identity.family == .rhel {
            var command = "grubby --update-kernel=ALL"
            if !removed.isEmpty { command += " --remove-args=\(quoted(removed.joined(separator: " ")))" }
            if !added.isEmpty { command += " --args=\(quoted(added.joined(separator: " ")))" }
            commands.append(command)
        } else {
            for parameter in removed {
                let pattern = parameter.split(separator: "/", omittingEmptySubsequences: false).joined(
                    separator: "\\/")
                let expression = "/^GRUB_CMDLINE_LINUX/s/ *\\b\(pattern)//"
                commands.append("sed -i \(quoted(expression)) /etc/default/grub")
            }
            if !added.isEmpty {
                let list = added.joined(separator: " ").split(
                    separator: "/", omittingEmptySubsequences: false
                )
                .joined(separator: "\\/")
                let expression = "s/^GRUB_CMDLINE_LINUX=\"/&\(list) /"
                commands.append("sed -i \(quoted(expression)) /etc/default/grub")
            }
            commands.append(regenerateGrub(linux))
        }
        return Fix(title, where: .online, kind: .autoChroot, commands: commands)
    }

    /// Enables units of systemd.
    static func enable(_ units: [String], _ title: String) -> Fix {
        Fix(
            title, where: .online, kind: .autoChroot,
            commands: ["systemctl enable \(units.map(quoted).joined(separator: " "))"])
    }

    /// Replaces one line of a file.
    static func edit(
        _ title: String, _ evidence: Evidence, to new: String?, risk: Risk = .low,
        where place: Place = .offline
    ) -> Fix {
        Fix(
            title, where: place, kind: .autoEdit, risk: risk,
            edit: Edit(path: evidence.path ?? "", line: evidence.line, old: evidence.excerpt, new: new))
    }

    /// Something only a person can decide.
    static func byHand(_ title: String, commands: [String] = [], where place: Place = .online) -> Fix {
        Fix(title, where: place, kind: .manual, risk: .medium, commands: commands)
    }
}
