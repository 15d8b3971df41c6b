import ByteReading

/// Where the parent of a differencing disk is, and how it is known ([MS-VHDX] 2.6.2.6, "Parent Locator").
struct VHDXParentLocator: Sendable, Hashable {
    /// What the parent's `DataWriteGuid` has to be: one of `parent_linkage` and `parent_linkage2`.
    let identities: [GUID]
    let location: ParentLocation

    private static let kind = GUID("B04AEFB7-D19E-4A81-B789-25B8E9445913")

    /// Parses the item. Throws `unsupported` when the parent is no VHDX, `corrupt` when the item contradicts
    /// itself.
    init(parsing item: Bytes) throws(ImageFault) {
        let kind = try GUID(mixedEndian: item)
        guard kind == VHDXParentLocator.kind else {
            throw ImageFault(.unsupported, "a parent of the unknown kind \(kind)", at: item.origin)
        }
        var values: [String: String] = [:]
        // At most 65535 entries, which all lie in an item of at most 1 MiB.
        for index in 0..<Int(try item.little(UInt16.self, at: 18)) {
            let entry = try item.slice(at: 20 + 12 * index, count: 12)
            let keyLength = try entry.little(UInt16.self, at: 8)
            guard keyLength <= VHDXParentLocator.longestKey else { continue }
            let key = try VHDXParentLocator.text(item, at: entry.little(at: 0), length: keyLength)
            // Only the first counts; keys have to be unique.
            guard VHDXParentLocator.keys.contains(key), values[key] == nil else { continue }
            values[key] = try VHDXParentLocator.text(
                item, at: entry.little(at: 4), length: entry.little(at: 10))
        }
        identities = ["parent_linkage", "parent_linkage2"].compactMap { key in
            guard let text = values[key], text.hasPrefix("{"), text.hasSuffix("}") else { return nil }
            let identity = GUID(String(text.dropFirst().dropLast()))
            return identity?.isZero == true ? nil : identity
        }
        var location = ParentLocation()
        if let path = values["relative_path"] { location.add(relative: path) }
        if let path = values["volume_path"] { location.add(absolute: path) }
        if let path = values["absolute_win32_path"] { location.add(absolute: path) }
        self.location = location
    }

    private static let keys: Set<String> = [
        "parent_linkage", "parent_linkage2", "relative_path", "volume_path", "absolute_win32_path",
    ]

    /// In bytes; what is longer is no key that is known.
    private static let longestKey = 64

    private static func text(_ item: Bytes, at offset: UInt32, length: UInt16) throws(ImageFault) -> String {
        try item.slice(at: Int(offset), count: Int(length)).utf16Text()
    }
}
