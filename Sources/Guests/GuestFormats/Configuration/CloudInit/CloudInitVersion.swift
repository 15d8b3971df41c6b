package import ByteReading

/// A version of cloud-init, with the letters vendors add: `19.1.3`, `0.7.6a15`, `23.1-8.el9`, `24.1.3-0ubuntu1`.
package struct CloudInitVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The text.
    package let text: String
    private let runs: [Run]

    private enum Run: Hashable {
        case number(Int)
        case letters(String)
    }

    /// Splits `text` into runs of digits and letters; what follows the first `-`, `~` or `+` is the packager's.
    package init(_ text: String) {
        self.text = text
        var runs: [Run] = []
        var digits: [UInt8] = []
        var letters: [UInt8] = []
        func flush() {
            if !digits.isEmpty {
                runs.append(.number(AsciiText.number(AsciiText.string(digits[...])) ?? Int.max))
            }
            if !letters.isEmpty { runs.append(.letters(AsciiText.string(letters[...]))) }
            digits = []
            letters = []
        }
        for byte in text.utf8.prefix(64) {
            if byte == 0x2D || byte == 0x7E || byte == 0x2B { break }
            if AsciiText.isDigit(byte) {
                if !letters.isEmpty { flush() }
                digits.append(byte)
            } else if AsciiText.isAlphanumeric(byte) {
                if !digits.isEmpty { flush() }
                letters.append(byte)
            } else {
                flush()
            }
        }
        flush()
        self.runs = runs
    }

    /// The text.
    package var description: String { text }

    /// Compares run by run: numbers as numbers, so `0.7.6a15` is after `0.7.6a4`, and both after `0.7.6`.
    package static func < (a: CloudInitVersion, b: CloudInitVersion) -> Bool {
        for (left, right) in zip(a.runs, b.runs) where left != right {
            switch (left, right) {
            case (.number(let x), .number(let y)): return x < y
            case (.letters(let x), .letters(let y)): return x < y
            // `0.7.6a4` against `0.7.6.1`: a further number is a later release.
            case (.letters, .number): return true
            case (.number, .letters): return false
            }
        }
        return a.runs.count < b.runs.count
    }

    /// Equal when all runs are, whatever the packager added.
    package static func == (a: CloudInitVersion, b: CloudInitVersion) -> Bool { a.runs == b.runs }

    /// Hashes the runs.
    package func hash(into hasher: inout Hasher) { hasher.combine(runs) }

    /// The version in cloud-init's own `cloudinit/version.py`: `_PACKAGED_VERSION` if the packager filled it in,
    /// else `__VERSION__`.
    package static func inModule(
        _ bytes: Bytes, name: String
    ) throws(ImageFault) -> (version: CloudInitVersion, source: SourceLine)? {
        let text = try ConfigurationText(bytes, name: name)
        var found: (version: CloudInitVersion, source: SourceLine)?
        for line in text.lines {
            // Before 0.7.8: `return vr.StrictVersion("0.7.5")`.
            if let call = line.text.firstRange(of: "StrictVersion(") {
                let value = AsciiText.unquoted(
                    String(line.text[call.upperBound...].prefix { $0 != ")" }))
                if value.first?.isNumber == true { found = (CloudInitVersion(value), text.source(line)) }
                continue
            }
            guard let (left, right) = AsciiText.split(line.text, at: "=") else { continue }
            let variable = AsciiText.trimmed(left)
            let value = AsciiText.unquoted(AsciiText.trimmed(String(right.split(separator: "#").first ?? "")))
            guard value.first?.isNumber == true else { continue }
            if variable == "_PACKAGED_VERSION" { return (CloudInitVersion(value), text.source(line)) }
            if variable == "__VERSION__" { found = (CloudInitVersion(value), text.source(line)) }
        }
        return found
    }
}
