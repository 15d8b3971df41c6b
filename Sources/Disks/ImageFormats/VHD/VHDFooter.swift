package import ByteReading

/// The footer of a VHD, which also opens the file of a dynamic disk.
///
/// Microsoft, Virtual Hard Disk Image Format Specification, version 1.0, "Hard Disk Footer Format". All numbers
/// are big-endian.
package struct VHDFooter: Sendable, Hashable {
    /// `Disk Type`, byte 60.
    package enum DiskType: UInt32, Sendable, Hashable {
        case fixed = 2
        case dynamic = 3
        case differencing = 4
    }

    /// `Data Offset`, byte 16: where the dynamic disk header is; all ones for fixed disks.
    package let dataOffset: UInt64
    /// `Creator Application`, byte 28.
    package let creator: [UInt8]
    /// `Current Size`, byte 48: bytes of the disk.
    package let currentSize: UInt64
    /// `Disk Geometry`, byte 56: cylinders, heads, sectors per track.
    package let cylinders: UInt16
    package let heads: UInt8
    package let sectorsPerTrack: UInt8
    package let type: DiskType
    /// `Unique Id`, byte 68: what a differencing disk knows its parent by.
    package let identity: GUID
    /// `Saved State`, byte 84: the machine was suspended, not shut down.
    package let isSavedState: Bool

    /// `conectix`
    static let cookie: [UInt8] = Array("conectix".utf8)
    static let length = 512

    /// Parses a footer whose checksum holds. One of 511 bytes, as Virtual PC wrote before 2004, lacks the last
    /// reserved byte.
    ///
    /// Throws `corrupt` when it is none or its checksum does not hold, `unsupported` for other versions and
    /// types.
    package init(parsing block: Bytes) throws(ImageFault) {
        guard block.starts(with: VHDFooter.cookie) else {
            throw ImageFault(.corrupt, "no VHD footer (conectix)", at: block.origin)
        }
        let stored = try block.big(UInt32.self, at: 64)
        let computed = VHDFooter.checksum(block, skipping: 64)
        guard stored == computed else {
            throw ImageFault(
                .corrupt,
                "checksum of the VHD footer is 0x\(Hexadecimal.lower(stored, width: 8)), its bytes give 0x\(Hexadecimal.lower(computed, width: 8))",
                at: try block.origin.adding(64))
        }
        let version = try block.big(UInt32.self, at: 12)
        guard version >> 16 == 1 else {
            throw ImageFault(
                .unsupported, "VHD version \(version >> 16).\(version & 0xFFFF); 1.0 is read",
                at: try block.origin.adding(12))
        }
        let number = try block.big(UInt32.self, at: 60)
        guard let type = DiskType(rawValue: number) else {
            throw ImageFault(
                .unsupported, "VHD disk type \(number); fixed, dynamic and differencing are read",
                at: try block.origin.adding(60))
        }
        self.type = type
        dataOffset = try block.big(at: 16)
        creator = try block.slice(at: 28, count: 4).array
        currentSize = try block.big(at: 48)
        cylinders = try block.big(at: 56)
        heads = try block.byte(at: 58)
        sectorsPerTrack = try block.byte(at: 59)
        identity = try GUID(bigEndian: block, at: 68)
        isSavedState = try block.byte(at: 84) != 0
    }

    /// One's complement of the sum of all bytes but the four of the checksum itself, at `skipped`.
    static func checksum(_ block: Bytes, skipping skipped: Int) -> UInt32 {
        block.withSpan { span in
            var sum: UInt32 = 0
            for index in 0..<span.count where index < skipped || index >= skipped + 4 {
                sum &+= UInt32(span[index])
            }
            return ~sum
        }
    }

    // MARK: Size

    /// The size that the geometry gives, in bytes.
    package var geometrySize: UInt64 {
        UInt64(cylinders) * UInt64(heads) * UInt64(sectorsPerTrack) * 512
    }

    /// The largest geometry; larger disks (over 127 GiB) all have it.
    private static let largestGeometry: UInt64 = 65535 * 16 * 255 * 512

    /// Bytes of the disk, as QEMU (block/vpc.c, `vpc_ignore_current_size`) and Hyper-V take it.
    ///
    /// Virtual PC (`vpc `) and old QEMU (`qemu`) go by the geometry, unless that is the largest there is. All
    /// others, Hyper-V (`win `), Azure (`wa`), Disk2vhd (`d2v `), XenServer (`tap`), XenConverter (`CTXS`) and
    /// QEMU with `force_size` (`qem2`) among them, go by the current size.
    package var size: UInt64 {
        goesByGeometry ? geometrySize : currentSize / 512 * 512
    }

    private var goesByGeometry: Bool {
        [Array("vpc ".utf8), Array("qemu".utf8)].contains(creator) && geometrySize > 0
            && geometrySize != VHDFooter.largestGeometry
    }

    /// The size other readers see, when it is another: Hyper-V always goes by the current size, QEMU before
    /// version 10 by the geometry for all creators that it does not know.
    package var otherSize: (bytes: UInt64, reader: String)? {
        if goesByGeometry {
            return currentSize / 512 * 512 == geometrySize ? nil : (currentSize / 512 * 512, "Hyper-V")
        }
        let known = ["win ", "qem2", "d2v ", "CTXS", "tap\0", "vpc ", "qemu"]
        guard !known.contains(where: { Array($0.utf8) == creator }), geometrySize != size,
            geometrySize != VHDFooter.largestGeometry
        else { return nil }
        return (geometrySize, "QEMU before version 10")
    }
}
