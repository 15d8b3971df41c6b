package import ByteReading

/// `/etc/crypttab` (crypttab(5)).
package struct Crypttab: Sendable {
    /// One encrypted volume.
    package struct Entry: Sendable {
        /// The name below `/dev/mapper`.
        package let name: String
        /// The device as written.
        package let device: String
        /// What that names.
        package let specification: DeviceSpecification
        /// The key file: nil for `none`, `-` or a missing field, which ask at the console. Random key devices
        /// (`/dev/urandom`) make throw-away volumes.
        package let keyFile: String?
        /// The options.
        package let options: MountOptions
        /// Where it stands.
        package let source: SourceLine

        /// Whether the boot asks for a passphrase and so waits for someone at the console.
        package var asksForPassphrase: Bool {
            keyFile == nil && !options.contains("tpm2-device") && !options.contains("fido2-device")
                && !options.contains("pkcs11-uri") && !options.contains("keyscript")
        }
        /// Whether cryptsetup.target requires it (not `noauto`, not `nofail`).
        package var isRequired: Bool {
            !options.isSet("noauto", opposite: "auto") && !options.isSet("nofail", opposite: "fail")
        }
    }

    /// The entries in order.
    package let entries: [Entry]
    /// Lines of fewer than two fields.
    package let rejected: [SourceLine]

    /// Reads a crypttab.
    package init(_ bytes: Bytes, name: String = "/etc/crypttab") throws(ImageFault) {
        let text = try ConfigurationText(bytes, name: name, splittingAtCarriageReturn: true)
        var entries: [Entry] = []
        var rejected: [SourceLine] = []
        for line in text.lines {
            let fields = AsciiText.words(line.bytes).map(AsciiText.string)
            guard let first = fields.first, !first.hasPrefix("#") else { continue }
            guard fields.count >= 2 else {
                rejected.append(text.source(line))
                continue
            }
            let key = fields.count > 2 ? fields[2] : "none"
            entries.append(
                Entry(
                    name: first, device: fields[1], specification: DeviceSpecification(fields[1]),
                    keyFile: key == "none" || key == "-" ? nil : key,
                    options: MountOptions(fields.count > 3 ? fields[3] : ""), source: text.source(line)))
        }
        self.entries = entries
        self.rejected = rejected
    }
}
