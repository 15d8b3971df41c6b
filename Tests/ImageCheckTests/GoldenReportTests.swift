import Reports
import TestSupport
import Testing

/// Whole reports, held against the contract and against what they were before.
struct GoldenReportTests {
    /// Without what differs from one machine or run to the next.
    private func normalised(_ report: ScanReport) -> ScanReport {
        var report = report
        report.tool.version = "0"
        report.image.path = report.image.path.split(separator: "/").last.map(String.init) ?? ""
        report.cost = ScanReport.Cost(seconds: 0, bytesRead: 0, reads: 0, peakMemory: 0)
        return report
    }

    /// `IMAGECHECK_REWRITE_SNAPSHOTS=1 swift test --filter GoldenReportTests` writes the files of
    /// `testimages/expected` anew.
    @Test(.enabled(if: HostTool.has("xz")), arguments: TestImages.names)
    func staysAsItWas(_ image: String) async throws {
        let report = normalised(try TestImages.scan(try await TestImages.path(image)))
        let text = String(decoding: try JSONReport.bytes(report), as: UTF8.self) + "\n"
        let name = image.split(separator: ".").first.map(String.init) ?? image
        let change = try Snapshot.difference(text, fromFile: "testimages/expected/\(name).json")
        #expect(change == nil)
    }

    @Test(.enabled(if: HostTool.has("xz")), arguments: TestImages.launches)
    func fitsTheSchema(_ row: TestImages.Launch) async throws {
        let schema = JSONSchema(try JSONValue(parsing: Snapshot.file("schema/report-1.schema.json")))
        let report = try TestImages.scan(
            try await TestImages.path(row.image), disk: row.disk, firmware: row.firmware)
        let bytes = try JSONReport.bytes(report)
        #expect(try schema.violations(of: JSONValue(parsing: bytes)) == [])
        #expect(try JSONReport.decode(ScanReport.self, from: bytes) == report)
    }

    /// The same image gives the same report, whatever else ran before.
    @Test func isTheSameTwice() async throws {
        let path = try await TestImages.path("healthy-uefi-gpt.qcow2")
        let first = normalised(try TestImages.scan(path))
        #expect(try normalised(TestImages.scan(path)) == first)
    }
}
