import ByteReading
import GuestFormats
import TestSupport
import Testing

/// Real hives of other projects.
@Suite(.enabled(if: HostTool.samples != nil && HostTool.has("xz")))
struct RegistrySamplesTests {
    /// Unpacks a sample into the folder.
    private static func unpack(_ name: String, in folder: ScratchFolder) async throws -> String {
        let file = name.split(separator: "/").joined(separator: "-")
        let samples = try #require(HostTool.samples)
        try await HostTool.shell(
            "f=\(samples)/hives/\(name); if [ -e $f.xz ]; then xz -dc $f.xz; else cat $f; fi > \(folder.place(file))"
        )
        return file
    }

    static let whole = [
        "aiowinreg/nt/sam.reg", "aiowinreg/nt/security.reg", "aiowinreg/nt/software.reg",
        "aiowinreg/nt/system.reg",
        "aiowinreg/win2008_32/security.reg", "aiowinreg/win2008r2_64/sam.reg",
        "aiowinreg/win2012_64/security.reg",
        "aiowinreg/win2016_64/security.reg", "aiowinreg/win2019_64/sam.reg",
        "aiowinreg/win2022_64/security.reg",
        "hivex/minimal", "hivex/special", "regipy/BCD", "regipy/SAM", "regipy/SECURITY", "regipy/SYSTEM",
        "regipy/SYSTEM_2", "regipy/SYSTEM_WIN_10_1709",
    ]

    @Test(.enabled(if: RegistryFixtures.hasHivex), arguments: whole)
    func hivexReadsTheSame(_ name: String) async throws {
        let folder = try await ScratchFolder()
        let file = try await Self.unpack(name, in: folder)
        let hive = try RegistryFixtures.open(file, in: folder)
        let ours = try RegistryFixtures.listing(hive.root, classes: false)
        #expect(
            RegistryFixtures.difference(ours, try await RegistryFixtures.hivex(folder.file(file))) == [])
        #expect(hive.damage == [])
    }

    /// A hive of Windows 10 that was in use: the file says write 1621, its logs have 2107 to 2110 and 2111 to
    /// 2130, and let it grow. The expected listing is what hivex reads in the file that regipy 6.5.0 made of it
    /// and the logs.
    @Test func logsOfARunningSystem() async throws {
        let folder = try await ScratchFolder()
        for name in ["regipy/SYSTEM_B", "regipy/SYSTEM_B.LOG1", "regipy/SYSTEM_B.LOG2"] {
            _ = try await Self.unpack(name, in: folder)
        }
        let hive = try RegistryFixtures.open("regipy-SYSTEM_B", in: folder)
        guard case .replayed(let replay) = hive.state else {
            Issue.record("\(hive.state)")
            return
        }
        #expect(replay.logs == [0, 1])
        #expect(replay.entries == 24)
        #expect(replay.stopped == nil && !replay.restoredHeader)
        let listing = try RegistryFixtures.listing(hive.root, classes: false)
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        #expect(listing.count == 114_496)
        let text = listing.joined(separator: "\n") + "\n"
        #expect(CRC32.ieee.checksum(Bytes(Array(text.utf8))) == 0xC6F8_31B5)
        #expect(hive.damage == [])
        #expect(try hive.key("ControlSet001\\Services\\ad_driver") != nil)
        // What the file alone says is older.
        let alone = try Hive(ContentSource(Bytes(FixtureTool.contents(folder.place("regipy-SYSTEM_B")))))
        #expect(alone.state == .dirty(.noLogs))
        #expect(try alone.key("ControlSet001\\Services\\ad_driver") == nil)
        #expect(try alone.key("ControlSet001\\Services\\storahci")?.value("Start")?.integer == 0)
    }

    /// hivex and reglookup refuse it.
    @Test func damagedHive() async throws {
        let folder = try await ScratchFolder()
        let file = try await Self.unpack("regipy/corrupted_system_hive", in: folder)
        let hive = try RegistryFixtures.open(file, in: folder)
        #expect(hive.state == .clean)
        #expect(
            try hive.root.subkeys().map(\.name) == [
                "ControlSet001", "ControlSet003", "LastKnownGoodRecovery", "MountedDevices", "Select",
                "Setup", "WPA",
            ])
        #expect(try hive.key("Select")?.value("Current")?.integer == 1)
        // 583 pages are no bins any more; what is left is read, as far as the way to it is.
        var keys = 0
        var pending = [try hive.root]
        while let key = pending.popLast() {
            keys += 1
            pending += (try? key.subkeys()) ?? []
        }
        #expect(keys == 1687)
        #expect(hive.damage.count == 64)
        #expect(hive.damage.allSatisfy { $0.offset != nil && !$0.layers.isEmpty })
        let structure = hive.verify()
        #expect(structure.isComplete && !structure.isTruncated)
        #expect(structure.binCount == 233)
        #expect(structure.faults.first?.offset == 106_496)
    }
}
