import ByteReading

/// What one call of a decoder did.
struct DecoderStep {
    /// Bytes taken from the input.
    var consumed = 0
    /// Bytes written to the output; they are good even when there is a fault.
    var produced = 0
    /// Whether the compressed segment is complete.
    var isFinished = false
    /// What stopped the decoder for good.
    var fault: ImageFault?
}

/// A decompressor for one compressed segment: one gzip member, one zstd frame, one xz stream.
///
/// It stops exactly behind the segment, so that what follows in the file can be found.
protocol SegmentDecoder: AnyObject {
    /// Decodes from `input` into `output`. `atEnd` says that nothing follows `input`.
    ///
    /// Doing nothing at the end of the input means that the segment is cut short.
    func step(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, atEnd: Bool
    ) -> DecoderStep
}

/// The fault for bytes that a format does not allow.
func corruptStream(_ format: CompressionFormat, _ why: String) -> ImageFault {
    ImageFault(.corrupt, "damaged \(format.rawValue) data: \(why)")
}
