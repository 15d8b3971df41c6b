import ByteReading

/// Reads records between two places of the log and checks each.
struct XFSLogReader {
    let area: XFSLogArea
    let head: Int

    struct Record {
        let header: XFSLogRecord
        let data: Bytes
    }

    /// The record that starts at `block`. Throws `corrupt` when it is not whole: no header, a length that
    /// leads past the head, a wrong checksum.
    func record(at block: Int) throws(ImageFault) -> Record {
        let header = try XFSLogRecord(
            parsing: area.read(at: block, count: 1), block: block, isV2: area.isV2)
        try header.requireRecoverable(in: area)
        guard header.blockCount <= area.distance(from: block, to: head) else {
            throw ImageFault(
                .corrupt, "log record at block \(block) of \(header.blockCount) blocks reaches past the head",
                at: area.offset(of: block))
        }
        let whole = try area.readRing(at: block, count: header.blockCount)
        // mkfs leaves the checksum out.
        if header.checksum != 0, try !header.checksumHolds(whole) {
            throw ImageFault(
                .corrupt, "log record at block \(block) has a wrong checksum", at: area.offset(of: block))
        }
        return Record(header: header, data: try header.unpack(whole))
    }
}
