import ByteReading

/// A place in the hive bins data that holds one record.
struct HiveCell: Sendable {
    /// The byte in the file where its content begins.
    let position: UInt64
    /// The bytes of its content, with the padding at the end.
    let count: Int
}

extension Hive {
    /// No cell: what an offset says that leads nowhere.
    static let noCell: UInt32 = .max

    /// Where a cell begins in the file.
    func position(_ cell: UInt32) -> UInt64 { HiveHeader.size + UInt64(cell) }

    /// The cell at `offset`. `corrupt` when it lies outside the hive bins data or is free.
    func cell(_ offset: UInt32) throws(ImageFault) -> HiveCell {
        let start = position(offset)
        let headerSize: UInt32 = header.hasOldCells ? 8 : 4
        guard offset >= 32, offset.isMultiple(of: 8), offset < header.binsSize else {
            throw ImageFault(
                .corrupt, "no cell can be at \(offset) of \(header.binsSize) bytes of bins", at: start)
        }
        let size = try pages.read(at: start, count: 4).little(Int32.self, at: 0)
        guard size <= 0 else { throw ImageFault(.corrupt, "the cell at \(offset) is free", at: start) }
        guard size.magnitude > headerSize, size.magnitude <= header.binsSize - offset else {
            throw ImageFault(.corrupt, "cell of \(size.magnitude) bytes at \(offset)", at: start)
        }
        return HiveCell(
            position: start + UInt64(headerSize), count: Int(size.magnitude - headerSize))
    }

    /// `count` bytes of a cell from `offset` on.
    func read(_ cell: HiveCell, at offset: Int = 0, count: Int) throws(ImageFault) -> Bytes {
        guard offset >= 0, count >= 0, offset <= cell.count, count <= cell.count - offset else {
            throw ImageFault(
                .corrupt, "\(count) bytes at \(offset) of a cell of \(cell.count)", at: cell.position)
        }
        return try pages.read(at: cell.position + UInt64(offset), count: count)
    }
}
