import BlockIO
import ByteReading
import TestSupport
import Testing

@testable import Volumes

/// Arrays that the kernel made, read here and held against what it wrote and what `mdadm --examine` says.
@Suite(.enabled(if: VolumeFeatures.isReadable))
struct MDRaidTests {
    static func array(_ names: [String]) async throws -> RaidArray {
        let arrays = MDRaid.assemble(try await VolumeFeaturesOnce.shared().devices(names))
        #expect(arrays.count == 1)
        return try #require(arrays.first)
    }

    @Test(arguments: [
        ("r1v12", "raid1", "1.2", 2), ("r1v11", "raid1", "1.1", 2), ("r1v10", "raid1", "1.0", 2),
        ("r1v090", "raid1", "0.90", 2), ("lin", "linear", "1.2", 2), ("lin90", "linear", "0.90", 2),
        ("r0", "raid0", "1.2", 3), ("r0orig", "raid0", "1.2", 3), ("r10n2", "raid10", "1.2", 4),
        ("r10f2", "raid10", "1.2", 3), ("r4", "raid4", "1.2", 3), ("r5", "raid5", "1.2", 3),
        ("r6", "raid6", "1.2", 4),
    ])
    func whole(_ name: String, _ level: String, _ version: String, _ count: Int) async throws {
        // In another order than that of their roles.
        let names = (0..<count).reversed().map { "\(name)-\($0)" }
        let array = try await Self.array(names)
        #expect(array.level == level)
        #expect(array.metadataVersion == version)
        #expect(array.raidDisks == count)
        #expect(array.presentCount == count)
        #expect(array.missingCount == 0)
        #expect(array.findings.isEmpty)
        #expect(array.isClean)
        #expect(array.name == (version == "0.90" ? nil : "maker:\(name)"))
        #expect(array.members.map(\.role) == (0..<count).reversed().map { $0 })
        let source = try #require(array.source, "\(array.fault?.description ?? "")")
        #expect(source.size == array.size)
        #expect(source.size > 1 << 20)
        #expect(try VolumeFeatures.firstDifference(source, name) == nil)
    }

    @Test(.enabled(if: HostTool.has("mdadm")), arguments: ["r1v12", "r1v10", "r1v090", "r5"])
    func asMdadmSays(_ name: String) async throws {
        let features = try await VolumeFeaturesOnce.shared()
        let text = try await features.tool("mdadm --examine \(name)-0")
        func field(_ label: String) -> String? {
            text.split(separator: "\n").map { $0.drop { $0 == " " } }.first { $0.hasPrefix(label + " : ") }
                .map { String($0.dropFirst(label.count + 3)) }
        }
        let array = try await Self.array(["\(name)-0"])
        #expect(array.uuid == field("Array UUID") ?? field("UUID"))
        #expect(array.members.first.map { "\($0.events)" } == field("Events"))
        if let size = field("Array Size") {
            let kibibytes = size.split(separator: " ").first.flatMap { UInt64($0) }
            #expect(kibibytes.map { $0 * 1024 } == array.size)
        }
    }

    @Test func staleMember() async throws {
        for names in [["stale-0", "stale-1"], ["stale-1", "stale-0"]] {
            let array = try await Self.array(names)
            let states = Dictionary(uniqueKeysWithValues: array.members.map { ($0.deviceID, $0.state) })
            #expect(states["stale-0"] == .stale)
            #expect(states["stale-1"] == .inSync)
            #expect(array.findings.contains { $0.code == .deviceOutdated && $0.device == "stale-0" })
            #expect(array.missingCount == 1)
            let source = try #require(array.source)
            #expect(try VolumeFeatures.firstDifference(source, "stale") == nil)
        }
        // Alone, nothing says that it is old: the kernel would start it, too.
        let alone = try await Self.array(["stale-0"])
        #expect(try VolumeFeatures.firstDifference(try #require(alone.source), "older") == nil)
    }

