import BlockIO
import ByteReading
import SystemPackage
import TestSupport
import Testing

@testable import ImageFormats

/// Backing files and data files: opened only where the policy says so.
@Suite(.enabled(if: HostTool.has("qemu-img", "qemu-io")))
struct ReferenceTests {
    /// base.raw ← middle.qcow2 ← top.qcow2, the base shorter than the disk.
    private static let chain = """
        mkdir -p in out
        (seq 1 300000; head -c 500000 /dev/urandom) > in/base.raw; truncate -s 3M in/base.raw
        qemu-img create -q -f qcow2 -F raw -b base.raw in/middle.qcow2 4M
        qemu-io -f qcow2 -c 'write -P 7 1M 100k' -c 'write -z 2M 64k' in/middle.qcow2 > /dev/null
        qemu-img create -q -f qcow2 -F qcow2 -b ../in/middle.qcow2 -o extended_l2=on out/top.qcow2 6M
        qemu-io -f qcow2 -c 'write -P 9 1050k 10k' -c 'write -c -P 3 5M 64k' out/top.qcow2 > /dev/null
        qemu-img convert -O raw out/top.qcow2 plain
        """

    @Test func chainIsReadWhereAllowed() async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell(Self.chain, in: folder.path)
        let image = try Qcow2ContentTests.open(folder.file("out/top.qcow2"), allowing: [folder.file("in")])
        #expect(
            try DiskComparison.firstDifference(image.disk, FileSource(folder.file("plain")), step: 70_000)
                == nil)
        try Qcow2ContentTests.checkExtents(image.disk)
        #expect(image.isComplete)
        #expect(image.references.map(\.name) == ["../in/middle.qcow2", "base.raw"])
        #expect(image.references.map(\.depth) == [0, 1])
        #expect(image.references.map(\.format) == ["qcow2", "raw"])
    }

    @Test func nothingIsOpenedUnasked() async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell(Self.chain, in: folder.path)
        for allowed in [[], [folder.file("out")], [folder.file("in/base.raw")]] {
            let image = try Qcow2ContentTests.open(folder.file("out/top.qcow2"), allowing: allowed)
            #expect(!image.isComplete)
            #expect(image.references.count == 1)
            #expect(image.references.first?.refusal?.kind == .notAllowed)
            #expect(image.findings.contains { $0.code == .referenceNotOpened })
            #expect(try image.disk.extent(at: 0).kind == .missing)
            #expect { try image.disk.read(at: 0, count: 512) } throws: {
                ($0 as? ImageFault)?.kind == .notAllowed
            }
            // What the image holds itself can be read all the same.
            #expect(try image.disk.read(at: 1050 << 10, count: 1024).array.allSatisfy { $0 == 9 })
        }
    }

    @Test func linksAreFollowedBeforeJudging() async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell(
            """
            mkdir allowed secret
            head -c 65536 /dev/urandom > secret/file
            ln -s ../secret/file allowed/link
            ln -s secret inside
            qemu-img create -q -u -f qcow2 -F raw -b allowed/link a.qcow2 64k
            qemu-img create -q -u -f qcow2 -F raw -b allowed/../secret/file b.qcow2 64k
            qemu-img create -q -u -f qcow2 -F raw -b allowed/none c.qcow2 64k
            qemu-img create -q -u -f qcow2 -F raw -b inside/file d.qcow2 64k
            """, in: folder.path)
        let kinds = try ["a", "b", "c"].map { name in
            try Qcow2ContentTests.open(folder.file("\(name).qcow2"), allowing: [folder.file("allowed")])
                .references.first?.refusal?.kind
        }
        #expect(kinds == [.notAllowed, .notAllowed, .notFound])
        let linked = try Qcow2ContentTests.open(folder.file("d.qcow2"), allowing: [folder.file("secret")])
        #expect(linked.isComplete)
    }

    @Test(arguments: [
        "nbd://host/disk", "nbd:host:10809", "json:{\"driver\":\"file\"}", "ssh://host/x", "fat:/etc",
    ])
    func protocolsAreRefusedByName(_ name: String) async throws {
        let folder = try await ScratchFolder()
        let quoted = "'" + name + "'"
        try await HostTool.shell(
            "qemu-img create -q -u -f qcow2 -F raw -b \(quoted) image 1M", in: folder.path)
        let image = try Qcow2ContentTests.open(folder.file("image"), allowing: ["/"])
        #expect(image.references.first?.refusal?.kind == .unsupported)
        #expect(image.references.first?.name == name)
    }

    @Test func loopsEnd() async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell(
            """
            qemu-img create -q -u -f qcow2 -F qcow2 -b b a 1M
            qemu-img create -q -u -f qcow2 -F qcow2 -b a b 1M
            qemu-img create -q -u -f qcow2 -F qcow2 -b self other 1M; mv other self
            qemu-img create -q -f qcow2 c0 1M
            for i in $(seq 1 20); do qemu-img create -q -u -f qcow2 -F qcow2 -b c$((i-1)) c$i 1M; done
            """, in: folder.path)
        for name in ["a", "self", "c20"] {
            let image = try Qcow2ContentTests.open(folder.file(name), allowing: [folder.path])
            #expect(!image.isComplete, "\(name)")
            #expect(image.references.allSatisfy { $0.depth < 16 })
        }
        #expect(try Qcow2ContentTests.open(folder.file("c15"), allowing: [folder.path]).isComplete)
    }

    @Test(arguments: ["data_file_raw=on", "data_file_raw=off"])
    func externalDataFile(_ option: String) async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell(
            """
            qemu-img create -q -f qcow2 -o data_file=data.raw,\(option) image 4M
            qemu-io -f qcow2 -c 'write -P 5 0 100k' -c 'write -P 6 2M 1M' -c 'write -z 2100k 64k' image > /dev/null
            qemu-img convert -O raw image plain
            """, in: folder.path)
        let image = try Qcow2ContentTests.open(folder.file("image"), allowing: [folder.path])
        #expect(try DiskComparison.firstDifference(image.disk, FileSource(folder.file("plain"))) == nil)
        #expect(image.references.map(\.role) == [.dataFile])
        let alone = try Qcow2ContentTests.open(folder.file("image"))
        #expect(alone.references.first?.refusal?.kind == .notAllowed)
        #expect { try alone.disk.read(at: 0, count: 512) } throws: {
            ($0 as? ImageFault)?.kind == .notAllowed
        }
        #expect(try alone.disk.extent(at: 0).kind == .missing)
    }
}
