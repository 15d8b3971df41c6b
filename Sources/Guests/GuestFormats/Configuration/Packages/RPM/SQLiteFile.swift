package import ByteReading

/// An SQLite database, read page by page as far as rpm's needs: the schema, and the blobs of one table
/// (SQLite's "Database File Format").
package struct SQLiteFile: Sendable {
    private let file: ContentSource
    private let log: SQLiteLog?
    private let pageSize: Int
    /// The bytes of a page without those reserved at its end.
    private let usableSize: Int
    private let pageCount: UInt32

    /// The deepest tree that is followed; eight levels hold more than any disk.
    private static let depthLimit = 20

    /// Reads the head of the file.
    ///
    /// - Parameter log: the write-ahead log beside it; pages in it are newer than those of the file.
    package init(_ file: ContentSource, log: ContentSource? = nil) throws(ImageFault) {
        let head = try file.read(at: 0, count: 100)
        guard head.starts(with: Array("SQLite format 3\0".utf8)) else {
            throw ImageFault(.corrupt, "no SQLite database", at: 0)
        }
        let stated: UInt16 = try head.big(at: 16)
        pageSize = stated == 1 ? 65536 : Int(stated)
        guard pageSize >= 512, pageSize & (pageSize - 1) == 0 else {
            throw ImageFault(.corrupt, "pages of \(stated) bytes", at: 16)
        }
        usableSize = pageSize - Int(try head.byte(at: 20))
        guard usableSize >= 480 else {
            throw ImageFault(.corrupt, "pages of \(usableSize) usable bytes", at: 20)
        }
        self.file = file
        let log = try log.flatMapThrowing { (source) throws(ImageFault) in try SQLiteLog(source) }
        guard log == nil || log?.pageSize == pageSize else {
            throw ImageFault(.corrupt, "the log has pages of another size")
        }
        self.log = log
        let pages = max(file.size / UInt64(pageSize), UInt64(log?.lastPage ?? 0))
        pageCount = UInt32(truncatingIfNeeded: min(pages, UInt64(UInt32.max)))
    }

    private func page(_ number: UInt32) throws(ImageFault) -> Bytes {
        guard number > 0, number <= pageCount else {
            throw ImageFault(.corrupt, "page \(number) of \(pageCount)")
        }
        if let page = try log?.page(number) { return page }
        return try file.read(at: UInt64(number - 1) * UInt64(pageSize), count: pageSize)
    }

    /// A variable-length number of up to nine bytes, big-endian, seven bits a byte and eight in the last.
    private static func varint(_ bytes: Bytes, _ offset: inout Int) throws(ImageFault) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<9 {
            let byte = try bytes.byte(at: offset)
            offset += 1
            if index == 8 { return value << 8 | UInt64(byte) }
            value = value << 7 | UInt64(byte & 0x7F)
            if byte & 0x80 == 0 { break }
        }
        return value
    }

    // MARK: Tables

    /// A row of a table: its payload, of which the first bytes can be had.
    private struct Row {
        let size: Int
        let prefix: RPMHeaderPrefix
    }

    /// Hands on every row of the table whose tree starts at page `root`.
    private func forEachRow(
        root: UInt32, _ body: (Row) throws(ImageFault) -> Void
    ) throws(ImageFault) {
        var seen: Set<UInt32> = []
        var budget = Budget(RPMDatabase.pageLimit, of: "pages of a table")
        var pending: [(page: UInt32, depth: Int)] = [(root, 0)]
        while let (number, depth) = pending.popLast() {
            try budget.spend()
            guard seen.insert(number).inserted, depth < Self.depthLimit else {
                throw ImageFault(.corrupt, "the tree comes back to page \(number)")
            }
            let page = try page(number)
            // The head of the file stands in front of the first page's own.
            let start = number == 1 ? 100 : 0
            let count = Int(try page.big(UInt16.self, at: start + 3))
            switch try page.byte(at: start) {
            case 5:
                pending.append((try page.big(at: start + 8), depth + 1))
                for index in 0..<count {
                    let cell = Int(try page.big(UInt16.self, at: start + 12 + index * 2))
                    pending.append((try page.big(at: cell), depth + 1))
                }
            case 13:
                for index in 0..<count {
                    let cell = Int(try page.big(UInt16.self, at: start + 8 + index * 2))
                    try body(row(on: page, at: cell))
                }
            case let type: throw ImageFault(.corrupt, "page \(number) has type \(type)", at: page.origin)
            }
        }
    }

    private func row(on page: Bytes, at cell: Int) throws(ImageFault) -> Row {
        var offset = cell
        let size = try Self.varint(page, &offset).bounded(to: 1 << 30, "size of a row")
        _ = try Self.varint(page, &offset)
        // How much of a long row stays on the page ("Cell Payload Overflow Pages").
        let most = usableSize - 35
        if size <= most {
            let local = try page.slice(at: offset, count: size)
            return Row(size: size) { (count) throws(ImageFault) in local.prefix(count) }
        }
        let least = (usableSize - 12) * 32 / 255 - 23
        let rest = least + (size - least) % (usableSize - 4)
        let local = try page.slice(at: offset, count: rest <= most ? rest : least)
        let next: UInt32 = try page.big(at: offset + local.count)
        return Row(size: size) { (count) throws(ImageFault) in
            if count <= local.count { return local.prefix(count) }
            return try self.overflow(local, next, min(count, size))
        }
    }

    private func overflow(_ local: Bytes, _ first: UInt32, _ count: Int) throws(ImageFault) -> Bytes {
        var bytes = local.array
        var number = first
        while bytes.count < count {
            let page = try page(number)
            number = try page.big(at: 0)
            bytes += try page.slice(at: 4, count: usableSize - 4).prefix(count - bytes.count).array
        }
        return Bytes(bytes)
    }

    /// The serial types of a row and where its values start ("Record Format").
    private static func types(of row: Row) throws(ImageFault) -> (types: [UInt64], start: Int) {
        var offset = 0
        let size = try varint(row.prefix(9), &offset).bounded(to: 4096, "size of a row's head")
        let head = try row.prefix(size)
        var types: [UInt64] = []
        while offset < size { types.append(try varint(head, &offset)) }
        return (types, offset)
    }

    private static func length(of type: UInt64) throws(ImageFault) -> Int {
        switch type {
        case 0, 8, 9: 0
        case 1...4: Int(type)
        case 5: 6
        case 6, 7: 8
        case 10, 11: throw ImageFault(.corrupt, "a value of type \(type)")
        default: try ((type - 12) / 2).bounded(to: 1 << 30, "length of a value")
        }
    }

    /// The page where the tree of a table starts, of the schema on page 1: type, name, table, root page, SQL.
    package func rootPage(ofTable name: String) throws(ImageFault) -> UInt32? {
        var root: UInt32?
        try forEachRow(root: 1) { (row) throws(ImageFault) in
            let (types, start) = try Self.types(of: row)
            guard types.count >= 4 else { return }
            var offset = start
            var values: [Bytes] = []
            for type in types.prefix(4) {
                let length = try Self.length(of: type)
                guard length <= 4096 else { return }
                values.append(try row.prefix(offset + length).slice(at: offset, count: length))
                offset += length
            }
            guard values[0].text == "table", values[1].text == name else { return }
            // The integers 0 and 1 need no bytes; neither can be the page of a table.
            let number = values[3].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            root = try number.converted()
        }
        return root
    }

    /// Hands on the blob of every row of a table.
    func forEachBlob(
        root: UInt32, _ body: (RPMHeaderPrefix) throws(ImageFault) -> Void
    ) throws(ImageFault) {
        try forEachRow(root: root) { (row) throws(ImageFault) in
            let (types, start) = try Self.types(of: row)
            var offset = start
            for type in types {
                let length = try Self.length(of: type)
                // Even types from 12 on are blobs.
                if type >= 12, type % 2 == 0 {
                    let from = offset
                    try body { (count) throws(ImageFault) in
                        try row.prefix(from + min(max(0, count), length)).dropFirst(from)
                    }
                    return
                }
                offset = try offset.adding(length)
            }
        }
    }
}

extension Optional {
    /// `flatMap` for a transformation that throws a fault.
    fileprivate func flatMapThrowing<Other>(
        _ transform: (Wrapped) throws(ImageFault) -> Other?
    ) throws(ImageFault) -> Other? {
        switch self {
        case .some(let value): try transform(value)
        case .none: nil
        }
    }
}
