import ByteReading
import CLZMA

/// One .xz stream or one .lzma file by liblzma, within a memory limit.
@safe final class LZMADecoder: SegmentDecoder {
    private let stream = UnsafeMutablePointer<lzma_stream>.allocate(capacity: 1)
    private let format: CompressionFormat
    private let memoryLimit: UInt64

    /// `format` is `.xz` or `.lzma`.
    init(_ format: CompressionFormat, memoryLimit: UInt64) throws(ImageFault) {
        self.format = format
        self.memoryLimit = memoryLimit
        unsafe stream.initialize(to: lzma_stream())
        // Without LZMA_CONCATENATED the decoder stops behind the first stream, as the kernel's does.
        let status: lzma_ret
        if format == .xz {
            status = unsafe lzma_stream_decoder(stream, memoryLimit, 0)
        } else {
            status = unsafe lzma_alone_decoder(stream, memoryLimit)
        }
        guard status == LZMA_OK else {
            throw ImageFault(.limit, "liblzma cannot start (status \(status.rawValue))")
        }
    }

    deinit {
        unsafe lzma_end(stream)
        unsafe stream.deallocate()
    }

    func step(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, atEnd: Bool
    ) -> DecoderStep {
        unsafe stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe stream.pointee.avail_in = input.count
        unsafe stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe stream.pointee.avail_out = output.count
        let status = unsafe lzma_code(stream, LZMA_RUN)
        var step = DecoderStep()
        step.consumed = unsafe input.count - stream.pointee.avail_in
        step.produced = unsafe output.count - stream.pointee.avail_out
        switch status {
        case LZMA_STREAM_END: step.isFinished = true
        case LZMA_OK, LZMA_BUF_ERROR: break
        case LZMA_MEMLIMIT_ERROR:
            let needed = unsafe lzma_memusage(stream)
            step.fault = ImageFault(
                .limit,
                "\(format.rawValue) asks for \(needed >> 20) MiB of memory, "
                    + "more than the \(memoryLimit >> 20) MiB that are allowed")
        case LZMA_MEM_ERROR: step.fault = ImageFault(.limit, "no memory for \(format.rawValue)")
        case LZMA_OPTIONS_ERROR:
            step.fault = ImageFault(.unsupported, "\(format.rawValue) options that liblzma does not know")
        case LZMA_FORMAT_ERROR: step.fault = corruptStream(format, "not this format")
        default: step.fault = corruptStream(format, "liblzma status \(status.rawValue)")
        }
        return step
    }
}
