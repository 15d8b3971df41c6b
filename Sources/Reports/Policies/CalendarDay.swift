import Reports

/// A day of the Gregorian calendar, as policies write it: `2027-01-31`. Days begin and end in UTC, so that a pipeline
/// answers the same wherever it runs.
public struct CalendarDay: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Days since 1 January 1970.
    public let number: Int

    /// The day in which a moment lies; years outside 0 to 9999 are moved to their edge.
    ///
    /// - Parameter seconds: since 1970.
    public init(secondsSince1970 seconds: Int64) {
        number = Int(UTCTime(secondsSince1970: seconds).day1970)
    }

    /// Why a text is no day.
    enum Problem: Error, Equatable {
        /// It does not look like `2027-01-31`.
        case form
        /// It does, but there is no such day.
        case noSuchDay(String)
    }

    /// Reads `2027-01-31`.
    init(reading text: String) throws(Problem) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [4, 2, 2],
            parts.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2])
        else { throw .form }
        guard (1...12).contains(month) else {
            throw .noSuchDay("a year has no month \(parts[1])")
        }
        let last = CalendarDay.lastDay(of: month, in: year)
        guard (1...last).contains(day) else {
            throw .noSuchDay("\(parts[0])-\(parts[1]) has \(last) days")
        }
        let shifted = month > 2 ? month - 3 : month + 9
        let counted = month > 2 ? year : year - 1
        let era = (counted >= 0 ? counted : counted - 399) / 400
        let yearOfEra = counted - era * 400
        let ofYear = (153 * shifted + 2) / 5 + day - 1
        number = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + ofYear - 719_468
    }

    private static func lastDay(of month: Int, in year: Int) -> Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }

    /// Days from this one to `other`; below zero when that is before.
    public func days(until other: CalendarDay) -> Int { other.number - number }

    /// `2027-01-31`.
    public var description: String { UTCTime(secondsSince1970: Int64(number) * 86400).date }

    /// Earlier days are less.
    public static func < (a: CalendarDay, b: CalendarDay) -> Bool { a.number < b.number }
}
