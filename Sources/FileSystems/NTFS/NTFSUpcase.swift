import ByteReading

/// The upper case of every UTF-16 unit as the volume has it (`$UpCase`): what makes two names the same.
struct NTFSUpcase: Sendable {
    /// Little-endian units, read where they lie: few are ever asked for.
    private let table: Bytes

    /// From the content of `$UpCase`: 65536 units, fewer on volumes of Windows NT 3; what is missing is its
    /// own upper case.
    init(_ table: Bytes) { self.table = table }

    /// Knows the letters of ASCII only, for a volume whose table cannot be read.
    init() {
        table = Bytes((UInt8(0)..<128).flatMap { [(97...122).contains($0) ? $0 - 32 : $0, 0] })
    }

    func fold(_ unit: UInt16) -> UInt16 { (try? table.little(at: Int(unit) * 2)) ?? unit }

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
