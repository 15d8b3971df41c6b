package import ByteReading

/// Bytes at positions: a file, a partition, the disk inside a container. Stateless, so sources nest and can be
/// shared between threads.
package protocol BlockSource: Sendable {
    /// The size in bytes.
    var size: UInt64 { get }

    /// Reads exactly `count` bytes at `offset`. The result's `origin` is `offset`.
    ///
    /// Throws `truncated` when the range is not inside `0..<size`, or what the layers below throw.
    func read(at offset: UInt64, count: Int) throws(ImageFault) -> Bytes

    /// What is stored at `offset`, and for how many bytes from there the answer stays the same.
    ///
    /// Throws `truncated` when `offset` is not inside the source.
    func extent(at offset: UInt64) throws(ImageFault) -> BlockExtent
}

/// A run of bytes of one kind.
package struct BlockExtent: Hashable, Sendable {
    /// What a run of a source holds.
    package enum Kind: Hashable, Sendable {
        /// Stored bytes.
        case data
        /// Nothing is stored: reads as zeros.
        case hole
        /// Held by a file that is not allowed or not here: reading throws.
        case missing
    }

    /// What the run holds.
    package var kind: Kind
    /// Its length in bytes from the offset asked for; never zero.
    package var length: UInt64

    /// Makes an extent.
    package init(kind: Kind, length: UInt64) {
        self.kind = kind
        self.length = length
    }
}

extension BlockSource {
    /// All data, to the end: right for sources that know no holes.
    package func extent(at offset: UInt64) throws(ImageFault) -> BlockExtent {
        try checkRange(at: offset, count: 1)
        return BlockExtent(kind: .data, length: size - offset)
    }

    /// Throws `truncated` unless `count` bytes at `offset` lie inside the source.
    package func checkRange(at offset: UInt64, count: Int) throws(ImageFault) {
        guard count >= 0, offset <= size, UInt64(count) <= size - offset else {
            throw ImageFault(
                .truncated, "\(count) bytes at \(offset) reach past the end (\(size) bytes)", at: offset)
        }
    }

    /// Reads up to `count` bytes at `offset`, fewer (or none) where the source ends first.
    package func readUpTo(at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        guard offset < size, count > 0 else { return Bytes([], origin: offset) }
        return try read(at: offset, count: Int(Swift.min(UInt64(count), size - offset)))
    }

    /// Reads bytes that lie in several places. `next` is asked for the bytes at a position, at most so many, and
    /// answers with those that lie together there, at least one.
    package func gather(
        at offset: UInt64, count: Int,
        _ next: (_ position: UInt64, _ rest: Int) throws(ImageFault) -> Bytes
    ) throws(ImageFault) -> Bytes {
        try checkRange(at: offset, count: count)
        guard count > 0 else { return Bytes([], origin: offset) }
        let first = try next(offset, count)
        if first.count >= count { return first.prefix(count).rebased(to: offset) }
        var array: [UInt8] = []
        array.reserveCapacity(count)
        array += first.array
        while array.count < count {
            let part = try next(offset + UInt64(array.count), count - array.count)
            guard !part.isEmpty else {
                throw ImageFault(.truncated, "no bytes", at: offset + UInt64(array.count))
            }
            array += part.array
        }
        return Bytes(array, origin: offset)
    }
}
