import ByteReading

/// One name of a directory: an entry of its `$I30` index, whose key is a `$FILE_NAME`.
struct NTFSIndexEntry: Sendable {
    /// `$FILE_NAME` 0x41: which rules the name keeps.
    enum NameSpace: UInt8, Sendable {
        case posix = 0
        case win32 = 1
        /// An 8.3 name made for a longer one.
        case dos = 2
        /// A name that is its own 8.3 name.
        case win32AndDOS = 3
    }

    var reference: NTFSReference
    var name: [UInt16]
    var nameSpace: NameSpace
    /// `FILE_ATTRIBUTE_*` of the file, 0x38, as the directory remembers it.
    var attributes: NTFSFileAttributes
    /// 0x30.
    var size: UInt64
    /// 0x3C, where ``attributes`` has `reparsePoint`.
    var reparseTag: UInt32
}

/// `FILE_ATTRIBUTE_*` ([MS-FSCC] 2.6), and the bit by which `$FILE_NAME` marks directories.
struct NTFSFileAttributes: OptionSet, Sendable {
    let rawValue: UInt32

    static let system = NTFSFileAttributes(rawValue: 0x4)
    static let reparsePoint = NTFSFileAttributes(rawValue: 0x400)
    static let compressed = NTFSFileAttributes(rawValue: 0x800)
    static let encrypted = NTFSFileAttributes(rawValue: 0x4000)
    static let directory = NTFSFileAttributes(rawValue: 0x1000_0000)
}

/// The index of a directory: a B+tree whose root lies in `$INDEX_ROOT` and whose nodes in
/// `$INDEX_ALLOCATION`.
struct NTFSDirectory: Sendable {
    static let indexName: [UInt16] = Array("$I30".utf16)
    /// 1 GiB of nodes of 4 KiB.
    private static let nodeBudget = 1 << 18
    private static let depthLimit = 24

    private let volume: NTFSVolume
    private let root: Bytes
    private let blocks: NTFSStream?
    private let blockSize: Int
    /// What the numbers of nodes count: clusters, or sectors where a node is smaller than a cluster.
    private let unit: UInt64

    /// The index of a directory. Throws `corrupt` when it has none.
    init(_ file: NTFSFile, on volume: NTFSVolume) throws(ImageFault) {
        self.volume = volume
        guard
            let root = try volume.value(
                .indexRoot, named: NTFSDirectory.indexName, of: file, limit: volume.geometry.recordSize)
        else {
            throw ImageFault(.corrupt, "directory \(file.record.number) has no index", at: file.record.place)
        }
        self.root = root
        guard try root.little(UInt32.self, at: 0) == NTFSAttribute.Kind.fileName.rawValue,
            try root.little(UInt32.self, at: 4) == 1
        else { throw ImageFault(.corrupt, "an index that is not one of file names", at: root.origin) }
        let size: UInt32 = try root.little(at: 8)
        guard size.nonzeroBitCount == 1, (512...65536).contains(size) else {
            throw ImageFault(.corrupt, "index blocks of \(size) bytes", at: root.origin &+ 8)
        }
        blockSize = Int(size)
        unit = UInt64(size) >= volume.geometry.clusterSize ? volume.geometry.clusterSize : 512
        blocks = try volume.stream(.indexAllocation, named: NTFSDirectory.indexName, of: file)
    }

    /// Nodes still to be seen, and those that were: a node that is met twice is a loop.
    private struct Walk {
        var visited: Set<UInt64> = []
        var budget = Budget(NTFSDirectory.nodeBudget, of: "index blocks of a directory")
    }

    /// An entry of a node as it is stored.
    private struct Slot {
        var entry: NTFSIndexEntry?
        var child: UInt64?
    }

    // MARK: Listing

    /// All names in the order of the index, those of DOS among them.
    func entries() throws(ImageFault) -> [NTFSIndexEntry] {
        var walk = Walk()
        var result: [NTFSIndexEntry] = []
        try collect(rootSlots(), depth: 0, &walk, into: &result)
        return result
    }

    private func collect(
        _ slots: [Slot], depth: Int, _ walk: inout Walk, into result: inout [NTFSIndexEntry]
    ) throws(ImageFault) {
        for slot in slots {
            if let child = slot.child {
                try collect(self.slots(of: child, depth, &walk), depth: depth + 1, &walk, into: &result)
            }
            if let entry = slot.entry { result.append(entry) }
        }
    }

    // MARK: Lookup

    /// The entry of a name: the one that is the same to the letter, else the first that is the same without
    /// regard to case. Only nodes on the way to it are read.
    func entry(_ name: [UInt16], _ upcase: NTFSUpcase) throws(ImageFault) -> NTFSIndexEntry? {
        var walk = Walk()
        var result: NTFSIndexEntry?
        _ = try search(rootSlots(), depth: 0, name, folded: upcase.fold(name), upcase, &walk, &result)
        return result
    }

