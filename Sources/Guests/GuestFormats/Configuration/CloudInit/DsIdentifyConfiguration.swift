package import ByteReading

/// `/etc/cloud/ds-identify.cfg`: what cloud-init's generator does before Python starts.
package struct DsIdentifyConfiguration: Sendable {
    /// `datasource:`; ds-identify takes this one without looking. `None` alone is not one.
    package let datasource: (value: String, source: SourceLine)?
    /// `policy:` in parts: `search`, `found=all`, `maybe=none`, `notfound=disabled`; or `enabled`, `disabled`,
    /// `report`.
    package let policy: (parts: [String], source: SourceLine)?

    /// Reads the file: `key: value` or `key=value` lines.
    package init(_ bytes: Bytes, name: String = "/etc/cloud/ds-identify.cfg") throws(ImageFault) {
        let text = try ConfigurationText(bytes, name: name)
        var datasource: (value: String, source: SourceLine)?
        var policy: (parts: [String], source: SourceLine)?
        for line in text.lines {
            let content = AsciiText.string(AsciiText.trimmed(line.bytes.prefix { $0 != 0x23 }))
            guard let separator = content.firstIndex(where: { $0 == ":" || $0 == "=" }) else { continue }
            let key = AsciiText.trimmed(String(content[..<separator]))
            let value = AsciiText.unquoted(
                AsciiText.trimmed(String(content[content.index(after: separator)...])))
            switch key {
            case "datasource": datasource = (value, text.source(line))
            case "policy": policy = (AsciiText.list(value, separatedBy: ","), text.source(line))
            default: break
            }
        }
        self.datasource = datasource
        self.policy = policy
    }

    /// Whether cloud-init is off whatever is found.
    package var isDisabled: Bool { policy?.parts.contains("disabled") ?? false }
    /// Whether cloud-init is on whatever is found.
    package var isForced: Bool { policy?.parts.contains("enabled") ?? false }
    /// Whether cloud-init stays off when no datasource is recognised (`notfound=disabled`, the default of systemd
    /// systems).
    package var isOffWhenNotFound: Bool {
        let value = policy?.parts.first { $0.hasPrefix("notfound=") }?.dropFirst(9)
        return (value ?? "disabled") == "disabled"
    }
}
