/// A place to launch an image: the hardware the guest will meet and the rules of the house. It is data, and so is
/// each target that comes with the program; one of a user's own is a JSON file of the same shape
/// (`schema/target-1.schema.json`).
///
/// Keys that a file leaves out have the values of a plain KVM host; a key that does not exist is an
/// ``UnknownKey``, because a misspelt rule that is silently left out makes wrong verdicts.
public struct Target: Sendable, Hashable, Codable {
    /// What the command line calls it: `alibaba-ecs`.
    public var id: String
    /// What people call it.
    public var title: String
    /// What the guest will meet.
    public var hardware: Hardware
    /// What the place wants.
    public var rules: Rules

    enum CodingKeys: String, CodingKey, CaseIterable {
        case schema = "$schema"
        case id, title, hardware, rules
    }

    /// Reads a target; `$schema`, which editors look for, is passed over.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(only: CodingKeys.self)
        id = try values.decode(String.self, forKey: .id)
        title = try values.decode(String.self, forKey: .title)
        hardware = try values.decode(Hardware.self, forKey: .hardware)
        rules = try values.decode(Rules.self, forKey: .rules)
    }

    /// Writes a target.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(id, forKey: .id)
        try values.encode(title, forKey: .title)
        try values.encode(hardware, forKey: .hardware)
        try values.encode(rules, forKey: .rules)
    }

    /// Where a rule comes from.
    public struct Source: Sendable, Hashable, Codable {
        /// The document. Where nobody could find one, it ends with "not verified".
        public var title: String
        /// Where the document is; absent where there is none.
        public var url: String?
        /// The date that the document bears; where it bears none, the day on which the values were read. Of values that
        /// are not verified: when they were put down. `2025`, `2026-11`, `2026-11-26`.
        public var date: String
        /// The keys of the target that it is the source of: `formats`, `sizeGiB`; absent for all.
        public var about: [String]?

        enum CodingKeys: String, CodingKey, CaseIterable {
            case title, url, date, about
        }

        /// Reads a source.
        public init(from decoder: any Decoder) throws {
            let values = try decoder.container(only: CodingKeys.self)
            title = try values.decode(String.self, forKey: .title)
            url = try values.decodeIfPresent(String.self, forKey: .url)
            date = try values.decode(String.self, forKey: .date)
            about = try values.decodeIfPresent([String].self, forKey: .about)
        }
    }
}
