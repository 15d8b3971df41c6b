/// A feature of a file system, and the first upstream kernel that mounts a volume with it (fs/xfs/libxfs/xfs_format.h,
/// fs/ext4/ext4.h and their histories; dates of 2026-11).
struct FileSystemFeature {
    let kind: String
    /// As the tools of the file system print it.
    let name: String
    let since: KernelVersion
    let sinceText: String
    /// An older kernel still mounts it read-only, and not for writing.
    var isReadable = false

    private init(_ kind: String, _ name: String, _ major: Int, _ minor: Int, isReadable: Bool = false) {
        self.kind = kind
        self.name = name
        since = KernelVersion(major, minor)
        sinceText = "\(major).\(minor)"
        self.isReadable = isReadable
    }

    static let all = [
        FileSystemFeature("xfs", "crc", 3, 10), FileSystemFeature("xfs", "ftype", 3, 10),
        FileSystemFeature("xfs", "finobt", 3, 16, isReadable: true), FileSystemFeature("xfs", "sparse", 4, 2),
        FileSystemFeature("xfs", "meta_uuid", 4, 3),
        FileSystemFeature("xfs", "rmapbt", 4, 8, isReadable: true),
        FileSystemFeature("xfs", "reflink", 4, 9, isReadable: true),
        FileSystemFeature("xfs", "bigtime", 5, 10),
        FileSystemFeature("xfs", "inobtcount", 5, 10, isReadable: true),
        FileSystemFeature("xfs", "nrext64", 5, 19),
        FileSystemFeature("xfs", "exchange", 6, 10), FileSystemFeature("xfs", "parent", 6, 10),
        FileSystemFeature("xfs", "metadir", 6, 13), FileSystemFeature("xfs", "zoned", 6, 15),
        FileSystemFeature("ext4", "bigalloc", 3, 2, isReadable: true),
        FileSystemFeature("ext4", "quota", 3, 6, isReadable: true),
        FileSystemFeature("ext4", "metadata_csum", 3, 6, isReadable: true),
        FileSystemFeature("ext4", "inline_data", 3, 8), FileSystemFeature("ext4", "encrypt", 4, 1),
        FileSystemFeature("ext4", "metadata_csum_seed", 4, 4),
        FileSystemFeature("ext4", "project", 4, 5, isReadable: true),
        FileSystemFeature("ext4", "ea_inode", 4, 13),
        FileSystemFeature("ext4", "large_dir", 4, 13), FileSystemFeature("ext4", "casefold", 5, 2),
        FileSystemFeature("ext4", "verity", 5, 4, isReadable: true),
        FileSystemFeature("ext4", "orphan_present", 5, 15, isReadable: true),
    ]

    /// Those of a volume that a kernel does not know.
    static func unknown(to version: String, _ kind: String?, _ features: [String]) -> [FileSystemFeature] {
        guard let kernel = KernelVersion(version) else { return [] }
        return all.filter { $0.kind == kind && features.contains($0.name) && kernel < $0.since }
    }

    /// Whether the maker of a kernel takes over file systems of later ones without changing its number.
    static func mayBeBackported(_ version: String) -> Bool {
        [".el", ".amzn", ".oe", ".an", ".al", ".tl", ".ky", "-default", "uek", ".hce", ".oc"].contains {
            version.contains($0)
        }
    }
}
