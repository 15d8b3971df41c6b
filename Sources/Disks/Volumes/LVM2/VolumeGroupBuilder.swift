import BlockIO
import ByteReading

/// Turns the metadata of a group and the devices at hand into volumes that can be read.
struct VolumeGroupBuilder {
    /// Volumes lie on volumes: a cached thin pool on RAID is six deep.
    private static let maximumDepth = 16

    let metadata: VolumeGroupMetadata
    /// By the UUID of the physical volume.
    let devices: [String: BlockDevice]
    private(set) var findings: [VolumeFinding] = []

    private var physical: [String: VolumeGroupMetadata.Physical] = [:]
    private var logical: [String: VolumeGroupMetadata.Logical] = [:]
    /// Sources made so far, and why there is none.
    private var sources: [String: Result<any BlockSource, ImageFault>] = [:]
    /// Volumes whose source is being made: coming back to one of them is a loop.
    private var open: Set<String> = []
    /// Volumes that hold copies themselves; copies of those are not made, and would multiply the reads.
    private var redundant: Set<String> = []
    private var pools: [String: Result<ThinPool, ImageFault>] = [:]

    init(_ metadata: VolumeGroupMetadata, devices: [String: BlockDevice]) {
        self.metadata = metadata
        self.devices = devices
        for volume in metadata.physicalVolumes { physical[volume.key] = volume }
        for volume in metadata.logicalVolumes { logical[volume.name] = volume }
    }

    mutating func group() -> VolumeGroup {
        var group = VolumeGroup(
            name: metadata.name, uuid: metadata.uuid, sequence: metadata.sequence,
            extentSize: metadata.extentSectors.multipliedReportingOverflow(by: 512).partialValue,
            flags: metadata.flags, systemID: metadata.systemID, lockType: metadata.lockType,
            physicalVolumes: [], logicalVolumes: [], findings: [])
        for volume in metadata.physicalVolumes { group.physicalVolumes.append(described(volume)) }
        if group.isExported {
            findings.append(VolumeFinding(.notActivated, "group \(metadata.name) is exported"))
        }
        if group.isClustered {
            findings.append(
                VolumeFinding(
                    .notActivated, "group \(metadata.name) is activated by a cluster's lock manager"))
        }
        for (name, fault) in metadata.damaged {
            findings.append(VolumeFinding(.volumeInvalid, "logical volume \(name): \(fault.message)"))
        }
        let isActivated =
            !group.isExported && !group.isClustered && !group.flags.contains("NOAUTOACTIVATE")
        // Which volume is a snapshot is said by a volume of its own that nobody sees.
        var snapshots: [String: VolumeGroupMetadata.Segment] = [:]
        for volume in metadata.logicalVolumes {
            guard let segment = volume.segments.first, segment.kind == "snapshot" else { continue }
            let store = segment.text.text("merging_store") ?? segment.text.text("cow_store")
            if let store { snapshots[store] = segment }
        }
        for volume in metadata.logicalVolumes where volume.segments.first?.kind != "snapshot" {
            group.logicalVolumes.append(
                described(volume, snapshot: snapshots[volume.name], isActivated: isActivated))
        }
        for segment in snapshots.values where segment.text["merging_store"] != nil {
            guard
                let index = group.logicalVolumes.firstIndex(where: { $0.name == segment.text.text("origin") })
            else { continue }
            group.logicalVolumes[index].source = nil
            group.logicalVolumes[index].fault = ImageFault(
                .unsupported, "a snapshot is being merged into this volume")
        }
        group.findings = findings
        return group
    }

    private mutating func described(_ volume: VolumeGroupMetadata.Physical) -> PhysicalVolume {
        let device = devices[volume.uuid]
        let end = (try? self.end(of: volume)) ?? .max
        if let device {
            if end > device.source.size {
                findings.append(
                    VolumeFinding(
                        .deviceTruncated,
                        "physical volume \(volume.uuid) needs \(end) bytes, \(device.id) has \(device.source.size)",
                        device: device.id, at: device.source.size))
            }
            if volume.isMarkedMissing {
                findings.append(
                    VolumeFinding(
                        .deviceOutdated,
                        "the group was changed while physical volume \(volume.uuid) was away: what it holds is old",
                        device: device.id))
            }
        }
        let size = volume.deviceSectors?.multipliedReportingOverflow(by: 512)
        return PhysicalVolume(
            uuid: volume.uuid, deviceID: volume.isMarkedMissing ? nil : device?.id,
            size: size.flatMap { $0.overflow ? nil : $0.partialValue } ?? end)
    }

