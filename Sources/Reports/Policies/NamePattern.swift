/// A pattern for the names of images. `*` stands for any letters but a slash, `**` for any at all, `?` for one that is
/// no slash. As in .gitignore, a pattern without a slash is about the last component of a path, one with a slash about
/// the path as it was given, or as a batch names it.
public struct NamePattern: Sendable, Hashable {
    /// As the user wrote it.
    public let text: String
    /// Whether it is a plain name.
    let isLiteral: Bool
    private let bytes: [UInt8]

    /// What a pattern may be long, so that matching stays cheap.
    static let lengthLimit = 1024

    /// The pattern `text`; what is beyond the limit of its length fits nothing.
    public init(_ text: String) {
        self.text = text
        bytes = Array(text.utf8)
        isLiteral = !text.utf8.contains { $0 == NamePattern.star || $0 == UInt8(ascii: "?") }
    }

    /// Whether the image fits.
    ///
    /// - Parameters:
    ///   - path: as the user or the batch names it.
    ///   - directory: of a batch; nil for single images.
    public func fits(_ path: String, below directory: String?) -> Bool {
        if isLiteral { return NamePattern.names(of: path, below: directory).contains(text) }
        let name = Array((path.split(separator: "/").last ?? "").utf8)
        guard bytes.contains(NamePattern.slash) else { return fits(name[...]) }
        if fits(Array(path.utf8)[...]) { return true }
        guard let directory else { return false }
        let base = directory.hasSuffix("/") ? directory : directory + "/"
        return path.hasPrefix(base) && fits(Array(path.dropFirst(base.count).utf8)[...])
    }

    /// What a plain name has to be to fit an image: the last component of its path; with a slash in it, the path, as
    /// given and below the directory of a batch.
    static func names(of path: String, below directory: String?) -> [String] {
        var names = [path.split(separator: "/").last.map(String.init) ?? ""]
        if path.contains("/") { names.append(path) }
        if let directory {
            let base = directory.hasSuffix("/") ? directory : directory + "/"
            let rest = path.hasPrefix(base) ? String(path.dropFirst(base.count)) : ""
            if rest.contains("/") { names.append(rest) }
        }
        return names
    }

    private static let slash = UInt8(ascii: "/")
    private static let star = UInt8(ascii: "*")

    /// Goes through the pattern once and keeps the places of the text where it may stand: no pattern takes more time
    /// than its length times that of the text.
    private func fits(_ text: ArraySlice<UInt8>) -> Bool {
        guard bytes.count <= NamePattern.lengthLimit, text.count <= 4 * NamePattern.lengthLimit else {
            return false
        }
        let text = Array(text)
        var places = [Bool](repeating: false, count: text.count + 1)
        places[0] = true
        var index = 0
        while index < bytes.count {
            let letter = bytes[index]
            var next = [Bool](repeating: false, count: text.count + 1)
            if letter == NamePattern.star {
                let crosses = index + 1 < bytes.count && bytes[index + 1] == NamePattern.star
                for place in places.indices {
                    let isReached =
                        place > 0 && next[place - 1] && (crosses || text[place - 1] != NamePattern.slash)
                    next[place] = places[place] || isReached
                }
                index += crosses ? 2 : 1
            } else {
                for place in text.indices where places[place] {
                    let isFit =
                        letter == UInt8(ascii: "?") ? text[place] != NamePattern.slash : text[place] == letter
                    if isFit { next[place + 1] = true }
                }
                index += 1
            }
            places = next
        }
        return places[text.count]
    }
}
