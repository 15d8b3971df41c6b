import GuestFacts
import Reports

/// The tree of layers of an image: container, partition table, partitions, file systems.
struct LayerBuilder {
    let image: ImageFacts

    func layers() -> [ScanReport.Layer] {
        let container = image.container
        let findings = container.findings.map(\.message)
        return [
            ScanReport.Layer(
                kind: container.format, offset: 0, size: container.virtualSize,
                health: findings.isEmpty ? "ok" : findings.joined(separator: "; "), children: content())
        ]
    }

    private func content() -> [ScanReport.Layer]? {
        guard let table = image.partitions, table.kind != .none else {
            let volumes = image.volumes.map(volume)
            return volumes.isEmpty ? nil : volumes
        }
        let findings = table.findings.map(\.message)
        var identity: [String: String]?
        if let id = table.identity { identity = [table.kind == .mbr ? "diskSignature" : "diskGUID": id] }
        return [
            ScanReport.Layer(
                kind: table.kind.rawValue, identity: identity,
                health: findings.isEmpty ? "ok" : findings.joined(separator: "; "),
                children: table.partitions.map(partition))
        ]
    }

    private func partition(_ partition: PartitionFacts) -> ScanReport.Layer {
        var identity = ["type": partition.type]
        identity["partUUID"] = partition.partUUID
        identity["partLabel"] = partition.partLabel.flatMap { $0.isEmpty ? nil : $0 }
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
        identity["label"] = volume.label.flatMap { $0.isEmpty ? nil : $0 }
        let conditions = volume.conditions.map(\.message)
        return ScanReport.Layer(
            kind: volume.kind ?? "unknown", size: volume.size,
            used: volume.usage.map { $0.totalBytes >= $0.freeBytes ? $0.totalBytes - $0.freeBytes : 0 },
            identity: identity.isEmpty ? nil : identity,
            health: volume.gap == nil
                ? (conditions.isEmpty ? "ok" : conditions.joined(separator: "; ")) : nil,
            unreadable: volume.gap?.message)
    }
}