    /// Whether the search is over.
    private func search(
        _ slots: [Slot], depth: Int, _ name: [UInt16], folded: [UInt16], _ upcase: NTFSUpcase,
        _ walk: inout Walk, _ result: inout NTFSIndexEntry?
    ) throws(ImageFault) -> Bool {
        for slot in slots {
            let order = slot.entry.map { upcase.order($0.name, foldedFirst: folded) } ?? 1
            if order < 0 { continue }
            if let child = slot.child {
                let isDone = try search(
                    self.slots(of: child, depth, &walk), depth: depth + 1, name, folded: folded, upcase,
                    &walk, &result)
                if isDone { return true }
            }
            if order > 0 { return slot.entry != nil }
            if let entry = slot.entry {
                if entry.name == name {
                    result = entry
                    return true
                }
                if result == nil { result = entry }
            }
        }
        return false
    }

    // MARK: Nodes

    private func rootSlots() throws(ImageFault) -> [Slot] { try slots(root, header: 0x10) }

    /// The entries of a node. Throws `corrupt` when it was seen before.
    private func slots(
        of node: UInt64, _ depth: Int, _ walk: inout Walk
    ) throws(ImageFault) -> [Slot] {
        guard depth < NTFSDirectory.depthLimit else {
            throw ImageFault(
                .limit, "an index of more than \(NTFSDirectory.depthLimit) levels", at: root.origin)
        }
        guard let blocks else {
            throw ImageFault(.corrupt, "an index without blocks refers to block \(node)", at: root.origin)
        }
        guard walk.visited.insert(node).inserted else {
            throw ImageFault(.corrupt, "index block \(node) is met twice", at: blocks.place)
        }
        try walk.budget.spend()
        let offset = try node.multiplied(by: unit)
        guard offset < blocks.size, blocks.size - offset >= UInt64(blockSize) else {
            throw ImageFault(
                .corrupt, "index block \(node) lies past the \(blocks.size) bytes of the index",
                at: blocks.place)
        }
        let raw = try volume.streams.read(blocks, at: offset, count: blockSize)
        let place = volume.streams.location(of: blocks, at: offset) ?? 0
        let block = try UpdateSequence.restore(raw.rebased(to: place), signature: "INDX")
        let own: UInt64 = try block.little(at: 0x10)
        guard own == node else {
            throw ImageFault(.corrupt, "index block \(node) says that it is \(own)", at: block.origin &+ 0x10)
        }
        return try slots(block, header: 0x18)
    }

    /// Entries behind an index header: reference, length, length of the key, flags; at its end, where the
    /// flags say so, the node of what comes before it.
    private func slots(_ node: Bytes, header: Int) throws(ImageFault) -> [Slot] {
        let first = try node.little(UInt32.self, at: header).bounded(to: node.count, "start of index entries")
        let used = try node.little(UInt32.self, at: header + 4).bounded(
            to: node.count, "size of index entries")
        let area = try node.slice(at: header, count: used)
        var slots: [Slot] = []
        var position = first
        while true {
            let length = Int(try area.little(UInt16.self, at: position + 8))
            guard length >= 0x10, length & 7 == 0 else {
                throw ImageFault(
                    .corrupt, "an index entry of \(length) bytes", at: area.origin &+ UInt64(position))
            }
            let bytes = try area.slice(at: position, count: length)
            let flags: UInt16 = try bytes.little(at: 0x0C)
            var slot = Slot()
            if flags & 1 != 0 {
                guard length >= 0x18 else {
                    throw ImageFault(.corrupt, "an index entry without room for its node", at: bytes.origin)
                }
                slot.child = try bytes.little(at: length - 8)
            }
            if flags & 2 == 0 { slot.entry = try NTFSIndexEntry(parsing: bytes) }
            slots.append(slot)
            if flags & 2 != 0 { return slots }
            position += length
        }
    }
}

extension NTFSIndexEntry {
    /// Reads an entry that has a key.
    init(parsing bytes: Bytes) throws(ImageFault) {
        reference = NTFSReference(try bytes.little(at: 0))
        let key = try bytes.slice(at: 0x10, count: Int(try bytes.little(UInt16.self, at: 0x0A)))
        size = try key.little(at: 0x30)
        attributes = NTFSFileAttributes(rawValue: try key.little(at: 0x38))
        reparseTag = try key.little(at: 0x3C)
        guard let nameSpace = NameSpace(rawValue: try key.byte(at: 0x41)) else {
            throw ImageFault(.corrupt, "a name of kind \(try key.byte(at: 0x41))", at: key.origin &+ 0x41)
        }
        self.nameSpace = nameSpace
        name = try NTFSName.units(key.slice(at: 0x42, count: Int(key.byte(at: 0x40)) * 2))
    }
}
