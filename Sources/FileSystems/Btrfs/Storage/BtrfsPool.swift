import BlockIO
import ByteReading
import FileSystemCore
import Synchronization

/// The devices that are here, the address space over them, and the tree blocks read so far.
final class BtrfsPool: Sendable {
    /// Bytes of tree blocks that are remembered.
    private static let rememberedBytes = 6 << 20
    private static let rememberedChunks = 4096

    /// A device that is here.
    struct Device: Sendable {
        let source: any BlockSource
        let uuid: GUID
    }

    private struct State {
        var chunks: [BtrfsChunk] = []
        var nodes: [BtrfsPointer: (node: BtrfsNode, lastUse: UInt64)] = [:]
        var clock: UInt64 = 0
    }

    let superblock: BtrfsSuperblock
    let log: ConditionLog
    let devices: [UInt64: Device]
    /// The chunks of the superblock, which hold the chunk tree, in order of their addresses.
    private let systemChunks: [BtrfsChunk]
    /// Ids that tree blocks may carry: the file system's, and those of the seeds it grew from.
    private let blockIDs = Mutex<Set<GUID>>([])
    private let state = Mutex(State())

    init(
        superblock: BtrfsSuperblock, devices: [UInt64: Device], log: ConditionLog
    ) throws(ImageFault) {
        self.superblock = superblock
        self.devices = devices
        self.log = log
        systemChunks = try BtrfsPool.systemChunks(of: superblock)
        accept(superblock.metadataID)
    }

    /// Takes tree blocks that carry `id`, too.
    func accept(_ id: GUID) { blockIDs.withLock { _ = $0.insert(id) } }

    var chunkTree: BtrfsTree { BtrfsTree(pool: self, root: superblock.chunkRoot) }

    /// `sys_chunk_array`: keys, each with its chunk item behind it.
    private static func systemChunks(of superblock: BtrfsSuperblock) throws(ImageFault) -> [BtrfsChunk] {
        var chunks: [BtrfsChunk] = []
        var cursor = ByteCursor(superblock.systemChunks)
        while !cursor.isAtEnd {
            let key = try BtrfsKey(parsing: cursor.bytes, at: cursor.position)
            guard key.type == .chunk, key.objectID == BtrfsObject.first else {
                throw ImageFault(
                    .corrupt, "key \(key) among the system chunks",
                    at: cursor.bytes.origin + UInt64(cursor.position))
            }
            try cursor.skip(BtrfsKey.byteCount)
            let stripes = Int(try cursor.bytes.little(UInt16.self, at: cursor.position + 44))
            chunks.append(try BtrfsChunk(parsing: try cursor.bytes(48 + 32 * stripes), start: key.offset))
        }
        return chunks.sorted { $0.start < $1.start }
    }
}

// MARK: - Addresses

extension BtrfsPool {
    /// The chunk that holds `address`.
    ///
    /// - Parameter ofChunkTree: the system chunks alone are asked, for blocks of the chunk tree itself.
    func chunk(holding address: UInt64, ofChunkTree: Bool = false) throws(ImageFault) -> BtrfsChunk {
        if let known = BtrfsPool.find(address, in: systemChunks)
            ?? state.withLock({ BtrfsPool.find(address, in: $0.chunks) })
        {
            return known
        }
        if !ofChunkTree,
            let item = try chunkTree.last(notAfter: BtrfsKey(BtrfsObject.first, .chunk, address)),
            item.key.type == .chunk, item.key.objectID == BtrfsObject.first
        {
            let chunk = try BtrfsChunk(parsing: item.data, start: item.key.offset)
            if address < chunk.end {
                remember(chunk)
                return chunk
            }
        }
        throw ImageFault(.corrupt, "no chunk holds address \(address)")
    }

    private static func find(_ address: UInt64, in chunks: [BtrfsChunk]) -> BtrfsChunk? {
        var low = 0
        var high = chunks.count
        while low < high {
            let middle = (low + high) / 2
            if chunks[middle].start <= address { low = middle + 1 } else { high = middle }
        }
        guard low > 0, address < chunks[low - 1].end else { return nil }
        return chunks[low - 1]
    }

    private func remember(_ chunk: BtrfsChunk) {
        state.withLock { state in
            if state.chunks.count >= BtrfsPool.rememberedChunks { state.chunks.removeAll() }
            let index = state.chunks.firstIndex { $0.start >= chunk.start } ?? state.chunks.count
            if index < state.chunks.count, state.chunks[index].start == chunk.start { return }
            state.chunks.insert(chunk, at: index)
        }
    }

    /// Reads `count` bytes at `address`, all from one copy.
    func read(
        at address: UInt64, count: Int, copy: Int, ofChunkTree: Bool = false
    ) throws(ImageFault) -> Bytes {
        var parts: [UInt8] = []
        var position = address
        var left = count
        while left > 0 {
            let chunk = try chunk(holding: position, ofChunkTree: ofChunkTree)
            guard copy < chunk.copyCount else {
                throw ImageFault(.corrupt, "address \(position) has no copy \(copy + 1)")
            }
            let part = try read(chunk, at: position - chunk.start, upTo: left, copy: copy)
            if part.count == count { return part }
            if parts.isEmpty { parts.reserveCapacity(count) }
            parts.append(contentsOf: part.array)
            left -= part.count
            position = try position.adding(UInt64(part.count))
        }
        return Bytes(parts, origin: address)
    }

