package import BlockIO
package import ByteReading

/// Several sources that hold the same bytes. Reads come from the first one that can be read there.
package struct MirroredSource: BlockSource {
    private let legs: [any BlockSource]
    package let size: UInt64

    package init(_ legs: [any BlockSource], size: UInt64) throws(ImageFault) {
        guard !legs.isEmpty else { throw ImageFault(.notFound, "no copy of this mirror is here") }
        self.legs = legs
        self.size = size
    }

    package func read(at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        try checkRange(at: offset, count: count)
        var first: ImageFault?
        for leg in legs {
            do { return try leg.read(at: offset, count: count) } catch { first = first ?? error }
        }
        throw first ?? ImageFault(.notFound, "no copy of this mirror is here", at: offset)
    }

    package func extent(at offset: UInt64) throws(ImageFault) -> BlockExtent {
        try checkRange(at: offset, count: 1)
        var missing: BlockExtent?
        var fault: ImageFault?
        for leg in legs {
            do {
                var extent = try leg.extent(at: offset)
                extent.length = Swift.min(extent.length, size - offset)
                guard extent.kind == .missing else { return extent }
                missing = missing ?? extent
            } catch { fault = fault ?? error }
        }
        if let missing { return missing }
        throw fault ?? ImageFault(.notFound, "no copy of this mirror is here", at: offset)
    }
}
