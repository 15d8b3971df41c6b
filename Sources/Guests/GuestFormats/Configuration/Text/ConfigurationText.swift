package import ByteReading

/// A text file of the guest cut into lines, with what editors on other systems leave in it.
///
/// Lines are bytes, not characters: a Swift character may hold several of the bytes a parser written in C looks
/// at one by one (`\r\n` is one character). A carriage return stays in its line; whether it does harm depends on
/// the program that reads the file, so each parser decides.
package struct ConfigurationText: Sendable {
    /// One line.
    package struct Line: Sendable {
        /// Counted from 1.
        package let number: Int
        /// The bytes without the line feed; a carriage return before it is still there.
        package let bytes: ArraySlice<UInt8>

        /// The bytes as text, without a final carriage return.
        package var text: String { AsciiText.string(withoutCarriageReturn) }
        /// Whether the line ended in `\r\n`.
        package var hasCarriageReturn: Bool { bytes.last == 0x0D }
        /// The bytes without a final carriage return.
        package var withoutCarriageReturn: ArraySlice<UInt8> { hasCarriageReturn ? bytes.dropLast() : bytes }
    }

    /// The path of the file, for `SourceLine`.
    package let name: String
    /// The lines in order. A final line without a line feed counts; an empty rest after the last one does not.
    package let lines: [Line]
    /// Whether the file starts with a UTF-8 byte order mark. It is still part of the first line, unless the
    /// parser asked for it to be taken away.
    package let hasByteOrderMark: Bool
    /// How many lines end in `\r\n`.
    package let carriageReturnCount: Int
    /// Whether the file holds a NUL byte: it is not text, or a crash left a hole of zeros.
    package let hasNUL: Bool

    /// The largest file taken for configuration, in bytes. A line costs forty bytes of memory, so this is what
    /// keeps a file of line feeds from filling it.
    package static let sizeLimit = 1 << 20

    /// Cuts `bytes` into lines.
    ///
    /// - Parameters:
    ///   - strippingByteOrderMark: as systemd and YAML readers do.
    ///   - splittingAtCarriageReturn: a lone `\r` ends a line too, as for systemd's `read_line`.
    /// - Throws: `limit` when the file is larger than `sizeLimit`.
    package init(
        _ bytes: Bytes, name: String, strippingByteOrderMark: Bool = false,
        splittingAtCarriageReturn: Bool = false, sizeLimit: Int = ConfigurationText.sizeLimit
    ) throws(ImageFault) {
        guard bytes.count <= sizeLimit else {
            throw ImageFault(.limit, "\(bytes.count) bytes are too many for a configuration file").inLayer(
                name)
        }
        self.name = name
        let array = bytes.array
        hasByteOrderMark = array.starts(with: [0xEF, 0xBB, 0xBF])
        hasNUL = array.contains(0)
        var lines: [Line] = []
        var carriageReturns = 0
        var start = hasByteOrderMark && strippingByteOrderMark ? 3 : 0
        var number = 1
        var index = start
        while index < array.count {
            let byte = array[index]
            let endsHere = byte == 0x0A || (splittingAtCarriageReturn && byte == 0x0D)
            if endsHere {
                if byte == 0x0A, index > start, array[index - 1] == 0x0D { carriageReturns += 1 }
                lines.append(Line(number: number, bytes: array[start..<index]))
                if splittingAtCarriageReturn, byte == 0x0D, index + 1 < array.count, array[index + 1] == 0x0A
                {
                    carriageReturns += 1
                    index += 1
                }
                start = index + 1
                number += 1
            }
            index += 1
        }
        if start < array.count { lines.append(Line(number: number, bytes: array[start...])) }
        self.lines = lines
        carriageReturnCount = carriageReturns
    }

    /// The place of `line`, for a finding.
    package func source(_ line: Line) -> SourceLine {
        // A file may be one line of a megabyte with thousands of values in it.
        SourceLine(
            file: name, line: line.number, excerpt: AsciiText.string(line.withoutCarriageReturn.prefix(1000)))
    }
}
