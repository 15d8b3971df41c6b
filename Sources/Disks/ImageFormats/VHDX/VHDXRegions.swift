import BlockIO
import ByteReading

/// Where the block allocation table and the metadata are ([MS-VHDX] 2.2.3, "Region Table").
struct VHDXRegions: Sendable, Hashable {
    let table: Range<UInt64>
    let metadata: Range<UInt64>

    private static let places: [UInt64] = [192 << 10, 256 << 10]
    private static let length = 64 << 10
    private static let most = 2047

    /// Parses one copy of the region table. Throws `unsupported` for a required region that is not known,
    /// `corrupt` where a known one is missing, twice there or misplaced.
    init(parsing block: Bytes) throws(ImageFault) {
        try VHDXHeader.checkStructure(block, signature: "regi", name: "region table")
        let count = try block.little(UInt32.self, at: 8).bounded(to: VHDXRegions.most, "number of regions")
        var table: Range<UInt64>?
        var metadata: Range<UInt64>?
        for index in 0..<count {
            let entry = try block.slice(at: 16 + 32 * index, count: 32)
            let identity = try GUID(mixedEndian: entry)
            guard identity == VHDXRegions.tableIdentity || identity == VHDXRegions.metadataIdentity else {
                guard try entry.little(UInt32.self, at: 28) & 1 == 0 else {
                    throw ImageFault(
                        .unsupported, "the image needs the unknown region \(identity)", at: entry.origin)
                }
                continue
            }
            let offset = try entry.little(UInt64.self, at: 16)
            let end = try offset.adding(UInt64(try entry.little(UInt32.self, at: 24)))
            let isTable = identity == VHDXRegions.tableIdentity
            guard offset >= 1 << 20, offset % (1 << 20) == 0, (isTable ? table : metadata) == nil else {
                throw ImageFault(
                    .corrupt, "region \(identity) at \(offset) is misplaced or there twice", at: entry.origin)
            }
            if isTable { table = offset..<end } else { metadata = offset..<end }
        }
        guard let table, let metadata else {
            throw ImageFault(
                .corrupt,
                "the region table does not say where the block allocation table and the metadata are",
                at: block.origin)
        }
        self.table = table
        self.metadata = metadata
    }

    /// Reads the first copy, or the second where the first is damaged.
    static func read(
        from file: any BlockSource
    ) throws(ImageFault) -> (regions: VHDXRegions, findings: [ContainerFinding]) {
        do throws(ImageFault) {
            return (try copy(in: file, at: places[0]), [])
        } catch {
            // A table that is whole and cannot be understood has no copy that can.
            guard error.kind != .unsupported, let second = try? copy(in: file, at: places[1]) else {
                throw error
            }
            let finding = ContainerFinding(
                .copyOfMetadataUsed,
                "the first region table is damaged (\(error.message)), the second was used; QEMU does not open the image",
                at: places[0])
            return (second, [finding])
        }
    }

    private static func copy(in file: any BlockSource, at place: UInt64) throws(ImageFault) -> VHDXRegions {
        try VHDXRegions(parsing: file.read(at: place, count: length))
    }

    private static let tableIdentity = GUID("2DC27766-F623-4200-9D64-115E9BFD4A08")
    private static let metadataIdentity = GUID("8B7CA206-4790-4B9A-B8FE-575F050F886E")
}
