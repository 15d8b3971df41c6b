package import BlockIO
package import ByteReading

/// Another file that holds part of a disk.
package enum ReferencedFile: Sendable {
    /// The image needs none.
    case none
    case opened(any BlockSource)
    /// It was not opened; reading what it would hold throws this.
    case refused(ImageFault)

    /// What the other file holds at `offset`, for up to `length` bytes: zeros where there is no such file or
    /// it ends before.
    func extent(at offset: UInt64, length: UInt64) throws(ImageFault) -> BlockExtent {
        switch self {
        case .none: return BlockExtent(kind: .hole, length: length)
        case .refused: return BlockExtent(kind: .missing, length: length)
        case .opened(let source):
            guard offset < source.size else { return BlockExtent(kind: .hole, length: length) }
            var extent = try source.extent(at: offset)
            extent.length = Swift.min(extent.length, length)
            return extent
        }
    }

    /// `count` bytes at `offset` of the other file, zeros where there is no such file or it ends before.
    func read(at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        switch self {
        case .none: return Bytes([UInt8](repeating: 0, count: count))
        case .refused(let fault): throw fault
        case .opened(let source): return try source.readPadded(at: offset, count: count)
        }
    }
}

extension BlockSource {
    /// `count` bytes at `offset`; what is past the end reads as zeros.
    func readPadded(at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        let bytes = try readUpTo(at: offset, count: count)
        guard bytes.count < count else { return bytes }
        return Bytes(bytes.array + [UInt8](repeating: 0, count: count - bytes.count), origin: offset)
    }

    /// Whether nothing but holes is stored. Looks at a few runs and no further.
    func holdsNothing() throws(ImageFault) -> Bool {
        var offset: UInt64 = 0
        for _ in 0..<64 where offset < size {
            let extent = try extent(at: offset)
            guard extent.kind == .hole else { return false }
            offset += extent.length
        }
        return offset >= size
    }
}
