package import ByteReading
import CLZ4

/// One block of LZ4 without any frame.
package enum LZ4Block {
    /// Decodes all of `input`, which must be exactly one block, into at most `maximumOutput` bytes.
    ///
    /// Throws `corrupt` when the bytes are no block or hold more than that.
    package static func decompress(_ input: Bytes, maximumOutput: Int) throws(ImageFault) -> Bytes {
        guard maximumOutput > 0, let inputCount = Int32(exactly: input.count), inputCount > 0,
            let outputCount = Int32(exactly: maximumOutput)
        else { throw ImageFault(.corrupt, "LZ4 block of \(input.count) bytes", at: input.origin) }
        let source = input.array
        var status: Int32 = -1
        let output = unsafe [UInt8](unsafeUninitializedCapacity: maximumOutput) { buffer, count in
            status = unsafe source.withUnsafeBytes { bytes -> Int32 in
                unsafe UnsafeMutableRawBufferPointer(buffer).withMemoryRebound(to: CChar.self) { target in
                    unsafe bytes.withMemoryRebound(to: CChar.self) { bytes in
                        guard let from = bytes.baseAddress, let to = target.baseAddress else { return -1 }
                        return unsafe LZ4_decompress_safe(from, to, inputCount, outputCount)
                    }
                }
            }
            count = Int(max(0, status))
        }
        guard status >= 0 else {
            throw ImageFault(.corrupt, "LZ4 block is damaged (error \(status))", at: input.origin)
        }
        return Bytes(output, origin: input.origin)
    }
}
