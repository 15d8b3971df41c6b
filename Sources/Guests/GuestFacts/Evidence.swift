/// Where a fact comes from: a line of a guest's file, or a place in a layer of the image.
public struct Evidence: Sendable, Hashable, Codable {
    /// A path inside the guest.
    public var path: String?
    /// The line in that file, counted from 1.
    public var line: Int?
    /// What stands there, or what was found in words. Never a secret.
    public var excerpt: String?
    /// The layer (`mbr:1 › ext4`) when the evidence is not a file.
    public var layer: String?
    /// Bytes into the layer.
    public var offset: UInt64?

    /// A place in a file of the guest.
    public init(path: String, line: Int? = nil, excerpt: String? = nil) {
        self.path = path
        self.line = line
        self.excerpt = excerpt
    }

    /// A place in a layer of the image.
    public init(layer: String, offset: UInt64? = nil, excerpt: String? = nil) {
        self.layer = layer
        self.offset = offset
        self.excerpt = excerpt
    }
}

/// Something that could not be read, where and why. It reaches the verdict as "unknown", never as pass or fail.
public struct Gap: Sendable, Hashable, Codable {
    /// What is known of the reason: the kinds of a reading fault.
    public enum Kind: String, Sendable, Hashable, Codable {
        case io, truncated, corrupt, unsupported, limit, absent, notAllowed
    }

    /// The layers or the path, outermost first.
    public var `where`: String
    /// Why it could not be read.
    public var kind: Kind
    /// The finding in one sentence.
    public var message: String

    /// Makes a gap.
    public init(where place: String, kind: Kind, message: String) {
        self.where = place
        self.kind = kind
        self.message = message
    }
}

/// What is known of one question: an answer, or why there is none.
///
/// "It is not there" is an answer; use an optional or empty value for it.
package enum Fact<Value: Sendable & Hashable & Codable>: Sendable, Hashable, Codable {
    case known(Value)
    case unknown(Gap)

    /// The answer, nil when there is none.
    package var value: Value? {
        if case .known(let value) = self { value } else { nil }
    }

    /// Why there is no answer.
    package var gap: Gap? {
        if case .unknown(let gap) = self { gap } else { nil }
    }
}

/// Yes, no, or not known.
public enum Answer: String, Sendable, Hashable, Codable {
    case yes, no, unknown
}

/// A value and the place that says so.
package struct Located<Value: Sendable & Hashable & Codable>: Sendable, Hashable, Codable {
    package var value: Value
    package var evidence: Evidence

    package init(_ value: Value, _ evidence: Evidence) {
        self.value = value
        self.evidence = evidence
    }
}
