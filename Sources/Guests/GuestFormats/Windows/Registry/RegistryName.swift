import ByteReading

/// How the registry writes and compares names.
enum RegistryName {
    /// A name as it is stored: a byte for each character when all are below 0x100 (`KEY_COMP_NAME`,
    /// `VALUE_COMP_NAME`), else UTF-16.
    static func text(_ bytes: Bytes, isCompressed: Bool) throws(ImageFault) -> String {
        guard isCompressed else { return try text(utf16: bytes) }
        var text = String.UnicodeScalarView()
        for byte in bytes { text.append(Unicode.Scalar(byte)) }
        return String(text)
    }

    /// Little-endian UTF-16; a surrogate on its own becomes U+FFFD. `corrupt` for an odd number of bytes.
    static func text(utf16 bytes: Bytes) throws(ImageFault) -> String {
        guard bytes.count.isMultiple(of: 2) else {
            throw ImageFault(.corrupt, "UTF-16 of \(bytes.count) bytes", at: bytes.origin)
        }
        return String(decoding: bytes.utf16Units(), as: UTF16.self)
    }

    /// The names in a path. By scalars: a mark at the beginning of a name does not join the backslash before it.
    static func split(_ path: String) -> [String] {
        path.unicodeScalars.split(separator: "\\").map { String($0) }
    }

    /// The upper case of one unit as Windows has it (`RtlUpcaseUnicodeChar`): one to one, and never from
    /// outside ASCII into it. Inferred from Unicode's simple mappings, less those that Windows lacks.
    static func fold(_ unit: UInt16) -> UInt16 {
        if unit < 0x80 { return unit >= 0x61 && unit <= 0x7A ? unit - 32 : unit }
        if unit == 0xB5 { return unit }
        guard let scalar = Unicode.Scalar(unit) else { return unit }
        let mapped = scalar.properties.uppercaseMapping.utf16
        guard mapped.count == 1, let upper = mapped.first, upper >= 0x80 else { return unit }
        return upper
    }

    /// What two names have in common when they are the same name.
    static func fold(_ name: String) -> [UInt16] { name.utf16.map(fold) }

    /// The hash of a folded name in an `lh` list.
    static func hash(folded: [UInt16]) -> UInt32 {
        folded.reduce(0) { $0 &* 37 &+ UInt32($1) }
    }
}
