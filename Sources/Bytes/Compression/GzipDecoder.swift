import ByteReading
import CZlib

/// One gzip member by zlib, header and checksum included.
@safe final class GzipDecoder: SegmentDecoder {
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

    init() throws(ImageFault) {
        unsafe stream.initialize(to: z_stream())
        // 15 bits of window, plus 16 for "gzip header and trailer only".
        let status = unsafe inflateInit2_(stream, 31, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else { throw ImageFault(.limit, "zlib cannot start (status \(status))") }
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    func step(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, atEnd: Bool
    ) -> DecoderStep {
        let inputCount = min(input.count, Int(Int32.max))
        let outputCount = min(output.count, Int(Int32.max))
        unsafe stream.pointee.next_in = UnsafeMutablePointer(
            mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        unsafe stream.pointee.avail_in = UInt32(inputCount)
        unsafe stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe stream.pointee.avail_out = UInt32(outputCount)
        let status = unsafe inflate(stream, Z_NO_FLUSH)
        var step = DecoderStep()
        step.consumed = unsafe inputCount - Int(stream.pointee.avail_in)
        step.produced = unsafe outputCount - Int(stream.pointee.avail_out)
        switch status {
        case Z_STREAM_END: step.isFinished = true
        case Z_OK, Z_BUF_ERROR: break
        default:
            let reason = unsafe stream.pointee.msg.map { unsafe String(cString: $0) } ?? "status \(status)"
            step.fault = corruptStream(.gzip, reason)
        }
        return step
    }
}
