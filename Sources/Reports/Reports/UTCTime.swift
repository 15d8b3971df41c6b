/// A moment of the Gregorian calendar in UTC, for formats that carry one.
package struct UTCTime: Sendable, Hashable {
    /// Whole days since 1 January 1970; below zero before.
    package let day1970: Int64
    let year: Int64
    let month: Int64
    let day: Int64
    let hour: Int64
    let minute: Int64
    let second: Int64

    /// From seconds since 1970; what lies outside the years 0 to 9999 is moved to their edge.
    package init(secondsSince1970 seconds: Int64) {
        let seconds = min(253_402_300_799, max(-62_167_219_200, seconds))
        day1970 = seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400
        let rest = seconds - day1970 * 86400
        (hour, minute, second) = (rest / 3600, rest % 3600 / 60, rest % 60)
        // Counted from 1 March of the year 0, so that the leap day is the last of its year.
        let count = day1970 + 719_468
        let era = (count >= 0 ? count : count - 146_096) / 146_097
        let ofEra = count - era * 146_097
        let yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * ofYear + 2) / 153
        day = ofYear - (153 * shifted + 2) / 5 + 1
        month = shifted < 10 ? shifted + 3 : shifted - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// `2026-11-26T19:58:38`, without a zone.
    package var iso8601: String { date + "T" + parts([hour, minute, second]).joined(separator: ":") }

    /// `2026-11-26_19-58-38`.
    var fileName: String { date + "_" + parts([hour, minute, second]).joined(separator: "-") }

    /// `2026-11-26`.
    package var date: String {
        let digits = String(year)
        return ([String(repeating: "0", count: 4 - digits.count) + digits] + parts([month, day])).joined(
            separator: "-")
    }

    private func parts(_ numbers: [Int64]) -> [String] { numbers.map { $0 < 10 ? "0\($0)" : "\($0)" } }
}
