/// What replaces or makes a system as a whole instead of package by package.
package enum WholeSystem: String, Sendable, Hashable, Codable, CaseIterable {
    case ostree, flatcar, nixos, bottlerocket, cos
    /// Ubuntu Core.
    case snap
}

/// What such a system keeps elsewhere than others do. All that the checks know of it is here: they ask about a part and
/// do not ask for the kind.
extension OSIdentity {
    /// Parts of a system that are otherwise read from files of the root.
    package enum Part: Sendable, Hashable, CaseIterable {
        case packages, libraries, initramfs, rootMount, directories, network
        case accounts, accountPrograms, sshServer, hostKeys
        /// What sets the instance up at its first boot, and what grows its root.
        case provisioning, growth
    }

    /// Why `part` cannot be followed on this system when its usual place is empty; nil where that place counts.
    package func notFollowed(_ part: Part) -> String? {
        guard let kind = imageBased?.value else { return nil }
        let system = "a system of the kind \(kind.rawValue)"
        return switch part {
        case .packages: "a system of \(kind.rawValue) has no database of packages"
        // The others have `/usr/lib`, from wherever it is mounted.
        case .libraries: kind == .nixos ? "NixOS keeps programs and libraries in /nix/store" : nil
        case .initramfs: "whether the kernel of \(system) has an initramfs built in"
        case .rootMount: "the root of \(system) is mounted by what updates it"
        case .directories: "\(system) makes the directories of its root when it starts"
        case .network: "how \(system) configures its network is not known"
        case .accounts: "whom \(system) lets in is decided at its first boot"
        case .accountPrograms:
            kind == .nixos ? "which programs NixOS links into /run/current-system was not looked at" : nil
        case .sshServer: "where \(system) has its SSH server is not known"
        case .hostKeys: "what makes the host keys of \(system) is not known"
        case .provisioning: "what sets \(system) up at its first boot is not known"
        case .growth: "what grows the root of \(system) is not known"
        }
    }

    /// Whether what is not there now is at `path` once the system runs: NixOS links its programs into `/run` when it
    /// boots.
    package func makesAtBoot(_ path: String) -> Bool {
        imageBased?.value == .nixos && path.hasPrefix("/run/current-system/")
    }

    /// Whether `path` is the system's own program for `init=`: the one of a generation of NixOS, which starts systemd.
    package func isOwnInit(_ path: String) -> Bool {
        imageBased?.value == .nixos && path.hasPrefix("/nix/store/") && path.hasSuffix("/init")
    }
}
