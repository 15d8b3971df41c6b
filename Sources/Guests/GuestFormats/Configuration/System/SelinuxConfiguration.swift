package import ByteReading

/// `/etc/selinux/config` (selinux_config(5)), read as libselinux reads it: the first `SELINUX=` at the start of a line
/// with a value it knows holds (`selinux_getenforcemode`), and the last `SELINUXTYPE=` (`init_selinux_config`).
package struct SelinuxConfiguration: Sendable {
    /// `SELINUX=`.
    package enum Mode: String, Sendable, Hashable {
        case enforcing
        case permissive
        case disabled
    }

    /// The mode; nil when the line is missing or has a value libselinux does not know.
    package let mode: Mode?
    /// `SELINUX=` as written.
    package let modeText: (value: String, source: SourceLine)?
    /// `SELINUXTYPE=`: the directory of the policy; `targeted` when not set.
    package let type: String
    /// `SELINUXTYPE=` with its line.
    package let typeText: (value: String, source: SourceLine)?

    /// Reads the file.
    package init(_ bytes: Bytes, name: String = "/etc/selinux/config") throws(ImageFault) {
        let text = try ConfigurationText(bytes, name: name)
        var mode: (value: String, source: SourceLine)?
        var type: (value: String, source: SourceLine)?
        for line in text.lines {
            let content = line.bytes
            if content.starts(with: Self.modeTag) {
                let value = AsciiText.string(AsciiText.trimmed(content.dropFirst(Self.modeTag.count)))
                if Self.mode(mode?.value) == nil { mode = (value, text.source(line)) }
                continue
            }
            let indented = AsciiText.string(AsciiText.trimmed(content))
            guard let (key, value) = AsciiText.split(indented, at: "="),
                AsciiText.equalIgnoringCase(key, "SELINUXTYPE")
            else { continue }
            type = (AsciiText.trimmed(value), text.source(line))
        }
        modeText = mode
        typeText = type
        self.mode = Self.mode(mode?.value)
        self.type = type?.value ?? "targeted"
    }

    private static let modeTag = Array("SELINUX=".utf8)

    /// What a value begins with, in any case.
    private static func mode(_ value: String?) -> Mode? {
        let lower = AsciiText.lowercased(value ?? "")
        return [Mode.enforcing, .permissive, .disabled].first { lower.hasPrefix($0.rawValue) }
    }

    /// Whether the kernel's part is switched off before anything reads the file.
    package static func isOff(commandLine: [String]) -> Bool {
        commandLine.last { $0.hasPrefix("selinux=") } == "selinux=0"
    }

    /// `enforcing=` of the command line, which goes before the file. `atoi` reads it.
    package static func enforcing(commandLine: [String]) -> Bool? {
        guard let word = commandLine.last(where: { $0.hasPrefix("enforcing=") }) else { return nil }
        return (AsciiText.number(String(word.dropFirst(10).prefix { $0.isNumber })) ?? 0) > 0
    }

    /// The effective mode under a kernel command line (`selinux_init_load_policy`): `selinux=0` switches off,
    /// `enforcing=` goes before the file; a file without a mode that is known is permissive.
    package func effectiveMode(commandLine: [String]) -> Mode {
        if Self.isOff(commandLine: commandLine) || mode == .disabled { return .disabled }
        return switch Self.enforcing(commandLine: commandLine) {
        case true?: .enforcing
        case false?: .permissive
        case nil: mode ?? .permissive
        }
    }

    /// Whether init stops because no policy is loaded although the command line wants one enforced:
    /// `SELINUX=disabled` with `enforcing=1`.
    package func stopsInit(commandLine: [String]) -> Bool {
        !Self.isOff(commandLine: commandLine) && mode == .disabled
            && Self.enforcing(commandLine: commandLine) == true
    }
}
