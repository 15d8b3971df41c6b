package import ByteReading

/// GRUB's environment block, `grubenv` (grub-core/lib/envblk.c).
package struct GrubEnvironmentBlock: Sendable {
    /// The first line, which must be there.
    package static let signature = "# GRUB Environment Block\n"
    /// The size in bytes that `grub-editenv` makes and `save_env` needs.
    package static let usualSize = 1024

    /// Variables in the order of the file; a later one of the same name wins.
    package let variables: [(name: String, value: String)]
    /// The size of the file in bytes. GRUB reads any size, its tools accept 1024 only.
    package let size: Int
    /// Whether the last variable is cut off; GRUB stops reading there.
    package let isCut: Bool

    /// Reads a block. A `corrupt` fault if the signature is not there, which GRUB calls
    /// `invalid environment block`.
    package init(parsing bytes: Bytes) throws(ImageFault) {
        guard bytes.starts(with: Self.signature), bytes.count > Self.signature.utf8.count else {
            throw ImageFault(.corrupt, "invalid environment block: no signature in \(bytes.count) bytes")
        }
        size = bytes.count
        var variables: [(name: String, value: String)] = []
        var isCut = false
        let array = bytes.array
        var position = Self.signature.utf8.count
        reading: while position < array.count {
            guard array[position] != UInt8(ascii: "#") else {
                position = Self.nextLine(array, position)
                continue
            }
            let nameStart = position
            while position < array.count, array[position] != UInt8(ascii: "=") { position += 1 }
            guard position < array.count else {
                isCut = true
                break reading
            }
            let name = array[nameStart..<position]
            position += 1
            var value: [UInt8] = []
            while position < array.count, array[position] != UInt8(ascii: "\n") {
                if array[position] == UInt8(ascii: "\\"), position + 1 < array.count { position += 1 }
                value.append(array[position])
                position += 1
            }
            guard position < array.count else {
                isCut = true
                break reading
            }
            variables.append((String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self)))
            position += 1
        }
        self.variables = variables
        self.isCut = isCut
    }

    /// The value of `name`.
    package subscript(name: String) -> String? { variables.last { $0.name == name }?.value }

    private static func nextLine(_ array: [UInt8], _ start: Int) -> Int {
        var position = start
        while position < array.count, array[position] != UInt8(ascii: "\n") {
            position += array[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        return position + 1
    }
}
