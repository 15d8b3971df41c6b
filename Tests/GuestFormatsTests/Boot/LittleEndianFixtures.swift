extension [UInt8] {
    /// The bytes of `value`, least significant first.
    static func little<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
        (0..<T.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    /// Writes `value` over what is at `offset`.
    mutating func put(_ value: some FixedWidthInteger, at offset: Int) {
        for (index, byte) in Self.little(value).enumerated() { self[offset + index] = byte }
    }
}
