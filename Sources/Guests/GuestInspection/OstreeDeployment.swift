import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// The system that an ostree disk boots: a directory below `/ostree/deploy` that becomes the root, with the rest of
/// the disk at `/sysroot` (ostree's "OSTree layout"; `ostree-prepare-root`).
struct OstreeDeployment {
    /// The directory from the top of the volume: `/ostree/deploy/fedora-coreos/deploy/CHECKSUM.0`.
    let path: GuestPath
    let top: NodeID
    /// `/var` of all deployments of this system.
    let state: (path: GuestPath, top: NodeID)?
    /// `/boot`, when it is on this volume.
    let boot: (path: GuestPath, top: NodeID)?

    /// The deployment on a volume whose topmost directory is `top`; nil on a disk without ostree.
    ///
    /// - Parameter commandLines: of the default entries; `ostree=` names the deployment.
    static func find(
        on fileSystem: any FileSystemReader, top: NodeID? = nil, commandLines: () -> [KernelCommandLine]
    ) throws(ImageFault) -> OstreeDeployment? {
        let tree = FileTree(root: fileSystem, top: top)
        guard let systems = try tree.list("/ostree/deploy"), !systems.isEmpty else { return nil }
        var candidates = commandLines().compactMap { $0.last("ostree") }
        if candidates.isEmpty {
            for system in systems.prefix(16) {
                let directory = GuestPath("/ostree/deploy").appending(system.name).appending("deploy")
                for entry in try tree.list(directory) ?? [] where entry.name.description.contains(".") {
                    candidates.append(directory.appending(entry.name).description)
                }
            }
        }
        for candidate in candidates.prefix(64) {
            guard let node = try tree.node(at: GuestPath(candidate)),
                try node.fileSystem.info(node.id).type == .directory,
                try tree.node(at: node.path.appending("usr")) != nil
            else { continue }
            // .../deploy/NAME/deploy/CHECKSUM.0 and .../deploy/NAME/var
            let state = node.path.parent.parent.appending("var")
            return OstreeDeployment(
                path: node.path, top: node.id, state: try place(state, in: tree),
                boot: try place("/boot", in: tree))
        }
        return nil
    }

    private static func place(
        _ path: GuestPath, in tree: FileTree
    ) throws(ImageFault) -> (path: GuestPath, top: NodeID)? {
        guard let node = try tree.node(at: path), try node.fileSystem.info(node.id).type == .directory else {
            return nil
        }
        return (node.path, node.id)
    }

    /// Shows the rest of the disk where the running system has it.
    func mount(_ fileSystem: any FileSystemReader, top: NodeID?, in tree: inout FileTree) {
        tree.mount(fileSystem, at: "/sysroot", top: top)
        if let state { tree.mount(fileSystem, at: "/var", top: state.top) }
        if let boot { tree.mount(fileSystem, at: "/boot", top: boot.top) }
    }

    /// Adds the same places to what is known of the volume.
    func add(to table: inout MountTable, volume: VolumeID, above: String) {
        func path(_ path: GuestPath) -> String { "\(above)\(path)" }
        table.moveRoot(to: path(self.path))
        table.add(volume, subvolume: above, at: "/sysroot")
        if let boot { table.add(volume, subvolume: path(boot.path), at: "/boot") }
        if let state { table.add(volume, subvolume: path(state.path), at: "/var") }
    }
}
