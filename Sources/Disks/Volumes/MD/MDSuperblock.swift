import BlockIO
import ByteReading

/// The superblock of a member, whichever version (Linux, include/uapi/linux/raid/md_p.h; drivers/md/md.c,
/// `super_90_load`, `super_1_load`).
struct MDSuperblock: Sendable {
    /// What the superblock says of a device.
    enum Role: Sendable, Hashable {
        case active(Int)
        /// Version 0.90: part of the array but not filled yet.
        case filling(Int)
        case spare
        case faulty
        case journal
    }

    static let magic: UInt32 = 0xA92B_4EFC
    private static let size = 4096

    var version: String
    var offset: UInt64
    var uuid: String
    var name: String?
    var preferredMinor: Int?
    /// In seconds; of two superblocks on one device the younger counts.
    var created: UInt64
    var level: Int32
    /// What it means depends on the level; nil where the level needs one and the superblock says none.
    var layout: UInt32?
    /// Bytes used of each device; zero for levels where they differ.
    var deviceSize: UInt64
    var chunkSize: UInt64
    var raidDisks: Int
    /// In bytes.
    var dataOffset: UInt64
    var dataSize: UInt64
    var events: UInt64
    var isClean: Bool
    var isReshaping: Bool
    /// Bytes of the device that were filled; nil when all were.
    var recovered: UInt64?
    var isReplacement = false
    var isWriteMostly = false
    var hasBadBlocks = false
    var usesJournal = false
    /// Written by a machine of the other byte order.
    var isForeign = false
    /// The device's number in ``roles``.
    var number: Int
    /// Roles by number, as this superblock knows them.
    var roles: [Role]

    /// The superblocks on a device, each read or the reason why not.
    static func all(on source: any BlockSource) throws(ImageFault) -> [Result<MDSuperblock, ImageFault>] {
        var found: [Result<MDSuperblock, ImageFault>] = []
        func attempt(_ parse: () throws(ImageFault) -> MDSuperblock?) throws(ImageFault) {
            do {
                if let superblock = try parse() { found.append(.success(superblock)) }
            } catch {
                guard error.kind != .io, error.kind != .notAllowed else { throw error }
                found.append(.failure(error))
            }
        }
        for (place, minor) in places(on: source.size) {
            try attempt { () throws(ImageFault) in try version1(on: source, at: place, minor: minor) }
        }
        if source.size >= 128 << 10 {
            let place = (source.size & ~0xFFFF) - 0x10000
            try attempt { () throws(ImageFault) in try version090(on: source, at: place) }
        }
        return found
    }

    /// Where superblocks of version 1 may be, and what version that makes them.
    private static func places(on size: UInt64) -> [(UInt64, Int)] {
        var result: [(UInt64, Int)] = [(4096, 2), (0, 1)]
        // At least 8 KiB before the end, at a multiple of 4 KiB.
        if size >= 16 << 10 { result.append(((size / 512 - 16) / 8 * 8 * 512, 0)) }
        return result
    }

    // MARK: Version 1

    private static func version1(
        on source: any BlockSource, at place: UInt64, minor: Int
    ) throws(ImageFault) -> MDSuperblock? {
        let block = try source.readUpTo(at: place, count: size)
        guard block.count >= 512, try block.little(UInt32.self, at: 0) == magic,
            try block.little(UInt32.self, at: 4) == 1, try block.little(UInt64.self, at: 144) == place / 512
        else { return nil }
        return try MDSuperblock(version1: block, at: place, minor: minor)
    }

    private init(version1 block: Bytes, at place: UInt64, minor: Int) throws(ImageFault) {
        let deviceCount = try block.little(UInt32.self, at: 220).bounded(
            to: (MDSuperblock.size - 256) / 2, "max_dev")
        let counted = try block.slice(at: 0, count: 256 + 2 * deviceCount)
        guard try MDSuperblock.sum(counted) == (try block.little(UInt32.self, at: 216)) else {
            throw ImageFault(.corrupt, "checksum of the superblock does not match", at: place + 216)
        }
        let features: UInt32 = try block.little(at: 8)
        version = "1.\(minor)"
        offset = place
        uuid = MDSuperblock.colons(try block.slice(at: 16, count: 16))
        name = VolumeWindow.label(try block.slice(at: 32, count: 32))
        created = try block.little(UInt64.self, at: 64) & (1 << 40 - 1)
        level = try block.little(at: 72)
        let layout: UInt32 = try block.little(at: 76)
        // The layout of RAID 0 is one only where bit 12 says so.
        self.layout = level == 0 && features & 1 << 12 == 0 ? nil : layout
        deviceSize = try (try block.little(UInt64.self, at: 80)).multiplied(by: 512)
        chunkSize = UInt64(try block.little(UInt32.self, at: 88)) * 512
        raidDisks = try block.little(UInt32.self, at: 92).bounded(to: 4096, "raid_disks")
        dataOffset = try (try block.little(UInt64.self, at: 128)).multiplied(by: 512)
        dataSize = try (try block.little(UInt64.self, at: 136)).multiplied(by: 512)
        _ = try dataOffset.adding(dataSize)
        usesJournal = features & 1 << 9 != 0
        if features & 2 != 0, !usesJournal {
            let sectors: UInt64 = try block.little(at: 152)
            recovered = sectors == .max ? nil : try sectors.multiplied(by: 512)
        }
        isReshaping = features & 4 != 0
        hasBadBlocks = features & 8 != 0
        isReplacement = features & 16 != 0
        isWriteMostly = try block.byte(at: 184) & 1 != 0
        events = try block.little(at: 200)
        isClean = try block.little(UInt64.self, at: 208) == .max
        number = Int(try block.little(UInt32.self, at: 160))
        roles = []
        for index in 0..<deviceCount {
            switch try block.little(UInt16.self, at: 256 + 2 * index) {
            case 0xFFFF: roles.append(.spare)
            case 0xFFFE: roles.append(.faulty)
            case 0xFFFD: roles.append(.journal)
            case let place: roles.append(.active(Int(place)))
            }
        }
    }

