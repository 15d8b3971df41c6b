import ByteReading
import GuestFormats
import Yams

/// A value of a policy file with its place.
struct PolicyNode {
    /// From 1.
    let line: Int
    /// From 1, in Unicode scalars.
    let column: Int
    let content: Content

    enum Content {
        case text(String)
        /// Nothing, `~` or `null`, not in quotes.
        case nothing
        case list([PolicyNode])
        case mapping([(key: PolicyNode, value: PolicyNode)])
    }

    /// What the node is, for a sentence.
    var kind: String {
        switch content {
        case .text(let text): "“\(PolicyNode.shortened(text))”"
        case .nothing: "empty"
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }

    var text: String? { if case .text(let text) = content { text } else { nil } }

    /// What of a text fits into a sentence.
    static func shortened(_ text: String) -> String {
        let start = text.unicodeScalars.prefix(60)
        return start.endIndex == text.unicodeScalars.endIndex
            ? text : String(String.UnicodeScalarView(start)) + "…"
    }

    // MARK: Reading

    /// Why a text is no YAML document.
    struct Failure: Error {
        var line: Int
        var column: Int
        var message: String
    }

    /// The one document of a text; nil when it holds none. The reading is libyaml's, which is C behind a recursive
    /// wrapper: size, nesting and aliases are capped before it sees a byte.
    static func read(_ bytes: [UInt8]) throws(Failure) -> PolicyNode? {
        guard bytes.count <= Policy.sizeLimit else {
            throw Failure(
                line: 1, column: 1,
                message: "the file is larger than a policy can be (\(Policy.sizeLimit >> 20) MiB)")
        }
        try checkEncoding(bytes)
        do throws(ImageFault) {
            try YAMLValue.checkShape(Bytes(bytes))
        } catch {
            throw Failure(line: 1, column: 1, message: "this is beyond a policy: \(error.message)")
        }
        let text = String(decoding: bytes, as: UTF8.self)
        let node: Node?
        do {
            // `Resolver.basic` leaves scalars as text: what a policy means by `no` or `2027-01-31` is decided here.
            node = try compose(yaml: text, .basic)
        } catch let error as YamlError {
            throw failure(error, text: text)
        } catch {
            throw Failure(line: 1, column: 1, message: "this is not YAML")
        }
        guard let node else { return nil }
        var budget = 100_000
        return try PolicyNode(node, depth: 0, budget: &budget)
    }

    /// Text that is not UTF-8, or that holds a null, would be read as something else than it shows.
    private static func checkEncoding(_ bytes: [UInt8]) throws(Failure) {
        for (index, part) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            guard part.contains(0) || String(validating: part, as: UTF8.self) == nil else { continue }
            let start = String(decoding: part, as: UTF8.self).unicodeScalars.prefix {
                $0 != "\u{FFFD}" && $0 != "\0"
            }
            throw Failure(line: index + 1, column: start.count + 1, message: "this is not UTF-8 text")
        }
    }

    private init(_ node: Node, depth: Int, budget: inout Int) throws(Failure) {
        (line, column) = (node.mark?.line ?? 1, node.mark?.column ?? 1)
        budget -= 1
        guard budget > 0, depth < 200 else {
            throw Failure(line: line, column: column, message: "this is beyond a policy: too many values")
        }
        switch node {
        case .scalar(let scalar):
            let isNothing =
                scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
            content = isNothing ? .nothing : .text(scalar.string)
        case .sequence(let sequence):
            var list: [PolicyNode] = []
            for element in sequence {
                list.append(try PolicyNode(element, depth: depth + 1, budget: &budget))
            }
            content = .list(list)
        case .mapping(let mapping):
            var pairs: [(key: PolicyNode, value: PolicyNode)] = []
            for (key, value) in mapping {
                pairs.append(
                    (
                        try PolicyNode(key, depth: depth + 1, budget: &budget),
                        try PolicyNode(value, depth: depth + 1, budget: &budget)
                    ))
            }
            content = .mapping(pairs)
        case .alias:
            throw Failure(line: line, column: column, message: "this alias stands for nothing")
        }
    }

    // MARK: What libyaml complains of

    private static func failure(_ error: YamlError, text: String) -> Failure {
        switch error {
        case .composer(_, let problem, let mark, _) where problem.contains("another document"):
            return Failure(
                line: mark.line, column: mark.column,
                message: "a second document begins; a policy is one document")
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let around = context.map { " (\($0.text) of line \($0.mark.line))" } ?? ""
            return Failure(
                line: mark.line, column: mark.column, message: "this is not YAML: \(problem)\(around)")
        case .reader(let problem, let offset, _, _):
            let before = text.prefix(max(0, offset ?? 0))
            let lines = before.split(separator: "\n", omittingEmptySubsequences: false)
            return Failure(
                line: max(1, lines.count), column: (lines.last?.unicodeScalars.count ?? 0) + 1,
                message: "this is not YAML: \(problem)")
        case .duplicatedKeysInMapping(let keys, let context):
            let key = keys.first ?? ""
            let first = context.mark
            let second = secondLine(of: key, after: first, in: text)
            let remark = second == nil ? "" : " (first in line \(first.line))"
            return Failure(
                line: second ?? first.line, column: first.column,
                message: "the key “\(shortened(key))” is given twice\(remark)")
        case .memory:
            return Failure(line: 1, column: 1, message: "this is beyond a policy: it needs too much memory")
        default:
            return Failure(line: 1, column: 1, message: "this is not YAML")
        }
    }

    /// The line in which a key comes again in the column in which it came first: the reader tells of the first only.
    private static func secondLine(of key: String, after mark: Mark, in text: String) -> Int? {
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        for (index, line) in lines.enumerated().dropFirst(mark.line) {
            let scalars = line.unicodeScalars
            let indentation = scalars.prefix { $0 == " " }.count
            if indentation == scalars.count { continue }
            if indentation < mark.column - 1, !line.dropFirst(indentation).hasPrefix("#") { return nil }
            let rest = String(String.UnicodeScalarView(scalars.dropFirst(mark.column - 1)))
            let isKey = [key, "\"\(key)\"", "'\(key)'"].contains { name in
                rest.hasPrefix(name) && rest.dropFirst(name.count).first.map { ":\t ".contains($0) } == true
            }
            if indentation == mark.column - 1, isKey { return index + 1 }
        }
        return nil
    }
}
