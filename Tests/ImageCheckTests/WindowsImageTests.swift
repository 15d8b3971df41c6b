import Checks
import GuestFacts
import LaunchChain
import Reports
import TestSupport
import Testing

/// What is said about each composed Windows disk, held against `testimages/windows-images.tsv`, and what becomes of
/// it when the fix is made as it is proposed.
@Suite(.enabled(if: WindowsImages.canBeMade))
struct WindowsImageTests {
    @Test func theTableIsRead() throws {
        let text = String(decoding: try Snapshot.file("testimages/windows-images.tsv"), as: UTF8.self)
        #expect(WindowsImages.launches.count == text.split(separator: "\n").count - 1)
    }

    private func launch(_ report: ScanReport) throws -> LaunchVerdict {
        try #require(report.guests.first?.verdicts.first?.launches.first)
    }

    @Test(arguments: WindowsImages.launches)
    func isJudgedAsTheTableSays(_ row: WindowsImages.Launch) async throws {
        let report = try WindowsImages.scan(try await WindowsImages.path(row.image), on: row)
        let codes = report.allChecks.compactMap(\.code)
        if row.code != "-" { #expect(codes.contains(row.code), "\(codes)") }
        guard row.boots != "-" else { return }
        let launch = try launch(report)
        let said = [launch.boots, launch.reachable, launch.ready].map(\.rawValue)
        #expect(
            said == [row.boots, row.reachable, row.ready],
            "\(launch.stopsAt?.message ?? "") \(launch.unknownBecause ?? [])")
        #expect((launch.stopsAt?.link.rawValue ?? "-") == row.stopsAt, "\(launch.stopsAt?.message ?? "")")
        if row.stopsAt != "-" { #expect(launch.stopsAt?.code == row.code) }
    }

    /// The first row of each code.
    private static let codes: [WindowsImages.Launch] = WindowsImages.launches.reduce(into: []) { rows, row in
        if row.code != "-", !rows.contains(where: { $0.code == row.code }) { rows.append(row) }
    }

    /// Rows whose finding offers a change of the registry: the first of them is made with hivexregedit, on a copy.
    @Test(.enabled(if: HostTool.has("hivexregedit")), arguments: codes)
    func registryFixMendsIt(_ row: WindowsImages.Launch) async throws {
        let path = try await WindowsImages.path(row.image)
        let before = try WindowsImages.scan(path, on: row)
        guard let item = before.allChecks.first(where: { $0.code == row.code }),
            let edit = item.fixes?.lazy.compactMap(\.registry).first
        else { return }
        let copy = try await EditableWindows(path)
        try await copy.merge(edit)
        let after = try WindowsImages.scan(copy.path, on: row)
        func errors(_ report: ScanReport) -> Set<String> {
            Set(report.allChecks.filter { $0.severity == .error }.compactMap(\.code))
        }
        #expect(!after.allChecks.contains { $0.code == row.code }, "still there after \(edit.text)")
        #expect(errors(after).subtracting(errors(before)).isEmpty, "\(errors(after))")
        if row.stopsAt != "-", errors(after).isEmpty {
            let mended = try launch(after)
            #expect(mended.boots == .yes, "\(mended.stopsAt?.message ?? "")")
        }
    }
}
