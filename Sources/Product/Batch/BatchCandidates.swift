import FoundationEssentials

/// The files of a directory that a batch looks at: every regular file, whatever its name says, since images are
/// recognised by their content. Hidden files are left out; links to files are followed, links to directories
/// are not, so a loop of links cannot trap the walk.
public enum BatchCandidates {
    /// Why a directory cannot be listed.
    public struct Failure: Error, Sendable, CustomStringConvertible {
        /// One sentence.
        public let description: String
    }

    private static let depthLimit = 64

    /// The candidates below `directory`, sorted, as paths that begin with it.
    public static func list(in directory: String, recursive: Bool) throws(Failure) -> [String] {
        var isDirectory = false
        guard FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory) else {
            throw Failure(description: "\(directory): no such directory")
        }
        guard isDirectory else {
            throw Failure(
                description: "\(directory) is not a directory; one image is checked with: imagecheck scan")
        }
        var found: [String] = []
        try walk(directory, recursive: recursive, depth: 0, into: &found)
        return found
    }

    private static func walk(
        _ directory: String, recursive: Bool, depth: Int, into found: inout [String]
    ) throws(Failure) {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory)
        } catch {
            throw Failure(description: "\(directory): the directory cannot be listed (permission denied?)")
        }
        let base = directory.hasSuffix("/") ? directory : directory + "/"
        for name in names.sorted() where !name.hasPrefix(".") {
            let path = base + name
            // Of the name itself, not of what a link points to.
            let type = (try? FileManager.default.attributesOfItem(atPath: path))?[.type] as? FileAttributeType
            if type == .typeDirectory {
                if recursive, depth < depthLimit {
                    try walk(path, recursive: true, depth: depth + 1, into: &found)
                }
            } else if type == .typeRegular {
                found.append(path)
            } else if type == .typeSymbolicLink {
                var isDirectory = false
                if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), !isDirectory {
                    found.append(path)
                }
            }
        }
    }
}
