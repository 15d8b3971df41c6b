import BlockIO
import ByteReading
import SystemPackage
import TestSupport
import Testing

@testable import ImageFormats

/// Damage to the metadata of every container: a result or a fault, never a trap or a hang; and what is said of
/// it.
@Suite(.enabled(if: HostTool.has("qemu-img", "qemu-io")))
struct ContainerHostileTests {
    private static func open(_ source: any BlockSource) throws -> OpenedImage {
        guard case .opened(let image) = try ImageFileOpener().open(source, path: "/nowhere/image") else {
            throw HostTool.Failure(description: "not opened")
        }
        return image
    }

    private static func exercise(_ source: any BlockSource) {
        guard let image = try? open(source) else { return }
        var offset: UInt64 = 0
        for _ in 0..<8 where offset < image.disk.size {
            _ = try? image.disk.read(at: offset, count: Int(min(4096, image.disk.size - offset)))
            guard let extent = try? image.disk.extent(at: offset) else { break }
            #expect(extent.length > 0)
            offset += max(1, min(extent.length, 1 << 20))
        }
        if image.disk.size > 512 { _ = try? image.disk.read(at: image.disk.size - 512, count: 512) }
    }

    /// A small image of a format, in memory.
    private static func small(_ format: String, _ options: String = "") async throws -> Bytes {
        let folder = try await ScratchFolder()
        try await HostTool.shell(
            """
            (seq 1 9000; head -c 3000 /dev/urandom) > plain; truncate -s 300k plain
            qemu-img convert -f raw -O \(format) \(options) plain image
            """, in: folder.path)
        let file = try FileSource(folder.file("image"))
        return try file.read(at: 0, count: Int(min(file.size, 2 << 20)))
    }

    @Test(arguments: [
        ("vmdk", ""), ("vmdk", "-o subformat=streamOptimized"), ("vdi", ""), ("qed", "-o cluster_size=16384"),
        ("qcow", ""), ("qcow", "-c"),
    ])
    func everyByteOfMetadata(_ format: String, _ options: String) async throws {
        let bytes = try await Self.small(format, options)
        let image = MemorySource(bytes)
        // Headers whole, then tables and markers here and there.
        let places = Array(0..<600) + stride(from: 600, to: bytes.count, by: max(61, bytes.count / 1500))
        for place in places where place < bytes.count {
            let value = try bytes.byte(at: place)
            for changed in [value ^ 0xFF, value ^ 1, 0x7F] where changed != value {
                Self.exercise(PatchedSource(image, patches: [(UInt64(place), [changed])]))
            }
        }
        for place in stride(from: 0, to: 512, by: 4) {
            Self.exercise(PatchedSource(image, patches: [(UInt64(place), [0xFF, 0xFF, 0xFF, 0xFF, 0xFF])]))
        }
        for size in stride(from: 0, to: bytes.count, by: max(97, bytes.count / 300)) {
            Self.exercise(PatchedSource(image, size: UInt64(size)))
        }
    }

    @Test func damagedGrainDirectory() async throws {
        let bytes = try await Self.small("vmdk")
        let header = try VmdkHeader(parsing: bytes.prefix(512))
        let plain = try Self.open(MemorySource(bytes)).disk.read(at: 0, count: 4096)
        let directory = try #require(header.directory)
        for damage: [UInt8] in [[0xFF, 0xFF, 0xFF, 0x7F], [0, 0, 0, 0x40]] {
            let source = PatchedSource(MemorySource(bytes), patches: [(directory, damage)])
            let image = try Self.open(source)
            #expect(image.findings.map(\.code) == [.copyOfMetadataUsed])
            #expect(DiskComparison.isSame(try image.disk.read(at: 0, count: 4096), plain))
            let copy = try #require(header.redundantDirectory)
            let both = PatchedSource(
                MemorySource(bytes), patches: [(directory, damage), (copy, damage)])
            #expect(try Self.open(both).findings.contains { $0.code == .truncated })
            #expect(throws: ImageFault.self) { try Self.open(both).disk.read(at: 0, count: 4096) }
        }
    }

