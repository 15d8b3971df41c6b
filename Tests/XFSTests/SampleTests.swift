import BlockIO
import ByteReading
import FileSystemCore
import SystemPackage
import TestSupport
import Testing
import XFS

/// XFS images of other projects: every one is opened, walked, and named as blkid names it.
@Suite(.enabled(if: HostTool.samples != nil))
struct SampleTests {
    @Test func `walks the images of others`() async throws {
        let samples = try #require(HostTool.samples)
        let folder = try await ScratchFolder()
        let table = try await HostTool.shell("grep 'TYPE=xfs ' \(samples)/ORACLE.tsv")
        var count = 0
        for line in table.split(separator: "\n") {
            let fields = line.split(separator: "\t")
            let path = "\(samples)/\(fields[0])"
            let image = folder.file("image")
            let unpack = path.hasSuffix(".gz") ? "zcat" : path.hasSuffix(".bz2") ? "bzcat" : "xzcat"
            try await HostTool.shell("\(unpack) \(path) | dd of=\(image) conv=sparse bs=64K status=none")
            let source = CachedSource(try FileSource(image))
            HostileTests.exercise(source, nodes: 1000)
            guard let fileSystem = try? XFSFileSystem(source) else { continue }
            let facts = fields[2]
            if let uuid = fileSystem.uuid { #expect(facts.contains("UUID=\(uuid) "), "\(path)") }
            if let label = fileSystem.label { #expect(facts.contains("LABEL=\(label) "), "\(path)") }
            _ = try Listing.of(fileSystem)
            count += 1
        }
        #expect(count > 5)
    }
}
