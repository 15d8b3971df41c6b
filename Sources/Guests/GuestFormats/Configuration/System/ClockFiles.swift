package import ByteReading

/// Whether the hardware clock runs in UTC, as each family writes it down.
package enum ClockFiles {
    /// A statement about the hardware clock.
    package struct Statement: Hashable, Sendable {
        /// Whether it says UTC.
        package let isUTC: Bool
        /// Where it stands; nil for a default.
        package let source: SourceLine?
    }

    /// `/etc/adjtime` (adjtime_config(5)): the third line is `UTC` or `LOCAL`; UTC when it is missing.
    package static func adjtime(_ bytes: Bytes, name: String = "/etc/adjtime") throws(ImageFault) -> Statement
    {
        let text = try ConfigurationText(bytes, name: name)
        guard text.lines.count >= 3 else { return Statement(isUTC: true, source: nil) }
        let line = text.lines[2]
        return Statement(isUTC: AsciiText.trimmed(line.text) != "LOCAL", source: text.source(line))
    }

    /// `UTC=` of `/etc/sysconfig/clock` (Red Hat up to 6), `/etc/default/rcS` (Debian up to 7), or `HWCLOCK=` of
    /// SUSE's `/etc/sysconfig/clock`, or `clock=` of OpenRC's `/etc/conf.d/hwclock`. Nil when none is set.
    package static func assignments(_ bytes: Bytes, name: String) throws(ImageFault) -> Statement? {
        let values = try ShellAssignments(bytes, name: name)
        if let utc = values["UTC"], let isUTC = AsciiText.boolean(utc.value) {
            return Statement(isUTC: isUTC, source: utc.source)
        }
        if let clock = values["HWCLOCK"] {
            let words = AsciiText.words(clock.value)
            if words.contains("--localtime") || words.contains("-l") {
                return Statement(isUTC: false, source: clock.source)
            }
            if words.contains("-u") || words.contains("--utc") {
                return Statement(isUTC: true, source: clock.source)
            }
        }
        if let clock = values["clock"] {
            return Statement(isUTC: AsciiText.lowercased(clock.value) != "local", source: clock.source)
        }
        return nil
    }

    /// `ZONE=` or `TIMEZONE=` of `/etc/sysconfig/clock`.
    package static func zone(_ bytes: Bytes, name: String) throws(ImageFault) -> ShellAssignments.Assignment?
    {
        let values = try ShellAssignments(bytes, name: name)
        return values["ZONE"] ?? values["TIMEZONE"]
    }

    /// The zone of `/etc/timezone`: its first line that is no comment.
    package static func timezone(
        _ bytes: Bytes, name: String = "/etc/timezone"
    ) throws(ImageFault) -> (zone: String, source: SourceLine)? {
        let text = try ConfigurationText(bytes, name: name)
        for line in text.lines {
            let zone = AsciiText.trimmed(line.text)
            if !zone.isEmpty, !zone.hasPrefix("#") { return (zone, text.source(line)) }
        }
        return nil
    }

    /// The zone that the link `/etc/localtime` names: what follows `zoneinfo/`, without the `posix` and `right`
    /// trees. Nil for a link to somewhere else.
    package static func zone(linkTarget: String) -> String? {
        let parts = linkTarget.split(separator: "/").map(String.init)
        guard let index = parts.lastIndex(of: "zoneinfo") else { return nil }
        var rest = parts[(index + 1)...]
        if rest.first == "posix" || rest.first == "right" { rest = rest.dropFirst() }
        return rest.isEmpty ? nil : rest.joined(separator: "/")
    }
}
