/// What a decompressor may use. Exceeding any of them is a `limit` fault.
///
/// A header of a few bytes can ask for any window, so the standard limits are what the packers of initramfs use
/// and little more, not what the formats allow. All of a window is only ever touched when as much comes out.
///
/// | packer | window |
/// | --- | --- |
/// | `zstd -1` … `-19` (mkinitramfs, dracut, mkinitcpio) | at most 8 MiB |
/// | `zstd --ultra -20` | 32 MiB |
/// | `xz`, `xz -8` (older mkinitramfs), dracut's `dict=1MiB` | 8, 32 and 1 MiB |
/// | `xz -9`, `lzma -9` | 64 MiB |
///
/// `zstd --ultra -21`, `-22` and `--long` (64 MiB and more) and hand-made xz dictionaries above 64 MiB are
/// refused, although the kernel (`ZSTD_WINDOWSIZE_MAX` in `lib/decompress_unzstd.c`: 128 MiB) may take them.
package struct DecompressionLimits: Sendable, Hashable {
    /// Bytes of output in all.
    package var maximumOutput: UInt64
    /// Largest zstd window, as a power of two.
    package var zstdWindowLog: Int
    /// Bytes of memory for an LZMA decoder: its dictionary and about a mebibyte of its own.
    package var lzmaMemory: UInt64

    /// Limits for `maximumOutput` bytes of output.
    package init(
        maximumOutput: UInt64, zstdWindowLog: Int = 25, lzmaMemory: UInt64 = 66 << 20
    ) {
        self.maximumOutput = maximumOutput
        self.zstdWindowLog = zstdWindowLog
        self.lzmaMemory = lzmaMemory
    }
}
