import ByteReading
import Foundation

@testable import GuestFormats

/// Text as bytes of a guest file.
func configBytes(_ text: String) -> Bytes { Bytes(Array(text.utf8)) }

/// A file of the guest.
func configFile(_ path: String, _ text: String) -> ConfigurationFile {
    ConfigurationFile(path: path, bytes: configBytes(text))
}

/// Where samples, oracles and unpacked guests are on this machine; tests that need them are skipped without.
enum Surroundings {
    static func directory(_ variable: String) -> String? {
        guard let path = ProcessInfo.processInfo.environment[variable], !path.isEmpty else { return nil }
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }

    /// Configuration samples of other projects.
    static let samples = directory("IMAGECHECK_SAMPLES").map { $0 + "/config" }
    /// Directories with unpacked root file systems, separated by colons.
    static let roots = (ProcessInfo.processInfo.environment["IMAGECHECK_ROOTS"] ?? "").split(separator: ":")
        .map(String.init)
    static let sshd = directory("IMAGECHECK_SSHD") ?? program("sshd")
    static let findmnt = program("findmnt")
    static let systemctl = program("systemctl")
    static let fstabGenerator: String? = {
        let path = "/usr/lib/systemd/system-generators/systemd-fstab-generator"
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }()
    static let dpkg = program("dpkg")

    static func program(_ name: String) -> String? {
        ["/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"].map { $0 + name }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Every regular file below a directory, with its path below it.
    static func files(below directory: String) -> [(path: String, bytes: Bytes)] {
        guard let names = FileManager.default.enumerator(atPath: directory) else { return [] }
        var result: [(path: String, bytes: Bytes)] = []
        while let name = names.nextObject() as? String {
            guard let data = FileManager.default.contents(atPath: directory + "/" + name) else { continue }
            result.append((name, Bytes(Array(data))))
        }
        return result.sorted { $0.path < $1.path }
    }

    static func read(_ path: String) -> Bytes? {
        FileManager.default.contents(atPath: path).map { Bytes(Array($0)) }
    }
}

/// What a program printed.
struct ToolRun {
    let output: String
    let errors: String
    let status: Int32

    init(_ program: String, _ arguments: [String], environment: [String: String] = [:]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        // Files instead of pipes: neither side can block on a full one.
        let directory = try TemporaryDirectory()
        let out = directory.path + "/out"
        let err = directory.path + "/err"
        _ = FileManager.default.createFile(atPath: out, contents: nil)
        _ = FileManager.default.createFile(atPath: err, contents: nil)
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: out))
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: err))
        try process.run()
        process.waitUntilExit()
        output = Surroundings.read(out)?.text ?? ""
        errors = Surroundings.read(err)?.text ?? ""
        status = process.terminationStatus
    }
}

/// A directory that goes away with its owner.
final class TemporaryDirectory {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "imagecheck-configuration-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    func write(_ name: String, _ text: String) throws -> String {
        let full = path + "/" + name
        try Data(text.utf8).write(to: URL(fileURLWithPath: full))
        return full
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
