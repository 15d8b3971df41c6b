import ByteReading
import Foundation
import GuestFormats
import TestSupport
import Testing

extension BCDFixture {
    func store() throws -> BCDStore { try BCDStore(Hive(ContentSource(Bytes(try bytes())))) }
}

@Suite(.enabled(if: BCDFixture.isAvailable)) struct BCDStoreTests {
    private typealias Element = BCDFixture.Element

    private static let partition = BCDPartition.mbr(offset: 0x1F50_0000, signature: 0x1234_5678).element ?? []
    private static let boot = BCDFixture.bootDevice

    private func healthy() -> BCDFixture {
        BCDFixture(objects: [
            (
                BCDFixture.bootManager, 0x1010_0002,
                [
                    .device("11000001", Self.boot), .string("12000004", "Windows Boot Manager"),
                    .objects("14000006", [BCDFixture.globalSettings]),
                    .object("23000003", BCDFixture.windows), .objects("24000001", [BCDFixture.windows]),
                    .integer("25000004", 30),
                ]
            ),
            (
                BCDFixture.windows, 0x1020_0003,
                [
                    .device("11000001", Self.partition),
                    .string("12000002", #"\Windows\system32\winload.exe"#),
                    .string("12000004", "Windows Server 2012 R2"),
                    .objects("14000006", [BCDFixture.loaderSettings]),
                    .device("21000001", Self.partition), .string("22000002", #"\Windows"#),
                    .object("23000003", BCDFixture.resume), .integer("25000020", 1),
                    .boolean("16000049", true),
                    .integer("250000e0", 1), .integer("25000080", 1), .boolean("260000b0", false),
                ]
            ),
            (
                BCDFixture.resume, 0x1020_0004,
                [
                    .device("11000001", Self.partition),
                    .string("12000002", #"\Windows\system32\winresume.exe"#),
                    .string("12000004", "Windows Resume Application"), .device("21000001", Self.partition),
                    .string("22000002", #"\hiberfil.sys"#),
                ]
            ),
            // Inherits in a circle, and sets what the entry sets itself.
            (
                BCDFixture.loaderSettings, 0x2020_0003,
                [
                    .objects("14000006", [BCDFixture.globalSettings, BCDFixture.loaderSettings]),
                    .boolean("260000b0", true), .integer("250000f0", 1),
                ]
            ),
            (
                BCDFixture.globalSettings, 0x2010_0000,
                [
                    .objects("14000006", [BCDFixture.loaderSettings]), .boolean("16000048", true),
                    .integer("250000f0", 0), .boolean("16000020", true),
                ]
            ),
        ])
    }

    @Test func theDefaultEntry() throws {
        let store = try healthy().store()
        #expect(store.damage.isEmpty)
        let selection = try #require(store.selection)
        let entry = try #require(selection.entry)
        #expect(selection.reason == .defaultObject)
        #expect(selection.resume == nil && selection.oneShot.isEmpty && selection.unusable.isEmpty)
        #expect(entry.path == #"\Windows\system32\winload.exe"#)
        #expect(entry.systemRoot == #"\Windows"#)
        #expect(entry.device == .partition(.mbr(offset: 0x1F50_0000, signature: 0x1234_5678)))
        #expect(entry.osDevice == entry.device)
        #expect(entry.isTestSigning && !entry.isWindowsPE)
        #expect(entry.safeBoot == .network)
        #expect(entry.bootStatusPolicy == .ignoreAllFailures)
        #expect(store.bootManager?.timeout == 30)
        #expect(store.bootManager?.device == .boot)
    }

    /// The nearest setting holds: the entry's own, then those of the settings it names, in order and in depth.
    @Test func inheritance() throws {
        let store = try healthy().store()
        let entry = try #require(store.selection?.entry)
        #expect(!entry.isEMSOn)
        #expect(entry.isBootEMSOn)
        #expect(entry.hasNoIntegrityChecks)
        #expect(entry.hypervisorLaunch == .automatic)
        #expect(
            entry.keyPath(of: .noIntegrityChecks)
                == #"Objects\{7ea2e1ac-2e61-4728-aaa3-896d9d0a9f0e}\Elements\16000048"#)
    }

    @Test func oneShotAndResume() throws {
        var fixture = healthy()
        fixture.objects[0].elements += [
            .objects("24000002", [BCDFixture.resume, "00000000-0000-0000-0000-000000000001"]),
            .boolean("26000005", true), .object("23000006", BCDFixture.resume),
        ]
        let selection = try #require(try fixture.store().selection)
        #expect(selection.oneShot.map(\.object.type.application) == [.resume])
        #expect(selection.resume?.string(.hibernationPath) == #"\hiberfil.sys"#)
        fixture.objects[0].elements.removeLast(2)
        fixture.objects[0].elements += [.boolean("26000005", false), .object("23000006", BCDFixture.resume)]
        #expect(try fixture.store().selection?.resume == nil)
    }

    /// A default that is gone, or not in the display order, gives way to the first of the order.
    @Test func otherDefaults() throws {
        var fixture = healthy()
        let other = "11111111-2222-3333-4444-777777777777"
        fixture.objects[0].elements[3] = .object("23000003", other)
        #expect(try fixture.store().selection?.reason == .onlyEntry)
        fixture.objects[0].elements[4] = .objects("24000001", [other, BCDFixture.windows])
        let selection = try #require(try fixture.store().selection)
        #expect(selection.unusable.map(\.description) == [other])
        #expect(selection.defaultOutsideOrder == nil)
        #expect(selection.entry?.object.id.description == BCDFixture.windows)
        // A default that could be started, but not from the order.
        fixture.objects[0].elements[3] = .object("23000003", BCDFixture.resume)
        let outside = try #require(try fixture.store().selection)
        #expect(outside.defaultOutsideOrder?.object.type.application == .resume)
        #expect(outside.entry?.object.id.description == BCDFixture.windows)
        // No order: the default is the entry. No default: there is none.
        fixture.objects[0].elements[3] = .object("23000003", BCDFixture.windows)
        fixture.objects[0].elements.remove(at: 4)
        #expect(try fixture.store().selection?.reason == .defaultObject)
        fixture.objects[0].elements.remove(at: 3)
        #expect(try fixture.store().selection?.entry == nil)
        fixture.objects.remove(at: 0)
        #expect(try fixture.store().selection == nil)
    }

    @Test func valuesThatAreNotWhatTheyShouldBe() throws {
        var fixture = healthy()
        fixture.objects[1].elements[4] = Element(key: "21000001", type: 3, bytes: [1, 2, 3])
        fixture.objects[1].elements[7] = Element(key: "25000020", type: 3, bytes: [1, 2, 3])
        fixture.objects[1].elements[6] = .string("23000003", "{no guid}")
        fixture.objects[1].elements.append(.integer("nonsense", 1))
        let store = try fixture.store()
        #expect(store.damage.count == 3)
        let entry = try #require(store.selection?.entry)
        #expect(entry.osDevice == nil)
        guard case .raw? = entry[.osDevice] else {
            Issue.record("a device of three bytes")
            return
        }
    }

    @Test func aHiveThatIsNoStore() throws {
        let bytes = try BCDFixture().bytes()
        var renamed = bytes
        let place = try #require(Bytes(bytes).firstIndex(of: Array("Objects".utf8)))
        renamed[place] = UInt8(ascii: "X")
        #expect(throws: ImageFault.self) { try BCDStore(Hive(ContentSource(Bytes(renamed)))) }
        #expect(try BCDStore(Hive(ContentSource(Bytes(bytes)))).objects.isEmpty)
    }

    @Test func neitherCutNorChangedStoresTrap() throws {
        let bytes = try healthy().bytes()
        func read(_ bytes: [UInt8]) {
            guard let hive = try? Hive(ContentSource(Bytes(bytes))), let store = try? BCDStore(hive) else {
                return
            }
            for id in store.objects.keys { _ = store.settings(of: id) }
            _ = store.selection
        }
        for length in stride(from: 0, through: bytes.count, by: 101) { read(Array(bytes.prefix(length))) }
        var state: UInt64 = 11
        for index in stride(from: 4096, to: bytes.count, by: 7) {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            var changed = bytes
            changed[index] = UInt8(truncatingIfNeeded: state >> 40)
            read(changed)
        }
    }
}

/// Stores of other projects.
@Suite(.enabled(if: FixtureTool.environment("IMAGECHECK_SAMPLES") != nil && FixtureTool.exists("xz")))
struct BCDSampleTests {
    /// A store of Windows 10 on UEFI. What stands in it was read with hivexregedit.
    @Test func storeOfWindows10() throws {
        let path = try #require(FixtureTool.environment("IMAGECHECK_SAMPLES")) + "/hives/regipy/BCD.xz"
        guard FileManager.default.fileExists(atPath: path) else { return }
        let bytes = try #require(try FixtureTool.run("xz", ["-dc", path]))
        let store = try BCDStore(Hive(ContentSource(Bytes(bytes))))
        #expect(store.objects.count == 17)
        #expect(store.damage.isEmpty)
        let manager = try #require(store.bootManager)
        #expect(manager.timeout == 30)
        #expect(
            manager.device
                == .partition(
                    .gpt(
                        partition: try #require(GUID("36be3955-63bf-4068-a6ab-00195cca3a22")),
                        disk: try #require(GUID("0b2394a9-095e-487d-8d48-719ecd4d78ca")))))
        let entry = try #require(store.selection?.entry)
        #expect(entry.object.id.description == "733b62e5-f608-11eb-825c-c112f60133ab")
        #expect(entry.description == "Windows 10")
        #expect(entry.path == #"\Windows\system32\winload.efi"#)
        #expect(entry.systemRoot == #"\Windows"#)
        #expect(entry.recoveryEnabled == true && entry.recoverySequence.count == 1)
        #expect(!entry.isBootEMSOn && !entry.isEMSOn)
        let recovery = try #require(store.settings(of: entry.recoverySequence[0]))
        #expect(recovery.isWindowsPE)
        guard case .ramDisk(let file)? = recovery.osDevice else {
            Issue.record("WinRE is no RAM disk")
            return
        }
        #expect(file.path == #"\Recovery\WindowsRE\Winre.wim"#)
        #expect(store.selection?.resume == nil)
        #expect(
            store.objects.values.filter { $0.type.application == nil && $0.type.category == .application }
                .count == 3)
    }
}
