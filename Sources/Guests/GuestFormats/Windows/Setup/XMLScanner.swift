/// Walks over the elements of an XML document: names, attributes, text of elements without children. It knows no
/// document types and resolves no entities but the five of XML itself, so that nothing in a document makes it
/// read anything else or grow.
struct XMLScanner {
    enum Event {
        /// An element begins: the names from the root to it, and its attributes.
        case start([String], [String: String])
        /// It ends: the same names, and the text directly in it, without blanks at both ends.
        case end([String], String)
    }

    /// Deeper than any document that is read here.
    private static let depthLimit = 64
    /// Longer texts are cut: none that is looked at comes near.
    private static let textLimit = 4096

    private let bytes: [UInt8]
    private var position = 0
    private var path: [String] = []
    private var texts: [[UInt8]] = []
    private var pending: Event?
    /// Why the document is not well-formed; known at the end.
    private(set) var problem: String?
    /// Whether no element was met.
    private(set) var isEmpty = true

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The next beginning or end of an element; nil at the end of the document and where it is not well-formed.
    mutating func next() -> Event? {
        if let event = pending {
            pending = nil
            return event
        }
        while problem == nil, position < bytes.count {
            if bytes[position] != UInt8(ascii: "<") {
                takeText()
            } else if let event = takeMarkup() {
                return event
            }
        }
        if problem == nil, let open = path.last { problem = "the element \(open) is not closed" }
        return nil
    }

    private mutating func takeText() {
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: "<") { position += 1 }
        append(bytes[start..<position])
    }

    private mutating func append(_ text: ArraySlice<UInt8>) {
        guard let last = texts.indices.last else { return }
        texts[last] += text.prefix(XMLScanner.textLimit - min(texts[last].count, XMLScanner.textLimit))
    }

    /// Something that begins with `<`; an event for the tags of elements.
    private mutating func takeMarkup() -> Event? {
        if starts(with: "<!--") {
            skip(past: "-->")
        } else if starts(with: "<![CDATA[") {
            let start = position + 9
            skip(past: "]]>")
            if problem == nil { append(bytes[start..<max(start, position - 3)]) }
        } else if starts(with: "<?") {
            skip(past: "?>")
        } else if starts(with: "<!") {
            skip(past: ">")
        } else if starts(with: "</") {
            return takeEnd()
        } else {
            return takeStart()
        }
        return nil
    }

    private mutating func takeEnd() -> Event? {
        position += 2
        let name = takeName()
        skipBlanks()
        guard take(">") else {
            problem = "a closing tag is cut short"
            return nil
        }
        guard path.last == name else {
            problem = "\(name) is closed where \(path.last ?? "nothing") is open"
            return nil
        }
        return close()
    }

    private mutating func close() -> Event {
        let event = Event.end(path, XMLScanner.plain(texts.last ?? []))
        path.removeLast()
        texts.removeLast()
        return event
    }

    private mutating func takeStart() -> Event? {
        position += 1
        let name = takeName()
        guard !name.isEmpty, path.count < XMLScanner.depthLimit, !path.isEmpty || isEmpty else {
            problem = name.isEmpty ? "a tag has no name" : "\(name) is too deep or beside the root"
            return nil
        }
        isEmpty = false
        path.append(name)
        texts.append([])
        var attributes: [String: String] = [:]
        while true {
            skipBlanks()
            if take(">") { return .start(path, attributes) }
            if starts(with: "/>") {
                position += 2
                let start = Event.start(path, attributes)
                pending = close()
                return start
            }
            let attribute = takeName()
            skipBlanks()
            guard !attribute.isEmpty, take("=") else {
                problem = "the tag \(name) is not well-formed"
                return nil
            }
            skipBlanks()
            guard let value = takeQuoted() else {
                problem = "an attribute of \(name) has no value"
                return nil
            }
            attributes[attribute] = value
        }
    }

    // MARK: Bytes

    /// A name without its prefix: documents use any for the same names.
    private mutating func takeName() -> String {
        let start = position
        while position < bytes.count, !XMLScanner.endsName(bytes[position]) { position += 1 }
        let name = bytes[start..<position]
        let local = name.lastIndex(of: UInt8(ascii: ":")).map { name[(name.index(after: $0))...] } ?? name
        return String(decoding: local.prefix(256), as: UTF8.self)
    }

    private mutating func takeQuoted() -> String? {
        guard position < bytes.count, [UInt8(ascii: "\""), UInt8(ascii: "'")].contains(bytes[position]) else {
            return nil
        }
        let quote = bytes[position]
        let start = position + 1
        guard let end = bytes[start...].firstIndex(of: quote) else { return nil }
        position = end + 1
        return XMLScanner.plain(Array(bytes[start..<end].prefix(XMLScanner.textLimit)))
    }

    private mutating func skipBlanks() {
        while position < bytes.count, XMLScanner.isBlank(bytes[position]) { position += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private func starts(with text: StaticString) -> Bool {
        bytes[position...].starts(with: "\(text)".utf8)
    }

    /// Moves behind the next `end`, which must come.
    private mutating func skip(past end: StaticString) {
        let wanted = Array("\(end)".utf8)
        var index = position
        while index + wanted.count <= bytes.count {
            if bytes[index] == wanted[0], bytes[index...].starts(with: wanted) {
                position = index + wanted.count
                return
            }
            index += 1
        }
        problem = "\(end) is missing"
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }

    private static func endsName(_ byte: UInt8) -> Bool {
        isBlank(byte) || byte == UInt8(ascii: ">") || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "=")
            || byte == UInt8(ascii: "<")
    }

    /// Entities resolved, blanks at both ends taken off.
    private static func plain(_ bytes: [UInt8]) -> String {
        var text = String(decoding: bytes, as: UTF8.self)
        if text.contains("&") {
            for (entity, character) in [
                ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&"),
            ] { text = text.replacing(entity, with: character) }
        }
        let start = text.firstIndex { !$0.isWhitespace } ?? text.endIndex
        let end = text.lastIndex { !$0.isWhitespace }.map { text.index(after: $0) } ?? start
        return String(text[start..<max(start, end)])
    }
}
