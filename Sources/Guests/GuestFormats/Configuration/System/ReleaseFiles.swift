package import ByteReading

/// What the release files say that came before os-release, and those that say more than it does.
package enum ReleaseFiles {
    /// A distribution named by a release file.
    package struct Release: Hashable, Sendable {
        /// The `ID` that os-release would have.
        package let id: String
        /// The name as written: `CentOS`, `Red Hat Enterprise Linux Server`.
        package let name: String
        /// `6.10`, `7.9.2009`, `11.4`; nil when the file does not say.
        package let version: String?
        /// The name in parentheses: `Final`, `Core`, `Maipo`.
        package let codename: String?
        /// Whether the title is one that is known; otherwise `id` is only the family's.
        package var isNamed = true
        /// Where it stands.
        package let source: SourceLine
    }

    /// The first line of `/etc/redhat-release`, `centos-release`, `oracle-release`, `system-release`:
    /// `CentOS release 6.10 (Final)`, `Red Hat Enterprise Linux Server release 7.9 (Maipo)`.
    package static func redHat(_ bytes: Bytes, name: String) throws(ImageFault) -> Release? {
        let text = try ConfigurationText(bytes, name: name)
        guard let line = text.lines.first(where: { !AsciiText.trimmed($0.bytes).isEmpty }) else { return nil }
        let words = AsciiText.words(line.text)
        guard !words.isEmpty else { return nil }
        let marker = words.firstIndex { AsciiText.equalIgnoringCase($0, "release") }
        let title = words[..<(marker ?? words.firstIndex { $0.first?.isNumber == true } ?? words.count)]
            .filter { $0 != "Linux" || words.count < 3 }
        var version: String?
        if let marker, marker + 1 < words.count { version = words[marker + 1] }
        if version == nil { version = words.first { $0.first?.isNumber == true } }
        let all = line.text
        var codename: String?
        if let open = all.firstIndex(of: "("), let close = all[open...].firstIndex(of: ")") {
            codename = String(all[all.index(after: open)..<close])
        }
        let lower = AsciiText.lowercased(all)
        let known = redHatNames.first { lower.hasPrefix($0.prefix) }
        return Release(
            id: known?.id ?? "rhel", name: title.joined(separator: " "), version: version,
            codename: codename, isNamed: known != nil, source: text.source(line))
    }

    private static let redHatNames: [(prefix: String, id: String)] = [
        ("centos", "centos"), ("red hat", "rhel"), ("fedora", "fedora"), ("scientific", "scientific"),
        ("oracle", "ol"), ("enterprise linux enterprise", "ol"), ("rocky", "rocky"), ("alma", "almalinux"),
        ("anolis", "anolis"), ("alibaba", "alinux"), ("aliyun", "alinux"), ("amazon", "amzn"),
        ("openeuler", "openEuler"), ("euleros", "euleros"), ("huawei", "hce"), ("kylin", "kylin"),
        ("neokylin", "kylin"),
        ("tencentos", "tencentos"), ("opencloudos", "opencloudos"), ("circle", "circle"),
        ("xenserver", "xenenterprise"), ("mageia", "mageia"), ("alt ", "altlinux"), ("uos", "uos"),
        ("uniontech", "uos"), ("vmware photon", "photon"), ("cloudlinux", "cloudlinux"),
        ("virtuozzo", "virtuozzo"), ("eurolinux", "eurolinux"), ("miracle", "miraclelinux"),
    ]

    /// `/etc/SuSE-release`: a title, then `VERSION = 11` and `PATCHLEVEL = 4`.
    package static func suse(_ bytes: Bytes, name: String = "/etc/SuSE-release") throws(ImageFault)
        -> Release?
    {
        let text = try ConfigurationText(bytes, name: name)
        guard let first = text.lines.first(where: { !AsciiText.trimmed($0.bytes).isEmpty }) else {
            return nil
        }
        var fields: [String: String] = [:]
        for line in text.lines {
            guard let (key, value) = AsciiText.split(line.text, at: "=") else { continue }
            fields[AsciiText.trimmed(key)] = AsciiText.trimmed(value)
        }
        var version = fields["VERSION"]
        if let level = fields["PATCHLEVEL"], let major = version, !major.contains(".") {
            version = "\(major).\(level)"
        }
        let title = first.text
        let id = AsciiText.lowercased(title).contains("opensuse") ? "opensuse" : "sles"
        let bare = title.split(separator: "(").first.map { AsciiText.trimmed(String($0)) } ?? title
        return Release(
            id: id, name: bare, version: version, codename: fields["CODENAME"], source: text.source(first))
    }

    /// The Debian version of `/etc/debian_version`: `12.5`, or a name such as `bookworm/sid` for a system before
    /// its release (and for derivatives, which keep the file of the Debian they were made from).
    package static func debianVersion(
        _ bytes: Bytes, name: String = "/etc/debian_version"
    ) throws(ImageFault) -> (version: String, isRelease: Bool, source: SourceLine)? {
        let text = try ConfigurationText(bytes, name: name)
        guard let line = text.lines.first else { return nil }
        let version = AsciiText.trimmed(line.text)
        guard !version.isEmpty else { return nil }
        return (version, version.first?.isNumber == true, text.source(line))
    }

    /// `/etc/lsb-release` of Ubuntu and its relatives (`DISTRIB_ID`, `DISTRIB_RELEASE`, `DISTRIB_CODENAME`).
    package static func lsb(_ bytes: Bytes, name: String = "/etc/lsb-release") throws(ImageFault) -> Release?
    {
        let fields = try ShellAssignments(bytes, name: name)
        guard let id = fields["DISTRIB_ID"] else { return nil }
        let names = ["linuxmint": "linuxmint", "amazon": "amzn", "suse linux": "sles"]
        let lower = AsciiText.lowercased(id.value)
        return Release(
            id: names[lower] ?? lower, name: id.value, version: fields.value("DISTRIB_RELEASE"),
            codename: fields.value("DISTRIB_CODENAME"), source: id.source)
    }

    /// A file that holds nothing but a version: `alpine-release`, `arch-release` (empty), `gentoo-release`.
    package static func bareVersion(_ bytes: Bytes, id: String, name: String) throws(ImageFault) -> Release {
        let text = try ConfigurationText(bytes, name: name)
        let line = text.lines.first
        let words = AsciiText.words(line?.text ?? "")
        return Release(
            id: id, name: id, version: words.last { $0.first?.isNumber == true }, codename: nil,
            source: line.map(text.source) ?? SourceLine(file: name, line: 1, excerpt: ""))
    }
}
