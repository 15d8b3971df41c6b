/// What a walk over on-disk structure may still spend. Running out is a `limit` fault, never a hang.
public struct Budget: Sendable {
    /// What is left.
    public private(set) var remaining: Int
    private let total: Int
    private let what: String

    /// A budget of `total` units of `what` ("directory blocks", "extent nodes").
    public init(_ total: Int, of what: String) {
        remaining = total
        self.total = total
        self.what = what
    }

    /// Spends `units`; throws when there are not as many left.
    @inline(__always)
    public mutating func spend(_ units: Int = 1) throws(ImageFault) {
        guard units >= 0, units <= remaining else {
            throw ImageFault(.limit, "more than \(total) \(what)")
        }
        remaining -= units
    }
}
