import ByteReading
import GuestFormats
import TestSupport
import Testing

/// Hives with one feature each.
@Suite(.enabled(if: RegistryFixtures.hasPython))
struct RegistryFeaturesTests {
    static let whole = [
        "plain", "types", "names", "lf", "li", "ri-lh", "ri-lf", "ri-li", "ri-names", "many", "deep",
        "big-data",
        "big-data-one-cell", "classes", "predefined", "minor-0", "minor-1", "minor-2", "minor-3", "minor-4",
        "minor-5", "minor-6",
    ]

    @Test(arguments: whole)
    func holdsWhatItWasMadeOf(_ name: String) async throws {
        let folder = try await ScratchFolder()
        try await RegistryFixtures.make([name], in: folder)
        let hive = try RegistryFixtures.open(name, in: folder)
        let ours = try RegistryFixtures.listing(hive.root)
        #expect(RegistryFixtures.difference(ours, try RegistryFixtures.expected(name, in: folder)) == [])
        #expect(hive.state == .clean)
        #expect(hive.damage == [])
    }

    /// Hivex does not read the cells of NT 3.1, and like reglookup it loses a last segment of one byte; dissect.regf
    /// 3.14 reads it.
    @Test(
        .enabled(if: RegistryFixtures.hasHivex),
        arguments: whole.filter { !["minor-0", "minor-1", "big-data"].contains($0) })
    func hivexReadsTheSame(_ name: String) async throws {
        let folder = try await ScratchFolder()
        try await RegistryFixtures.make([name], in: folder)
        let ours = try RegistryFixtures.listing(
            RegistryFixtures.open(name, in: folder).root, classes: false)
        #expect(
            RegistryFixtures.difference(ours, try await RegistryFixtures.hivex(folder.file(name))) == [])
    }

    /// reglookup writes paths with slashes and the bytes of binary data. All names here are plain.
    @Test(
        .enabled(if: HostTool.has("reglookup")),
        arguments: [
            "plain", "types", "ri-lh", "ri-lf", "ri-li", "many", "classes", "minor-3", "minor-5",
        ])
    func reglookupReadsTheSame(_ name: String) async throws {
        let folder = try await ScratchFolder()
        try await RegistryFixtures.make([name], in: folder)
        var ours: [String] = []
        var pending = [try RegistryFixtures.open(name, in: folder).root]
        while let key = pending.popLast() {
            let path = "/" + key.path.split(separator: "\\").joined(separator: "/")
            ours.append(path + ",KEY")
            for value in try key.values() {
                ours.append("\(path)/\(value.name)," + Self.reglookup(value.type, value.data))
            }
            pending += try key.subkeys()
        }
        let text = try await HostTool.shell("reglookup -H \(folder.place(name)) 2>/dev/null")
        let theirs = text.split(separator: "\n").map { line in
            let fields = line.split(separator: ",", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields[1] == "BINARY" else { return fields[0] + "," + fields[1] }
            return fields[0] + "," + Self.reglookup(.binary, Self.unquoted(fields[2].dropLast()))
        }
        #expect(RegistryFixtures.difference(ours.sorted(), theirs.map(String.init).sorted()) == [])
    }

    private static func reglookup(_ type: RegistryValueType, _ data: Bytes) -> String {
        let names = [
            "NONE", "SZ", "EXPAND_SZ", "BINARY", "DWORD", "DWORD_BE", "LINK", "MULTI_SZ", "RSRC_LIST",
            "RSRC_DESC",
            "RSRC_REQ_LIST", "QWORD",
        ]
        guard type == .binary else {
            return type.rawValue < 12
                ? names[Int(type.rawValue)] : "0x" + Hexadecimal.lower(type.rawValue, width: 8).uppercased()
        }
        return "BINARY \(data.count) \(CRC32.ieee.checksum(data))"
    }

    private static func unquoted(_ text: Substring) -> Bytes {
        guard text != "(null)" else { return Bytes([]) }
        let parts = text.split(separator: "%", omittingEmptySubsequences: false)
        return Bytes(
            Array(parts[0].utf8)
                + parts.dropFirst().flatMap {
                    [UInt8($0.prefix(2), radix: 16) ?? 0] + Array($0.dropFirst(2).utf8)
                })
    }

    @Test(arguments: ["names", "lf", "li", "ri-names"])
    func findsEachNameInAnyCase(_ list: String) async throws {
        let folder = try await ScratchFolder()
        try await RegistryFixtures.make([list], in: folder)
        let root = try RegistryFixtures.open(list, in: folder).root
        let keys = try root.subkeys()
        #expect(keys.count == 21)
        for key in keys {
            #expect(try root.subkey(key.name)?.name == key.name)
            #expect(try key.value(key.name)?.string == key.name)
            // Lower case in ASCII and Latin-1 alone, where Swift and Windows agree.
            let lower = key.name.unicodeScalars
                .map { $0.value < 0xFF ? $0.properties.lowercaseMapping : String($0) }.joined()
            #expect(try root.key(lower)?.name == key.name, "\(lower)")
        }
        #expect(try root.subkey("abcf") == nil)
        #expect(try root.subkey("") == nil)
        #expect(try root.subkey("漢") == nil)
        // Windows keeps these apart.
        #expect(try root.subkey("ı")?.name == "ı")
        #expect(try root.subkey("I") == nil)
    }

    @Test(arguments: ["ri-lh", "ri-lf", "ri-li", "many"])
    func findsEachOfMany(_ list: String) async throws {
        let folder = try await ScratchFolder()
        try await RegistryFixtures.make([list], in: folder)
        let root = try RegistryFixtures.open(list, in: folder).root
        for index in 0..<500 {
            let digits = String(index)
            let name = "kEY" + String(repeating: "0", count: 5 - digits.count) + digits
            #expect(try root.subkey(name) != nil, "\(name)")
        }
        for name in ["", "A", "Key", "Key0", "Key000000", "Key0025x", "Zzz"] {
            #expect(try root.subkey(name) == nil, "\(name)")
        }
    }

    @Test func interpretsData() async throws {
        let folder = try await ScratchFolder()
        try await RegistryFixtures.make(["types"], in: folder)
        let key = try #require(try RegistryFixtures.open("types", in: folder).key("types"))
        func value(_ name: String) throws -> RegistryValue { try #require(try key.value(name)) }
        for name in ["sz", "sz no end", "sz odd"] { #expect(try value(name).string == "text") }
        #expect(try value("sz more").string == "a")
        #expect(try value("sz").strings == ["text"])
        #expect(try value("sz").integer == nil)
        for name in ["multi", "multi no end"] { #expect(try value(name).strings == ["one", "two"]) }
        #expect(try value("multi empty").strings == [])
        #expect(try value("multi").string == nil)
        #expect(try value("dword").integer == 0x1234_5678)
        #expect(try value("dword be").integer == 0x1234_5678)
        #expect(try value("dword short").integer == nil)
        #expect(try value("qword").integer == 0x0807_0605_0403_0201)
        #expect(try value("link").string == "\\Registry\\Machine")
        #expect(try value("type 3").strings == nil)
        #expect(try value("type 12").type.name == "0xc")
        #expect(try value("device property").type.name == "0xffff0012")
        #expect(try value("TYPE 11").type == .qword)
        #expect(try key.value("absent") == nil)
    }

    @Test func pathsAndPlaces() async throws {
        let folder = try await ScratchFolder()
        try await RegistryFixtures.make(["plain", "deep"], in: folder)
        let hive = try RegistryFixtures.open("plain", in: folder)
        #expect(try hive.root.path == "")
        #expect(try hive.key("")?.path == "")
        let key = try #require(try hive.key("CONTROLSET001\\services\\ViOsToR"))
        #expect(key.path == "ControlSet001\\Services\\viostor")
        #expect(key.name == "viostor")
        #expect(key.lastWritten == 0x01D9_0000_0000_0000)
        #expect(try hive.key("ControlSet001")?.key("Services\\viostor")?.path == key.path)
        #expect(try hive.root.value("")?.string == "default")
        #expect(try hive.key("Select")?.value("") == nil)
        #expect(try hive.key("ControlSet001\\None\\viostor") == nil)
        let deep = (0..<500).map { "L\($0)" }.joined(separator: "\\")
        #expect(try RegistryFixtures.open("deep", in: folder).key(deep)?.value("Level")?.integer == 499)
    }
}
