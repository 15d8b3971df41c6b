import ImageCheck
import Reports

/// Entries of a directory in the manner of `ls -l`.
enum ListText {
    static func bytes(_ entries: [GuestEntry], isEscaped: Bool, unicode: Bool) -> [UInt8] {
        let columns = entries.map(columns)
        let widths = (0..<5).map { index in columns.map { $0[index].utf8.count }.max() ?? 0 }
        var result: [UInt8] = []
        for (entry, values) in zip(entries, columns) {
            for (index, value) in values.enumerated() {
                let filling = repeatElement(
                    UInt8(ascii: " "), count: index < widths.count ? widths[index] - value.utf8.count : 0)
                // Mode and date to the left, numbers to the right.
                if index > 0, index < 5 { result += filling }
                result += value.utf8
                result.append(UInt8(ascii: " "))
            }
            result += name(entry.name, isEscaped, unicode)
            if let target = entry.linkTarget {
                result += " -> ".utf8
                result += name(target, isEscaped, unicode)
            }
            result.append(0x0A)
        }
        return result
    }

    private static func name(_ bytes: [UInt8], _ isEscaped: Bool, _ unicode: Bool) -> [UInt8] {
        isEscaped ? Array(TerminalText.escapedName(bytes, unicode: unicode).utf8) : bytes
    }

    private static func columns(_ entry: GuestEntry) -> [String] {
        guard entry.fault == nil else {
            return ["\(entry.type)?????????", "?", "?", "?", "?", "???????????????? "]
        }
        return [
            String(entry.type) + mode(entry.permissions), "\(entry.linkCount)", "\(entry.owner)",
            "\(entry.group)",
            "\(entry.size)", date(entry.modified),
        ]
    }

    /// `rwsr-xr-t` of the lower twelve bits.
    static func mode(_ bits: UInt16) -> String {
        var text = ""
        for (shift, special, mark) in [(6, 0o4000, "s"), (3, 0o2000, "s"), (0, 0o1000, "t")] {
            let part = (bits >> UInt16(shift)) & 7
            text += part & 4 != 0 ? "r" : "-"
            text += part & 2 != 0 ? "w" : "-"
            let runs = part & 1 != 0
            if bits & UInt16(special) != 0 {
                text += runs ? mark : mark.uppercased()
            } else {
                text += runs ? "x" : "-"
            }
        }
        return text
    }

    /// `2026-11-23 00:31`, UTC, of the proleptic Gregorian calendar; years a file cannot have are shown as `?`.
    static func date(_ seconds: Int64) -> String {
        // A little under the years 1 to 9999.
        guard (-62_000_000_000...253_000_000_000).contains(seconds) else { return "????-??-?? ??:??" }
        return String(UTCTime(secondsSince1970: seconds).iso8601.replacing("T", with: " ").prefix(16))
    }
}
