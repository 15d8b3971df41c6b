/// The menu of systemd-boot, as it orders its entries (src/boot/boot.c, `boot_entry_compare`,
/// `config_select_default_entry`).
package struct SystemdBootMenu: Sendable {
    /// What an entry starts.
    package enum Entry: Sendable {
        /// A file in `loader/entries`.
        case file(BootLoaderSpecificationEntry)
        /// A unified kernel image in `EFI/Linux`.
        case unifiedKernelImage(name: String, release: [String: String])

        /// The name of the file.
        package var fileName: String {
            switch self {
            case .file(let entry): entry.fileName
            case .unifiedKernelImage(let name, _): name
            }
        }

        /// The identifier without `.conf` or `.efi` and without boot counters.
        package var identifier: String { split.name }

        /// Starts left and starts done, nil when they are not counted.
        var counters: (left: Int, done: Int)? { split.counters }

        private var suffix: String {
            switch self {
            case .file: ".conf"
            case .unifiedKernelImage: ".efi"
            }
        }

        private var split: (name: String, counters: (left: Int, done: Int)?) {
            let name = fileName
            return BootLoaderSpecificationEntry.counters(
                name.lowercased().hasSuffix(suffix) ? String(name.dropLast(suffix.utf8.count)) : name)
        }

        /// The identifier by which entries are sorted: with its suffix, in small letters.
        var sortIdentifier: String { (identifier + suffix).lowercased() }

        /// What patterns are compared with, by the newest versions first. Since version 256 boot counters are not
        /// part of it, before they were; before version 246 neither was the suffix.
        var names: [String] {
            [sortIdentifier, fileName.lowercased(), identifier.lowercased()]
        }

        /// Sort key, machine and version: what entries are ordered by before their names.
        var order: (sortKey: String?, machine: String, version: String) {
            switch self {
            case .file(let entry):
                (
                    entry.last("sort-key")?.value, entry.last("machine-id")?.value ?? "",
                    entry.last("version")?.value ?? ""
                )
            case .unifiedKernelImage(_, let release):
                (
                    release["IMAGE_ID"] ?? release["ID"], "",
                    release["IMAGE_VERSION"] ?? release["VERSION"] ?? release["VERSION_ID"] ?? release[
                        "BUILD_ID"] ?? ""
                )
            }
        }
    }

    /// The entries, first shown first.
    package let entries: [Entry]
    /// Index of the default entry; nil when there is none.
    package let defaultIndex: Int?
    /// Whether `default` names an entry.
    package let isDefaultFound: Bool
    /// Whether another version of systemd-boot would take another entry.
    package let dependsOnVersion: Bool

    /// Orders `entries` and finds the default one. On a fresh machine there are no EFI variables, so only
    /// `loader.conf` counts; nothing was saved there either, so `@saved` names none.
    package init(_ entries: [Entry], configuration: SystemdBootConfiguration?) {
        let sorted = entries.sorted { Self.compare($0, $1) < 0 }
        self.entries = sorted
        let pattern = configuration?.defaultPattern?.lowercased()
        func index(_ pattern: String?, _ name: (Entry) -> String) -> Int? {
            guard let pattern, pattern != "@saved" else { return nil }
            return sorted.firstIndex { BootGlob.matches(name($0), pattern) }
        }
        let newest = index(pattern) { $0.names[0] }
        let older = index(pattern) { $0.names[1] }
        let oldest = index(pattern) { $0.names[2] }
        let chosen = newest ?? older ?? oldest
        isDefaultFound = chosen != nil
        let standard = chosen ?? (sorted.isEmpty ? nil : 0)
        defaultIndex = standard
        let preferred = index(configuration?.preferredPattern?.lowercased()) { $0.names[0] }
        let isPreferredUsable = preferred.map { sorted[$0].counters?.left != 0 } ?? false
        let isOnlyOld = newest == nil && older == nil && oldest ?? 0 != 0
        dependsOnVersion =
            (newest ?? 0) != (older ?? 0) || isOnlyOld || isPreferredUsable && preferred != standard
    }

    /// Less than zero when `left` is shown first: entries with no starts left come last, entries with a sort key
    /// before those without, then newer versions first.
    private static func compare(_ left: Entry, _ right: Entry) -> Int {
        let isBad = (left.counters?.left == 0, right.counters?.left == 0)
        if isBad.0 != isBad.1 { return isBad.0 ? 1 : -1 }
        let (a, b) = (left.order, right.order)
        if (a.sortKey != nil) != (b.sortKey != nil) { return a.sortKey != nil ? -1 : 1 }
        if let first = a.sortKey, let second = b.sortKey {
            if first != second { return first < second ? -1 : 1 }
            if a.machine != b.machine { return a.machine < b.machine ? -1 : 1 }
            let versions = SystemdVersion.compare(a.version, b.version)
            if versions != 0 { return -versions }
        }
        let names = SystemdVersion.compare(left.sortIdentifier, right.sortIdentifier)
        if names != 0 { return -names }
        guard let one = left.counters, let two = right.counters else { return 0 }
        return one.left != two.left ? two.left - one.left : one.done - two.done
    }
}
