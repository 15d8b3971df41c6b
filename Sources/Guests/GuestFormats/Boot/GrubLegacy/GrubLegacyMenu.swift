package import ByteReading

/// `menu.lst` or `grub.conf`: what stands before the first `title`, and the entries (GRUB 0.97, stage2/stage2.c,
/// `cmain`, `get_line_from_config`).
package struct GrubLegacyMenu: Sendable {
    /// A line that is no comment.
    package struct Command: Hashable, Sendable {
        /// The first word, in small letters as GRUB compares it.
        package let name: String
        /// What follows it and the blanks or `=` behind it (`skip_to`).
        package let argument: String
        package let line: Int
    }

    /// An entry.
    package struct Entry: Sendable {
        package let title: String
        package let line: Int
        package internal(set) var commands: [Command] = []
    }

    /// Commands before the first title.
    package let settings: [Command]
    package let entries: [Entry]

    private static let mostLines = 20_000

    /// Reads a file.
    package init(parsing bytes: Bytes) {
        var settings: [Command] = []
        var entries: [Entry] = []
        var pending = ""
        var pendingLine = 0
        let lines = bytes.array.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, raw) in lines.prefix(Self.mostLines).enumerated() {
            // Tabs are blanks, returns are dropped.
            let text = String(
                decoding: raw.filter { $0 != UInt8(ascii: "\r") }.map { $0 == 9 ? 32 : $0 }, as: UTF8.self)
            if pending.isEmpty { pendingLine = index + 1 }
            if text.hasSuffix("\\") {
                pending += text.dropLast()
                continue
            }
            let whole = (pending + text).drop { $0 == " " }
            pending = ""
            guard !whole.isEmpty, !whole.hasPrefix("#") else { continue }
            let name = whole.prefix { $0 != " " && $0 != "=" }
            let argument = whole.dropFirst(name.count).drop { $0 == " " || $0 == "=" }
            let command = Command(
                name: name.lowercased(), argument: String(argument), line: pendingLine)
            if command.name == "title" {
                entries.append(Entry(title: command.argument, line: pendingLine))
            } else if entries.isEmpty {
                settings.append(command)
            } else {
                entries[entries.count - 1].commands.append(command)
            }
        }
        self.settings = settings
        self.entries = entries
    }
}