    private func end(of volume: VolumeGroupMetadata.Physical) throws(ImageFault) -> UInt64 {
        try (try volume.extentStart.multiplied(by: 512)).adding(try bytes(volume.extentCount))
    }

    private mutating func described(
        _ volume: VolumeGroupMetadata.Logical, snapshot: VolumeGroupMetadata.Segment?, isActivated: Bool
    ) -> LogicalVolume {
        var kinds: [String] = []
        for segment in volume.segments where !kinds.contains(segment.title) { kinds.append(segment.title) }
        let origin = snapshot?.text.text("origin")
        // A snapshot is seen when its origin is.
        let isVisible =
            volume.flags.contains("VISIBLE")
            || origin.map { logical[$0]?.flags.contains("VISIBLE") ?? false || $0.hasSuffix("_vorigin") }
                ?? false
        let segment = volume.segments.first
        let uuids = physicalVolumes(below: volume.name)
        var result = LogicalVolume(
            name: volume.name, uuid: volume.uuid, isVisible: isVisible,
            isActiveByDefault: isVisible && isActivated
                && !volume.flags.contains("ACTIVATION_SKIP") && !volume.flags.contains("NOAUTOACTIVATE"),
            isWritable: volume.flags.contains("WRITE"), kinds: snapshot == nil ? kinds : ["snapshot"],
            size: (try? bytes(volume.extentCount)) ?? 0, physicalVolumes: uuids,
            missing: uuids.filter { uuid in !isPresent(uuid) },
            origin: origin ?? segment?.text.text("origin"),
            externalOrigin: segment?.text.text("external_origin"),
            pool: segment.flatMap {
                $0.text.text("thin_pool") ?? $0.text.text("cache_pool") ?? $0.text.text("vdo_pool")
            },
            parts: volume.parts.filter { logical[$0] != nil })
        guard snapshot == nil else {
            result.fault = ImageFault(
                .unsupported, "a snapshot of \(result.origin ?? "another volume"): what differs is not read")
            return result
        }
        guard uuids.isEmpty || result.missing.count < uuids.count else {
            result.fault = ImageFault(
                .notFound, "no physical volume of it is here: \(result.missing.joined(separator: ", "))")
            return result
        }
        do { result.source = try source(of: volume.name) } catch { result.fault = error }
        return result
    }

    private func isPresent(_ uuid: String) -> Bool {
        devices[uuid] != nil
            && !metadata.physicalVolumes.contains { $0.uuid == uuid && $0.isMarkedMissing }
    }

    /// UUIDs of all physical volumes that a volume lies on, in the order in which they are met.
    private func physicalVolumes(below name: String) -> [String] {
        var pending = [name]
        var visited: Set<String> = []
        var result: [String] = []
        while let name = pending.popLast() {
            guard visited.insert(name).inserted else { continue }
            if let volume = physical[name] {
                if !result.contains(volume.uuid) { result.append(volume.uuid) }
            } else if let volume = logical[name] {
                pending += volume.parts.reversed()
            }
        }
        return result
    }

    /// Extents in bytes.
    func bytes(_ extents: UInt64) throws(ImageFault) -> UInt64 {
        try extents.multiplied(by: try metadata.extentSectors.multiplied(by: 512))
    }
}

// MARK: - Sources

extension VolumeGroupBuilder {
    /// The contents of a logical volume; made once.
    mutating func source(of name: String) throws(ImageFault) -> any BlockSource {
        if let known = sources[name] { return try known.get() }
        guard let volume = logical[name] else {
            throw ImageFault(.corrupt, "the group has no volume \(name.debugDescription)")
        }
        guard open.count < VolumeGroupBuilder.maximumDepth else {
            throw ImageFault(.limit, "volumes lie more than \(VolumeGroupBuilder.maximumDepth) deep")
        }
        guard open.insert(name).inserted else {
            throw ImageFault(.corrupt, "volume \(name) is part of itself")
        }
        defer { open.remove(name) }
        do {
            var pieces: [ConcatenatedSource.Piece] = []
            for segment in volume.segments { pieces.append(try piece(of: segment, in: volume)) }
            let whole: any BlockSource =
                if pieces.count == 1, let only = pieces.first, let source = only.source, only.start == 0,
                    source.size == only.size
                {
                    source
                } else {
                    try ConcatenatedSource(pieces)
                }
            sources[name] = .success(whole)
            return whole
        } catch {
            // What depends on how one came here is not kept.
            if error.kind != .limit { sources[name] = .failure(error) }
            throw error
        }
    }

