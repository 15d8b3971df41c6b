import BlockIO
import Btrfs
import ByteReading
import FileSystemCore
import SystemPackage
import TestSupport
import Testing

/// The images of btrfs-progs' own tests, many of them damaged on purpose: opened, walked, named as blkid names them.
@Suite(.enabled(if: HostTool.samples != nil))
struct SampleTests {
    @Test func `walks the images of btrfs-progs`() async throws {
        let samples = try #require(HostTool.samples)
        let folder = try await ScratchFolder()
        let table = try await HostTool.shell("grep '^btrfs/' \(samples)/ORACLE.tsv")
        var opened = 0
        for line in table.split(separator: "\n") {
            let fields = line.split(separator: "\t")
            let image = folder.file("image")
            try await HostTool.shell(
                "rm -f \(image); xzcat \(samples)/\(fields[0]) | dd of=\(image) conv=sparse bs=64K status=none"
            )
            let source = CachedSource(try FileSource(image))
            HostileTests.exercise([source])
            let facts = fields[2]
            if facts.contains("TYPE=btrfs") {
                #expect(try BtrfsFileSystem.probe(source), "\(fields[0])")
            }
            guard let fileSystem = try? BtrfsFileSystem([source]) else {
                #expect(!facts.contains("btrfs check rc=0"), "\(fields[0])")
                continue
            }
            opened += 1
            #expect(facts.contains("UUID=\(fileSystem.uuid ?? "none") "), "\(fields[0])")
            guard facts.contains("btrfs check rc=0"), facts.contains("num_devices=1 ") else { continue }
            #expect(throws: Never.self, "\(fields[0])") { try Listing.of(fileSystem) }
        }
        #expect(opened > 5)
    }
}
