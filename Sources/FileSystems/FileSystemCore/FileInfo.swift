/// What kind of thing a node is.
package enum FileType: String, Sendable, Hashable {
    case regular, directory, symlink, characterDevice, blockDevice, fifo, socket, unknown

    /// From the type bits of a POSIX mode (`S_IFMT`, 0xF000).
    package init(mode: UInt16) {
        switch mode & 0xF000 {
        case 0x1000: self = .fifo
        case 0x2000: self = .characterDevice
        case 0x4000: self = .directory
        case 0x6000: self = .blockDevice
        case 0x8000: self = .regular
        case 0xA000: self = .symlink
        case 0xC000: self = .socket
        default: self = .unknown
        }
    }
}

/// Attributes beyond the mode, as `chattr` and `attrib` set them.
package struct FileFlags: OptionSet, Sendable, Hashable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    package static let immutable = FileFlags(rawValue: 1 << 0)
    package static let appendOnly = FileFlags(rawValue: 1 << 1)
    package static let encrypted = FileFlags(rawValue: 1 << 2)
    package static let compressed = FileFlags(rawValue: 1 << 3)
    package static let caseFolding = FileFlags(rawValue: 1 << 4)
    package static let verity = FileFlags(rawValue: 1 << 5)
}

/// What a file system says of one node.
package struct FileInfo: Sendable, Hashable {
    package var type: FileType
    /// Permission bits, set-id bits and the sticky bit (the low twelve bits of a POSIX mode).
    package var permissions: UInt16
    package var owner: UInt32
    package var group: UInt32
    /// In bytes.
    package var size: UInt64
    package var linkCount: UInt32
    /// Seconds since 1970.
    package var modified: Int64
    package var flags: FileFlags

    package init(
        type: FileType, permissions: UInt16, owner: UInt32 = 0, group: UInt32 = 0, size: UInt64,
        linkCount: UInt32 = 1, modified: Int64 = 0, flags: FileFlags = []
    ) {
        self.type = type
        self.permissions = permissions
        self.owner = owner
        self.group = group
        self.size = size
        self.linkCount = linkCount
        self.modified = modified
        self.flags = flags
    }
}

/// Names a node inside one file system: an inode number, a first cluster. The number means nothing elsewhere.
package struct NodeID: Hashable, Sendable {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// One name of a directory and what it leads to. "." and ".." are never listed.
package struct DirectoryEntry: Sendable, Hashable {
    package var name: FileName
    package var node: NodeID
    /// As the directory says it; `unknown` where only the node knows.
    package var type: FileType

    package init(name: FileName, node: NodeID, type: FileType) {
        self.name = name
        self.node = node
        self.type = type
    }
}
