package import ByteReading

/// A block source over bytes in memory.
package struct MemorySource: BlockSource {
    private let bytes: Bytes

    /// Makes a source over `bytes`.
    package init(_ bytes: Bytes) { self.bytes = bytes }
    /// Makes a source over `array`.
    package init(_ array: [UInt8]) { bytes = Bytes(array) }

    package var size: UInt64 { UInt64(bytes.count) }

    package func read(at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        try checkRange(at: offset, count: count)
        return try bytes.slice(at: Int(offset), count: count).rebased(to: offset)
    }
}
