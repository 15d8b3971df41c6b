import ByteReading
import Foundation

/// A boot configuration store that hivex writes, object by object.
package struct BCDFixture {
    /// An element: its key, its registry type, its bytes.
    package struct Element: Sendable {
        let key: String
        let type: Int
        let bytes: [UInt8]

        package init(key: String, type: Int, bytes: [UInt8]) {
            self.key = key
            self.type = type
            self.bytes = bytes
        }

        package static func device(_ key: String, _ bytes: [UInt8]) -> Element {
            Element(key: key, type: 3, bytes: bytes)
        }
        package static func string(_ key: String, _ text: String) -> Element {
            Element(key: key, type: 1, bytes: wide(text + "\0"))
        }
        package static func objects(_ key: String, _ ids: [String]) -> Element {
            Element(key: key, type: 7, bytes: wide(ids.map { "{\($0)}\0" }.joined() + "\0"))
        }
        package static func object(_ key: String, _ id: String) -> Element { string(key, "{\(id)}") }
        package static func integer(_ key: String, _ value: UInt64) -> Element {
            Element(key: key, type: 3, bytes: (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) })
        }
        package static func boolean(_ key: String, _ value: Bool) -> Element {
            Element(key: key, type: 3, bytes: [value ? 1 : 0])
        }

        private static func wide(_ text: String) -> [UInt8] {
            text.utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
        }
    }

    package var objects: [(id: String, type: UInt32, elements: [Element])]

    package init(objects: [(id: String, type: UInt32, elements: [Element])] = []) { self.objects = objects }

    package static let isAvailable =
        ((try? FixtureTool.run("python3", ["-c", "import hivex"])) ?? nil) != nil

    package static let bootManager = "9dea862c-5cdd-4e70-acc1-f32b344d4795"
    package static let globalSettings = "7ea2e1ac-2e61-4728-aaa3-896d9d0a9f0e"
    package static let loaderSettings = "6efb52bf-1766-41db-a6b3-0ee5eff72bd7"
    package static let windows = "11111111-2222-3333-4444-555555555555"
    package static let resume = "11111111-2222-3333-4444-666666666666"

    /// The bytes of the hive.
    package func bytes() throws -> [UInt8] {
        let description = objects.map { object -> [String: Any] in
            [
                "id": "{\(object.id)}", "type": Int(object.type),
                "elements": object.elements.map { [$0.key, $0.type, Hexadecimal.lower($0.bytes)] as [Any] },
            ]
        }
        let input = try JSONSerialization.data(withJSONObject: description)
        guard let made = try FixtureTool.run("python3", ["-c", Self.script], input: [UInt8](input)) else {
            throw HostTool.Failure(description: "python3 with hivex makes no hive")
        }
        return made
    }

    /// The bytes that lead to a partition of an MBR disk.
    package static func partition(offset: UInt64, signature: UInt32) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 88)
        bytes[0x10] = 6
        bytes[0x18] = 0x48
        for index in 0..<8 { bytes[0x20 + index] = UInt8(truncatingIfNeeded: offset >> (8 * index)) }
        bytes[0x34] = 1
        for index in 0..<4 { bytes[0x38 + index] = UInt8(truncatingIfNeeded: signature >> (8 * index)) }
        return bytes
    }

    /// The boot device, and the device that has the file which another element names.
    package static let bootDevice =
        [UInt8](repeating: 0, count: 16) + [5, 0, 0, 0, 0, 0, 0, 0, 0x48]
        + [UInt8](repeating: 0, count: 63)
    package static let locateDevice =
        [UInt8](repeating: 0, count: 16) + [8, 0, 0, 0, 0, 0, 0, 0, 0x1E]
        + [UInt8](repeating: 0, count: 11) + [2, 0, 0, 0x12, 0, 0, 0, 0, 0, 0]

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
