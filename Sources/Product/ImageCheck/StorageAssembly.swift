import BlockIO
import ByteReading
import GuestFacts
import GuestInspection
import Volumes

/// The block devices of one image, as the kernel would come to know them: partitions first, then the arrays made
/// of them, then the logical volumes made of both.
///
/// What cannot be assembled is a device with a gap, so that a name that leads to it is "not known" rather than
/// "not there".
struct StorageAssembly {
    /// A device and what is known of it.
    struct Device {
        var facts: VolumeFacts
        /// Nil when the device is known by name only.
        let source: (any BlockSource)?
        var partition: Partition?
        var signatures: [VolumeSignature] = []
        /// Whether it is a part of an array: what lies on it is told of the array.
        var isArrayMember = false
    }

    private(set) var devices: [Device] = []
    private(set) var groups: [VolumeGroupFacts] = []

    /// Arrays of arrays are legal; more storeys than this are nobody's disk.
    private static let storeys = 3

    /// Adds a device that something else describes and finds out what is on it.
    mutating func add(
        _ facts: VolumeFacts, _ source: (any BlockSource)?, partition: Partition? = nil
    ) {
        var device = Device(facts: facts, source: source, partition: partition)
        if let source {
            do {
                device.signatures = try VolumeProbe.identify(source)
            } catch {
                device.facts.gap = Gap(error, at: facts.id)
            }
        }
        StorageAssembly.describe(&device)
        devices.append(device)
    }

    private static func describe(_ device: inout Device) {
        guard let first = device.signatures.first else { return }
        device.facts.kind = first.kind
        device.facts.uuid = first.uuid
        device.facts.label = first.label
        // The file system of a mirror stands at the start of each of its members, when the superblock is at the end.
        guard device.signatures.count > 1, first.kind != "linux_raid_member" else { return }
        device.facts.conditions.append(
            StructureFinding(
                code: "ambivalent",
                message: "several signatures: " + device.signatures.map(\.kind).joined(separator: ", "),
                evidence: Evidence(layer: device.facts.id)))
    }

    /// Adds what arrays and volume groups make of the devices that are there.
    mutating func assemble() {
        for _ in 0..<StorageAssembly.storeys {
            guard addArrays() else { break }
        }
        addGroups()
    }

    // MARK: Arrays

    /// Whether a new array was found.
    private mutating func addArrays() -> Bool {
        let known = Set(devices.compactMap(\.facts.array?.uuid))
        let found = MDRaid.assemble(devices.compactMap(StorageAssembly.blockDevice)).filter {
            !known.contains($0.uuid)
        }
        for array in found { add(array) }
        return !found.isEmpty
    }

    private mutating func add(_ array: RaidArray) {
        let id = unusedID("md:" + (array.name.map(StorageAssembly.withoutHost) ?? array.uuid))
        var facts = VolumeFacts(id: id, size: array.source?.size ?? array.size)
        facts.array = ArrayFacts(
            name: array.name, uuid: array.uuid, level: array.level, metadata: array.metadataVersion,
            deviceCount: array.raidDisks, presentCount: array.presentCount)
        facts.madeOf = array.members.map(\.deviceID)
        // How many members are missing is told by ``ArrayFacts``.
        facts.conditions = array.findings.filter { $0.code != .deviceMissing }.map {
            StorageAssembly.finding($0, on: id)
        }
        if let fault = array.fault { facts.gap = Gap(fault, at: id) }
        for index in devices.indices where facts.madeOf.contains(devices[index].facts.id) {
            devices[index].isArrayMember = true
        }
        add(facts, array.source)
        addPartitions(ofArray: devices.count - 1)
    }

    /// The kernel looks for a partition table on every array.
    private mutating func addPartitions(ofArray index: Int) {
        let array = devices[index]
        guard let source = array.source, array.signatures.isEmpty, array.facts.gap == nil,
            let table = try? PartitionTable(of: source)
        else { return }
        for partition in table.partitions where !partition.isExtended {
            add(
                partition, on: source, id: "\(array.facts.id):\(partition.number)",
                above: [array.facts.id])
        }
    }

    /// `name` of `host:name`.
    private static func withoutHost(_ name: String) -> String {
        name.split(separator: ":", maxSplits: 1).last.map(String.init) ?? name
    }

