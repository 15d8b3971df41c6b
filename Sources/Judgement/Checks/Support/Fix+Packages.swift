import GuestFacts

/// Packages, by the program that installs them.
extension Fix {
    /// Installs packages.
    static func install(_ packages: [String], _ title: String, in linux: LinuxFacts) -> Fix {
        package(packages, title, in: linux, verb: .install)
    }

    /// Installs a package over itself.
    static func reinstall(_ package: String, _ title: String, in linux: LinuxFacts) -> Fix {
        self.package([package], title, in: linux, verb: .reinstall)
    }

    /// Removes packages.
    static func remove(_ packages: [String], _ title: String, in linux: LinuxFacts) -> Fix {
        package(packages, title, in: linux, verb: .remove)
    }

    /// Installs the distribution's own kernel again.
    static func installKernel(in linux: LinuxFacts) -> Fix {
        install([kernelPackage(linux)], "Install a kernel of the distribution", in: linux)
    }

    /// Installs the kernel package of one version again, with its modules.
    static func reinstallKernel(_ version: String?, in linux: LinuxFacts) -> Fix {
        let title = "Install the kernel again"
        guard let version else { return installKernel(in: linux) }
        switch linux.identity.family {
        case .debian: return reinstall("linux-image-\(version)", title, in: linux)
        case .rhel:
            if version.contains("uek") { return reinstall("kernel-uek-\(version)", title, in: linux) }
            let parts = GuestTools(linux).hasSplitKernel ? ["kernel-core", "kernel-modules"] : ["kernel"]
            return package(parts.map { "\($0)-\(version)" }, title, in: linux, verb: .reinstall)
        case .suse: return reinstall("kernel-default", title, in: linux)
        default: return installKernel(in: linux)
        }
    }

    private enum Verb {
        case install, reinstall, remove
    }

    private static func package(
        _ packages: [String], _ title: String, in linux: LinuxFacts, verb: Verb
    ) -> Fix {
        let tools = GuestTools(linux)
        let list = packages.map(quoted).joined(separator: " ")
        if let whole = tools.wholeImage { return change(of: whole, packages, list, title, verb) }
        guard let tool = tools.packageTool else {
            return .byHand("\(title): \(packages.joined(separator: ", "))")
        }
        return Fix(
            title, where: .online, kind: .autoChroot, risk: .medium, commands: [command(tool, verb, list)])
    }

    private static func command(_ tool: GuestTools.PackageTool, _ verb: Verb, _ list: String) -> String {
        switch (tool, verb) {
        case (.apt, .install): "apt-get install -y \(list)"
        case (.apt, .reinstall): "apt-get install -y --reinstall \(list)"
        case (.apt, .remove): "apt-get purge -y \(list)"
        case (.yum, .install), (.dnf, .install), (.tdnf, .install): "\(tool) install -y \(list)"
        case (.yum, .reinstall), (.dnf, .reinstall), (.tdnf, .reinstall): "\(tool) reinstall -y \(list)"
        case (.yum, .remove), (.dnf, .remove), (.tdnf, .remove): "\(tool) remove -y \(list)"
        case (.zypper, .install): "zypper --non-interactive install \(list)"
        case (.zypper, .reinstall): "zypper --non-interactive install --force \(list)"
        case (.zypper, .remove): "zypper --non-interactive remove \(list)"
        case (.pacman, .install), (.pacman, .reinstall): "pacman -S --noconfirm \(list)"
        case (.pacman, .remove): "pacman -Rs --noconfirm \(list)"
        case (.apk, .install): "apk add \(list)"
        case (.apk, .reinstall): "apk fix \(list)"
        case (.apk, .remove): "apk del \(list)"
        case (.emerge, .install): "emerge \(list)"
        case (.emerge, .reinstall): "emerge --oneshot \(list)"
        case (.emerge, .remove): "emerge --unmerge \(list)"
        }
    }

    /// What to do where no package can be changed by itself.
    private static func change(
        of whole: GuestTools.WholeImage, _ packages: [String], _ list: String, _ title: String, _ verb: Verb
    ) -> Fix {
        let names = packages.joined(separator: ", ")
        switch (whole, verb) {
        case (.rpmOSTree, .install):
            return Fix(
                title, where: .online, kind: .online, risk: .medium, commands: ["rpm-ostree install \(list)"])
        case (.rpmOSTree, .remove):
            return Fix(
                title, where: .online, kind: .online, risk: .medium,
                commands: ["rpm-ostree override remove \(list)"])
        case (.rpmOSTree, .reinstall):
            return .byHand(
                "\(title): go back to the deployment before, which is whole",
                commands: ["rpm-ostree rollback"])
        case (.nixOS, .remove):
            return .byHand(
                "Take \(names) out of configuration.nix and build again", commands: ["nixos-rebuild boot"])
        case (.nixOS, _):
            return .byHand(
                "Name \(names) in configuration.nix and build again", commands: ["nixos-rebuild boot"])
        case (.flatcar, _), (.ostree, _):
            return .byHand(
                "There are no packages to change (\(names)): take the image that the system's makers publish for the target,"
                    + " or bring what is needed with its first-boot configuration")
        }
    }

    private static func kernelPackage(_ linux: LinuxFacts) -> String {
        let arm = linux.identity.architecture == "arm64"
        let versions = linux.boot.kernels.values.compactMap(\.version) + linux.boot.moduleVersions
        switch linux.identity.family {
        case .debian where linux.identity.distribution == "ubuntu": return "linux-image-generic"
        case .debian:
            return arm
                ? "linux-image-arm64"
                : linux.identity.architecture == "i386" ? "linux-image-686-pae" : "linux-image-amd64"
        case .rhel where versions.contains { $0.contains("uek") }: return "kernel-uek"
        case .suse: return "kernel-default"
        case .arch: return "linux"
        case .alpine: return versions.contains { $0.hasSuffix("-virt") } ? "linux-virt" : "linux-lts"
        case .gentoo: return "sys-kernel/gentoo-kernel-bin"
        case .other where linux.identity.distribution == "photon": return "linux"
        case .rhel, .other: return "kernel"
        }
    }
}
