package import ByteReading

/// Decompression of whole small files: kernel modules, `config.gz`.
package enum Decompression {
    /// Decompresses all of `bytes`, which may be several members, frames or streams one after another (as
    /// `gzip`, `xz` and `zstd` treat them), and checks the data to its end. NUL padding may follow.
    ///
    /// More than `maximumOutput` bytes of output is a `limit` fault.
    package static func all(
        _ bytes: Bytes, format: CompressionFormat, maximumOutput: Int
    ) throws(ImageFault) -> Bytes {
        guard format != .none else {
            guard bytes.count <= maximumOutput else {
                throw ImageFault(.limit, "\(bytes.count) bytes, more than \(maximumOutput)")
            }
            return bytes
        }
        let reader = StreamReader(BytesStream(bytes))
        var output: [UInt8] = []
        repeat {
            let limits = DecompressionLimits(maximumOutput: UInt64(max(0, maximumOutput - output.count)))
            let segment = try StreamDecompressor(format, reader: reader, limits: limits)
            while let chunk = try segment.next() {
                output.append(contentsOf: chunk.array)
            }
            guard try reader.skipZeros() != nil else { break }
        } while true
        return Bytes(output)
    }
}
