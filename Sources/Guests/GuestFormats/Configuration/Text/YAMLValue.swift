package import ByteReading
import Yams

/// A YAML document as plain values with their lines.
///
/// The reading itself is libyaml's, so what libyaml rejects (a tab as indentation, a broken mapping) is rejected
/// here. Because it is C behind a recursive wrapper, size, depth and aliases are capped before it sees a byte.
package struct YAMLValue: Sendable {
    /// What a value is.
    package enum Content: Sendable {
        /// A scalar; `isPlain` is false for quoted and block scalars, which are always text.
        case scalar(String, isPlain: Bool)
        case sequence([YAMLValue])
        case mapping([(key: String, value: YAMLValue)])
    }

    /// What it is.
    package let content: Content
    /// The line it starts on, from 1.
    package let line: Int

    /// What libyaml may be given.
    static let sizeLimit = 1 << 20
    /// Aliases multiply: twenty-four of them reach some thousand copies at most.
    static let aliasLimit = 24
    static let depthLimit = 64

    /// Reads one document; nil for an empty file.
    ///
    /// - Throws: `corrupt` for what is not YAML, with the line in the message; `unsupported` for a key given twice
    ///   (programs disagree on which one holds); `limit` for absurd documents.
    package static func read(_ bytes: Bytes, name: String) throws(ImageFault) -> YAMLValue? {
        do {
            return try document(bytes)
        } catch {
            throw error.inLayer(name)
        }
    }

    private static func document(_ bytes: Bytes) throws(ImageFault) -> YAMLValue? {
        guard bytes.count <= sizeLimit else { throw ImageFault(.limit, "YAML of \(bytes.count) bytes") }
        try checkShape(bytes)
        let node: Node?
        do {
            // `Resolver.basic` leaves scalars as text: no regular expression sees guest text.
            node = try compose(yaml: bytes.text, .basic)
        } catch let error as YamlError {
            throw fault(error)
        } catch {
            throw ImageFault(.corrupt, "not YAML")
        }
        guard let node else { return nil }
        var budget = Budget(100_000, of: "YAML nodes")
        return try value(node, depth: 0, line: 1, budget: &budget)
    }

    /// Caps nesting and aliases by looking at bytes alone; counts too much rather than too little.
    package static func checkShape(_ bytes: Bytes) throws(ImageFault) {
        let array = bytes.array
        var flowDepth = 0
        var aliases = 0
        var column = 0
        var isIndentation = true
        var previous: UInt8 = 0x0A
        for (index, byte) in array.enumerated() {
            if byte == 0x0A {
                column = 0
                isIndentation = true
            } else {
                if isIndentation {
                    let next = index + 1 < array.count ? array[index + 1] : 0x0A
                    let isIndicator =
                        (byte == 0x2D || byte == 0x3F || byte == 0x3A) && AsciiText.isSpace(next)
                    if !AsciiText.isBlank(byte), !isIndicator {
                        isIndentation = false
                    } else if isIndicator, column / 2 > depthLimit {
                        throw ImageFault(.limit, "YAML nested deeper than \(depthLimit)")
                    }
                }
                column += 1
                switch byte {
                case 0x5B, 0x7B:
                    flowDepth += 1
                    if flowDepth > depthLimit {
                        throw ImageFault(.limit, "YAML nested deeper than \(depthLimit)")
                    }
                case 0x5D, 0x7D:
                    flowDepth = max(0, flowDepth - 1)
                case 0x2A where AsciiText.isSpace(previous) || [0x5B, 0x2C, 0x3A, 0x7B].contains(previous):
                    let next = index + 1 < array.count ? array[index + 1] : 0
                    if AsciiText.isName(next) { aliases += 1 }
                    if aliases > aliasLimit {
                        throw ImageFault(.limit, "more than \(aliasLimit) YAML aliases")
                    }
                default:
                    break
                }
            }
            previous = byte
        }
        try checkBlockDepth(array)
    }

    /// Block nesting: every deeper block starts in a column further right, so the columns still open count it.
    private static func checkBlockDepth(_ array: [UInt8]) throws(ImageFault) {
        var open: [Int] = []
        for line in array.split(separator: 0x0A, omittingEmptySubsequences: true) {
            let column = line.prefix(while: AsciiText.isBlank).count
            guard column < line.count else { continue }
            while let last = open.last, last >= column { open.removeLast() }
            open.append(column)
            if open.count > depthLimit { throw ImageFault(.limit, "YAML nested deeper than \(depthLimit)") }
        }
    }

    private static func fault(_ error: YamlError) -> ImageFault {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let around = context.map { "\($0.text), " } ?? ""
            return ImageFault(.corrupt, "line \(mark.line), column \(mark.column): \(around)\(problem)")
        case .reader(let problem, let offset, _, _):
            return ImageFault(.corrupt, problem, at: offset.flatMap { UInt64(exactly: $0) })
        case .duplicatedKeysInMapping(let duplicates, let context):
            let keys = duplicates.joined(separator: ", ")
            return ImageFault(.unsupported, "line \(context.mark.line): key given twice: \(keys)")
        case .memory:
            return ImageFault(.limit, "YAML reader out of memory")
        default:
            return ImageFault(.corrupt, "not YAML")
        }
    }

    private static func value(
        _ node: Node, depth: Int, line: Int, budget: inout Budget
    ) throws(ImageFault) -> YAMLValue {
        try budget.spend()
        guard depth <= 2 * depthLimit else { throw ImageFault(.limit, "YAML nested too deep") }
        let line = node.mark?.line ?? line
        switch node {
        case .scalar(let scalar):
            return YAMLValue(content: .scalar(scalar.string, isPlain: scalar.style == .plain), line: line)
        case .sequence(let sequence):
            var values: [YAMLValue] = []
            for element in sequence {
                values.append(try value(element, depth: depth + 1, line: line, budget: &budget))
            }
            return YAMLValue(content: .sequence(values), line: line)
        case .mapping(let mapping):
            var pairs: [(key: String, value: YAMLValue)] = []
            for (key, element) in mapping {
                let name = key.scalar?.string ?? ""
                let keyLine = key.mark?.line ?? line
                let inner = try value(element, depth: depth + 1, line: keyLine, budget: &budget)
                pairs.append((name, YAMLValue(content: inner.content, line: keyLine)))
            }
            return YAMLValue(content: .mapping(pairs), line: line)
        case .alias:
            throw ImageFault(.unsupported, "YAML alias that was not resolved")
        }
    }
}

