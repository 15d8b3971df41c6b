package import ByteReading
package import GuestFacts

/// What became of an attempt to read something of a guest. Absent and unreadable are different answers.
package enum Reading<Value: Sendable>: Sendable {
    case found(Value)
    case absent
    case unreadable(Gap)

    /// The value, nil when it is absent or unreadable.
    package var value: Value? {
        if case .found(let value) = self { value } else { nil }
    }

    /// Why it is unreadable, if it is.
    package var gap: Gap? {
        if case .unreadable(let gap) = self { gap } else { nil }
    }

    /// Whether it is there.
    package var presence: Answer {
        switch self {
        case .found: .yes
        case .absent: .no
        case .unreadable: .unknown
        }
    }

    /// What `transform` reads from the value; absent and unreadable stay what they are.
    package func flatMap<Other>(_ transform: (Value) -> Reading<Other>) -> Reading<Other> {
        switch self {
        case .found(let value): transform(value)
        case .absent: .absent
        case .unreadable(let gap): .unreadable(gap)
        }
    }

    package func map<Other>(_ transform: (Value) -> Other) -> Reading<Other> {
        switch self {
        case .found(let value): .found(transform(value))
        case .absent: .absent
        case .unreadable(let gap): .unreadable(gap)
        }
    }
}

extension Gap {
    /// The gap that `fault` leaves, seen from `place` when the fault does not know where it was.
    package init(_ fault: ImageFault, at place: String) {
        let kind: Gap.Kind =
            switch fault.kind {
            case .io: .io
            case .truncated: .truncated
            case .corrupt: .corrupt
            case .unsupported: .unsupported
            case .limit: .limit
            case .notFound: .absent
            case .notAllowed: .notAllowed
            }
        let location = fault.location
        self.init(
            where: location.isEmpty
                ? place : (location.contains(place) ? location : "\(place) › \(location)"),
            kind: kind, message: fault.message)
    }
}
