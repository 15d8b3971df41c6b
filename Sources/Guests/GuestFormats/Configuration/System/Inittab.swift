package import ByteReading

/// `/etc/inittab` of SysV init and busybox (inittab(5)).
package struct Inittab: Sendable {
    /// One line.
    package struct Entry: Sendable {
        /// The id; for busybox the terminal.
        package let id: String
        /// The runlevels; empty for all.
        package let runlevels: String
        /// `initdefault`, `respawn`, `sysinit` …
        package let action: String
        /// The command.
        package let process: String
        /// Where it stands.
        package let source: SourceLine
    }

    /// The entries in order.
    package let entries: [Entry]

    /// Reads the file.
    package init(_ bytes: Bytes, name: String = "/etc/inittab") throws(ImageFault) {
        let text = try ConfigurationText(bytes, name: name)
        entries = text.lines.compactMap { line in
            let content = AsciiText.trimmed(line.bytes)
            guard let first = content.first, first != 0x23 else { return nil }
            let fields = content.split(separator: 0x3A, maxSplits: 3, omittingEmptySubsequences: false)
                .map(AsciiText.string)
            guard fields.count >= 3 else { return nil }
            return Entry(
                id: fields[0], runlevels: fields[1], action: fields[2],
                process: fields.count > 3 ? fields[3] : "",
                source: text.source(line))
        }
    }

    /// The runlevel init goes to; nil when none is given and init asks at the console.
    package var defaultRunlevel: (level: Character, source: SourceLine)? {
        guard let entry = entries.first(where: { $0.action == "initdefault" }) else { return nil }
        // Of several levels the highest counts.
        guard let level = entry.runlevels.max() else { return nil }
        return (level, entry.source)
    }

    /// Whether the default runlevel halts, reboots or stays single.
    package var stopsAtDefault: Bool { defaultRunlevel.map { "016Ss".contains($0.level) } ?? false }

    /// The terminals on which a getty is kept running.
    package var terminals: [(name: String, source: SourceLine)] {
        entries.compactMap { entry in
            guard entry.action == "respawn" || entry.action == "askfirst", entry.process.contains("getty")
            else {
                return nil
            }
            let words = AsciiText.words(entry.process)
            let names = ["tty", "hvc", "xvc", "console"]
            let terminal = words.dropFirst().first { word in names.contains { word.hasPrefix($0) } }
            return terminal.map { ($0, entry.source) }
        }
    }
}

/// What systemd-getty-generator(8) does.
package enum GettyGenerator {
    /// The serial gettys it starts: one for every active console of the kernel that is no virtual terminal, and
    /// for hypervisor consoles that exist.
    ///
    /// - Parameter consoles: the values of `console=` on the command line, in order: `ttyS0,115200n8`, `tty0`.
    package static func units(consoles: [String]) -> [(puller: String, unit: String)] {
        var names: [String] = []
        for console in consoles {
            let name = console.split(separator: ",").first.map(String.init) ?? console
            let isVirtual =
                name == "tty" || (name.hasPrefix("tty") && name.dropFirst(3).allSatisfy(\.isNumber))
            if name.isEmpty || isVirtual || name == "console" || name == "null" || names.contains(name) {
                continue
            }
            names.append(name)
        }
        return names.map { ("getty.target", "serial-getty@\($0).service") }
    }
}
