import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// The state of the hives of the system, after everything else has been read from them.
struct WindowsHiveInspection {
    let reader: WindowsReader

    /// Hives every Windows has, with keys that must be there for it to start.
    private func wanted(_ generation: WindowsGeneration?) -> [(name: String, keys: [String])] {
        let set = reader.controlSetName
        var hives = [
            (name: "SYSTEM", keys: ["Select", "\(set)\\Control", "\(set)\\Services", "\(set)\\Enum"]),
            (name: "SOFTWARE", keys: ["Microsoft\\Windows NT\\CurrentVersion"]),
            (name: "SAM", keys: ["SAM\\Domains\\Account"]),
            (name: "SECURITY", keys: ["Policy"]),
            (name: "DEFAULT", keys: []),
        ]
        guard let generation else { return hives }
        if generation >= .vista { hives.append((name: "COMPONENTS", keys: [])) }
        if generation >= .eight { hives.append((name: "DRIVERS", keys: [])) }
        return hives
    }

    func inspect(_ identity: WindowsIdentity) -> [HiveFacts] {
        wanted(identity.generation).map { facts($0.name, keys: $0.keys) }
    }

    private func facts(_ name: String, keys: [String]) -> HiveFacts {
        let path = reader.hiveDirectory + "/" + name
        let shown = reader.paths.display(path)
        var facts = HiveFacts(name: name, path: shown, state: .clean)
        facts.size = reader.files.info(path).value?.size
        switch reader.hive(name) {
        case .absent: facts.state = .missing
        case .unreadable(let gap):
            facts.state = gap.kind == .corrupt || gap.kind == .truncated ? .corrupt : .unreadable
            facts.message = gap.message
        case .found(let hive):
            switch hive.state {
            case .clean: facts.state = .clean
            case .replayed(let replay):
                facts.state = .replayed
                let writes = replay.entries == 1 ? "one write was" : "\(replay.entries) writes were"
                facts.message = "\(writes) taken from its logs"
            case .dirty(let why):
                // Also one whose header is gone: some versions of Windows make the header anew from the first
                // bin, so whether they load it is not known.
                facts.state = .dirty
                facts.message = why.description
            }
            do { _ = try hive.root } catch {
                // Windows checks the root when it loads a hive and has no way to make another.
                if error.kind == .corrupt || error.kind == .truncated {
                    facts.state = .corrupt
                    facts.message = "the root key cannot be read: \(error.message)"
                }
            }
            for key in keys {
                switch reader.key(key, in: name) {
                case .found: break
                case .absent: facts.missingKeys.append(key)
                case .unreadable(let gap):
                    if gap.kind == .corrupt || gap.kind == .truncated {
                        facts.damage.append(gap.message)
                    } else {
                        // What cannot be read says nothing about the hive, least of all that it is whole.
                        facts.state = .unreadable
                        facts.message = gap.message
                    }
                }
            }
            facts.damage += hive.damage.prefix(16).map { "\($0)" }.filter { !facts.damage.contains($0) }
        }
        return facts
    }
}
