package import ByteReading

/// `BOOTX64.CSV` in a vendor's directory on the ESP: what shim's fallback makes boot entries from.
package struct BootCSV: Sendable {
    /// A line of the file.
    package struct Entry: Hashable, Sendable {
        /// The program, relative to the directory of the file.
        package let fileName: String
        /// The name of the boot entry.
        package let label: String
        /// Arguments of the program.
        package let arguments: String
    }

    /// The entries in order.
    package let entries: [Entry]

    /// Reads a file in UTF-16, little-endian, with or without a byte order mark. One in eight-bit text has no
    /// entries, neither here nor for fallback.
    package init(parsing bytes: Bytes) throws(ImageFault) {
        guard bytes.count <= 1 << 20 else { throw ImageFault(.limit, "boot CSV of \(bytes.count) bytes") }
        var units = bytes.utf16Units()
        if units.first == 0xFEFF { units.removeFirst() }
        var entries: [Entry] = []
        for line in units.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D || $0 == 0 }) {
            let fields = line.split(separator: UInt16(0x2C), omittingEmptySubsequences: false)
                .map { String(decoding: $0, as: UTF16.self) }
            guard fields.count >= 2, !fields[0].isEmpty else { continue }
            entries.append(
                Entry(fileName: fields[0], label: fields[1], arguments: fields.count > 2 ? fields[2] : ""))
        }
        self.entries = entries
    }
}