    private func unusedID(_ wanted: VolumeID) -> VolumeID {
        var id = wanted
        var number = 2
        while devices.contains(where: { $0.facts.id == id }) {
            id = "\(wanted)#\(number)"
            number += 1
        }
        return id
    }

    // MARK: Partitions

    /// Adds a partition. The kernel cuts it off where the disk ends.
    mutating func add(
        _ partition: Partition, on disk: any BlockSource, id: VolumeID,
        above: [VolumeID] = []
    ) {
        let rest = disk.size > partition.start ? disk.size - partition.start : 0
        var facts = VolumeFacts(id: id, size: min(partition.size, rest))
        facts.partUUID = partition.partUUID
        facts.partLabel = partition.name
        facts.madeOf = above
        // The number names a partition of the disk; those of an array have no such name.
        if above.isEmpty { facts.partitionNumber = partition.number }
        do {
            add(facts, try SliceSource(disk, start: partition.start, size: facts.size), partition: partition)
        } catch {
            facts.gap = Gap(error, at: id)
            add(facts, nil, partition: partition)
        }
    }

    // MARK: Volume groups

    private mutating func addGroups() {
        let assembly = LVM2.assemble(devices.compactMap(StorageAssembly.blockDevice))
        for group in assembly.groups { add(group) }
        for finding in assembly.findings {
            guard let index = devices.firstIndex(where: { $0.facts.id == finding.device }) else { continue }
            devices[index].facts.conditions.append(
                StorageAssembly.finding(finding, on: devices[index].facts.id))
            // What the group of this device holds is not known, which is not the same as nothing.
            let hides: Set<VolumeFinding.Code> = [.labelDamaged, .metadataDamaged, .metadataMissing]
            let isUsed = groups.contains { $0.physicalVolumes.contains(devices[index].facts.id) }
            if hides.contains(finding.code), !isUsed {
                devices[index].facts.gap = Gap(
                    where: devices[index].facts.id, kind: .corrupt, message: finding.message)
            }
        }
    }

    private mutating func add(_ group: VolumeGroup) {
        let here = group.physicalVolumes.compactMap(\.deviceID)
        let size = group.physicalVolumes.reduce(UInt64(0)) {
            $0.addingReportingOverflow($1.size).partialValue
        }
        var facts = VolumeGroupFacts(
            name: group.name, uuid: group.uuid, size: size, physicalVolumes: here)
        facts.missing = group.missing
        // Which volumes are missing is told by ``VolumeGroupFacts/missing``.
        facts.findings = group.findings.filter { $0.code != .deviceMissing }.map {
            StorageAssembly.finding($0, on: "lvm:\(group.name)")
        }
        groups.append(facts)
        for volume in group.logicalVolumes where volume.isVisible {
            let id = unusedID("lvm:\(group.name)/\(volume.name)")
            var facts = VolumeFacts(id: id, size: volume.size)
            facts.logicalVolume = LogicalVolumeFacts(
                group: group.name, name: volume.name, groupUUID: group.uuid, uuid: volume.uuid,
                kinds: volume.kinds, missing: volume.missing)
            facts.logicalVolume?.groupMissing = group.missing
            facts.logicalVolume?.isAutomatic = volume.isActiveByDefault
            facts.madeOf = group.physicalVolumes
                .filter { volume.physicalVolumes.contains($0.uuid) }.compactMap(\.deviceID)
            if StorageAssembly.holdsVolumesOnly(volume) {
                add(facts, nil)
                continue
            }
            if let fault = volume.fault { facts.gap = Gap(fault, at: id) }
            add(facts, volume.source)
        }
    }

    /// A pool has a name and no contents of its own.
    private static func holdsVolumesOnly(_ volume: LogicalVolume) -> Bool {
        !volume.kinds.isEmpty && volume.kinds.allSatisfy { $0.hasSuffix("-pool") }
    }

    // MARK: Parts

    private static func blockDevice(_ device: Device) -> BlockDevice? {
        device.source.map { BlockDevice(id: device.facts.id, source: $0, signatures: device.signatures) }
    }

    private static func finding(_ finding: VolumeFinding, on id: VolumeID) -> StructureFinding {
        StructureFinding(
            code: finding.code.rawValue, message: finding.message,
            evidence: Evidence(layer: finding.device ?? id, offset: finding.offset))
    }
}
