package import BlockIO
package import ByteReading

/// One entry of a partition table.
package struct Partition: Sendable, Hashable {
    /// What an entry says it holds.
    package enum Kind: Sendable, Hashable, CustomStringConvertible {
        /// The type byte of an MBR entry.
        case mbr(UInt8)
        /// The type GUID of a GPT entry.
        case gpt(GUID)

        /// `0x83` or the lower-case GUID, as udev's `ID_PART_ENTRY_TYPE`.
        package var description: String {
            switch self {
            case .mbr(let byte): "0x" + String(byte, radix: 16)
            case .gpt(let guid): guid.description
            }
        }
    }

    /// As Linux numbers it: the slot of a primary entry from 1, logical partitions from 5, GPT slots from 1.
    package var number: Int
    /// In bytes from the start of the disk.
    package var start: UInt64
    /// In bytes.
    package var size: UInt64
    package var kind: Kind
    /// The GPT name (PARTLABEL); nil for MBR and where it is empty.
    package var name: String?
    /// PARTUUID as udev prints it: `1b2c3d4e-01`, or the unique GUID in lower case. Nil where the disk has
    /// no signature (an MBR with signature zero gives no PARTUUID).
    package var partUUID: String?
    /// MBR: the active flag (0x80). GPT: legacy BIOS bootable (attribute bit 2).
    package var isActive: Bool
    /// GPT attribute bits; zero for MBR.
    package var attributes: UInt64
    /// MBR: whether it is the container of logical partitions (types 0x05, 0x0F, 0x85).
    package var isExtended: Bool
    /// MBR: whether it lies inside the extended partition.
    package var isLogical: Bool

    /// The first byte after the partition.
    package var end: UInt64 {
        let (end, overflow) = start.addingReportingOverflow(size)
        return overflow ? .max : end
    }

    /// The bytes of the partition. What a truncated image no longer has faults when it is read.
    package func source(on disk: any BlockSource) throws(ImageFault) -> SliceSource {
        try SliceSource(disk, start: start, size: size)
    }
}

extension Partition.Kind {
    private static func isGUID(_ kind: Partition.Kind, _ text: String) -> Bool {
        guard case .gpt(let guid) = kind else { return false }
        return guid == GUID(text)
    }

    /// An EFI system partition by type: MBR 0xEF or the GUID of UEFI Specification 2.10, 5.3.3.
    package var isEFISystem: Bool {
        self == .mbr(0xEF) || Self.isGUID(self, "c12a7328-f81f-11d2-ba4b-00a0c93ec93b")
    }

    /// GRUB's BIOS boot partition.
    package var isBIOSBoot: Bool { Self.isGUID(self, "21686148-6449-6e6f-744e-656564454649") }

    /// Linux swap by type.
    package var isLinuxSwap: Bool {
        self == .mbr(0x82) || Self.isGUID(self, "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f")
    }

    /// Linux LVM by type.
    package var isLinuxLVM: Bool {
        self == .mbr(0x8E) || Self.isGUID(self, "e6d6d379-f507-44c2-a23c-238f2a3df928")
    }

    /// Linux extended boot (XBOOTLDR) by type.
    package var isLinuxExtendedBoot: Bool {
        self == .mbr(0xEA) || Self.isGUID(self, "bc13c2ff-59e6-4262-a352-b275fd6f7172")
    }
}
