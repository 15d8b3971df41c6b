package import ByteReading
import CLZMA

/// LZMA data without a header, as boot loaders embed it: the reader knows the properties beforehand.
package enum RawLZMA {
    /// Decodes exactly `uncompressedSize` bytes.
    ///
    /// `properties` are the literal context bits, literal position bits and position bits, `dictionarySize` is
    /// in bytes. LZMA carries no checksum: damage is only noticed where it breaks the decoding, so whoever needs
    /// to know more must look at what comes out. Throws `truncated` when the input ends too early and `corrupt`
    /// when it cannot be decoded.
    package static func decompress(
        _ input: Bytes, properties: (lc: Int, lp: Int, pb: Int), dictionarySize: UInt32, uncompressedSize: Int
    ) throws(ImageFault) -> Bytes {
        guard (0...8).contains(properties.lc), (0...4).contains(properties.lp),
            (0...4).contains(properties.pb),
            properties.lc + properties.lp <= 4
        else { throw ImageFault(.corrupt, "LZMA properties \(properties)", at: input.origin) }
        guard dictionarySize <= 64 << 20, uncompressedSize >= 0, uncompressedSize <= 1 << 30 else {
            throw ImageFault(.limit, "LZMA dictionary or output too large", at: input.origin)
        }
        guard uncompressedSize > 0 else { return Bytes([], origin: input.origin) }
        var options = unsafe lzma_options_lzma()
        unsafe options.dict_size = dictionarySize
        unsafe options.lc = UInt32(properties.lc)
        unsafe options.lp = UInt32(properties.lp)
        unsafe options.pb = UInt32(properties.pb)
        // LZMA_FILTER_LZMA1 is a macro that Swift does not import: LZMA_VLI_C(0x4000000000000001).
        let lzma1: lzma_vli = 0x4000_0000_0000_0001
        var stream = unsafe lzma_stream()
        let start = unsafe withUnsafeMutablePointer(to: &options) { options in
            var filters = unsafe [
                lzma_filter(id: lzma1, options: UnsafeMutableRawPointer(options)),
                lzma_filter(id: lzma_vli.max, options: nil),
            ]
            return unsafe lzma_raw_decoder(&stream, &filters)
        }
        guard start == LZMA_OK else {
            throw ImageFault(.limit, "liblzma cannot start (status \(start.rawValue))", at: input.origin)
        }
        defer { unsafe lzma_end(&stream) }
        let source = input.array
        var status = LZMA_OK
        var produced = 0
        let output = unsafe [UInt8](unsafeUninitializedCapacity: uncompressedSize) { buffer, filled in
            unsafe source.withUnsafeBufferPointer { bytes in
                unsafe stream.next_in = bytes.baseAddress
                unsafe stream.avail_in = bytes.count
                unsafe stream.next_out = buffer.baseAddress
                unsafe stream.avail_out = uncompressedSize
                status = unsafe lzma_code(&stream, LZMA_RUN)
            }
            produced = unsafe uncompressedSize - stream.avail_out
            filled = produced
        }
        guard status == LZMA_OK || status == LZMA_STREAM_END || status == LZMA_BUF_ERROR else {
            throw ImageFault(.corrupt, "LZMA data is damaged (status \(status.rawValue))", at: input.origin)
        }
        guard produced == uncompressedSize else {
            throw ImageFault(
                .truncated, "LZMA data ends after \(produced) of \(uncompressedSize) bytes", at: input.origin)
        }
        return Bytes(output)
    }
}
