package import ByteReading
package import Compression

/// What an initramfs holds: names of all members, contents of some.
package struct InitramfsContents: Sendable {
    /// One archive, or several in one compressed segment.
    package struct Segment: Sendable, Hashable {
        /// Where it begins in the file, in bytes.
        package var offset: UInt64
        /// How it is compressed.
        package var compression: CompressionFormat
        /// The cpio variant of its first member.
        package var format: CPIOFormat?
        /// Its members, the trailer not counted.
        package var memberCount = 0
        /// Its size after decompression.
        package var unpackedSize: UInt64 = 0
        /// Whether a `TRAILER!!!` was met. The kernel does not need one.
        package var hasTrailer = false
        /// Whether every member lies where the kernel looks for microcode or ACPI tables before it unpacks
        /// anything (`kernel/x86/microcode`, `kernel/firmware/acpi`).
        package var isEarlyMicrocode = false
        /// The integrity check of an .xz stream (0 none, 1 CRC32, 4 CRC64, 10 SHA-256).
        package var xzCheck: UInt8?
    }

    /// Content that was kept.
    package struct File: Sendable, Hashable {
        /// The content or its beginning.
        package var bytes: Bytes
        /// Whether `bytes` is all of it.
        package var isWhole: Bool

        /// Makes a kept content.
        package init(bytes: Bytes, isWhole: Bool) {
            self.bytes = bytes
            self.isWhole = isWhole
        }

        package func hash(into hasher: inout Hasher) { hasher.combine(bytes.count) }
    }

    /// The segments in file order.
    package var segments: [Segment] = []
    /// All members in archive order.
    package var members: [InitramfsMember] = []
    /// The file system they make.
    package var tree = InitramfsTree()
    /// Kept contents by real path.
    package var files: [String: File] = [:]
    /// Why and where reading stopped before the end; what was read before is in the other properties.
    package var fault: ImageFault?
    /// What the kernel prints as "Initramfs unpacking failed: …" for this file. It goes on with what it has
    /// unpacked by then. Nil also for an archive without compression that is merely cut short: the kernel does
    /// not notice that.
    package var kernelMessage: String?
    /// Where bytes begin that are no archive, behind complete ones. The kernel complains and goes on.
    package var trailingJunk: UInt64?
    /// Whether the file ends in a boot configuration (Documentation/admin-guide/bootconfig.rst).
    package var hasBootConfig = false

    /// An initramfs without anything.
    package init() {}

    /// The file system image that `/init` mounts over everything, when there is one.
    package var payload: InitramfsPayload? { InitramfsPayload(in: self) }

    /// What is visible once `/init` of this archive has mounted `payload`, whose files are `inner`: dracut's squash
    /// module (99squash, `init-squash.sh`). The members and the damage of both.
    package func entering(_ payload: InitramfsPayload, _ inner: InitramfsContents) -> InitramfsContents {
        var result = self
        if payload.isOverlaid {
            // The directories of the image below those of the archive, one by one.
            result.tree = inner.tree
            for (path, member) in tree.nodes.sorted(by: { $0.key < $1.key }) where path != payload.path {
                if member.kind == .directory, result.tree.nodes[path] != nil { continue }
                result.tree.insert(member)
            }
            result.files.merge(inner.files) { own, _ in own }
        } else {
            result.tree = inner.tree
            result.files = inner.files
        }
        result.members += inner.members
        result.fault = fault ?? inner.fault?.inLayer(payload.path)
        return result
    }

    /// Whether every segment was read to its end.
    package var isComplete: Bool { fault == nil }

    /// The member that `path` leads to, links followed.
    package func member(_ path: String) -> InitramfsMember? { tree.member(at: path) }

    /// The kept content of the file that `path` leads to.
    package func file(_ path: String) -> File? {
        guard let real = tree.resolve(path) else { return nil }
        return files[real]
    }

    /// The kept content of `path` as text; nil when it is not there or not kept whole.
    package func text(_ path: String) -> String? {
        guard let file = file(path), file.isWhole else {
            // An empty file has no content to keep.
            if let member = member(path), member.kind == .file, member.size == 0 { return "" }
            return nil
        }
        return file.bytes.text
    }
}
