import ByteReading
package import FileSystemCore
package import GuestFacts
import GuestFormats

/// Finds the systems of an image and reads them.
package struct GuestInspector {
    private let layout: DiskLayout
    private let now: Int64

    /// - Parameter now: seconds since 1970, for dates of expiry.
    package init(_ layout: DiskLayout, now: Int64) {
        self.layout = layout
        self.now = now
    }

    /// A volume, or a subvolume of one, and what it is for.
    private struct Place {
        var volume: VolumeID
        var fileSystem: any FileSystemReader
        var role: RootFinder.Role
        /// The subvolume that is the root, of a file system that has some.
        var root: SubvolumeRoots.Root?
        /// The directory that is the root, on a disk of ostree.
        var deployment: OstreeDeployment?
    }

    /// What each volume is for; volumes that could not be opened are left out, and their gap says why.
    private func roles() -> (roles: [Place], gaps: [Gap]) {
        var roles: [Place] = []
        var gaps: [Gap] = []
        for volume in layout.volumes {
            guard let fileSystem = volume.fileSystem else { continue }
            // A further device of a file system shows the same files once more.
            if layout.image.volume(volume.id)?.memberOf != nil { continue }
            do {
                let roots = try subvolumeRoots(volume.id, fileSystem)
                roles += roots.map {
                    Place(volume: volume.id, fileSystem: fileSystem, role: .linuxRoot, root: $0)
                }
                if roots.isEmpty { roles.append(try place(volume.id, fileSystem)) }
            } catch {
                gaps.append(Gap(error, at: volume.id))
            }
        }
        return (withSystemRoot(withoutSnapshots(roles)), gaps)
    }

    /// A volume whose subvolumes hold no system: by its own skeleton, or by a deployment of ostree on it.
    private func place(_ volume: VolumeID, _ fileSystem: any FileSystemReader) throws(ImageFault) -> Place {
        let role = try RootFinder.role(of: fileSystem)
        guard role == .data || role == .boot else {
            return Place(volume: volume, fileSystem: fileSystem, role: role)
        }
        let resolver = DeviceResolver(volumes: layout.image.volumes) { _ in .unknown }
        let subvolumes = try SubvolumeTable(of: fileSystem).subvolumes.prefix(64)
        let roots: [SubvolumeRoots.Root?] = [nil] + subvolumes.map { ($0, .content) }
        for root in roots {
            let deployment = try OstreeDeployment.find(on: fileSystem, top: root?.subvolume.top) {
                commandLines(from: volume, fileSystem, resolver)
            }
            if let deployment {
                return Place(
                    volume: volume, fileSystem: fileSystem, role: .linuxRoot, root: root,
                    deployment: deployment)
            }
        }
        return Place(volume: volume, fileSystem: fileSystem, role: role)
    }

    /// Flatcar and its like ship a volume for `/usr` and an empty one for the rest, which is filled at the first
    /// start: that one is the root. A second `/usr`, for the next update, is no second system.
    private func withSystemRoot(_ places: [Place]) -> [Place] {
        let isSystem = { (place: Place) in
            switch place.role {
            case .linuxRoot, .windowsRoot, .other: true
            default: false
            }
        }
        guard !places.contains(where: isSystem), systemVolume(places) != nil,
            let index = places.firstIndex(where: {
                $0.role == .data && layout.image.volume($0.volume)?.label == "ROOT"
            })
        else { return places }
        var places = places
        places[index].role = .linuxRoot
        return places
    }

    /// The volume that is mounted at `/usr` by the command line or by its kind alone, with the release file on it.
    private func systemVolume(
        _ places: [Place]
    ) -> (volume: VolumeID, fileSystem: any FileSystemReader)? {
        let candidates = places.filter { place in
            guard place.role == .usr else { return false }
            return (try? FileTree(root: place.fileSystem).node(at: "/lib/os-release")) != nil
        }
        guard let first = candidates.first else { return nil }
        guard candidates.count > 1 else { return (first.volume, first.fileSystem) }
        let resolver = DeviceResolver(volumes: layout.image.volumes) { _ in .unknown }
        for line in commandLines(from: first.volume, first.fileSystem, resolver) {
            for name in ["verity.usr", "mount.usr", "usr"] {
                guard let value = line.last(name),
                    let volume = GuestInspector.volume(resolver.resolve(DeviceSpecification(value))),
                    let named = candidates.first(where: { $0.volume == volume })
                else { continue }
                return (named.volume, named.fileSystem)
            }
        }
        return (first.volume, first.fileSystem)
    }

    /// The name of a partition of which there are two, for this version and the next: `rootfs-a` and `rootfs-b`,
    /// `ROOT-A` and `ROOT-B`; nil for any other.
    private static func slot(_ name: String) -> String? {
        let lower = name.lowercased()
        guard let last = lower.last, "ab".contains(last), lower.contains("root") else { return nil }
        let stem = lower.dropLast()
        return stem.hasSuffix("-") || stem.hasSuffix("_") ? String(stem) : nil
    }

    /// Snapshots of a logical volume carry the file system of their origin, with its UUID, and updates alternate
    /// between two partitions: one of them is the system, the one that the boot names or else the first.
    private func withoutSnapshots(_ places: [Place]) -> [Place] {
        func group(_ place: Place) -> [String]? {
            guard place.role == .linuxRoot, let facts = layout.image.volume(place.volume) else { return nil }
            if let name = facts.partLabel ?? facts.label, let slot = GuestInspector.slot(name) {
                return ["slot", slot]
            }
            guard let logical = facts.logicalVolume, let uuid = facts.uuid else { return nil }
            return [logical.group, uuid]
        }
        var volumes: [[String]: [VolumeID]] = [:]
        for place in places {
            guard let key = group(place), volumes[key]?.contains(place.volume) != true else { continue }
            volumes[key, default: []].append(place.volume)
        }
        let copied = volumes.filter { $0.value.count > 1 }
        guard let first = places.first(where: { group($0).map { copied[$0] != nil } ?? false }) else {
            return places
        }
        let resolver = DeviceResolver(volumes: layout.image.volumes) { _ in .unknown }
        let named = commandLines(from: first.volume, first.fileSystem, resolver).compactMap { line in
            line.last("root").flatMap { GuestInspector.volume(resolver.resolve(DeviceSpecification($0))) }
        }
        func rank(_ volume: VolumeID) -> Int {
            if named.contains(volume) { return 0 }
            let kinds = layout.image.volume(volume)?.logicalVolume?.kinds ?? []
            return kinds.contains("snapshot") ? 2 : 1
        }
        let chosen = copied.mapValues { rivals in rivals.min { rank($0) < rank($1) } }
        return places.filter { place in
            guard let key = group(place), let one = chosen[key] else { return true }
            return one == place.volume
        }
    }

    private static func volume(_ resolution: DeviceResolution) -> VolumeID? {
        if case .volume(let id) = resolution { id } else { nil }
    }

    private func commandLines(
        from volume: VolumeID, _ fileSystem: any FileSystemReader, _ resolver: DeviceResolver
    ) -> [KernelCommandLine] {
        BootInspection(
            reader: GuestReader(tree: FileTree(root: fileSystem)), layout: layout,
            files: BootFiles(
                disk: GrubDisk(layout: layout, mendsPartitionTable: true), mounts: MountTable(root: volume)),
            resolver: resolver, architecture: nil
        ).defaultCommandLines()
    }

    private func subvolumeRoots(
        _ volume: VolumeID, _ fileSystem: any FileSystemReader
    ) throws(ImageFault) -> [SubvolumeRoots.Root] {
        let table = try SubvolumeTable(of: fileSystem)
        guard !table.subvolumes.isEmpty else { return [] }
        let resolver = DeviceResolver(volumes: layout.image.volumes) { _ in .unknown }
        return try SubvolumeRoots(
            volume: volume, fileSystem: fileSystem, table: table, resolver: resolver,
            commandLines: {
                table.subvolumes.count > 1 ? self.commandLines(from: volume, fileSystem, resolver) : []
            }
        ).find()
    }

    /// The facts of the image and of every system in it.
    package func inspect() -> ScanFacts {
        var scan = ScanFacts(image: layout.image)
        let (roles, gaps) = roles()
        let systemVolume = systemVolume(roles)
        scan.image.gaps += gaps + layout.image.volumes.compactMap(\.gap)
        for place in roles {
            switch place.role {
            case .linuxRoot:
                let facts = LinuxInspection(
                    layout: layout, root: place.volume, fileSystem: place.fileSystem, subvolume: place.root,
                    deployment: place.deployment, systemVolume: systemVolume, now: now
                ).inspect()
                scan.image.gaps += facts.gaps.filter { !scan.image.gaps.contains($0) }
                scan.systems.append(.linux(facts))
            case .windowsRoot(let directory):
                let facts = WindowsInspection(
                    layout: layout, root: place.volume, fileSystem: place.fileSystem, systemRoot: directory
                ).inspect()
                scan.image.gaps += facts.gaps.filter { !scan.image.gaps.contains($0) }
                scan.systems.append(.windows(facts))
            case .other(let family, let name, let evidence):
                scan.systems.append(
                    .other(
                        OtherSystem(
                            family: family, name: name, root: place.volume, evidence: Evidence(path: evidence)
                        )))
            case .usr, .boot, .efiSystem, .installer, .data: continue
            }
        }
        if scan.systems.isEmpty, scan.image.container.content == .disk {
            judgeContent(of: &scan, roles: roles.map(\.role))
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

    /// The tree of the first system, for looking around in it, Linux before Windows; of a disk without a system its
    /// first readable volume. Nil when there is none.
    package func tree() -> (tree: FileTree, root: VolumeID)? {
        let places = roles().roles
        for place in places where place.role == .linuxRoot {
            let top = place.root?.subvolume.top
            let reader = GuestReader(
                tree: FileTree(root: place.fileSystem, top: place.deployment?.top ?? top))
            place.deployment?.mount(place.fileSystem, top: top, in: &reader.tree)
            _ = MountInspection(
                reader: reader, layout: layout, rootVolume: place.volume, rootSubvolume: place.root?.subvolume
            ).stitch()
            if reader.exists("/usr/bin") == .no, let usr = systemVolume(places) {
                reader.tree.mount(usr.fileSystem, at: "/usr")
            }
            return (reader.tree, place.volume)
        }
        for place in places {
            if case .windowsRoot = place.role { return (FileTree(root: place.fileSystem), place.volume) }
        }
        // A disk without a system is shown as its first readable volume.
        guard let first = layout.volumes.first(where: { $0.fileSystem != nil }),
            let fileSystem = first.fileSystem
        else { return nil }
        return (FileTree(root: fileSystem), first.id)
    }
}
