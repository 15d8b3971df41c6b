import ByteReading
import FileSystemCore

/// A file or directory as its directory lists it (Microsoft FAT specification 1.03, "Directory Structure").
struct FATEntry: Sendable {
    /// `DIR_Attr` bits.
    struct Attributes: OptionSet, Sendable {
        let rawValue: UInt8

        static let readOnly = Attributes(rawValue: 0x01)
        static let volumeID = Attributes(rawValue: 0x08)
        static let directory = Attributes(rawValue: 0x10)
        /// All of read-only, hidden, system and volume ID.
        static let longName = Attributes(rawValue: 0x0F)
    }

    /// The long name if there is one, else the short name as Linux shows it.
    var name: FileName
    /// The 8.3 name, by which it can be looked up, too.
    var shortName: FileName
    var attributes: Attributes
    var firstCluster: UInt32
    var size: UInt32
    /// Seconds since 1970, taking the recorded local time for UTC.
    var modified: Int64
    /// Bytes into the volume of the 32-byte entry.
    var place: UInt64

    var isDirectory: Bool { attributes.contains(.directory) }

    /// Reads a 32-byte entry that holds a short name. `longName` is what came before it.
    init(parsing entry: Bytes, longName: String?, isFAT32: Bool) throws(ImageFault) {
        attributes = Attributes(rawValue: try entry.byte(at: 11))
        let high: UInt16 = isFAT32 ? try entry.little(at: 20) : 0
        firstCluster = UInt32(high) << 16 | UInt32(try entry.little(UInt16.self, at: 26))
        size = try entry.little(at: 28)
        modified = FATEntry.seconds(date: try entry.little(at: 24), time: try entry.little(at: 22))
        place = entry.origin
        let short = FATEntry.shortName(entry.prefix(11).array, caseFlags: try entry.byte(at: 12))
        shortName = FileName(short)
        name = longName.map { FileName($0) } ?? shortName
    }

    /// The checksum that binds long name entries to a short name.
    static func checksum(_ shortName: [UInt8]) -> UInt8 {
        shortName.reduce(0) { sum, byte in (sum >> 1 | sum << 7) &+ byte }
    }

    /// An 8.3 name as text. Bit 3 of the flags at byte 12 makes the base lower case, bit 4 the extension.
    private static func shortName(_ raw: [UInt8], caseFlags: UInt8) -> String {
        func part(_ bytes: ArraySlice<UInt8>, isLower: Bool) -> String {
            var trimmed = bytes
            while trimmed.last == 0x20 { trimmed.removeLast() }
            let text = CodePage437.text(trimmed)
            return isLower ? text.lowercased() : text
        }
        var bytes = raw
        // 0xE5 marks free entries; a name that starts with it is written 0x05.
        if bytes.first == 0x05 { bytes[0] = 0xE5 }
        let base = part(bytes.prefix(8), isLower: caseFlags & 0x08 != 0)
        let suffix = part(bytes.dropFirst(8).prefix(3), isLower: caseFlags & 0x10 != 0)
        return suffix.isEmpty ? base : "\(base).\(suffix)"
    }

    /// Date: day 0–4, month 5–8, year from 1980 9–15. Time: two seconds 0–4, minute 5–10, hour 11–15.
    private static func seconds(date: UInt16, time: UInt16) -> Int64 {
        guard date != 0 else { return 0 }
        let year = Int64(date >> 9) + 1980
        let month = Int64(Swift.min(12, Swift.max(1, date >> 5 & 0x0F)))
        let day = Int64(Swift.max(1, date & 0x1F))
        // Days since 1970 by years that start in March, so that the leap day comes last.
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted % 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        return days * 86400 + Int64(time >> 11) * 3600 + Int64(time >> 5 & 0x3F) * 60 + Int64(time & 0x1F) * 2
    }
}

/// The character set of DOS in the United States, which firmware and Linux assume for short names.
enum CodePage437 {
    private static let upperHalf: [Character] = Array(
        "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{A0}"
    )

    static func text(_ bytes: some Sequence<UInt8>) -> String {
        String(
            bytes.map { byte in
                byte < 0x80
                    ? Character(UnicodeScalar(byte))
                    : upperHalf[Swift.min(Int(byte) - 0x80, upperHalf.count - 1)]
            })
    }
}
