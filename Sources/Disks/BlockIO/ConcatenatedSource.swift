package import ByteReading

/// Pieces of other sources, one after the other.
package struct ConcatenatedSource: MappedSource {
    /// A part of a source; nil for zeros.
    package struct Piece: Sendable {
        package var source: (any BlockSource)?
        /// Bytes into ``source``.
        package var start: UInt64
        package var size: UInt64

        package init(_ source: (any BlockSource)?, start: UInt64, size: UInt64) {
            self.source = source
            self.start = start
            self.size = size
        }
    }

    private let pieces: [Piece]
    /// Where each piece ends in this source.
    private let ends: [UInt64]
    package let size: UInt64

    package init(_ pieces: [Piece]) throws(ImageFault) {
        var ends: [UInt64] = []
        var end: UInt64 = 0
        self.pieces = pieces.filter { $0.size > 0 }
        for piece in self.pieces {
            _ = try piece.start.adding(piece.size)
            end = try end.adding(piece.size)
            ends.append(end)
        }
        self.ends = ends
        size = end
    }

    package func run(at offset: UInt64) throws(ImageFault) -> MappedRun {
        var low = 0
        var high = ends.count
        while low < high {
            let middle = (low + high) / 2
            if ends[middle] <= offset { low = middle + 1 } else { high = middle }
        }
        guard low < pieces.count else {
            throw ImageFault(.truncated, "offset \(offset) lies past the end (\(size) bytes)", at: offset)
        }
        let piece = pieces[low]
        let rest = ends[low] - offset
        return MappedRun(piece.source, at: piece.start + (piece.size - rest), length: rest)
    }
}
