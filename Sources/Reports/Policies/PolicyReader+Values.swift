import Checks
import Reports

/// What the parts of a policy have in common.
extension PolicyReader {
    mutating func complain(_ node: PolicyNode, _ message: String) {
        complain(node.line, node.column, message)
    }

    mutating func complain(_ line: Int, _ column: Int, _ message: String) {
        problems.append(PolicyProblem(file: file, line: line, column: column, message: message))
    }

    /// The values of a mapping by their keys. Keys that do not exist are complained of; nil when it is no mapping.
    mutating func mapping<Key: CaseIterable & RawRepresentable<String> & Hashable>(
        _ node: PolicyNode, of what: String, _: Key.Type
    ) -> [Key: PolicyNode]? {
        let known = Key.allCases.map(\.rawValue)
        guard case .mapping(let pairs) = node.content else {
            complain(node, "this is \(node.kind); \(what) is a mapping of \(known.joined(separator: ", "))")
            return nil
        }
        var values: [Key: PolicyNode] = [:]
        for (key, value) in pairs {
            guard let text = key.text, let known = Key(rawValue: text) else {
                let near = PolicyReader.near(key.text ?? "", among: known)
                let hint = near.isEmpty ? "; there are \(known.joined(separator: ", "))" : suggestion(near)
                complain(key, "there is no key \(key.kind) in \(what)\(hint)")
                continue
            }
            values[known] = value
        }
        return values
    }

    /// The texts of a list, or the one text, with their places.
    mutating func texts(_ node: PolicyNode?, key: String, of what: String) -> [(String, PolicyNode)] {
        guard let node else { return [] }
        let nodes: [PolicyNode]
        switch node.content {
        case .text: nodes = [node]
        case .list(let list):
            nodes = list
            if list.isEmpty { complain(node, "“\(key)” is an empty list; leave it out, or give it \(what)") }
        case .nothing, .mapping:
            complain(node, "“\(key)” is \(node.kind); it is a list of \(what)")
            return []
        }
        return nodes.compactMap { node in
            guard let text = node.text, !text.isEmpty else {
                complain(node, "this is \(node.kind); “\(key)” is a list of \(what)")
                return nil
            }
            return (text, node)
        }
    }

    /// A reason code or an item, whatever letters it is written in.
    mutating func subject(_ node: PolicyNode) -> Policy.Subject? {
        guard let text = node.text else {
            complain(node, "this is \(node.kind); it is a reason code (Fstab.DeviceNotFound) or an item")
            return nil
        }
        guard let check = names.check(named: text) else {
            complain(
                node,
                "there is no check or reason code “\(PolicyNode.shortened(text))”"
                    + suggestion(names.near(text)))
            return nil
        }
        let wanted = text.lowercased()
        let code = check.metadata.codes.first { $0.code.lowercased() == wanted }
        return check.metadata.id.lowercased() == wanted
            ? .item(check.metadata.id) : code.map { .code($0.code) } ?? .item(check.metadata.id)
    }

    /// `; did you mean “targets”?`, or nothing.
    func suggestion(_ names: [String]) -> String {
        names.isEmpty
            ? "" : "; did you mean " + names.map { "“\($0)”" }.joined(separator: " or ") + "?"
    }

    private static func near(_ text: String, among known: [String]) -> [String] {
        let wanted = Array(text.lowercased().replacing("_", with: "-").utf8.prefix(64))
        let scored = known.map { ($0, CheckNames.distance(wanted, Array($0.utf8))) }
        return scored.filter { $0.1 <= max(1, $0.0.utf8.count / 3) }.sorted { $0.1 < $1.1 }.prefix(1).map(\.0)
    }
}
