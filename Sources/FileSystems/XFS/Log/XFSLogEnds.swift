import ByteReading

/// Finds the part of the log that recovery needs, as the kernel does (`xlog_find_head`, `xlog_find_tail`): by
/// the cycle numbers that each block carries, with a binary search and a look at what may have been written
/// out of order.
struct XFSLogEnds {
    /// Where the next record would go.
    private(set) var head = 0
    /// Where recovery starts; ``head`` when there is nothing to recover.
    private(set) var tail = 0
    /// Blocks of records that were torn or overwritten and so dropped, for people.
    private(set) var notes: [String] = []

    /// `XLOG_MAX_ICLOGS`: records that a system writes at one time.
    private static let recordsInFlight = 8
    /// `XLOG_REC_SHIFT` and `XLOG_TOTAL_REC_SHIFT`: the blocks of one record and of all in flight.
    private let recordBlocks: Int
    private let blocksInFlight: Int

    /// Blocks behind the head that the writer of the last record may have overwritten.
    private var overwritable = 0

    private let area: XFSLogArea

    init(of area: XFSLogArea) throws(ImageFault) {
        self.area = area
        recordBlocks = (area.isV2 ? 256 << 10 : 32 << 10) / XFSLogArea.blockSize
        blocksInFlight = Swift.min(area.blockCount, XFSLogEnds.recordsInFlight * recordBlocks)
        guard let estimate = try estimatedHead() else {
            throw ImageFault(.corrupt, "the log is all zeros", at: area.offset(of: 0))
        }
        // The last record of a clean unmount is written when all others are on the disk: nothing can be out of
        // order before it, and nothing else has to be read.
        // A fault here is met again below, if it matters.
        if let last = try? lastRecord(before: estimate.block),
            (try? isUnmount(last, endingAt: estimate.block % area.blockCount)) == true
        {
            head = estimate.block % area.blockCount
            tail = head
            return
        }
        head = try verifiedHead(estimate) % area.blockCount
        guard let last = try lastRecord(before: head == 0 ? area.blockCount : head) else {
            throw ImageFault(.corrupt, "the log holds no record", at: area.offset(of: 0))
        }
        if try isUnmount(last, endingAt: head) {
            tail = head
            return
        }
        tail = try checkedBlock(last.tail, of: last)
        overwritable = XFSLogEnds.recordsInFlight * last.bufferSize / XFSLogArea.blockSize
        try dropTornRecords(last: last)
    }

    private func checkedBlock(_ position: XFSLogPosition, of record: XFSLogRecord) throws(ImageFault) -> Int {
        guard position.block < UInt64(area.blockCount) else {
            throw ImageFault(
                .corrupt, "the log's tail is block \(position.block) of \(area.blockCount)",
                at: area.offset(of: record.block) + 0x18)
        }
        return Int(position.block)
    }
}

/// The head of the log.
extension XFSLogEnds {
    private struct Estimate {
        /// The first block of the older cycle, or the end of the log.
        var block: Int
        /// A block of this cycle before ``block`` would be a hole.
        var stop: UInt32
        /// Whether the rest of the log was never written.
        var isZeroed: Bool
    }

    /// Nil when the log is zero from its first block on.
    private func estimatedHead() throws(ImageFault) -> Estimate? {
        let first = try area.cycle(of: 0)
        let last = try area.cycle(of: area.blockCount - 1)
        guard first != 0 else { return nil }
        if last == 0 {
            guard first == 1 else {
                throw ImageFault(
                    .corrupt, "no log: the first cycle is \(first), the last 0", at: area.offset(of: 0))
            }
            return Estimate(
                block: try start(ofCycle: 0, before: area.blockCount - 1), stop: 0, isZeroed: true)
        }
        if first == last { return Estimate(block: area.blockCount, stop: last &- 1, isZeroed: false) }
        return Estimate(
            block: try start(ofCycle: last, before: area.blockCount - 1), stop: last, isZeroed: false)
    }

    /// The first block with `cycle`, as far as a binary search can tell (`xlog_find_cycle_start`).
    private func start(ofCycle cycle: UInt32, before last: Int) throws(ImageFault) -> Int {
        var low = 0
        var high = last
        while high - low > 1 {
            let middle = (low + high) / 2
            if try area.cycle(of: middle) == cycle { high = middle } else { low = middle }
        }
        return high
    }

    /// The first of some blocks that has `cycle` (`xlog_find_verify_cycle`).
    private func firstBlock(withCycle cycle: UInt32, from start: Int, count: Int) throws(ImageFault) -> Int? {
        var position = 0
        while position < count {
            let part = Swift.min(512, count - position)
            let blocks = try area.read(at: start + position, count: part)
            for index in 0..<part where try XFSLogArea.cycle(blocks, at: index) == cycle {
                return start + position + index
            }
            position += part
        }
        return nil
    }

    /// Steps back over holes that writes in flight left, then over a record that is not whole.
    private func verifiedHead(_ estimate: Estimate) throws(ImageFault) -> Int {
        var head = estimate.block
        if estimate.isZeroed || head >= blocksInFlight {
            let count = Swift.min(head, blocksInFlight)
            head = try firstBlock(withCycle: estimate.stop, from: head - count, count: count) ?? head
        } else {
            let rest = blocksInFlight - head
            if let hole = try firstBlock(
                withCycle: estimate.stop &- 1, from: area.blockCount - rest, count: rest)
            {
                head = hole
            } else {
                head = try firstBlock(withCycle: estimate.stop, from: 0, count: head) ?? head
            }
        }
        return try endOfWholeRecord(before: head)
    }

