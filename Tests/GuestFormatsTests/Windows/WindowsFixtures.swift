import ByteReading
import GuestFormats
import TestSupport

/// Files of Windows made in memory or by tools of other makers.
enum WindowsFixtures {
    /// UTF-16 of a text, the least significant byte first.
    static func wide(_ text: String) -> [UInt8] { text.utf16.flatMap { [UInt8].little($0) } }

    /// A block of a version resource.
    static func block(
        _ key: String, value: [UInt8] = [], valueLength: Int? = nil, isText: Bool = false,
        _ children: [[UInt8]] = []
    ) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 6) + wide(key + "\0")
        pad(&block)
        block += value
        for child in children {
            pad(&block)
            block += child
        }
        block.put(UInt16(block.count), at: 0)
        block.put(UInt16(valueLength ?? value.count), at: 2)
        block.put(UInt16(isText ? 1 : 0), at: 4)
        return block
    }

    private static func pad(_ bytes: inout [UInt8]) {
        while bytes.count % 4 != 0 { bytes.append(0) }
    }

    /// A version resource.
    static func versionResource(_ version: [UInt16], _ strings: [(String, String)]) -> [UInt8] {
        var fixed = [UInt8].little(UInt32(0xFEEF_04BD)) + [UInt8].little(UInt32(0x10000))
        for _ in 0..<2 {
            fixed += [1, 0, 3, 2].flatMap { [UInt8].little(version[$0]) }
        }
        fixed += [UInt8](repeating: 0, count: 12) + [UInt8].little(UInt32(3))
        fixed += [UInt8](repeating: 0, count: 52 - fixed.count)
        let texts = strings.map { (name, text) in
            block(
                name, value: wide(text + "\0"), valueLength: text.utf16.count + 1, isText: true)
        }
        return block(
            "VS_VERSION_INFO", value: fixed,
            [
                block("StringFileInfo", isText: true, [block("040904b0", isText: true, texts)]),
                block("VarFileInfo", isText: true, [block("Translation", value: [9, 4, 0xB0, 4])]),
            ])
    }

    /// A native program with a resource section that holds an icon kind and a version.
    static func driver(
        version: [UInt16] = [62, 83, 104, 20800], _ strings: [(String, String)], machine: UInt16 = 0x8664
    ) -> [UInt8] {
        let resource = versionResource(version, strings)
        let address: UInt32 = 0x400
        var section = [UInt8](repeating: 0, count: 24 + 16 * 2 + 8 * 2 + 16)
        // Root: kinds 3 and 16; below 16 one name, below that one language.
        section.put(UInt16(2), at: 14)
        section.put(UInt32(3), at: 16)
        section.put(UInt32(0x8000_0018), at: 20)
        section.put(UInt32(16), at: 24)
        section.put(UInt32(0x8000_0020), at: 28)
        section.put(UInt16(1), at: 0x20 + 14)
        section.put(UInt32(1), at: 0x30)
        section.put(UInt32(0x8000_0038), at: 0x34)
        section.put(UInt16(1), at: 0x38 + 14)
        section += [UInt8](repeating: 0, count: 0x60 - section.count)
        section.put(UInt32(0x409), at: 0x48)
        section.put(UInt32(0x50), at: 0x4C)
        section.put(address + 0x60, at: 0x50)
        section.put(UInt32(resource.count), at: 0x54)
        section += resource
        var file = program([(".rsrc", section)], machine: machine)
        file.put(UInt16(1), at: 0x98 + 68)
        file.put(address, at: 0x98 + 112 + 16)
        file.put(UInt32(section.count), at: 0x98 + 112 + 20)
        return file
    }

    /// A value in DER.
    static func der(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        let count = content.count
        let length: [UInt8] =
            count < 128
            ? [UInt8(count)]
            : count < 256 ? [0x81, UInt8(count)] : [0x82, UInt8(count >> 8), UInt8(count & 0xFF)]
        return [tag] + length + content
    }

    /// An object identifier.
    static func identifier(_ text: String) -> [UInt8] {
        let parts = text.split(separator: ".").compactMap { UInt64($0) }
        var bytes = [UInt8(parts[0] * 40 + parts[1])]
        for part in parts.dropFirst(2) {
            var digits = [UInt8(part & 0x7F)]
            var rest = part >> 7
            while rest > 0 {
                digits.insert(UInt8(rest & 0x7F) | 0x80, at: 0)
                rest >>= 7
            }
            bytes += digits
        }
        return der(6, bytes)
    }

    /// Signed data whose signer uses a digest; `nested` is another in its attributes.
    static func signedData(
        contentType: String = "1.3.6.1.4.1.311.2.1.4", content: [UInt8] = der(0x30, []),
        digest: String, nested: [UInt8]? = nil
    ) -> [UInt8] {
        var signer =
            der(2, [1]) + der(0x30, []) + der(0x30, identifier(digest) + [5, 0]) + der(0xA0, [])
            + der(0x30, identifier("1.2.840.113549.1.1.1")) + der(4, [1, 2, 3])
        if let nested {
            signer += der(0xA1, der(0x30, identifier("1.3.6.1.4.1.311.2.4.1") + der(0x31, nested)))
        }
        let data =
            der(2, [1]) + der(0x31, der(0x30, identifier(digest)))
            + der(0x30, identifier(contentType) + der(0xA0, content)) + der(0x31, der(0x30, signer))
        return der(0x30, identifier("1.2.840.113549.1.7.2") + der(0xA0, der(0x30, data)))
    }

    static let sha1 = "1.3.14.3.2.26"
    static let sha256 = "2.16.840.1.101.3.4.2.1"

    /// A catalog of two files: one named by the text of its digest, one by the bytes.
    static func catalog() -> [UInt8] {
        let names = identifier("1.3.6.1.4.1.311.12.2.1")
        func file(_ name: String) -> [UInt8] {
            let title = der(0x1E, "File".utf16.flatMap { [UInt8].little($0).reversed() })
            let value = der(4, wide(name + "\0"))
            return der(0x30, names + der(0x31, der(0x30, title + der(2, [0x10, 0x01]) + value)))
        }
        let old = wide(String(repeating: "0A", count: 20) + "\0")
        let new = [UInt8](repeating: 0xBC, count: 32)
        let members =
            der(0x30, der(4, old) + der(0x31, file("viostor.sys")))
            + der(0x30, der(4, new) + der(0x31, []))
        let list = der(
            0x30,
            der(0x30, identifier("1.3.6.1.4.1.311.12.1.1")) + der(4, [1, 2])
                + der(0x17, Array("240101000000Z".utf8))
                + der(0x30, identifier("1.3.6.1.4.1.311.12.1.2") + [5, 0]) + der(0x30, members)
                + der(0xA0, der(0x30, [])))
        return signedData(contentType: "1.3.6.1.4.1.311.10.1", content: list, digest: sha256)
    }
}
