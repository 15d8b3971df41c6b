import ByteReading
import TestSupport
import Testing

@testable import GuestFormats

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
        "dirty-new-lost": "damaged",
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

    /// Whatever byte of a log is wrong, the hive is one of the versions there were, never a mixture.
    @Test func aDamagedLogGivesAWholeVersion() async throws {
        let folder = try await ScratchFolder()
        try await RegistryFixtures.make(
            ["dirty-new-logs", "dirty-old-log-stale", "dirty-new-gap", "dirty-new-torn"], in: folder)
        let hive = ContentSource(Bytes(try FixtureTool.contents(folder.place("dirty-new-logs"))))
        let logs = try [".LOG1", ".LOG2"].map {
            try FixtureTool.contents(folder.place("dirty-new-logs" + $0))
        }
        // The four versions: from the file, with one entry, with the first log, with both.
        func source(_ bytes: [UInt8]) -> ContentSource { ContentSource(Bytes(bytes)) }
        func listing(_ hive: Hive) throws -> [String] { try RegistryFixtures.listing(hive.root) }
        let versions: Set<[String]> = [
            try listing(Hive(hive)), try RegistryFixtures.expected("dirty-new-gap", in: folder),
            try listing(Hive(hive, logs: [source(logs[0])])),
            try RegistryFixtures.expected("dirty-new-logs", in: folder),
        ]
        #expect(versions.count == 4)
        for (index, log) in logs.enumerated() {
            for place in Array(stride(from: 0, to: 640, by: 9))
                + Array(stride(from: 640, to: log.count, by: 397))
            {
                var changed = logs
                changed[index][place] ^= 0x41
                let read = try Hive(hive, logs: changed.map(source))
                #expect(
                    versions.contains(try listing(read)), "log \(index + 1), byte \(place): \(read.state)")
                #expect(read.state != .clean)
            }
            for count in stride(from: 0, to: log.count, by: 1024) {
                var changed = logs
                changed[index].removeSubrange(count...)
                #expect(versions.contains(try listing(Hive(hive, logs: changed.map(source)))))
            }
        }
    }

    @Test(arguments: ["dirty-new-logs.LOG1", "dirty-old-logs.LOG2"])
    func aLogIsNoHive(_ name: String) async throws {
        let folder = try await ScratchFolder()
        try await RegistryFixtures.make(["dirty-new-logs", "dirty-old-logs"], in: folder)
        let log = ContentSource(Bytes(try FixtureTool.contents(folder.place(name))))
        let fault = #expect(throws: ImageFault.self) { try Hive(log) }
        #expect(fault?.kind == .unsupported)
    }

    /// Entries with right hashes that ask for the impossible.
    @Test(
        arguments: [
            (0, 0xFFFF_F000), (0, 4097), (4, 0), (4, 0x7FFF_FE00), (4, 100), (-20, 0), (-20, .max), (-24, 1),
        ]
            as [(Int, UInt32)])
    func hostileEntries(_ place: Int, _ value: UInt32) async throws {
        let folder = try await ScratchFolder()
        try await RegistryFixtures.make(["dirty-new-remnants"], in: folder)
        let hive = ContentSource(Bytes(try FixtureTool.contents(folder.place("dirty-new-remnants"))))
        var log = try FixtureTool.contents(folder.place("dirty-new-remnants.LOG1"))
        #expect(try Hive(hive, logs: [ContentSource(Bytes(log))]).state != .dirty(.noLogs))
        // The first reference stands at 40 in the entry, which begins at 512.
        func write(_ bytes: some FixedWidthInteger, at place: Int) {
            for index in 0..<bytes.bitWidth / 8 {
                log[place + index] = UInt8(truncatingIfNeeded: bytes >> (8 * index))
            }
        }
        write(value, at: 512 + 40 + place)
        let size = Int(try Bytes(log).little(UInt32.self, at: 516))
        var first = Marvin32()
        first.update(try Bytes(log).slice(at: 512 + 40, count: size - 40))
        write(first.finish(), at: 512 + 24)
        var second = Marvin32()
        second.update(try Bytes(log).slice(at: 512, count: 32))
        write(second.finish(), at: 512 + 32)
        guard case .dirty = try Hive(hive, logs: [ContentSource(Bytes(log))]).state else {
            // No pages at all is an entry that changes nothing.
            #expect(place == -20 && value == 0)
            return
        }
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