    @Test func stateOfVmdk() async throws {
        let bytes = try await Self.small("vmdk")
        let image = MemorySource(bytes)
        func codes(_ offset: UInt64, _ patch: [UInt8]) throws -> [ContainerFinding.Code] {
            try Self.open(PatchedSource(image, patches: [(offset, patch)])).findings.map(\.code)
        }
        #expect(try codes(72, [1]) == [.dirty])
        #expect(try codes(73, [0x0A, 0x0A, 0x20, 0x0A]) == [.corruptMetadata])
        #expect(try codes(510, [0x55, 0xAA]) == [.severalFormats])
        #expect { try codes(4, [4]) } throws: { ($0 as? ImageFault)?.kind == .unsupported }
        let cut = try Self.open(PatchedSource(image, size: UInt64(bytes.count) - 65536))
        #expect(cut.findings.contains { $0.code == .truncated })
        let text = bytes.array
        let createType = try #require(bytes.firstIndex(of: Array("RW 600 SPARSE \"".utf8)))
        var elsewhere = text
        elsewhere.replaceSubrange((createType + 15)..<(createType + 20), with: Array("/etc/".utf8))
        #expect(try Self.open(MemorySource(elsewhere)).findings.map(\.code) == [.unsafeReference])
    }

    /// As VMware writes streams: the directory is known to a footer at the end alone. qemu-img writes none.
    private static func withFooter(_ bytes: Bytes) throws -> [UInt8] {
        var stream = bytes.array
        let header = Array(stream[0..<512])
        stream.replaceSubrange(56..<64, with: [UInt8](repeating: 0xFF, count: 8))
        var marker = [UInt8](repeating: 0, count: 512)
        marker[0] = 1
        marker[12] = 3
        let padding = [UInt8](repeating: 0, count: (512 - stream.count % 512) % 512)
        return stream + padding + marker + header + [UInt8](repeating: 0, count: 512)
    }

    @Test func streamWithItsFooter() async throws {
        let bytes = try await Self.small("vmdk", "-o subformat=streamOptimized")
        let plain = try Self.open(MemorySource(bytes)).disk
        let stream = try Self.withFooter(bytes)
        let whole = try Self.open(MemorySource(stream))
        #expect(whole.subformat == "streamOptimized" && whole.findings.isEmpty)
        #expect(try DiskComparison.firstDifference(whole.disk, plain) == nil)
        // Padding after the end of the stream does no harm; a stream that was cut short does.
        let padded = try Self.open(MemorySource(stream + [UInt8](repeating: 0, count: 4096)))
        #expect(try DiskComparison.firstDifference(padded.disk, plain) == nil)
        #expect { try Self.open(MemorySource(Array(stream.dropLast(1536)))) } throws: {
            ($0 as? ImageFault)?.kind == .truncated
        }
    }

    @Test func damagedGrain() async throws {
        let bytes = try await Self.small("vmdk", "-o subformat=streamOptimized")
        let image = MemorySource(bytes)
        guard case .compressed(let place) = try VmdkExtentFile(image).map.place(of: 0).content else {
            Issue.record("the first grain is not compressed")
            return
        }
        #expect(try Self.open(image).disk.read(at: 0, count: 2).array == Array("1\n".utf8))
        let length = UInt64(try bytes.little(UInt32.self, at: Int(place) + 8))
        let last = place + 12 + length - 1
        let checksum = try bytes.byte(at: Int(last)) ^ 0x5A
        let broken = PatchedSource(image, patches: [(last, [checksum])])
        #expect { try Self.open(broken).disk.read(at: 0, count: 512) } throws: {
            ($0 as? ImageFault)?.kind == .corrupt
        }
    }

    @Test func otherStates() async throws {
        let qed = MemorySource(try await Self.small("qed"))
        let unchecked = try Self.open(PatchedSource(qed, patches: [(16, [2])]))
        #expect(unchecked.findings.map(\.code) == [.dirty])
        #expect { try Self.open(PatchedSource(qed, patches: [(17, [1])])) } throws: {
            ($0 as? ImageFault)?.kind == .unsupported
        }
        #expect(
            try Self.open(PatchedSource(qed, patches: [(24, [1])])).findings.map(\.code) == [.unknownFeatures]
        )
        let qcow = MemorySource(try await Self.small("qcow"))
        #expect { try Self.open(PatchedSource(qcow, patches: [(39, [1])])) } throws: {
            ($0 as? ImageFault)?.message.contains("encrypted") == true
        }
        let vdi = MemorySource(try await Self.small("vdi"))
        let delta = try Self.open(PatchedSource(vdi, patches: [(0x4C, [4]), (0x1A8, [7])]))
        #expect(Set(delta.findings.map(\.code)) == [.backingFile, .referenceNotOpened])
        #expect(delta.subformat == "differencing" && !delta.isComplete)
        let cut = try Self.open(PatchedSource(vdi, size: 1024))
        #expect(cut.findings.map(\.code) == [.truncated])
    }
}
