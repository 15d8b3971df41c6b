import ByteReading
import FileSystemCore
import SystemPackage
import TestSupport
import Testing
import XFS

/// The kernel writes a tree with each set of features; what it shows and what is read here must be the same.
@Suite(.enabled(if: XFSImage.canMount), .serialized)
struct KernelComparisonTests {
    @Test(arguments: [
        "",
        "-m crc=0",
        "-m crc=0 -n ftype=0 -b size=1024",
        "-m crc=0 -b size=512 -i size=256",
        "-b size=1024 -n size=8192 -m finobt=0,reflink=0",
        "-b size=1024 -i size=2048 -m rmapbt=1,inobtcount=1,bigtime=1",
        "-m bigtime=0,reflink=0 -i sparse=0 -n size=65536",
        "-s size=4096 -b size=4096 -d agcount=7 -m rmapbt=1 -i maxpct=50",
    ])
    func `reads what the kernel wrote`(_ options: String) async throws {
        let folder = try await ScratchFolder()
        let image = try await XFSImage.make(options, in: folder)
        try await XFSImage.mounted(image, in: folder) { point in
            try await HostTool.shell("D=\(point)\n\(XFSImage.fill)")
            try XFSImage.fragment(point.appending("files/fragments"))
        }
        let expected = try await XFSImage.mounted(image, options: "ro", in: folder) { point in
            try await Listing.ofDirectory(point)
        }
        let fileSystem = try XFSImage.open(image)
        let found = try Listing.of(fileSystem)
        #expect(found.count > 3000)
        let missing = Set(expected).subtracting(found).sorted().prefix(5)
        let extra = Set(found).subtracting(expected).sorted().prefix(5)
        #expect(missing.isEmpty && extra.isEmpty, "missing \(missing), extra \(extra)")
        #expect(fileSystem.conditions.isEmpty)

        let report = try await HostTool.shell("blkid -p -o export \(image)")
        #expect(report.contains("TYPE=\(fileSystem.kind)\n"))
        #expect(report.contains("UUID=\(fileSystem.uuid ?? "none")\n"))
    }
}
