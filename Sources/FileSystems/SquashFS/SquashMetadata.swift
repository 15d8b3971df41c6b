import BlockIO
import ByteReading
import Synchronization

/// Metadata blocks: a length of two bytes whose top bit says "not compressed", then at most 8 KiB of content
/// (`squashfs_read_data` in fs/squashfs/block.c).
final class SquashMetadata: Sendable {
    /// What a metadata block unpacks to at most (`SQUASHFS_METADATA_SIZE`).
    static let blockSize = 8192
    private static let remembered = 64

    struct Block {
        var bytes: Bytes
        /// Where the next block begins, in bytes into the image.
        var next: UInt64
    }

    private let source: any BlockSource
    private let compressor: SquashCompressor
    private let cache = Mutex<[UInt64: Block]>([:])

    init(_ source: any BlockSource, compressor: SquashCompressor) {
        self.source = source
        self.compressor = compressor
    }

    /// The block that begins at `offset` of the image.
    func block(at offset: UInt64) throws(ImageFault) -> Block {
        if let known = cache.withLock({ $0[offset] }) { return known }
        let header: UInt16 = try source.read(at: offset, count: 2).little(at: 0)
        let isStored = header & 0x8000 != 0
        let length = Int(header & 0x7FFF)
        guard length > 0, length <= SquashMetadata.blockSize else {
            throw ImageFault(.corrupt, "metadata block of \(length) bytes", at: offset)
        }
        let start = try offset.adding(2)
        let stored = try source.read(at: start, count: length)
        let bytes =
            isStored ? stored : try compressor.decode(stored, maximumOutput: SquashMetadata.blockSize)
        guard !bytes.isEmpty else { throw ImageFault(.corrupt, "empty metadata block", at: offset) }
        let block = Block(bytes: bytes.rebased(to: offset), next: try start.adding(UInt64(length)))
        cache.withLock { cache in
            if cache.count >= SquashMetadata.remembered { cache.removeAll(keepingCapacity: true) }
            cache[offset] = block
        }
        return block
    }

    /// `width` bytes of entry `index` in a table whose place stands in a list of block addresses: ids and fragments
    /// (`squashfs_read_id_index_table`). `start` is where that list lies.
    func entry(_ index: UInt64, width: Int, tableAt start: UInt64) throws(ImageFault) -> Bytes {
        let perBlock = UInt64(SquashMetadata.blockSize / width)
        let pointer = try start.adding(try (index / perBlock).multiplied(by: 8))
        let address: UInt64 = try source.read(at: pointer, count: 8).little(at: 0)
        return try block(at: address).bytes.slice(at: Int(index % perBlock) * width, count: width)
    }
}

/// Reads metadata that runs on from block to block.
struct SquashCursor {
    private let metadata: SquashMetadata
    /// Where the block begins in the image.
    private(set) var block: UInt64
    /// Bytes into the unpacked block.
    private(set) var offset: Int

    init(_ metadata: SquashMetadata, block: UInt64, offset: Int) {
        self.metadata = metadata
        self.block = block
        self.offset = offset
    }

    /// The next `count` bytes.
    mutating func read(_ count: Int) throws(ImageFault) -> Bytes {
        let first = try current()
        if first.bytes.count - offset >= count {
            let bytes = try first.bytes.slice(at: offset, count: count)
            offset += count
            return bytes
        }
        var array: [UInt8] = []
        while array.count < count {
            let here = try current()
            let part = here.bytes.dropFirst(offset).prefix(count - array.count)
            array += part.array
            offset += part.count
        }
        return Bytes(array, origin: block)
    }

    /// The block with at least one byte behind the cursor.
    private mutating func current() throws(ImageFault) -> SquashMetadata.Block {
        var here = try metadata.block(at: block)
        guard offset <= here.bytes.count else {
            throw ImageFault(.corrupt, "byte \(offset) of a block of \(here.bytes.count)", at: block)
        }
        if offset == here.bytes.count {
            block = here.next
            offset = 0
            here = try metadata.block(at: block)
        }
        return here
    }
}
