import ByteReading
import GuestFormats

/// Hives of the Windows registry and their logs.
extension FuzzEntries {
    static let registry: [FuzzEntry] = [
        FuzzEntry("registry-hive", seed: hive) { try walk(Hive(ContentSource($0))) },
        FuzzEntry("registry-log", seed: log) { data in
            // A hive whose last write had not ended, so that the log is read.
            var dirty = hive
            dirty[4] = 2
            dirty[508] ^= 3
            try walk(Hive(ContentSource(Bytes(dirty)), logs: [ContentSource(data)]))
        },
    ]

    private static func walk(_ hive: Hive) throws {
        _ = hive.verify(limit: 64)
        var pending = [try hive.root]
        while let key = pending.popLast() {
            _ = try? key.className()
            for value in (try? key.values()) ?? [] {
                _ = (value.string, value.strings, value.integer)
                _ = try? key.value(value.name)
            }
            let subkeys = (try? key.subkeys()) ?? []
            for subkey in subkeys { _ = try? key.key(subkey.name) }
            pending += subkeys
        }
    }

    private static func word(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }

    private static func header(type: UInt8) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 512)
        bytes.replaceSubrange(0..<12, with: Array("regf".utf8) + word(1) + word(1))
        bytes.replaceSubrange(20..<48, with: [1, 5, UInt32(type), 1, 32, 4096, 1].flatMap(word))
        for index in 0..<508 { bytes[508 + index % 4] ^= bytes[index] }
        return bytes
    }

    /// A record of a key of 80 bytes.
    private static func key(_ name: String, parent: UInt32, subkeys: [UInt32], values: [UInt32]) -> [UInt8] {
        let fields: [UInt32] =
            [0, 0, 0, parent, subkeys[0], 0, subkeys[1], .max] + values + [.max, .max, 0, 0, 0, 0, 0]
        var bytes = Array("nk".utf8)
        bytes += [parent == .max ? 0x2C : 0x20, 0]
        for field in fields { bytes += word(field) }
        bytes += [UInt8(name.utf8.count), 0, 0, 0]
        bytes += name.utf8
        return bytes + [UInt8](repeating: 0, count: 80 - bytes.count)
    }

    private static func cell(_ content: [UInt8]) -> [UInt8] {
        let size = (content.count + 4 + 7) / 8 * 8
        return word(UInt32(bitPattern: Int32(-size))) + content
            + [UInt8](repeating: 0, count: size - 4 - content.count)
    }

    /// A root with one key under it that has one value, in one bin.
    private static let hive: [UInt8] = {
        // Cells at 32 (88 bytes), 120 (16), 136 (88), 224 (8), 232 (32).
        var cells = cell(key("R", parent: .max, subkeys: [1, 120], values: [0, .max]))
        cells += cell(Array("lh".utf8) + [1, 0] + word(136) + word(UInt32(UInt8(ascii: "K"))))
        cells += cell(key("K", parent: 32, subkeys: [0, .max], values: [1, 224]))
        cells += cell(word(232))
        var value = Array("vk".utf8) + [1, 0]
        for field: UInt32 in [0x8000_0004, 7, 4, 1] { value += word(field) }
        cells += cell(value + [0x56])
        var bin = Array("hbin".utf8) + word(0) + word(4096)
        bin += [UInt8](repeating: 0, count: 20) + cells
        let free = word(UInt32(4096 - bin.count))
        bin += free
        bin += [UInt8](repeating: 0, count: 4096 - bin.count)
        return header(type: 0) + [UInt8](repeating: 0, count: 4096 - 512) + bin
    }()

    /// A log of before Windows 8.1 that has the whole bin: no hash protects it from change.
    private static let log: [UInt8] = {
        let vector = Array("DIRT".utf8) + [0xFF]
        let padding = [UInt8](repeating: 0, count: 512 - vector.count)
        return header(type: 1) + vector + padding + hive[4096...]
    }()
}
