/// What a system that comes as one image (ostree, Flatcar, NixOS …) keeps elsewhere than others do.
extension OSIdentity {
    /// Parts of a system that are otherwise read from files of the root.
    package enum Part: Sendable, Hashable, CaseIterable {
        case packages, initramfs, rootMount, directories, network, accounts, sshServer, hostKeys
    }

    /// Why `part` cannot be followed on this system when its usual place is empty; nil where that place counts.
    package func notFollowed(_ part: Part) -> String? {
        guard let kind = imageBased?.value else { return nil }
        return switch part {
        case .packages: "a system of \(kind) has no database of packages"
        case .initramfs: "whether the kernel of a system of the kind \(kind) has an initramfs built in"
        case .rootMount: "the root of a system of the kind \(kind) is mounted by what updates it"
        case .directories: "a system of the kind \(kind) makes the directories of its root when it starts"
        case .network: "how a system of the kind \(kind) configures its network is not known"
        case .accounts: "whom a system of the kind \(kind) lets in is decided at its first boot"
        case .sshServer: "where a system of the kind \(kind) has its SSH server is not known"
        case .hostKeys: "what makes the host keys of a system of the kind \(kind) is not known"
        }
    }
}
