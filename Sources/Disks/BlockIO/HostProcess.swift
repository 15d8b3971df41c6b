import Glibc
import SystemPackage

/// What this process knows of its host. It lives here because nothing above may call C with pointers.
package enum HostProcess {
    /// The most memory the process has held so far, in bytes; 0 where `/proc` does not tell.
    ///
    /// `VmHWM` of proc_pid_status(5), not `ru_maxrss` of getrusage(2): that one keeps over execve(2) what the
    /// process that started this one held.
    package static var peakMemory: UInt64 {
        guard
            let file = try? unsafe FileDescriptor.open(
                "/proc/self/status", .readOnly, options: [.closeOnExec])
        else { return 0 }
        defer { try? file.close() }
        let text = unsafe [UInt8](unsafeUninitializedCapacity: 8192) { buffer, count in
            count = unsafe (try? file.read(into: UnsafeMutableRawBufferPointer(buffer))) ?? 0
        }
        return peakMemory(inStatus: text)
    }

    /// The figure of the line `VmHWM:	   34512 kB`.
    static func peakMemory(inStatus text: [UInt8]) -> UInt64 {
        for line in text.split(separator: UInt8(ascii: "\n")) where line.starts(with: "VmHWM:".utf8) {
            let digits = line.filter { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            return (UInt64(String(decoding: digits, as: UTF8.self)) ?? 0) << 10
        }
        return 0
    }

    /// Seconds since 1970 by the host's clock.
    package static var secondsSince1970: Int64 { Int64(time(nil)) }
}
