package import ByteReading

/// The header of a dynamic or differencing VHD (Virtual Hard Disk Image Format Specification, "Dynamic Disk
/// Header Format"). All numbers are big-endian.
package struct VHDDynamicHeader: Sendable, Hashable {
    /// `Table Offset`, byte 16: where the block allocation table is.
    package let tableOffset: UInt64
    /// `Max Table Entries`, byte 28.
    package let entryCount: UInt32
    /// `Block Size`, byte 32: bytes of data per block, without its bitmap.
    package let blockSize: UInt32
    /// `Parent Unique ID`, byte 40.
    package let parentIdentity: GUID
    /// `Parent Unicode Name`, byte 64; empty without a parent.
    package let parentName: String
    /// `Parent Locator Entry` 1–8, from byte 576.
    package let locators: [Locator]
    /// Whether the checksum at byte 36 holds. QEMU does not look at it, and there is no other copy.
    package let isChecksumValid: Bool

    /// Where the path of the parent is written, for one platform.
    package struct Locator: Sendable, Hashable {
        /// `Platform Code`: `W2ru`, `W2ku`, `MacX` …
        package let platform: [UInt8]
        /// `Platform Data Length` in bytes.
        package let length: UInt32
        /// `Platform Data Offset` in the file.
        package let offset: UInt64
    }

    static let length = 1024

    /// Parses the header. Throws `corrupt` where QEMU refuses it, `unsupported` for other versions.
    package init(parsing block: Bytes) throws(ImageFault) {
        guard block.starts(with: "cxsparse") else {
            throw ImageFault(.corrupt, "no dynamic disk header (cxsparse)", at: block.origin)
        }
        let version = try block.big(UInt32.self, at: 24)
        guard version >> 16 == 1 else {
            throw ImageFault(
                .unsupported,
                "version \(version >> 16).\(version & 0xFFFF) of the dynamic disk header; 1.0 is read",
                at: try block.origin.adding(24))
        }
        blockSize = try block.big(at: 32)
        guard blockSize >= 512, blockSize.nonzeroBitCount == 1 else {
            throw ImageFault(
                .corrupt, "block size \(blockSize) is not a power of two of at least 512",
                at: try block.origin.adding(32))
        }
        tableOffset = try block.big(at: 16)
        entryCount = try block.big(at: 28)
        isChecksumValid =
            try VHDFooter.checksum(block, skipping: 36) == block.big(UInt32.self, at: 36)
        parentIdentity = try GUID(bigEndian: block, at: 40)
        parentName = try block.slice(at: 64, count: 512).utf16Text(isBigEndian: true)
        var locators: [Locator] = []
        for index in 0..<8 {
            let entry = try block.slice(at: 576 + 24 * index, count: 24)
            let platform = try entry.slice(at: 0, count: 4)
            guard !platform.isAllZero else { continue }
            locators.append(
                Locator(
                    platform: platform.array, length: try entry.big(at: 8), offset: try entry.big(at: 16)))
        }
        self.locators = locators
    }

    /// Bytes of the sector bitmap before each block: a bit per sector, in whole sectors.
    package var bitmapSize: UInt64 { (UInt64(blockSize) / (8 * 512) + 511) / 512 * 512 }
}
