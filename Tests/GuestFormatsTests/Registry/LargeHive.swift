import ByteReading
import Synchronization

@testable import GuestFormats

/// A hive of 110 MB whose root has a million keys, made where it is read.
final class LargeHive: Sendable {
    static let keyCount = 1_000_000
    /// A list of 1000 parts, which begin here; each is in a bin of 12 KiB.
    private static let leaves = 8192
    private static let keys = leaves + 1000 * 12288
    private static let keysOfBin = 42
    private static let binsSize = keys + (keyCount + keysOfBin - 1) / keysOfBin * 4096

    private let read = Mutex(0)

    /// How many bytes were read so far.
    var bytesRead: Int { read.withLock { $0 } }

    var source: ContentSource {
        ContentSource(size: UInt64(4096 + Self.binsSize)) { (offset, count) throws(ImageFault) in
            self.read.withLock { $0 += count }
            var bytes: [UInt8] = []
            var page = Int(offset) / 4096
            while bytes.count < Int(offset) % 4096 + count {
                bytes += page == 0 ? Self.header : Self.page(at: (page - 1) * 4096)
                page += 1
            }
            return try Bytes(bytes).slice(at: Int(offset) % 4096, count: count)
        }
    }

    static func name(_ index: Int) -> String {
        let digits = String(index)
        return "Key" + String(repeating: "0", count: 7 - digits.count) + digits
    }

    private static func offset(_ index: Int) -> Int {
        keys + index / keysOfBin * 4096 + 32 + index % keysOfBin * 96
    }

    private static func word(_ value: Int) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }

    private static let header: [UInt8] = {
        var bytes = [UInt8](repeating: 0, count: 4096)
        bytes.replaceSubrange(0..<12, with: Array("regf".utf8) + word(1) + word(1))
        bytes.replaceSubrange(20..<48, with: [1, 5, 0, 1, 32, binsSize, 1].flatMap(word))
        for index in 0..<508 { bytes[508 + index % 4] ^= bytes[index] }
        return bytes
    }()

    private static func bin(at offset: Int, size: Int) -> [UInt8] {
        Array("hbin".utf8) + word(offset) + word(size) + [UInt8](repeating: 0, count: 20)
    }

    private static func key(_ name: String, parent: Int, subkeys: Int, list: Int) -> [UInt8] {
        let size = (80 + name.utf8.count + 7) / 8 * 8
        let fields = [0, 0, 0, parent, subkeys, 0, list, -1, 0, -1, -1, -1, 0, 0, 0, 0, 0]
        var bytes = word(-size)
        bytes += "nk".utf8
        bytes += [parent < 0 ? 0x2C : 0x20, 0]
        for field in fields { bytes += word(field) }
        bytes += [UInt8(name.utf8.count), 0, 0, 0]
        bytes += name.utf8
        return bytes + [UInt8](repeating: 0, count: size - bytes.count)
    }

    /// The page of the hive bins data at `offset`.
    private static func page(at offset: Int) -> [UInt8] {
        var bytes: [UInt8]
        if offset < leaves {
            bytes = bin(at: 0, size: leaves)
            bytes += key("R", parent: -1, subkeys: keyCount, list: 120)
            bytes += word(-4008)
            bytes += "ri".utf8
            bytes += [0xE8, 3]
            for leaf in 0..<1000 { bytes += word(leaves + leaf * 12288 + 32) }
            bytes += [UInt8](repeating: 0, count: leaves - bytes.count)
            return Array(bytes[offset..<offset + 4096])
        }
        if offset < keys {
            let leaf = (offset - leaves) / 12288
            let start = (offset - leaves) % 12288
            bytes = bin(at: offset - start, size: 12288)
            bytes += word(-8008)
            bytes += "lh".utf8
            bytes += [0xE8, 3]
            // Only the elements that lie in the page: hashing takes the time.
            let first = max(0, (start - bytes.count) / 8)
            let last = min(1000, (start + 4096 - bytes.count) / 8 + 1)
            bytes += [UInt8](repeating: 0, count: first * 8)
            for index in leaf * 1000 + first..<leaf * 1000 + last {
                bytes += word(Self.offset(index))
                bytes += word(Int(RegistryName.hash(folded: RegistryName.fold(name(index)))))
            }
            bytes += [UInt8](repeating: 0, count: 12288 - bytes.count)
            return Array(bytes[start..<start + 4096])
        }
        bytes = bin(at: offset, size: 4096)
        let first = (offset - keys) / 4096 * keysOfBin
        for index in first..<min(first + keysOfBin, keyCount) {
            bytes += key(name(index), parent: 32, subkeys: 0, list: -1)
        }
        return bytes + [UInt8](repeating: 0, count: 4096 - bytes.count)
    }
}
