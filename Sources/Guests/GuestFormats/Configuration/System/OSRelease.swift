package import ByteReading

/// `/etc/os-release` or `/usr/lib/os-release` (os-release(5)).
package struct OSRelease: Sendable {
    /// Every assignment, with its line.
    package let assignments: ShellAssignments

    /// Reads the file with the rules of systemd: quotes and backslashes as in a shell, no variables.
    package init(_ bytes: Bytes, name: String = "/etc/os-release") throws(ImageFault) {
        assignments = try ShellAssignments(bytes, name: name, dialect: .environmentFile)
    }

    /// The value of a field; nil when absent or empty.
    package subscript(field: String) -> String? {
        guard let value = assignments.value(field), !value.isEmpty else { return nil }
        return value
    }

    /// `ID`, `linux` when the file does not say (os-release(5)).
    package var id: String { self["ID"] ?? "linux" }
    /// `ID_LIKE`, closest relative first.
    package var idLike: [String] { AsciiText.words(self["ID_LIKE"] ?? "") }
    /// `VERSION_ID`.
    package var versionID: String? { self["VERSION_ID"] }
    /// `VERSION_CODENAME`.
    package var codename: String? { self["VERSION_CODENAME"] }
    /// `NAME`, `Linux` when the file does not say.
    package var name: String { self["NAME"] ?? "Linux" }
    /// `PRETTY_NAME`, `Linux` when the file does not say.
    package var prettyName: String { self["PRETTY_NAME"] ?? "Linux" }
    /// `VARIANT_ID`: coreos, silverblue, server …
    package var variantID: String? { self["VARIANT_ID"] }
    /// The line that sets `field`.
    package func source(_ field: String) -> SourceLine? { assignments[field]?.source }

    /// The family, from `ID` or else the first known relative in `ID_LIKE`.
    package var family: DistributionFamily? {
        if let known = DistributionFamily(id: id) { return known }
        return idLike.lazy.compactMap { DistributionFamily(id: $0) }.first
    }
}
