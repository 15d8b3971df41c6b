import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// Finds the root among the subvolumes of a file system.
///
/// What the default boot entry mounts decides; where that leads to no system, content does. Snapshots and copies
/// of the root are no systems of their own.
struct SubvolumeRoots {
    let volume: VolumeID
    let fileSystem: any FileSystemReader
    let table: SubvolumeTable
    let resolver: DeviceResolver
    /// The kernel command lines of the default entries; asked for only when there is something to choose from.
    let commandLines: () -> [KernelCommandLine]

    typealias Root = (subvolume: Subvolume, decision: RootSubvolume.Decision)

    /// A snapper system has thousands; whatever is a root lies near the top.
    private static let candidateLimit = 64
    /// How installers call the subvolume of the root.
    private static let names = ["@", "root", "@root", "rootfs", "@rootfs", "ROOT"]

    /// The current root first, then systems beside it; empty when no subvolume holds one.
    func find() throws(ImageFault) -> [Root] {
        var root = try mountedRoot()
        if root == nil { root = try likelyRoot() }
        guard let current = root else { return [] }
        return [current] + (try others(than: current.subvolume))
    }

    private func isRoot(_ subvolume: Subvolume) throws(ImageFault) -> Bool {
        try RootFinder.role(of: fileSystem, top: subvolume.top) == .linuxRoot
    }

    /// What `root=` and `rootflags=` mount, when that is a system.
    private func mountedRoot() throws(ImageFault) -> Root? {
        for line in commandLines() {
            guard let root = line.last("root") else { continue }
            switch resolver.resolve(DeviceSpecification(root)) {
            case .volume(volume), .kernelName(_, volume?): break
            default: continue
            }
            let flags = MountOptions(line.last("rootflags") ?? "")
            let selection = table.selection(flags)
            guard let subvolume = selection.subvolume, try isRoot(subvolume) else { continue }
            return (subvolume, selection.reference.stated == nil ? .defaultSubvolume : .commandLine)
        }
        return nil
    }

    /// The root by what lies in the subvolumes: one whose fstab says that it is it, else the default one, else
    /// one with a usual name.
    private func likelyRoot() throws(ImageFault) -> Root? {
        var roots: [Subvolume] = []
        for candidate in candidates where try isRoot(candidate) { roots.append(candidate) }
        for root in roots where try namesItself(root) { return (root, .fstab) }
        if let standard = roots.first(where: \.isDefault) { return (standard, .defaultSubvolume) }
        for name in SubvolumeRoots.names {
            if let named = roots.first(where: { $0.path == name }) { return (named, .content) }
        }
        return roots.first.map { ($0, .content) }
    }

    private var candidates: [Subvolume] {
        func rank(_ subvolume: Subvolume) -> Int {
            if subvolume.isDefault { return 0 }
            if let path = subvolume.path, SubvolumeRoots.names.contains(path) { return 1 }
            if subvolume.snapshotOf != nil || isKept(subvolume) { return 4 }
            return subvolume.path?.contains("/") ?? true ? 3 : 2
        }
        let ranked = table.subvolumes.filter { $0.path != nil }.map { (rank($0), $0) }
        return ranked.sorted { ($0.0, $0.1.id) < ($1.0, $1.1.id) }.prefix(SubvolumeRoots.candidateLimit).map(
            \.1)
    }

    /// Whether it lies where snapper, Timeshift and containers keep theirs.
    private func isKept(_ subvolume: Subvolume) -> Bool {
        let path = "/" + (subvolume.path ?? "") + "/"
        return [
            "/.snapshots/", "/@snapshots/", "/@.snapshots/", "/snapshots/", "/timeshift-btrfs/", "/machines/",
        ]
        .contains { path.contains($0) }
    }

    private func namesItself(_ subvolume: Subvolume) throws(ImageFault) -> Bool {
        let tree = FileTree(root: fileSystem, top: subvolume.top)
        guard let bytes = try tree.contents(of: "/etc/fstab", limit: 1 << 20) else { return false }
        guard let line = try Fstab(bytes).entries.last(where: { $0.mountPoint == "/" }),
            line.options.contains("subvol") || line.options.contains("subvolid")
        else {
            return false
        }
        return table.selection(line.options).subvolume?.id == subvolume.id
    }

    /// Systems of their own at the top of the file system: with another machine-id, and no copies.
    private func others(than current: Subvolume) throws(ImageFault) -> [Root] {
        let machine = try machineID(current)
        var found: [Root] = []
        for other in candidates where other.id != current.id {
            guard let path = other.path, !path.isEmpty, !path.contains("/"), other.snapshotOf == nil,
                !other.isReadOnly, !isKept(other), current.snapshotOf != other.uuid || other.uuid == nil,
                try isRoot(other)
            else { continue }
            if let machine, try machineID(other) == machine { continue }
            found.append((other, .content))
        }
        return found
    }

    private func machineID(_ subvolume: Subvolume) throws(ImageFault) -> [UInt8]? {
        let tree = FileTree(root: fileSystem, top: subvolume.top)
        let bytes = try tree.contents(of: "/etc/machine-id", limit: 4096)?.array
        return (bytes?.count ?? 0) >= 32 ? bytes : nil
    }
}
