import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// The conditions of a unit (`Condition…=`, `Assert…=`) whose answer the image gives (systemd.unit(5)).
struct UnitConditions {
    let reader: GuestReader

    /// Directories that are filled when the system runs.
    private static let volatile = ["/run", "/var/run", "/proc", "/sys", "/dev", "/tmp"]

    /// What `ConditionVirtualization=` calls machines that are no target of this product, and containers.
    private static let otherPlaces = NetworkdFile.otherMachines.union([
        "no", "container", "qnx", "acrn", "apple", "sre", "openvz", "lxc", "lxc-libvirt", "systemd-nspawn",
        "docker", "podman", "rkt", "wsl", "proot", "pouch",
    ])

    /// The setting for which systemd passes over the unit: one that does not hold, or the last of those of which
    /// one has to (`|`); nil when all hold or are not known.
    func failing(in file: UnitFile) -> UnitFile.Entry? {
        for kind in ["Condition", "Assert"] {
            var triggers: [(entry: UnitFile.Entry, answer: Bool?)] = []
            for entry in file.entries where entry.section == "Unit" && entry.key.hasPrefix(kind) {
                let name = String(entry.key.dropFirst(kind.count))
                var value = entry.value[...]
                if value.isEmpty {
                    // An empty value takes back all conditions before it.
                    triggers = []
                    continue
                }
                let isTrigger = value.hasPrefix("|")
                if isTrigger { value = value.dropFirst() }
                let isNegated = value.hasPrefix("!")
                if isNegated { value = value.dropFirst() }
                let answer = holds(name, String(value)).map { $0 != isNegated }
                if isTrigger {
                    triggers.append((entry, answer))
                } else if answer == false, !isTakenBack(entry, kind, in: file) {
                    return entry
                }
            }
            if let last = triggers.last, triggers.allSatisfy({ $0.answer == false }) { return last.entry }
        }
        return nil
    }

    /// Whether an empty value of any condition follows.
    private func isTakenBack(_ entry: UnitFile.Entry, _ kind: String, in file: UnitFile) -> Bool {
        let all = file.entries.filter { $0.section == "Unit" && $0.key.hasPrefix(kind) }
        guard let own = all.lastIndex(of: entry) else { return false }
        return all[own...].contains { $0.value.isEmpty }
    }

    private func holds(_ name: String, _ value: String) -> Bool? {
        switch name {
        case "Virtualization":
            if ["yes", "vm", "kvm"].contains(value) { return true }
            return UnitConditions.otherPlaces.contains(value) ? false : nil
        case "PathExists": return answer(value) { _ in true }
        case "PathIsDirectory": return answer(value) { $0.type == .directory }
        case "FileNotEmpty": return answer(value) { $0.type == .regular && $0.size > 0 }
        case "FileIsExecutable": return answer(value) { $0.type == .regular && $0.permissions & 0o111 != 0 }
        default: return nil
        }
    }

    private func answer(_ path: String, _ test: (FileInfo) -> Bool) -> Bool? {
        guard path.hasPrefix("/"), !path.contains("%"),
            !UnitConditions.volatile.contains(where: { path == $0 || path.hasPrefix($0 + "/") })
        else { return nil }
        return switch reader.info(path) {
        case .found(let info): test(info)
        case .absent: false
        case .unreadable: nil
        }
    }
}
