import ByteReading

/// The record of a key (`nk`).
struct HiveKeyNode: Sendable {
    /// Bits of `Flags` (2).
    enum Flag {
        static let hiveEntry: UInt16 = 0x04
        static let compressedName: UInt16 = 0x20
        static let predefinedHandle: UInt16 = 0x40
    }

    /// The longest name that is read, in bytes; Windows has at most 255 characters.
    static let nameLimit = 1024
    /// The bytes before the name.
    static let fixedSize = 76

    /// The cell that holds it.
    let cell: UInt32
    let flags: UInt16
    /// As FILETIME (4).
    let lastWritten: UInt64
    /// The cell of the key it is under (16); means nothing in the root.
    let parent: UInt32
    let subkeyCount: UInt32
    let subkeyList: UInt32
    /// The number of values (36); 0 for a predefined handle, which stores the handle there.
    let valueCount: UInt32
    let valueList: UInt32
    let className: UInt32
    let classNameSize: Int
    let nameSize: Int

    /// Reads the first 76 bytes of the record.
    init(parsing bytes: Bytes, cell: UInt32) throws(ImageFault) {
        guard bytes.starts(with: "nk") else { throw ImageFault(.corrupt, "no key record", at: bytes.origin) }
        self.cell = cell
        flags = try bytes.little(at: 2)
        lastWritten = try bytes.little(at: 4)
        parent = try bytes.little(at: 16)
        subkeyCount = try bytes.little(at: 20)
        subkeyList = try bytes.little(at: 28)
        valueCount = flags & Flag.predefinedHandle == 0 ? try bytes.little(at: 36) : 0
        valueList = try bytes.little(at: 40)
        className = try bytes.little(at: 48)
        nameSize = try bytes.little(UInt16.self, at: 72).bounded(to: Self.nameLimit, "size of a key's name")
        classNameSize = Int(try bytes.little(UInt16.self, at: 74))
    }
}

extension Hive {
    /// The key record in the cell at `offset`.
    func keyNode(_ offset: UInt32) throws(ImageFault) -> HiveKeyNode {
        try HiveKeyNode(parsing: read(cell(offset), count: HiveKeyNode.fixedSize), cell: offset)
    }

    /// The key record in a cell that a list of `parent` names. The parent that the record names has to be
    /// the same, as Windows checks too: so no key is under two others, and none under itself.
    func keyNode(_ offset: UInt32, under parent: HiveKeyNode) throws(ImageFault) -> HiveKeyNode {
        let node = try keyNode(offset)
        guard node.parent == parent.cell, offset != header.rootCell else {
            throw ImageFault(
                .corrupt, "the key at \(offset) belongs under \(node.parent), not \(parent.cell)",
                at: position(offset))
        }
        return node
    }

    /// The name of a key.
    func name(of node: HiveKeyNode) throws(ImageFault) -> String {
        let bytes = try read(cell(node.cell), at: HiveKeyNode.fixedSize, count: node.nameSize)
        return try RegistryName.text(
            bytes, isCompressed: node.flags & HiveKeyNode.Flag.compressedName != 0)
    }
}
