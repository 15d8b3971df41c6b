/// The input side of a packet filter, reduced to what it does with a new TCP connection from anywhere.
package struct PacketFilter: Sendable {
    /// What a rule does with a packet it matches.
    package enum Action: Hashable, Sendable {
        case accept
        /// Drop or reject.
        case drop
        case jump(String)
        case goTo(String)
        /// Back to the chain that jumped here.
        case back
        /// Counts, logs, marks: the packet goes on.
        case none
        /// A target this reader does not know.
        case unknown
    }

    /// What a rule that may match demands of the connection.
    package enum Limit: Hashable, Sendable {
        /// A source address or network.
        case source(String)
        /// An interface.
        case interface(String)
    }

    /// A rule as far as it concerns the connection in question.
    package struct Rule: Sendable {
        /// Whether it matches a connection from an unknown address over an unknown interface.
        package let match: Ternary
        /// What it does.
        package let action: Action
        /// Where it stands.
        package let source: SourceLine
        /// The only thing on which it depends whether the rule matches.
        package var limit: Limit?
    }

    /// A chain that the kernel calls.
    package struct BaseChain: Sendable {
        /// Its name.
        package let name: String
        /// What happens at its end.
        package var policy: Action
        /// Where the policy stands.
        package var source: SourceLine?
    }

    /// What becomes of the connection.
    package struct Answer: Sendable {
        /// Whether it gets in.
        package let accepts: Ternary
        /// The line that decides, or the first that may.
        package let source: SourceLine?
        /// What the first rule that may let the connection in demands of it.
        package let limit: Limit?

        /// An answer.
        package init(accepts: Ternary, source: SourceLine?, limit: Limit? = nil) {
            self.accepts = accepts
            self.source = source
            self.limit = limit
        }
    }

    /// The rules by chain.
    package var chains: [String: [Rule]] = [:]
    /// The chains the kernel calls for incoming packets; all have to let the packet pass.
    package var bases: [BaseChain] = []
    /// Whether something was left out that may change the answer (includes, variables).
    package var isIncomplete = false

    /// No rules: everything passes.
    package init() {}

    /// Whether a new connection gets in.
    package var answer: Answer {
        var accepts = Ternary.yes
        var source: SourceLine?
        var limit: Limit?
        for base in bases {
            var walk = Walk(filter: self)
            var outcome = walk.run(base.name, depth: 0)
            if outcome.fallsThrough {
                switch base.policy {
                case .accept: outcome.accepts = true
                case .drop: outcome.drops = true
                default:
                    outcome.accepts = true
                    outcome.drops = true
                }
                if walk.source == nil { walk.source = base.source }
            }
            let single: Ternary = outcome.accepts ? outcome.drops ? .unknown : .yes : .no
            if (accepts && single) != accepts || source == nil { source = walk.source }
            accepts = accepts && single
            if single == .unknown { limit = limit ?? walk.limit }
        }
        if isIncomplete { accepts = accepts && .unknown }
        return Answer(accepts: accepts, source: source, limit: accepts == .unknown ? limit : nil)
    }

    private struct Outcome {
        var accepts = false
        var drops = false
        var fallsThrough = false
    }

    /// One walk; chains that were walked are remembered, so that jumps cannot multiply.
    private struct Walk {
        let filter: PacketFilter
        var source: SourceLine?
        var limit: Limit?
        private var known: [String: Outcome] = [:]

        init(filter: PacketFilter) { self.filter = filter }

        mutating func run(_ chain: String, depth: Int) -> Outcome {
            if let outcome = known[chain] { return outcome }
            guard depth < 32, let rules = filter.chains[chain] else {
                return Outcome(accepts: depth >= 32, drops: depth >= 32, fallsThrough: true)
            }
            // A loop is refused by the kernel; here it falls through.
            known[chain] = Outcome(fallsThrough: true)
            var outcome = Outcome()
            for rule in rules where rule.match != .no {
                var result = Outcome()
                var leaves = true
                switch rule.action {
                case .accept: result.accepts = true
                case .drop: result.drops = true
                case .back: result.fallsThrough = true
                case .none: continue
                case .unknown:
                    result = Outcome(accepts: true, drops: true, fallsThrough: true)
                    leaves = false
                case .jump(let target):
                    result = run(target, depth: depth + 1)
                    leaves = !result.fallsThrough
                    result.fallsThrough = false
                case .goTo(let target):
                    result = run(target, depth: depth + 1)
                }
                if source == nil, result.accepts || result.drops { source = rule.source }
                if limit == nil, result.accepts, rule.match == .unknown { limit = rule.limit }
                outcome.accepts = outcome.accepts || result.accepts
                outcome.drops = outcome.drops || result.drops
                if rule.action == .back || isGoTo(rule.action) {
                    outcome.fallsThrough = outcome.fallsThrough || result.fallsThrough
                }
                if rule.match == .yes, leaves {
                    known[chain] = outcome
                    return outcome
                }
            }
            outcome.fallsThrough = true
            known[chain] = outcome
            return outcome
        }

        private func isGoTo(_ action: Action) -> Bool {
            if case .goTo = action { return true }
            return false
        }
    }
}
