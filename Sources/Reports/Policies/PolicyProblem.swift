/// Something that is wrong with a policy file, and where.
public struct PolicyProblem: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The file, as the user named it.
    public var file: String
    /// From 1.
    public var line: Int
    /// From 1, in Unicode scalars.
    public var column: Int
    /// What is wrong and what would be right.
    public var message: String

    /// `policy.yaml:3:5: there is no key “tragets”; did you mean “targets”?`
    public var description: String { "\(file):\(line):\(column): \(message)" }

    /// In the order of the file.
    public static func < (a: Self, b: Self) -> Bool {
        (a.line, a.column, a.message) < (b.line, b.column, b.message)
    }
}

/// Everything that is wrong with a policy file: it is not used.
public struct PolicyProblems: Error, Sendable, Hashable, CustomStringConvertible {
    /// At least one, in the order of the file.
    public var problems: [PolicyProblem]

    /// A line for each.
    public var description: String { problems.map(\.description).joined(separator: "\n") }
}
