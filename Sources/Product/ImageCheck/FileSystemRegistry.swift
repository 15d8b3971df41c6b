import BlockIO
import ByteReading
import Ext4
import FAT
import FileSystemCore

/// The file systems that are read. A new one is a module and a line here.
enum FileSystemRegistry {
    /// The kinds, by the names `blkid` gives, that `open` reads.
    static let kinds: Set<String> = ["ext2", "ext3", "ext4", "vfat"]

    /// Opens the file system on `source`; nil when none of those that are read is on it.
    static func open(_ source: any BlockSource) throws(ImageFault) -> (any FileSystemReader)? {
        if try Ext4FileSystem.probe(source) { return try Ext4FileSystem(source) }
        if try FATFileSystem.probe(source) { return try FATFileSystem(source) }
        return nil
    }

    /// Opens a file system whose first copy of the superblock is gone. Costs some reads, so it is tried only
    /// where nothing else was recognised.
    static func openFromBackup(_ source: any BlockSource) throws(ImageFault) -> (any FileSystemReader)? {
        try Ext4FileSystem.probeBackups(source) ? try Ext4FileSystem(source) : nil
    }
}
