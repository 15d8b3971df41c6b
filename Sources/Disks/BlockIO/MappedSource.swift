package import ByteReading

/// A source whose bytes lie in other sources, run by run.
package protocol MappedSource: BlockSource {
    /// Where the byte at `offset`, which lies inside the source, and those after it are stored.
    func run(at offset: UInt64) throws(ImageFault) -> MappedRun
}

/// Bytes that follow each other both in a mapped source and where they are stored.
package struct MappedRun: Sendable {
    /// Where they are stored; nil for zeros that are stored nowhere.
    package var source: (any BlockSource)?
    /// Bytes into ``source``.
    package var offset: UInt64
    /// How many bytes; never zero.
    package var length: UInt64

    package init(_ source: (any BlockSource)?, at offset: UInt64, length: UInt64) {
        self.source = source
        self.offset = offset
        self.length = length
    }
}

extension MappedSource {
    package func read(at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        try gather(at: offset, count: count) { (position, rest) throws(ImageFault) in
            let run = try run(at: position)
            let length = Int(Swift.min(UInt64(rest), Swift.max(1, run.length)))
            guard let source = run.source else { return Bytes([UInt8](repeating: 0, count: length)) }
            return try source.read(at: run.offset, count: length)
        }
    }

    package func extent(at offset: UInt64) throws(ImageFault) -> BlockExtent {
        try checkRange(at: offset, count: 1)
        let run = try run(at: offset)
        let length = Swift.min(run.length, size - offset)
        guard let source = run.source else { return BlockExtent(kind: .hole, length: length) }
        guard run.offset < source.size else { return BlockExtent(kind: .missing, length: length) }
        var extent = try source.extent(at: run.offset)
        extent.length = Swift.min(extent.length, length)
        return extent
    }
}
