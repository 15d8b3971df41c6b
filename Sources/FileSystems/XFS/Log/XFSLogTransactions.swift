import ByteReading

/// Puts transactions together from the operations of records, which mix and split them
/// (`xlog_recover_process_data`).
struct XFSLogTransactions {
    /// The most bytes of transactions that have not ended.
    private static let largestPending = 32 << 20
    /// The most transactions open at one time.
    private static let mostOpen = 4096

    /// A transaction that was committed.
    struct Transaction {
        /// Of the record that holds its start.
        let position: XFSLogPosition
        fileprivate(set) var items: [XFSLogItem] = []
        fileprivate var hasHeader = false
        fileprivate var header: [UInt8] = []
        fileprivate var size = 0

        fileprivate init(position: XFSLogPosition) { self.position = position }
    }

    private var open: [UInt32: Transaction] = [:]
    private var pending = 0

    /// Whether transactions were begun and not committed: recovery drops them.
    var unfinishedCount: Int { open.count }

    /// Takes the operations of a record and calls `commit` for each transaction that ends in it.
    mutating func process(
        _ record: XFSLogReader.Record, commit: (Transaction) throws(ImageFault) -> Void
    ) throws(ImageFault) {
        var cursor = ByteCursor(record.data)
        for _ in 0..<record.header.operationCount {
            // struct xlog_op_header: tid, length, client, flags.
            let identifier: UInt32 = try cursor.big()
            let length = try cursor.big(UInt32.self).bounded(to: record.data.count, "a log operation")
            let client = try cursor.bytes(1).byte(at: 0)
            let flags = try cursor.bytes(1).byte(at: 0)
            try cursor.skip(2)
            guard client == 0x69 || client == 0xAA else {
                throw ImageFault(
                    .corrupt, "log operation of client 0x\(String(client, radix: 16))",
                    at: record.data.origin)
            }
            let data = try cursor.bytes(length)
            if let done = try process(
                identifier, flags: flags, data, position: record.header.position)
            {
                try commit(done)
            }
        }
    }

    private mutating func process(
        _ identifier: UInt32, flags: UInt8, _ data: Bytes, position: XFSLogPosition
    ) throws(ImageFault) -> Transaction? {
        guard var transaction = open.removeValue(forKey: identifier) else {
            // What was begun before the tail is not needed any more.
            if flags & 0x01 != 0 {
                guard open.count < XFSLogTransactions.mostOpen else {
                    throw ImageFault(.limit, "more than \(XFSLogTransactions.mostOpen) open transactions")
                }
                open[identifier] = Transaction(position: position)
            }
            return nil
        }
        // XLOG_END_TRANS is about space; XLOG_CONTINUE_TRANS behind XLOG_WAS_CONT_TRANS means neither.
        var kind = flags & ~0x10
        if kind & 0x08 != 0 { kind &= ~0x04 }
        switch kind {
        case 0x00, 0x04:
            try add(data, to: &transaction)
        case 0x08:
            try addContinued(data, to: &transaction)
        case 0x02:
            pending -= transaction.size
            return transaction
        case 0x20:
            pending -= transaction.size
            return nil
        default:
            throw ImageFault(
                .corrupt, "log operation with flags 0x\(String(flags, radix: 16))", at: data.origin)
        }
        open[identifier] = transaction
        return nil
    }

    private mutating func account(_ data: Bytes, _ transaction: inout Transaction) throws(ImageFault) {
        transaction.size += data.count
        pending += data.count
        guard pending <= XFSLogTransactions.largestPending else {
            throw ImageFault(
                .limit, "open transactions of more than \(XFSLogTransactions.largestPending) bytes",
                at: data.origin)
        }
    }

    private mutating func add(_ data: Bytes, to transaction: inout Transaction) throws(ImageFault) {
        guard !data.isEmpty else { return }
        try account(data, &transaction)
        guard transaction.hasHeader else {
            // struct xfs_trans_header: "TRAN", and nothing that is needed; it may be cut at a record's end.
            guard data.count <= 16, data.count < 4 || (try? data.little(UInt32.self, at: 0)) == 0x5452_414E
            else { throw ImageFault(.corrupt, "transaction without its header", at: data.origin) }
            transaction.header = data.array
            transaction.hasHeader = true
            return
        }
        if let last = transaction.items.indices.last, !transaction.items[last].isComplete {
            transaction.items[last].append(data)
        } else {
            transaction.items.append(try XFSLogItem(data))
        }
    }

    private mutating func addContinued(
        _ data: Bytes, to transaction: inout Transaction
    ) throws(ImageFault) {
        try account(data, &transaction)
        if let last = transaction.items.indices.last {
            transaction.items[last].extendLast(data)
            return
        }
        transaction.header += data.array
        transaction.hasHeader = true
        guard transaction.header.count <= 16 else {
            throw ImageFault(.corrupt, "transaction header of too many bytes", at: data.origin)
        }
    }
}
