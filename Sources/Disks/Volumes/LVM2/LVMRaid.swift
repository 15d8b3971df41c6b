import BlockIO
import ByteReading

/// RAID among logical volumes: the drivers of MD behind device-mapper's `raid` target (Linux,
/// drivers/md/dm-raid.c; Documentation/admin-guide/device-mapper/dm-raid.rst).
enum LVMRaid {
    /// The volumes that hold data and those that hold superblocks and bitmaps.
    struct Images {
        var images: [String] = []
        /// One for each image, or none.
        var metadata: [String] = []

        /// Nil where the list does not fit the number of devices.
        init?(_ segment: VolumeGroupMetadata.Segment) {
            let names = segment.text.texts("raids") + segment.text.texts("raid0_lvs")
            guard let count = segment.text.number("device_count") ?? segment.text.number("stripe_count"),
                count > 0
            else { return nil }
            if UInt64(names.count) == count {
                images = names
            } else if UInt64(names.count / 2) == count, names.count % 2 == 0 {
                images = stride(from: 1, to: names.count, by: 2).map { names[$0] }
                metadata = stride(from: 0, to: names.count, by: 2).map { names[$0] }
            } else {
                return nil
            }
        }
    }

    /// One image and what is known of its state.
    struct Member {
        var name: String
        var size: UInt64 = 0
        var flags: Set<String> = []
        /// Nil when part of it is missing.
        var source: (any BlockSource)?
        /// Nil when there is none: the image was never used.
        var superblock: Superblock?
    }

    /// What the driver keeps at the start of each metadata image (`struct dm_raid_superblock`).
    struct Superblock {
        var position: UInt32
        var events: UInt64
        /// The first 64 devices.
        var failed: UInt64
        /// Sectors of the image that are in sync; all ones when it is complete.
        var recoveryOffset: UInt64
        /// Sectors of the array that are in sync; all ones when it is complete.
        var resyncOffset: UInt64
        /// Bit 0: a reshape is going on.
        var flags: UInt32

        /// Nil where no superblock was written yet.
        init?(on source: any BlockSource) throws(ImageFault) {
            let block = try source.read(at: 0, count: 512)
            guard block.starts(with: "DmRd") || block.starts(with: "DRmD") else { return nil }
            position = try block.little(at: 12)
            events = try block.little(at: 16)
            failed = try block.little(at: 24)
            recoveryOffset = try block.little(at: 32)
            resyncOffset = try block.little(at: 40)
            // Superblocks before version 1.9 of the target end here and are followed by zeros.
            flags = try block.little(at: 60)
        }
    }

    /// The contents of a RAID segment from the images that are whole and in sync.
    static func source(
        _ segment: VolumeGroupMetadata.Segment, members: [Member], size: UInt64
    ) throws(ImageFault) -> any BlockSource {
        if segment.text["data_offset"] != nil || segment.text["reshape_count"] != nil
            || members.contains(where: { $0.superblock.map { $0.flags & 1 != 0 } ?? false })
        {
            throw ImageFault(.unsupported, "a \(segment.kind) that is or was being reshaped")
        }
        let newest = members.compactMap { $0.superblock }.max { $0.events < $1.events }
        let columns = members.enumerated().map { usable($1, at: $0, newest: newest) }
        let isInSync = newest.map { $0.resyncOffset == .max } ?? false
        let isComplete = columns.allSatisfy { $0 != nil }
        let lost = members.indices.filter { columns[$0] == nil }.map { members[$0].name }
        func absent() -> ImageFault {
            ImageFault(.notFound, "missing or out of sync: \(lost.joined(separator: ", "))")
        }
        let chunk = try (segment.text.number("stripe_size") ?? 0).multiplied(by: 512)
        let deviceSize = members.map(\.size).min() ?? 0
        switch segment.kind {
        case "raid0", "raid0_meta":
            var stripes: [any BlockSource] = []
            for member in members {
                let fault = ImageFault(.notFound, "\(member.name) is missing")
                stripes.append(member.source ?? UnreadableSource(size: member.size, fault: fault))
            }
            return try StripedSource(stripes, chunkSize: chunk, size: size)
        case "raid1":
            let present = columns.compactMap { $0 }
            guard let first = present.first else { throw absent() }
            // Until all are in sync the first is what the others are made from.
            return try MirroredSource(isInSync ? present : [first], size: size)
        case "raid10", "raid10_near":
            let layout = CopiedStripesSource.Layout(nearCopies: segment.text.number("data_copies") ?? 2)
            guard layout.nearCopies > 0, layout.nearCopies <= UInt64(members.count) else {
                throw ImageFault(.corrupt, "\(layout.nearCopies) copies on \(members.count) devices")
            }
            return try SliceSource(
                try CopiedStripesSource(columns, chunkSize: chunk, layout: layout, deviceSize: deviceSize),
                start: 0, size: size)
        default:
            guard let layout = layouts[segment.kind] else {
                throw ImageFault(.unsupported, "volumes of type \(segment.kind.debugDescription)")
            }
            guard isComplete || isInSync else {
                throw ImageFault(.notFound, "\(absent().message); parity is not in sync either")
            }
            guard columns.filter({ $0 == nil }).count <= 1 else { throw absent() }
            return try SliceSource(
                try ParitySource(columns, chunkSize: chunk, layout: layout, deviceSize: deviceSize), start: 0,
                size: size)
        }
    }

    /// The image, unless something says that it does not hold what the others do.
    private static func usable(_ member: Member, at index: Int, newest: Superblock?) -> (any BlockSource)? {
        guard let source = member.source, !member.flags.contains("REBUILD") else { return nil }
        guard let newest else { return source }
        // An image without superblock beside others with one is new and not yet filled.
        guard let own = member.superblock, own.events == newest.events, own.position == UInt32(index),
            index >= 64 || newest.failed >> UInt64(index) & 1 == 0
        else { return nil }
        return own.recoveryOffset == .max || own.recoveryOffset >= member.size / 512 ? source : nil
    }

    private static let layouts: [String: ParitySource.Layout] = [
        // Unlike in MD, the first device holds the parity.
        "raid4": .init(level: 5, algorithm: 4),
        "raid5": .init(level: 5, algorithm: 2), "raid5_ls": .init(level: 5, algorithm: 2),
        "raid5_la": .init(level: 5, algorithm: 0), "raid5_ra": .init(level: 5, algorithm: 1),
        "raid5_rs": .init(level: 5, algorithm: 3), "raid5_n": .init(level: 5, algorithm: 5),
        "raid6": .init(level: 6, algorithm: 8), "raid6_zr": .init(level: 6, algorithm: 8),
        "raid6_nr": .init(level: 6, algorithm: 9), "raid6_nc": .init(level: 6, algorithm: 10),
        "raid6_la_6": .init(level: 6, algorithm: 16), "raid6_ra_6": .init(level: 6, algorithm: 17),
        "raid6_ls_6": .init(level: 6, algorithm: 18), "raid6_rs_6": .init(level: 6, algorithm: 19),
        "raid6_n_6": .init(level: 6, algorithm: 5),
    ]
}
