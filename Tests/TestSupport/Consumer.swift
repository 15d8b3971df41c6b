import FoundationEssentials

/// Programs of others that read reports; `scripts/setup.sh --tests` installs them.
package enum Consumer {
    private static let folder = Snapshot.repository + ".build/consumers"

    /// Whether they are there; for `.enabled(if:)`.
    package static var isHere: Bool { FileManager.default.fileExists(atPath: folder + "/complete") }

    /// The XML schema of the JUnit reports that Jenkins takes.
    package static var junitSchema: String { folder + "/junit-10.xsd" }

    /// What the reader of `format` made of each text. Throws its complaint.
    package static func read(_ format: String, _ texts: [[UInt8]]) async throws -> [JSONValue] {
        let scratch = try await ScratchFolder()
        var files: [String] = []
        for (index, text) in texts.enumerated() {
            files.append(scratch.place("\(index)"))
            try Data(text).write(to: URL(filePath: files[index]))
        }
        let answer = try await HostTool.shell(
            "\(folder)/bin/python3 '\(Snapshot.repository)Tests/Consumers/read-reports.py' \(format) "
                + files.joined(separator: " "))
        return try answer.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
    }
}
