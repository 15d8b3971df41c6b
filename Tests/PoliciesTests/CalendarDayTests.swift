import Foundation
import Testing

@testable import Policies

struct CalendarDayTests {
    /// Days of four centuries, against the calendar of Foundation.
    @Test func agreesWithFoundation() throws {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(identifier: "UTC"))
        for number in stride(from: -80_000, through: 80_000, by: 97) {
            let seconds = Int64(number) * 86400 + 12_345
            let parts = calendar.dateComponents(
                [.year, .month, .day], from: Date(timeIntervalSince1970: Double(seconds)))
            let text = String(format: "%04d-%02d-%02d", parts.year ?? 0, parts.month ?? 0, parts.day ?? 0)
            let day = CalendarDay(secondsSince1970: seconds)
            #expect(day.description == text && day.number == number)
            #expect(try CalendarDay(reading: text) == day)
        }
    }

    @Test func aDayIsWhole() throws {
        let day = try CalendarDay(reading: "2027-01-31")
        #expect(CalendarDay(secondsSince1970: Int64(day.number) * 86400) == day)
        #expect(CalendarDay(secondsSince1970: Int64(day.number) * 86400 + 86399) == day)
        #expect(CalendarDay(secondsSince1970: Int64(day.number) * 86400 + 86400) > day)
        #expect(try day.days(until: CalendarDay(reading: "2027-03-01")) == 29)
        #expect(CalendarDay(secondsSince1970: .max).description == "9999-12-31")
        #expect(CalendarDay(secondsSince1970: .min).description == "0000-01-01")
    }

    @Test(arguments: ["2024-02-29", "2000-02-29", "0000-01-01", "9999-12-31", "1970-01-01"])
    func thereIsSuchADay(_ text: String) throws {
        #expect(try CalendarDay(reading: text).description == text)
    }

    @Test(arguments: ["2023-02-29", "1900-02-29", "2027-04-31", "2027-00-10", "2027-13-01", "2027-01-00"])
    func thereIsNoSuchDay(_ text: String) {
        #expect {
            try CalendarDay(reading: text)
        } throws: { error in
            if case .noSuchDay? = error as? CalendarDay.Problem { true } else { false }
        }
    }

    @Test(arguments: [
        "", "-", "--", "2027", "2027-1-31", "27-01-31", "2027-01-31 ", "2027/01/31", "31.01.2027",
        "2027-01-31T00",
        "-027-01-31", "+027-01-31", "２０２７-01-31", "2027-0١-31",
    ])
    func isNotADay(_ text: String) {
        #expect(throws: CalendarDay.Problem.form) { try CalendarDay(reading: text) }
    }
}

struct NamePatternTests {
    @Test(
        arguments: [
            ("web-*.qcow2", "/images/web-01.qcow2", nil, true),
            ("web-*.qcow2", "/images/db-01.qcow2", nil, false),
            ("*", "/a/b/c.raw", nil, true), ("web?.raw", "web1.raw", nil, true),
            ("web?.raw", "web10.raw", nil, false),
            ("disk.raw", "/x/disk.raw", nil, true), ("disk.raw", "/x/disk.raw.bak", nil, false),
            // With a slash it is about the path.
            ("sub/*.raw", "/images/sub/a.raw", "/images", true),
            ("sub/*.raw", "/images/sub/a.raw", nil, false),
            ("sub/*.raw", "/images/sub/deep/a.raw", "/images", false),
            ("sub/**.raw", "/images/sub/deep/a.raw", "/images/", true),
            ("/images/**", "/images/sub/a.raw", nil, true), ("/images/*", "/images/sub/a.raw", nil, false),
            ("**/a.raw", "x/y/a.raw", nil, true), ("a*b*c", "aXXbYYc", nil, true),
            ("a*b*c", "aXXbYY", nil, false),
            ("", "a.raw", nil, false), ("bücher-*.raw", "bücher-1.raw", nil, true),
            ("[ab].raw", "a.raw", nil, false),
            ("[ab].raw", "[ab].raw", nil, true),
        ] as [(String, String, String?, Bool)])
    func fits(_ pattern: String, _ path: String, _ directory: String?, _ expected: Bool) {
        #expect(NamePattern(pattern).fits(path, below: directory) == expected)
    }

    /// The pattern on which a search that goes back takes for ever.
    @Test func noPatternHangs() {
        let pattern = NamePattern(String(repeating: "*a", count: 500) + "b")
        #expect(!pattern.fits(String(repeating: "a", count: 4000), below: nil))
        let long = NamePattern("*" + String(repeating: "a", count: 2000))
        #expect(!long.fits(String(repeating: "a", count: 2000), below: nil))
    }
}
