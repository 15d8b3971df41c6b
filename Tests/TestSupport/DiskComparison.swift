package import BlockIO
package import ByteReading
import Glibc

/// Comparing bytes fast enough for debug builds.
package enum DiskComparison {
    /// Whether two windows hold the same bytes.
    package static func isSame(_ a: Bytes, _ b: Bytes) -> Bool {
        guard a.count == b.count else { return false }
        guard a.count > 0 else { return true }
        return a.withSpan { first in
            b.withSpan { second in
                unsafe first.withUnsafeBytes { p in
                    unsafe second.withUnsafeBytes { q in
                        guard let p = p.baseAddress, let q = q.baseAddress else { return false }
                        return unsafe memcmp(p, q, a.count) == 0
                    }
                }
            }
        }
    }

    /// Whether all bytes are zero.
    package static func isZero(_ bytes: Bytes) -> Bool {
        isSame(bytes, Bytes([UInt8](repeating: 0, count: bytes.count)))
    }

    /// Where two disks differ first, to the nearest `step`; nil when they are the same.
    package static func firstDifference(
        _ a: any BlockSource, _ b: any BlockSource, step: Int = 1 << 20
    ) throws(ImageFault) -> UInt64? {
        guard a.size == b.size else { return Swift.min(a.size, b.size) }
        var offset: UInt64 = 0
        while offset < a.size {
            let count = Int(Swift.min(UInt64(step), a.size - offset))
            if !isSame(try a.read(at: offset, count: count), try b.read(at: offset, count: count)) {
                return offset
            }
            offset += UInt64(count)
        }
        return nil
    }
}

/// A source whose bytes can be changed between reads of a test.
package struct PatchedSource: BlockSource {
    private let base: any BlockSource
    private let patches: [(offset: UInt64, bytes: [UInt8])]
    package let size: UInt64

    /// `base`, cut to `size` bytes if that is given, with `patches` laid over it.
    package init(
        _ base: any BlockSource, size: UInt64? = nil, patches: [(offset: UInt64, bytes: [UInt8])] = []
    ) {
        self.base = base
        self.patches = patches
        self.size = Swift.min(base.size, size ?? base.size)
    }

    package func read(at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        try checkRange(at: offset, count: count)
        let bytes = try base.read(at: offset, count: count)
        let end = offset + UInt64(count)
        guard patches.contains(where: { $0.offset < end && $0.offset + UInt64($0.bytes.count) > offset })
        else {
            return bytes
        }
        var array = bytes.array
        for patch in patches {
            for (index, byte) in patch.bytes.enumerated() {
                let place = patch.offset + UInt64(index)
                if place >= offset, place < end { array[Int(place - offset)] = byte }
            }
        }
        return Bytes(array, origin: offset)
    }
}