    /// `head`, or the start of the last record before it when that record does not end there
    /// (`xlog_find_verify_log_record`).
    private func endOfWholeRecord(before head: Int) throws(ImageFault) -> Int {
        guard let found = try headerBlock(before: head, within: recordBlocks + 16) else {
            throw ImageFault(
                .corrupt, "no record before block \(head) of the log", at: area.offset(of: head))
        }
        let record = try XFSLogRecord(
            parsing: area.read(at: found, count: 1), block: found, isV2: area.isV2)
        guard record.uuid.isZero || record.uuid == area.uuid else {
            throw ImageFault(
                .corrupt, "the log belongs to volume \(record.uuid)", at: area.offset(of: found) + 0x130)
        }
        return area.distance(from: found, to: head) == record.blockCount ? head : found
    }

    /// The nearest block before `end` that starts a record, at most `limit` blocks back, around the start of
    /// the ring too. Reads little when it is near.
    private func headerBlock(before end: Int, within limit: Int) throws(ImageFault) -> Int? {
        var passed = 0
        var step = 4
        let most = Swift.min(limit, area.blockCount)
        while passed < most {
            // Parts do not go around the start of the ring.
            let stop = end - passed > 0 ? end - passed : end - passed + area.blockCount
            let count = Swift.min(step, most - passed, stop)
            let blocks = try area.read(at: stop - count, count: count)
            for index in (0..<count).reversed()
            where try blocks.big(UInt32.self, at: index * XFSLogArea.blockSize) == XFSLogRecord.magic {
                return stop - count + index
            }
            passed += count
            step = Swift.min(step * 4, 512)
        }
        return nil
    }

    private func lastRecord(before end: Int) throws(ImageFault) -> XFSLogRecord? {
        guard let block = try headerBlock(before: end, within: recordBlocks + 16) else { return nil }
        return try XFSLogRecord(
            parsing: area.read(at: block, count: 1), block: block, isV2: area.isV2)
    }

    /// Whether a record ends at `end` and says that the volume was unmounted (`xlog_check_unmount_rec`).
    private func isUnmount(_ record: XFSLogRecord, endingAt end: Int) throws(ImageFault) -> Bool {
        guard record.operationCount == 1, area.block(record.block, plus: record.blockCount) == end else {
            return false
        }
        let data = try area.read(at: area.block(record.block, plus: record.headerCount), count: 1)
        // oh_flags: XLOG_UNMOUNT_TRANS.
        return try data.byte(at: 9) & 0x20 != 0
    }
}

/// Records that did not get to the disk whole.
extension XFSLogEnds {
    /// Moves the head back before the first record in flight with a wrong checksum (`xlog_verify_head`), and
    /// with it the tail.
    private mutating func dropTornRecords(last: XFSLogRecord) throws(ImageFault) {
        guard tail != head else { return }
        var start = last.block
        for _ in 1..<XFSLogEnds.recordsInFlight where start != tail {
            let room = area.distance(from: tail, to: start)
            guard let before = try headerBlock(before: start, within: room) else { break }
            start = before
        }
        guard let bad = try firstBadRecord(from: start) else { return }
        notes.append("a record at block \(bad) of the log is torn")
        guard bad != tail,
            let block = try headerBlock(
                before: bad, within: Swift.max(1, area.distance(from: tail, to: bad)))
        else {
            throw ImageFault(
                .corrupt, "the log's records in flight are all torn, from block \(bad) on",
                at: area.offset(of: bad))
        }
        let good = try XFSLogRecord(
            parsing: area.read(at: block, count: 1), block: block, isV2: area.isV2)
        head = bad
        tail = try isUnmount(good, endingAt: bad) ? bad : checkedBlock(good.tail, of: good)
    }

    /// The first record between `start` and the head that is not valid or has a wrong checksum.
    private func firstBadRecord(from start: Int) throws(ImageFault) -> Int? {
        var block = start
        let reader = XFSLogReader(area: area, head: head)
        while block != head {
            do throws(ImageFault) {
                let record = try reader.record(at: block)
                block = area.block(block, plus: record.header.blockCount)
            } catch  where error.kind == .corrupt {
                return block
            }
        }
        return nil
    }

    /// Moves the tail on over records that later ones have overwritten (`xlog_verify_tail`).
    ///
    /// - Returns: false when the record at `bad` is too far from the head for that.
    mutating func moveTail(past bad: Int) throws(ImageFault) -> Bool {
        guard area.distance(from: head, to: bad) <= overwritable else { return false }
        var block = area.block(bad, plus: 1)
        var budget = Budget(blocksInFlight, of: "blocks behind the log's tail")
        while block != head {
            try budget.spend()
            if try area.read(at: block, count: 1).big(UInt32.self, at: 0) == XFSLogRecord.magic {
                notes.append("the record at block \(tail) of the log is overwritten")
                tail = block
                return true
            }
            block = area.block(block, plus: 1)
        }
        return false
    }

    /// Moves the tail on to the first record (`xlog_seek_logrec_hdr`).
    mutating func moveTailToRecord() throws(ImageFault) {
        guard tail != head else { return }
        if try area.read(at: tail, count: 1).big(UInt32.self, at: 0) != XFSLogRecord.magic,
            try !moveTail(past: tail)
        {
            throw ImageFault(
                .corrupt, "no record at the log's tail, block \(tail)", at: area.offset(of: tail))
        }
    }
}
