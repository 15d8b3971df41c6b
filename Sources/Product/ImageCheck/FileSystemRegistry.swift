import BlockIO
import ByteReading
import Ext4
import FAT
import FileSystemCore
import XFS

/// The file systems that are read. A new one is a module and a line here.
enum FileSystemRegistry {
    /// The kinds, by the names `blkid` gives, that ``open(_:kind:)`` reads.
    static let kinds: Set<String> = ["ext2", "ext3", "ext4", "vfat", "xfs"]

    /// Opens the file system of this kind on `source`; nil when it is not one of those that are read.
    static func open(
        _ source: any BlockSource, kind: String
    ) throws(ImageFault) -> (any FileSystemReader)? {
        switch kind {
        case "ext2", "ext3", "ext4": try Ext4FileSystem(source)
        case "vfat": try FATFileSystem(source)
        case "xfs": try XFSFileSystem(source)
        default: nil
        }
    }

    /// Opens a file system whose first copy of the superblock is gone. Costs some reads, so it is tried only
    /// where nothing else was recognised.
    static func openFromBackup(_ source: any BlockSource) throws(ImageFault) -> (any FileSystemReader)? {
        try Ext4FileSystem.probeBackups(source) ? try Ext4FileSystem(source) : nil
    }
}
