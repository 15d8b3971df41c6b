package import ByteReading
import Synchronization
package import SystemPackage

/// A file of the host, read by position (`pread`). It never writes and has no seek position to share.
package final class FileSource: BlockSource {
    /// What a file was asked for.
    package struct Cost: Sendable, Hashable {
        /// Bytes read.
        package var bytesRead: UInt64 = 0
        /// Read calls.
        package var reads: UInt64 = 0
    }

    /// The path it was opened by.
    package let path: FilePath
    package let size: UInt64
    private let descriptor: FileDescriptor
    private let spent = Mutex(Cost())

    /// Opens a regular file or block device for reading.
    ///
    /// Throws `notFound` when there is no such file, `io` when it cannot be opened or is a directory.
    package init(_ path: FilePath) throws(ImageFault) {
        self.path = path
        do {
            // Non-blocking, so that a FIFO without a writer cannot hang the program.
            descriptor = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
        } catch let error as Errno {
            throw FileSource.fault(error, opening: path)
        } catch {
            throw ImageFault(.io, "cannot be opened: \(error)")
        }
        do {
            size = UInt64(try descriptor.seek(offset: 0, from: .end))
            // A directory opens and seeks; reading it is what fails.
            var probe: UInt8 = 0
            let got = try unsafe withUnsafeMutableBytes(of: &probe) { buffer in
                try unsafe descriptor.read(fromAbsoluteOffset: 0, into: buffer)
            }
            // A character device such as /dev/zero has bytes, but neither a size nor positions.
            if size == 0, got > 0 { throw Errno.illegalSeek }
        } catch let error {
            try? descriptor.close()
            throw FileSource.fault((error as? Errno) ?? .ioError, opening: path)
        }
    }

    deinit { try? descriptor.close() }

    private static func fault(_ error: Errno, opening path: FilePath) -> ImageFault {
        switch error {
        case .noSuchFileOrDirectory: ImageFault(.notFound, "\(path): no such file")
        case .isDirectory: ImageFault(.io, "\(path) is a directory, not an image")
        case .illegalSeek:
            ImageFault(
                .io,
                "\(path) is a pipe, a terminal or a device without a size; an image must be a file or a block device"
            )
        case .permissionDenied: ImageFault(.io, "\(path): permission denied")
        default: ImageFault(.io, "\(path): \(error)")
        }
    }

    /// What has been read so far.
    package var cost: Cost { spent.withLock { $0 } }

    package func read(at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        try checkRange(at: offset, count: count)
        guard count > 0 else { return Bytes([], origin: offset) }
        var failure: ImageFault?
        var calls: UInt64 = 0
        let array = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = 0
            while filled < count {
                let rest = unsafe UnsafeMutableRawBufferPointer(
                    rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
                do {
                    calls += 1
                    let got = try unsafe descriptor.read(
                        fromAbsoluteOffset: Int64(offset) + Int64(filled), into: rest)
                    guard got > 0 else {
                        failure = ImageFault(
                            .io, "the file became shorter while it was read", at: offset + UInt64(filled))
                        return
                    }
                    filled += got
                } catch {
                    failure = ImageFault(.io, "read error: \(error)", at: offset + UInt64(filled))
                    return
                }
            }
        }
        spent.withLock {
            $0.bytesRead += UInt64(array.count)
            $0.reads += calls
        }
        if let failure { throw failure }
        return Bytes(array, origin: offset)
    }

    package func extent(at offset: UInt64) throws(ImageFault) -> BlockExtent {
        try checkRange(at: offset, count: 1)
        // SEEK_DATA (3) and SEEK_HOLE (4) of lseek(2); a file system without them answers "all data".
        let seekData = FileDescriptor.SeekOrigin(rawValue: 3)
        let seekHole = FileDescriptor.SeekOrigin(rawValue: 4)
        do {
            let data = UInt64(try descriptor.seek(offset: Int64(offset), from: seekData))
            if data > offset { return BlockExtent(kind: .hole, length: Swift.min(data, size) - offset) }
            let hole = UInt64(try descriptor.seek(offset: Int64(offset), from: seekHole))
            return BlockExtent(kind: .data, length: Swift.max(1, Swift.min(hole, size) - offset))
        } catch Errno.noSuchAddressOrDevice {
            return BlockExtent(kind: .hole, length: size - offset)
        } catch {
            return BlockExtent(kind: .data, length: size - offset)
        }
    }
}