    private mutating func piece(
        of segment: VolumeGroupMetadata.Segment, in volume: VolumeGroupMetadata.Logical
    ) throws(ImageFault) -> ConcatenatedSource.Piece {
        let size = try bytes(segment.count)
        switch segment.kind {
        case "striped", "linear": return try striped(segment, size: size)
        case "mirror": return try mirror(segment, size: size)
        case "zero": return ConcatenatedSource.Piece(nil, start: 0, size: size)
        case "error":
            let fault = ImageFault(.notFound, "the metadata puts an error segment here")
            return ConcatenatedSource.Piece(UnreadableSource(size: size, fault: fault), start: 0, size: size)
        case "thin": return try thin(segment, size: size)
        case "cache": return try cached(segment, size: size)
        case let kind where kind.hasPrefix("raid"):
            if kind != "raid0" { redundant.insert(volume.name) }
            return ConcatenatedSource.Piece(try raid(segment, size: size), start: 0, size: size)
        case "thin-pool", "cache-pool", "vdo-pool":
            throw ImageFault(.unsupported, "a \(segment.kind) holds other volumes and nothing of its own")
        case "vdo":
            throw ImageFault(.unsupported, "VDO: deduplicated and compressed contents are not read")
        case "integrity":
            throw ImageFault(.unsupported, "dm-integrity: contents between checksums are not read")
        case "writecache":
            throw ImageFault(
                .unsupported, "a write cache: newer contents may be in it only, and it is not read")
        default: throw ImageFault(.unsupported, "segments of type \(segment.kind.debugDescription)")
        }
    }

    private mutating func striped(
        _ segment: VolumeGroupMetadata.Segment, size: UInt64
    ) throws(ImageFault) -> ConcatenatedSource.Piece {
        let areas = try segment.areas("stripes")
        let count = UInt64(areas.count)
        guard count > 0, segment.count % count == 0 else {
            throw ImageFault(.corrupt, "\(segment.count) extents in \(count) stripes")
        }
        if count == 1, let only = areas.first { return try piece(only, extents: segment.count) }
        var columns: [any BlockSource] = []
        for area in areas { columns.append(try slice(try piece(area, extents: segment.count / count))) }
        let chunk = try (try segment.text.required("stripe_size")).multiplied(by: 512)
        let source = try StripedSource(columns, chunkSize: chunk, size: size)
        return ConcatenatedSource.Piece(source, start: 0, size: size)
    }

    /// The older mirror, and volumes that are being moved: the first leg holds what counts, whatever the state
    /// of the others (Linux, drivers/md/dm-raid1.c, `DEFAULT_MIRROR`).
    private mutating func mirror(
        _ segment: VolumeGroupMetadata.Segment, size: UInt64
    ) throws(ImageFault) -> ConcatenatedSource.Piece {
        guard let first = try segment.areas("mirrors").first else {
            throw ImageFault(.corrupt, "a mirror without legs")
        }
        return try piece(first, extents: segment.count)
    }

    /// Extents of a physical or another logical volume.
    private mutating func piece(
        _ area: VolumeGroupMetadata.Area, extents: UInt64
    ) throws(ImageFault) -> ConcatenatedSource.Piece {
        let size = try bytes(extents)
        guard let volume = physical[area.name] else {
            let source = try source(of: area.name)
            return ConcatenatedSource.Piece(source, start: try bytes(area.extent), size: size)
        }
        guard area.extent <= volume.extentCount, extents <= volume.extentCount - area.extent else {
            throw ImageFault(
                .corrupt,
                "\(extents) extents at \(area.extent) of a physical volume with \(volume.extentCount)")
        }
        guard isPresent(volume.uuid), let device = devices[volume.uuid] else {
            let fault = ImageFault(.notFound, "physical volume \(volume.uuid) is missing")
            return ConcatenatedSource.Piece(UnreadableSource(size: size, fault: fault), start: 0, size: size)
        }
        let start = try (try volume.extentStart.multiplied(by: 512)).adding(try bytes(area.extent))
        return ConcatenatedSource.Piece(
            NamedSource(device.source, name: device.id), start: start, size: size)
    }

