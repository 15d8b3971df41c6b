/// How udev writes labels into the names of links below `/dev/disk` (`blkid_encode_string`): letters, digits,
/// `#+-.:=@_` and valid UTF-8 stay, every other byte becomes `\xHH`.
package enum UdevEncoding {
    /// The link name for `text`.
    package static func encoded(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            if !scalar.isASCII {
                result.unicodeScalars.append(scalar)
            } else if AsciiText.isAlphanumeric(UInt8(scalar.value))
                || "#+-.:=@_".unicodeScalars.contains(scalar)
            {
                result.unicodeScalars.append(scalar)
            } else {
                result += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            }
        }
        return result
    }

    /// The label of a link name; what is not a whole escape stays as it is.
    package static func decoded(_ name: String) -> String {
        let bytes = Array(name.utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == 0x5C, index + 3 < bytes.count, bytes[index + 1] == 0x78,
                let high = hexadecimal(bytes[index + 2]), let low = hexadecimal(bytes[index + 3])
            {
                result.append(high << 4 | low)
                index += 4
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return AsciiText.string(result[...])
    }

    static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x61...0x66: byte - 0x61 + 10
        case 0x41...0x46: byte - 0x41 + 10
        default: nil
        }
    }
}
