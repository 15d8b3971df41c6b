import BlockIO
import ByteReading
import FileSystemCore
import Synchronization

/// The contents of files: blocks of their own, whose lengths follow the inode, and ends that share a block with
/// those of other files (fs/squashfs/file.c, fragment.c).
final class SquashData: Sendable {
    /// A length in a list or in the fragment table: 24 bits, and whether the block is stored as it is.
    private struct Length {
        let count: Int
        let isStored: Bool

        init(_ word: UInt32, blockSize: Int) throws(ImageFault) {
            isStored = word & 0x0100_0000 != 0
            count = Int(word & 0x00FF_FFFF)
            guard word >> 25 == 0, count <= blockSize else {
                throw ImageFault(.corrupt, "a block of \(word & 0xFEFF_FFFF) bytes, \(blockSize) at most")
            }
        }
    }

    /// How far the list of a file's blocks was read.
    private struct Progress {
        var node: NodeID
        var index: UInt64
        var place: UInt64
        var lengths: SquashCursor
    }

    private struct State {
        var progress: [Progress] = []
        /// Unpacked blocks by where they lie, the newest last.
        var blocks: [(place: UInt64, bytes: Bytes)] = []
    }

    private static let rememberedBytes = 4 << 20
    private static let rememberedFiles = 4
    /// Lengths passed over in one call: a file of 2 TiB in the usual blocks of 128 KiB.
    private static let lengthLimit = 1 << 24

    private let source: any BlockSource
    private let superblock: SquashSuperblock
    private let metadata: SquashMetadata
    private let state = Mutex(State())

    init(_ source: any BlockSource, superblock: SquashSuperblock, metadata: SquashMetadata) {
        self.source = source
        self.superblock = superblock
        self.metadata = metadata
    }

    func read(
        _ node: NodeID, _ inode: SquashInode, _ content: SquashInode.Content, at offset: UInt64, count: Int
    ) throws(ImageFault) -> Bytes {
        guard count > 0, offset < inode.size else { return Bytes([], origin: offset) }
        let width = UInt64(superblock.blockSize)
        let end = offset + min(UInt64(count), inode.size - offset)
        var result: [UInt8] = []
        var position = offset
        var progress = progress(node, inode, content, upTo: offset / width)
        var budget = Budget(SquashData.lengthLimit, of: "blocks of a file")
        while position < end {
            let index = position / width
            let start = index * width
            let size = Int(min(width, inode.size - start))
            let block =
                index < content.blockCount
                ? try ownBlock(index, size, &progress, &budget) : try tail(content, size)
            let from = Int(position - start)
            let part = block.dropFirst(from).prefix(Int(min(UInt64(size - from), end - position)))
            if part.count == Int(end - offset) { return finish(part, progress).rebased(to: offset) }
            result += part.array
            position += UInt64(part.count)
        }
        return finish(Bytes(result, origin: offset), progress)
    }

    // MARK: The list of lengths

    /// The remembered place in the file's list that is nearest before block `index`, or its start.
    private func progress(
        _ node: NodeID, _ inode: SquashInode, _ content: SquashInode.Content, upTo index: UInt64
    ) -> Progress {
        let known = state.withLock { $0.progress.last { $0.node == node && $0.index <= index } }
        return known ?? Progress(node: node, index: 0, place: content.start, lengths: inode.rest)
    }

    private func finish(_ bytes: Bytes, _ progress: Progress) -> Bytes {
        guard progress.index > 0 else { return bytes }
        state.withLock { state in
            state.progress.removeAll { $0.node == progress.node }
            state.progress.append(progress)
            if state.progress.count > SquashData.rememberedFiles { state.progress.removeFirst() }
        }
        return bytes
    }

    private func ownBlock(
        _ index: UInt64, _ size: Int, _ progress: inout Progress, _ budget: inout Budget
    ) throws(ImageFault) -> Bytes {
        while progress.index < index {
            try budget.spend()
            let length = try nextLength(&progress.lengths)
            progress.place = try progress.place.adding(UInt64(length.count))
            progress.index += 1
        }
        // The cursor stays before the block that was read, whose rest may be asked for next.
        var lengths = progress.lengths
        let length = try nextLength(&lengths)
        guard length.count > 0 else { return Bytes([UInt8](repeating: 0, count: size)) }
        return try unpacked(at: progress.place, length, size)
    }

    private func nextLength(_ cursor: inout SquashCursor) throws(ImageFault) -> Length {
        let word = try cursor.read(4)
        return try Length(try word.little(at: 0), blockSize: superblock.blockSize)
    }

    // MARK: Blocks

    /// The end of a file inside its fragment.
    private func tail(_ content: SquashInode.Content, _ size: Int) throws(ImageFault) -> Bytes {
        guard let fragment = content.fragment, fragment < superblock.fragmentCount else {
            throw ImageFault(
                .corrupt,
                "fragment \(content.fragment.map(String.init) ?? "none") of \(superblock.fragmentCount)")
        }
        let entry = try metadata.entry(
            UInt64(fragment), width: 16, tableAt: superblock.fragmentTableStart)
        let length = try Length(try entry.little(at: 8), blockSize: superblock.blockSize)
        let block = try unpacked(at: try entry.little(at: 0), length, nil)
        return try block.slice(at: Int(content.fragmentOffset), count: size)
    }

    /// The block at `place` of the image; `size` is what it has to unpack to, nil where only a bound is known.
    private func unpacked(at place: UInt64, _ length: Length, _ size: Int?) throws(ImageFault) -> Bytes {
        let known = state.withLock { state in state.blocks.last { $0.place == place }?.bytes }
        if let known, size == nil || known.count == size { return known }
        let stored = try source.read(at: place, count: length.count)
        let bytes =
            length.isStored
            ? stored : try superblock.compressor.decode(stored, maximumOutput: size ?? superblock.blockSize)
        guard size == nil || bytes.count == size else {
            throw ImageFault(
                .corrupt, "a block of \(bytes.count) bytes where \(size ?? 0) belong", at: place)
        }
        state.withLock { state in
            state.blocks.removeAll { $0.place == place }
            state.blocks.append((place, bytes))
            var kept = state.blocks.reduce(0) { $0 + $1.bytes.count }
            while kept > SquashData.rememberedBytes, state.blocks.count > 1 {
                kept -= state.blocks.removeFirst().bytes.count
            }
        }
        return bytes
    }
}
