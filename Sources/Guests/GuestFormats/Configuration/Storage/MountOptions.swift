/// The comma-separated options of a mount, in order.
package struct MountOptions: Hashable, Sendable, CustomStringConvertible {
    /// One option.
    package struct Option: Hashable, Sendable {
        /// The name, left of `=`.
        package let name: String
        /// What is right of `=`, without quotes; nil when there is no `=`.
        package let value: String?
    }

    /// The options as written.
    package let text: String
    /// The options in order.
    package let options: [Option]

    /// Splits `text` at commas outside double quotes (`context="a:b,c"`), as libmount does.
    package init(_ text: String) {
        self.text = text
        var options: [Option] = []
        var part: [UInt8] = []
        var isQuoted = false
        func finish() {
            guard !part.isEmpty else { return }
            if let (name, value) = AsciiText.split(part[...], at: 0x3D) {
                options.append(
                    Option(name: AsciiText.string(name), value: AsciiText.unquoted(AsciiText.string(value))))
            } else {
                options.append(Option(name: AsciiText.string(part[...]), value: nil))
            }
            part = []
        }
        for byte in text.utf8 {
            if byte == 0x22 { isQuoted.toggle() }
            if byte == 0x2C, !isQuoted { finish() } else { part.append(byte) }
        }
        finish()
        self.options = options
    }

    /// Whether an option of this name is there.
    package func contains(_ name: String) -> Bool { options.contains { $0.name == name } }

    /// The value of the last option of this name.
    package func value(_ name: String) -> String? { options.last { $0.name == name }?.value }

    /// Of two opposite options the last one wins (`fstab_test_yes_no_option` of systemd).
    package func isSet(_ name: String, opposite: String) -> Bool {
        options.last { $0.name == name || $0.name == opposite }?.name == name
    }

    /// The options as written.
    package var description: String { text }
}
