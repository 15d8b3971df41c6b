import BlockIO
import ByteReading

/// Turns the members of one array into contents that can be read.
struct RaidArrayBuilder {
    private let found: [FoundMember]
    private var findings: [VolumeFinding] = []

    /// Members with the same UUID.
    init(_ found: [FoundMember]) { self.found = found }

    /// Nil without members.
    mutating func array() -> RaidArray? {
        // The newest superblock speaks for the array; of several, the first.
        guard let newest = found.max(by: { $0.superblock.events < $1.superblock.events })?.superblock
        else { return nil }
        let members = judged(by: newest)
        var array = RaidArray(
            uuid: newest.uuid, name: newest.name, preferredMinor: newest.preferredMinor,
            level: newest.levelName, metadataVersion: newest.version, raidDisks: newest.raidDisks,
            members: members, chunkSize: newest.chunkSize, isClean: newest.isClean)
        if !newest.isClean, newest.level != 0, newest.level != -1 {
            findings.append(VolumeFinding(.notClean, "the array was not shut down cleanly"))
        }
        if array.missingCount > 0 {
            findings.append(
                VolumeFinding(
                    .deviceMissing,
                    "\(array.missingCount) of \(array.raidDisks) devices are missing or not usable"))
        }
        do {
            let source = try source(newest, members: members)
            array.source = source
            array.size = source.size
        } catch {
            array.fault = error
            array.size = RaidArrayBuilder.expectedSize(newest)
        }
        array.findings = findings
        return array
    }

    /// What each member is good for, by the newest superblock and its own.
    private mutating func judged(by newest: MDSuperblock) -> [RaidMember] {
        var members = found.map { found in
            let superblock = found.superblock
            var member = RaidMember(
                deviceID: found.device.id, role: nil, state: .spare, events: superblock.events,
                superblockOffset: superblock.offset, dataOffset: superblock.dataOffset,
                isWriteMostly: superblock.isWriteMostly)
            let own =
                superblock.roles.indices.contains(superblock.number)
                ? superblock.roles[superblock.number] : .spare
            let now =
                newest.roles.indices.contains(superblock.number)
                ? newest.roles[superblock.number] : .spare
            switch own {
            case .active(let role), .filling(let role): member.role = role
            case .spare, .faulty, .journal: break
            }
            // The kernel takes a member that is one event behind: the others may have been written last.
            let isOld = superblock.events < newest.events && newest.events - superblock.events > 1
            switch (own, now) {
            case (.journal, _), (_, .journal): member.state = .journal
            case (.active, .active) where superblock.isReplacement: member.state = .replacement
            case (.active, _) where isOld: member.state = .stale
            case (_, .faulty), (.faulty, _): member.state = .faulty
            case (.filling, _), (_, .filling): member.state = .recovering
            case (.active(let role), .active(let other)):
                let isFilled = superblock.recovered.map { $0 >= superblock.deviceSize } ?? true
                member.state =
                    role != other || role >= newest.raidDisks ? .faulty : isFilled ? .inSync : .recovering
            default: member.state = .spare
            }
            return member
        }
        note(&members, newest: newest)
        return members
    }

    private mutating func note(_ members: inout [RaidMember], newest: MDSuperblock) {
        var places: [Int: Int] = [:]
        for index in members.indices {
            let member = members[index]
            let superblock = found[index].superblock
            if superblock.isForeign {
                findings.append(
                    VolumeFinding(
                        .foreignByteOrder, "the superblock is big-endian", device: member.deviceID,
                        at: member.superblockOffset))
            }
            if member.state == .stale {
                findings.append(
                    VolumeFinding(
                        .deviceOutdated,
                        "left the array at event \(member.events), which is at \(newest.events) now",
                        device: member.deviceID, at: member.superblockOffset))
            }
            guard member.state == .inSync, let role = member.role else { continue }
            guard let other = places[role] else {
                places[role] = index
                continue
            }
            // Of two devices in one place, the newer.
            let (kept, dropped) = members[other].events >= member.events ? (other, index) : (index, other)
            places[role] = kept
            members[dropped].state = .duplicate
            findings.append(
                VolumeFinding(
                    .duplicate, "\(members[kept].deviceID) has the same place \(role) in the array",
                    device: members[dropped].deviceID, at: members[dropped].superblockOffset))
        }
    }

    // MARK: Contents