extension YAMLValue {
    /// The value of a key; nil when absent or when this is no mapping.
    package subscript(key: String) -> YAMLValue? {
        guard case .mapping(let pairs) = content else { return nil }
        return pairs.last { $0.key == key }?.value
    }

    /// The pairs of a mapping; empty for anything else.
    package var pairs: [(key: String, value: YAMLValue)] {
        if case .mapping(let pairs) = content { return pairs }
        return []
    }

    /// The elements of a sequence; nil for anything else.
    package var elements: [YAMLValue]? {
        if case .sequence(let values) = content { return values }
        return nil
    }

    /// The text of a scalar that is not null.
    package var text: String? {
        guard case .scalar(let text, let isPlain) = content else { return nil }
        return isPlain && isNullText(text) ? nil : text
    }

    /// Whether this is a null: nothing, `~` or `null`.
    package var isNull: Bool {
        guard case .scalar(let text, let isPlain) = content else { return false }
        return isPlain && isNullText(text)
    }

    private func isNullText(_ text: String) -> Bool { ["", "~", "null", "Null", "NULL"].contains(text) }

    /// A boolean of YAML 1.1, plain or quoted.
    package var boolean: Bool? {
        guard let text else { return nil }
        switch AsciiText.lowercased(text) {
        case "true", "yes", "on", "y": return true
        case "false", "no", "off", "n": return false
        default: return nil
        }
    }

    /// The texts of a sequence, or the one text of a scalar.
    package var texts: [String] { elements?.compactMap(\.text) ?? text.map { [$0] } ?? [] }

    /// The mappings merged key by key, `other` on top; sequences are joined or replaced.
    package func merging(_ other: YAMLValue, joiningSequences: Bool, depth: Int = 0) -> YAMLValue {
        switch (content, other.content) {
        case (.mapping(var pairs), .mapping(let others)) where depth < 64:
            var places: [String: Int] = [:]
            for (index, pair) in pairs.enumerated() { places[pair.key] = index }
            for (key, value) in others {
                if let index = places[key] {
                    pairs[index].value = pairs[index].value.merging(
                        value, joiningSequences: joiningSequences, depth: depth + 1)
                } else {
                    places[key] = pairs.count
                    pairs.append((key, value))
                }
            }
            return YAMLValue(content: .mapping(pairs), line: other.line)
        case (.sequence(let values), .sequence(let others)) where joiningSequences:
            return YAMLValue(content: .sequence(values + others), line: other.line)
        default:
            return other
        }
    }
}
