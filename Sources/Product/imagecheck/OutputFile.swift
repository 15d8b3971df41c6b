import ArgumentParser
import BlockIO
import FoundationEssentials
import SystemPackage

/// A file that an answer goes to. It appears whole or not at all, and is never one of the images.
struct OutputFile {
    private let path: String

    init(_ path: String) { self.path = path }

    /// Throws when the file is one of `images`, or when there is no directory for it.
    func check(against images: [String]) throws {
        if let image = images.first(where: isSame) {
            throw ValidationError("\(path) is the image \(image) itself; nothing is written over an image.")
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

    /// Writes `bytes`. What is no regular file (`/dev/null`, a pipe) is written to; a regular file is replaced at
    /// once when everything is on the disk, keeping a link to it.
    ///
    /// - Parameter files: host paths that may not be overwritten.
    func write(_ bytes: [UInt8], sparing files: [String]) throws(CommandFailure) {
        if let file = files.first(where: isSame) {
            throw CommandFailure("\(path) is not written: the image is made of \(file)")
        }
        do {
            if FileManager.default.fileExists(atPath: path), !isRegular {
                let file = try FileDescriptor.open(FilePath(path), .writeOnly, options: [.closeOnExec])
                try file.closeAfter { _ = try file.writeAll(bytes) }
            } else {
                try Data(bytes).write(to: URL(filePath: target), options: .atomic)
            }
        } catch Errno.brokenPipe {
            // Nobody reads it any more; that is no failure.
        } catch {
            throw CommandFailure("\(path) cannot be written: \(OutputFile.reason(error))")
        }
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

    private static func reason(_ error: any Error) -> String {
        if let error = error as? Errno { return "\(error)" }
        guard let error = error as? CocoaError else { return "\(error)" }
        switch error.code {
        case .fileWriteNoPermission: return "permission denied"
        case .fileWriteOutOfSpace: return "no space is left"
        case .fileWriteVolumeReadOnly: return "the file system is read-only"
        case .fileNoSuchFile: return "there is no such directory"
        default: return "error \(error.code.rawValue)"
        }
    }
}
