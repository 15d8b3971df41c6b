internal import Glibc
package import SystemPackage

/// A file that is written piece by piece and appears whole or not at all: until it is kept, its content stands in a
/// hidden file beside its place. Another program sees the old file or the new one, never a part.
///
/// A file that is replaced keeps its permissions; a new one gets those that the umask leaves.
package final class WholeFile {
    private let place: FilePath
    private let draft: FilePath
    private let descriptor: FileDescriptor
    private var pending: [UInt8] = []
    private var isKept = false

    private static let pendingLimit = 256 << 10

    /// Begins a file at `place`. Throws the error of the host (`Errno`).
    package init(_ place: FilePath) throws {
        self.place = place
        let name = ".imagecheck-" + String(UInt64.random(in: 0 ... .max), radix: 16)
        draft = place.removingLastComponent().appending(name)
        descriptor = try FileDescriptor.open(
            draft, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
            permissions: [.ownerReadWrite, .groupReadWrite, .otherReadWrite])
        if let old = try? Stat(place, followTargetSymlink: false), old.type == .regular {
            // What cannot be kept (a file system without permissions) is no reason not to write.
            _ = fchmod(descriptor.rawValue, old.permissions.rawValue)
        }
    }

    deinit {
        guard !isKept else { return }
        try? descriptor.close()
        _ = unsafe draft.withPlatformString { unsafe unlink($0) }
    }

    /// Adds to its end.
    package func append(_ bytes: [UInt8]) throws {
        pending += bytes
        if pending.count >= WholeFile.pendingLimit { try flush() }
    }

    /// Puts the file in its place; unless it is one of many that can be made anew, once all of it is on the disk.
    package func keep(isOneOfMany: Bool = false) throws {
        try flush()
        if !isOneOfMany, fsync(descriptor.rawValue) != 0 { throw Errno(rawValue: errno) }
        let result = unsafe draft.withPlatformString { old in
            unsafe place.withPlatformString { new in unsafe rename(old, new) }
        }
        guard result == 0 else { throw Errno(rawValue: errno) }
        isKept = true
        try descriptor.close()
    }

    private func flush() throws {
        try descriptor.writeAll(pending)
        pending.removeAll(keepingCapacity: true)
    }

    /// Writes a whole file at once.
    package static func write(_ bytes: [UInt8], to place: FilePath, isOneOfMany: Bool = false) throws {
        let file = try WholeFile(place)
        try file.append(bytes)
        try file.keep(isOneOfMany: isOneOfMany)
    }
}
