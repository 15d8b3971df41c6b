package import ByteReading

/// Resources of a program: a tree of three levels (kind, name, language) whose leaves are bytes
/// (PE Format, "The .rsrc Section").
extension PEImage {
    /// `RT_VERSION`.
    private static let versionKind: UInt32 = 16
    /// Far more entries than the directories have that lead to a version.
    private static let mostEntries = 4096

    /// The version resource, nil if the program has none. Reads the directories on the way and the resource, not
    /// the section: icons and dialogs of a program take megabytes.
    package func versionResource() throws(ImageFault) -> VersionResource? {
        guard let bytes = try resource(of: Self.versionKind) else { return nil }
        return try VersionResource(parsing: bytes)
    }

    /// The first resource of a kind in whatever language; nil if there is none.
    package func resource(of kind: UInt32, limit: Int = 1 << 16) throws(ImageFault) -> Bytes? {
        guard let root = directories[2] else { return nil }
        var entry = try firstEntry(of: 0, in: root) { $0 == kind }
        // Name and language: any will do. A directory that leads back up is not followed further than this.
        for _ in 0..<2 {
            guard let found = entry else { return nil }
            guard found.isDirectory else { break }
            entry = try firstEntry(of: found.offset, in: root) { _ in true }
        }
        guard let leaf = entry, !leaf.isDirectory else { return nil }
        let place = try bytes(at: try root.address.adding(leaf.offset), count: 16)
        let size: UInt32 = try place.little(at: 4)
        guard UInt64(size) <= UInt64(limit) else {
            throw ImageFault(.limit, "a resource of \(size) bytes", at: place.origin)
        }
        return try bytes(at: try place.little(at: 0), count: Int(size))
    }

    /// What an entry of a directory leads to: another directory or a leaf, as an offset from the root.
    private struct ResourceEntry {
        let offset: UInt32
        let isDirectory: Bool
    }

    /// The first entry with a number that `matches`, or with a name if those are wanted too.
    private func firstEntry(
        of offset: UInt32, in root: Directory, where matches: (UInt32) -> Bool
    ) throws(ImageFault) -> ResourceEntry? {
        let start = try root.address.adding(offset)
        let header = try bytes(at: start, count: 16)
        let count = Int(try header.little(UInt16.self, at: 12)) + Int(try header.little(UInt16.self, at: 14))
        guard count <= Self.mostEntries else {
            throw ImageFault(.limit, "\(count) entries in a directory of resources", at: header.origin)
        }
        let table = try bytes(at: try start.adding(16), count: count * 8)
        for index in 0..<count {
            let name: UInt32 = try table.little(at: index * 8)
            let target: UInt32 = try table.little(at: index * 8 + 4)
            // The high bit marks a name that is text, and a target that is a directory.
            guard matches(name) else { continue }
            return ResourceEntry(offset: target & 0x7FFF_FFFF, isDirectory: target >> 31 == 1)
        }
        return nil
    }

    /// Bytes at an address relative to the start of the program in memory, read from the file.
    func bytes(at address: UInt32, count: Int) throws(ImageFault) -> Bytes {
        let section = sections.first {
            address >= $0.virtualAddress
                && address - $0.virtualAddress < Swift.max($0.virtualSize, $0.fileSize)
        }
        guard let section else {
            throw ImageFault(.corrupt, "no section holds address \(address) of the program")
        }
        let inside = address - section.virtualAddress
        guard count >= 0, inside <= section.fileSize, UInt64(count) <= UInt64(section.fileSize - inside)
        else {
            throw ImageFault(
                .corrupt, "\(count) bytes at address \(address) reach past section \(section.name)",
                at: UInt64(section.fileOffset) + UInt64(inside))
        }
        return try source.read(at: UInt64(section.fileOffset) + UInt64(inside), count: count)
    }
}
