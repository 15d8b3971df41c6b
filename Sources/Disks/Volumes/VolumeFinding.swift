/// Something worth saying about a volume group or an array. Whether it is good or bad is for the checks.
package struct VolumeFinding: Sendable, Hashable {
    /// What was found.
    package enum Code: String, Sendable, Hashable, CaseIterable {
        /// The label or header of a physical volume, or the superblock of an array, cannot be relied on.
        case labelDamaged
        /// A metadata area, or the text in it, cannot be read; another copy was used.
        case metadataDamaged
        /// No copy of the metadata of a physical volume that is in use can be read.
        case metadataMissing
        /// A copy of the metadata is older than another.
        case metadataStale
        /// Two copies have the same sequence number and say different things.
        case metadataDisagrees
        /// A physical volume or member that belongs here is not among the devices.
        case deviceMissing
        /// Two devices carry the same identity.
        case duplicate
        /// The device is smaller than its metadata says.
        case deviceTruncated
        /// The device was removed from the group or array, or holds older contents: it is not used.
        case deviceOutdated
        /// The metadata contradicts itself about a volume.
        case volumeInvalid
        /// A thin pool and its group disagree, or the pool asks to be checked: it is not activated as it is.
        case poolInconsistent
        /// Two groups have one name.
        case nameConflict
        /// The group was exported, or belongs to another system or a cluster: it is not activated as it is.
        case notActivated
        /// The array was not shut down cleanly.
        case notClean
        /// A superblock in the byte order of another machine, which the kernel here does not assemble.
        case foreignByteOrder
    }

    package var code: Code
    /// For people, with the numbers.
    package var message: String
    /// The ``BlockDevice/id`` it is about.
    package var device: String?
    /// Bytes into that device, where it matters.
    package var offset: UInt64?

    package init(_ code: Code, _ message: String, device: String? = nil, at offset: UInt64? = nil) {
        self.code = code
        self.message = message
        self.device = device
        self.offset = offset
    }
}
