package import ByteReading

/// How a disk is divided.
package struct PartitionTable: Sendable {
    /// What the first sectors hold.
    package enum Scheme: String, Sendable, Hashable {
        /// No partition table: empty, or a file system over the whole disk.
        case none
        /// A master boot record; blkid calls it `dos`.
        case mbr
        /// A GUID partition table, with a protective MBR or (a finding) without one.
        case gpt
        /// A GUID partition table beside an MBR that lists partitions too. ``partitions`` are those of the GPT.
        case hybrid
        /// A protective MBR, but no GUID partition table that can be read.
        case protective
    }

    package var scheme: Scheme
    /// Bytes per logical sector the table is written in: 512 or 4096.
    package var sectorSize: Int
    /// In the order of the table; logical partitions follow the primary ones. Extended partitions are listed.
    package var partitions: [Partition]
    /// MBR: the disk signature at 0x1B8, also there on disks with a GPT. Nil without an MBR.
    package var diskSignature: UInt32?
    /// GPT: the GUID of the disk.
    package var diskGUID: GUID?
    /// MBR partitions of a hybrid disk, without the protective entry.
    package var hybridPartitions: [Partition]
    package var findings: [PartitionFinding]
    /// The first sector, all 512 bytes of it; empty when the disk is shorter. Boot code is at 0..<440.
    package var bootSector: Bytes
    /// GPT: which copy was read.
    package var gptSource: GPTSource?
    /// GPT: the backup was read, and the primary header names the same entries. What looks at no checksum, boot
    /// loaders, finds the partitions; the kernel and firmware do not.
    package var primaryIsThereUnchecked = false
    /// GPT: the MBR has an entry for it, wherever that starts. More GRUB does not ask for (partmap/gpt.c); without one
    /// it takes the disk for one without a GPT.
    package var hasProtectiveEntry = true

    /// The copies of a GUID partition table.
    package enum GPTSource: String, Sendable, Hashable {
        case primary, backup
    }

    /// The identity blkid prints as PTUUID: the disk GUID, or the signature as eight hex digits. An MBR
    /// signature of zero is none.
    package var uuid: String? {
        if let diskGUID { return diskGUID.description }
        guard scheme == .mbr, let diskSignature, diskSignature != 0 else { return nil }
        return Hexadecimal.lower(diskSignature, width: 8)
    }
}

/// Something worth saying about a partition table. Whether it is good or bad is for the checks.
package struct PartitionFinding: Sendable, Hashable {
    /// What was found.
    package enum Code: String, Sendable, Hashable, CaseIterable {
        /// Two partitions share sectors.
        case overlap
        /// A partition ends beyond the end of the disk.
        case beyondEnd
        /// The primary GPT is damaged or missing; the backup was read.
        case backupUsed
        /// The backup GPT is damaged or missing; the primary was read.
        case backupDamaged
        /// The backup header is not in the last sector: the disk was grown or copied.
        case backupNotAtEnd
        /// A protective MBR or a GPT signature, but neither copy can be read.
        case gptUnreadable
        /// Primary and backup are both valid and list different partitions.
        case copiesDiffer
        /// A GPT without a protective entry in the MBR: Linux and firmware ignore it.
        case protectiveMissing
        /// The protective entry is there and the mark 0x55AA is not: Linux ignores the GPT, firmware (OVMF) does not.
        case protectiveUnmarked
        /// An old GPT signature on a disk with an ordinary MBR: Linux uses the MBR.
        case staleGPT
        /// The MBR lists partitions beside the protective one.
        case hybrid
        /// The chain of extended boot records is damaged, or comes back on itself.
        case extendedChain
        /// More than one MBR entry is active.
        case multipleActive
        /// A partition does not start at a multiple of 4096 bytes.
        case unaligned
        /// The table is written for 4096-byte sectors; firmware with 512-byte sectors does not see it.
        case largeSectors
        /// A field contradicts the specification, but the table could be read.
        case irregular
    }

    package var code: Code
    /// For people, with the numbers.
    package var message: String
    /// Bytes into the disk, where it matters.
    package var offset: UInt64?
    /// Numbers of the partitions it is about.
    package var partitions: [Int]

    package init(_ code: Code, _ message: String, at offset: UInt64? = nil, partitions: [Int] = []) {
        self.code = code
        self.message = message
        self.offset = offset
        self.partitions = partitions
    }
}
