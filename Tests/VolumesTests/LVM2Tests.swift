import BlockIO
import ByteReading
import TestSupport
import Testing

@testable import Volumes

/// A volume group that LVM2 and device-mapper made, read here and held against what they wrote and say.
@Suite(.enabled(if: VolumeFeatures.isReadable))
struct LVM2Tests {
    static let disks = (1...5).map { "pv\($0)" }

    static func group(_ names: [String] = disks) async throws -> VolumeGroup {
        let assembly = LVM2.assemble(try await VolumeFeaturesOnce.shared().devices(names))
        #expect(assembly.groups.count == 1)
        return try #require(assembly.groups.first)
    }

    @Test func group() async throws {
        let group = try await Self.group(Self.disks.reversed())
        #expect(group.name == "vol-ume")
        #expect(group.extentSize == 64 << 10)
        #expect(group.findings.isEmpty, "\(group.findings)")
        #expect(group.physicalVolumes.map(\.deviceID) == Self.disks)
        #expect(group.missing.isEmpty)
        #expect(group.logicalVolume("between")?.isActiveByDefault == false)
        #expect(group.logicalVolume("thinsnap")?.isActiveByDefault == true)
        #expect(group.logicalVolume("thinsnap")?.origin == "thin")
        #expect(group.logicalVolume("thinsnap")?.pool == "pool")
        #expect(group.logicalVolume("raid1_rimage_0")?.isVisible == false)
        #expect(group.logicalVolume("snapshot0") == nil)
    }

    @Test(arguments: [
        ("linear", "linear"), ("between", "linear"), ("striped", "striped"), ("mirrored", "mirror"),
        ("raid1", "raid1"), ("raid0", "raid0"), ("raid0meta", "raid0_meta"), ("raid10", "raid10"),
        ("raid4", "raid4"), ("raid5", "raid5"), ("raid5ra", "raid5_ra"), ("raid6", "raid6"),
        ("slow", "cache"),
    ])
    func contents(_ name: String, _ kind: String) async throws {
        let volume = try #require(try await Self.group().logicalVolume(name))
        #expect(volume.isVisible)
        #expect(volume.kinds.first?.hasPrefix(kind) == true)
        let source = try #require(volume.source, "\(volume.fault?.description ?? "")")
        #expect(source.size == volume.size)
        #expect(try VolumeFeatures.firstDifference(source, name) == nil)
    }

    @Test func originOfSnapshot() async throws {
        let group = try await Self.group()
        let origin = try #require(group.logicalVolume("origin")?.source)
        #expect(try VolumeFeatures.firstDifference(origin, "origin", sectors: 100) == nil)
        #expect(try origin.read(at: 51200, count: 22).text == "snapshot written later")
        if let snapshot = group.logicalVolume("snapshot") {
            #expect(snapshot.kinds == ["snapshot"])
            #expect(snapshot.origin == "origin")
            #expect(snapshot.isVisible)
            #expect(snapshot.fault?.kind == .unsupported)
        }
    }

    @Test func thinVolumes() async throws {
        let group = try await Self.group()
        let chunk = 64 << 10
        func first(_ name: String, chunk index: UInt64) throws -> String {
            let source = try #require(group.logicalVolume(name)?.source)
            let bytes = try source.read(at: index * UInt64(chunk) + UInt64(chunk) - 512, count: 512)
            return bytes.isAllZero ? "" : String(bytes.text.prefix { $0 != " " })
        }
        for index: UInt64 in [0, 3, 7, 100, 101] {
            #expect(try first("thinsnap", chunk: index) == "thin")
            #expect(try first("thin", chunk: index) == (index == 7 ? "later" : "thin"))
        }
        for index: UInt64 in [1, 2, 4, 50, 102, 127] { #expect(try first("thin", chunk: index) == "") }
        let thin = try #require(group.logicalVolume("thin")?.source)
        #expect(try thin.read(at: 0, count: chunk).prefix(512).array == VolumeFeatures.sector(0, of: "thin"))
        #expect(try thin.extent(at: 0).kind == .data)
        #expect(
            try thin.extent(at: UInt64(8 * chunk)) == BlockExtent(kind: .hole, length: UInt64(92 * chunk)))
        let empty = try #require(group.logicalVolume("emptythin")?.source)
        #expect(try empty.extent(at: 0) == BlockExtent(kind: .hole, length: 4 << 20))
        #expect(try empty.read(at: 4096, count: 4096).isAllZero)
        #expect(group.logicalVolume("pool")?.fault?.kind == .unsupported)
    }

    @Test func writebackCacheIsNotRead() async throws {
        let volume = try #require(try await Self.group().logicalVolume("slowback"))
        #expect(volume.source == nil)
        #expect(volume.fault?.kind == .unsupported)
        #expect(volume.fault?.message.contains("writeback") == true)
    }

