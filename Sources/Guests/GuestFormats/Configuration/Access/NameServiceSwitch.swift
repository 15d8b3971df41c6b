package import ByteReading

/// `/etc/nsswitch.conf`: where the C library looks names up (nsswitch.conf(5)).
package struct NameServiceSwitch: Sendable {
    /// The sources of one database in their order, without the actions in brackets.
    package struct Database: Sendable {
        /// `files`, `sss`, `systemd` …
        package let sources: [String]
        /// The line.
        package let source: SourceLine
    }

    private let databases: [String: Database]

    /// Reads the file. A later line for the same database holds.
    package init(_ bytes: Bytes, name: String = "/etc/nsswitch.conf") throws(ImageFault) {
        let text = try ConfigurationText(bytes, name: name)
        var databases: [String: Database] = [:]
        for line in text.lines {
            let content = AsciiText.trimmed(line.bytes.prefix { $0 != 0x23 })
            guard let (key, value) = AsciiText.split(content, at: 0x3A) else { continue }
            var sources: [String] = []
            var isAction = false
            for word in AsciiText.words(AsciiText.string(value)) {
                if word.hasPrefix("[") { isAction = true }
                if !isAction { sources.append(word) }
                if word.hasSuffix("]") { isAction = false }
            }
            databases[AsciiText.string(AsciiText.trimmed(key))] = Database(
                sources: sources, source: text.source(line))
        }
        self.databases = databases
    }

    /// What is said of `passwd`, `shadow`, `group` …; nil where the C library goes by its own default, files.
    package subscript(database: String) -> Database? {
        databases[database].flatMap { $0.sources.isEmpty ? nil : $0 }
    }

    /// Sources that read the files below `/etc`, and the accounts that distributions keep elsewhere on the disk.
    package static let local: Set<String> = ["files", "compat", "altfiles", "extrausers", "db", "cache"]
}
