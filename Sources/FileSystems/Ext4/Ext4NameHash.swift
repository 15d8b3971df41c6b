import ByteReading

/// The hashes of names by which directories are indexed (`fs/ext4/hash.c` names them; the algorithms are a
/// hash of its own, half of MD4, and the tiny encryption algorithm).
struct Ext4NameHash {
    private enum Algorithm { case legacy, halfMD4, tea }
    private let algorithm: Algorithm
    private let isUnsigned: Bool
    private let seed: [UInt32]

    /// - Parameter version: `hash_version` of the index's root; nil for one that is not known here.
    init?(version: UInt8, superblock: Ext4Superblock) {
        guard version <= 5 else { return nil }
        algorithm = [.legacy, .halfMD4, .tea][Int(version % 3)]
        isUnsigned = version >= 3 || superblock.hashesUnsigned
        let isSeeded = superblock.hashSeed.contains { $0 != 0 }
        seed = isSeeded ? superblock.hashSeed : [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476]
    }

    /// The major hash of a name; its lowest bit is clear.
    func of(_ name: [UInt8]) -> UInt32 {
        var state = seed
        let hash: UInt32
        switch algorithm {
        case .legacy:
            hash = legacy(name)
        case .halfMD4:
            for start in stride(from: 0, to: name.count, by: 32) {
                Ext4NameHash.halfMD4(&state, words(name[start...], count: 8))
            }
            hash = state[1]
        case .tea:
            for start in stride(from: 0, to: name.count, by: 16) {
                Ext4NameHash.tea(&state, words(name[start...], count: 4))
            }
            hash = state[0]
        }
        let even = hash & ~1
        // The largest value stands for the end of the directory.
        return even == 0xFFFF_FFFE ? 0xFFFF_FFFC : even
    }

    private func value(_ byte: UInt8) -> UInt32 {
        isUnsigned ? UInt32(byte) : UInt32(bitPattern: Int32(Int8(bitPattern: byte)))
    }

    private func legacy(_ name: [UInt8]) -> UInt32 {
        var hash0: UInt32 = 0x12A3_FE2D
        var hash1: UInt32 = 0x37AB_E8F9
        for byte in name {
            var hash = hash1 &+ (hash0 ^ (value(byte) &* 7_152_373))
            if hash & 0x8000_0000 != 0 { hash &-= 0x7FFF_FFFF }
            hash1 = hash0
            hash0 = hash
        }
        return hash0 << 1
    }

    /// Packs the name into words, padded with its length.
    private func words(_ name: ArraySlice<UInt8>, count: Int) -> [UInt32] {
        var pad = UInt32(name.count) | UInt32(name.count) << 8
        pad |= pad << 16
        var words: [UInt32] = []
        var word = pad
        for (index, byte) in name.prefix(count * 4).enumerated() {
            word = value(byte) &+ (word << 8)
            if index % 4 == 3 {
                words.append(word)
                word = pad
            }
        }
        if words.count < count { words.append(word) }
        while words.count < count { words.append(pad) }
        return words
    }

    private static func tea(_ state: inout [UInt32], _ words: [UInt32]) {
        var sum: UInt32 = 0
        var b0 = state[0]
        var b1 = state[1]
        for _ in 0..<16 {
            sum &+= 0x9E37_79B9
            b0 &+= ((b1 << 4) &+ words[0]) ^ (b1 &+ sum) ^ ((b1 >> 5) &+ words[1])
            b1 &+= ((b0 << 4) &+ words[2]) ^ (b0 &+ sum) ^ ((b0 >> 5) &+ words[3])
        }
        state[0] &+= b0
        state[1] &+= b1
    }

    private static func halfMD4(_ state: inout [UInt32], _ words: [UInt32]) {
        var a = state[0]
        var b = state[1]
        var c = state[2]
        var d = state[3]
        func round(
            _ order: [Int], _ shifts: [UInt32], _ constant: UInt32, _ mix: (UInt32, UInt32, UInt32) -> UInt32
        ) {
            for (step, index) in order.enumerated() {
                let shift = shifts[step % 4]
                let sum = a &+ mix(b, c, d) &+ words[index] &+ constant
                (a, b, c, d) = (d, sum << shift | sum >> (32 - shift), b, c)
            }
        }
        round([0, 1, 2, 3, 4, 5, 6, 7], [3, 7, 11, 19], 0) { $2 ^ ($0 & ($1 ^ $2)) }
        round([1, 3, 5, 7, 0, 2, 4, 6], [3, 5, 9, 13], 0x5A82_7999) { ($0 & $1) &+ (($0 ^ $1) & $2) }
        round([3, 7, 2, 6, 1, 5, 0, 4], [3, 9, 11, 15], 0x6ED9_EBA1) { $0 ^ $1 ^ $2 }
        state[0] &+= a
        state[1] &+= b
        state[2] &+= c
        state[3] &+= d
    }
}
