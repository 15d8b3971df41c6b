/// Something worth saying about the file that holds a disk. Whether it is good or bad is for the checks.
package struct ContainerFinding: Sendable, Hashable {
    /// What was found.
    package enum Code: String, Sendable, Hashable, CaseIterable {
        /// The image is marked as open or not closed cleanly: what was written last may be missing.
        case dirty
        /// The image is marked as corrupt by a program that wrote to it.
        case markedCorrupt
        /// Metadata that is not needed for reading contradicts the specification; tools refuse or repair it.
        case corruptMetadata
        /// Metadata are damaged and were read from their copy.
        case copyOfMetadataUsed
        /// Internal snapshots are present; only the active state is read.
        case snapshots
        /// qcow2: clusters are compressed with zstd, which older importers do not read.
        case zstdCompression
        /// qcow2: extended L2 entries, which older importers do not read.
        case extendedL2Entries
        /// qcow2: persistent bitmaps are present.
        case persistentBitmaps
        /// Guest data lie in other files.
        case externalDataFile
        /// The image is a delta over a backing file.
        case backingFile
        /// A file the image refers to was not opened: what it holds cannot be read.
        case referenceNotOpened
        /// A name in the image leads out of its directory, to a device, or is no file name.
        case unsafeReference
        /// The backing file is not the one the image was made over: it was changed, or is another.
        case backingMismatch
        /// A backing file's format is not recorded; QEMU would guess it.
        case backingFormatUnstated
        /// Metadata refer to clusters beyond the end of the file.
        case truncated
        /// The container is of a kind that image services do not take, though it can be read.
        case unusualSubformat
        /// Feature bits are set that are not known and need not be.
        case unknownFeatures
        /// The content is in two formats at once: which one counts depends on who reads it.
        case severalFormats
        /// The writer did not close the image; its log was replayed in memory. QEMU wants it replayed in the file.
        case logReplayed
        /// The writer did not close the image, and its log holds nothing that can be replayed.
        case logNotReplayed
        /// Readers see disks of different sizes: some go by the geometry, others by a size.
        case sizeDisagreement
        /// The disk has logical sectors of 4096 bytes, which QEMU does not read in this format.
        case largeSectors
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
}
