import Checks
import Foundation
import GuestFacts
import LaunchChain
import Reports
import Targets
import TestSupport
import Testing

/// What is said about each composed Linux guest, held against `testimages/linux-images.tsv`.
@Suite(.enabled(if: LinuxImages.canBeMade, "root, file-system tools and a few packages of Debian are needed"))
struct LinuxImageTests {
    @Test func theTableIsWhatTheRecipesSay() async throws {
        let text = String(decoding: try Snapshot.file("testimages/linux-images.tsv"), as: UTF8.self)
        let said = try await HostTool.shell("\(Snapshot.repository)testimages/recipes/make-linux.sh --table")
        #expect(text == said, "make-linux.sh --table writes it anew")
        #expect(
            LinuxImages.all.reduce(0) { $0 + $1.launches.count } == text.split(separator: "\n").count - 1)
    }

    @Test(arguments: LinuxImages.all)
    func isJudgedAsTheTableSays(_ image: LinuxImages.Image) async throws {
        let path = try await LinuxImages.path(image.name)
        var targets: [Target] = []
        for name in Set(image.launches.map(\.target)).sorted() {
            targets.append(try #require(Target.shipped(name)))
        }
        // One scan for all targets: the image is read once.
        let whole = try LinuxImages.scan(path, targets: targets)
        for row in image.launches {
            let place = "\(row.target), \(row.disk.rawValue), \(row.firmware.rawValue)"
            var report = whole
            if row.boots == "-" {
                #expect(report.guests.isEmpty, "\(place): a system was found")
            } else {
                // A bus that a target has on request only is asked for by itself.
                if launch(row, in: report) == nil {
                    let own = targets.filter { $0.id == row.target }
                    report = try LinuxImages.scan(path, targets: own, launch: row)
                }
                try expect(launch(row, in: report), toBe: row, place)
            }
            if row.code != "-" {
                let items = report.allChecks.filter { $0.targets?.contains(row.target) ?? true }
                let codes = items.compactMap(\.code)
                #expect(codes.contains(row.code), "\(place): \(codes)")
            }
        }
    }

    private func expect(_ launch: LaunchVerdict?, toBe row: LinuxImages.Launch, _ place: String) throws {
        let verdict = try #require(launch, "\(place): no such launch")
        let said = [verdict.boots, verdict.reachable, verdict.ready].map(\.rawValue)
        let wanted = [row.boots, row.reachable, row.ready]
        #expect(
            zip(said, wanted).allSatisfy { $1 == "!no" ? $0 != "no" : $0 == $1 },
            "\(place): \(said), not \(wanted): \(verdict.stopsAt?.message ?? "") \(verdict.unknownBecause ?? [])"
        )
        if row.boots != "!no" {
            #expect(
                (verdict.stopsAt?.link.rawValue ?? "-") == row.stopsAt,
                "\(place): \(verdict.stopsAt?.message ?? "")")
        }
    }

    private func launch(_ row: LinuxImages.Launch, in report: ScanReport) -> LaunchVerdict? {
        report.guests.first?.verdicts.first { $0.target == row.target }?.launches.first {
            $0.disk == row.disk && $0.firmware == row.firmware
        }
    }
}

/// Each trap known for Linux has a test: a row of the table, a test with its number in its name, or a reason.
struct LinuxTrapTests {
    @Test func everyTrapHasATest() throws {
        var covered = Set(LinuxImages.all.flatMap(\.traps))
        let tests = URL(filePath: Snapshot.repository + "Tests")
        let files = try #require(FileManager.default.enumerator(at: tests, includingPropertiesForKeys: nil))
        for case let file as URL in files where file.pathExtension == "swift" {
            let text = try String(contentsOf: file, encoding: .utf8)
            for name in text.matches(of: /@Test\(\s*"Trap ([0-9, ]+)/) {
                covered.formUnion(name.1.split { !$0.isNumber }.compactMap { Int($0) })
            }
        }
        let page = String(decoding: try Snapshot.file("testimages/README.md"), as: UTF8.self)
        let reasons = page.matches(of: /\n\| trap ([0-9]+) \| ([^|]+) \|/).compactMap { Int($0.1) }
        let missing = [Array(1...73), Array(101...107)].joined().filter {
            !covered.contains($0) && !reasons.contains($0)
        }
        #expect(missing.isEmpty, "no test and no reason")
        #expect(reasons.filter(covered.contains).isEmpty, "a reason is given, and there is a test")
    }
}
