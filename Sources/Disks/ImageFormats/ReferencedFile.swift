package import BlockIO
package import ByteReading

/// Another file that holds part of the disk.
package enum ReferencedFile: Sendable {
    /// The image needs none.
    case none
    case opened(any BlockSource)
    /// It was not opened; reading what it would hold throws this.
    case refused(ImageFault)
}

extension ReferencedFile {
    /// Bytes that the image leaves to this file: zeros where there is none, or past its end.
    func read(at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        switch self {
        case .none: return Bytes([UInt8](repeating: 0, count: count))
        case .refused(let fault): throw fault
        case .opened(let source):
            let bytes = try source.readUpTo(at: offset, count: count)
            guard bytes.count < count else { return bytes }
            return Bytes(bytes.array + [UInt8](repeating: 0, count: count - bytes.count))
        }
    }

    /// What this file has at `offset`, for `length` bytes at most.
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
}
