import Foundation
import TestSupport
import Testing

@testable import Targets

@Suite struct TargetTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Sources/Judgement/Targets/Data")

    private func schema() throws -> JSONSchema {
        JSONSchema(try JSONValue(parsing: Snapshot.file("schema/target-1.schema.json")))
    }

    @Test(arguments: Target.shippedIDs) func shippedTargetIsWholeAndFitsTheSchema(_ id: String) throws {
        let target = try #require(Target.shipped(id))
        #expect(target.id == id)
        #expect(!target.hardware.disks.isEmpty && !target.hardware.networkDrivers.isEmpty)
        #expect(target.hardware.firmware["x86_64"] == [.bios, .uefi])
        for key in target.hardware.diskFirmware.keys { #expect(DiskBus(rawValue: key) != nil) }
        for key in target.hardware.diskDrivers.keys { #expect(DiskBus(rawValue: key) != nil) }
        let bytes = [UInt8](try Data(contentsOf: Self.folder.appending(path: "\(id).json")))
        #expect(try schema().violations(of: JSONValue(parsing: bytes)) == [])
        // What --show prints can be passed back, and says all there is to change.
        let shown = [UInt8](try JSONEncoder().encode(target))
        #expect(try Target.read(shown) == target)
        #expect(try schema().violations(of: JSONValue(parsing: shown)) == [])
    }

    @Test func everyFileIsShipped() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        #expect(Set(files.map { $0.replacing(".json", with: "") }) == Set(Target.shippedIDs))
        #expect(Target.shipped.map(\.id) == Target.shippedIDs)
        #expect(Target.shipped("nowhere") == nil)
    }

    @Test("Trap 107: the rules of each target have a source with a date", arguments: Target.shippedIDs)
    func sources(_ id: String) throws {
        let target = try #require(Target.shipped(id))
        #expect(!target.rules.sources.isEmpty)
        let known = Set(Target.Hardware.CodingKeys.allCases.map(\.stringValue))
            .union(Target.Rules.CodingKeys.allCases.map(\.stringValue))
        for source in target.rules.sources {
            #expect(source.date.wholeMatch(of: /20\d\d(-\d\d(-\d\d)?)?/) != nil, "\(source)")
            // The address of the document, or the plain word that there is none.
            let isAddress = source.url?.wholeMatch(of: /https:\/\/[a-z0-9.-]+\/\S+/) != nil
            #expect(isAddress || (source.url == nil && source.title.hasSuffix("not verified")), "\(source)")
            for key in source.about ?? [] { #expect(known.contains(key), "\(id): \(key)") }
        }
    }

    @Test("Trap 107: every key of a shipped target has a source", arguments: Target.shippedIDs)
    func everyKeyHasASource(_ id: String) throws {
        let bytes = [UInt8](try Data(contentsOf: Self.folder.appending(path: "\(id).json")))
        let file = try JSONValue(parsing: bytes)
        func keys(_ part: String) -> Set<String> {
            guard case .object(let members)? = file[part] else { return [] }
            return Set(members.keys)
        }
        let target = try #require(Target.shipped(id))
        let sources = target.rules.sources
        guard !sources.contains(where: { $0.about == nil }) else { return }
        let about = Set(sources.flatMap { $0.about ?? [] })
        let set = keys("hardware").union(keys("rules")).subtracting(["sources"])
        #expect(set.count > 5)
        #expect(set.subtracting(about) == [], "without a source")
        #expect(about.subtracting(set) == [], "not in the file")
    }

    /// A file that was written when these were all the keys.
    private static let old = """
        {"id": "old", "title": "Old", "hardware": {"disks": ["virtio-blk"], "optionalDisks": [],
        "firmware": {"x86_64": ["bios"]}, "networkDrivers": ["virtio_net"], "consoles": {"x86_64": "ttyS0"}},
        "rules": {"formats": ["raw"], "sizeGiB": {"min": 1, "max": 100}, "datasources": [],
        "agents": {"required": [], "recommended": [], "unwanted": []}, "rootLogin": false, "firewallOff": false,
        "selinuxOff": false, "nvmeTimeouts": false, "needsProvisioning": false, "severities": {}, "sources": []}}
        """

    @Test func anOlderFileStillWorks() throws {
        let target = try Target.read(Array(Self.old.utf8))
        #expect(target.rules.loginPorts.linux == 22 && target.rules.fileSystems.contains("xfs"))
        #expect(target.rules.sizeGiB?.limit(for: .uefi) == 100)
        #expect(
            target.hardware.consoleParameters(for: "x86_64") == ["console=tty0", "console=ttyS0,115200n8"])
        #expect(target.hardware.drivers(for: .nvme) == ["nvme"])
        #expect(try schema().violations(of: JSONValue(parsing: Array(Self.old.utf8))) == [])
    }

    @Test(arguments: [
        ("\"max\": 100", "\"maximum\": 100, \"max\": 1", "rules.sizeGiB.maximum"),
        ("\"rootLogin\"", "\"rootLogins\"", "rules.rootLogins"),
        ("\"title\"", "\"name\": \"x\", \"title\"", "name"),
    ]) func aKeyThatDoesNotExistIsSaid(_ change: (old: String, new: String, place: String)) throws {
        let text = Self.old.replacing(change.old, with: change.new)
        let error = #expect(throws: Target.UnknownKey.self) { try Target.read(Array(text.utf8)) }
        #expect(error?.place == change.place)
        #expect(error?.known.isEmpty == false)
        #expect(try schema().violations(of: JSONValue(parsing: Array(text.utf8))) != [])
    }

    @Test func aWrongValueIsADecodingError() {
        for (old, new) in [
            ("virtio-blk", "floppy"), ("\"bios\"", "\"openfirmware\""), ("[\"raw\"]", "\"raw\""),
        ] {
            let text = Self.old.replacing(old, with: new)
            #expect(throws: DecodingError.self) { try Target.read(Array(text.utf8)) }
        }
    }

    @Test func machinesOfOneFirmwareMayHaveOtherDisks() throws {
        let azure = try #require(Target.shipped("azure"))
        #expect(azure.hardware.offers(Launch(disk: .vmbus, firmware: .bios)))
        #expect(azure.hardware.offers(Launch(disk: .nvme, firmware: .uefi)))
        #expect(!azure.hardware.offers(Launch(disk: .nvme, firmware: .bios)))
        #expect(azure.hardware.drivers(for: .nvme) == ["hv_vmbus", "pci_hyperv", "nvme"])
        #expect(azure.rules.accepts(format: "vhd", kind: "fixed"))
        #expect(!azure.rules.accepts(format: "vhd", kind: "dynamic"))
        #expect(azure.rules.sizeGiB?.limit(for: .bios) == 2048)
    }

    @Test func versionsAreComparedNumberByNumber() {
        #expect(SystemRule.version("6.10", isIn: ["6"]))
        #expect(SystemRule.version("6.1.3", isIn: ["5", "6.1"]))
        #expect(!SystemRule.version("60", isIn: ["6"]))
        #expect(!SystemRule.version("6.10", isIn: ["6.1"]))
    }

    /// The schema knows every key and every value of an enumeration, so that an editor helps with all of them.
    @Test func theSchemaKnowsEveryKey() throws {
        let document = try JSONValue(parsing: Snapshot.file("schema/target-1.schema.json"))
        func keys(_ path: [String]) -> Set<String> {
            guard case .object(let members)? = path.reduce(document, { $0?[$1] }) else { return [] }
            return Set(members.keys)
        }
        #expect(keys(["properties"]) == Set(Target.CodingKeys.allCases.map(\.stringValue)))
        #expect(
            keys(["$defs", "hardware", "properties"])
                == Set(Target.Hardware.CodingKeys.allCases.map(\.stringValue)))
        #expect(
            keys(["$defs", "rules", "properties"]) == Set(Target.Rules.CodingKeys.allCases.map(\.stringValue))
        )
        #expect(
            keys(["$defs", "size", "properties"])
                == Set(Target.SizeRange.CodingKeys.allCases.map(\.stringValue)))
        #expect(
            keys(["$defs", "source", "properties"])
                == Set(Target.Source.CodingKeys.allCases.map(\.stringValue)))
        #expect(
            keys(["$defs", "system", "properties"]) == Set(SystemRule.CodingKeys.allCases.map(\.stringValue)))
    }
}
