import BlockIO
import ByteReading
import Ext4
import FileSystemCore
import SystemPackage
import TestSupport
import Testing

/// The damaged images of e2fsprogs' own tests: every one is opened and walked, and named as blkid names it.
@Suite(.enabled(if: HostTool.samples != nil))
struct SampleTests {
    @Test func `walks the images of e2fsprogs`() async throws {
        let samples = try #require(HostTool.samples)
        let folder = try await ScratchFolder()
        let table = try await HostTool.shell("grep '^ext/e2fsprogs/.*TYPE=ext' \(samples)/ORACLE.tsv")
        var count = 0
        for line in table.split(separator: "\n") {
            let fields = line.split(separator: "\t")
            let path = "\(samples)/\(fields[0])"
            let image = folder.file("image")
            let unpack = path.hasSuffix(".gz") ? "zcat" : path.hasSuffix(".bz2") ? "bzcat" : "xzcat"
            try await HostTool.shell("\(unpack) \(path) | dd of=\(image) conv=sparse bs=64K status=none")
            let source = CachedSource(try FileSource(image))
            HostileTests.exercise(source)
            guard let fileSystem = try? Ext4FileSystem(source) else { continue }
            let facts = fields[2]
            #expect(facts.contains("TYPE=\(fileSystem.kind) "), "\(path)")
            if let uuid = fileSystem.uuid { #expect(facts.contains("UUID=\(uuid) "), "\(path)") }
            let features = fileSystem.features.isEmpty ? "(none)" : fileSystem.features.joined(separator: " ")
            if !facts.hasSuffix("features=?") { #expect(facts.hasSuffix("features=\(features)"), "\(path)") }
            count += 1
        }
        #expect(count > 50)
    }
}
