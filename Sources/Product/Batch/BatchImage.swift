internal import Glibc
internal import SystemPackage

/// What tells whether a file is still the one that was looked at (stat(2)).
public struct FileStamp: Sendable, Hashable, Codable {
    /// In bytes.
    public var size: Int64
    /// Time of the last change of the content: seconds since 1970, and nanoseconds.
    public var modified: [Int64]
    /// The file system it lies on, and its number there.
    public var identity: [UInt64]

    init(_ stat: Stat) {
        size = stat.size
        modified = [Int64(stat.st_mtim.tv_sec), Int64(stat.st_mtim.tv_nsec)]
        identity = [UInt64(truncatingIfNeeded: stat.deviceID.rawValue), UInt64(stat.inode.rawValue)]
    }

    /// The stamp of the file at `path`, links followed; nil when there is none.
    init?(ofFileAt path: String) {
        guard let stat = try? Stat(FilePath(path)), stat.type == .regular else { return nil }
        self.init(stat)
    }
}

/// One image of a batch: a file, with the files that hold parts of it.
public struct BatchImage: Sendable, Hashable {
    /// As the batch names it.
    public var path: String
    /// Of the file itself.
    public var stamp: FileStamp
    /// Where the files are that the image refers to and that may be opened: a backing file, the parts of a split
    /// disk. Links are followed.
    public var parts: [String] = []

    /// All that decides whether a result still holds: the stamps of the file and of its parts.
    public var stamps: [FileStamp] { [stamp] + parts.compactMap(FileStamp.init(ofFileAt:)) }

    init(path: String, stamp: FileStamp) {
        self.path = path
        self.stamp = stamp
    }
}

/// A file of the directory that is not checked, and why.
public struct BatchSkip: Sendable, Hashable {
    /// As the batch names it.
    public var path: String
    /// In a few words.
    public var reason: String
}