    private func read(
        _ chunk: BtrfsChunk, at offset: UInt64, upTo count: Int, copy: Int
    ) throws(ImageFault) -> Bytes {
        if copy > 0, let places = try chunk.parityPlaces(of: offset), let first = places.first {
            let length = Int(Swift.min(UInt64(count), first.length, chunk.length - offset))
            var sum = [UInt8](repeating: 0, count: length)
            for place in places {
                for (index, byte) in try read(place, count: length).enumerated() { sum[index] ^= byte }
            }
            return Bytes(sum, origin: first.offset)
        }
        let place = try chunk.place(of: offset, copy: copy)
        return try read(place, count: Int(Swift.min(UInt64(count), place.length)))
    }

    private func read(_ place: BtrfsChunk.Place, count: Int) throws(ImageFault) -> Bytes {
        guard let device = devices[place.stripe.device], device.uuid == place.stripe.deviceID else {
            throw ImageFault(
                .io, "device \(place.stripe.device) (\(place.stripe.deviceID)) is not here", at: place.offset)
        }
        do {
            return try device.source.read(at: place.offset, count: count)
        } catch {
            throw devices.count > 1 ? error.inLayer("device \(place.stripe.device)") : error
        }
    }
}

// MARK: - Tree blocks

extension BtrfsPool {
    /// The block behind `pointer`, from the first copy that is whole: checksum, address, level, generation and
    /// first key must be what the pointer says, as the kernel demands (`btrfs_validate_extent_buffer`).
    func node(_ pointer: BtrfsPointer) throws(ImageFault) -> BtrfsNode {
        if let known = known(pointer) { return known }
        let ofChunkTree = pointer.isOfChunkTree
        let copies = try chunk(holding: pointer.address, ofChunkTree: ofChunkTree).copyCount
        var failure: ImageFault?
        for copy in 0..<copies {
            do throws(ImageFault) {
                let node = try node(pointer, copy: copy)
                if let failure, failure.kind == .corrupt {
                    log.record(
                        .inconsistent,
                        "copy \(copy) of the tree block at \(pointer.address) is damaged "
                            + "(\(failure.message)); the next was read", at: failure.offset)
                }
                remember(node, pointer)
                return node
            } catch {
                failure = failure ?? error
            }
        }
        let fault = failure ?? ImageFault(.corrupt, "tree block at \(pointer.address) has no copy")
        if fault.kind == .corrupt { log.record(.checksumMismatch, fault.message, at: fault.offset) }
        throw fault
    }

    private func node(_ pointer: BtrfsPointer, copy: Int) throws(ImageFault) -> BtrfsNode {
        let bytes = try read(
            at: pointer.address, count: superblock.nodeSize, copy: copy, ofChunkTree: pointer.isOfChunkTree)
        func require(_ condition: Bool, _ message: @autoclosure () -> String) throws(ImageFault) {
            guard condition else {
                throw ImageFault(.corrupt, "tree block at \(pointer.address): \(message())", at: bytes.origin)
            }
        }
        try require(superblock.checksum.holds(overBlock: bytes), "its checksum does not match")
        let node = try BtrfsNode(parsing: bytes, isOfChunkTree: pointer.isOfChunkTree)
        let id = try GUID(bigEndian: bytes, at: 32)
        try require(blockIDs.withLock { $0.contains(id) }, "it belongs to file system \(id)")
        try require(node.address == pointer.address, "it says it stands at \(node.address)")
        try require(node.level == pointer.level, "its level is \(node.level), not \(pointer.level)")
        try require(
            node.generation == pointer.generation,
            "its generation is \(node.generation), not \(pointer.generation)")
        if let key = pointer.firstKey {
            try require(node.count > 0, "it is empty")
            let found = try node.key(0)
            try require(found == key, "its first key is \(found), not \(key)")
        }
        try require(node.level == 0 || node.count > 0, "it is empty")
        return node
    }

    private func known(_ pointer: BtrfsPointer) -> BtrfsNode? {
        state.withLock { state in
            state.clock += 1
            guard state.nodes[pointer] != nil else { return nil }
            state.nodes[pointer]?.lastUse = state.clock
            return state.nodes[pointer]?.node
        }
    }

    private func remember(_ node: BtrfsNode, _ pointer: BtrfsPointer) {
        state.withLock { state in
            if state.nodes.count >= BtrfsPool.rememberedBytes / superblock.nodeSize {
                // Half at once, so that the scan for the oldest is paid rarely.
                let uses = state.nodes.values.map(\.lastUse).sorted()
                let limit = uses[uses.count / 2]
                state.nodes = state.nodes.filter { $0.value.lastUse > limit }
            }
            state.nodes[pointer] = (node, state.clock)
        }
    }
}
