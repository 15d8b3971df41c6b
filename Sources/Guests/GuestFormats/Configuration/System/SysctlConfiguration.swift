import ByteReading

/// Kernel parameters set at boot (sysctl.d(5), sysctl.conf(5)), as systemd-sysctl(8) and `sysctl --system` put
/// several files together.
package struct SysctlConfiguration: Sendable {
    /// One assignment.
    package struct Entry: Sendable, Hashable {
        /// The path below `/proc/sys`: `net/ipv4/ip_forward`; a pattern of glob(7) where it has one.
        package let path: String
        /// The value.
        package let value: String
        /// Where it stands.
        package let source: SourceLine
    }

    /// Assignments in the order in which later ones win.
    package private(set) var entries: [Entry] = []
    /// Paths that patterns leave alone: lines that are a name with `-` in front.
    package private(set) var excluded: Set<String> = []

    /// Reads files in the order in which they are applied. A file that is too large to be one is left out.
    package init(files: [ConfigurationFile]) {
        for file in files {
            guard let text = try? ConfigurationText(file.bytes, name: file.path) else { continue }
            for line in text.lines { read(line, text) }
        }
    }

    private mutating func read(_ line: ConfigurationText.Line, _ text: ConfigurationText) {
        var content = AsciiText.trimmed(line.withoutCarriageReturn)
        guard let first = content.first, first != 0x23, first != 0x3B else { return }
        // A failure to set it does not count.
        let isLoose = first == 0x2D
        if isLoose { content = content.dropFirst() }
        guard let (key, value) = AsciiText.split(content, at: 0x3D) else {
            if isLoose { excluded.insert(Self.path(AsciiText.string(AsciiText.trimmed(content)))) }
            return
        }
        let name = AsciiText.string(AsciiText.trimmed(key))
        guard !name.isEmpty else { return }
        entries.append(
            Entry(
                path: Self.path(name), value: AsciiText.string(AsciiText.trimmed(value)),
                source: text.source(line)))
    }

    /// The separator that comes first is the one meant (`sysctl_normalize`): `net.ipv4.conf.eth0/1` is
    /// `net/ipv4/conf/eth0.1`.
    static func path(_ name: String) -> String {
        guard let first = name.first(where: { $0 == "." || $0 == "/" }), first == "." else { return name }
        return String(name.map { $0 == "." ? "/" : $0 == "/" ? "." : $0 })
    }

    /// The assignment that counts for a path: the last that names it, else the last pattern that holds for it, as
    /// patterns never go over what is named.
    package func value(_ path: String) -> Entry? {
        if let named = entries.last(where: { $0.path == path }) { return named }
        guard !excluded.contains(path) else { return nil }
        let components = path.split(separator: "/")
        return entries.last { entry in
            guard FileNamePattern(entry.path).isGlob else { return false }
            let patterns = entry.path.split(separator: "/")
            return patterns.count == components.count
                && zip(patterns, components).allSatisfy { FileNamePattern(String($0)).matches(String($1)) }
        }
    }
}
