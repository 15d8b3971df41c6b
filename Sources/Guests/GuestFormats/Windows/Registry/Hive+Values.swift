import ByteReading

/// The record of a value (`vk`) without its data.
struct HiveValueRecord: Sendable {
    let name: String
    let type: RegistryValueType
    /// The size with the bit that says that the data is in `data` itself (4).
    let rawSize: UInt32
    /// The cell of the data, or the data (8).
    let data: Bytes

    /// The size of the data.
    var size: Int { Int(rawSize & 0x7FFF_FFFF) }
    /// Whether the data is in the record.
    var isInside: Bool { rawSize & 0x8000_0000 != 0 }
}

extension Hive {
    /// How many values of one key are read.
    static let valueLimit = 1 << 17
    /// The longest data of a value that is read; Windows has none as long in the hives of the system.
    static let valueSizeLimit = 16 << 20
    /// How much data the values of one key may have together.
    static let valuesSizeLimit = 32 << 20
    /// The data of one segment of big data.
    private static let segmentSize = 16344

    /// The cells of the values of `node`; a list that is cut short is told and read as far as it goes.
    private func valueCells(of node: HiveKeyNode) throws(ImageFault) -> (cells: [UInt32], fault: ImageFault?)
    {
        guard node.valueCount > 0 else { return ([], nil) }
        let cell = try cell(node.valueList)
        var count = Int(node.valueCount)
        var fault: ImageFault?
        if count > cell.count / 4 {
            fault = ImageFault(
                .corrupt, "a list of \(cell.count / 4) values of a key that has \(count)", at: cell.position)
            count = cell.count / 4
        }
        guard count <= Self.valueLimit else {
            throw ImageFault(.limit, "more than \(Self.valueLimit) values", at: cell.position)
        }
        let list = try read(cell, count: count * 4)
        var cells: [UInt32] = []
        for index in 0..<count { cells.append(try list.little(at: index * 4)) }
        return (cells, fault)
    }

    private func valueRecord(_ offset: UInt32) throws(ImageFault) -> HiveValueRecord {
        let cell = try cell(offset)
        let head = try read(cell, count: 20)
        guard head.starts(with: "vk") else {
            throw ImageFault(.corrupt, "no value record", at: cell.position)
        }
        let nameSize = Int(try head.little(UInt16.self, at: 2))
        let flags: UInt16 = try head.little(at: 16)
        return HiveValueRecord(
            name: try RegistryName.text(
                read(cell, at: 20, count: nameSize), isCompressed: flags & 1 != 0),
            type: RegistryValueType(rawValue: try head.little(at: 12)),
            rawSize: try head.little(at: 4), data: try head.slice(at: 8, count: 4))
    }

    private func value(_ record: HiveValueRecord) throws(ImageFault) -> RegistryValue {
        RegistryValue(name: record.name, type: record.type, data: try data(of: record))
    }

    /// The data of a value: in its record, in a cell, or in segments (`db`).
    private func data(of record: HiveValueRecord) throws(ImageFault) -> Bytes {
        let size = record.size
        if record.isInside {
            let inside = try record.data.slice(at: 0, count: size)
            return Bytes(inside.array, origin: inside.origin)
        }
        guard size > 0 else { return Bytes([]) }
        guard size <= Self.valueSizeLimit else {
            throw ImageFault(.limit, "a value of \(size) bytes", at: record.data.origin)
        }
        let cell = try cell(record.data.little(at: 0))
        if header.hasBigData, size > Self.segmentSize, cell.count >= 8 {
            let head = try read(cell, count: 8)
            if head.starts(with: "db") { return try segments(head, size: size) }
        }
        // A copy, so that a few bytes do not keep a page alive.
        let bytes = try read(cell, count: size)
        return Bytes(bytes.array, origin: bytes.origin)
    }

    private func segments(_ head: Bytes, size: Int) throws(ImageFault) -> Bytes {
        let count = Int(try head.little(UInt16.self, at: 2))
        guard count == (size + Self.segmentSize - 1) / Self.segmentSize else {
            throw ImageFault(.corrupt, "\(size) bytes of data in \(count) segments", at: head.origin)
        }
        let list = try read(cell(head.little(at: 4)), count: count * 4)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(size)
        for index in 0..<count {
            let segment = try cell(list.little(at: index * 4))
            bytes.append(
                contentsOf: try read(segment, count: min(Self.segmentSize, size - bytes.count)))
        }
        return Bytes(bytes, origin: head.origin)
    }

    /// The values of `node` with their data; those that cannot be read are left out and told.
    func values(of node: HiveKeyNode, skip: (ImageFault) -> Void) throws(ImageFault) -> [RegistryValue] {
        let list = try valueCells(of: node)
        if let fault = list.fault { skip(fault) }
        var values: [RegistryValue] = []
        var budget = Budget(Self.valuesSizeLimit, of: "bytes of values")
        for offset in list.cells {
            let record: HiveValueRecord
            do throws(ImageFault) { record = try valueRecord(offset) } catch {
                skip(error)
                continue
            }
            // Before the data is read, so that a list of one large value many times costs nothing.
            try budget.spend(record.name.utf8.count + min(record.size, Self.valueSizeLimit))
            do throws(ImageFault) { values.append(try value(record)) } catch { skip(error) }
        }
        return values
    }

    /// The value of `node` that has the name; "" is the default value.
    func value(of node: HiveKeyNode, _ name: RegistryKeyQuery) throws(ImageFault) -> RegistryValue? {
        let list = try valueCells(of: node)
        // A value that cannot be read may be the one: then the answer is not "absent".
        var unread = list.fault
        for offset in list.cells {
            let record: HiveValueRecord
            do throws(ImageFault) { record = try valueRecord(offset) } catch {
                unread = error
                continue
            }
            if name.matches(record.name) { return try value(record) }
        }
        if let unread { throw unread }
        return nil
    }
}
