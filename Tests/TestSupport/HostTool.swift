import Glibc
import Subprocess
package import SystemPackage

/// Programs of the host that tests make fixtures with and hold results against.
package enum HostTool {
    /// A tool that did not do what it was asked.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
        package init(description: String) { self.description = description }
    }

    /// Whether all of `names` are installed; for `.enabled(if:)`.
    package static func has(_ names: String...) -> Bool {
        names.allSatisfy { name in
            ["/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin"].contains { folder in
                unsafe access("\(folder)/\(name)", X_OK) == 0
            }
        }
    }

    /// Whether file systems can be mounted.
    package static var isRoot: Bool { geteuid() == 0 }

    /// Runs a line of shell in `folder` and returns what it prints. Throws when it fails.
    @discardableResult
    package static func shell(_ line: String, in folder: FilePath? = nil) async throws -> String {
        let script = "PATH=$PATH:/usr/sbin:/sbin LC_ALL=C.UTF-8; export PATH LC_ALL; set -e; " + line
        let result = try await run(
            .path("/bin/sh"), arguments: ["-c", script], workingDirectory: folder,
            output: .string(limit: 64 << 20), error: .string(limit: 1 << 20))
        guard result.terminationStatus.isSuccess else {
            throw Failure(description: "\(result.terminationStatus) \(result.standardError)of: \(line)")
        }
        return result.standardOutput
    }

    /// The directory of sample images that `IMAGECHECK_SAMPLES` names, nil when it is unset.
    package static var samples: FilePath? {
        guard let value = unsafe getenv("IMAGECHECK_SAMPLES") else { return nil }
        return unsafe FilePath(String(cString: value))
    }
}

/// A directory that is removed when the test is done with it.
package final class ScratchFolder: Sendable {
    package let path: FilePath

    package init() async throws {
        let made = try await HostTool.shell("mktemp -d /var/tmp/imagecheck-test.XXXXXX")
        path = FilePath(made.filter { $0 != "\n" })
    }

    deinit {
        let path = path.description
        _ = unsafe system("rm -rf '\(path)'")
    }

    /// The host path of a file in the folder, as text.
    package func place(_ name: String) -> String { path.appending(name).description }

    /// A file in the folder.
    package func file(_ name: String) -> FilePath { path.appending(name) }
}
