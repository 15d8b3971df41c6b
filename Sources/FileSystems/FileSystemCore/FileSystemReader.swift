package import ByteReading

/// How full a file system is.
package struct FileSystemUsage: Sendable, Hashable {
    /// In bytes.
    package var blockSize: UInt64
    package var totalBytes: UInt64
    package var freeBytes: UInt64
    /// Free for ordinary users: without the reserve for root.
    package var availableBytes: UInt64
    /// Zero where inodes are allocated on demand.
    package var totalInodes: UInt64
    package var freeInodes: UInt64

    package init(
        blockSize: UInt64, totalBytes: UInt64, freeBytes: UInt64, availableBytes: UInt64,
        totalInodes: UInt64 = 0, freeInodes: UInt64 = 0
    ) {
        self.blockSize = blockSize
        self.totalBytes = totalBytes
        self.freeBytes = freeBytes
        self.availableBytes = availableBytes
        self.totalInodes = totalInodes
        self.freeInodes = freeInodes
    }
}

/// Something a file system says about its own state, found while it was opened.
package struct FileSystemCondition: Sendable, Hashable {
    /// What was found. The guest's kernel, its initramfs's fsck and its firmware care about these.
    package enum Code: String, Sendable, Hashable {
        /// The journal holds transactions; they were replayed in memory.
        case journalReplayed
        /// The journal holds transactions that could not be replayed: what is read may be old.
        case journalNotReplayed
        /// The file system recorded errors (`s_error_count`, state "errors").
        case recordedErrors
        /// Not cleanly unmounted, and no journal to say what is missing.
        case notClean
        /// The primary superblock is damaged; a backup was read. The kernel and firmware will not do that.
        case backupSuperblockUsed
        /// A checksum over metadata does not match.
        case checksumMismatch
        /// Larger than the device that holds it: the kernel refuses to mount it.
        case largerThanDevice
        /// The FAT copies differ, a count is off: readable, but somebody should look.
        case inconsistent
        /// A system was suspended to disk with this volume mounted: what is on it is not what that system holds.
        case hibernated
        /// A device of a file system on several is not here; what only it holds cannot be read.
        case deviceMissing
    }

    package var code: Code
    package var message: String
    /// Bytes into the volume, where it matters.
    package var offset: UInt64?

    package init(_ code: Code, _ message: String, at offset: UInt64? = nil) {
        self.code = code
        self.message = message
        self.offset = offset
    }
}

/// A file system opened for reading: primitives only. Paths, symlinks and mounts are written once, above.
///
/// Every call may throw any kind of ``ImageFault``; a name that is not there is `nil`, not a fault.
package protocol FileSystemReader: Sendable {
    /// `ext2`, `ext3`, `ext4`, `vfat`: the name `blkid` and `mount -t` use.
    var kind: String { get }
    /// As blkid prints it, nil when the volume has none.
    var uuid: String? { get }
    var label: String? { get }
    /// Names of feature flags worth reporting (`64bit`, `metadata_csum`, `FAT32`).
    var features: [String] { get }
    var usage: FileSystemUsage { get }
    var conditions: [FileSystemCondition] { get }
    var root: NodeID { get }

    func info(_ node: NodeID) throws(ImageFault) -> FileInfo
    /// The node behind `name`, compared as the file system compares names.
    func lookup(_ name: FileName, in directory: NodeID) throws(ImageFault) -> NodeID?
    /// All entries but "." and "..", in the order of the disk.
    func list(_ directory: NodeID) throws(ImageFault) -> [DirectoryEntry]
    /// Up to `count` bytes of a regular file; fewer at its end. Holes read as zeros.
    func read(_ node: NodeID, at offset: UInt64, count: Int) throws(ImageFault) -> Bytes
    /// The bytes a symbolic link holds.
    func linkTarget(_ node: NodeID) throws(ImageFault) -> [UInt8]
    /// All extended attributes by full name (`security.selinux`).
    func extendedAttributes(_ node: NodeID) throws(ImageFault) -> [String: [UInt8]]
    /// Where on the volume `offset` of a file is stored, in bytes; nil for a hole or inline data.
    /// Boot code that follows block lists needs it.
    func location(of node: NodeID, at offset: UInt64) throws(ImageFault) -> UInt64?
    /// The trees inside the file system that can be mounted on their own, the topmost first; empty where the
    /// file system has no such thing. ``root`` is the top of the one a mount without options shows.
    func subvolumes() throws(ImageFault) -> [Subvolume]
    /// The file system as it is stored, without what a replay in memory changed: boot loaders read it so. Itself
    /// where nothing was replayed.
    func stored() throws(ImageFault) -> any FileSystemReader
}

extension FileSystemReader {
    package func extendedAttributes(_ node: NodeID) throws(ImageFault) -> [String: [UInt8]] { [:] }
    package func location(of node: NodeID, at offset: UInt64) throws(ImageFault) -> UInt64? { nil }
    package func subvolumes() throws(ImageFault) -> [Subvolume] { [] }
    package func stored() throws(ImageFault) -> any FileSystemReader { self }
}
