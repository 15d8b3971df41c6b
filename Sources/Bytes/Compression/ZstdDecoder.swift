import ByteReading
import CZstd

/// One zstd frame by libzstd; the content checksum is verified when the frame has one.
@safe final class ZstdDecoder: SegmentDecoder {
    private let context: OpaquePointer

    init(windowLog: Int) throws(ImageFault) {
        guard let context = unsafe ZSTD_createDCtx() else {
            throw ImageFault(.limit, "libzstd cannot start")
        }
        unsafe self.context = unsafe context
        let log = Int32(max(10, min(31, windowLog)))
        _ = unsafe ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, log)
    }

    deinit {
        _ = unsafe ZSTD_freeDCtx(context)
    }

    func step(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, atEnd: Bool
    ) -> DecoderStep {
        var source = unsafe ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var target = unsafe ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let status = unsafe ZSTD_decompressStream(context, &target, &source)
        var step = DecoderStep()
        step.consumed = unsafe source.pos
        step.produced = unsafe target.pos
        if ZSTD_isError(status) != 0 {
            let reason = unsafe ZSTD_getErrorName(status).map { unsafe String(cString: $0) } ?? "error"
            step.fault =
                reason.contains("memory")
                ? ImageFault(.limit, "zstd: \(reason)") : corruptStream(.zstd, reason)
        } else {
            step.isFinished = status == 0
        }
        return step
    }
}