    @Test func spareAndPartial() async throws {
        let spare = try await Self.array(["spare-0", "spare-1", "spare-2"])
        #expect(spare.members.map(\.state) == [.inSync, .inSync, .spare])
        #expect(try VolumeFeatures.firstDifference(try #require(spare.source), "spare") == nil)
        let partial = try await Self.array(["partial-0", "partial-1"])
        #expect(partial.members.map(\.state) == [.inSync, .recovering])
        #expect(try VolumeFeatures.firstDifference(try #require(partial.source), "partial") == nil)
        let unfilled = try await Self.array(["partial-1"])
        #expect(unfilled.source == nil)
        #expect(unfilled.fault?.kind == .notFound)
    }

    @Test(arguments: ["r4", "r5", "r6", "r10n2", "r10f2"])
    func withoutOne(_ name: String) async throws {
        let count = ["r6": 4, "r10n2": 4][name] ?? 3
        for lost in 0..<count {
            let array = try await Self.array((0..<count).filter { $0 != lost }.map { "\(name)-\($0)" })
            #expect(array.missingCount == 1)
            #expect(array.findings.contains { $0.code == .deviceMissing })
            let source = try #require(array.source, "\(array.fault?.description ?? "")")
            #expect(try VolumeFeatures.firstDifference(source, name) == nil, "without \(lost)")
        }
    }

    @Test(arguments: ["lin", "r0"])
    func withoutOneNothing(_ name: String) async throws {
        let array = try await Self.array(["\(name)-0"])
        #expect(array.source == nil)
        #expect(array.fault?.kind == .notFound)
    }

    @Test func damagedSuperblock() async throws {
        let features = try await VolumeFeaturesOnce.shared()
        var devices = try features.devices(["r1v12-0", "r1v12-1"])
        devices[0].source = PatchedSource(devices[0].source, patches: [(4096 + 100, [0xFF])])
        let array = try #require(MDRaid.assemble(devices).first)
        #expect(array.members.map(\.state).sorted { $0.rawValue < $1.rawValue } == [.damaged, .inSync])
        #expect(array.findings.contains { $0.code == .labelDamaged && $0.device == "r1v12-0" })
        #expect(try VolumeFeatures.firstDifference(try #require(array.source), "r1v12") == nil)
    }

    @Test func hostileSweep() async throws {
        let features = try await VolumeFeaturesOnce.shared()
        for (name, place, length) in [
            ("r1v12", 4096, 300), ("r0", 4096, 300), ("r5", 4096, 300), ("r10f2", 4096, 300),
        ] {
            let devices = try features.devices(
                ["\(name)-0", "\(name)-1", "\(name)-2"].filter { $0 != "r1v12-2" })
            for offset in place..<(place + length) {
                for value: UInt8 in [0, 0x7F, 0xFF] {
                    // The sum is made to fit again, so that what it guards is reached.
                    var block = try devices[0].source.read(at: 4096, count: 512).array
                    block[offset - place] = value
                    let sum = Self.sum(block)
                    for index in 0..<4 {
                        block[216 + index] = UInt8(truncatingIfNeeded: sum >> UInt32(8 * index))
                    }
                    var changed = devices
                    changed[0].source = PatchedSource(devices[0].source, patches: [(4096, block)])
                    for array in MDRaid.assemble(changed) {
                        guard let source = array.source, source.size > 0 else { continue }
                        for place in [0, source.size / 2, source.size - 1] {
                            _ = try? source.read(at: place, count: 1)
                            _ = try? source.extent(at: place)
                        }
                    }
                }
            }
        }
    }

    /// The sum of a version 1 superblock, worked out apart from the reader.
    private static func sum(_ block: [UInt8]) -> UInt32 {
        let count = min(Int(block[220]) | Int(block[221]) << 8, 128)
        var total: UInt64 = 0
        for start in stride(from: 0, to: 256 + 2 * count, by: 4) where start != 216 {
            let width = min(4, 256 + 2 * count - start)
            for index in 0..<width { total += UInt64(block[start + index]) << UInt64(8 * index) }
        }
        return UInt32(truncatingIfNeeded: total) &+ UInt32(truncatingIfNeeded: total >> 32)
    }
}
