import BlockIO
import ByteReading

extension VHDXImage {
    /// Where the bytes of the disk are.
    enum Content: Equatable {
        /// Stored at this offset of the file.
        case stored(UInt64)
        case zeros
        case parent
    }

    /// Bytes of the disk that lie together.
    struct Run: Equatable {
        var content: Content
        /// In bytes; it may reach past the end of the disk, whose last block may be larger than needed.
        var length: UInt64
    }

    /// Bits 0–2 of an entry ([MS-VHDX] 2.5.1, "BAT Entry").
    enum State: UInt64 {
        /// Of a payload block: in the parent, where there is one. Of a sector bitmap: not there.
        case notPresent = 0
        /// Anything may be read; QEMU and we read zeros.
        case undefined = 1
        case zero = 2
        /// Zeros, or what was there before; QEMU and we read zeros.
        case unmapped = 3
        /// What version 0.95 of the specification had for `unmapped`; QEMU reads zeros.
        case unmappedBefore1 = 5
        case present = 6
        /// The sector bitmap says for each sector whether it is here or in the parent.
        case partiallyPresent = 7
    }

    /// `FileOffsetMB`, bits 20–63.
    private static let placeMask: UInt64 = ~0xF_FFFF

    /// The run that starts at `offset`. It is followed until `limit` bytes are found or the window of the table
    /// or bitmap that was read ends.
    func run(at offset: UInt64, limit: UInt64) throws(ImageFault) -> Run {
        let blockSize = metadata.blockSize
        let ratio = metadata.chunkRatio
        let block = offset / blockSize
        let inside = offset % blockSize
        let index = block + block / ratio
        let start = table.lowerBound + index * 8
        let windowEnd = (start / UInt64(VHDXImage.tableWindow) + 1) * UInt64(VHDXImage.tableWindow)
        let entries = try tables.read(
            at: start, count: Int(Swift.min(windowEnd, table.upperBound, file.size) - start))
        let entry = try entries.little(UInt64.self, at: 0)
        let state = try VHDXImage.state(of: entry, at: start)
        let place = entry & VHDXImage.placeMask
        switch state {
        case .present:
            guard place >= VHDXContainer.headerSection.upperBound else {
                throw ImageFault(.corrupt, "block \(block) lies in the header section", at: start)
            }
            return Run(content: .stored(try place.adding(inside)), length: blockSize - inside)
        case .partiallyPresent:
            guard metadata.parent != nil else {
                throw ImageFault(
                    .corrupt, "block \(block) is partially present in a disk without a parent", at: start)
            }
            return try run(inBlock: block, stored: place, inside: inside, limit: limit)
        case .notPresent, .undefined, .zero, .unmapped, .unmappedBefore1:
            break
        }
        // Blocks that follow in the same state are one run.
        let content = content(of: state)
        var length = blockSize - inside
        var next = block + 1
        while length < limit {
            let position = Int((next + next / ratio - index) * 8)
            guard position + 8 <= entries.count,
                let other = try State(rawValue: entries.little(UInt64.self, at: position) & 7),
                other != .present, other != .partiallyPresent, self.content(of: other) == content
            else { break }
            length += blockSize
            next += 1
        }
        return Run(content: content, length: length)
    }

    private func content(of state: State) -> Content {
        state == .notPresent && metadata.parent != nil ? .parent : .zeros
    }

    private static func state(of entry: UInt64, at place: UInt64) throws(ImageFault) -> State {
        guard let state = State(rawValue: entry & 7) else {
            throw ImageFault(.corrupt, "block state \(entry & 7)", at: place)
        }
        return state
    }

    /// Follows the sector bitmap of a block: a set bit, least significant first, is a sector that is in this
    /// file ([MS-VHDX] 2.4, "Blocks").
    private func run(
        inBlock block: UInt64, stored place: UInt64, inside: UInt64, limit: UInt64
    ) throws(ImageFault) -> Run {
        let sectorSize = metadata.logicalSectorSize
        let ratio = metadata.chunkRatio
        let bitmapEntryPlace = table.lowerBound + (block / ratio * (ratio + 1) + ratio) * 8
        let entry = try tables.read(at: bitmapEntryPlace, count: 8).little(UInt64.self, at: 0)
        let bitmapPlace = entry & VHDXImage.placeMask
        guard try VHDXImage.state(of: entry, at: bitmapEntryPlace) == .present,
            bitmapPlace >= VHDXContainer.headerSection.upperBound,
            place >= VHDXContainer.headerSection.upperBound
        else {
            throw ImageFault(
                .corrupt, "block \(block) is partially present, but it or its sector bitmap is not there",
                at: bitmapEntryPlace)
        }
        let sectorsPerBlock = metadata.blockSize / sectorSize
        let firstOfBlock = block % ratio * sectorsPerBlock
        let first = firstOfBlock + inside / sectorSize
        // A block has at least 256 sectors, so its bits fill whole bytes.
        let bytes = try tables.read(
            at: try bitmapPlace.adding(first / 8),
            count: Int(Swift.min(4096, (firstOfBlock + sectorsPerBlock) / 8 - first / 8)))
        func bit(_ sector: UInt64) throws(ImageFault) -> Bool {
            try bytes.byte(at: Int(sector / 8 - first / 8)) >> UInt8(sector % 8) & 1 == 1
        }
        let end = (first / 8 + UInt64(bytes.count)) * 8
        let isHere = try bit(first)
        var next = first + 1
        while next < end, (next - first) * sectorSize < limit + sectorSize,
            try bit(next) == isHere
        {
            next += 1
        }
        let length = (next - first) * sectorSize - inside % sectorSize
        return Run(content: isHere ? .stored(try place.adding(inside)) : .parent, length: length)
    }
}
