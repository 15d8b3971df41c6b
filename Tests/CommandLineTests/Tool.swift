import FoundationEssentials
import Subprocess
import SystemPackage

/// A program of this package, run like a user runs it.
struct Tool {
    struct Answer {
        var code: Int32
        var output: String
        var complaint: String
    }

    let path: String

    static let imagecheck = Tool("imagecheck")
    static let developer = Tool("imagecheck-dev")

    /// Programs lie beside the test bundle that runs.
    init(_ name: String) {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        path =
            own.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
            + "/" + name
    }

    func run(_ arguments: String...) async throws -> Answer { try await run(arguments) }

    func run(_ arguments: [String], environment: [Environment.Key: String] = [:]) async throws -> Answer {
        var values: [Environment.Key: String?] = [
            "LC_ALL": "C.UTF-8", "COLUMNS": "80", "FORCE_COLOR": nil, "NO_COLOR": nil,
        ]
        for (key, value) in environment { values[key] = value }
        let record = try await Subprocess.run(
            .path(FilePath(path)), arguments: Arguments(arguments), environment: .inherit.updating(values),
            output: .string(limit: 1 << 22), error: .string(limit: 1 << 22))
        let code: Int32 =
            switch record.terminationStatus {
            case .exited(let code): code
            case .signaled(let signal): 128 + signal
            }
        return Answer(code: code, output: record.standardOutput, complaint: record.standardError)
    }
}

/// A directory that is gone when the test is.
final class TemporaryDirectory {
    let path: String

    init() throws {
        path =
            FileManager.default.temporaryDirectory.path(percentEncoded: false)
            + "imagecheck-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file and returns its path.
    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        let file = path + "/" + name
        if let slash = file.lastIndex(of: "/") {
            try FileManager.default.createDirectory(
                atPath: String(file[..<slash]), withIntermediateDirectories: true)
        }
        try Data(text.utf8).write(to: URL(filePath: file))
        return file
    }
}
