import ByteReading

/// The text that describes a VMware disk (Virtual Disk Format 5.0, "The Descriptor File").
struct VmdkDescriptor: Sendable {
    /// Bytes of a descriptor; QEMU reads no more either.
    static let longest = 1 << 20
    /// Parts of one disk.
    static let mostExtents = 4096

    /// One line of the extent description: `ACCESS SECTORS TYPE "NAME" OFFSET`.
    struct Extent: Sendable, Hashable {
        /// `RW`, `RDONLY` or `NOACCESS`.
        var access: String
        var sectors: UInt64
        /// `SPARSE`, `FLAT`, `ZERO`, `VMFS`, `VMFSSPARSE`, `SESPARSE`, `VMFSRDM` …
        var type: String
        /// Empty for `ZERO`.
        var name: [UInt8]
        /// Sectors into the named file.
        var offset: UInt64
    }

    /// The settings of the header, names in lower case, without quotes. The first of two counts.
    private var settings: [String: [UInt8]] = [:]
    private(set) var extents: [Extent] = []
    /// Lines that look like extents and are not well formed.
    private(set) var badLines: [String] = []

    /// Parses `text` up to its first NUL.
    init(parsing text: Bytes) throws(ImageFault) {
        let bytes = text.array.prefix { $0 != 0 }
        for line in bytes.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            let line = VmdkDescriptor.trimmed(line)
            guard let first = line.first, first != 0x23 else { continue }
            let word = String(decoding: line.prefix { $0 != 0x20 && $0 != 0x09 }, as: UTF8.self).uppercased()
            if ["RW", "RDONLY", "NOACCESS"].contains(word) {
                guard extents.count < VmdkDescriptor.mostExtents else {
                    throw ImageFault(.limit, "more than \(VmdkDescriptor.mostExtents) extents")
                }
                guard let extent = VmdkDescriptor.extent(line, access: word) else {
                    if badLines.count < 8 {
                        badLines.append(String(decoding: line.prefix(80), as: UTF8.self))
                    }
                    continue
                }
                extents.append(extent)
            } else if let equals = line.firstIndex(of: 0x3D) {
                let key = String(decoding: VmdkDescriptor.trimmed(line[..<equals]), as: UTF8.self)
                    .lowercased()
                let value = VmdkDescriptor.trimmed(line[(equals + 1)...])
                guard settings.count < 1024, settings[key] == nil else { continue }
                settings[key] = Array(VmdkDescriptor.unquoted(value))
            }
        }
    }

    private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        guard let last = line.lastIndex(where: { !isBlank($0) }) else { return [] }
        return line[...last].drop(while: isBlank)
    }

    private static func unquoted(_ value: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard value.count >= 2, value.first == 0x22, value.last == 0x22 else { return value }
        return value.dropFirst().dropLast()
    }

    private static func extent(_ line: ArraySlice<UInt8>, access: String) -> Extent? {
        let quote = line.firstIndex(of: 0x22)
        let words = line[..<(quote ?? line.endIndex)].split { $0 == 0x20 || $0 == 0x09 }
        guard words.count == 3, let sectors = UInt64(String(decoding: words[1], as: UTF8.self)) else {
            return nil
        }
        let type = String(decoding: words[2], as: UTF8.self).uppercased()
        guard let quote else {
            return type == "ZERO"
                ? Extent(access: access, sectors: sectors, type: type, name: [], offset: 0) : nil
        }
        guard let end = line[(quote + 1)...].firstIndex(of: 0x22) else { return nil }
        let tail = line[(end + 1)...].split { $0 == 0x20 || $0 == 0x09 }
        var offset: UInt64 = 0
        if let first = tail.first {
            guard let number = UInt64(String(decoding: first, as: UTF8.self)) else { return nil }
            offset = number
        }
        return Extent(
            access: access, sectors: sectors, type: type, name: Array(line[(quote + 1)..<end]), offset: offset
        )
    }

    private func text(_ key: String) -> String? {
        settings[key].map { String(decoding: $0, as: UTF8.self) }
    }

    /// `createType`: the kind of disk.
    var createType: String? { text("createtype") }
    /// `CID`: changes whenever the disk is written for the first time after it was opened.
    var contentID: UInt32? { text("cid").flatMap { UInt32($0, radix: 16) } }
    /// `parentCID`: the content ID of the disk this one is a delta over, nil when it is none.
    var parentID: UInt32? {
        guard let id = text("parentcid").flatMap({ UInt32($0, radix: 16) }), id != .max else { return nil }
        return id
    }
    /// `parentFileNameHint`, in UTF-8.
    var parentName: [UInt8]? { settings["parentfilenamehint"].map(utf8) }
    /// Whether the disk is encrypted: VMware puts the keys into the descriptor.
    var isEncrypted: Bool { settings.keys.contains { $0.hasPrefix("encryption") } }

    /// A name of the descriptor in UTF-8. Names in Latin letters of Windows are understood; others stay as they
    /// are and are refused where they are no UTF-8.
    func utf8(_ name: [UInt8]) -> [UInt8] {
        let encoding = text("encoding")?.lowercased() ?? "utf-8"
        guard ["windows-1252", "iso-8859-1"].contains(encoding),
            name.allSatisfy({ $0 < 0x80 || $0 >= 0xA0 })
        else { return name }
        return Array(String(String.UnicodeScalarView(name.map { Unicode.Scalar($0) })).utf8)
    }
}
