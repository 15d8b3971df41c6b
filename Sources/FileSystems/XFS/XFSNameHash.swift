/// How directories and attributes order names (`xfs_da_hashname`, `xfs_ascii_ci_hashname`).
enum XFSNameHash {
    /// The hash of a name.
    static func hash(_ name: [UInt8], isCaseInsensitive: Bool = false) -> UInt32 {
        // Four bytes at a time is the same as one at a time.
        var hash: UInt32 = 0
        for byte in name {
            hash = UInt32(isCaseInsensitive ? lower(byte) : byte) ^ (hash << 7 | hash >> 25)
        }
        return hash
    }

    /// The small letter for a capital of Latin-1 (`xfs_ascii_ci_xfrm`).
    static func lower(_ byte: UInt8) -> UInt8 {
        switch byte {
        case 0x41...0x5A, 0xC0...0xD6, 0xD8...0xDE: byte + 0x20
        default: byte
        }
    }
}
