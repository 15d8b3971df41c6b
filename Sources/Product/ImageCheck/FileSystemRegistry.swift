import BlockIO
import Btrfs
import ByteReading
import Ext4
import FAT
import FileSystemCore
import NTFS
import SquashFS
import Volumes
import XFS

/// The file systems that are read. A new one is a module and a line here.
enum FileSystemRegistry {
    /// The kinds, by the names `blkid` gives, that ``open(_:kind:)`` reads.
    static let kinds: Set<String> = ["ext2", "ext3", "ext4", "vfat", "xfs", "btrfs", "ntfs", "squashfs"]

    /// Opens the file system of this kind on `source`; nil when it is not one of those that are read.
    static func open(
        _ source: any BlockSource, kind: String
    ) throws(ImageFault) -> (any FileSystemReader)? {
        switch kind {
        case "ext2", "ext3", "ext4": try Ext4FileSystem(source)
        case "vfat": try FATFileSystem(source)
        case "ntfs": try NTFSFileSystem(source)
        case "xfs": try XFSFileSystem(source)
        case "btrfs": try BtrfsFileSystem([source])
        case "squashfs": try SquashFileSystem(source)
        default: nil
        }
    }

    /// Opens a file system whose first copy of the superblock is gone. Costs some reads, so it is tried only
    /// where nothing else was recognised.
    static func openFromBackup(_ source: any BlockSource) throws(ImageFault) -> (any FileSystemReader)? {
        if try Ext4FileSystem.probeBackups(source) { return try Ext4FileSystem(source) }
        if try XFSFileSystem.probeBackups(source) { return try XFSFileSystem(source) }
        if try BtrfsFileSystem.probeBackups(source) { return try BtrfsFileSystem([source]) }
        // The backup of NTFS outlives a volume that was made anew, so it comes last.
        if try NTFSFileSystem.probe(source) { return try NTFSFileSystem(source) }
        return nil
    }

    /// Opens one file system from all devices of a set.
    static func open(set: [any BlockSource]) throws(ImageFault) -> any FileSystemReader {
        try BtrfsFileSystem(set)
    }

    /// Which devices belong together: one set per file system on several devices, by index, in the order of the
    /// devices. Two copies of one device are not a set: each is opened by itself, as far as it can be.
    static func sets(_ devices: [StorageAssembly.Device]) -> [[Int]] {
        var order: [String] = []
        var members: [String: [Int]] = [:]
        var seen: Set<String> = []
        for (index, device) in devices.enumerated() where !device.isArrayMember && device.source != nil {
            guard let signature = device.signatures.first, signature.kind == "btrfs",
                let uuid = signature.uuid, seen.insert(uuid + "/" + (signature.subUUID ?? "")).inserted
            else { continue }
            if members[uuid] == nil { order.append(uuid) }
            members[uuid, default: []].append(index)
        }
        return order.compactMap { members[$0] }.filter { $0.count > 1 }
    }
}
