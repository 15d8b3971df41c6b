internal import BlockIO
import FoundationEssentials
internal import SystemPackage

/// The files of a directory that a batch looks at: every regular file, whatever its name says, since images are
/// recognised by their content.
///
/// Hidden files and directories are left out: what is being copied here, and what tools keep for themselves, has such a
/// name. So are the files that the batch writes itself. A link to a file below the directory counts as that file; a link that leads
/// elsewhere is not followed, one to a directory neither, so a loop of links cannot trap the walk.
public struct BatchDirectory: Sendable {
    /// Why a directory cannot be listed.
    public struct Failure: Error, Sendable, CustomStringConvertible {
        /// One sentence.
        public let description: String
    }

    /// What is to be checked, sorted by path.
    public internal(set) var images: [BatchImage] = []
    /// What is not, sorted by path.
    public internal(set) var skipped: [BatchSkip] = []

    private static let depthLimit = 64

    /// What the batch writes, with what is below it; links are followed.
    private let own: [FilePath]

    /// Lists `directory`; the paths begin with it.
    ///
    /// - Parameter own: files and directories that the batch writes: they hold no images.
    public init(_ directory: String, recursive: Bool, sparing own: [String] = []) throws(Failure) {
        self.own = own.compactMap { path in
            // Of a file that is not there yet, the directory leads to its place.
            let path = FilePath(path)
            if let place = try? HostPath.resolve(path) { return place }
            let parent = path.removingLastComponent()
            guard let name = path.lastComponent,
                let place = try? HostPath.resolve(parent.isEmpty ? "." : parent)
            else { return nil }
            return place.appending(name)
        }
        var isDirectory = false
        guard FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory) else {
            throw Failure(description: "\(directory): no such directory")
        }
        guard isDirectory else {
            throw Failure(
                description: "\(directory) is not a directory; one image is checked with: imagecheck scan")
        }
        let root: FilePath
        do {
            root = try HostPath.resolve(FilePath(directory))
        } catch {
            throw Failure(description: "\(error)")
        }
        var links: [String] = []
        try walk(directory, at: root, recursive: recursive, depth: 0, links: &links)
        // A file has its own name before one that a link gives it.
        for link in links { follow(link, root: root) }
        leaveOutSecondNames()
        images.sort { $0.path < $1.path }
        skipped.sort { $0.path < $1.path }
    }

    private mutating func walk(
        _ directory: String, at place: FilePath, recursive: Bool, depth: Int, links: inout [String]
    ) throws(Failure) {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory)
        } catch {
            guard depth > 0 else {
                throw Failure(
                    description: "\(directory): the directory cannot be listed (permission denied?)")
            }
            skip(directory, "the directory cannot be listed")
            return
        }
        let base = directory.hasSuffix("/") ? directory : directory + "/"
        for name in names.sorted() {
            let path = base + name
            if name.hasPrefix(".") {
                skip(path, "hidden: its name begins with a dot")
                continue
            }
            if own.contains(place.appending(name)) {
                skip(path, "written by this batch")
                continue
            }
            guard let stat = try? Stat(FilePath(path), followTargetSymlink: false) else {
                skip(path, "it is gone, or its name is not UTF-8")
                continue
            }
            switch stat.type {
            case .directory:
                if !recursive {
                    skip(path, "a directory (--recursive looks into it)")
                } else if depth < BatchDirectory.depthLimit {
                    try walk(
                        path, at: place.appending(name), recursive: true, depth: depth + 1, links: &links)
                } else {
                    skip(path, "more than \(BatchDirectory.depthLimit) directories deep")
                }
            case .regular: images.append(BatchImage(path: path, stamp: FileStamp(stat)))
            case .symbolicLink: links.append(path)
            default: skip(path, "no regular file")
            }
        }
    }

    private mutating func follow(_ link: String, root: FilePath) {
        guard let target = try? HostPath.resolve(FilePath(link)), let stat = try? Stat(target) else {
            skip(link, "a link that leads nowhere")
            return
        }
        if stat.type == .directory {
            skip(link, "a link to a directory")
        } else if !target.starts(with: root) {
            skip(link, "a link that leads out of the directory")
        } else if own.contains(where: target.starts) {
            skip(link, "written by this batch")
        } else if stat.type == .regular {
            images.append(BatchImage(path: link, stamp: FileStamp(stat)))
        } else {
            skip(link, "no regular file")
        }
    }

    /// One file may have several names, by links of both kinds; it is one image.
    private mutating func leaveOutSecondNames() {
        var first: [[UInt64]: String] = [:]
        images.removeAll { image in
            if let path = first[image.stamp.identity] {
                skipped.append(BatchSkip(path: image.path, reason: "the same file as \(path)"))
                return true
            }
            first[image.stamp.identity] = image.path
            return false
        }
    }

    private mutating func skip(_ path: String, _ reason: String) {
        skipped.append(BatchSkip(path: path, reason: reason))
    }
}
