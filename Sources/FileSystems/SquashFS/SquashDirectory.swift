import ByteReading
import FileSystemCore

/// The listing of a directory: runs of entries that share a metadata block of inodes, sorted by name
/// (fs/squashfs/dir.c, namei.c).
struct SquashDirectory {
    let inode: SquashInode
    let listing: SquashInode.Listing
    let metadata: SquashMetadata
    let tableStart: UInt64

    /// `.` and `..` count three bytes, though they are not stored.
    private static let unlisted: UInt64 = 3
    private static let runLimit: UInt32 = 256
    private static let entryLimit = 1 << 20

    /// All entries.
    func entries() throws(ImageFault) -> [DirectoryEntry] {
        var result: [DirectoryEntry] = []
        var budget = Budget(SquashDirectory.entryLimit, of: "entries in a directory")
        try walk(from: Place()) { (entry) throws(ImageFault) in
            try budget.spend()
            result.append(entry)
            return true
        }
        return result
    }

    /// The entry of this name.
    func entry(_ name: FileName) throws(ImageFault) -> DirectoryEntry? {
        var found: DirectoryEntry?
        try walk(from: try place(of: name)) { (entry) throws(ImageFault) in
            if entry.name == name { found = entry }
            // Sorted: behind a greater name there is none.
            return found == nil && entry.name < name
        }
        return found
    }

    /// A run of the listing.
    private struct Place {
        /// Bytes of the listing before it.
        var skipped: UInt64 = 0
        /// The metadata block it stands in; nil for the first one.
        var block: UInt32?
    }

    /// The run that may hold `name`, by the index.
    private func place(of name: FileName) throws(ImageFault) -> Place {
        var cursor = inode.rest
        var best = Place()
        for _ in 0..<listing.indexCount {
            let entry = try cursor.read(12)
            let length: UInt32 = try entry.little(at: 8)
            guard length < 256 else {
                throw ImageFault(.corrupt, "index name of \(length) bytes", at: entry.origin)
            }
            let first = FileName(try cursor.read(Int(length) + 1).array)
            if name < first { break }
            best = Place(
                skipped: UInt64(try entry.little(UInt32.self, at: 0)), block: try entry.little(at: 4))
        }
        return best
    }

    /// Hands out entries from `place` on until `body` answers false.
    private func walk(
        from place: Place, _ body: (DirectoryEntry) throws(ImageFault) -> Bool
    ) throws(ImageFault) {
        guard inode.size > SquashDirectory.unlisted else { return }
        var left = try (inode.size - SquashDirectory.unlisted).subtracting(place.skipped)
        let offset = (UInt64(listing.offset) + place.skipped) % UInt64(SquashMetadata.blockSize)
        var cursor = SquashCursor(
            metadata, block: try tableStart.adding(UInt64(place.block ?? listing.block)), offset: Int(offset))
        func spend(_ count: Int, _ origin: UInt64) throws(ImageFault) {
            guard left >= UInt64(count) else {
                throw ImageFault(.corrupt, "a directory ends inside an entry", at: origin)
            }
            left -= UInt64(count)
        }
        while left > 0 {
            let head = try cursor.read(12)
            try spend(12, head.origin)
            let count: UInt32 = try head.little(at: 0)
            guard count < SquashDirectory.runLimit else {
                throw ImageFault(.corrupt, "a run of \(UInt64(count) + 1) directory entries", at: head.origin)
            }
            let block: UInt32 = try head.little(at: 4)
            for _ in 0...count {
                let fields = try cursor.read(8)
                let length = Int(try fields.little(UInt16.self, at: 6))
                guard length < 256 else {
                    throw ImageFault(.corrupt, "a name of \(length + 1) bytes", at: fields.origin)
                }
                let name = FileName(try cursor.read(length + 1).array)
                try spend(8 + length + 1, fields.origin)
                let reference = SquashInodeReference(block: block, offset: try fields.little(at: 0))
                let entry = DirectoryEntry(
                    name: name, node: NodeID(reference.rawValue),
                    type: Self.type(try fields.little(at: 4)))
                guard try body(entry) else { return }
            }
        }
    }

    /// Entries give the basic types only (`squashfs_filetype_table`).
    private static func type(_ number: UInt16) -> FileType {
        let types: [FileType] = [
            .unknown, .directory, .regular, .symlink, .blockDevice, .characterDevice, .fifo, .socket,
        ]
        return Int(number) < types.count ? types[Int(number)] : .unknown
    }
}
