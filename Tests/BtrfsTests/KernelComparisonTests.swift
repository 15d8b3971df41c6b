import BlockIO
import Btrfs
import ByteReading
import FileSystemCore
import SystemPackage
import TestSupport
import Testing

/// The kernel writes a tree with each set of features; what it shows and what is read here must be the same.
@Suite(.enabled(if: BtrfsImage.canMount), .serialized)
struct KernelComparisonTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var options: String
        var devices = 1
        var mount = ""
        var testDescription: String { "\(options) on \(devices), \(mount)" }
    }

    @Test(arguments: [
        Case(options: ""),
        Case(options: "-n 4096 --csum xxhash", mount: "compress-force=zlib"),
        Case(options: "-n 65536 --csum sha256", mount: "compress-force=lzo"),
        Case(options: "-n 32768 --csum blake2", mount: "compress-force=zstd"),
        Case(options: "-M -O ^no-holes,^extref", mount: "max_inline=0,noatime"),
        Case(options: "-O ^skinny-metadata,^no-holes -R ^free-space-tree -m single", mount: "nodatasum"),
        Case(options: "-m dup -d dup -n 4096", mount: "compress-force=zstd:15"),
        Case(options: "-d raid0 -m raid0", devices: 3),
        Case(options: "-d raid1 -m raid1", devices: 2, mount: "compress-force=lzo"),
        Case(options: "-d raid10 -m raid10", devices: 4),
        Case(options: "-d raid1c4 -m raid1c3", devices: 4),
        Case(options: "-d raid5 -m raid1", devices: 3),
        Case(options: "-d raid6 -m raid6", devices: 4),
    ])
    func `reads what the kernel wrote`(_ test: Case) async throws {
        let folder = try await ScratchFolder()
        let images = try await BtrfsImage.make(
            test.options, devices: test.devices, mount: test.mount, BtrfsImage.fill, in: folder)
        let expected = try await BtrfsImage.mounted(images, options: "ro", in: folder) { point in
            try await Listing.ofDirectory(point)
        }
        let fileSystem = try BtrfsImage.open(images.reversed())
        let found = try Listing.of(fileSystem)
        #expect(found.count > 350)
        #expect(Set(found).subtracting(expected).sorted().prefix(5) == [])
        #expect(found == expected)
        #expect(fileSystem.conditions == [])

        let report = try await HostTool.shell("blkid -p -o export \(images[0])")
        #expect(report.contains("TYPE=\(fileSystem.kind)\n"))
        #expect(report.contains("UUID=\(fileSystem.uuid ?? "none")\n"))
        let identity = try BtrfsFileSystem.identity(of: FileSource(images[0]))
        #expect(report.contains("UUID_SUB=\(identity.deviceUUID)\n"))
        #expect(identity.deviceCount == UInt64(test.devices))
    }
}
