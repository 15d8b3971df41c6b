import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// The subvolumes of one file system, and which of them a mount shows.
struct SubvolumeTable {
    /// Of the topmost tree (BTRFS_FS_TREE_OBJECTID).
    static let topmostID: UInt64 = 5

    /// Empty where the file system has none.
    let subvolumes: [Subvolume]

    init(of fileSystem: any FileSystemReader) throws(ImageFault) {
        subvolumes = try fileSystem.subvolumes()
    }

    /// What a mount without options shows.
    var defaultSubvolume: Subvolume? {
        subvolumes.first(where: \.isDefault) ?? subvolume(SubvolumeTable.topmostID)
    }

    func subvolume(_ id: UInt64) -> Subvolume? { subvolumes.first { $0.id == id } }

    func subvolume(at path: String) -> Subvolume? {
        let wanted = SubvolumeTable.normalized(path)
        return subvolumes.first { $0.path == wanted }
    }

    /// A path as subvolumes record it: without slashes at its ends, or doubled ones.
    static func normalized(_ path: String) -> String {
        path.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }

    /// What `subvol=` and `subvolid=` among `options` select (fs/btrfs/super.c, `mount_subvol`): both must agree,
    /// an id of 0 is the topmost, and without either the default is mounted.
    func selection(_ options: MountOptions) -> (reference: SubvolumeReference, subvolume: Subvolume?) {
        var found: Subvolume?
        var stated: [String] = []
        var contradicts = false
        if let path = options.value("subvol") {
            stated.append("subvol=\(path)")
            found = subvolume(at: path)
            contradicts = found == nil
        }
        if let text = options.value("subvolid") {
            stated.append("subvolid=\(text)")
            let number = UInt64(text)
            let byID = number.flatMap { subvolume($0 == 0 ? SubvolumeTable.topmostID : $0) }
            contradicts = contradicts || byID == nil || (found != nil && found?.id != byID?.id)
            found = byID
        }
        if stated.isEmpty { found = defaultSubvolume }
        if contradicts { found = nil }
        let text = stated.isEmpty ? nil : stated.joined(separator: ",")
        return (SubvolumeReference(stated: text, id: found?.id, path: found?.path), found)
    }
}

extension FileSystemReader {
    /// The top of the subvolume that GRUB starts from: the topmost one, whatever the default is.
    func topmost() throws(ImageFault) -> NodeID {
        try subvolumes().first { $0.id == SubvolumeTable.topmostID }?.top ?? root
    }
}
