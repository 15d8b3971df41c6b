import BlockIO
import ByteReading

/// A superblock (`struct btrfs_super_block`, include/uapi/linux/btrfs_tree.h): each device has its own, with up to
/// two copies.
struct BtrfsSuperblock: Sendable {
    static let byteCount = 4096
    /// Where it and its copies stand on a device, in bytes (`btrfs_sb_offset`).
    static let places: [UInt64] = [64 << 10, 64 << 20, 256 << 30]
    static let magic = Array("_BHRfS_M".utf8)
    private static let systemChunksPlace = 811
    private static let systemChunksRoom = 2048

    let raw: Bytes
    let checksum: BtrfsChecksum
    let fsid: GUID
    /// What tree blocks carry as the file system's id: differs from ``fsid`` after `btrfstune -m`.
    let metadataID: GUID
    let flags: UInt64
    let generation: UInt64
    let root: BtrfsPointer
    let chunkRoot: BtrfsPointer
    /// The root of the log trees; nil when nothing was logged after the last commit.
    let logRoot: BtrfsPointer?
    let totalBytes: UInt64
    let bytesUsed: UInt64
    let rootDirectory: UInt64
    let deviceCount: UInt64
    let sectorSize: Int
    let nodeSize: Int
    let incompatible: UInt64
    let readOnlyCompatible: UInt64
    /// The device this superblock stands on.
    let device: BtrfsDeviceItem
    let label: String
    let systemChunks: Bytes

    /// Reads and checks the superblock at `place`; `corrupt` for what the kernel refuses
    /// (`btrfs_validate_super`), `unsupported` for what is not known here.
    init(reading source: any BlockSource, at place: UInt64) throws(ImageFault) {
        let raw = try source.read(at: place, count: BtrfsSuperblock.byteCount)
        // Copied: it is kept, and must not keep what it was read with.
        try self.init(parsing: Bytes(raw.array, origin: place), place: place)
    }

    private init(parsing raw: Bytes, place: UInt64) throws(ImageFault) {
        func require(_ condition: Bool, _ field: UInt64, _ message: @autoclosure () -> String)
            throws(ImageFault)
        {
            guard condition else { throw ImageFault(.corrupt, message(), at: raw.origin + field) }
        }
        try require(raw.starts(with: BtrfsSuperblock.magic, at: 64), 64, "no btrfs superblock")
        let checksumType: UInt16 = try raw.little(at: 196)
        guard let checksum = BtrfsChecksum(rawValue: checksumType) else {
            throw ImageFault(.unsupported, "checksum type \(checksumType)", at: place + 196)
        }
        try require(checksum.holds(overBlock: raw), 0, "checksum of the superblock does not match")
        self.raw = raw
        self.checksum = checksum
        let address: UInt64 = try raw.little(at: 48)
        try require(address == place, 48, "the superblock says it stands at \(address)")
        fsid = try GUID(bigEndian: raw, at: 32)
        flags = try raw.little(at: 56)
        generation = try raw.little(at: 72)
        totalBytes = try raw.little(at: 112)
        bytesUsed = try raw.little(at: 120)
        rootDirectory = try raw.little(at: 128)
        deviceCount = try raw.little(at: 136)
        let sectorSize: UInt32 = try raw.little(at: 144)
        let nodeSize: UInt32 = try raw.little(at: 148)
        try require(
            sectorSize.nonzeroBitCount == 1 && (512...65536).contains(sectorSize), 144,
            "sectors of \(sectorSize) bytes")
        try require(
            nodeSize.nonzeroBitCount == 1 && nodeSize >= sectorSize && (4096...65536).contains(nodeSize), 148,
            "tree blocks of \(nodeSize) bytes with sectors of \(sectorSize)")
        self.sectorSize = Int(sectorSize)
        self.nodeSize = Int(nodeSize)
        incompatible = try raw.little(at: 188)
        readOnlyCompatible = try raw.little(at: 180)
        let levels = try [198, 199, 200].map { at throws(ImageFault) in Int(try raw.byte(at: at)) }
        try require(levels.allSatisfy { $0 <= BtrfsNode.highestLevel }, 198, "tree levels \(levels)")
        let root = BtrfsPointer(address: try raw.little(at: 80), generation: generation, level: levels[0])
        let chunkRoot = BtrfsPointer(
            address: try raw.little(at: 88), generation: try raw.little(at: 164), level: levels[1],
            isOfChunkTree: true)
        // The log is written by the transaction that has not been committed.
        let logRoot = BtrfsPointer(
            address: try raw.little(at: 96), generation: generation &+ 1, level: levels[2])
        for (pointer, field) in [(root, UInt64(80)), (chunkRoot, 88), (logRoot, 96)] {
            try require(
                pointer.address % UInt64(sectorSize) == 0, field,
                "a root at \(pointer.address) is not aligned")
        }
        self.root = root
        self.chunkRoot = chunkRoot
        self.logRoot = logRoot.address == 0 ? nil : logRoot
        device = try BtrfsDeviceItem(parsing: try raw.slice(at: 201, count: BtrfsDeviceItem.byteCount))
        label = try raw.slice(at: 299, count: 256).textToNUL
        // BTRFS_FEATURE_INCOMPAT_METADATA_UUID; without it the field is not used.
        metadataID = incompatible & (1 << 10) != 0 ? try GUID(bigEndian: raw, at: 571) : fsid
        let chunkBytes = try raw.little(UInt32.self, at: 160).bounded(
            to: BtrfsSuperblock.systemChunksRoom, "the size of the system chunk array")
        systemChunks = try raw.slice(at: BtrfsSuperblock.systemChunksPlace, count: chunkBytes)
    }
}

