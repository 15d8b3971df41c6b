import ByteReading
import Compression
import TestSupport
import Testing

/// `printf 'hello\nhello\nhello\n' | gzip -9n`.
private let helloGzip: [UInt8] = [
    0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xCB, 0x48, 0xCD, 0xC9, 0xC9, 0xE7, 0xCA,
    0x40,
    0x22, 0x01, 0x3A, 0x37, 0x66, 0x3D, 0x12, 0x00, 0x00, 0x00,
]
private let hello = Array("hello\nhello\nhello\n".utf8)

private struct Compressor: Sendable, CustomStringConvertible {
    var format: CompressionFormat
    var tool: String
    var arguments: [String]
    var description: String { "\(tool) \(arguments.joined(separator: " "))" }

    static let all = [
        Compressor(format: .gzip, tool: "gzip", arguments: ["-c"]),
        Compressor(format: .bzip2, tool: "bzip2", arguments: ["-c"]),
        Compressor(format: .xz, tool: "xz", arguments: ["-c"]),
        Compressor(format: .xz, tool: "xz", arguments: ["-c", "--check=crc32", "--x86", "--lzma2"]),
        Compressor(format: .lzma, tool: "xz", arguments: ["-c", "--format=lzma"]),
        Compressor(format: .lz4Legacy, tool: "lz4", arguments: ["-l", "-c"]),
        Compressor(format: .lzop, tool: "lzop", arguments: ["-c"]),
        Compressor(format: .lzop, tool: "lzop", arguments: ["-c", "--crc32", "-9"]),
        Compressor(format: .zstd, tool: "zstd", arguments: ["-c", "-q"]),
        Compressor(format: .zstd, tool: "zstd", arguments: ["-c", "-q", "-19", "--long=24"]),
    ]
}

/// Text that packs well between bytes that do not, larger than a window of output.
private func sample(_ count: Int) -> [UInt8] {
    var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    while bytes.count < count {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        if state >> 62 == 0 {
            for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: state >> (8 * UInt64(shift)))) }
        } else {
            bytes += Array("the same line of text again and again\n".utf8)
        }
    }
    return Array(bytes[..<count])
}

@Suite struct StreamDecompressorTests {
    @Test func detectsByMagic() {
        #expect(CompressionFormat.detect(Bytes(helloGzip)) == .gzip)
        #expect(CompressionFormat.detect(Bytes([0x28, 0xB5, 0x2F, 0xFD])) == .zstd)
        #expect(CompressionFormat.detect(Bytes([0x04, 0x22, 0x4D, 0x18])) == .lz4Frame)
        #expect(CompressionFormat.detect(Bytes([0x02, 0x21, 0x4C, 0x18])) == .lz4Legacy)
        #expect(CompressionFormat.detect(Bytes(Array("070701".utf8))) == .none)
        #expect(CompressionFormat.detect(Bytes([])) == .none)
    }

    @Test func stopsBehindItsSegment() throws {
        let reader = StreamReader(BytesStream(Bytes(helloGzip + Array("next".utf8)), chunkSize: 5))
        let segment = try StreamDecompressor(.gzip, reader: reader, limits: .init(maximumOutput: 100))
        #expect(try StreamReader(segment).read(100).array == hello)
        #expect(segment.isFinished)
        #expect(segment.compressedCount == UInt64(helloGzip.count))
        #expect(try reader.read(10).text == "next")
    }

