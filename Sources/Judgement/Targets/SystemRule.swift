/// Picks out systems by what they say of themselves. All keys that are there must hold.
public struct SystemRule: Sendable, Hashable, Codable {
    /// What people call these systems.
    public var title: String
    /// `linux`, `windows`, `freebsd` …
    public var family: String?
    /// `ID` values of os-release.
    public var distributions: [String]?
    /// `VARIANT_ID` of os-release.
    public var variant: String?
    /// Part of the name.
    public var nameContains: String?
    /// Versions by their first numbers: `6` is any 6.x, `6.1` is 6.1 and 6.1.x.
    public var versions: [String]?
    /// Architectures.
    public var architectures: [String]?
    /// Whether it is a server; of Windows only.
    public var isServer: Bool?
    /// The lowest build of Windows.
    public var minBuild: Int?
    /// The highest build of Windows.
    public var maxBuild: Int?

    enum CodingKeys: String, CodingKey, CaseIterable {
        case title, family, distributions, variant, nameContains, versions, architectures, isServer, minBuild,
            maxBuild
    }

    /// Reads a rule.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(only: CodingKeys.self)
        title = try values.decode(String.self, forKey: .title)
        family = try values.decodeIfPresent(String.self, forKey: .family)
        distributions = try values.decodeIfPresent([String].self, forKey: .distributions)
        variant = try values.decodeIfPresent(String.self, forKey: .variant)
        nameContains = try values.decodeIfPresent(String.self, forKey: .nameContains)
        versions = try values.decodeIfPresent([String].self, forKey: .versions)
        architectures = try values.decodeIfPresent([String].self, forKey: .architectures)
        isServer = try values.decodeIfPresent(Bool.self, forKey: .isServer)
        minBuild = try values.decodeIfPresent(Int.self, forKey: .minBuild)
        maxBuild = try values.decodeIfPresent(Int.self, forKey: .maxBuild)
    }

    /// Whether `version` is one of `versions`, number by number.
    public static func version(_ version: String, isIn versions: [String]) -> Bool {
        let numbers = version.split(separator: ".")
        return versions.contains { wanted in numbers.starts(with: wanted.split(separator: ".")) }
    }
}