extension BtrfsSuperblock {
    /// `BTRFS_SUPER_FLAG_*` under which a mount is refused: a conversion by btrfstune was interrupted.
    private static let interrupted: [(UInt64, String)] = [
        (1 << 35, "a change of the UUID"), (1 << 38, "a conversion of the block group tree"),
        (1 << 39, "a change of the data checksums"), (1 << 40, "a change of the metadata checksums"),
    ]

    /// What btrfstune began and did not finish; nil when nothing.
    var interruptedChange: String? {
        BtrfsSuperblock.interrupted.first { flags & $0.0 != 0 }?.1
    }

    /// `BTRFS_SUPER_FLAG_ERROR`.
    var hasErrorFlag: Bool { flags & (1 << 2) != 0 }
    /// `BTRFS_SUPER_FLAG_METADUMP` and `_V2`: made by btrfs-image, the contents of files are not there.
    var isMetadataDump: Bool { flags & (3 << 33) != 0 }

    /// The superblock of a device, or the newest copy where the first is damaged. The kernel uses the first only.
    static func best(
        on source: any BlockSource
    ) throws(ImageFault) -> (superblock: BtrfsSuperblock, damage: ImageFault?) {
        let damage: ImageFault
        do { return (try BtrfsSuperblock(reading: source, at: places[0]), nil) } catch { damage = error }
        guard damage.kind != .unsupported, damage.kind != .io else { throw damage }
        var best: BtrfsSuperblock?
        for place in places.dropFirst() where place < source.size {
            guard let copy = try? BtrfsSuperblock(reading: source, at: place) else { continue }
            if copy.generation > best?.generation ?? 0 { best = copy }
        }
        guard let best else { throw damage }
        return (best, damage)
    }
}

/// A device as the file system knows it (`struct btrfs_dev_item`).
struct BtrfsDeviceItem: Sendable {
    static let byteCount = 98

    let id: UInt64
    let totalBytes: UInt64
    let uuid: GUID
    let fsid: GUID

    init(parsing raw: Bytes) throws(ImageFault) {
        id = try raw.little(at: 0)
        totalBytes = try raw.little(at: 8)
        uuid = try GUID(bigEndian: raw, at: 66)
        fsid = try GUID(bigEndian: raw, at: 82)
    }
}
