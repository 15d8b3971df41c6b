import ByteReading
import CBzip2

/// One bzip2 stream by libbz2; the block checksums are verified.
@safe final class Bzip2Decoder: SegmentDecoder {
    private let stream = UnsafeMutablePointer<bz_stream>.allocate(capacity: 1)

    init() throws(ImageFault) {
        unsafe stream.initialize(to: bz_stream())
        let status = unsafe BZ2_bzDecompressInit(stream, 0, 0)
        guard status == BZ_OK else { throw ImageFault(.limit, "libbz2 cannot start (status \(status))") }
    }

    deinit {
        _ = unsafe BZ2_bzDecompressEnd(stream)
        unsafe stream.deallocate()
    }

    func step(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, atEnd: Bool
    ) -> DecoderStep {
        let inputCount = min(input.count, Int(Int32.max))
        let outputCount = min(output.count, Int(Int32.max))
        unsafe stream.pointee.next_in = UnsafeMutablePointer(
            mutating: input.baseAddress?.assumingMemoryBound(to: CChar.self))
        unsafe stream.pointee.avail_in = UInt32(inputCount)
        unsafe stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: CChar.self)
        unsafe stream.pointee.avail_out = UInt32(outputCount)
        let status = unsafe BZ2_bzDecompress(stream)
        var step = DecoderStep()
        step.consumed = unsafe inputCount - Int(stream.pointee.avail_in)
        step.produced = unsafe outputCount - Int(stream.pointee.avail_out)
        switch status {
        case BZ_STREAM_END: step.isFinished = true
        case BZ_OK: break
        case BZ_MEM_ERROR: step.fault = ImageFault(.limit, "no memory for bzip2")
        default: step.fault = corruptStream(.bzip2, "libbz2 status \(status)")
        }
        return step
    }
}
