import BlockIO
import Btrfs
import ByteReading
import FileSystemCore

/// btrfs: a whole device, and a superblock whose checksum is made right so that what it says is used.
extension FuzzEntries {
    static let btrfs: [FuzzEntry] = [
        FuzzEntry("btrfs", seed: FuzzSeeds.zeros) { try visit(MemorySource($0)) },
        FuzzEntry("btrfs-superblock", seed: FuzzSeeds.zeros) { data in
            var block = Array(data.prefix(4096)) + [UInt8](repeating: 0, count: max(0, 4096 - data.count))
            block.replaceSubrange(64..<72, with: "_BHRfS_M".utf8)
            let sum = CRC32.castagnoli.checksum(Bytes(block).dropFirst(32))
            for index in 0..<4 { block[index] = UInt8(truncatingIfNeeded: sum >> UInt32(index * 8)) }
            try visit(MemorySource([UInt8](repeating: 0, count: 64 << 10) + block + data.array))
        },
    ]

    /// Opens a device and reads what is there by every call there is, up to a bound.
    private static func visit(_ source: any BlockSource) throws(ImageFault) {
        _ = try BtrfsFileSystem.probeBackups(source)
        _ = try BtrfsFileSystem.identity(of: source)
        let reader = try BtrfsFileSystem([source])
        var pending = [reader.root] + ((try? reader.subvolumes()) ?? []).prefix(16).map(\.top)
        var visited: Set<NodeID> = []
        while let node = pending.popLast(), visited.count < 128 {
            guard visited.insert(node).inserted, let info = try? reader.info(node) else { continue }
            _ = try? reader.extendedAttributes(node)
            switch info.type {
            case .directory:
                _ = try? reader.lookup("no-such-name", in: node)
                pending += ((try? reader.list(node)) ?? []).prefix(128).map(\.node)
            case .symlink: _ = try? reader.linkTarget(node)
            default:
                for offset in [0, info.size / 2, info.size &- 1] {
                    _ = try? reader.read(node, at: offset, count: 16 << 10)
                    _ = try? reader.location(of: node, at: offset)
                }
            }
        }
    }
}
