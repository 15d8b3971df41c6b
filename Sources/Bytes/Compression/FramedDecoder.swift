import ByteReading

/// What a block container asks for after it was given a piece.
enum FramingRequest {
    /// The next piece, of this many bytes.
    case piece(Int)
    /// The output array now holds a block; then the next piece.
    case output(thenPiece: Int)
    /// The segment is complete.
    case end
}

/// A container of separately compressed blocks: lengths, checksums, blocks.
protocol BlockFraming {
    /// The format, for messages.
    var format: CompressionFormat { get }
    /// The size of the first piece.
    var firstPiece: Int { get }
    /// Whether the segment may end where the next piece would begin.
    var mayEndHere: Bool { get }
    /// Takes a piece of exactly the size asked for; may fill `output`.
    mutating func take(_ piece: [UInt8], output: inout [UInt8]) throws(ImageFault) -> FramingRequest
}

/// Gathers the pieces that a `BlockFraming` asks for and hands out its blocks.
final class FramedDecoder: SegmentDecoder {
    private var framing: any BlockFraming
    private var piece: [UInt8] = []
    private var needed: Int
    private var output: [UInt8] = []
    private var outputStart = 0
    private var isFinished = false

    init(_ framing: any BlockFraming) {
        self.framing = framing
        needed = framing.firstPiece
    }

    func step(
        _ input: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer, atEnd: Bool
    ) -> DecoderStep {
        var step = DecoderStep()
        if outputStart < output.count {
            step.produced = unsafe handOut(into: target)
            return step
        }
        if isFinished || (unsafe input.isEmpty && atEnd && piece.isEmpty && framing.mayEndHere) {
            step.isFinished = true
            return step
        }
        let taken = min(needed - piece.count, input.count)
        unsafe piece.append(contentsOf: input[..<taken])
        step.consumed = taken
        guard piece.count == needed else { return step }
        do throws(ImageFault) {
            switch try framing.take(piece, output: &output) {
            case .piece(let count): needed = count
            case .output(let count):
                needed = count
                outputStart = 0
                step.produced = unsafe handOut(into: target)
            case .end:
                isFinished = true
                step.isFinished = true
            }
        } catch {
            step.fault = error
        }
        piece.removeAll(keepingCapacity: true)
        return step
    }

    private func handOut(into target: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(output.count - outputStart, target.count)
        unsafe output.withUnsafeBytes { block in
            unsafe target.copyMemory(
                from: UnsafeRawBufferPointer(rebasing: block[outputStart..<outputStart + count]))
        }
        outputStart += count
        if outputStart == output.count {
            output.removeAll(keepingCapacity: true)
            outputStart = 0
        }
        return count
    }
}
