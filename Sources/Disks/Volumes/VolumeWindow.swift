import BlockIO
import ByteReading

/// The start of a volume in memory, and the rest of it on request.
struct VolumeWindow: Sendable {
    /// Holds every magic number but those at the end: the last is that of btrfs at 0x10040.
    private static let headSize = 0x12000

    let source: any BlockSource
    let head: Bytes
    var size: UInt64 { source.size }

    init(_ source: any BlockSource) throws(ImageFault) {
        self.source = source
        head = try VolumeWindow.start(of: source)
    }

    /// As much of the start as there is: a partition may lie at the end of a file that was cut.
    private static func start(of source: any BlockSource) throws(ImageFault) -> Bytes {
        do {
            return try source.readUpTo(at: 0, count: headSize)
        } catch  where error.kind == .truncated {
            var array: [UInt8] = []
            while array.count < headSize {
                guard let more = try? source.readUpTo(at: UInt64(array.count), count: 4096), !more.isEmpty
                else {
                    break
                }
                array += more.array
            }
            guard !array.isEmpty else { throw error }
            return Bytes(array)
        }
    }

    /// Whether `bytes` stand at `offset` of the start.
    func holds(_ bytes: [UInt8], at offset: Int) -> Bool {
        (try? head.slice(at: offset, count: bytes.count))?.array == bytes
    }

    func little<T: FixedWidthInteger & BitwiseCopyable>(
        _ type: T.Type = T.self, at offset: Int
    ) throws(ImageFault) -> T {
        try head.little(type, at: offset)
    }

    func big<T: FixedWidthInteger & BitwiseCopyable>(
        _ type: T.Type = T.self, at offset: Int
    ) throws(ImageFault) -> T {
        try head.big(type, at: offset)
    }

    /// Bytes anywhere on the volume.
    func read(at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        if offset <= UInt64(head.count), UInt64(count) <= UInt64(head.count) - offset {
            return try head.slice(at: Int(offset), count: count)
        }
        return try source.read(at: offset, count: count)
    }

    /// A UUID in printing order; nil when it is all zeros, which means none.
    func uuid(at offset: Int) throws(ImageFault) -> String? {
        let guid = try GUID(bigEndian: head, at: offset)
        return guid.isZero ? nil : guid.description
    }

    /// Text up to a NUL, without white space at its end; nil when nothing is left.
    func label(at offset: Int, count: Int) throws(ImageFault) -> String? {
        VolumeWindow.label(try head.slice(at: offset, count: count))
    }

    static func label(_ bytes: Bytes) -> String? {
        var text = Array(bytes.array.prefix { $0 != 0 })
        while let last = text.last, last == 0x20 || (0x09...0x0D).contains(last) { text.removeLast() }
        return text.isEmpty ? nil : String(decoding: text, as: UTF8.self)
    }

    /// Two-byte text up to a NUL, trimmed likewise.
    static func wideLabel(_ bytes: Bytes, isBigEndian: Bool = false) -> String? {
        var text = bytes.utf16Text(isBigEndian: isBigEndian)
        while text.unicodeScalars.last == " " { text.unicodeScalars.removeLast() }
        return text.isEmpty ? nil : text
    }
}
