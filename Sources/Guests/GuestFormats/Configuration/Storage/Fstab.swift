package import ByteReading

/// `/etc/fstab` (fstab(5)), read as two programs read it: libmount (mount(8), and systemd from 254 on) and the
/// getmntent(3) of glibc (systemd's generator before 254). Where they differ, the entry says so.
package struct Fstab: Sendable {
    /// What is wrong with a line or strange about it.
    package enum Problem: String, Sendable, Hashable {
        /// Only one field. Nobody mounts anything.
        case tooFewFields
        /// Fields five or six are not numbers (a comment at the end of the line, most often). libmount drops the
        /// whole line, getmntent takes them as 0.
        case badNumber
        /// The last field that is not a number ends in a carriage return. libmount takes it away; getmntent keeps
        /// it, so that the type or an option is unknown to the kernel.
        case carriageReturn
        /// The third field (type) is missing.
        case missingType
        /// The mount point is neither a path nor `none` or `swap`.
        case badMountPoint
        /// The line starts with a byte order mark, which becomes part of the device name.
        case byteOrderMark
    }

    /// One line that names a mount or swap space.
    package struct Entry: Sendable {
        /// The first field with escapes undone: `UUID=…`, `/dev/sda1`.
        package let device: String
        /// What that names.
        package let specification: DeviceSpecification
        /// The second field with escapes undone, doubled and trailing slashes taken away.
        package let mountPoint: String
        /// The third field; empty when missing.
        package let type: String
        /// The fourth field; empty when missing.
        package let options: MountOptions
        /// The fifth field.
        package let frequency: Int
        /// The sixth field: 0 is no check.
        package let pass: Int
        /// What is odd.
        package let problems: [Problem]
        /// Where it stands.
        package let source: SourceLine

        /// Whether this is swap space.
        package var isSwap: Bool { type == "swap" }
        /// Whether it binds a directory to a second place.
        package var isBind: Bool { options.contains("bind") || options.contains("rbind") }
        /// Whether `mount -a` of a SysV or OpenRC system would mount it, and stop when it cannot.
        package var isRequiredBySysV: Bool {
            !isSwap && !options.contains("noauto") && !options.contains("nofail")
                && !options.contains("nobootwait")
        }
        /// Whether libmount takes the line at all.
        package var isSeenByLibmount: Bool { !problems.contains(.badNumber) }
    }

    /// The entries in order.
    package let entries: [Entry]
    /// Lines that name neither mount nor swap, with the reason.
    package let rejected: [(problem: Problem, source: SourceLine)]
    /// Whether the file starts with a UTF-8 byte order mark.
    package let hasByteOrderMark: Bool
    /// How many lines end in `\r\n`.
    package let carriageReturnCount: Int

    /// Reads an fstab.
    package init(_ bytes: Bytes, name: String = "/etc/fstab") throws(ImageFault) {
        let text = try ConfigurationText(bytes, name: name)
        var entries: [Entry] = []
        var rejected: [(problem: Problem, source: SourceLine)] = []
        for line in text.lines {
            let hasMark = line.number == 1 && text.hasByteOrderMark
            let fields = AsciiText.words(line.withoutCarriageReturn, separator: AsciiText.isBlank)
            guard let first = fields.first, first.first != 0x23 else { continue }
            let source = text.source(line)
            guard fields.count >= 2 else {
                rejected.append((.tooFewFields, source))
                continue
            }
            entries.append(Self.entry(fields, line: line, hasMark: hasMark, source: source))
        }
        self.entries = entries
        self.rejected = rejected
        hasByteOrderMark = text.hasByteOrderMark
        carriageReturnCount = text.carriageReturnCount
    }

    private static func entry(
        _ fields: [AsciiText.Piece], line: ConfigurationText.Line, hasMark: Bool, source: SourceLine
    ) -> Entry {
        var problems: [Problem] = hasMark ? [.byteOrderMark] : []
        if fields.count < 3 { problems.append(.missingType) }
        var numbers = [0, 0]
        for (index, field) in fields.dropFirst(4).prefix(2).enumerated() {
            if let number = Self.number(field) {
                numbers[index] = number
            } else {
                if !problems.contains(.badNumber) { problems.append(.badNumber) }
                break
            }
        }
        // sscanf skips white space after a number, so a carriage return there does no harm.
        if line.hasCarriageReturn, fields.count <= 4,
            line.withoutCarriageReturn.last.map(AsciiText.isBlank) != true
        {
            problems.append(.carriageReturn)
        }
        let device = AsciiText.string(unescaped(fields[0]))
        let type = fields.count > 2 ? AsciiText.string(unescaped(fields[2])) : ""
        let options = MountOptions(fields.count > 3 ? AsciiText.string(unescaped(fields[3])) : "")
        let mountPoint = simplified(AsciiText.string(unescaped(fields[1])))
        if !mountPoint.hasPrefix("/"), mountPoint != "none", mountPoint != "swap", type != "swap" {
            problems.append(.badMountPoint)
        }
        return Entry(
            device: device,
            specification: DeviceSpecification(
                device, fileSystemType: type.isEmpty ? nil : type, options: options.options.map(\.name)),
            mountPoint: mountPoint, type: type, options: options, frequency: numbers[0], pass: numbers[1],
            problems: problems, source: source)
    }

    /// Undoes `\040` and its like (`unmangle` of libmount): any three octal digits.
    static func unescaped(_ field: AsciiText.Piece) -> AsciiText.Piece {
        guard field.contains(0x5C) else { return field }
        var result: [UInt8] = []
        var index = field.startIndex
        while index < field.endIndex {
            if field[index] == 0x5C, index + 3 < field.endIndex,
                field[(index + 1)...(index + 3)].allSatisfy({ $0 >= 0x30 && $0 <= 0x37 })
            {
                let value =
                    Int(field[index + 1] & 7) << 6 | Int(field[index + 2] & 7) << 3
                    | Int(field[index + 3] & 7)
                result.append(UInt8(truncatingIfNeeded: value))
                index += 4
            } else {
                result.append(field[index])
                index += 1
            }
        }
        return result[...]
    }

    /// A decimal number with an optional sign.
    private static func number(_ field: AsciiText.Piece) -> Int? {
        let isNegative = field.first == 0x2D
        let digits = field.first == 0x2D || field.first == 0x2B ? field.dropFirst() : field
        guard digits.count <= 9, let number = AsciiText.number(AsciiText.string(digits)) else { return nil }
        return isNegative ? -number : number
    }

    /// `path` without doubled slashes and without one at the end.
    static func simplified(_ path: String) -> String {
        guard path.hasPrefix("/") else { return path }
        return "/" + path.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }

    /// The entry that mounts `mountPoint`; the last one wins as it is mounted over the others.
    package func entry(mountPoint: String) -> Entry? { entries.last { $0.mountPoint == mountPoint } }
}
