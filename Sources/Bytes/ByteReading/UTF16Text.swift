extension Bytes {
    /// The bytes as two-byte units; an odd byte at the end is left out.
    public func utf16Units(isBigEndian: Bool = false) -> [UInt16] {
        withSpan { span in
            (0..<span.count / 2).map { index in
                let unit = UInt16(span[2 * index]) | UInt16(span[2 * index + 1]) << 8
                return isBigEndian ? unit.byteSwapped : unit
            }
        }
    }

    /// UTF-16 up to the first NUL; a surrogate without its partner becomes U+FFFD.
    public func utf16Text(isBigEndian: Bool = false) -> String {
        String(decoding: utf16Units(isBigEndian: isBigEndian).prefix { $0 != 0 }, as: UTF16.self)
    }
}

extension String {
    /// The text in UTF-16, little-endian, without a NUL at the end.
    public var utf16LittleEndian: [UInt8] {
        utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
    }
}
