import ByteReading
import GuestFormats
import TestSupport
import Testing

/// Hives whose last write had not ended, with logs of all kinds.
@Suite(.enabled(if: RegistryFixtures.hasPython))
struct RegistryReplayTests {
    /// What is expected of a hive: how many entries of which logs, why it stopped, or why nothing was replayed.
    static let cases: [String: String] = [
        "dirty-old-log": "1 of [0]",
        "dirty-oldest-log": "1 of [0]",
        "dirty-old-logs": "1 of [1]",
        "dirty-old-log-stale": "not applicable",
        "dirty-old-log-cut": "damaged",
        "dirty-new-logs": "3 of [0, 1]",
        "dirty-new-logs-rotated": "3 of [1, 0]",
        "dirty-new-missing": "2 of [0, 1]",
        "dirty-new-gap": "1 of [0]",
        "dirty-new-applied": "2 of [0]",
        "dirty-new-remnants": "1 of [0]",
        "dirty-new-torn": "1 of [0], stopped",
        "dirty-new-cut": "1 of [0], stopped",
        "dirty-new-wrap": "2 of [1, 0]",
        "dirty-no-log": "no logs",
        "dirty-empty-logs": "no logs",
        "dirty-unfinished-log": "damaged",
        "dirty-log-ignored": "clean",
        "header-torn-new-log": "1 of [1], header",
        "header-torn-old-log": "1 of [0], header",
        "header-torn-no-log": "no logs",
        "header-checksum": "no logs",
    ]

    private static func text(_ state: HiveState) -> String {
        switch state {
        case .clean: "clean"
        case .dirty(.noLogs): "no logs"
        case .dirty(.notApplicable): "not applicable"
        case .dirty(.damaged): "damaged"
        case .replayed(let replay):
            "\(replay.entries) of \(replay.logs)" + (replay.restoredHeader ? ", header" : "")
                + (replay.stopped != nil ? ", stopped" : "")
        }
    }

    @Test(arguments: cases.keys.sorted())
    func replays(_ name: String) async throws {
        let folder = try await ScratchFolder()
        try await RegistryFixtures.make([name], in: folder)
        let hive = try RegistryFixtures.open(name, in: folder)
        #expect(Self.text(hive.state) == Self.cases[name], "\(hive.state)")
        let ours = try RegistryFixtures.listing(hive.root)
        #expect(RegistryFixtures.difference(ours, try RegistryFixtures.expected(name, in: folder)) == [])
        #expect(hive.damage == [])
    }

    /// Without the replay, the torn fixtures do not hold what they should: the tests above can fail.
    @Test func withoutLogsTheContentDiffers() async throws {
        let folder = try await ScratchFolder()
        try await RegistryFixtures.make(["dirty-new-logs", "dirty-old-log"], in: folder)
        for name in ["dirty-new-logs", "dirty-old-log"] {
            let bytes = Bytes(try FixtureTool.contents(folder.place(name)))
            let hive = try Hive(ContentSource(bytes))
            #expect(hive.state == .dirty(.noLogs))
            let ours = try? RegistryFixtures.listing(hive.root)
            #expect(ours != (try RegistryFixtures.expected(name, in: folder)))
        }
    }
}
