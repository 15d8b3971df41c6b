import ByteReading

/// The upper case of every UTF-16 unit as the volume has it (`$UpCase`): what makes two names the same.
struct NTFSUpcase: Sendable {
    private let table: [UInt16]

    /// From the content of `$UpCase`: 65536 units, fewer on volumes of Windows NT 3; what is missing is its
    /// own upper case.
    init(_ bytes: Bytes) throws(ImageFault) {
        table = try NTFSName.units(bytes.prefix(128 << 10))
    }

    /// Knows the letters of ASCII only, for a volume whose table cannot be read.
    init() {
        table = (0..<128).map { (97...122).contains($0) ? $0 - 32 : $0 }
    }

    func fold(_ unit: UInt16) -> UInt16 {
        Int(unit) < table.count ? table[Int(unit)] : unit
    }

    func fold(_ name: [UInt16]) -> [UInt16] { name.map(fold) }

    /// The order of a directory (COLLATION_FILE_NAME), by folded units alone: below zero when `a` comes first.
    /// Names that differ only in case are equal here and lie side by side.
    func order(_ a: [UInt16], foldedFirst b: [UInt16]) -> Int {
        for index in 0..<Swift.min(a.count, b.count) {
            let unit = fold(a[index])
            if unit != b[index] { return unit < b[index] ? -1 : 1 }
        }
        return a.count - b.count
    }
}
