/// Something worth saying about the file that holds a disk. Whether it is good or bad is for the checks.
package struct ContainerFinding: Sendable, Hashable {
    /// What was found.
    package enum Code: String, Sendable, Hashable, CaseIterable {
        /// qcow2: the dirty bit is set; the writer did not close the image, its refcounts may be stale.
        case dirty
        /// qcow2: the corrupt bit is set; QEMU opens the image read-only at most.
        case markedCorrupt
        /// Metadata that is not needed for reading contradicts the specification; QEMU refuses or repairs.
        case corruptMetadata
        /// qcow2: internal snapshots are present; only the active state is read.
        case snapshots
        /// qcow2: clusters are compressed with zstd, which older importers do not read.
        case zstdCompression
        /// qcow2: extended L2 entries, which older importers do not read.
        case extendedL2Entries
        /// qcow2: persistent bitmaps are present.
        case persistentBitmaps
        /// qcow2: guest data lie in another file.
        case externalDataFile
        /// The image is a delta over a backing file.
        case backingFile
        /// A file the image refers to was not opened: what it holds cannot be read.
        case referenceNotOpened
        /// A backing file's format is not recorded; QEMU would guess it.
        case backingFormatUnstated
        /// One of two copies of metadata is damaged; the other was used.
        case damagedCopy
        /// VHDX: the writer did not close the image; its log was replayed in memory. QEMU wants it replayed in the
        /// file.
        case logReplayed
        /// VHDX: the writer did not close the image, and its log holds nothing that can be replayed.
        case logNotReplayed
        /// VHD: readers see disks of different sizes, by the geometry or by the current size.
        case sizeDisagreement
        /// VHDX: logical sectors of 4096 bytes, which QEMU does not read.
        case largeSectors
        /// Metadata refer to clusters beyond the end of the file.
        case truncated
        /// The format the user stated and what the file looks like differ.
        case formatDisagreement
        /// A raw file whose size is not a multiple of 512 bytes.
        case unalignedSize
        /// The file has no bytes.
        case emptyFile
        /// The disk holds no data at all: nothing but holes.
        case noData
    }

    package var code: Code
    /// For people, with the numbers.
    package var message: String
    /// Bytes into the file, where it matters.
    package var offset: UInt64?
    /// The file it is about: 0 for the image itself, 1 for its backing file, and so on.
    package var depth: Int

    package init(_ code: Code, _ message: String, at offset: UInt64? = nil, depth: Int = 0) {
        self.code = code
        self.message = message
        self.offset = offset
        self.depth = depth
    }

    /// The same of a file further down a chain.
    func at(depth: Int) -> ContainerFinding {
        var finding = self
        finding.depth = depth
        return finding
    }
}