    @Test func joinsMembers() throws {
        let both = try Decompression.all(
            Bytes(helloGzip + helloGzip + [0, 0, 0]), format: .gzip, maximumOutput: 100)
        #expect(both.array == hello + hello)
        #expect(throws: ImageFault.self) {
            try Decompression.all(Bytes(helloGzip + [7]), format: .gzip, maximumOutput: 100)
        }
    }

    @Test func refusesMoreThanTheLimit() throws {
        do {
            _ = try Decompression.all(Bytes(helloGzip), format: .gzip, maximumOutput: hello.count - 1)
            Issue.record("no fault")
        } catch {
            #expect(error.kind == .limit)
        }
        #expect(
            try Decompression.all(Bytes(helloGzip), format: .gzip, maximumOutput: hello.count).count == 18)
    }

    /// A frame with one raw block, whose header asks for a window of `1 << log` bytes (RFC 8878 §3.1.1.1.2).
    private func zstdFrame(windowLog log: UInt8) -> [UInt8] {
        [0x28, 0xB5, 0x2F, 0xFD, 0x00, (log - 10) << 3, 0x29, 0, 0] + hello.prefix(5)
    }

    @Test(arguments: [10, 23, 25]) func takesZstdWindowsOfInitramfs(log: UInt8) throws {
        #expect(
            try Decompression.all(Bytes(zstdFrame(windowLog: log)), format: .zstd, maximumOutput: 100).array
                == Array(hello.prefix(5)))
    }

    @Test(arguments: [26, 27, 31]) func refusesLargerZstdWindows(log: UInt8) {
        #expect {
            _ = try Decompression.all(Bytes(zstdFrame(windowLog: log)), format: .zstd, maximumOutput: 100)
        } throws: { error in
            (error as? ImageFault)?.kind == .limit && "\(error)".contains("more than 32 MiB")
        }
    }

    @Test(
        .enabled(if: FixtureTool.exists("xz")), arguments: [("32", true), ("64", true), ("128", false)])
    func limitsDictionaries(mebibytes: String, isTaken: Bool) throws {
        let forms: [(CompressionFormat, [String])] = [
            (.xz, ["-c", "--check=crc32", "--lzma2=preset=0,dict=\(mebibytes)MiB"]),
            (.lzma, ["-c", "--format=lzma", "--lzma1=preset=0,dict=\(mebibytes)MiB"]),
        ]
        for (format, arguments) in forms {
            let packed = try #require(try FixtureTool.run("xz", arguments, input: hello))
            do {
                let plain = try Decompression.all(Bytes(packed), format: format, maximumOutput: 100)
                #expect(isTaken && plain.array == hello)
            } catch {
                #expect(!isTaken && error.kind == .limit, "\(error)")
            }
        }
    }

    @Test func namesTheKindOfDamage() throws {
        func kind(_ bytes: [UInt8]) -> ImageFault.Kind? {
            do {
                _ = try Decompression.all(Bytes(bytes), format: .gzip, maximumOutput: 100)
                return nil
            } catch { return error.kind }
        }
        for length in 1..<helloGzip.count { #expect(kind(Array(helloGzip[..<length])) == .truncated) }
        var flipped = helloGzip
        flipped[20] ^= 1
        #expect(kind(flipped) == .corrupt)
    }

    @Test(arguments: Compressor.all) private func unpacksWhatTheToolPacked(_ compressor: Compressor) throws {
        let content = sample(700_000)
        guard let packed = try FixtureTool.run(compressor.tool, compressor.arguments, input: content)
        else { return }
        #expect(CompressionFormat.detect(Bytes(packed)) == compressor.format)
        for chunkSize in [1, 4093, 1 << 20] {
            let reader = StreamReader(BytesStream(Bytes(packed + [0xAA]), chunkSize: chunkSize))
            // The legacy LZ4 frame has no end mark: what follows would be a block.
            let tail = compressor.format == .lz4Legacy ? 0 : 1
            let source =
                tail == 0 ? StreamReader(BytesStream(Bytes(packed), chunkSize: chunkSize)) : reader
            let segment = try StreamDecompressor(
                compressor.format, reader: source, limits: .init(maximumOutput: 1 << 20))
            var output: [UInt8] = []
            while let chunk = try segment.next() { output += chunk.array }
            #expect(output == content)
            #expect(try source.read(9).count == tail)
        }
    }

    @Test(arguments: Compressor.all) private func survivesDamage(_ compressor: Compressor) throws {
        let content = sample(2000)
        guard let packed = try FixtureTool.run(compressor.tool, compressor.arguments, input: content)
        else { return }
        for length in 0..<packed.count {
            let cut = Bytes(Array(packed[..<length]))
            do {
                let whole = try Decompression.all(cut, format: compressor.format, maximumOutput: 1 << 20)
                // Only the legacy LZ4 frame may end between any two blocks.
                #expect(compressor.format == .lz4Legacy && whole.count < content.count, "cut at \(length)")
            } catch {
                #expect(error.kind == .truncated || error.kind == .corrupt, "\(error)")
            }
        }
        for position in packed.indices {
            for bit in 0..<8 {
                var flipped = packed
                flipped[position] ^= 1 << UInt8(bit)
                _ = try? Decompression.all(
                    Bytes(flipped), format: compressor.format, maximumOutput: 1 << 20)
            }
        }
    }

    @Test func padsBetweenConcatenatedFiles() throws {
        let parts: [any ByteStream] = [
            BytesStream(Bytes([1, 2, 3, 4, 5])), BytesStream(Bytes([6])), BytesStream(Bytes([7, 8])),
        ]
        let reader = StreamReader(ConcatenatedStream(parts))
        #expect(try reader.read(100).array == [1, 2, 3, 4, 5, 0, 0, 0, 6, 0, 0, 0, 7, 8])
    }
}
