extension InitramfsSummary {
    /// The script that grows the partition of the root before it is mounted for good, or handed over: dracut's module
    /// `growroot` (dracut-modules-growroot, RHEL 6 and 7), `cloud-initramfs-growroot` of Debian and Ubuntu,
    /// `growrootfs` of mkinitcpio. It does nothing without growpart(1) beside it, and leaves the file system as it is.
    ///
    /// The hooks of dracut before 005 lie at the top of the archive. `growroot-dummy.sh` of the hook `cmdline` only
    /// makes room for the other.
    package var rootGrowth: String? {
        guard program("growpart") != nil else { return nil }
        let paths = contents.tree.nodes.compactMap { path, member in
            member.kind == .file && Self.growsRoot(path) ? path : nil
        }
        return paths.min()
    }

    private static func growsRoot(_ path: String) -> Bool {
        let parts = path.split(separator: "/")
        guard parts.count >= 2, let name = parts.last else { return false }
        let place = parts[parts.count - 2]
        switch place {
        case "pre-mount", "mount", "pre-pivot": return name.hasSuffix("growroot.sh")
        case "init-premount", "local-premount", "local-bottom":
            return parts.first == "scripts" && name == "growroot"
        case "hooks": return name == "growrootfs"
        default: return false
        }
    }
}
