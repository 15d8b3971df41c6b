import BlockIO
import ByteReading
import Compression
import SystemPackage
import TestSupport
import Testing

/// What wimlib packs in chunks, and LZNT1.
struct WindowsCompressionTests {
    /// Unpacks a resource: numbers of where chunks start, but for the first, then the chunks.
    private static func unpack(
        _ resource: Bytes, size: Int, chunkSize: Int, isLZX: Bool
    ) throws -> [UInt8] {
        let count = (size + chunkSize - 1) / chunkSize
        let chunks = resource.dropFirst((count - 1) * 4)
        var result: [UInt8] = []
        for index in 0..<count {
            let start = index == 0 ? 0 : Int(try resource.little(UInt32.self, at: (index - 1) * 4))
            let end =
                index == count - 1 ? chunks.count : Int(try resource.little(UInt32.self, at: index * 4))
            let packed = try chunks.slice(start..<end)
            let plainSize = Swift.min(chunkSize, size - index * chunkSize)
            if packed.count == plainSize {
                result += packed.array
            } else if isLZX {
                result += try LZX.decode(packed, size: plainSize).array
            } else {
                result += try XpressHuffman.decode(packed, size: plainSize).array
            }
        }
        return result
    }

    @Test(
        .enabled(if: HostTool.has("wimlib-imagex", "sha1sum")),
        arguments: [
            ("xpress", 4096, "20"), ("xpress", 8192, "50"), ("xpress", 16384, "100"), ("xpress", 32768, "50"),
            ("lzx", 32768, "20"), ("lzx", 32768, "50"), ("lzx", 32768, "100"),
        ])
    func `unpacks what wimlib packed`(_ method: String, chunkSize: Int, level: String) async throws {
        let folder = try await ScratchFolder()
        // Programs have calls to translate; zeros and short repeats make long matches and odd codes.
        try await HostTool.shell(
            """
            cd \(folder.path); mkdir src; seq 1 20000 > src/text; head -c 700000 /bin/bash > src/program
            { head -c 50000 /dev/zero; seq 1 100; head -c 3000 /dev/urandom; yes ab | head -c 70000; } > src/runs
            head -c 100 src/text > src/tiny; yes '' | head -c 33333 > src/same
            { head -c 20000 /dev/urandom; seq 1 2000; head -c 9000 /dev/urandom; } > src/halves
            wimlib-imagex capture src wim --compress=\(method):\(level) --chunk-size=\(chunkSize) > /dev/null
            """)
        let resources = try await WIMResource.all(in: folder.file("wim"))
        #expect(resources.count >= 5)
        let archive = try FileSource(folder.file("wim"))
        for name in ["text", "program", "runs", "tiny", "same", "halves"] {
            let original = try FileSource(folder.file("src").appending(name))
            let hash = String(try await HostTool.shell("sha1sum < \(folder.place("src"))/\(name)").prefix(40))
            guard let resource = resources[hash] else {
                #expect(name == "tiny")
                continue
            }
            let packed = try archive.read(at: resource.offset, count: resource.packedSize)
            let plain = try Self.unpack(
                packed, size: resource.size, chunkSize: chunkSize, isLZX: method == "lzx")
            let whole = try original.read(at: 0, count: Int(original.size))
            #expect(DiskComparison.isSame(Bytes(plain), whole), "\(name)")
        }
    }

    /// The examples of [MS-XCA] 3.1 and 3.2.
    @Test func `unpacks the examples of the specification`() throws {
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz".utf8)
        var packed = [UInt8](repeating: 0, count: 256)
        packed.replaceSubrange(
            48..<62, with: [0x50] + [UInt8](repeating: 0x55, count: 10) + [0x45, 0x44, 0x04])
        packed[128] = 0x04
        packed += [
            0xD8, 0x52, 0x3E, 0xD7, 0x94, 0x11, 0x5B, 0xE9, 0x19, 0x5F, 0xF9, 0xD6, 0x7C, 0xDF, 0x8D, 0x04,
        ]
        packed += [0x00, 0x00, 0x00, 0x00]
        #expect(try XpressHuffman.decode(Bytes(packed), size: 26).array == alphabet)

        let text =
            "F# F# G A A G F# E D D E F# F# E E F# F# G A A G F# E D D E F# E D D E E F# D E F# G F# D E F# G F# E D E A F# F# G A A G F# E D D E F# E D D"
        let lznt1: [UInt8] = [
            0x38, 0xB0, 0x88, 0x46, 0x23, 0x20, 0x00, 0x20, 0x47, 0x20, 0x41, 0x00, 0x10, 0xA2, 0x47, 0x01,
            0xA0, 0x45, 0x20, 0x44, 0x00, 0x08, 0x45, 0x01, 0x50, 0x79, 0x00, 0xC0, 0x45, 0x20, 0x05, 0x24,
            0x13, 0x88, 0x05, 0xB4, 0x02, 0x4A, 0x44, 0xEF, 0x03, 0x58, 0x02, 0x8C, 0x09, 0x16, 0x01, 0x48,
            0x45, 0x00, 0xBE, 0x00, 0x9E, 0x00, 0x04, 0x01, 0x18, 0x90, 0x00,
        ]
        let plain = try LZNT1.decode(Bytes(lznt1), size: text.utf8.count + 2)
        #expect(plain.array == Array(text.utf8) + [0, 0])
    }

    @Test func `finds LZNT1 that cannot be`() throws {
        // Nothing packed is zeros; a stored chunk is as it is.
        #expect(try LZNT1.decode(Bytes([]), size: 5).array == [0, 0, 0, 0, 0])
        #expect(try LZNT1.decode(Bytes([0x02, 0x30, 1, 2, 3]), size: 5).array == [1, 2, 3, 0, 0])
        // A chunk past the end; a match before the start.
        #expect(throws: ImageFault.self) { try LZNT1.decode(Bytes([0xFF, 0xBF, 0]), size: 4096) }
        #expect(throws: ImageFault.self) {
            try LZNT1.decode(Bytes([0x02, 0xB0, 0x01, 0x00, 0x00]), size: 4096)
        }
    }

    /// Any bytes give a result of the size asked for or a fault.
    @Test func `survives any bytes`() {
        var state: UInt64 = 7
        func random() -> UInt8 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
        for round in 0..<600 {
            var bytes = (0..<(round % 400)).map { _ in random() }
            // A code that can be, so that the bits behind it are read.
            if round % 3 == 0 { bytes = [UInt8](repeating: 0x99, count: 256) + bytes }
            for size in [0, 1, 4096, 32768] {
                let plain = Bytes(bytes)
                if let found = try? LZNT1.decode(plain, size: size) { #expect(found.count == size) }
                if let found = try? XpressHuffman.decode(plain, size: size) { #expect(found.count == size) }
                if let found = try? LZX.decode(plain, size: size) { #expect(found.count == size) }
            }
        }
    }
}
