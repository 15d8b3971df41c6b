package import ByteReading
import Glibc
package import SystemPackage

/// Questions about paths of the host that `FilePath` does not answer by itself.
package enum HostPath {
    /// The path without symbolic links, `.` and `..`, as realpath(3) gives it.
    ///
    /// Throws `notFound` when something on the way is not there, `io` when it cannot be resolved.
    package static func resolve(_ path: FilePath) throws(ImageFault) -> FilePath {
        var failure: Errno = .ioError
        let resolved: FilePath? = unsafe path.withPlatformString { text in
            guard let real = unsafe realpath(text, nil) else {
                failure = Errno(rawValue: errno)
                return nil
            }
            defer { unsafe free(real) }
            return unsafe FilePath(platformString: real)
        }
        guard let resolved else {
            if failure == .noSuchFileOrDirectory || failure == .notDirectory {
                throw ImageFault(.notFound, "\(path): no such file")
            }
            throw ImageFault(.io, "\(path): \(failure)")
        }
        return resolved
    }

    /// Whether two paths lead to one file, also through links and further names of it; false when one of them leads
    /// nowhere.
    package static func areSame(_ first: FilePath, _ second: FilePath) -> Bool {
        guard let first = identity(of: first), let second = identity(of: second) else { return false }
        return first == second
    }

    /// The device and the number of a file on it, as stat(2) gives them.
    private static func identity(of path: FilePath) -> (device: UInt64, number: UInt64)? {
        unsafe path.withPlatformString { text in
            var status = stat()
            guard unsafe stat(text, &status) == 0 else { return nil }
            return (UInt64(status.st_dev), UInt64(status.st_ino))
        }
    }
}
