/// A large part of the facts behind one reference. Facts are handed around by value; without this each copy, and
/// the code the compiler writes for it, would be as large as everything that is known about a system.
///
/// A change makes a new value: facts are written once and read often.
@propertyWrapper
package indirect enum Shared<Value: Sendable & Hashable & Codable>: Sendable, Hashable {
    case value(Value)

    package init(wrappedValue: Value) { self = .value(wrappedValue) }

    package var wrappedValue: Value {
        get {
            switch self {
            case .value(let value): value
            }
        }
        set { self = .value(newValue) }
    }
}

extension Shared: Codable {
    /// As the value itself: that it is shared is not part of what is written.
    package init(from decoder: any Decoder) throws {
        self = .value(try decoder.singleValueContainer().decode(Value.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(wrappedValue)
    }
}
