import FoundationEssentials

/// Text held against a file of the repository. `IMAGECHECK_REWRITE_SNAPSHOTS=1` writes the files instead; the
/// difference is then reviewed like code.
package enum Snapshot {
    /// The root of the repository.
    package static let repository = String(#filePath.dropLast("Tests/TestSupport/Snapshot.swift".count))

    /// The bytes of a file of the repository.
    package static func file(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: repository + path)))
    }

    /// What is different between `text` and `Tests/Snapshots/<name>`: the first line that is; nil when nothing is.
    package static func difference(_ text: String, from name: String) throws -> String? {
        try difference(text, fromFile: "Tests/Snapshots/" + name)
    }

    /// The same for any file, by its path from the root of the repository.
    package static func difference(_ text: String, fromFile path: String) throws -> String? {
        if ProcessInfo.processInfo.environment["IMAGECHECK_REWRITE_SNAPSHOTS"] == "1" {
            let url = URL(filePath: repository + path)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url)
            return nil
        }
        guard FileManager.default.fileExists(atPath: repository + path) else {
            return "\(path) does not exist; IMAGECHECK_REWRITE_SNAPSHOTS=1 writes it"
        }
        let expected = String(decoding: try file(path), as: UTF8.self)
        guard text != expected else { return nil }
        let (now, before) = (
            text.split(separator: "\n", omittingEmptySubsequences: false),
            expected.split(separator: "\n", omittingEmptySubsequences: false)
        )
        let index =
            zip(now, before).enumerated().first { $1.0 != $1.1 }?.offset ?? min(now.count, before.count)
        let line = { (lines: [Substring]) in lines.indices.contains(index) ? String(lines[index]) : "(end)" }
        return "\(path):\(index + 1): “\(line(before))” has become “\(line(now))”"
    }
}
