import ByteReading
import GuestFacts
import GuestFormats

/// Reads the values of an area and remembers the first thing that could not be read, so that a setting that is
/// absent is not mistaken for one that is lost.
final class WindowsSettings {
    let reader: WindowsReader
    private(set) var gap: Gap?

    init(reader: WindowsReader) { self.reader = reader }

    /// A key with its name for evidence.
    struct Key {
        var reading: Reading<RegistryKey>
        var shown: String
        /// Where the key is, for what had to be left out of it.
        var hive: Hive?

        var exists: Bool { reading.value != nil }
    }

    /// A key below the control set that starts.
    func control(_ path: String) -> Key {
        noted(
            Key(
                reading: reader.control(path), shown: reader.displayControl(path),
                hive: reader.hive("SYSTEM").value))
    }

    /// A key of a hive.
    func key(_ path: String, in hive: String) -> Key {
        noted(
            Key(
                reading: reader.key(path, in: hive), shown: WindowsReader.display(path, in: hive),
                hive: reader.hive(hive).value))
    }

    /// A key below another.
    func key(_ path: String, below key: Key) -> Key {
        let shown = key.shown + "\\" + path
        switch key.reading {
        case .absent: return Key(reading: .absent, shown: shown)
        case .unreadable(let gap): return Key(reading: .unreadable(gap), shown: shown)
        case .found(let found):
            return noted(
                Key(
                    reading: reader.attempt(shown) { () throws(ImageFault) in try found.key(path) },
                    shown: shown, hive: key.hive))
        }
    }

    /// The keys directly below a key. What the hive had to leave out is a gap.
    func subkeys(of key: Key) -> [(name: String, key: Key)] {
        enumerate(key) { (key) throws(ImageFault) in try key.subkeys() }.map {
            ($0.name, Key(reading: .found($0), shown: key.shown + "\\" + $0.name, hive: key.hive))
        }
    }

    /// The values of a key. What the hive had to leave out is a gap.
    func values(of key: Key) -> [RegistryValue] {
        enumerate(key) { (key) throws(ImageFault) in try key.values() }
    }

    private func enumerate<Element: Sendable>(
        _ key: Key, _ body: (RegistryKey) throws(ImageFault) -> [Element]
    ) -> [Element] {
        guard let found = key.reading.value else { return [] }
        let reading = reader.attempt(key.shown) { () throws(ImageFault) in try body(found) }
        note(reading.gap)
        if let fault = key.hive?.damage.first(where: { $0.location.contains(found.path) }) {
            note(Gap(fault, at: key.shown))
        }
        return reading.value ?? []
    }

    func value(_ name: String, of key: Key) -> RegistryValue? {
        let reading = reader.value(name, of: key.reading)
        note(reading.gap)
        return reading.value
    }

    func text(_ name: String, of key: Key) -> String? { value(name, of: key)?.string }

    /// A number with the place it stands in; nil when the value is absent or no number.
    func number(_ name: String, of key: Key) -> Located<UInt64>? {
        value(name, of: key)?.integer.map {
            Located($0, Evidence(path: key.shown, excerpt: "\(name) = \($0)"))
        }
    }

    /// Remembers a gap, if it is the first.
    func note(_ gap: Gap?) {
        if self.gap == nil { self.gap = gap }
    }

    private func noted(_ key: Key) -> Key {
        note(key.reading.gap)
        return key
    }
}
