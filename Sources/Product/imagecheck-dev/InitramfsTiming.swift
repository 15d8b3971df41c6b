import ByteReading
import Compression
import FoundationEssentials
import GuestFormats
import ImageCheck
import Subprocess
import SystemPackage

/// How long the initramfs of an image takes to unpack when nothing is done with what comes out: the floor under
/// the time of a scan.
struct InitramfsTiming {
    /// The compressed parts, in memory.
    private let segments: [(format: CompressionFormat, bytes: Bytes)]
    private static let largest = 1 << 30

    /// Reads the default initramfs of `image`; nil when it has none.
    init?(image: String) throws {
        let scanner = ImageScanner()
        var segments: [(format: CompressionFormat, bytes: Bytes)] = []
        for path in try scanner.defaultInitramfs(image) {
            var array: [UInt8] = []
            try scanner.read(image, guestPath: path) { array += $0 }
            let bytes = Bytes(array)
            let contents = InitramfsReader(InitramfsRequest { _, _ in 0 }).read(bytes)
            for segment in contents.segments where segment.compression != .none {
                segments.append((segment.compression, bytes.dropFirst(Int(segment.offset))))
            }
        }
        guard !segments.isEmpty else { return nil }
        self.segments = segments
    }

    /// Sizes and formats, for the report.
    var summary: String {
        segments.map { "\($0.format.rawValue), \($0.bytes.count) bytes" }.joined(separator: "; ")
    }

    /// Seconds to drain the C library through the product's window of output, with no parsing behind it.
    func library() throws -> Double {
        try Stopwatch.best(of: 1) {
            for segment in segments {
                let stream = try StreamDecompressor(
                    segment.format, reader: StreamReader(BytesStream(segment.bytes)),
                    limits: DecompressionLimits(maximumOutput: UInt64(Self.largest)))
                while try stream.next() != nil {}
            }
        }
    }

    /// Seconds the command-line tool of the format takes to unpack a file to `/dev/null`; nil when there is none.
    func tool(in directory: FilePath) async throws -> Double? {
        var total = 0.0
        for segment in segments {
            guard let name = Self.tools[segment.format] else { return nil }
            let file = directory.appending("initramfs")
            try Data(segment.bytes.array).write(to: URL(filePath: file.string))
            let clock = ContinuousClock()
            let begin = clock.now
            let result = try? await Subprocess.run(
                .name(name), arguments: ["-d", "-q", "-c", file.string], output: .discarded, error: .discarded
            )
            guard result != nil else { return nil }
            total += Stopwatch.seconds(clock.now - begin)
        }
        return total
    }

    private static let tools: [CompressionFormat: String] = [
        .gzip: "gzip", .bzip2: "bzip2", .xz: "xz", .lzma: "xz", .lz4Legacy: "lz4", .lzop: "lzop",
        .zstd: "zstd",
    ]
}
