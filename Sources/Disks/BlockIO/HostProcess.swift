import Glibc

/// What this process knows of its host. It lives here because nothing above may call C with pointers.
package enum HostProcess {
    /// The most memory the process has held so far, in bytes (`ru_maxrss` of getrusage(2)).
    package static var peakMemory: UInt64 {
        var usage = rusage()
        guard unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
        return UInt64(max(0, usage.ru_maxrss)) << 10
    }

    /// Seconds since 1970 by the host's clock.
    package static var secondsSince1970: Int64 { Int64(time(nil)) }
}
