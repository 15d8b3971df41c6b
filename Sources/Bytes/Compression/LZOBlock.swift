package import ByteReading
import CLZO

/// One block of LZO1X without any container.
package enum LZOBlock {
    /// Decodes all of `input`, which must be exactly one block, into at most `maximumOutput` bytes.
    ///
    /// Throws `corrupt` when the bytes are no block or hold more than that.
    package static func decompress(_ input: Bytes, maximumOutput: Int) throws(ImageFault) -> Bytes {
        guard maximumOutput > 0, input.count > 0 else {
            throw ImageFault(.corrupt, "empty LZO block", at: input.origin)
        }
        let source = input.array
        var status: Int32 = -1
        let output = unsafe [UInt8](unsafeUninitializedCapacity: maximumOutput) { buffer, count in
            var length = lzo_uint(maximumOutput)
            status = unsafe source.withUnsafeBufferPointer { bytes in
                unsafe lzo1x_decompress_safe(
                    bytes.baseAddress, lzo_uint(bytes.count), buffer.baseAddress, &length, nil)
            }
            count = status == LZO_E_OK ? min(Int(length), maximumOutput) : 0
        }
        guard status == LZO_E_OK else {
            throw ImageFault(.corrupt, "LZO block is damaged (error \(status))", at: input.origin)
        }
        return Bytes(output, origin: input.origin)
    }
}
