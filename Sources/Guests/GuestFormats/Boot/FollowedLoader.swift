package import ByteReading

/// A loader whose own configuration is followed.
package protocol FollowedLoader {
    /// What was met on the way.
    var evaluation: LoaderEvaluation { get set }

    /// Goes to the entry that starts by itself, or to what stops before it.
    mutating func follow() throws(ImageFault) -> LoaderEvaluation.Outcome
}

extension FollowedLoader {
    /// Follows it to the kernel that starts by itself; what could not be read makes the outcome unknown.
    package func run() -> LoaderEvaluation {
        var loader = self
        do {
            loader.evaluation.outcome = try loader.follow()
        } catch {
            loader.evaluation.faults.append(error)
            loader.evaluation.outcome = .unknown(error.description)
        }
        return loader.evaluation
    }
}
