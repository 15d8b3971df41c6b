internal import Glibc
import Synchronization
package import SystemPackage

/// A file that grows at its end and is read anywhere: what is too much for memory, kept on the disk.
package final class SpoolFile: Sendable {
    private let descriptor: FileDescriptor
    private let length = Mutex<Int64>(0)

    /// Begins the file at `path` anew. Throws the error of the host (`Errno`).
    package init(_ path: FilePath) throws {
        descriptor = try FileDescriptor.open(
            path, .readWrite, options: [.create, .truncate, .append, .closeOnExec],
            permissions: [.ownerReadWrite, .groupReadWrite, .otherReadWrite])
    }

    /// A file without a name in `directory`, gone with this value.
    package init(namelessIn directory: FilePath) throws {
        let name = ".imagecheck-" + String(UInt64.random(in: 0 ... .max), radix: 16)
        let path = directory.appending(name)
        descriptor = try FileDescriptor.open(
            path, .readWrite, options: [.create, .exclusiveCreate, .append, .closeOnExec],
            permissions: [.ownerReadWrite])
        _ = unsafe path.withPlatformString { unsafe unlink($0) }
    }

    deinit { try? descriptor.close() }

    /// Adds `bytes` and returns where they stand.
    @discardableResult
    package func append(_ bytes: [UInt8]) throws -> Range<Int64> {
        try length.withLock { length in
            let start = length
            try descriptor.writeAll(bytes)
            length += Int64(bytes.count)
            return start..<length
        }
    }

    /// The bytes that stand at `range`.
    package func read(_ range: Range<Int64>) throws -> [UInt8] {
        var failure: Errno?
        let count = range.count
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = 0
            while filled < count {
                let rest = unsafe UnsafeMutableRawBufferPointer(
                    rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
                do {
                    let got = try unsafe descriptor.read(
                        fromAbsoluteOffset: range.lowerBound + Int64(filled), into: rest)
                    guard got > 0 else { throw Errno.ioError }
                    filled += got
                } catch {
                    failure = (error as? Errno) ?? .ioError
                    return
                }
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Hands its whole content on, a piece at a time.
    package func forEachPiece(of size: Int64 = 1 << 20, _ body: ([UInt8]) throws -> Void) throws {
        let end = length.withLock { $0 }
        var start: Int64 = 0
        while start < end {
            let next = min(end, start + size)
            try body(try read(start..<next))
            start = next
        }
    }
}
