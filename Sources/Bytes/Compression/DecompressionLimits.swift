/// What a decompressor may use. Exceeding any of them is a `limit` fault.
package struct DecompressionLimits: Sendable, Hashable {
    /// Bytes of output in all.
    package var maximumOutput: UInt64
    /// Largest zstd window, as a power of two. 27 (128 MiB) is what the kernel accepts for an initramfs
    /// (`ZSTD_WINDOWSIZE_MAX` in `lib/decompress_unzstd.c`).
    package var zstdWindowLog: Int
    /// Bytes of memory for LZMA dictionaries.
    package var lzmaMemory: UInt64

    /// Limits for `maximumOutput` bytes of output.
    package init(
        maximumOutput: UInt64, zstdWindowLog: Int = 27, lzmaMemory: UInt64 = 160 << 20
    ) {
        self.maximumOutput = maximumOutput
        self.zstdWindowLog = zstdWindowLog
        self.lzmaMemory = lzmaMemory
    }
}
