import BlockIO
import ByteReading
import Compression
import Ext4
import FAT
import FileSystemCore
import ImageFormats
import Volumes

/// Bytes, containers, partition tables, file systems.
extension FuzzEntries {
    static let bytes: [FuzzEntry] = [
        FuzzEntry("bytes", seed: "\u{1}\u{2}\u{3}abc") { data in
            var cursor = ByteCursor(data)
            while let width: UInt8 = try? cursor.little() {
                _ = try? data.slice(at: Int(width), count: Int(width))
                _ = try? data.little(UInt64.self, at: Int(width))
                guard (try? cursor.skip(Int(width))) != nil else { break }
            }
            _ = data.textToNUL
        },
        FuzzEntry("guid", seed: "0123456789abcdef0123456789abcdef0123") { data in
            _ = try GUID(mixedEndian: data).description
            _ = GUID(data.textToNUL)
        },
    ]

    /// One entry per format, so that the parts of a format that its header selects are reached.
    static let compression: [FuzzEntry] = [
        CompressionFormat.gzip, .bzip2, .xz, .lzma, .lz4Legacy, .lzop, .zstd,
    ].map { format in
        FuzzEntry("decompress-\(format.rawValue)", seed: FuzzSeeds.compressed[format] ?? []) { data in
            let stream = try StreamDecompressor(
                format, reader: StreamReader(BytesStream(data, chunkSize: 61)),
                limits: DecompressionLimits(maximumOutput: 4 << 20))
            while try stream.next() != nil {}
        }
    }

    static let disks: [FuzzEntry] = [
        FuzzEntry("qcow2-header", seed: FuzzSeeds.qcow2) { _ = try Qcow2Header(parsing: $0) },
        FuzzEntry("image", seed: FuzzSeeds.qcow2) { data in
            let opening = try ImageFileOpener().open(MemorySource(data), path: nil)
            guard case .opened(let image) = opening else { return }
            try touch(image.disk)
        },
        FuzzEntry("partition-table", seed: FuzzSeeds.masterBootRecord) { data in
            let disk = MemorySource(data)
            for partition in try PartitionTable(of: disk).partitions.prefix(16) {
                let source = try partition.source(on: disk)
                _ = try VolumeProbe.identify(source)
            }
        },
        FuzzEntry("volume-probe", seed: FuzzSeeds.masterBootRecord) {
            _ = try VolumeProbe.identify(MemorySource($0))
        },
    ]

    static let fileSystems: [FuzzEntry] = [
        FuzzEntry("ext4", seed: FuzzSeeds.zeros) { data in
            let source = MemorySource(data)
            _ = try Ext4FileSystem.probeBackups(source)
            walk(try Ext4FileSystem(source))
        },
        FuzzEntry("fat", seed: FuzzSeeds.masterBootRecord) { data in
            let source = MemorySource(data)
            guard try FATFileSystem.probe(source) else { return }
            walk(try FATFileSystem(source))
        },
    ]

    /// Reads here and there, and asks what is allocated.
    private static func touch(_ disk: any BlockSource) throws(ImageFault) {
        var offset: UInt64 = 0
        for _ in 0..<64 {
            guard offset < disk.size else { return }
            let extent = try disk.extent(at: offset)
            _ = try disk.read(at: offset, count: Int(min(4096, disk.size - offset)))
            offset = offset &+ max(1, extent.length)
        }
    }

    /// Visits the first nodes of a file system by every call there is. A fault in one leaves the others to see.
    static func walk(_ reader: any FileSystemReader) {
        var pending = [reader.root]
        var visited: Set<NodeID> = []
        while let node = pending.popLast(), visited.count < 128 {
            guard visited.insert(node).inserted, let info = try? reader.info(node) else { continue }
            _ = try? reader.extendedAttributes(node)
            switch info.type {
            case .directory:
                let entries = (try? reader.list(node)) ?? []
                for entry in entries.prefix(4) { _ = try? reader.lookup(entry.name, in: node) }
                _ = try? reader.lookup("no-such-name", in: node)
                pending += entries.prefix(128).map(\.node)
            case .symlink: _ = try? reader.linkTarget(node)
            default:
                for offset in [0, info.size / 2, info.size &- 1, info.size] {
                    _ = try? reader.read(node, at: offset, count: 16 << 10)
                    _ = try? reader.location(of: node, at: offset)
                }
            }
        }
    }
}
