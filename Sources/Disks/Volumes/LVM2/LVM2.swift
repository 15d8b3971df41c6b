import BlockIO
import ByteReading

/// Finds physical volumes of LVM2 among devices and puts groups and logical volumes together
/// (lvm(8); LVM2, lib/format_text).
package enum LVM2 {
    /// Never throws: what cannot be read is a finding or a fault of one volume, and hides no other.
    ///
    /// Devices that are members of an MD array are passed over, as LVM2 does.
    package static func assemble(_ devices: [BlockDevice]) -> LVM2Assembly {
        var assembler = LVM2Assembler()
        for device in devices where !device.isArrayMember { assembler.add(device) }
        return assembler.assembly()
    }
}

/// Collects labels and metadata, then decides which copy counts.
struct LVM2Assembler {
    /// A text that several areas share.
    private struct TextKey: Hashable {
        var checksum: UInt32
        var size: Int
    }

    private struct FoundVolume {
        var device: BlockDevice
        var label: PhysicalVolumeLabel
        var texts: [(key: TextKey, offset: UInt64)] = []
        var hasAreas: Bool { !label.metadataAreas.isEmpty }
    }

    /// Copies of one text take the room of one.
    private var parsed: [TextKey: VolumeGroupMetadata] = [:]
    private var volumes: [FoundVolume] = []
    private var findings: [VolumeFinding] = []
    /// By group: what was found about copies of its metadata.
    private var groupOrder: [String] = []

    mutating func add(_ device: BlockDevice) {
        let label: PhysicalVolumeLabel
        do {
            guard let found = try PhysicalVolumeLabel(of: device.source) else { return }
            label = found
        } catch {
            // A device that cannot be read at all is the caller's finding; here it is one only with a signature.
            guard device.signatures.contains(where: { $0.kind == "LVM2_member" }) else { return }
            findings.append(
                VolumeFinding(.labelDamaged, error.message, device: device.id, at: error.offset))
            return
        }
        var found = FoundVolume(device: device, label: label)
        for area in label.metadataAreas {
            do {
                let read = try MetadataArea(area, on: device.source)
                guard let text = read.text else { continue }
                let key = TextKey(checksum: read.checksum, size: text.count)
                if parsed[key] == nil {
                    let metadata = try VolumeGroupMetadata(parsing: text)
                    parsed[key] = metadata
                    if !groupOrder.contains(metadata.uuid) { groupOrder.append(metadata.uuid) }
                }
                found.texts.append((key, area.offset))
            } catch {
                findings.append(
                    VolumeFinding(
                        .metadataDamaged, error.message, device: device.id, at: error.offset ?? area.offset))
            }
        }
        volumes.append(found)
    }

    /// The groups, once every device was added.
    mutating func assembly() -> LVM2Assembly {
        var result = LVM2Assembly()
        let chosen = groupOrder.map { newest(of: $0) }
        var used: Set<String> = []
        for choice in chosen {
            guard let choice else { continue }
            let metadata = choice.metadata
            var notes = choice.findings
            let places = devices(for: metadata, noting: &notes)
            used.formUnion(places.values.map(\.id))
            var builder = VolumeGroupBuilder(metadata, devices: places)
            var group = builder.group()
            for volume in group.physicalVolumes where volume.deviceID == nil {
                notes.append(VolumeFinding(.deviceMissing, "physical volume \(volume.uuid) is not here"))
            }
            group.findings = notes + group.findings
            if result.groups.contains(where: { $0.name == group.name }) {
                group.findings.append(
                    VolumeFinding(.nameConflict, "another volume group is called \(group.name), too"))
            }
            result.groups.append(group)
        }
        for volume in volumes where !used.contains(volume.device.id) {
            result.unused.append(
                PhysicalVolume(
                    uuid: volume.label.uuid, deviceID: volume.device.id, size: volume.label.deviceSize))
            note(unused: volume)
        }
        result.findings = findings
        return result
    }

    private mutating func note(unused volume: FoundVolume) {
        let id = volume.device.id
        if let text = volume.texts.first, let metadata = parsed[text.key] {
            guard !findings.contains(where: { $0.code == .duplicate && $0.device == id }) else { return }
            findings.append(
                VolumeFinding(
                    .deviceOutdated,
                    "physical volume \(volume.label.uuid) is no longer part of group \(metadata.name)",
                    device: id, at: text.offset))
        } else if volume.label.isUsed == true {
            findings.append(
                VolumeFinding(
                    .metadataMissing,
                    "physical volume \(volume.label.uuid) belongs to a group of which no metadata can be read",
                    device: id, at: volume.label.offset))
        }
    }

    /// The metadata of a group that counts: that with the highest number.
    private func newest(of group: String) -> (metadata: VolumeGroupMetadata, findings: [VolumeFinding])? {
        var best: (key: TextKey, metadata: VolumeGroupMetadata)?
        for volume in volumes {
            for text in volume.texts {
                guard let metadata = parsed[text.key], metadata.uuid == group else { continue }
                if best.map({ metadata.sequence > $0.metadata.sequence }) ?? true {
                    best = (text.key, metadata)
                }
            }
        }
        guard let best else { return nil }
        var notes: [VolumeFinding] = []
        for volume in volumes {
            for text in volume.texts where text.key != best.key {
                guard let metadata = parsed[text.key], metadata.uuid == group else { continue }
                let isOld = metadata.sequence < best.metadata.sequence
                let message =
                    isOld
                    ? "metadata number \(metadata.sequence) of group \(metadata.name) is older than "
                        + "number \(best.metadata.sequence) on another area"
                    : "two texts of group \(metadata.name) are number \(metadata.sequence) and differ"
                notes.append(
                    VolumeFinding(
                        isOld ? .metadataStale : .metadataDisagrees, message, device: volume.device.id,
                        at: text.offset))
            }
        }
        return (best.metadata, notes)
    }

    /// The device of each physical volume of a group, by UUID.
    private mutating func devices(
        for metadata: VolumeGroupMetadata, noting notes: inout [VolumeFinding]
    ) -> [String: BlockDevice] {
        var result: [String: BlockDevice] = [:]
        for physical in metadata.physicalVolumes {
            let candidates = volumes.filter { $0.label.uuid == physical.uuid }
            // Of two copies of one disk, the one whose metadata is newer.
            let ranked = candidates.enumerated().max { a, b in
                let (first, second) = (
                    sequence(of: a.element, in: metadata), sequence(of: b.element, in: metadata)
                )
                return first == second ? a.offset > b.offset : first < second
            }
            guard let best = ranked?.element else { continue }
            result[physical.uuid] = best.device
            for other in candidates where other.device.id != best.device.id {
                findings.append(
                    VolumeFinding(
                        .duplicate,
                        "physical volume \(physical.uuid) is also on \(best.device.id), which is used",
                        device: other.device.id, at: other.label.offset))
                notes.append(
                    VolumeFinding(
                        .duplicate, "\(other.device.id) is another copy of physical volume \(physical.uuid)",
                        device: best.device.id, at: best.label.offset))
            }
        }
        return result
    }

    private func sequence(of volume: FoundVolume, in metadata: VolumeGroupMetadata) -> UInt64 {
        volume.texts.compactMap { parsed[$0.key] }.filter { $0.uuid == metadata.uuid }.map(\.sequence).max()
            ?? 0
    }
}
