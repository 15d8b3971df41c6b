package import ByteReading
import CZstd

/// One Zstandard frame (RFC 8878).
package enum ZstdFrame {
    /// The largest window that is accepted, as a power of two: 8 MiB, what the format asks every decoder to take.
    private static let windowLog: Int32 = 23

    /// Decodes the frame that `input` starts with.
    ///
    /// At most `maximumOutput` bytes are made; what the frame holds beyond them is not decoded. Bytes after the
    /// frame are ignored, and a frame that is cut short gives what could be decoded, so the caller has to
    /// compare the length with what it expects. Throws `corrupt` when the bytes are no frame, `limit` when its
    /// window is larger than 8 MiB.
    package static func decompress(_ input: Bytes, maximumOutput: Int) throws(ImageFault) -> Bytes {
        guard maximumOutput > 0, input.count > 0 else { return Bytes([], origin: input.origin) }
        guard let context = unsafe ZSTD_createDCtx() else {
            throw ImageFault(.limit, "no memory to decode zstd", at: input.origin)
        }
        defer { _ = unsafe ZSTD_freeDCtx(context) }
        _ = unsafe ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, windowLog)
        let source = input.array
        var failure: ImageFault?
        let output = unsafe [UInt8](unsafeUninitializedCapacity: maximumOutput) { buffer, filled in
            filled = 0
            unsafe source.withUnsafeBufferPointer { bytes in
                var from = unsafe ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
                var to = unsafe ZSTD_outBuffer(dst: buffer.baseAddress, size: maximumOutput, pos: 0)
                while unsafe to.pos < to.size {
                    let before = unsafe (from.pos, to.pos)
                    let hint = unsafe ZSTD_decompressStream(context, &to, &from)
                    if ZSTD_isError(hint) != 0 {
                        failure = fault(hint, at: input.origin)
                        return
                    }
                    // Zero: the frame is finished. No progress: the input has ended.
                    if unsafe hint == 0 || (from.pos, to.pos) == before { break }
                }
                filled = unsafe to.pos
            }
        }
        if let failure { throw failure }
        return Bytes(output, origin: input.origin)
    }

    private static func fault(_ code: Int, at origin: UInt64) -> ImageFault {
        let reason = unsafe String(cString: ZSTD_getErrorName(code))
        // ZSTD_error_frameParameter_windowTooLarge, one of the codes that zstd_errors.h promises to keep.
        let isLimit = 0 &- code == 16
        return ImageFault(isLimit ? .limit : .corrupt, "zstd frame: \(reason)", at: origin)
    }
}