    private func slice(_ piece: ConcatenatedSource.Piece) throws(ImageFault) -> any BlockSource {
        guard let source = piece.source else { return try ConcatenatedSource([piece]) }
        return try SliceSource(source, start: piece.start, size: piece.size)
    }

    private mutating func raid(
        _ segment: VolumeGroupMetadata.Segment, size: UInt64
    ) throws(ImageFault) -> any BlockSource {
        guard let names = LVMRaid.Images(segment) else {
            throw ImageFault(.corrupt, "the images of a \(segment.kind) volume do not fit their number")
        }
        var members: [LVMRaid.Member] = []
        for (index, image) in names.images.enumerated() {
            if redundant.contains(image) {
                throw ImageFault(.unsupported, "a \(segment.kind) of volumes that are redundant themselves")
            }
            var member = LVMRaid.Member(name: image)
            member.size = try bytes(logical[image]?.extentCount ?? 0)
            member.flags = logical[image]?.flags ?? []
            let isWhole = physicalVolumes(below: image).allSatisfy(isPresent)
            if isWhole { member.source = try source(of: image) }
            if redundant.contains(image) {
                throw ImageFault(.unsupported, "a \(segment.kind) of volumes that are redundant themselves")
            }
            if names.metadata.indices.contains(index), isWhole {
                let metadata = try source(of: names.metadata[index])
                member.superblock = try LVMRaid.Superblock(on: metadata)
            }
            members.append(member)
        }
        return try LVMRaid.source(segment, members: members, size: size)
    }

    private mutating func cached(
        _ segment: VolumeGroupMetadata.Segment, size: UInt64
    ) throws(ImageFault) -> ConcatenatedSource.Piece {
        let origin = try segment.text.requiredText("origin")
        let pool = try segment.text.requiredText("cache_pool")
        let mode =
            segment.text.text("cache_mode")
            ?? logical[pool]?.segments.first?.text.text("cache_mode") ?? "writethrough"
        guard mode == "writethrough" || mode == "passthrough" else {
            throw ImageFault(
                .unsupported, "a \(mode) cache: newer contents may be in the cache only, and it is not read")
        }
        return ConcatenatedSource.Piece(try source(of: origin), start: 0, size: size)
    }

    private mutating func thin(
        _ segment: VolumeGroupMetadata.Segment, size: UInt64
    ) throws(ImageFault) -> ConcatenatedSource.Piece {
        let pool = try thinPool(try segment.text.requiredText("thin_pool"))
        let device = try segment.text.required("device_id")
        var below: (any BlockSource)?
        if let origin = segment.text.text("external_origin") { below = try source(of: origin) }
        let source = try ThinSource(pool, device: device, size: size, below: below)
        return ConcatenatedSource.Piece(source, start: 0, size: size)
    }

    private mutating func thinPool(_ name: String) throws(ImageFault) -> ThinPool {
        if let known = pools[name] { return try known.get() }
        guard let segment = logical[name]?.segments.first, segment.kind == "thin-pool" else {
            throw ImageFault(.corrupt, "the group has no thin pool \(name.debugDescription)")
        }
        do {
            let pool = try ThinPool(
                metadata: try source(of: try segment.text.requiredText("metadata")),
                data: try source(of: try segment.text.requiredText("pool")))
            note(pool, name: name, segment)
            pools[name] = .success(pool)
            return pool
        } catch {
            let fault = error.inLayer(name)
            pools[name] = .failure(fault)
            throw fault
        }
    }

    private mutating func note(_ pool: ThinPool, name: String, _ segment: VolumeGroupMetadata.Segment) {
        let expected = segment.text.number("transaction_id") ?? 0
        let isPending = segment.text.sections.contains { $0.name.hasPrefix("message") }
        if pool.transaction != expected, !(isPending && pool.transaction &+ 1 == expected) {
            findings.append(
                VolumeFinding(
                    .poolInconsistent,
                    "thin pool \(name) is at transaction \(pool.transaction), its group expects \(expected)"))
        }
        if pool.needsCheck {
            findings.append(
                VolumeFinding(.poolInconsistent, "the kernel marked thin pool \(name) to be checked"))
        }
    }
}
