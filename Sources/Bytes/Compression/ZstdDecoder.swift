import ByteReading
import CZstd

/// One zstd frame by libzstd; the content checksum is verified when the frame has one.
@safe final class ZstdDecoder: SegmentDecoder {
    private let context: OpaquePointer
    private let windowLog: Int32

    init(windowLog: Int) throws(ImageFault) {
        guard let context = unsafe ZSTD_createDCtx() else {
            throw ImageFault(.limit, "libzstd cannot start")
        }
        unsafe self.context = unsafe context
        let log = Int32(max(10, min(31, windowLog)))
        self.windowLog = log
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
            step.fault = fault(status)
        } else {
            step.isFinished = status == 0
        }
        return step
    }

    private func fault(_ status: Int) -> ImageFault {
        switch ZSTD_getErrorCode(status) {
        case ZSTD_error_frameParameter_windowTooLarge:
            ImageFault(.limit, "zstd asks for a window of more than \((1 << windowLog) >> 20) MiB of memory")
        case ZSTD_error_memory_allocation: ImageFault(.limit, "no memory for zstd")
        default:
            corruptStream(
                .zstd, unsafe ZSTD_getErrorName(status).map { unsafe String(cString: $0) } ?? "error")
        }
    }
}
