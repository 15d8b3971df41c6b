import BlockIO
import ByteReading
import FileSystemCore
import SquashFS

/// SquashFS: give it small images made with `-noI -noD -noF`, whose structures no compressor shields.
extension FuzzEntries {
    static let squashFS: [FuzzEntry] = [
        FuzzEntry("squashfs", seed: Array("hsqs".utf8) + FuzzSeeds.zeros) { data in
            let source = MemorySource(data)
            _ = try SquashFileSystem.probe(source)
            let reader = try SquashFileSystem(source)
            var pending = [reader.root]
            var visited: Set<NodeID> = []
            while let node = pending.popLast(), visited.count < 128 {
                guard visited.insert(node).inserted, let info = try? reader.info(node) else { continue }
                switch info.type {
                case .directory:
                    let entries = (try? reader.list(node)) ?? []
                    for entry in entries.prefix(4) { _ = try? reader.lookup(entry.name, in: node) }
                    _ = try? reader.lookup("no-such-name", in: node)
                    pending += entries.prefix(128).map(\.node)
                case .symlink: _ = try? reader.linkTarget(node)
                default:
                    for offset in [0, info.size / 2, info.size &- 1] {
                        _ = try? reader.read(node, at: offset, count: 16 << 10)
                    }
                }
            }
        }
    ]
}
