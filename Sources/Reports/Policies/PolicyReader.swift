import Checks
import Reports
public import Targets

/// Reads a policy file, and says everything that is wrong with it at once, each with its place.
public struct PolicyReader {
    /// Why a name is no target.
    public struct TargetProblem: Error {
        /// A sentence.
        public var message: String

        /// Makes a reason.
        public init(_ message: String) { self.message = message }
    }

    /// A target, and what the command line would call it.
    public struct FoundTarget {
        /// The target.
        public var target: Target
        /// A name, or the path of its file.
        public var argument: String

        /// Makes a pair.
        public init(_ target: Target, argument: String) {
            self.target = target
            self.argument = argument
        }
    }

    /// Finds a target by its name or, relative to the policy, its file.
    public typealias TargetFinder = (String) -> Result<FoundTarget, TargetProblem>

    let file: String
    let name: String
    let find: TargetFinder
    let otherTargets: Set<String>
    let names = CheckNames(CheckRegistry.all)
    var problems: [PolicyProblem] = []

    /// Reads the policy in `bytes`.
    ///
    /// - Parameters:
    ///   - file: as the user named it, for messages.
    ///   - otherTargets: ids that exceptions may name besides those of the policy: targets of the command line.
    ///   - find: finds the targets.
    public static func read(
        _ bytes: [UInt8], file: String, otherTargets: Set<String> = [], find: @escaping TargetFinder
    ) throws(PolicyProblems) -> Policy {
        var reader = PolicyReader(file: file, otherTargets: otherTargets, find: find)
        let policy = reader.policy(bytes)
        guard reader.problems.isEmpty, let policy else {
            throw PolicyProblems(problems: reader.problems.sorted())
        }
        return policy
    }

    private init(file: String, otherTargets: Set<String>, find: @escaping TargetFinder) {
        self.file = file
        self.otherTargets = otherTargets
        self.find = find
        name = file.split(separator: "/").last.map(String.init) ?? file
    }

    // MARK: The file

    private enum Key: String, CaseIterable {
        case version, targets, only, skip, severities, exceptions
        case failOn = "fail-on"
    }

    private mutating func policy(_ bytes: [UInt8]) -> Policy? {
        let root: PolicyNode?
        do throws(PolicyNode.Failure) {
            root = try PolicyNode.read(bytes)
        } catch {
            complain(error.line, error.column, error.message)
            return nil
        }
        guard let root else {
            complain(1, 1, "the policy is empty; it begins with “version: 1”")
            return nil
        }
        if case .nothing = root.content {
            complain(root, "the policy is empty; it begins with “version: 1”")
            return nil
        }
        guard let values = mapping(root, of: "a policy", Key.self) else { return nil }
        checkVersion(values[.version], root)
        var policy = Policy(name: name)
        let targets = targets(values[.targets])
        policy.targets = targets.map(\.target)
        policy.targetArguments = targets.map(\.argument)
        policy.threshold = threshold(values[.failOn])
        policy.only = items(values[.only], key: "only")
        policy.skip = items(values[.skip], key: "skip")
        policy.severities = weights(values[.severities])
        policy.exceptions = exceptions(
            values[.exceptions], known: Set(policy.targets.map(\.id)).union(otherTargets))
        return policy
    }

    private mutating func checkVersion(_ node: PolicyNode?, _ root: PolicyNode) {
        guard let node else {
            return complain(root, "“version” is missing; the policy begins with “version: 1”")
        }
        if node.text != "1" {
            complain(node, "the version is \(node.kind); this program reads version 1")
        }
    }

    private mutating func targets(_ node: PolicyNode?) -> [FoundTarget] {
        var targets: [FoundTarget] = []
        for (name, node) in texts(node, key: "targets", of: "names of targets") {
            switch find(name) {
            case .success(let found):
                if targets.contains(where: { $0.target.id == found.target.id }) {
                    complain(node, "the target \(found.target.id) is named twice")
                }
                targets.append(found)
            case .failure(let problem): complain(node, problem.message)
            }
        }
        return targets
    }

    private mutating func threshold(_ node: PolicyNode?) -> Gate.Threshold? {
        guard let node else { return nil }
        switch node.text {
        case "error": return .error
        case "warning": return .warning
        default:
            complain(node, "“fail-on” is \(node.kind); it can be error or warning")
            return nil
        }
    }

    private mutating func items(_ node: PolicyNode?, key: String) -> [String] {
        var ids: [String] = []
        for (name, node) in texts(node, key: key, of: "ids of checks") {
            if let id = names.id(named: name) {
                if !ids.contains(id) { ids.append(id) }
            } else {
                complain(
                    node, "there is no check “\(PolicyNode.shortened(name))”" + suggestion(names.near(name)))
            }
        }
        return ids
    }

    private mutating func weights(_ node: PolicyNode?) -> [Policy.Weight] {
        guard let node else { return [] }
        guard case .mapping(let pairs) = node.content else {
            complain(
                node, "“severities” is \(node.kind); it is a mapping like “Fstab.DeviceNotFound: warning”")
            return []
        }
        var weights: [Policy.Weight] = []
        for (key, value) in pairs {
            let subject = subject(key)
            let severity = severity(value)
            guard let subject, let severity else { continue }
            if weights.contains(where: { $0.subject == subject }) {
                complain(key, "\(subject) is given twice")
            }
            weights.append(Policy.Weight(subject: subject, severity: severity))
        }
        return weights
    }

