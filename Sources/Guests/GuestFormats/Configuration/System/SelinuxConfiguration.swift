package import ByteReading

/// `/etc/selinux/config` (selinux_config(5)), read as libselinux and init read it: the last line of a key holds,
/// values in any case, trailing white space dropped.
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
            let content = AsciiText.trimmed(line.bytes)
            guard content.first != 0x23, let (key, value) = AsciiText.split(content, at: 0x3D) else {
                continue
            }
            switch AsciiText.string(key) {
            case "SELINUX": mode = (AsciiText.string(value), text.source(line))
            case "SELINUXTYPE": type = (AsciiText.string(AsciiText.trimmed(value)), text.source(line))
            default: break
            }
        }
        modeText = mode
        typeText = type
        self.mode = mode.flatMap { entry in
            let lower = AsciiText.lowercased(entry.value)
            return [Mode.enforcing, .permissive, .disabled].first { lower.hasPrefix($0.rawValue) }
        }
        self.type = type?.value ?? "targeted"
    }

    /// The effective mode under a kernel command line: `selinux=0` switches off, `enforcing=` overrides.
    package func effectiveMode(commandLine: [String]) -> Mode? {
        if commandLine.last(where: { $0.hasPrefix("selinux=") }) == "selinux=0" { return .disabled }
        guard let mode, mode != .disabled else { return mode }
        switch commandLine.last(where: { $0.hasPrefix("enforcing=") }) {
        case "enforcing=0"?: return .permissive
        case "enforcing=1"?: return .enforcing
        default: return mode
        }
    }
}
