/// A window over bytes that came from a stranger. Every access is checked and throws instead of trapping.
///
/// Slices share storage. Loads are `@inlinable public`, because a load that crosses a module boundary without
/// being inlined costs about forty times as much (see `imagecheck-dev benchmark`).
@frozen public struct Bytes: Sendable {
    @usableFromInline let storage: [UInt8]
    @usableFromInline let start: Int
    /// The number of bytes in the window.
    public let count: Int
    /// Where byte 0 of the window sits in its layer, for messages.
    public let origin: UInt64

    /// A window over the whole of `array`, whose first byte sits at `origin` in its layer.
    @inlinable public init(_ array: [UInt8], origin: UInt64 = 0) {
        storage = array
        start = 0
        count = array.count
        self.origin = origin
    }

    @inlinable init(storage: [UInt8], start: Int, count: Int, origin: UInt64) {
        self.storage = storage
        self.start = start
        self.count = count
        self.origin = origin
    }

    /// Whether the window holds no bytes.
    @inlinable public var isEmpty: Bool { count == 0 }

    @usableFromInline func outside(_ offset: Int, _ width: Int) -> ImageFault {
        ImageFault(
            .truncated, "\(width) bytes at \(offset) reach past the \(count) bytes there are",
            at: origin &+ UInt64(truncatingIfNeeded: offset))
    }

    /// A little-endian integer at `offset` bytes into the window.
    @inlinable public func little<T: FixedWidthInteger & BitwiseCopyable>(
        _ type: T.Type = T.self, at offset: Int
    ) throws(ImageFault) -> T {
        T(littleEndian: try load(offset))
    }

    /// A big-endian integer at `offset` bytes into the window.
    @inlinable public func big<T: FixedWidthInteger & BitwiseCopyable>(
        _ type: T.Type = T.self, at offset: Int
    ) throws(ImageFault) -> T {
        T(bigEndian: try load(offset))
    }

    @inlinable func load<T: FixedWidthInteger & BitwiseCopyable>(_ offset: Int) throws(ImageFault) -> T {
        let width = MemoryLayout<T>.size
        guard offset >= 0, width <= count, offset <= count &- width else { throw outside(offset, width) }
        // Safe: the window lies inside the array (kept by every initializer) and the load inside the window.
        return unsafe storage.span.bytes.unsafeLoadUnaligned(fromByteOffset: start &+ offset, as: T.self)
    }

    /// The byte at `offset`.
    @inlinable public func byte(at offset: Int) throws(ImageFault) -> UInt8 {
        guard offset >= 0, offset < count else { throw outside(offset, 1) }
        return storage[start &+ offset]
    }

    /// The part of the window in `range`.
    @inlinable public func slice(_ range: Range<Int>) throws(ImageFault) -> Bytes {
        guard range.lowerBound >= 0, range.upperBound <= count else {
            throw outside(range.lowerBound, range.count)
        }
        return Bytes(
            storage: storage, start: start &+ range.lowerBound, count: range.count,
            origin: origin &+ UInt64(range.lowerBound))
    }

    /// `length` bytes from `offset`.
    @inlinable public func slice(at offset: Int, count length: Int) throws(ImageFault) -> Bytes {
        guard offset >= 0, length >= 0, offset <= count, length <= count &- offset else {
            throw outside(offset, length)
        }
        return Bytes(
            storage: storage, start: start &+ offset, count: length, origin: origin &+ UInt64(offset))
    }

    /// The first `length` bytes, or all of them if there are fewer.
    @inlinable public func prefix(_ length: Int) -> Bytes {
        Bytes(storage: storage, start: start, count: Swift.max(0, Swift.min(length, count)), origin: origin)
    }

    /// Everything from `offset` on; empty if the window ends before it.
    @inlinable public func dropFirst(_ offset: Int) -> Bytes {
        let skipped = Swift.max(0, Swift.min(offset, count))
        return Bytes(
            storage: storage, start: start &+ skipped, count: count &- skipped,
            origin: origin &+ UInt64(skipped))
    }

    /// The same bytes, said to sit at another place.
    @inlinable public func rebased(to origin: UInt64) -> Bytes {
        Bytes(storage: storage, start: start, count: count, origin: origin)
    }

    /// A copy of the bytes.
    @inlinable public var array: [UInt8] {
        start == 0 && count == storage.count ? storage : Array(storage[start..<(start &+ count)])
    }

    /// Lends the bytes as a span for the time of `body`.
    @inlinable public func withSpan<Value, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try body(storage.span.extracting(start..<(start &+ count)))
    }

    /// The offset of the first occurrence of `pattern` at or after `from`.
    public func firstIndex(of pattern: [UInt8], from: Int = 0) -> Int? {
        guard let first = pattern.first, from >= 0, pattern.count <= count, from <= count - pattern.count
        else { return nil }
        return withSpan { span in
            var position = from
            let last = span.count - pattern.count
            search: while position <= last {
                if span[position] == first {
                    for index in 1..<Swift.max(1, pattern.count)
                    where span[position + index] != pattern[index] {
                        position += 1
                        continue search
                    }
                    return position
                }
                position += 1
            }
            return nil
        }
    }

    /// Whether the bytes from `offset` are `pattern`. False, not a fault, when the window is too short.
    public func starts(with pattern: [UInt8], at offset: Int = 0) -> Bool {
        guard offset >= 0, pattern.count <= count, offset <= count - pattern.count else { return false }
        return withSpan { span in
            for index in pattern.indices where span[offset + index] != pattern[index] { return false }
            return true
        }
    }

    /// Whether the bytes from `offset` are the ASCII text `text`.
    public func starts(with text: String, at offset: Int = 0) -> Bool {
        starts(with: Array(text.utf8), at: offset)
    }

    /// Whether every byte is zero.
    public var isAllZero: Bool {
        withSpan { span in
            for index in span.indices where span[index] != 0 { return false }
            return true
        }
    }

    /// The bytes as UTF-8 text; what is not valid becomes U+FFFD.
    public var text: String { String(decoding: array, as: UTF8.self) }

    /// The text up to the first NUL, for fixed fields such as labels.
    public var textToNUL: String {
        var bytes = array
        if let end = bytes.firstIndex(of: 0) { bytes.removeSubrange(end...) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension Bytes: Equatable {
    /// Windows are equal when their bytes are, wherever they come from.
    public static func == (a: Bytes, b: Bytes) -> Bool {
        a.count == b.count
            && a.storage[a.start..<(a.start + a.count)] == b.storage[b.start..<(b.start + b.count)]
    }
}

extension Bytes: Sequence {
    /// Iterates over the bytes of the window.
    public func makeIterator() -> IndexingIterator<ArraySlice<UInt8>> {
        storage[start..<(start + count)].makeIterator()
    }

    /// Exactly the number of bytes.
    public var underestimatedCount: Int { count }
}

extension [UInt8] {
    /// Adds the bytes of a window at once; the library adds what is merely a `Sequence` one by one.
    @inlinable public static func += (array: inout [UInt8], bytes: Bytes) {
        array.append(contentsOf: bytes.storage[bytes.start..<(bytes.start &+ bytes.count)])
    }
}
