package import ByteReading

/// The first bytes of a header in an rpm database, as many as are asked for or as there are.
package typealias RPMHeaderPrefix = (_ count: Int) throws(ImageFault) -> Bytes

/// A package in an rpm database: its header (rpm's format documentation, "Header structure"), read no further than
/// the tags that are needed. A header holds the list of the package's files and may be megabytes long.
extension InstalledPackage {
    private static let nameTag: UInt32 = 1000
    private static let versionTag: UInt32 = 1001
    private static let releaseTag: UInt32 = 1002
    private static let epochTag: UInt32 = 1003
    private static let architectureTag: UInt32 = 1022
    /// `HEADER_TAGS_MAX` of rpm.
    private static let tagLimit = 0xFFFF
    private static let firstReading = 4096
    /// Names and versions are shorter than this.
    private static let textLimit = 1024

    /// Reads a header from `prefix`: count of tags and of data bytes, 16 bytes for each tag (tag, type, offset,
    /// count, all big-endian), then the data.
    package init(rpmHeader reading: RPMHeaderPrefix) throws(ImageFault) {
        // Most headers have what is needed in their first page.
        var known = try reading(Self.firstReading)
        func prefix(_ count: Int) throws(ImageFault) -> Bytes {
            if count > known.count { known = try reading(count) }
            return known
        }
        let head = known
        let count = try head.big(UInt32.self, at: 0).bounded(
            to: Self.tagLimit, "number of tags in an rpm header")
        let size = try head.big(UInt32.self, at: 4).bounded(to: 256 << 20, "size of an rpm header")
        guard count > 0 else { throw ImageFault(.corrupt, "an rpm header without tags", at: head.origin) }
        let start = 8 + count * 16
        let index = try prefix(start)
        var places: [UInt32: (type: UInt32, offset: Int)] = [:]
        for number in 0..<count {
            let place = 8 + number * 16
            let tag: UInt32 = try index.big(at: place)
            guard (Self.nameTag...Self.architectureTag).contains(tag) else { continue }
            let offset = try index.big(UInt32.self, at: place + 8).bounded(
                to: size, "offset of rpm tag \(tag)")
            places[tag] = (try index.big(at: place + 4), offset)
        }
        func text(_ tag: UInt32) throws(ImageFault) -> String? {
            // RPM_STRING_TYPE, RPM_I18NSTRING_TYPE.
            guard let place = places[tag], place.type == 6 || place.type == 9 else { return nil }
            let from = start + place.offset
            let bytes = try prefix(from + Self.textLimit).dropFirst(from).prefix(Self.textLimit)
            guard bytes.firstIndex(of: [0]) != nil else {
                throw ImageFault(.corrupt, "rpm tag \(tag) does not end", at: bytes.origin)
            }
            return bytes.textToNUL
        }
        guard let name = try text(Self.nameTag), !name.isEmpty, let version = try text(Self.versionTag) else {
            throw ImageFault(.corrupt, "an rpm header without name and version", at: head.origin)
        }
        let release = try text(Self.releaseTag)
        var epoch = ""
        if let place = places[Self.epochTag], place.type == 4 {
            let from = start + place.offset
            epoch = "\(try prefix(from + 4).big(UInt32.self, at: from)):"
        }
        self.init(
            name: name, version: epoch + version + (release.map { "-\($0)" } ?? ""),
            architecture: try text(Self.architectureTag))
    }
}
