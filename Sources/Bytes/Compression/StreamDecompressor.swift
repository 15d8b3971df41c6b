package import ByteReading

/// Decompresses one segment of a stream, chunk by chunk, with a fixed window of output.
///
/// It consumes from its reader exactly the bytes of the segment (one gzip member, one zstd frame, one xz
/// stream …), so that the reader afterwards stands on what follows. `none` passes everything through.
///
/// Output that was decoded before damage is handed out before the fault is thrown, as the kernel's unpacker
/// has used it by then.
package final class StreamDecompressor: ByteStream {
    /// The format of the segment.
    package let format: CompressionFormat
    /// Bytes of output so far.
    package private(set) var outputCount: UInt64 = 0
    /// Whether the segment was decoded to its end.
    package private(set) var isFinished = false
    /// Bytes of the segment consumed so far.
    package var compressedCount: UInt64 { reader.position &- start }

    private let reader: StreamReader
    private let start: UInt64
    private let limits: DecompressionLimits
    private let decoder: (any SegmentDecoder)?
    private let chunkSize: Int
    private var fault: ImageFault?

    /// Starts at the reader's position. An unsupported format (the LZ4 frame) is a fault.
    package init(
        _ format: CompressionFormat, reader: StreamReader, limits: DecompressionLimits,
        chunkSize: Int = 1 << 17
    ) throws(ImageFault) {
        self.format = format
        self.reader = reader
        self.limits = limits
        self.chunkSize = max(1, chunkSize)
        start = reader.position
        switch format {
        case .none: decoder = nil
        case .gzip: decoder = try GzipDecoder()
        case .bzip2: decoder = try Bzip2Decoder()
        case .xz, .lzma: decoder = try LZMADecoder(format, memoryLimit: limits.lzmaMemory)
        case .lz4Legacy: decoder = FramedDecoder(LZ4LegacyFraming())
        case .lzop: decoder = FramedDecoder(LZOPFraming())
        case .zstd: decoder = try ZstdDecoder(windowLog: limits.zstdWindowLog)
        case .lz4Frame:
            throw ImageFault(.unsupported, "LZ4 frame (the kernel reads only the legacy one)", at: start)
        }
    }

    package func next() throws(ImageFault) -> Bytes? {
        if let fault { throw fault }
        guard !isFinished else { return nil }
        guard let decoder else { return try passThrough() }
        let produced = outputCount
        var array: [UInt8] = []
        unsafe array = [UInt8](unsafeUninitializedCapacity: chunkSize) { buffer, count in
            unsafe fill(UnsafeMutableRawBufferPointer(buffer), count: &count, decoder)
        }
        outputCount &+= UInt64(array.count)
        if outputCount > limits.maximumOutput {
            fault = ImageFault(
                .limit, "\(format.rawValue) unpacks to more than \(limits.maximumOutput) bytes", at: start)
        }
        if !array.isEmpty, outputCount <= limits.maximumOutput { return Bytes(array, origin: produced) }
        if let fault { throw fault }
        return nil
    }

    private func passThrough() throws(ImageFault) -> Bytes? {
        guard let chunk = try reader.next() else {
            isFinished = true
            return nil
        }
        outputCount &+= UInt64(chunk.count)
        return chunk
    }

    private func fill(
        _ output: UnsafeMutableRawBufferPointer, count: inout Int, _ decoder: any SegmentDecoder
    ) {
        while count < output.count, !isFinished, fault == nil {
            let window: Bytes
            do throws(ImageFault) { window = try reader.window() } catch {
                fault = error
                return
            }
            let step = window.withSpan { span in
                unsafe span.withUnsafeBytes { input in
                    unsafe decoder.step(
                        input, into: UnsafeMutableRawBufferPointer(rebasing: output[count...]),
                        atEnd: window.isEmpty)
                }
            }
            reader.advance(step.consumed)
            count += step.produced
            isFinished = step.isFinished
            if let problem = step.fault {
                fault = ImageFault(problem.kind, problem.message, at: reader.position)
            } else if step.consumed == 0, step.produced == 0, !step.isFinished {
                fault = stalled(atEnd: window.isEmpty)
            }
        }
    }

    private func stalled(atEnd: Bool) -> ImageFault {
        atEnd
            ? ImageFault(.truncated, "\(format.rawValue) data ends before its end mark", at: reader.position)
            : ImageFault(.corrupt, "\(format.rawValue) data cannot be continued", at: reader.position)
    }
}
