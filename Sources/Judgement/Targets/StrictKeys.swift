extension Target {
    /// A key in a target's file that does not exist.
    public struct UnknownKey: Error, Sendable, Hashable {
        /// Where it stands, with its own name: `rules.sizeGiB.maximum`.
        public var place: String
        /// The keys there are at this place.
        public var known: [String]
    }
}

/// Any key of a JSON object.
private struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

extension Decoder {
    /// The container of these keys. Throws ``Target/UnknownKey`` when the object has another.
    func container<Keys: CodingKey & CaseIterable>(
        only keys: Keys.Type
    ) throws -> KeyedDecodingContainer<Keys> {
        let known = Keys.allCases.map(\.stringValue)
        let others = try container(keyedBy: AnyKey.self).allKeys.map(\.stringValue)
            .filter { !known.contains($0) }
        if let first = others.min() {
            throw Target.UnknownKey(
                place: (codingPath.map(\.stringValue) + [first]).joined(separator: "."), known: known.sorted()
            )
        }
        return try container(keyedBy: Keys.self)
    }
}

extension KeyedDecodingContainer {
    /// The value of a key, or `fallback` when the key is absent.
    func value<Value: Decodable>(_ key: Key, or fallback: Value) throws -> Value {
        try decodeIfPresent(Value.self, forKey: key) ?? fallback
    }
}
