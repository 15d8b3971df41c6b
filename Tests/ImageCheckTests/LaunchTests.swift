import Checks
import GuestFacts
import LaunchChain
import Reports
import TestSupport
import Testing

/// What is said about each small guest, held against `testimages/images/expected.tsv`.
struct LaunchTests {
    @Test func theTableIsRead() throws {
        let text = String(decoding: try Snapshot.file("testimages/images/expected.tsv"), as: UTF8.self)
        #expect(TestImages.launches.count == text.split(separator: "\n").count - 1)
        let files = FixtureTool.list(Snapshot.repository + "testimages/images")
        #expect(Set(TestImages.names) == Set(files.filter { $0 != "expected.tsv" }))
    }

    @Test(.enabled(if: HostTool.has("xz")), arguments: TestImages.launches)
    func isJudgedAsTheTableSays(_ row: TestImages.Launch) async throws {
        let report = try TestImages.scan(
            try await TestImages.path(row.image), disk: row.disk, firmware: row.firmware)
        guard row.boots != "-" else {
            #expect(report.guests.isEmpty)
            let codes = (report.checks ?? []).filter { $0.status == .fail }.compactMap(\.code)
            #expect(codes.contains(row.code), "\(codes)")
            return
        }
        try #require(report.guests.count == 1)
        let launches = report.guests[0].verdicts.flatMap(\.launches)
        try #require(launches.count == 1)
        let launch = launches[0]
        #expect(launch.boots.rawValue == row.boots)
        #expect(launch.reachable.rawValue == row.reachable)
        #expect((launch.stopsAt?.link.rawValue ?? "-") == row.stopsAt)
        if row.code != "*" { #expect((launch.stopsAt?.code ?? "-") == row.code) }
        #expect(report.gaps.isEmpty, "\(report.gaps)")
    }

    /// Nothing is held against a healthy guest but what is true of it: it has keys of its own in it, and a name server
    /// that systemd-networkd leaves alone.
    @Test(arguments: ["healthy-bios-mbr.qcow2", "healthy-uefi-gpt.qcow2"])
    func raisesNoFalseAlarm(_ image: String) async throws {
        let report = try TestImages.scan(try await TestImages.path(image))
        let alarms = report.allChecks.filter { $0.status == .fail && $0.severity != .info }.compactMap(\.code)
        #expect(Set(alarms) == ["SshHostKeys.Shared", "AuthorizedKeys.Present", "Leftovers.NameServer"])
        #expect(report.allChecks.allSatisfy { $0.status != .unknown })
        #expect(report.guests.flatMap(\.verdicts).allSatisfy { $0.boots == .yes && $0.ready == .yes })
    }
}