    @Test func missingPhysicalVolume() async throws {
        let group = try await Self.group(["pv1", "pv3", "pv4", "pv5"])
        #expect(group.missing.count == 1)
        #expect(group.findings.contains { $0.code == .deviceMissing })
        let linear = try #require(group.logicalVolume("linear"))
        #expect(linear.missing == group.missing)
        let source = try #require(linear.source)
        #expect(try VolumeFeatures.firstDifference(source, "linear", sectors: 1024) == nil)
        #expect(try source.extent(at: 512 << 10) == BlockExtent(kind: .missing, length: 512 << 10))
        #expect(throws: ImageFault.self) { try source.read(at: 512 << 10, count: 1) }
        for name in ["raid1", "raid10", "raid4", "raid5", "raid5ra", "raid6", "mirrored"] {
            let volume = try #require(group.logicalVolume(name))
            #expect(volume.missing == group.missing)
            #expect(try VolumeFeatures.firstDifference(try #require(volume.source), name) == nil, "\(name)")
        }
        #expect(group.logicalVolume("between")?.missing == [])
    }

    @Test func outOfSyncLegIsNotRead() async throws {
        let group = try await Self.group()
        let image = try #require(group.logicalVolume("raid1_rimage_0"))
        let meta = try #require(group.logicalVolume("raid1_rmeta_0"))
        #expect(image.source != nil && meta.source != nil)
        // The first leg is made older than the second, and its contents are spoilt.
        var devices = try await VolumeFeaturesOnce.shared().devices(Self.disks)
        let start = 1 << 20
        let metaStart = UInt64(start + 22 * 65536)
        let superblock = try devices[0].source.read(at: metaStart, count: 64)
        #expect(superblock.starts(with: "DmRd") || superblock.starts(with: "DRmD"))
        devices[0].source = PatchedSource(
            devices[0].source,
            patches: [(metaStart + 16, [0, 0]), (metaStart + 65536, Array("spoilt".utf8))])
        let changed = try #require(LVM2.assemble(devices).groups.first?.logicalVolume("raid1")?.source)
        #expect(try VolumeFeatures.firstDifference(changed, "raid1") == nil)
    }

    @Test func damagedAndDuplicateCopies() async throws {
        var devices = try await VolumeFeaturesOnce.shared().devices(Self.disks)
        // The header of the first metadata area.
        devices[0].source = PatchedSource(devices[0].source, patches: [(4096 + 60, [1])])
        let assembly = LVM2.assemble(devices)
        #expect(assembly.findings.map(\.code) == [.metadataDamaged])
        #expect(assembly.findings.first?.device == "pv1")
        #expect(assembly.groups.first?.missing == [])
        var copies = try await VolumeFeaturesOnce.shared().devices(Self.disks + ["pv2"])
        copies[5].id = "copy"
        let doubled = LVM2.assemble(copies)
        #expect(doubled.findings.contains { $0.code == .duplicate && $0.device == "copy" })
        #expect(doubled.groups.first?.physicalVolumes[1].deviceID == "pv2")
        devices[0].source = PatchedSource(devices[0].source, patches: [(512 + 16, [1, 2, 3, 4])])
        #expect(LVM2.assemble(devices).findings.contains { $0.code == .labelDamaged })
    }

    @Test func hostileSweep() async throws {
        let devices = try await VolumeFeaturesOnce.shared().devices(["pv1"])
        let area = try devices[0].source.read(at: 4096, count: 512)
        let offset = try area.little(UInt64.self, at: 40)
        let length = try area.little(UInt64.self, at: 48)
        let text = try devices[0].source.read(at: 4096 + offset, count: Int(length)).array
        // Numbers and names are changed in the text itself, whose checksum hides them otherwise.
        for index in stride(from: 0, to: text.count, by: 331) {
            for value in [UInt8(ascii: "9"), UInt8(ascii: "{"), UInt8(ascii: "\""), 0] {
                var changed = text
                changed[index] = value
                guard let metadata = try? VolumeGroupMetadata(parsing: Bytes(changed)) else { continue }
                let places = Dictionary(
                    metadata.physicalVolumes.map { ($0.uuid, devices[0]) }, uniquingKeysWith: { a, _ in a })
                var builder = VolumeGroupBuilder(metadata, devices: places)
                for volume in builder.group().logicalVolumes {
                    guard let source = volume.source, source.size > 0 else { continue }
                    _ = try? source.read(at: source.size / 2, count: 1)
                    _ = try? source.extent(at: source.size - 1)
                }
            }
        }
        for place in Array(512..<640) + Array(4096..<4160) {
            var changed = devices
            changed[0].source = PatchedSource(devices[0].source, patches: [(UInt64(place), [0xFF])])
            _ = LVM2.assemble(changed)
        }
        for size in [0, 511, 600, 1024, 4096, 4200, 5000, 70_000] {
            var changed = devices
            changed[0].source = PatchedSource(devices[0].source, size: UInt64(size))
            _ = LVM2.assemble(changed)
        }
    }
}