    private mutating func severity(_ node: PolicyNode) -> Severity? {
        if let text = node.text, let severity = Severity(rawValue: text) { return severity }
        let isOff = ["ignore", "off", "none", "skip", "never"].contains(node.text?.lowercased() ?? "")
        complain(
            node,
            "the severity is \(node.kind); it can be error, warning or info"
                + (isOff
                    ? ". An item is left out by “skip”, a finding is accepted by “exceptions”"
                    : ""))
        return nil
    }

    // MARK: Exceptions

    private enum ExceptionKey: String, CaseIterable {
        case code, item, targets, images, reason, expires
    }

    private mutating func exceptions(_ node: PolicyNode?, known: Set<String>) -> [Policy.Exception] {
        guard let node else { return [] }
        guard case .list(let nodes) = node.content else {
            complain(node, "“exceptions” is \(node.kind); it is a list, each with code, reason and expires")
            return []
        }
        return nodes.compactMap { exception($0, known: known) }
    }

    private mutating func exception(_ node: PolicyNode, known: Set<String>) -> Policy.Exception? {
        guard let values = mapping(node, of: "an exception", ExceptionKey.self) else { return nil }
        let subject = subject(of: values, node)
        let targets = targetIDs(values[.targets], known: known)
        let images = patterns(values[.images])
        let reason = reason(values[.reason], node)
        let expires = expires(values[.expires], node)
        guard let subject, let reason, let expires else { return nil }
        return Policy.Exception(
            subject: subject, targets: targets, images: images, reason: reason, expires: expires,
            source: "\(name):\(node.line):\(node.column)")
    }

    private mutating func subject(
        of values: [ExceptionKey: PolicyNode], _ node: PolicyNode
    ) -> Policy.Subject? {
        switch (values[.code], values[.item]) {
        case (nil, nil):
            complain(
                node, "the exception says of nothing; give it a “code” (Fstab.DeviceNotFound) or an “item”")
            return nil
        case (.some, .some(let item)):
            complain(item, "the exception has a “code” and an “item”; give it one of them")
            return nil
        case (.some(let code), nil):
            guard let subject = self.subject(code) else { return nil }
            if case .item(let id) = subject {
                complain(code, "“\(id)” is an item, not a reason code; write “item: \(id)”")
                return nil
            }
            return subject
        case (nil, .some(let item)):
            guard let subject = self.subject(item) else { return nil }
            if case .code(let code) = subject {
                complain(item, "“\(code)” is a reason code, not an item; write “code: \(code)”")
                return nil
            }
            return subject
        }
    }

    private mutating func targetIDs(_ node: PolicyNode?, known: Set<String>) -> [String]? {
        guard let node else { return nil }
        let ids = texts(node, key: "targets", of: "names of targets").compactMap { name, node -> String? in
            if known.contains(name) { return name }
            switch find(name) {
            case .success(let found): return found.target.id
            case .failure(let problem):
                complain(node, problem.message)
                return nil
            }
        }
        return ids
    }

    private mutating func patterns(_ node: PolicyNode?) -> [NamePattern]? {
        guard let node else { return nil }
        return texts(node, key: "images", of: "names of images").compactMap { text, node in
            guard text.utf8.count <= NamePattern.lengthLimit else {
                complain(node, "the name of an image is longer than \(NamePattern.lengthLimit) bytes")
                return nil
            }
            return NamePattern(text)
        }
    }

    private static let reasonLimit = 1000

    private mutating func reason(_ node: PolicyNode?, _ exception: PolicyNode) -> String? {
        guard let node else {
            complain(exception, "the exception has no “reason”; say why the finding is accepted")
            return nil
        }
        guard let text = node.text, !text.allSatisfy(\.isWhitespace) else {
            complain(node, "the reason is \(node.kind); say why the finding is accepted")
            return nil
        }
        guard text.unicodeScalars.count <= PolicyReader.reasonLimit else {
            complain(node, "the reason is longer than \(PolicyReader.reasonLimit) characters")
            return nil
        }
        // A folded text ends in a line break, and goes over several lines no more.
        return text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    private mutating func expires(_ node: PolicyNode?, _ exception: PolicyNode) -> CalendarDay? {
        guard let node else {
            complain(exception, "the exception has no “expires”; give it a last day, like 2027-01-31")
            return nil
        }
        guard let text = node.text else {
            complain(node, "“expires” is \(node.kind); it is a day, like 2027-01-31")
            return nil
        }
        do throws(CalendarDay.Problem) {
            return try CalendarDay(reading: text)
        } catch {
            switch error {
            case .form:
                let isEndless = ["never", "none", "no", "false"].contains(text.lowercased())
                complain(
                    node,
                    isEndless
                        ? "an exception ends; give it a last day, like 2027-01-31"
                        : "“\(PolicyNode.shortened(text))” is no day; write it like 2027-01-31")
            case .noSuchDay(let why): complain(node, "there is no day \(text): \(why)")
            }
            return nil
        }
    }
}
