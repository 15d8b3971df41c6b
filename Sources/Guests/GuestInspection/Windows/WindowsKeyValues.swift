import ByteReading
import GuestFacts
import GuestFormats

/// The values of one key, read at once. A key that is absent has none; one that cannot be read has a gap, and so
/// has one whose hive is missing: nothing can be said of its values then.
struct WindowsKeyValues {
    /// As evidence names it: `HKLM\SYSTEM\Setup`.
    let place: String
    /// Why nothing is known of the values.
    let gap: Gap?
    let isPresent: Bool
    private let values: [String: RegistryValue]

    /// The values of `path` in a hive.
    init(_ path: String, in hive: String, _ reader: WindowsReader) {
        place = WindowsReader.display(path, in: hive)
        var found: [String: RegistryValue] = [:]
        let reading =
            path.isEmpty
            ? reader.hive(hive).value.map { hive in
                reader.attempt(place) { () throws(ImageFault) in try hive.root }
            } ?? .absent : reader.key(path, in: hive)
        let all = reader.values(of: reading)
        for value in all.value ?? [] { found[value.name.lowercased()] = value }
        values = found
        isPresent = all.value != nil
        switch reader.hive(hive) {
        case .absent: gap = Gap(where: place, kind: .absent, message: "the hive \(hive) is not there")
        case .unreadable(let own): gap = own
        case .found: gap = all.gap
        }
    }

    /// The values of a key below the control set that starts.
    init(control path: String, _ reader: WindowsReader) {
        self.init("\(reader.controlSetName)\\\(path)", in: "SYSTEM", reader)
    }

    subscript(_ name: String) -> RegistryValue? { values[name.lowercased()] }

    func number(_ name: String) -> Int? { self[name]?.integer.flatMap { Int(exactly: $0) } }

    /// A text that is not empty.
    func string(_ name: String) -> String? { self[name]?.string.flatMap { $0.isEmpty ? nil : $0 } }

    func strings(_ name: String) -> [String]? { self[name]?.strings }

    /// The key with what was found there.
    func evidence(_ excerpt: String) -> Evidence { Evidence(path: place, excerpt: excerpt) }

    /// The key with a number of it, or with its absence.
    func evidence(number name: String) -> Evidence {
        evidence(number(name).map { "\(name) = \($0)" } ?? "\(name) is absent")
    }
}