    /// 32-bit words added up, the carry folded in; the field of the sum itself, at 216, counts as zero.
    private static func sum(_ bytes: Bytes) throws(ImageFault) -> UInt32 {
        var total: UInt64 = 0
        for offset in stride(from: 0, to: bytes.count & ~3, by: 4) where offset != 216 {
            total += UInt64(try bytes.little(UInt32.self, at: offset))
        }
        if bytes.count & 2 != 0 {
            total += UInt64(try bytes.little(UInt16.self, at: bytes.count & ~3))
        }
        return UInt32(truncatingIfNeeded: total) &+ UInt32(truncatingIfNeeded: total >> 32)
    }

    /// `xxxxxxxx:xxxxxxxx:xxxxxxxx:xxxxxxxx`
    private static func colons(_ identity: Bytes) -> String {
        var text = ""
        for (index, byte) in identity.enumerated() {
            if index > 0, index % 4 == 0 { text.append(":") }
            text += Hexadecimal.lower(byte, width: 2)
        }
        return text
    }

    // MARK: Version 0.90

    private static func version090(
        on source: any BlockSource, at place: UInt64
    ) throws(ImageFault) -> MDSuperblock? {
        let block = try source.read(at: place, count: size)
        let word: UInt32 = try block.little(at: 0)
        guard word == magic || word.byteSwapped == magic else { return nil }
        let words = Words(block: block, isBig: word != magic)
        guard try words[1] == 0 else { return nil }
        return try MDSuperblock(version090: words, at: place)
    }

    /// The superblock as the words it is made of, in either byte order.
    private struct Words {
        let block: Bytes
        let isBig: Bool

        subscript(index: Int) -> UInt32 {
            get throws(ImageFault) {
                isBig ? try block.big(at: index * 4) : try block.little(at: index * 4)
            }
        }

        /// Two words, of which `low` names the low one on a little-endian machine.
        func pair(low index: Int) throws(ImageFault) -> UInt64 {
            let (low, high) = isBig ? (index + 1, index) : (index, index + 1)
            return UInt64(try self[high]) << 32 | UInt64(try self[low])
        }
    }

    private init(version090 words: Words, at place: UInt64) throws(ImageFault) {
        var total: UInt64 = 0
        for index in 0..<(MDSuperblock.size / 4) where index != 38 { total += UInt64(try words[index]) }
        let sum = UInt32(truncatingIfNeeded: total) &+ UInt32(truncatingIfNeeded: total >> 32)
        // Machines differ in how they fold the carry; the kernel compares what is left after folding.
        guard MDSuperblock.folded(sum) == MDSuperblock.folded(try words[38]) else {
            throw ImageFault(.corrupt, "checksum of the superblock does not match", at: place + 38 * 4)
        }
        version = "0.90"
        offset = place
        uuid = try [5, 13, 14, 15].map { index throws(ImageFault) in
            Hexadecimal.lower(try words[index], width: 8)
        }.joined(separator: ":")
        preferredMinor = Int(try words[11])
        created = UInt64(try words[6])
        level = Int32(bitPattern: try words[7])
        let layout = try words[64]
        self.layout = level == 0 ? nil : layout
        deviceSize = UInt64(try words[8]) * 1024
        chunkSize = UInt64(try words[65])
        raidDisks = try words[10].bounded(to: 27, "raid_disks")
        dataOffset = 0
        dataSize = place
        events = try words.pair(low: 39)
        isClean = try words[33] & 1 != 0
        // Versions from 0.91 on are written while an array is reshaped.
        isReshaping = try words[2] >= 91
        isForeign = words.isBig
        roles = []
        for index in 0..<27 {
            let descriptor = 128 + 32 * index
            let state = try words[descriptor + 4]
            let place = Int(try words[descriptor + 3])
            let isPlace = place < raidDisks
            if state & 1 != 0 {
                roles.append(.faulty)
            } else if state & 4 != 0, isPlace {
                roles.append(.active(place))
            } else if state & 2 != 0, isPlace {
                roles.append(.filling(place))
            } else {
                roles.append(.spare)
            }
        }
        number = Int(try words[992])
        isWriteMostly = try words[992 + 4] & 1 << 9 != 0
    }

    private static func folded(_ sum: UInt32) -> UInt32 {
        let once = (sum & 0xFFFF) + (sum >> 16)
        return ((once & 0xFFFF) + (once >> 16)) & 0xFFFF
    }

    /// `raid1`, `linear` …
    var levelName: String {
        switch level {
        case -1: "linear"
        case -4: "multipath"
        case -5: "faulty"
        case -100: "container"
        default: "raid\(level)"
        }
    }
}
