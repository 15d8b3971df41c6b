package import ByteReading

/// How a device element names a partition.
///
/// Windows compares both halves: the disk by its signature or GUID, the partition on it by its place or GUID.
package enum BCDPartition: Hashable, Sendable {
    /// A partition of a GPT disk.
    case gpt(partition: GUID, disk: GUID)
    /// A partition of an MBR disk: where it starts, in bytes, and the disk's signature.
    case mbr(offset: UInt64, signature: UInt32)
    /// A disk without partition table, by the firmware's number.
    case raw(disk: UInt32)
    /// Another scheme.
    case other(scheme: UInt32)

    /// Reads what follows the sixteen bytes of a descriptor's head: partition at 0x00, medium at 0x10, scheme at
    /// 0x14, disk at 0x18 (`BL_DEVICE_DESCRIPTOR`, `BL_HARDDISK_DEVICE` in ReactOS, boot/environ/include/bl.h).
    init(parsing payload: Bytes) throws(ImageFault) {
        let scheme: UInt32 = try payload.little(at: 0x14)
        switch scheme {
        case 0:
            self = .gpt(
                partition: try GUID(mixedEndian: payload, at: 0),
                disk: try GUID(mixedEndian: payload, at: 0x18)
            )
        case 1: self = .mbr(offset: try payload.little(at: 0), signature: try payload.little(at: 0x18))
        case 2: self = .raw(disk: try payload.little(at: 0x18))
        default: self = .other(scheme: scheme)
        }
    }

    /// The whole element that names this partition, as Windows writes it: 88 bytes. Nil for schemes that are not
    /// known.
    package var element: [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 0x58)
        func put(_ value: some FixedWidthInteger, at offset: Int) {
            for index in 0..<value.bitWidth / 8 {
                bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
            }
        }
        put(UInt32(6), at: 0x10)
        put(UInt32(0x48), at: 0x18)
        switch self {
        case .gpt(let partition, let disk):
            bytes.replaceSubrange(0x20..<0x30, with: partition.mixedEndianBytes)
            bytes.replaceSubrange(0x38..<0x48, with: disk.mixedEndianBytes)
        case .mbr(let offset, let signature):
            put(offset, at: 0x20)
            put(UInt32(1), at: 0x34)
            put(signature, at: 0x38)
        case .raw, .other: return nil
        }
        return bytes
    }
}

extension BCDPartition: CustomStringConvertible {
    /// `disk 5f3a…, partition at 1048576`, or both GUIDs.
    package var description: String {
        switch self {
        case .gpt(let partition, let disk): "partition {\(partition)} of disk {\(disk)}"
        case .mbr(let offset, let signature):
            "partition at byte \(offset) of disk \(Hexadecimal.lower(signature, width: 8))"
        case .raw(let disk): "disk number \(disk)"
        case .other(let scheme): "partition of an unknown scheme (\(scheme))"
        }
    }
}

extension GUID {
    /// The sixteen bytes as Windows stores them.
    fileprivate var mixedEndianBytes: [UInt8] {
        [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].map { bytes[$0] }
    }
}
