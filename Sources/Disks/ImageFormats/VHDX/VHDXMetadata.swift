import BlockIO
import ByteReading

/// What the metadata region says of the disk ([MS-VHDX] 2.6, "Metadata Region").
struct VHDXMetadata: Sendable, Hashable {
    /// `BlockSize`: bytes per payload block, a power of two from 1 to 256 MiB.
    let blockSize: UInt64
    /// `LeaveBlockAllocated`: a fixed disk.
    let isFixed: Bool
    /// Bytes of the disk.
    let diskSize: UInt64
    /// 512 or 4096.
    let logicalSectorSize: UInt64
    /// 512 or 4096.
    let physicalSectorSize: UInt64
    /// The parent of a differencing disk; nil for others.
    let parent: VHDXParentLocator?

    /// Payload blocks per block of the sector bitmap: 2^23 sectors ([MS-VHDX] 2.4, "Blocks").
    var chunkRatio: UInt64 { logicalSectorSize << 23 / blockSize }

    private static let tableLength = 64 << 10
    /// [MS-VHDX] 2.6.1.1 says 2047, which is what fits.
    private static let mostItems = 2047
    private static let largestItem = 1 << 20

    /// Reads the table and its known items from `region` of `file`.
    ///
    /// Throws `unsupported` for required items that are not known and for parents of another kind, `corrupt`
    /// where an item is missing or makes no sense.
    init(_ file: any BlockSource, in region: Range<UInt64>) throws(ImageFault) {
        let items = try VHDXMetadata.items(file, in: region)
        let parameters = try VHDXMetadata.item(.fileParameters, of: items, length: 8, in: file)
        let blockSize = try parameters.little(UInt32.self, at: 0)
        guard (1 << 20...256 << 20).contains(blockSize), blockSize.nonzeroBitCount == 1 else {
            throw ImageFault(
                .corrupt, "block size \(blockSize) is not a power of two from 1 to 256 MiB",
                at: parameters.origin)
        }
        self.blockSize = UInt64(blockSize)
        let flags = try parameters.little(UInt32.self, at: 4)
        isFixed = flags & 1 == 1
        let size = try VHDXMetadata.item(.diskSize, of: items, length: 8, in: file)
        diskSize = try size.little(at: 0)
        logicalSectorSize = try VHDXMetadata.sectorSize(.logicalSectorSize, of: items, in: file)
        physicalSectorSize = try VHDXMetadata.sectorSize(.physicalSectorSize, of: items, in: file)
        guard diskSize <= 64 << 40, diskSize % logicalSectorSize == 0 else {
            throw ImageFault(
                .corrupt,
                "\(diskSize) bytes of disk: more than 64 TiB, or not whole sectors of \(logicalSectorSize)",
                at: size.origin)
        }
        guard flags & 2 != 0 else {
            parent = nil
            return
        }
        parent = try VHDXParentLocator(
            parsing: VHDXMetadata.item(.parentLocator, of: items, length: 20, in: file))
    }

    private static func sectorSize(
        _ known: Known, of items: [Known: Range<UInt64>], in file: any BlockSource
    ) throws(ImageFault) -> UInt64 {
        let item = try item(known, of: items, length: 4, in: file)
        let value = try item.little(UInt32.self, at: 0)
        guard value == 512 || value == 4096 else {
            throw ImageFault(.corrupt, "\(known.name) of \(value) bytes", at: item.origin)
        }
        return UInt64(value)
    }

    private static func item(
        _ known: Known, of items: [Known: Range<UInt64>], length: Int, in file: any BlockSource
    ) throws(ImageFault) -> Bytes {
        guard let place = items[known], place.upperBound - place.lowerBound >= UInt64(length) else {
            throw ImageFault(.corrupt, "the metadata have no \(known.name)")
        }
        return try file.read(at: place.lowerBound, count: Int(place.upperBound - place.lowerBound))
    }

    /// Where the known items are.
    private static func items(
        _ file: any BlockSource, in region: Range<UInt64>
    ) throws(ImageFault) -> [Known: Range<UInt64>] {
        let table = try file.read(at: region.lowerBound, count: tableLength)
        guard table.starts(with: "metadata") else {
            throw ImageFault(.corrupt, "no VHDX metadata table (metadata)", at: table.origin)
        }
        let count = try table.little(UInt16.self, at: 10).bounded(to: mostItems, "number of metadata items")
        var items: [Known: Range<UInt64>] = [:]
        for index in 0..<count {
            let entry = try table.slice(at: 32 + 32 * index, count: 32)
            let identity = try GUID(mixedEndian: entry)
            let flags = try entry.little(UInt32.self, at: 24)
            // Bit 0 marks items of the user, whose identities are a namespace of their own.
            guard flags & 1 == 0, let known = Known.all[identity] else {
                guard flags & 4 == 0 else {
                    throw ImageFault(
                        .unsupported, "the image needs the unknown metadata item \(identity)",
                        at: entry.origin)
                }
                continue
            }
            let length = try entry.little(UInt32.self, at: 20).bounded(to: largestItem, known.name)
            let start = try region.lowerBound.adding(UInt64(try entry.little(UInt32.self, at: 16)))
            let end = try start.adding(UInt64(length))
            guard items[known] == nil, length == 0 || start >= region.lowerBound + UInt64(tableLength),
                end <= region.upperBound
            else {
                throw ImageFault(
                    .corrupt, "\(known.name) is there twice or leaves the metadata region", at: entry.origin)
            }
            items[known] = start..<end
        }
        return items
    }

    /// The items that [MS-VHDX] 2.6.2 defines.
    private enum Known: Sendable, CaseIterable {
        case fileParameters, diskSize, diskIdentity, logicalSectorSize, physicalSectorSize, parentLocator

        var name: String {
            switch self {
            case .fileParameters: "file parameters"
            case .diskSize: "virtual disk size"
            case .diskIdentity: "virtual disk identity"
            case .logicalSectorSize: "logical sector size"
            case .physicalSectorSize: "physical sector size"
            case .parentLocator: "parent locator"
            }
        }

        private var identity: String {
            switch self {
            case .fileParameters: "CAA16737-FA36-4D43-B3B6-33F0AA44E76B"
            case .diskSize: "2FA54224-CD1B-4876-B211-5DBED83BF4B8"
            case .diskIdentity: "BECA12AB-B2E6-4523-93EF-C309E000C746"
            case .logicalSectorSize: "8141BF1D-A96F-4709-BA47-F233A8FAAB5F"
            case .physicalSectorSize: "CDA348C7-445D-4471-9CC9-E9885251C556"
            case .parentLocator: "A8D35F2D-B30B-454D-ABF7-D3D84834AB0C"
            }
        }

        static let all: [GUID: Known] = {
            var all: [GUID: Known] = [:]
            for known in allCases {
                if let identity = GUID(known.identity) { all[identity] = known }
            }
            return all
        }()
    }
}
