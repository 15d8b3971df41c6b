package import ByteReading
package import Compression

/// Reads an initramfs from front to back as the kernel does (`unpack_to_rootfs` in `init/initramfs.c`): archives
/// one after another, each compressed or not, NULs between them; to the very end, so that damage is seen.
///
/// Memory: one window of input and output, the names, and what the request keeps.
package struct InitramfsReader: Sendable {
    private let request: InitramfsRequest

    /// A reader that keeps what `request` says.
    package init(_ request: InitramfsRequest = .standard) {
        self.request = request
    }

    /// Reads all of `stream`. Damage and limits end up in the result's `fault`.
    package func read(_ stream: any ByteStream) -> InitramfsContents {
        let walk = InitramfsWalk(request)
        walk.run(StreamReader(stream))
        return walk.contents
    }

    /// Reads an initramfs that is in memory.
    package func read(_ bytes: Bytes) -> InitramfsContents {
        read(BytesStream(bytes))
    }
}
