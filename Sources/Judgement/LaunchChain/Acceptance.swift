/// Why a failing result does not count for the gate: somebody has looked at it and takes it as it is. It changes
/// nothing of what is true; the status, the verdict and the chain stay.
public struct Acceptance: Sendable, Hashable, Codable {
    /// What accepts it.
    public enum Authority: String, Sendable, Hashable, Codable {
        /// An exception of a policy file.
        case policy
        /// It stands in the baseline of known findings.
        case baseline
    }

    /// What accepts it.
    public var by: Authority
    /// Why; of an exception.
    public var reason: String?
    /// The last day (UTC) on which it is accepted, `2027-01-31`; of an exception.
    public var expires: String?
    /// Where that stands: `policy.yaml:14:5`, or the name of the baseline.
    public var source: String?

    /// Makes an acceptance.
    public init(by: Authority, reason: String? = nil, expires: String? = nil, source: String? = nil) {
        self.by = by
        self.reason = reason
        self.expires = expires
        self.source = source
    }
}