    private mutating func source(
        _ newest: MDSuperblock, members: [RaidMember]
    ) throws(ImageFault) -> any BlockSource {
        guard !newest.isReshaping else {
            throw ImageFault(
                .unsupported, "the array is being reshaped: parts are in the old form, parts in the new")
        }
        guard !newest.usesJournal else {
            throw ImageFault(.unsupported, "newer contents may be in the journal of the array only")
        }
        guard newest.raidDisks > 0 else { throw ImageFault(.corrupt, "an array of no devices") }
        var columns = [(any BlockSource)?](repeating: nil, count: newest.raidDisks)
        var sizes = [UInt64](repeating: 0, count: newest.raidDisks)
        for (index, member) in members.enumerated() where member.state == .inSync {
            guard let role = member.role, columns.indices.contains(role) else { continue }
            let superblock = found[index].superblock
            let device = found[index].device
            let used = newest.level == 0 || newest.level == -1 ? superblock.dataSize : newest.deviceSize
            if try superblock.dataOffset.adding(used) > device.source.size {
                findings.append(
                    VolumeFinding(
                        .deviceTruncated,
                        "the member needs \(superblock.dataOffset + used) bytes, the device has \(device.source.size)",
                        device: device.id, at: device.source.size))
            }
            columns[role] = try SliceSource(
                NamedSource(device.source, name: device.id), start: superblock.dataOffset, size: used)
            sizes[role] = used
        }
        let missing = columns.indices.filter { columns[$0] == nil }
        let absent = ImageFault(
            .notFound, "missing devices of the array: \(missing.map(String.init).joined(separator: ", "))")
        switch newest.level {
        case 1: return try mirror(newest, members: members, columns: columns)
        case -1:
            guard missing.count < columns.count else { throw absent }
            guard missing.isEmpty else { throw absent }
            var pieces: [ConcatenatedSource.Piece] = []
            for (column, size) in zip(columns, sizes) {
                let whole = newest.chunkSize > 0 ? size / newest.chunkSize * newest.chunkSize : size
                pieces.append(ConcatenatedSource.Piece(column, start: 0, size: whole))
            }
            return try ConcatenatedSource(pieces)
        case 0:
            guard missing.isEmpty else { throw absent }
            return try ZonedStripesSource(
                columns.compactMap { $0 }, sizes: sizes, chunkSize: newest.chunkSize, layout: newest.layout)
        case 10:
            let layout = try CopiedStripesSource.Layout(newest.layout ?? 0)
            return try CopiedStripesSource(
                columns, chunkSize: newest.chunkSize, layout: layout, deviceSize: newest.deviceSize)
        case 4, 5, 6:
            guard missing.isEmpty || newest.isClean else {
                throw ImageFault(.notFound, "\(absent.message); parity is not known to be in sync either")
            }
            return try ParitySource(
                columns, chunkSize: newest.chunkSize,
                layout: ParitySource.Layout(level: Int(newest.level), algorithm: newest.layout ?? 0),
                deviceSize: newest.deviceSize)
        default:
            throw ImageFault(.unsupported, "arrays of level \(newest.levelName)")
        }
    }

    /// RAID 1: the freshest member first. While the array is not clean, the kernel reads from the first.
    private func mirror(
        _ newest: MDSuperblock, members: [RaidMember], columns: [(any BlockSource)?]
    ) throws(ImageFault) -> any BlockSource {
        let usable = members.indices.filter { members[$0].state == .inSync }.sorted { a, b in
            rank(members[a], found[a].superblock) < rank(members[b], found[b].superblock)
        }
        let legs = usable.compactMap { index in members[index].role.flatMap { columns[$0] } }
        guard let first = legs.first else {
            throw ImageFault(.notFound, "no member of the mirror that is in sync is here")
        }
        return try MirroredSource(newest.isClean ? legs : [first], size: newest.deviceSize)
    }

    /// Smaller goes first.
    private func rank(_ member: RaidMember, _ superblock: MDSuperblock) -> (UInt64, Int, Int) {
        (.max - member.events, superblock.hasBadBlocks || member.isWriteMostly ? 1 : 0, member.role ?? .max)
    }

    /// What the array would hold if it were whole.
    private static func expectedSize(_ superblock: MDSuperblock) -> UInt64 {
        let disks = UInt64(superblock.raidDisks)
        let columns: UInt64 =
            switch superblock.level {
            case 1: 1
            case 4, 5: disks > 1 ? disks - 1 : 0
            case 6: disks > 2 ? disks - 2 : 0
            default: 0
            }
        let size = superblock.deviceSize.multipliedReportingOverflow(by: columns)
        return size.overflow ? 0 : size.partialValue
    }
}
