import ByteReading

/// The base block of a hive, and of its logs, which hold a copy of it (Suhanov, "Windows registry file format
/// specification", base block).
struct HiveHeader: Sendable, Hashable {
    /// What a file with such a header is (`File type`, 28).
    enum FileType: UInt32, Sendable {
        case primary = 0
        /// A log with a bitmap of dirty sectors, before Windows 8.1.
        case oldLog = 1
        /// The same, of Windows NT 3.1 to 2000.
        case oldestLog = 2
        /// A log of entries, from Windows 8.1 on.
        case newLog = 6
    }

    /// The bytes a base block takes; the hive bins data begins after it.
    static let size: UInt64 = 4096
    /// The bytes that are covered by the checksum, with the checksum.
    static let checkedSize = 512
    /// What the hive bins data is made of: a bin is one or more of these.
    static let binUnit: UInt32 = 4096

    /// Incremented when a write begins (4) and when it has ended (8); equal in a hive that is whole.
    var primarySequence: UInt32
    var secondarySequence: UInt32
    /// When the hive was last written, as FILETIME (12).
    var lastWritten: UInt64
    /// 1 (20).
    var majorVersion: UInt32
    /// 0 and 1 Windows NT 3.1, 2 NT 3.5, 3 NT 4, 5 XP and later, 6 with layered keys (24).
    var minorVersion: UInt32
    /// The raw file type (28).
    var fileType: UInt32
    /// Where the cell of the root key is in the hive bins data (36).
    var rootCell: UInt32
    /// The size of the hive bins data in bytes (40).
    var binsSize: UInt32
    /// Whether the checksum (508) is the one of the bytes.
    var isChecksumValid: Bool

    /// Reads the first 512 bytes of a hive or a log. `corrupt` without the signature; a wrong checksum is told.
    init(parsing block: Bytes) throws(ImageFault) {
        guard block.starts(with: "regf") else {
            throw ImageFault(.corrupt, "no regf signature", at: block.origin)
        }
        primarySequence = try block.little(at: 4)
        secondarySequence = try block.little(at: 8)
        lastWritten = try block.little(at: 12)
        majorVersion = try block.little(at: 20)
        minorVersion = try block.little(at: 24)
        fileType = try block.little(at: 28)
        rootCell = try block.little(at: 36)
        binsSize = try block.little(at: 40)
        isChecksumValid = try Self.checksum(block) == block.little(at: 508)
    }

    /// The exclusive or of the first 127 words, which is neither 0 nor all ones (`HvpHeaderCheckSum`).
    static func checksum(_ block: Bytes) throws(ImageFault) -> UInt32 {
        var sum: UInt32 = 0
        for index in 0..<127 { sum ^= try block.little(at: index * 4) }
        switch sum {
        case 0: return 1
        case .max: return .max - 1
        default: return sum
        }
    }

    /// The file type, nil for one that is not known.
    var type: FileType? { FileType(rawValue: fileType) }

    /// Whether the file is a log. One of the oldest kind may also be the copy of a hive (`SYSTEM.ALT`).
    var isLog: Bool { type == .oldLog || type == .newLog }

    /// Whether a write had begun and not ended.
    var isInterrupted: Bool { primarySequence != secondarySequence }

    /// Whether cells carry the offset of the cell before them, as in Windows NT 3.1.
    var hasOldCells: Bool { minorVersion <= 1 }

    /// Whether data of more than 16344 bytes is cut into segments, as since the betas of Windows XP.
    var hasBigData: Bool { minorVersion >= 4 }

    /// Where every writer puts the root.
    private static let usualRoot: UInt32 = 32

    /// A header whose checksum is wrong, with what cannot be true replaced by what usually is.
    func repaired(for source: ContentSource) throws(ImageFault) -> HiveHeader {
        guard (try? check()) == nil || rootCell >= binsSize else { return self }
        var header = self
        let guess = try Self.guessed(for: source)
        header.binsSize = guess.binsSize
        if rootCell >= guess.binsSize { header.rootCell = guess.rootCell }
        if majorVersion != 1 || minorVersion > 6 { header.minorVersion = guess.minorVersion }
        header.majorVersion = guess.majorVersion
        return header
    }

    /// A header for a file that has lost its own; `corrupt` when no bin follows where it was.
    static func guessed(for source: ContentSource) throws(ImageFault) -> HiveHeader {
        guard source.size >= size + UInt64(binUnit),
            try source.read(at: size, count: 4).starts(with: "hbin")
        else { throw ImageFault(.corrupt, "neither a header nor a bin of a hive", at: 0) }
        let available = min(source.size - size, UInt64(Int32.max)) / UInt64(binUnit) * UInt64(binUnit)
        return HiveHeader(rootCell: usualRoot, binsSize: UInt32(available))
    }

    private init(rootCell: UInt32, binsSize: UInt32) {
        (primarySequence, secondarySequence, lastWritten) = (0, 0, 0)
        (majorVersion, minorVersion, fileType) = (1, 5, FileType.primary.rawValue)
        self.rootCell = rootCell
        self.binsSize = binsSize
        isChecksumValid = false
    }

    /// Refuses what no reader of this format could make sense of.
    func check() throws(ImageFault) {
        guard majorVersion == 1, minorVersion <= 6 else {
            throw ImageFault(.unsupported, "hive of version \(majorVersion).\(minorVersion)", at: 20)
        }
        guard binsSize >= Self.binUnit, binsSize <= UInt32(Int32.max), binsSize % Self.binUnit == 0 else {
            throw ImageFault(.corrupt, "hive bins data of \(binsSize) bytes", at: 40)
        }
    }
}
