package import ByteReading
import Synchronization

/// Keeps recently read blocks of another source. Small reads are served from whole blocks; reads of several
/// blocks go straight through, because they are file contents that are read once.
package final class CachedSource: BlockSource {
    private struct State {
        var blocks: [UInt64: (bytes: Bytes, lastUse: UInt64)] = [:]
        var clock: UInt64 = 0
    }

    private let base: any BlockSource
    private let blockSize: Int
    private let capacity: Int
    private let state = Mutex(State())
    package let size: UInt64

    /// Caches up to `capacity` blocks of `blockSize` bytes.
    package init(_ base: any BlockSource, blockSize: Int = 16 << 10, capacity: Int = 256) {
        self.base = base
        self.blockSize = Swift.max(512, blockSize)
        self.capacity = Swift.max(1, capacity)
        size = base.size
    }

    package func read(at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        try checkRange(at: offset, count: count)
        guard count > 0 else { return Bytes([], origin: offset) }
        let first = offset / UInt64(blockSize)
        let last = (offset + UInt64(count) - 1) / UInt64(blockSize)
        if last - first >= 2 { return try base.read(at: offset, count: count) }
        let skipped = Int(offset - first * UInt64(blockSize))
        if first == last {
            return try block(first).slice(at: skipped, count: count).rebased(to: offset)
        }
        let head = try block(first).dropFirst(skipped)
        let tail = try block(last).prefix(count - head.count)
        return Bytes(head.array + tail.array, origin: offset)
    }

    package func extent(at offset: UInt64) throws(ImageFault) -> BlockExtent {
        try base.extent(at: offset)
    }

    private func block(_ index: UInt64) throws(ImageFault) -> Bytes {
        let known: Bytes? = state.withLock { state in
            state.clock += 1
            guard state.blocks[index] != nil else { return nil }
            state.blocks[index]?.lastUse = state.clock
            return state.blocks[index]?.bytes
        }
        if let known { return known }
        let start = index * UInt64(blockSize)
        let bytes = try base.readUpTo(at: start, count: blockSize)
        state.withLock { state in
            if state.blocks.count >= capacity {
                // Drop the older half at once, so that the scan for the oldest is paid rarely.
                let uses = state.blocks.values.map(\.lastUse).sorted()
                let limit = uses[uses.count / 2]
                state.blocks = state.blocks.filter { $0.value.lastUse > limit }
            }
            state.blocks[index] = (bytes, state.clock)
        }
        return bytes
    }
}
