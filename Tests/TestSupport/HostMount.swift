package import SystemPackage

/// A file system of an image, mounted by the host.
package enum HostMount {
    /// Runs `mount`, a line of shell that mounts on the directory `point`, then `body`, and unmounts whatever
    /// happens. `after` is a line of shell for what is left then.
    package static func during<Value: Sendable>(
        _ mount: String, on point: FilePath, after: String = "",
        _ body: (FilePath) async throws -> Value
    ) async throws -> Value {
        // Busy for a while: a program that another test starts holds what this process has open until it has
        // become that program.
        let unmount = """
            n=0
            until umount \(point); do
                mountpoint -q \(point) && [ $n -lt 300 ] || exit 1
                n=$((n + 1)); sleep 0.2
            done
            \(after)
            """
        // So may an image be that was mounted before: as long as any mount namespace of the host has it.
        try await HostTool.shell(
            """
            mkdir -p \(point)
            n=0
            until said=$({ \(mount)
            } 2>&1); do
                case $said in *busy*) n=$((n + 1)) ;; *) n=300 ;; esac
                [ $n -lt 300 ] || { echo "$said" >&2; exit 1; }
                sleep 0.2
            done
            """)
        do {
            let value = try await body(point)
            try await HostTool.shell(unmount)
            return value
        } catch {
            _ = try? await HostTool.shell(unmount)
            throw error
        }
    }
}

/// A file that a test writes.
package enum HostFile {
    /// Opens `path`, new or emptied, for `body` to write.
    ///
    /// Closed in programs that other tests start meanwhile: one that had the file open would keep its file system
    /// from being unmounted.
    package static func write(_ path: FilePath, _ body: (FileDescriptor) throws -> Void) throws {
        let file = try FileDescriptor.open(
            path, .writeOnly, options: [.create, .truncate, .closeOnExec], permissions: .ownerReadWrite)
        try file.closeAfter { try body(file) }
    }
}
