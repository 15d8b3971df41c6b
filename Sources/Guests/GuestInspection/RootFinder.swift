import ByteReading
import FileSystemCore
import GuestFacts

/// Decides what each volume is for, by evidence.
///
/// A root has the skeleton of a system and something that names it or its mounts; a directory that merely looks
/// like one (a container's tree, a chroot) is never at the top of a volume and so is not taken for one.
struct RootFinder {
    /// What a volume is for.
    enum Role: Hashable {
        /// A Linux root.
        case linuxRoot
        /// The system volume of a Windows, whose system directory is at this path.
        case windowsRoot(String)
        /// `/usr` on its own.
        case usr
        /// `/boot` on its own.
        case boot
        /// An EFI system partition.
        case efiSystem
        /// A live or installation medium.
        case installer(String)
        /// Another operating system, by name.
        case other(family: String, name: String, evidence: String)
        /// Files, but no system.
        case data
    }

    /// The role of the volume that `fileSystem` is on, or of the subvolume whose topmost directory is `top`.
    static func role(of fileSystem: any FileSystemReader, top: NodeID? = nil) throws(ImageFault) -> Role {
        let tree = FileTree(root: fileSystem, top: top)
        func has(_ path: GuestPath) throws(ImageFault) -> Bool {
            try tree.node(at: path, followingLast: false) != nil
        }
        func hasAny(_ paths: [GuestPath]) throws(ImageFault) -> Bool {
            for path in paths {
                if try has(path) { return true }
            }
            return false
        }
        if let directory = try windowsDirectory(tree, fileSystem) { return .windowsRoot(directory) }
        // A stick with a live system has its loader beside it.
        if let payload = try installerPayload(tree) { return .installer(payload) }
        if try has("/EFI"), fileSystem.kind == "vfat" { return .efiSystem }
        var skeleton = 0
        for paths: [GuestPath] in [
            ["/etc"], ["/bin", "/usr/bin"], ["/sbin", "/usr/sbin"], ["/lib", "/usr/lib"], ["/var"],
        ] {
            if try hasAny(paths) { skeleton += 1 }
        }
        let isNamed = try hasAny([
            "/etc/os-release", "/usr/lib/os-release", "/etc/system-release", "/etc/redhat-release",
            "/etc/debian_version", "/etc/SuSE-release", "/etc/alpine-release", "/etc/arch-release",
            "/etc/gentoo-release", "/etc/lsb-release", "/etc/slackware-version",
        ])
        let hasAccounts = try has("/etc/passwd")
        let hasMounts = try has("/etc/fstab")
        if skeleton >= 3, isNamed || (hasAccounts && hasMounts) {
            if try has("/boot/loader.conf"), try has("/boot/kernel") {
                return .other(family: "freebsd", name: "FreeBSD", evidence: "/boot/loader.conf")
            }
            return .linuxRoot
        }
        // NixOS has everything in its store and fills the rest when it starts.
        if try has("/nix/store"), try hasAny(["/etc/NIXOS", "/nix/var/nix/profiles/system"]) {
            return .linuxRoot
        }
        if try hasAny(["/grub/grub.cfg", "/grub2/grub.cfg", "/grub/menu.lst", "/loader/entries"]) {
            return .boot
        }
        let names = try fileSystem.list(top ?? fileSystem.root)
        if names.contains(where: { $0.name.description.hasPrefix("vmlinuz") && $0.type != .directory }) {
            return .boot
        }
        if skeleton <= 3, try has("/bin"), try has("/lib"), try has("/share"), try !has("/etc") {
            return .usr
        }
        return .data
    }

    /// The file that a live or installation medium shows as its system: casper of Ubuntu, LiveOS of Fedora and Red Hat,
    /// live-boot of Debian, archiso, and the installers of Red Hat, Debian, SUSE and Windows.
    private static func installerPayload(_ tree: FileTree) throws(ImageFault) -> String? {
        for path: GuestPath in [
            "/install.amd/initrd.gz", "/images/install.img", "/boot/x86_64/root", "/sources/install.wim",
            "/sources/install.esd", "/arch/x86_64/airootfs.sfs", "/arch/x86_64/airootfs.erofs",
            "/nix-store.squashfs", "/image.squashfs",
        ] where try tree.node(at: path, followingLast: false) != nil {
            return path.description
        }
        for directory: GuestPath in ["/casper", "/LiveOS", "/live"] {
            guard let node = try tree.node(at: directory, followingLast: false),
                try node.fileSystem.info(node.id).type == .directory
            else { continue }
            let payload = try tree.list(directory)?.first { entry in
                let name = entry.name.description
                return name.hasSuffix(".squashfs")
                    || ["squashfs.img", "rootfs.img", "ext3fs.img"].contains(name)
            }
            if let payload { return "\(directory)/\(payload.name)" }
        }
        return nil
    }

    /// The system directory of Windows: at the top of an NTFS or FAT volume, with the kernel and the hives, or two
    /// of the three so that a damaged system is still recognised. A recovery partition holds Windows in a WIM
    /// file, and `Windows.old` one level deeper: neither is taken for a system.
    private static func windowsDirectory(
        _ tree: FileTree, _ fileSystem: any FileSystemReader
    ) throws(ImageFault) -> String? {
        guard ["ntfs", "vfat"].contains(fileSystem.kind) else { return nil }
        var candidates = ["Windows", "WINNT"]
        for entry in try fileSystem.list(fileSystem.root).prefix(256) where entry.type == .directory {
            let name = entry.name.description
            if !candidates.contains(where: { $0.lowercased() == name.lowercased() }) {
                candidates.append(name)
            }
        }
        for name in candidates {
            guard let top = try tree.node(at: GuestPath("/\(name)")),
                try top.fileSystem.info(top.id).type == .directory
            else { continue }
            var count = 0
            for path in ["System32/ntoskrnl.exe", "System32/config/SYSTEM", "System32/config/SOFTWARE"] {
                if try tree.node(at: GuestPath("/\(name)/\(path)")) != nil { count += 1 }
            }
            // As it is spelled on the disk.
            if count >= 2 { return "/" + (top.path.lastName?.description ?? name) }
        }
        return nil
    }
}
