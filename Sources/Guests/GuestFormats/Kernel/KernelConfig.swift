package import ByteReading

/// The configuration a kernel was built with: `/boot/config-K`, `/lib/modules/K/config`, or unpacked
/// `IKCONFIG` data (Documentation/kbuild/kconfig-language.rst).
package struct KernelConfig: Sendable {
    /// The value of an option.
    package enum Value: Sendable, Hashable {
        /// Built in, `=y`.
        case builtIn
        /// A module, `=m`.
        case module
        /// A string or number, without its quotes.
        case text(String)
    }

    private var values: [String: Value] = [:]
    /// The version in the first comment (`Linux/x86 6.1.0 Kernel Configuration`).
    package private(set) var version: String?

    /// Parses the text; lines that are no option are passed over.
    package init(parsing bytes: Bytes) {
        for line in TextLines(bytes) {
            if line.starts(with: "CONFIG_") {
                addOption(line.text)
            } else if version == nil, line.starts(with: "# Linux/") {
                version = line.words.dropFirst(2).first
            }
        }
    }

    private mutating func addOption(_ line: String) {
        guard let equals = line.utf8.firstIndex(of: UInt8(ascii: "=")) else { return }
        let name = String(line[..<equals].dropFirst(7))
        let text = line[line.utf8.index(after: equals)...]
        switch text {
        case "y": values[name] = .builtIn
        case "m": values[name] = .module
        default:
            let quoted = text.count >= 2 && text.hasPrefix("\"") && text.hasSuffix("\"")
            values[name] = .text(String(quoted ? text.dropFirst().dropLast() : text))
        }
    }

    /// The number of options that are set.
    package var count: Int { values.count }

    /// The value of an option, named without `CONFIG_`; nil when it is not set.
    package subscript(_ name: String) -> Value? { values[name] }

    /// Whether the option is `=y`.
    package func isBuiltIn(_ name: String) -> Bool { values[name] == .builtIn }
}
