extension Bytes {
    /// The bytes as two-byte units; an odd byte at the end is left out.
    public func utf16Units(isBigEndian: Bool = false) -> [UInt16] {
        withSpan { span in
            var units: [UInt16] = []
            units.reserveCapacity(span.count / 2)
            var index = 0
            while index &+ 1 < span.count {
                let unit = UInt16(span[index]) | UInt16(span[index &+ 1]) << 8
                units.append(isBigEndian ? unit.byteSwapped : unit)
                index &+= 2
            }
            return units
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
