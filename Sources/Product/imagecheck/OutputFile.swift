import ArgumentParser
import BlockIO
import ByteReading
import FoundationEssentials
import SystemPackage

/// A file that an answer goes to. It appears whole or not at all, and is never one of the images.
struct OutputFile {
    private let path: String

    init(_ path: String) { self.path = path }

    /// Throws when the file is one of `images` (or hives), or when there is no directory for it.
    func check(against images: [String]) throws {
        if images.contains(where: isSame) {
            throw ValidationError("\(path) is read itself; nothing is written over what is read.")
        }
        var isDirectory = false
        let parent = FilePath(path).removingLastComponent().string
        guard
            FileManager.default.fileExists(atPath: parent.isEmpty ? "." : parent, isDirectory: &isDirectory),
            isDirectory
        else {
            throw CommandFailure("\(path) cannot be written: there is no directory \(parent)")
        }
        if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory {
            throw CommandFailure("\(path) cannot be written: it is a directory")
        }
    }

    /// Writes `bytes`, as `write(sparing:_:)` does.
    func write(_ bytes: [UInt8], sparing files: [String]) throws {
        try write(sparing: files) { append in try append(bytes) }
    }

    /// Writes what `content` hands over piece by piece. What is no regular file (`/dev/null`, a pipe) is written to; a
    /// regular file is replaced at once when everything is on the disk, keeping its permissions and a link to it.
    ///
    /// - Parameter files: host paths that may not be overwritten.
    /// - Throws: what `content` throws, and a `CommandFailure`.
    func write(sparing files: [String], _ content: (([UInt8]) throws -> Void) throws -> Void) throws {
        if let file = files.first(where: isSame) {
            throw CommandFailure("\(path) is not written: the image is made of \(file)")
        }
        do {
            if FileManager.default.fileExists(atPath: path), !isRegular {
                let file = try FileDescriptor.open(FilePath(path), .writeOnly, options: [.closeOnExec])
                try file.closeAfter { try content { _ = try file.writeAll($0) } }
            } else {
                let file = try WholeFile(FilePath(target))
                try content(file.append)
                try file.keep()
            }
        } catch Errno.brokenPipe {
            // Nobody reads it any more; that is no failure.
        } catch let error as Errno {
            throw CommandFailure("\(path) cannot be written: \(error)")
        }
    }

    /// Whether the file is one that a batch may replace although images lie around it: a report of the same form.
    ///
    /// - Parameters:
    ///   - signature: what such a report has near its beginning.
    ///   - directory: of the images.
    func isReplaceable(signature: String?, in directory: String) -> Bool {
        guard let stat = try? Stat(FilePath(path)), stat.type == .regular, stat.size > 0 else { return true }
        guard let place = try? HostPath.resolve(FilePath(path)),
            let root = try? HostPath.resolve(FilePath(directory)),
            place.starts(with: root) || stat.linkCount > 1
        else { return true }
        guard let signature, let source = try? FileSource(place),
            let head = try? source.read(at: 0, count: Int(min(source.size, 1024)))
        else { return false }
        return head.text.contains(signature)
    }

    private var isRegular: Bool {
        let attributes = try? FileManager.default.attributesOfItem(atPath: target)
        return attributes?[.type] as? FileAttributeType == .typeRegular
    }

    /// Where a link leads, so that the link stays.
    private var target: String {
        URL(filePath: path).resolvingSymlinksInPath().path(percentEncoded: false)
    }

    private func isSame(as other: String) -> Bool {
        path == other || HostPath.areSame(FilePath(path), FilePath(other))
    }
}
