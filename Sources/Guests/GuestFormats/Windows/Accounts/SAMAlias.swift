package import ByteReading

/// A local group (`SAM\Domains\Builtin\Aliases\00000220`, value `C`), as winreg-kb and RegRipper's samparse
/// describe it: 13 numbers, then the texts and the members, whose places count from behind the numbers.
package struct SAMAlias: Sendable {
    private enum Field {
        static let relative = 0x00
        static let membersOffset = 0x28
        static let membersSize = 0x2C
        static let memberCount = 0x30
        static let data = 0x34
    }

    package let relative: UInt32
    package let members: [SecurityIdentifier]

    package init(parsing bytes: Bytes) throws(ImageFault) {
        relative = try bytes.little(at: Field.relative)
        let offset = try bytes.little(UInt32.self, at: Field.membersOffset).converted(to: Int.self)
        let size = try bytes.little(UInt32.self, at: Field.membersSize).converted(to: Int.self)
        let count = try bytes.little(UInt32.self, at: Field.memberCount)
        var members: [SecurityIdentifier] = []
        if count > 0 {
            let list = try bytes.slice(at: offset.adding(Field.data), count: size)
            var place = 0
            // Every member takes at least 8 bytes, so the list's own size bounds the loop.
            while members.count < count, place < list.count {
                let member = try SecurityIdentifier(parsing: list, at: place)
                members.append(member)
                place = try place.adding(member.size)
            }
        }
        self.members = members
    }
}
