package import ByteReading
package import Compression

/// What can be found in an unpacked kernel by searching: its banner and its embedded configuration. Costs the
/// decompression of the whole kernel, so it is for files that tell nothing else.
package struct KernelPayload: Sendable {
    /// The release behind `Linux version `.
    package private(set) var version: String?
    /// The configuration between `IKCFG_ST` and `IKCFG_ED` (CONFIG_IKCONFIG), unpacked.
    package private(set) var configuration: Bytes?

    /// Why the configuration that is there could not be unpacked.
    package private(set) var configurationFault: ImageFault?

    private static let banner = Array("Linux version ".utf8)
    private static let configStart = Array("IKCFG_ST".utf8)
    private static let configEnd = Array("IKCFG_ED".utf8)
    private static let largestConfig = 1 << 20
    private static let windowSize = 1 << 18

    /// Searches `stream`: the payload of a bzImage or zboot file, or a whole `Image`, compressed or not.
    package init(searching stream: any ByteStream, maximumOutput: UInt64 = 512 << 20) throws(ImageFault) {
        let reader = StreamReader(stream)
        let format = CompressionFormat.detect(try reader.peek(9))
        let plain = StreamReader(
            try StreamDecompressor(
                format, reader: reader, limits: DecompressionLimits(maximumOutput: maximumOutput)))
        while true {
            // Windows overlap by more than the longest text looked for, except the configuration, which is
            // fetched as a whole when its mark turns up.
            let window = try plain.peek(Self.windowSize)
            if version == nil { version = Self.banner(in: window) }
            if configuration == nil, configurationFault == nil,
                let start = window.firstIndex(of: Self.configStart)
            {
                plain.advance(start + Self.configStart.count)
                unpack(try plain.peek(Self.largestConfig))
                continue
            }
            if window.count < Self.windowSize || (version != nil && configuration != nil) { return }
            plain.advance(window.count - 512)
        }
    }

    private static func banner(in window: Bytes) -> String? {
        var from = 0
        while let found = window.firstIndex(of: banner, from: from) {
            from = found + banner.count
            let text = window.dropFirst(from).prefix(128).textToNUL
            if let first = text.utf8.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) {
                return text.split(separator: " ").first.map(String.init)
            }
        }
        return nil
    }

    private mutating func unpack(_ bytes: Bytes) {
        // The mark alone also stands in the code that looks for it; data follows only the real one.
        let format = CompressionFormat.detect(bytes)
        guard format != .none, let end = bytes.firstIndex(of: Self.configEnd) else { return }
        do throws(ImageFault) {
            configuration = try Decompression.all(
                bytes.prefix(end), format: format, maximumOutput: Self.largestConfig)
        } catch {
            configurationFault = error
        }
    }
}
