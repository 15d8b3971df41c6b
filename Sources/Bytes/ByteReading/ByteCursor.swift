/// Reads a window front to back. Each step is checked; a step past the end throws and does not move.
@frozen public struct ByteCursor: Sendable {
    /// What is read.
    public let bytes: Bytes
    /// The position in the window, in bytes.
    public private(set) var position: Int

    /// Starts at `position` bytes into `bytes`.
    public init(_ bytes: Bytes, at position: Int = 0) {
        self.bytes = bytes
        self.position = position
    }

    /// Bytes not read yet.
    public var remaining: Int { Swift.max(0, bytes.count - position) }
    /// Whether everything has been read.
    public var isAtEnd: Bool { remaining == 0 }

    /// Reads a little-endian integer.
    public mutating func little<T: FixedWidthInteger & BitwiseCopyable>(
        _ type: T.Type = T.self
    ) throws(ImageFault) -> T {
        let value = try bytes.little(type, at: position)
        position += MemoryLayout<T>.size
        return value
    }

    /// Reads a big-endian integer.
    public mutating func big<T: FixedWidthInteger & BitwiseCopyable>(
        _ type: T.Type = T.self
    ) throws(ImageFault) -> T {
        let value = try bytes.big(type, at: position)
        position += MemoryLayout<T>.size
        return value
    }

    /// Reads `count` bytes as a window of their own.
    public mutating func bytes(_ count: Int) throws(ImageFault) -> Bytes {
        let slice = try bytes.slice(at: position, count: count)
        position += count
        return slice
    }

    /// Skips `count` bytes.
    public mutating func skip(_ count: Int) throws(ImageFault) {
        _ = try bytes(count)
    }

    /// Moves to `position`, which may be the end but not past it.
    public mutating func seek(to position: Int) throws(ImageFault) {
        _ = try bytes.slice(at: position, count: 0)
        self.position = position
    }
}
