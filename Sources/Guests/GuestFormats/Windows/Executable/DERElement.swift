package import ByteReading

/// A value in the distinguished encoding rules of ASN.1 (ITU-T X.690), the encoding of signatures and catalogs.
package struct DERElement: Sendable {
    /// The tag byte: 0x30 a sequence, 0x06 an object identifier, 0xA0 a value marked `[0]`.
    package let tag: UInt8
    /// What it holds.
    package let content: Bytes
    /// How many bytes it takes with its tag and length.
    let size: Int

    static let sequence: UInt8 = 0x30
    static let set: UInt8 = 0x31
    static let objectIdentifier: UInt8 = 0x06
    static let octetString: UInt8 = 0x04
    static let wideString: UInt8 = 0x1E

    /// The element at the start of `bytes`. Tags of more than a byte and lengths that are not given are
    /// `unsupported`; signatures have none.
    package init(parsing bytes: Bytes) throws(ImageFault) {
        tag = try bytes.byte(at: 0)
        guard tag & 0x1F != 0x1F else {
            throw ImageFault(.unsupported, "a DER tag of several bytes", at: bytes.origin)
        }
        let first = try bytes.byte(at: 1)
        var length = Int(first)
        var start = 2
        if first & 0x80 != 0 {
            let count = Int(first & 0x7F)
            guard (1...4).contains(count) else {
                throw ImageFault(.unsupported, "a DER length of \(count) bytes", at: bytes.origin)
            }
            length = 0
            for index in 0..<count { length = length << 8 | Int(try bytes.byte(at: 2 + index)) }
            start += count
        }
        content = try bytes.slice(at: start, count: length)
        size = start + length
    }

    /// The elements inside, in order.
    package func children(_ budget: inout Budget) throws(ImageFault) -> [DERElement] {
        var found: [DERElement] = []
        var rest = content
        while !rest.isEmpty {
            try budget.spend()
            let element = try DERElement(parsing: rest)
            found.append(element)
            rest = rest.dropFirst(element.size)
        }
        return found
    }

    /// An object identifier as numbers with dots; nil if it is none.
    package var identifier: String? {
        guard tag == Self.objectIdentifier, let first = content.first(where: { _ in true }) else {
            return nil
        }
        var parts = [UInt64(Swift.min(2, first / 40))]
        parts.append(UInt64(first) - parts[0] * 40)
        var value: UInt64 = 0
        for byte in content.dropFirst(1) {
            guard value < 1 << 56 else { return nil }
            value = value << 7 | UInt64(byte & 0x7F)
            if byte & 0x80 == 0 {
                parts.append(value)
                value = 0
            }
        }
        return parts.map { String($0) }.joined(separator: ".")
    }

    /// UTF-16 in the order in which `BMPString` has it.
    var wideText: String? {
        guard tag == Self.wideString else { return nil }
        return String(decoding: content.utf16Units(isBigEndian: true), as: UTF16.self)
    }
}
