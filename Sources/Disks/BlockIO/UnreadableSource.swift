package import ByteReading

/// The place of bytes that are not here: every read is the same fault.
package struct UnreadableSource: BlockSource {
    package let size: UInt64
    private let fault: ImageFault

    package init(size: UInt64, fault: ImageFault) {
        self.size = size
        self.fault = fault
    }

    package func read(at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        try checkRange(at: offset, count: count)
        throw fault
    }

    package func extent(at offset: UInt64) throws(ImageFault) -> BlockExtent {
        try checkRange(at: offset, count: 1)
        return BlockExtent(kind: .missing, length: size - offset)
    }
}

/// Another source whose faults name it: the device a volume's bytes lie on.
package struct NamedSource: BlockSource {
    private let base: any BlockSource
    private let name: String
    package var size: UInt64 { base.size }

    package init(_ base: any BlockSource, name: String) {
        self.base = base
        self.name = name
    }

    package func read(at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        do { return try base.read(at: offset, count: count) } catch { throw error.inLayer(name) }
    }

    package func extent(at offset: UInt64) throws(ImageFault) -> BlockExtent {
        do { return try base.extent(at: offset) } catch { throw error.inLayer(name) }
    }
}
