import FoundationEssentials

/// Machine-readable output: values of the report as JSON, keys sorted, so that two runs can be compared.
///
/// What could disturb a terminal and is legal unescaped in JSON (DEL, C1 controls, bidirectional overrides,
/// invisible characters) is written as `\uXXXX`: the same string to a parser, harmless to a reader.
public enum JSONReport {
    /// How the bytes are laid out.
    public enum Layout: Sendable {
        /// Indented, for people and for differences.
        case pretty
        /// One line without its line feed.
        case line
    }

    /// The JSON form of `value`. Throws what the encoder throws, for a number JSON cannot hold.
    public static func bytes(_ value: some Encodable, layout: Layout = .pretty) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if layout == .pretty { encoder.outputFormatting.insert(.prettyPrinted) }
        return harmless([UInt8](try encoder.encode(value)))
    }

    /// Reads a value back.
    public static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes))
    }

    /// Escapes what is left of the characters a terminal would act on. They can only stand inside strings.
    private static func harmless(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.contains(where: { $0 >= 0x7F }) else { return bytes }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + 64)
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            if scalar.value < 0x7F || !TerminalText.isHarmful(scalar) {
                result.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            } else {
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16)
                    result.append(contentsOf: "\\u".utf8)
                    result.append(
                        contentsOf: repeatElement(UInt8(ascii: "0"), count: max(0, 4 - digits.utf8.count)))
                    result.append(contentsOf: digits.utf8)
                }
            }
        }
        return result
    }
}
