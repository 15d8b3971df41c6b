package import ByteReading

/// What lies behind GRUB legacy's `stage1`: `stage2`, or a `stage1_5` that reads one file system and opens `stage2`
/// on it (GRUB 0.97, stage2/start.S, stage2/asm.S, stage2/shared.h).
package struct GrubLegacyStage: Sendable {
    /// `version_string`.
    package let version: String
    /// A stage 1.5: which file system it reads (`STAGE2_ID_…`); nil for a stage 2.
    package let fileSystem: String?
    /// The partition it was installed for: `install_partition`, or the one in front of a stage 1.5's file name.
    package let partition: Partition
    /// The drive it insists on; nil for the one it was started from.
    package let drive: UInt8?
    /// The file of a stage 2 (stage 1.5), or the configuration (stage 2).
    package let file: String
    /// Whether its code knows ext4's extents (`EXT4_EXT_MAGIC`), which the original does not.
    package let knowsExtents: Bool

    /// A partition as GRUB legacy counts: slices from 0, in the bits 16 to 23.
    package struct Partition: Hashable, Sendable {
        /// 0 for the first; nil for the whole disk.
        package let index: Int?

        init(_ code: UInt32) {
            let slice = (code >> 16) & 0xFF
            index = slice == 0xFF ? nil : Int(slice)
        }
    }

    private static let sectorSize: UInt64 = 512
    private static let mostSectors = 2048
    private static let fileSystems: [UInt8: String] = [
        1: "ffs", 2: "ext2", 3: "fat", 4: "minix", 5: "reiserfs", 6: "vstafs", 7: "jfs", 8: "xfs",
        9: "iso9660", 10: "ufs2",
    ]

    /// Follows `stage1`, which names `sector`. `corrupt` and `truncated` faults mean that GRUB does not start.
    package init(reading disk: ContentSource, sector: UInt64) throws(ImageFault) {
        let first = try disk.read(at: try sector.multiplied(by: Self.sectorSize), count: 512)
        guard first.firstIndex(of: Array("Geom\0Read\0 Error".utf8)) != nil else {
            throw ImageFault(
                .corrupt, first.isAllZero ? "stage2 is not there" : "no stage2 at sector \(sector)",
                at: first.origin)
        }
        var body: [UInt8] = []
        // Block lists grow downwards from the end of the sector and end with a length of 0.
        var offset = 512 - 8
        while offset > 0x150 {
            let start = UInt64(try first.little(UInt32.self, at: offset))
            let count = Int(try first.little(UInt16.self, at: offset + 4))
            if count == 0 { break }
            guard count + body.count / 512 <= Self.mostSectors else {
                throw ImageFault(
                    .corrupt, "a stage2 of more than \(Self.mostSectors) sectors", at: first.origin)
            }
            body += try disk.read(at: try start.multiplied(by: Self.sectorSize), count: count * 512).array
            offset -= 8
        }
        try self.init(body: Bytes(body, origin: first.origin))
    }

    /// A `stage2` as a file: one sector that loads the others, then the body.
    package init(parsing file: Bytes) throws(ImageFault) {
        guard file.firstIndex(of: Array("Geom\0Read\0 Error".utf8)) != nil, file.count > 1024 else {
            throw ImageFault(.corrupt, "no stage2 of GRUB")
        }
        try self.init(body: file.dropFirst(512))
    }

    /// A file name ends at a blank: `install` leaves the name of the configuration behind that of stage 2.
    private static func path(_ bytes: Bytes) -> String {
        String(bytes.prefix(256).textToNUL.prefix { $0 != " " })
    }

    /// The partition in GRUB 2's words.
    package func device(on drive: GrubDevice) -> GrubDevice {
        partition.index.map { GrubDevice("\(drive.name),\($0 + 1)") } ?? drive
    }

    private init(body: Bytes) throws(ImageFault) {
        // compat_version_major and _minor of the 0.9x series, behind the entry jump.
        guard body.count >= 512, try body.byte(at: 0) == 0xEA, try body.byte(at: 6) == 3,
            try body.byte(at: 7) == 2
        else { throw ImageFault(.corrupt, "a stage2 of GRUB has no valid head", at: body.origin) }
        let identity = try body.byte(at: 0x10)
        let text = body.dropFirst(0x12).prefix(256)
        version = text.textToNUL
        let name = 0x12 + version.utf8.count + 1
        let installed: UInt32 = try body.little(at: 8)
        if identity == 0 {
            fileSystem = nil
            partition = Partition(installed)
            drive = nil
            file = Self.path(body.dropFirst(name))
        } else {
            fileSystem = Self.fileSystems[identity] ?? "file system \(identity)"
            let device: UInt32 = try body.little(at: name)
            partition = Partition(device)
            let drive = UInt8(truncatingIfNeeded: device >> 24)
            self.drive = drive == 0xFF ? nil : drive
            file = Self.path(body.dropFirst(name + 4))
        }
        guard !version.isEmpty, file.hasPrefix("/") || file.hasPrefix("(") else {
            throw ImageFault(.corrupt, "a stage2 of GRUB names no file", at: body.origin)
        }
        knowsExtents = body.firstIndex(of: [0x0A, 0xF3]) != nil
    }
}
