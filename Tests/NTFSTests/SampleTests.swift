import BlockIO
import ByteReading
import FileSystemCore
import NTFS
import SystemPackage
import TestSupport
import Testing

/// Volumes that Windows and others made: read as the other tools read them.
@Suite(.enabled(if: HostTool.samples != nil && HostTool.has("blkid", "xzcat")))
struct SampleTests {
    @Test(arguments: ["dfvfs/ntfs.raw.xz", "ntfs/dfir_ntfs/ntfs3_attrlist.raw.gz", "dfvfs/ntfs-fixed.vhd.xz"])
    func `reads volumes of others`(_ name: String) async throws {
        let samples = try #require(HostTool.samples)
        let folder = try await ScratchFolder()
        let image = folder.file("image")
        try await HostTool.shell(
            "\(name.hasSuffix(".gz") ? "zcat" : "xzcat") \(samples)/\(name) > \(image)")
        let file = try FileSource(image)
        var source: any BlockSource = file
        if try !NTFSFileSystem.probe(file) {
            let entry = try file.read(at: 446, count: 16)
            source = try SliceSource(
                file, start: UInt64(entry.little(UInt32.self, at: 8)) * 512,
                size: UInt64(entry.little(UInt32.self, at: 12)) * 512)
        }
        let fileSystem = try NTFSFileSystem(source)
        #expect(fileSystem.features == ["3.1"])
        #expect(try Listing.of(fileSystem).count > 3)
        if name.hasSuffix("raw.xz") {
            #expect(fileSystem.label == "ntfs_test")
            #expect(fileSystem.uuid == "1870D4A366D67B00")
        }
        HostileTests.exercise(source)
    }
}
