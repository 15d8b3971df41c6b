import GuestFacts

/// The dates on which the maintenance of systems ends, from `Data/lifecycle.tsv`, which is part of the program and says
/// when and where they were read.
struct LifecycleTable {
    /// One version, or several that end together.
    struct Row {
        /// `ID` of os-release; `windows-server` or `windows`.
        var distribution: String
        /// Part of the name that tells it from another of the same id, of Windows of the edition (`EnterpriseS` is the
        /// long-term servicing channel); nil when none is needed.
        var nameContains: String?
        /// First numbers of the versions; builds of Windows.
        var versions: [String]
        /// `2028-06-30`, the last day of regular maintenance.
        var end: String
        /// What goes on after it, in the order of time.
        var extended: [Extended]
        /// Key of the source, which the head of the file names.
        var source: String
    }

    /// Maintenance after the regular one.
    struct Extended {
        var end: String
        var name: String
        /// Nobody has to buy or join it.
        var isForEverybody: Bool
    }

    let rows: [Row]

    static let shared = LifecycleTable(String(decoding: PackageResources.lifecycle_tsv, as: UTF8.self))

    /// Lines of six columns, divided by tabs: id, part of the name, versions, end, the extended maintenance (each with
    /// its last day and its name, `*` for everybody; divided by semicolons), key of the source. A dash is nothing; `#`
    /// begins a comment.
    init(_ text: String) {
        rows = text.split(separator: "\n").compactMap { line in
            let columns = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard !line.hasPrefix("#"), columns.count == 6 else { return nil }
            return Row(
                distribution: columns[0], nameContains: columns[1] == "-" ? nil : columns[1],
                versions: columns[2].split(separator: ",").map(String.init), end: columns[3],
                extended: columns[4] == "-" ? [] : columns[4].split(separator: ";").map(Self.extended),
                source: columns[5])
        }
    }

    /// ` 2028-06-30 long-term support*`
    private static func extended(_ text: Substring) -> Extended {
        let words = text.split(separator: " ")
        let name = words.dropFirst().joined(separator: " ")
        return Extended(
            end: words.first.map(String.init) ?? "",
            name: name.hasSuffix("*") ? String(name.dropLast()) : name,
            isForEverybody: name.hasSuffix("*"))
    }

    /// The row of a Linux. The one that asks for most comes first in the file.
    func row(for identity: OSIdentity) -> Row? {
        guard let version = identity.version ?? identity.versionID else { return nil }
        return rows.first { row in
            guard row.distribution == identity.distribution else { return false }
            if let part = row.nameContains, !(identity.name ?? "").contains(part) { return false }
            let numbers = version.split(separator: ".")
            return row.versions.contains { numbers.starts(with: $0.split(separator: ".")) }
        }
    }

    /// The row of a Windows.
    func row(build: Int, isServer: Bool, edition: String?) -> Row? {
        let name = isServer ? "windows-server" : "windows"
        return rows.first { row in
            guard row.distribution == name, row.versions.contains(String(build)) else { return false }
            return row.nameContains.map { edition?.contains($0) ?? false } ?? true
        }
    }

    /// The day of a moment, in UTC: `2026-11-26` (Gregorian calendar from days, as in "chrono-Compatible Low-Level Date
    /// Algorithms").
    static func date(_ secondsSince1970: Int64) -> String {
        let days = Int64((Double(secondsSince1970) / 86_400).rounded(.down)) + 719_468
        let era = (days >= 0 ? days : days - 146_096) / 146_097
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shifted + 2) / 5 + 1
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(year)-\(two(month))-\(two(day))"
    }
}
