package import ByteReading

/// `Packages.db`, rpm's own database (rpm: `lib/backend/ndb/rpmpkg.c`): pages of slots, each with the place of one
/// header. Everything is little-endian; a block is 16 bytes.
package struct RPMPackageFile: Sendable {
    private let file: ContentSource
    private let slotPages: Int
    private static let pageSize = 4096
    private static let blockSize: UInt64 = 16

    /// Reads the head: `RpmP`, version 0, and how many pages of slots there are.
    package init(_ file: ContentSource) throws(ImageFault) {
        let head = try file.read(at: 0, count: 32)
        guard head.starts(with: "RpmP") else { throw ImageFault(.corrupt, "no RpmP at the start", at: 0) }
        let version: UInt32 = try head.little(at: 4)
        guard version == 0 else { throw ImageFault(.unsupported, "version \(version) of Packages.db", at: 4) }
        self.file = file
        // A slot is 16 bytes, so this is also a bound on what is read here.
        slotPages = try head.little(UInt32.self, at: 12).bounded(
            to: RPMDatabase.packageLimit / 256 + 1, "number of slot pages")
    }

    /// Hands on every header.
    func forEachHeader(_ body: (RPMHeaderPrefix) throws(ImageFault) -> Void) throws(ImageFault) {
        for page in 0..<slotPages {
            let start = UInt64(page * Self.pageSize)
            let slots = try file.read(at: start, count: Self.pageSize)
            // The head takes the place of the first two slots.
            for slot in stride(from: page == 0 ? 32 : 0, to: Self.pageSize, by: 16) {
                guard slots.starts(with: "Slot", at: slot) else {
                    throw ImageFault(.corrupt, "no slot", at: start + UInt64(slot))
                }
                let block: UInt32 = try slots.little(at: slot + 8)
                if block == 0 { continue }
                try header(
                    at: UInt64(block) * Self.blockSize, package: slots.little(at: slot + 4),
                    blocks: slots.little(at: slot + 12), body)
            }
        }
    }

    /// `BlbS`, the number of the package, a generation, the length; then the header.
    private func header(
        at offset: UInt64, package: UInt32, blocks: UInt32,
        _ body: (RPMHeaderPrefix) throws(ImageFault) -> Void
    ) throws(ImageFault) {
        let head = try file.read(at: offset, count: 16)
        guard head.starts(with: "BlbS"), try head.little(UInt32.self, at: 4) == package else {
            throw ImageFault(.corrupt, "no header of package \(package)", at: offset)
        }
        let length = UInt64(try head.little(UInt32.self, at: 12))
        guard length + 28 <= UInt64(blocks) * Self.blockSize else {
            throw ImageFault(.corrupt, "a header of \(length) bytes in \(blocks) blocks", at: offset)
        }
        let file = file
        try body { (count) throws(ImageFault) in
            try file.read(at: offset + 16, count: Int(min(UInt64(max(0, count)), length)))
        }
    }
}
