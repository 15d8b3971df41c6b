import Glibc
import TestSupport

/// A file whose bytes are changed in place.
struct PatchedFile: ~Copyable {
    private let descriptor: Int32

    init(_ path: String) throws {
        descriptor = unsafe open(path, O_RDWR)
        guard descriptor >= 0 else { throw HostTool.Failure(description: "\(path) cannot be opened") }
    }

    deinit { close(descriptor) }

    func byte(at offset: UInt64) throws -> UInt8 {
        var byte: UInt8 = 0
        guard unsafe pread(descriptor, &byte, 1, Int(offset)) == 1 else {
            throw HostTool.Failure(description: "no byte at \(offset)")
        }
        return byte
    }

    func set(_ byte: UInt8, at offset: UInt64) throws {
        var byte = byte
        guard unsafe pwrite(descriptor, &byte, 1, Int(offset)) == 1 else {
            throw HostTool.Failure(description: "no byte written at \(offset)")
        }
    }
}
