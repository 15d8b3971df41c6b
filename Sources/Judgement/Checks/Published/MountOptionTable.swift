import GuestFacts

/// Options that a file system's driver refuses, by kernel version. A mount with one of them fails, and so does a
/// remount.
enum MountOptionTable {
    /// Those of `options` that the driver for `kind` refuses. Without a version of the kernel nothing is refused that
    /// some kernel takes. File systems other than ext2 to ext4 and xfs are not judged.
    static func refused(_ options: [String], _ kind: String?, _ version: String?) -> [String] {
        switch kind {
        case "xfs"?:
            return options.filter { option in
                guard let removal = xfsRemoved[name(option)] else { return false }
                return version.map { hasLost(removal, $0) } ?? false
            }
        case let kind? where ["ext2", "ext3", "ext4"].contains(kind):
            return options.filter { option in
                let name = name(option)
                return !extOptions.contains(name) && !userSpace.contains(name) && !name.hasPrefix("x-")
                    && !name.hasPrefix("X-") && !name.hasPrefix("#") && !name.isEmpty
            }
        default: return []
        }
    }

    /// Whether a file system without a device refuses options that it does not know. Linux 6.18 was asked: tmpfs, proc,
    /// devpts and hugetlbfs always have, those of the second list never do, and the others do since they have the
    /// mount interface of Linux 5, one after the other. An empty type stands for one that no kernel has.
    static func refusesUnknown(_ type: String) -> Answer {
        if type.isEmpty || ["tmpfs", "proc", "devpts", "hugetlbfs"].contains(type) { return .yes }
        return ["debugfs", "ramfs", "pstore", "bpf"].contains(type) ? .no : .unknown
    }

    static func name(_ option: String) -> String {
        option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).first.map(String.init)
            ?? option
    }

    /// Options of xfs that are gone, and the first version without them (Documentation/admin-guide/xfs.rst,
    /// "Removed Mount Options").
    private static let xfsRemoved: [String: KernelVersion] = [
        "barrier": KernelVersion(4, 19), "nobarrier": KernelVersion(4, 19), "delaylog": KernelVersion(4, 0),
        "nodelaylog": KernelVersion(4, 0), "ihashsize": KernelVersion(4, 0), "irixsgid": KernelVersion(4, 0),
        "osyncisdsync": KernelVersion(4, 0), "osyncisosync": KernelVersion(4, 0),
    ]

    /// The kernel of Red Hat 8 calls itself 4.18 and has the xfs of later ones.
    private static func hasLost(_ removal: KernelVersion, _ version: String) -> Bool {
        guard let kernel = KernelVersion(version) else { return false }
        return removal <= kernel || (version.contains(".el8") && removal <= KernelVersion(4, 19))
    }

    /// What mount(8), fsck and the boot take for themselves.
    private static let userSpace: Set = [
        "defaults", "auto", "noauto", "user", "nouser", "users", "owner", "group", "nofail", "_netdev",
        "_rnetdev",
        "nobootwait",
        "bootwait", "optional", "showthrough", "comment", "loop", "offset", "sizelimit", "encryption",
        "pamconsole",
        "managed", "kudzu", "hotplug", "timeout", "bind", "rbind", "remount", "mand", "nomand", "fail",
        "helper",
        "uhelper", "private", "rprivate", "shared", "rshared", "slave", "rslave", "unbindable", "runbindable",
        "move",
        "silent", "loud", "nosymfollow", "symfollow", "verity", "sw", "pri",
    ]

    /// What the ext2, ext3 and ext4 drivers or the mount call itself take (Documentation/admin-guide/ext4.rst and the
    /// ext2.txt and ext3.txt of Linux 2.6).
    static let extOptions: Set = [
        "abort", "acl", "async", "atime", "auto_da_alloc", "barrier", "block_validity", "bsddf", "bsdgroups",
        "check", "commit", "context", "data", "data_err", "dax", "debug", "defaults", "defcontext",
        "delalloc", "dev",
        "diratime", "dirsync", "discard", "dioread_lock", "dioread_nolock", "errors", "exec", "extents",
        "fscontext",
        "grpid", "grpjquota", "grpquota", "i_version", "init_itable", "inlinecrypt", "inode_readahead_blks",
        "iversion", "journal", "journal_async_commit", "journal_checksum", "journal_dev", "journal_ioprio",
        "journal_path", "jqfmt", "lazytime", "max_batch_time", "max_dir_size_kb", "mb_optimize_scan",
        "mballoc",
        "mblk_io_submit", "min_batch_time", "minixdf", "noacl", "noatime", "noauto_da_alloc", "nobarrier",
        "nobh",
        "noblock_validity", "nocheck", "nodelalloc", "nodev", "nodiratime", "nodiscard", "noexec", "nogrpid",
        "noinit_itable", "noiversion", "nojournal_checksum", "nolazytime", "noload", "nomballoc",
        "nomblk_io_submit",
        "nombcache", "no_mbcache", "noquota", "norecovery", "norelatime", "noreservation", "nostrictatime",
        "nosuid",
        "nouid32", "nouser_xattr", "oldalloc", "orlov", "prefetch_block_bitmaps", "no_prefetch_block_bitmaps",
        "prjquota", "quota", "relatime", "reservation", "resgid", "resuid", "ro", "rootcontext", "rw", "sb",
        "seclabel", "strictatime", "stripe", "suid", "sync", "sysvgroups", "test_dummy_encryption",
        "usrjquota",
        "usrquota", "user_xattr", "warn_on_error", "nowarn_on_error", "xip", "bh",
    ]
}
