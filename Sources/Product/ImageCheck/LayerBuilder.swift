import GuestFacts
import Reports

/// The tree of layers of an image: container, partition table, partitions, arrays, volume groups and their
/// volumes, file systems, subvolumes.
///
/// An array or a group lies in the one volume that holds it; one that is spread over several stands beside the
/// partition table, and each of them names it.
struct LayerBuilder {
    private let image: ImageFacts
    private let mountPoints: MountPoints

    init(_ scan: ScanFacts) {
        image = scan.image
        mountPoints = MountPoints(scan)
    }

    func layers() -> [ScanReport.Layer] {
        let container = image.container
        return [
            ScanReport.Layer(
                kind: container.format, offset: 0, size: container.virtualSize,
                health: health(container.findings), children: content())
        ]
    }

    private func content() -> [ScanReport.Layer]? {
        let spread =
            image.groups.filter { holder(of: $0) == nil }.map(group)
            + image.volumes.filter { $0.array != nil && $0.madeOf.count != 1 }.map(array)
        guard let table = image.partitions, table.kind != .none else {
            let volumes = image.volumes.filter { $0.logicalVolume == nil && $0.array == nil }.map(volume)
            return nonEmpty(volumes + spread)
        }
        var identity: [String: String]?
        if let id = table.identity { identity = [table.kind == .mbr ? "diskSignature" : "diskGUID": id] }
        return [
            ScanReport.Layer(
                kind: table.kind.rawValue, identity: identity, health: health(table.findings),
                children: table.partitions.map(partition))
        ] + spread
    }

    private func partition(_ partition: PartitionFacts) -> ScanReport.Layer {
        var identity = ["type": partition.type]
        identity["partUUID"] = partition.partUUID
        identity["partLabel"] = text(partition.partLabel)
        let inside = image.volume(partition.volume).flatMap {
            $0.kind == nil && $0.gap == nil ? nil : volume($0)
        }
        return ScanReport.Layer(
            kind: "partition", number: partition.number, offset: partition.offset, size: partition.size,
            identity: identity, children: inside.map { [$0] })
    }

    private func volume(_ volume: VolumeFacts) -> ScanReport.Layer {
        var identity: [String: String] = [:]
        identity["uuid"] = volume.uuid
        identity["label"] = text(volume.label)
        let groups = image.groups.filter { $0.physicalVolumes.contains(volume.id) }
        let arrays = image.volumes.filter { $0.array != nil && $0.madeOf.contains(volume.id) }
        identity["group"] = groups.first?.name
        identity["array"] = arrays.first?.array.map { $0.name ?? $0.uuid }
        identity["partOf"] = volume.memberOf
        identity["mounted"] = mountPoints.text(of: volume.id)
        let children =
            volume.subvolumes.filter { $0.id != LayerBuilder.topmostSubvolume }.map(subvolume)
            + groups.filter { holder(of: $0) == volume.id }.map(group)
            + arrays.filter { $0.madeOf.count == 1 }.map(array)
        return ScanReport.Layer(
            kind: volume.kind ?? "unknown", size: volume.size, used: used(volume),
            identity: identity.isEmpty ? nil : identity,
            health: volume.gap == nil ? health(volume.conditions) : nil, unreadable: volume.gap?.message,
            children: nonEmpty(children))
    }

    // MARK: Volumes made of others

    /// The only physical volume of a group that has no other.
    private func holder(of group: VolumeGroupFacts) -> VolumeID? {
        group.physicalVolumes.count == 1 && group.missing.isEmpty ? group.physicalVolumes[0] : nil
    }

    private func group(_ group: VolumeGroupFacts) -> ScanReport.Layer {
        let missing = group.missing.map { "physical volume \($0) is not in this image" }
        let wrong = group.findings.map(\.message) + missing
        let volumes = image.volumes.filter { $0.logicalVolume?.groupUUID == group.uuid }
        return ScanReport.Layer(
            kind: "volumeGroup", name: group.name, size: group.size, identity: ["uuid": group.uuid],
            health: wrong.isEmpty ? "ok" : wrong.joined(separator: "; "),
            children: nonEmpty(volumes.map(logicalVolume)))
    }

    private func logicalVolume(_ volume: VolumeFacts) -> ScanReport.Layer {
        var identity: [String: String] = [:]
        identity["uuid"] = volume.logicalVolume?.uuid
        identity["segments"] = text(volume.logicalVolume?.kinds.joined(separator: ", "))
        return shell(volume, kind: "logicalVolume", name: volume.logicalVolume?.name, identity: identity)
    }

    private func array(_ volume: VolumeFacts) -> ScanReport.Layer {
        var identity: [String: String] = [:]
        var name: String?
        var wrong: String?
        if let array = volume.array {
            name = array.name
            identity = ["uuid": array.uuid, "level": array.level, "metadata": array.metadata]
            if array.presentCount < array.deviceCount {
                wrong = "\(array.presentCount) of \(array.deviceCount) members are here and in sync"
            }
        }
        var layer = shell(volume, kind: "array", name: name, identity: identity)
        if layer.unreadable == nil { layer.health = wrong ?? "ok" }
        return layer
    }

    /// A volume made of others, around what lies on it.
    private func shell(
        _ volume: VolumeFacts, kind: String, name: String?, identity: [String: String]
    ) -> ScanReport.Layer {
        let inside = volume.kind == nil ? nil : self.volume(volume)
        return ScanReport.Layer(
            kind: kind, name: name, size: volume.size, identity: identity,
            unreadable: volume.kind == nil ? volume.gap?.message : nil, children: inside.map { [$0] })
    }

    /// The tree that holds all others (BTRFS_FS_TREE_OBJECTID): the file system itself.
    private static let topmostSubvolume: UInt64 = 5

    private func subvolume(_ subvolume: SubvolumeFacts) -> ScanReport.Layer {
        var identity = ["id": String(subvolume.id)]
        if subvolume.isDefault { identity["mounted"] = "by default" }
        if subvolume.isReadOnly { identity["writable"] = "no" }
        return ScanReport.Layer(
            kind: subvolume.isSnapshot ? "snapshot" : "subvolume", name: text(subvolume.path),
            identity: identity)
    }

    // MARK: Parts

    private func used(_ volume: VolumeFacts) -> UInt64? {
        volume.usage.map { $0.totalBytes >= $0.freeBytes ? $0.totalBytes - $0.freeBytes : 0 }
    }

    private func health(_ findings: [StructureFinding]) -> String {
        findings.isEmpty ? "ok" : findings.map(\.message).joined(separator: "; ")
    }

    private func text(_ text: String?) -> String? { text.flatMap { $0.isEmpty ? nil : $0 } }

    private func nonEmpty(_ layers: [ScanReport.Layer]) -> [ScanReport.Layer]? {
        layers.isEmpty ? nil : layers
    }
}
