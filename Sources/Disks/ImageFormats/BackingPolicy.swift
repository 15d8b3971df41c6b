import BlockIO
package import ByteReading
package import SystemPackage

/// Which files an image may make us open. By default none: an image comes from a stranger, and a backing file
/// name is a request to read `/etc/shadow`.
package struct BackingPolicy: Sendable {
    /// Files below these directories may be opened, links followed.
    package let allowedDirectories: [FilePath]

    package init(allowing directories: [FilePath] = []) { allowedDirectories = directories }

    /// Nothing may be opened.
    package static let nothing = BackingPolicy()

    /// The file behind `name`, which the file at `namer` refers to.
    ///
    /// A relative name is relative to the directory of the file that names it, as for QEMU. Throws
    /// `notAllowed` unless the file lies below an allowed directory after all links are followed; `unsupported`
    /// for names of protocols (`nbd://`, `json:`); `notFound` when it is allowed and not there.
    package func resolve(_ name: [UInt8], namedBy namer: FilePath?) throws(ImageFault) -> Location {
        let text = try BackingPolicy.path(from: name)
        guard !allowedDirectories.isEmpty else {
            throw ImageFault(.notAllowed, "\(text) is not opened: no directory of backing files was allowed")
        }
        let path: FilePath
        let given = FilePath(text)
        if given.isAbsolute {
            path = given
        } else {
            guard let namer else {
                throw ImageFault(.notAllowed, "\(text) is relative to a place that is not known")
            }
            path = namer.removingLastComponent().appending(given.components)
        }
        var isNamedInside = false
        for directory in allowedDirectories {
            let realDirectory = try HostPath.resolve(directory)
            let real: FilePath
            do {
                real = try HostPath.resolve(path)
            } catch  where error.kind == .notFound {
                // Whether a file exists outside the allowed directories is not for the image to learn.
                let parent = try? HostPath.resolve(path.removingLastComponent())
                if let parent, parent.starts(with: realDirectory) { isNamedInside = true }
                continue
            }
            if real.starts(with: realDirectory) { return Location(path: path, realPath: real) }
        }
        if isNamedInside { throw ImageFault(.notFound, "\(path): no such file") }
        throw ImageFault(.notAllowed, "\(path) does not lie below a directory allowed for backing files")
    }

    /// What makes a name one that no image from a stranger should hold, nil when it stays in the directory of
    /// the file that names it.
    package static func complaint(about name: [UInt8]) -> String? {
        if name.contains(0) { return "holds a NUL" }
        guard let text = String(validating: name, as: UTF8.self) else { return "is not UTF-8" }
        if text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) {
            return "holds control characters"
        }
        if text.hasPrefix("/dev/") { return "is a device of the host" }
        if text.hasPrefix("/") { return "is an absolute path" }
        if text.prefix(while: { $0 != "/" }).contains(":") { return "names a protocol or a drive" }
        let parts = text.split(whereSeparator: { $0 == "/" || $0 == "\\" })
        return parts.contains("..") ? "leads out of the directory of the image" : nil
    }

    /// A file that may be opened.
    package struct Location: Sendable, Hashable {
        /// As it was named, for names relative to it.
        package let path: FilePath
        /// Without links: what is opened.
        package let realPath: FilePath
    }

    /// The file name in `name`, after taking off `file:`; QEMU takes anything before a colon that precedes
    /// the first slash for a protocol (`path_has_protocol`).
    private static func path(from name: [UInt8]) throws(ImageFault) -> String {
        guard !name.isEmpty, !name.contains(0), let text = String(validating: name, as: UTF8.self) else {
            throw ImageFault(.unsupported, "the name of the file is empty, holds a NUL or is not UTF-8")
        }
        let scheme = text.prefix { $0 != "/" && $0 != ":" }
        guard scheme.endIndex < text.endIndex, text[scheme.endIndex] == ":" else { return text }
        let rest = String(text[text.index(after: scheme.endIndex)...])
        guard scheme == "file", !rest.isEmpty else {
            throw ImageFault(.unsupported, "\(text) names a protocol (\(scheme):), not a file")
        }
        return rest
    }
}
