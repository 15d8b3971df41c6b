import ByteReading
import Foundation
import GuestFormats
import TestSupport
import Testing

/// A boot configuration store that hivex writes, object by object.
struct BCDFixture {
    /// An element: its key, its registry type, its bytes.
    struct Element {
        let key: String
        let type: Int
        let bytes: [UInt8]

        static func device(_ key: String, _ bytes: [UInt8]) -> Element {
            Element(key: key, type: 3, bytes: bytes)
        }
        static func string(_ key: String, _ text: String) -> Element {
            Element(key: key, type: 1, bytes: wide(text + "\0"))
        }
        static func objects(_ key: String, _ ids: [String]) -> Element {
            Element(key: key, type: 7, bytes: wide(ids.map { "{\($0)}\0" }.joined() + "\0"))
        }
        static func object(_ key: String, _ id: String) -> Element { string(key, "{\(id)}") }
        static func integer(_ key: String, _ value: UInt64) -> Element {
            Element(key: key, type: 3, bytes: (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) })
        }
        static func boolean(_ key: String, _ value: Bool) -> Element {
            Element(key: key, type: 3, bytes: [value ? 1 : 0])
        }

        private static func wide(_ text: String) -> [UInt8] {
            text.utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
        }
    }

    var objects: [(id: String, type: UInt32, elements: [Element])] = []

    static let isAvailable = (try? FixtureTool.run("python3", ["-c", "import hivex"])) != .some(nil)

    static let bootManager = "9dea862c-5cdd-4e70-acc1-f32b344d4795"
    static let globalSettings = "7ea2e1ac-2e61-4728-aaa3-896d9d0a9f0e"
    static let loaderSettings = "6efb52bf-1766-41db-a6b3-0ee5eff72bd7"
    static let windows = "11111111-2222-3333-4444-555555555555"
    static let resume = "11111111-2222-3333-4444-666666666666"

    /// The bytes of the hive.
    func bytes() throws -> [UInt8] {
        let description = objects.map { object -> [String: Any] in
            [
                "id": "{\(object.id)}", "type": Int(object.type),
                "elements": object.elements.map { [$0.key, $0.type, Hexadecimal.lower($0.bytes)] as [Any] },
            ]
        }
        let input = try JSONSerialization.data(withJSONObject: description)
        return try #require(try FixtureTool.run("python3", ["-c", Self.script], input: [UInt8](input)))
    }

    func store() throws -> BCDStore { try BCDStore(Hive(ContentSource(Bytes(try bytes())))) }

    /// A root key and its security descriptor are all that hivex needs to add to.
    private static let script = """
        import hivex, json, struct, sys, tempfile
        name = "root".encode()
        nk = b"nk" + struct.pack("<HQIIIIIIIIIIIIIIIHH", 0x2C, 0, 0, 0xFFFFFFFF, 0, 0, 0xFFFFFFFF, 0xFFFFFFFF,
            0, 0xFFFFFFFF, 0x80, 0xFFFFFFFF, 0, 0, 0, 0, 0, len(name), 0) + name
        sk = b"sk" + struct.pack("<HIIII", 0, 0x80, 0x80, 1, 20) + bytes(20)
        bin = b"hbin" + struct.pack("<IIQQI", 0, 4096, 0, 0, 0)
        bin += struct.pack("<i", -0x60) + nk.ljust(0x5C, b"\\0")
        bin += struct.pack("<i", -0x30) + sk.ljust(0x2C, b"\\0")
        bin += struct.pack("<i", 4096 - len(bin))
        head = struct.pack("<4sIIQIIIIIII", b"regf", 1, 1, 0, 1, 3, 0, 1, 0x20, 4096, 1).ljust(508, b"\\0")
        sum = 0
        for word in struct.unpack("<127I", head): sum ^= word
        head = (head + struct.pack("<I", sum)).ljust(4096, b"\\0")
        with tempfile.NamedTemporaryFile() as file:
            file.write(head + bin.ljust(4096, b"\\0"))
            file.flush()
            hive = hivex.Hivex(file.name, write=True)
            hive.node_add_child(hive.root(), "Description")
            objects = hive.node_add_child(hive.root(), "Objects")
            for entry in json.load(sys.stdin):
                key = hive.node_add_child(objects, entry["id"])
                description = hive.node_add_child(key, "Description")
                hive.node_set_value(description,
                    {"key": "Type", "t": 4, "value": struct.pack("<I", entry["type"])})
                elements = hive.node_add_child(key, "Elements")
                for name, kind, data in entry["elements"]:
                    hive.node_set_value(hive.node_add_child(elements, name),
                        {"key": "Element", "t": kind, "value": bytes.fromhex(data)})
            hive.commit(None)
            sys.stdout.buffer.write(open(file.name, "rb").read())
        """
}

/// Bytes from hexadecimal digits; spaces count for nothing.
func hex(_ text: String) -> [UInt8] {
    let digits = text.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
}
