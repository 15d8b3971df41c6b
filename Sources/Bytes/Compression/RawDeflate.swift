package import ByteReading
import CZlib

/// Deflate as zlib decodes it.
package enum Inflate {
    /// Decodes a raw deflate stream (RFC 1951, no zlib or gzip header), whatever its window size.
    ///
    /// At most `maximumOutput` bytes are made; what the stream holds beyond them is not decoded. Bytes after
    /// the end of the stream are ignored, and a stream that is cut short gives what could be decoded, so the
    /// caller has to compare the length with what it expects. Throws `corrupt` when the bytes are no deflate.
    package static func raw(_ input: Bytes, maximumOutput: Int) throws(ImageFault) -> Bytes {
        // Negative: raw; 15 bits of window decode what was made with any smaller window.
        try decode(input, windowBits: -15, maximumOutput: maximumOutput).output
    }

    /// Decodes one zlib stream (RFC 1950) to its end and checks its Adler-32.
    ///
    /// Throws `corrupt` when the bytes are no such stream, end before it does, or hold more than `maximumOutput`
    /// bytes.
    package static func zlib(_ input: Bytes, maximumOutput: Int) throws(ImageFault) -> Bytes {
        let (output, isWhole) = try decode(input, windowBits: 15, maximumOutput: maximumOutput)
        guard isWhole else {
            throw ImageFault(
                .corrupt, "zlib stream does not end within \(maximumOutput) bytes of output", at: input.origin
            )
        }
        return output
    }

    private static func decode(
        _ input: Bytes, windowBits: Int32, maximumOutput: Int
    ) throws(ImageFault) -> (output: Bytes, isWhole: Bool) {
        guard maximumOutput > 0, input.count > 0 else { return (Bytes([], origin: input.origin), false) }
        guard let inputCount = UInt32(exactly: input.count), let outputCount = UInt32(exactly: maximumOutput)
        else { throw ImageFault(.limit, "deflate stream of more than 4 GiB", at: input.origin) }
        var stream = unsafe z_stream()
        guard
            unsafe inflateInit2_(&stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
                == Z_OK
        else { throw ImageFault(.limit, "no memory to decode deflate", at: input.origin) }
        defer { _ = unsafe inflateEnd(&stream) }
        var source = input.array
        var result = Z_OK
        let output = unsafe [UInt8](unsafeUninitializedCapacity: maximumOutput) { buffer, filled in
            unsafe source.withUnsafeMutableBufferPointer { bytes in
                unsafe stream.next_in = bytes.baseAddress
                unsafe stream.avail_in = inputCount
                unsafe stream.next_out = buffer.baseAddress
                unsafe stream.avail_out = outputCount
                result = unsafe inflate(&stream, Z_FINISH)
                filled = unsafe maximumOutput - Int(stream.avail_out)
            }
        }
        // Z_BUF_ERROR says that input or output ran out, both of which are the caller's to judge.
        guard result == Z_STREAM_END || result == Z_BUF_ERROR || result == Z_OK else {
            throw ImageFault(.corrupt, "deflate stream is damaged (zlib error \(result))", at: input.origin)
        }
        return (Bytes(output, origin: input.origin), result == Z_STREAM_END)
    }
}
