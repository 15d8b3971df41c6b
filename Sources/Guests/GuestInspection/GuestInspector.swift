import ByteReading
package import FileSystemCore
package import GuestFacts

/// Finds the systems of an image and reads them.
package struct GuestInspector {
    private let layout: DiskLayout
    private let now: Int64

    /// - Parameter now: seconds since 1970, for dates of expiry.
    package init(_ layout: DiskLayout, now: Int64) {
        self.layout = layout
        self.now = now
    }

    /// What each volume is for; volumes that could not be opened are left out, and their gap says why.
    private func roles() -> (roles: [(OpenedVolume, any FileSystemReader, RootFinder.Role)], gaps: [Gap]) {
        var roles: [(OpenedVolume, any FileSystemReader, RootFinder.Role)] = []
        var gaps: [Gap] = []
        for volume in layout.volumes {
            guard let fileSystem = volume.fileSystem else { continue }
            do {
                roles.append((volume, fileSystem, try RootFinder.role(of: fileSystem)))
            } catch {
                gaps.append(Gap(error, at: volume.id))
            }
        }
        return (roles, gaps)
    }

    /// The facts of the image and of every system in it.
    package func inspect() -> ScanFacts {
        var scan = ScanFacts(image: layout.image)
        let (roles, gaps) = roles()
        scan.image.gaps += gaps + layout.image.volumes.compactMap(\.gap)
        for (volume, fileSystem, role) in roles {
            switch role {
            case .linuxRoot:
                let facts = LinuxInspection(layout: layout, root: volume.id, fileSystem: fileSystem, now: now)
                    .inspect()
                scan.image.gaps += facts.gaps.filter { !scan.image.gaps.contains($0) }
                scan.systems.append(.linux(facts))
            case .other(let family, let name, let evidence):
                scan.systems.append(
                    .other(
                        OtherSystem(
                            family: family, name: name, root: volume.id, evidence: Evidence(path: evidence))))
            case .usr, .boot, .efiSystem, .installer, .data: continue
            }
        }
        if scan.systems.isEmpty, scan.image.container.content == .disk {
            judgeContent(of: &scan, roles: roles.map(\.2))
        }
        return scan
    }

    /// An image without a system: an installer or a data disk, but only when every volume could be looked into.
    private func judgeContent(of scan: inout ScanFacts, roles: [RootFinder.Role]) {
        if roles.contains(where: { if case .installer = $0 { true } else { false } }) {
            scan.image.container.content = .installer
        } else if scan.image.gaps.isEmpty {
            scan.image.container.content = roles.isEmpty && !hasAnything(scan.image) ? .empty : .dataDisk
        }
    }

    private func hasAnything(_ image: ImageFacts) -> Bool {
        !(image.partitions?.partitions.isEmpty ?? true) || image.volumes.contains { $0.kind != nil }
    }

    /// The tree of the first Linux system, for looking around in it; nil when there is none.
    package func tree() -> (tree: FileTree, root: VolumeID)? {
        for (volume, fileSystem, role) in roles().roles where role == .linuxRoot {
            let reader = GuestReader(tree: FileTree(root: fileSystem))
            _ = MountInspection(reader: reader, layout: layout, rootVolume: volume.id).stitch()
            return (reader.tree, volume.id)
        }
        // A disk without a system is shown as its first readable volume.
        guard let first = layout.volumes.first(where: { $0.fileSystem != nil }),
            let fileSystem = first.fileSystem
        else { return nil }
        return (FileTree(root: fileSystem), first.id)
    }
}
