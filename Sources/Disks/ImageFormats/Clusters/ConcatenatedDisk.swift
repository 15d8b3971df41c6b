import BlockIO
import ByteReading

/// A disk put together from parts, one after the other.
struct ConcatenatedDisk: BlockSource {
    /// What a part of the disk is.
    enum Content: Sendable {
        /// The bytes of a source from this offset on.
        case source(any BlockSource, from: UInt64)
        case zeros
        /// It cannot be read; reading throws this.
        case refused(ImageFault)
    }

    private struct Part: Sendable {
        let start: UInt64
        let size: UInt64
        let content: Content
    }

    private var parts: [Part] = []
    private(set) var size: UInt64 = 0

    /// Adds `length` bytes at the end. Empty parts are dropped.
    mutating func append(_ content: Content, size length: UInt64) throws(ImageFault) {
        guard length > 0 else { return }
        let end = try size.adding(length)
        if case .source(_, let from) = content { _ = try from.adding(length) }
        parts.append(Part(start: size, size: length, content: content))
        size = end
    }

    /// The part that holds `offset`, which lies on the disk.
    private func part(at offset: UInt64) throws(ImageFault) -> Part {
        var low = 0
        var high = parts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if parts[middle].start <= offset { low = middle } else { high = middle }
        }
        guard low < parts.count else { throw ImageFault(.truncated, "the disk has no parts", at: offset) }
        return parts[low]
    }

    func read(at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        try checkRange(at: offset, count: count)
        var array: [UInt8] = []
        array.reserveCapacity(count)
        while array.count < count {
            let position = offset + UInt64(array.count)
            let part = try part(at: position)
            let within = position - part.start
            let length = Int(Swift.min(UInt64(count - array.count), part.size - within))
            switch part.content {
            case .zeros: array += [UInt8](repeating: 0, count: length)
            case .refused(let fault): throw fault
            case .source(let source, let from):
                let bytes = try source.read(at: from + within, count: length)
                if length == count { return bytes.rebased(to: offset) }
                array += bytes.array
            }
        }
        return Bytes(array, origin: offset)
    }

    func extent(at offset: UInt64) throws(ImageFault) -> BlockExtent {
        try checkRange(at: offset, count: 1)
        let part = try part(at: offset)
        let rest = part.size - (offset - part.start)
        switch part.content {
        case .zeros: return BlockExtent(kind: .hole, length: rest)
        case .refused: return BlockExtent(kind: .missing, length: rest)
        case .source(let source, let from):
            let place = from + (offset - part.start)
            guard place < source.size else { return BlockExtent(kind: .missing, length: rest) }
            var extent = try source.extent(at: place)
            extent.length = Swift.min(extent.length, rest)
            return extent
        }
    }
}
