import Checks
import GuestFacts
import ImageCheck
import LaunchChain
import Reports
import Targets
import TestSupport
import Testing

/// The example of the library's article, as a program compiles and runs it.
struct LibraryExampleTests {
    private func example(_ path: String) throws -> ScanReport {
        let scanner = ImageScanner()
        let report = try scanner.scan(path)
        for guest in report.guests {
            for verdict in guest.verdicts {
                print(verdict.target, verdict.boots.rawValue, verdict.reachable.rawValue)
                for launch in verdict.launches {
                    if let stop = launch.stopsAt { print(launch.disk.rawValue, stop.code, stop.message) }
                }
            }
        }
        for gap in report.gaps { print("not read:", gap.where, gap.message) }
        return report
    }

    @Test func runs() throws {
        let report = try example(Snapshot.repository + "testimages/images/healthy-bios-mbr.qcow2")
        #expect(report.guests.map(\.verdicts.count) == [1])
    }

    /// The article shows the lines above.
    @Test func isTheOneOfTheArticle() throws {
        let article = String(
            decoding: try Snapshot.file("Sources/Product/ImageCheck/ImageCheck.docc/ImageCheck.md"),
            as: UTF8.self)
        let source = String(
            decoding: try Snapshot.file("Tests/ImageCheckTests/LibraryExampleTests.swift"), as: UTF8.self)
        let shown = try #require(article.split(separator: "```").dropFirst().first)
        for line in shown.split(separator: "\n").dropFirst(2) {
            #expect(source.contains(line.drop { $0 == " " }), "\(line)")
        }
    }
}
