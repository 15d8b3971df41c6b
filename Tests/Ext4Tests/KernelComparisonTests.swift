import ByteReading
import Ext4
import FileSystemCore
import SystemPackage
import TestSupport
import Testing

/// The kernel writes a tree with each set of features; what it shows and what is read here must be the same.
@Suite(.enabled(if: Ext4Image.canMount), .serialized)
struct KernelComparisonTests {
    @Test(arguments: [
        "-t ext2 -b 1024 -I 128",
        "-t ext2 -b 4096 -O ^filetype",
        "-t ext3 -b 2048",
        "-t ext4 -b 4096",
        "-t ext4 -b 1024",
        "-t ext4 -b 4096 -O ^64bit,^metadata_csum,uninit_bg,^flex_bg",
        "-t ext4 -b 1024 -O inline_data -I 512",
        "-t ext4 -b 4096 -O inline_data,metadata_csum_seed,ea_inode",
        "-t ext4 -b 1024 -O bigalloc -C 16384",
        "-t ext4 -b 1024 -O meta_bg,^resize_inode -g 512",
        "-t ext4 -b 1024 -O sparse_super2,large_dir,^dir_index",
        "-t ext4 -b 4096 -O ^extent,^64bit,mmp,stable_inodes,orphan_file",
    ])
    func `reads what the kernel wrote`(_ options: String) async throws {
        let folder = try await ScratchFolder()
        let image = try await Ext4Image.make(options, size: "24M", in: folder)
        try await Ext4Image.mounted(image, in: folder) { point in
            try await HostTool.shell("D=\(point)\n\(Ext4Image.fill)\nmknod $D/special/null c 1 3")
            try await HostTool.shell("fallocate -l 300000 \(point)/files/allocated 2>/dev/null || :")
            try fragment(point.appending("files/fragments"))
        }
        let expected = try await Ext4Image.mounted(image, options: "ro", in: folder) { point in
            try await Listing.ofDirectory(point)
        }
        let fileSystem = try Ext4Image.open(image)
        let found = try Listing.of(fileSystem)
        #expect(found.count > 350)
        #expect(found == expected)
        #expect(fileSystem.conditions.isEmpty)

        let report = try await HostTool.shell(
            "dumpe2fs -h \(image) 2>/dev/null; echo; blkid -p -o export \(image)")
        let features = try #require(
            report.split(separator: "\n").first { $0.hasPrefix("Filesystem features:") })
        #expect(fileSystem.features == features.split(separator: " ").dropFirst(2).map(String.init))
        #expect(report.contains("TYPE=\(fileSystem.kind)\n"))
        #expect(report.contains("UUID=\(fileSystem.uuid ?? "none")\n"))
    }

    /// Every other block is written, so that each is an extent of its own: deep trees with small blocks.
    private func fragment(_ path: FilePath) throws {
        try HostFile.write(path) { file in
            for index in 0..<450 {
                _ = try file.writeAll(toAbsoluteOffset: Int64(index) * 4096, "fragment \(index)".utf8)
            }
        }
    }

    @Test func `finds the blocks of a file`() async throws {
        let folder = try await ScratchFolder()
        let image = try await Ext4Image.make("-t ext4 -b 1024", in: folder)
        let content = folder.file("content")
        try await HostTool.shell("seq 1 3000 > \(content); truncate -s 50000 \(content)")
        try await Ext4Image.debugfs(["write \(content) file"], on: image)
        let blocks = try await Ext4Image.debugfs(["bmap /file 0", "bmap /file 7"], on: image)
            .split(separator: "\n").compactMap { UInt64($0) }
        let fileSystem = try Ext4Image.open(image)
        let node = try #require(try fileSystem.lookup("file", in: fileSystem.root))
        #expect(try fileSystem.location(of: node, at: 5) == blocks.first.map { $0 * 1024 + 5 })
        #expect(try fileSystem.location(of: node, at: 7 * 1024) == blocks.last.map { $0 * 1024 })
        #expect(try fileSystem.location(of: node, at: 40000) == nil)
        #expect(try fileSystem.location(of: node, at: 60000) == nil)
    }
}
