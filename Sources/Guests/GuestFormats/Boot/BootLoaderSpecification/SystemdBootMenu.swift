/// The menu of systemd-boot, as it orders its entries (src/boot/efi/boot.c).
package struct SystemdBootMenu: Sendable {
    /// What an entry starts.
    package enum Entry: Sendable {
        /// A file in `loader/entries`.
        case file(BootLoaderSpecificationEntry)
        /// A unified kernel image in `EFI/Linux`.
        case unifiedKernelImage(name: String, release: [String: String])

        /// The identifier without `.conf` or `.efi` and without boot counters.
        package var identifier: String {
            switch self {
            case .file(let entry): entry.identifier
            case .unifiedKernelImage(let name, _): Self.split(name).0
            }
        }

        /// Starts left, nil when they are not counted.
        var startsLeft: Int? {
            switch self {
            case .file(let entry): entry.bootCounters?.left
            case .unifiedKernelImage(let name, _): Self.split(name).1?.left
            }
        }

        private static func split(_ name: String) -> (String, (left: Int, done: Int)?) {
            BootLoaderSpecificationEntry.counters(
                name.lowercased().hasSuffix(".efi") ? String(name.dropLast(4)) : name)
        }

        /// Sort key, machine and version: what entries are ordered by before their names.
        var order: (sortKey: String?, machine: String, version: String) {
            switch self {
            case .file(let entry): (entry.sortKey, entry.machineIdentifier ?? "", entry.version ?? "")
            case .unifiedKernelImage(_, let release):
                (
                    release["IMAGE_ID"] ?? release["ID"], "",
                    release["IMAGE_VERSION"] ?? release["VERSION"] ?? release["BUILD_ID"] ?? ""
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

    /// Orders `entries` and finds the default one. On a fresh machine there are no EFI variables, so only
    /// `loader.conf` counts.
    package init(_ entries: [Entry], configuration: SystemdBootConfiguration?) {
        let sorted = entries.sorted { Self.compare($0, $1) < 0 }
        self.entries = sorted
        let pattern = configuration?.defaultPattern
        let named = pattern.flatMap { pattern in
            sorted.firstIndex { entry in
                let suffix =
                    switch entry {
                    case .file: ".conf"
                    case .unifiedKernelImage: ".efi"
                    }
                // Patterns may be written with or without the suffix.
                return BootGlob.matches(entry.identifier + suffix, pattern, isCaseSensitive: false)
                    || BootGlob.matches(entry.identifier, pattern, isCaseSensitive: false)
            }
        }
        isDefaultFound = named != nil
        defaultIndex = named ?? (sorted.isEmpty ? nil : 0)
    }

    /// Less than zero when `left` is shown first: entries with no starts left come last, entries with a sort key
    /// before those without, then newer versions first.
    private static func compare(_ left: Entry, _ right: Entry) -> Int {
        let isBad = (left.startsLeft == 0, right.startsLeft == 0)
        if isBad.0 != isBad.1 { return isBad.0 ? 1 : -1 }
        let (a, b) = (left.order, right.order)
        if (a.sortKey != nil) != (b.sortKey != nil) { return a.sortKey != nil ? -1 : 1 }
        if let first = a.sortKey, let second = b.sortKey {
            if first != second { return first < second ? -1 : 1 }
            if a.machine != b.machine { return a.machine < b.machine ? -1 : 1 }
            let versions = RPMVersion.compare(a.version, b.version, plusIsLower: false)
            if versions != 0 { return -versions }
        }
        return -RPMVersion.compare(left.identifier, right.identifier, plusIsLower: false)
    }
}
