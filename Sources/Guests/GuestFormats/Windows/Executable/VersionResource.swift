package import ByteReading

/// What a program says of itself: numbers for comparison and texts for people (Win32 API, `VS_VERSIONINFO`).
package struct VersionResource: Sendable, Hashable {
    /// `dwFileVersion`; nil if the fixed part is missing.
    package private(set) var fileVersion: FileVersion?
    /// `dwProductVersion`.
    package private(set) var productVersion: FileVersion?
    /// `dwFileType`: 1 program, 2 library, 3 driver.
    package private(set) var fileType: UInt32?
    /// The texts of the first language by their names, such as `CompanyName`.
    package private(set) var strings: [String: String] = [:]

    /// `CompanyName`.
    package var companyName: String? { strings["CompanyName"] }
    /// `FileDescription`.
    package var fileDescription: String? { strings["FileDescription"] }
    /// `OriginalFilename`, which stays when the file is renamed.
    package var originalFileName: String? { strings["OriginalFilename"] }
    /// `FileVersion`, which often says more than the number: `6.1.7601.18741 (win7sp1_gdr.150202-1526)`.
    package var fileVersionText: String? { strings["FileVersion"] }

    /// Reads the bytes of a resource of kind `RT_VERSION`.
    package init(parsing resource: Bytes) throws(ImageFault) {
        var budget = Budget(1024, of: "blocks of a version resource")
        let root = try Block(parsing: resource)
        guard root.key == "VS_VERSION_INFO" else {
            throw ImageFault(.corrupt, "no version resource", at: resource.origin)
        }
        if root.value.count >= 24, try root.value.little(UInt32.self, at: 0) == 0xFEEF_04BD {
            fileVersion = try Self.version(root.value, at: 8)
            productVersion = try Self.version(root.value, at: 16)
            if root.value.count >= 40 { fileType = try root.value.little(at: 36) }
        }
        for child in try root.children(&budget) where child.key == "StringFileInfo" {
            guard let table = try child.children(&budget).first else { continue }
            for text in try table.children(&budget) where strings[text.key] == nil {
                strings[text.key] = text.text
            }
        }
    }

    private static func version(_ bytes: Bytes, at offset: Int) throws(ImageFault) -> FileVersion {
        let high: UInt32 = try bytes.little(at: offset)
        let low: UInt32 = try bytes.little(at: offset + 4)
        return FileVersion(packed: UInt64(high) << 32 | UInt64(low))
    }

    /// One block: `wLength`, `wValueLength`, `wType`, `szKey`, padding, the value, padding, more blocks.
    private struct Block {
        let key: String
        let value: Bytes
        private let rest: Bytes
        private let isText: Bool

        init(parsing bytes: Bytes) throws(ImageFault) {
            let length = Int(try bytes.little(UInt16.self, at: 0))
            guard length >= 6 else {
                throw ImageFault(.corrupt, "a version block of \(length) bytes", at: bytes.origin)
            }
            // Compilers of other makers leave the padding of the last block out of the length or in it.
            let block = bytes.prefix(length)
            isText = try block.little(UInt16.self, at: 4) == 1
            let (key, end) = Self.wideText(block.dropFirst(6))
            self.key = key
            let start = Self.padded(6 + end)
            let declared = Int(try block.little(UInt16.self, at: 2))
            // Of texts the length is in characters; some compilers give bytes, so the value may end early.
            value = block.dropFirst(start).prefix(isText ? declared * 2 : declared)
            rest = block.dropFirst(Self.padded(start + value.count))
        }

        /// The value as text.
        var text: String { Self.wideText(value).text }

        func children(_ budget: inout Budget) throws(ImageFault) -> [Block] {
            var found: [Block] = []
            var rest = self.rest
            while rest.count >= 6 {
                try budget.spend()
                let length = Int(try rest.little(UInt16.self, at: 0))
                // Zeros after the last block.
                if length == 0 { break }
                found.append(try Block(parsing: rest))
                rest = rest.dropFirst(Self.padded(length))
            }
            return found
        }

        private static func padded(_ count: Int) -> Int { (count + 3) & ~3 }

        /// UTF-16 up to a NUL, and how many bytes it and the NUL take.
        private static func wideText(_ bytes: Bytes) -> (text: String, end: Int) {
            let units = bytes.utf16Units()
            let length = units.firstIndex(of: 0) ?? units.count
            return (
                String(decoding: units.prefix(length), as: UTF16.self), 2 * min(length + 1, units.count)
            )
        }
    }
}
