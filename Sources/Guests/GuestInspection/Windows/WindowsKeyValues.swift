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
    private let values: [String: RegistryValue]

    /// The values of `path` in a hive.
    init(_ path: String, in hiveName: String, _ reader: WindowsReader) {
        let shown = WindowsReader.display(path, in: hiveName)
        place = shown
        let key: Reading<RegistryKey>
        switch reader.hive(hiveName) {
        case .absent: key = .absent
        case .unreadable(let gap): key = .unreadable(gap)
        case .found(let hive):
            key = reader.attempt(shown) { () throws(ImageFault) in
                try path.isEmpty ? hive.root : hive.key(path)
            }
        }
        let all = reader.values(of: key)
        var found: [String: RegistryValue] = [:]
        for value in all.value ?? [] { found[value.name.lowercased()] = value }
        values = found
        let isMissing = reader.hive(hiveName).presence == .no
        gap =
            isMissing
            ? Gap(where: shown, kind: .absent, message: "the hive \(hiveName) is not there") : all.gap
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
