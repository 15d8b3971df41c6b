internal import Glibc
package import SystemPackage

/// A file that is written piece by piece and appears whole or not at all: until it is kept, its content stands beside
/// its place in a file without a name (open(2), `O_TMPFILE`), of which nothing is left when the program is killed; on
/// file systems that have no such files, in a hidden one. Another program sees the old file or the new one, never a
/// part.
///
/// A file that is replaced keeps its permissions and, where the host allows it, its owner; a new one gets those that
/// the umask leaves.
package final class WholeFile {
    private let place: FilePath
    private let draft: FilePath
    private let descriptor: FileDescriptor
    private var pending: [UInt8] = []
    /// Whether `draft` is there.
    private var hasDraft: Bool

    private static let pendingLimit = 256 << 10

    /// Begins a file at `place`. Throws the error of the host (`Errno`).
    package init(_ place: FilePath) throws {
        self.place = place
        let name = ".imagecheck-" + String(UInt64.random(in: 0 ... .max), radix: 16)
        let directory = place.removingLastComponent()
        draft = directory.appending(name)
        let permissions: FilePermissions = [.ownerReadWrite, .groupReadWrite, .otherReadWrite]
        let nameless = try? FileDescriptor.open(
            directory.isEmpty ? "." : directory, .writeOnly,
            options: [FileDescriptor.OpenOptions(rawValue: WholeFile.temporary), .closeOnExec],
            permissions: permissions)
        if let nameless, (try? Stat(WholeFile.link(to: nameless))) != nil {
            descriptor = nameless
            hasDraft = false
        } else {
            try? nameless?.close()
            descriptor = try FileDescriptor.open(
                draft, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
                permissions: permissions)
            hasDraft = true
        }
        if let old = try? Stat(place, followTargetSymlink: false), old.type == .regular {
            // What cannot be kept (a file system without permissions, another's file) is no reason not to write.
            _ = fchown(descriptor.rawValue, old.userID.rawValue, old.groupID.rawValue)
            _ = fchmod(descriptor.rawValue, old.permissions.rawValue)
        }
    }

    deinit {
        try? descriptor.close()
        if hasDraft { _ = unsafe draft.withPlatformString { unsafe unlink($0) } }
    }

    /// `O_TMPFILE` of Linux: the flag itself and `O_DIRECTORY`.
    private static let temporary = 0o20_000_000 | O_DIRECTORY

    /// By which a file without a name gets one (open(2)); there only where `/proc` is.
    private static func link(to file: FileDescriptor) -> FilePath {
        FilePath("/proc/self/fd/\(file.rawValue)")
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
        if !hasDraft {
            try unsafe WholeFile.apply(WholeFile.link(to: descriptor), draft) { old, new in
                unsafe linkat(AT_FDCWD, old, AT_FDCWD, new, AT_SYMLINK_FOLLOW)
            }
            hasDraft = true
        }
        try unsafe WholeFile.apply(draft, place) { old, new in unsafe rename(old, new) }
        hasDraft = false
    }

    private static func apply(
        _ old: FilePath, _ new: FilePath,
        _ call: (UnsafePointer<CInterop.PlatformChar>, UnsafePointer<CInterop.PlatformChar>) -> CInt
    ) throws {
        let result = unsafe old.withPlatformString { old in
            unsafe new.withPlatformString { new in unsafe call(old, new) }
        }
        guard result == 0 else { throw Errno(rawValue: errno) }
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
