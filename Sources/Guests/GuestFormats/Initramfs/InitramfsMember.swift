/// One member of an initramfs.
package struct InitramfsMember: Sendable, Hashable {
    /// What a member is, from the type bits of its mode.
    package enum Kind: Sendable, Hashable {
        /// A regular file.
        case file
        /// A directory.
        case directory
        /// A symbolic link; its target stands in `linkTarget`.
        case symbolicLink
        /// A device node, FIFO or socket.
        case special
    }

    /// The name as archived, without leading `/` and `./`; the root is the empty string.
    package var path: String
    /// Type and permission bits.
    package var mode: UInt32
    /// Bytes of content. Of a hard link: those of the file.
    package var size: UInt64
    /// Where a symbolic link points.
    package var linkTarget: String?
    /// The index of the segment it came from.
    package var segment: Int
    /// Where the content of a file begins in the stream that was read; nil when its segment is compressed.
    package var contentOffset: UInt64?

    /// The kind of member.
    package var kind: Kind {
        switch mode & 0o170000 {
        case 0o100000: .file
        case 0o040000: .directory
        case 0o120000: .symbolicLink
        default: .special
        }
    }

    /// Whether any execute bit is set.
    package var isExecutable: Bool { mode & 0o111 != 0 }

    /// Makes a member.
    package init(path: String, mode: UInt32, size: UInt64, linkTarget: String? = nil, segment: Int = 0) {
        self.path = path
        self.mode = mode
        self.size = size
        self.linkTarget = linkTarget
        self.segment = segment
    }
}
