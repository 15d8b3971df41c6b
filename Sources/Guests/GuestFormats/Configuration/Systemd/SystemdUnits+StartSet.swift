package import ByteReading

extension SystemdUnits {
    /// What a boot to a target starts.
    package struct StartSet: Sendable {
        /// Why a unit is in the set.
        package struct Reason: Hashable, Sendable {
            /// The unit that pulls it in; nil for the target itself.
            package let puller: String?
            /// How: `wants link /etc/…`, `Requires=`, `socket`.
            package let how: String
            /// Whether the unit starts only when something happens: a connection, a timer, a path.
            package let isOnDemand: Bool
        }

        /// The units in the set by the id they are loaded under.
        package fileprivate(set) var reasons: [String: Reason] = [:]
        /// Names that were pulled in and are other names of units in the set.
        package fileprivate(set) var aliases: [String: String] = [:]
        /// Units that are pulled in but masked, with the path that masks them.
        package fileprivate(set) var masked: [String: String] = [:]
        /// Units that are pulled in and do not exist, with who requires rather than wants them.
        package fileprivate(set) var missing: [String: Bool] = [:]

        /// Whether `unit` starts at boot or on demand.
        package func contains(_ unit: String) -> Bool { reasons[aliases[unit] ?? unit] != nil }

        /// Whether `unit` starts at boot without waiting for anything.
        package func starts(_ unit: String) -> Bool {
            reasons[aliases[unit] ?? unit].map { !$0.isOnDemand } ?? false
        }

        /// Why `unit` is in the set.
        package func reason(_ unit: String) -> Reason? { reasons[aliases[unit] ?? unit] }

        /// The way from the target to `unit`, `unit` last; empty when it is not in the set.
        package func chain(to unit: String) -> [String] {
            var chain: [String] = []
            var current: String? = aliases[unit] ?? unit
            while let name = current, let reason = reasons[name], !chain.contains(name) {
                chain.append(name)
                current = reason.puller
            }
            return chain.reversed()
        }
    }

    private static let pulling = ["Requires", "Requisite", "BindsTo", "Wants", "Upholds"]

    /// Everything that is started when the system boots to `target`, by links and by the units' own settings.
    ///
    /// Conditions, conflicts, udev and D-Bus activation are not looked at: a unit in the set is one that systemd
    /// will try to start.
    ///
    /// - Parameter extra: what generators would add (`puller`, `unit`): a serial getty, mounts of fstab,
    ///   `cloud-init.target`, links of presets.
    package mutating func startSet(
        from target: String = "default.target", extra: [(puller: String, unit: String)] = []
    ) throws(ImageFault) -> StartSet {
        var set = StartSet()
        var budget = Budget(50000, of: "unit dependencies")
        var queue: [(name: String, reason: StartSet.Reason, isRequired: Bool)] = [
            (target, .init(puller: nil, how: "boot", isOnDemand: false), true)
        ]
        var position = 0
        while position < queue.count {
            let (name, reason, isRequired) = queue[position]
            position += 1
            try budget.spend()
            guard let unit = try unit(name) else {
                // Devices and slices need no file.
                let type = UnitName(name)?.type
                if type != "device", type != "slice", type != "mount", type != "swap" {
                    set.missing[name] = (set.missing[name] ?? false) || isRequired
                }
                if extra.contains(where: { $0.unit == name }) { set.reasons[name] = reason }
                continue
            }
            if let path = unit.maskedBy {
                set.masked[name] = path
                continue
            }
            if unit.id != name { set.aliases[name] = unit.id }
            if let known = set.reasons[unit.id], !known.isOnDemand || reason.isOnDemand { continue }
            set.reasons[unit.id] = reason
            for next in dependencies(of: unit)
                + extra.filter({ $0.puller == unit.id || $0.puller == name }).map({
                    Dependency(name: $0.unit, how: "generator", isOnDemand: false, isRequired: false)
                })
            {
                queue.append(
                    (
                        next.name,
                        .init(
                            puller: unit.id, how: next.how, isOnDemand: next.isOnDemand || reason.isOnDemand),
                        next.isRequired
                    ))
            }
        }
        for directory in directories {
            for (name, entry) in directory.entries where !name.contains("/") && set.aliases[name] == nil {
                guard case .link = entry, UnitName(name) != nil, let unit = try unit(name) else { continue }
                if unit.id != name, set.reasons[unit.id] != nil { set.aliases[name] = unit.id }
            }
        }
        return set
    }

    /// One unit that another pulls in.
    struct Dependency {
        let name: String
        let how: String
        let isOnDemand: Bool
        let isRequired: Bool
        /// The line or the link that says so; nil for what every unit of the type has.
        var source: SourceLine?
    }

    /// What a unit pulls in: by links in `.wants` and its like, by its settings, and by its type.
    func dependencies(of unit: Unit) -> [Dependency] {
        var next: [Dependency] = []
        let names = Set([unit.id, unit.name])
        let parsed = UnitName(unit.id)
        let templates = [parsed?.template].compactMap { $0 }
        for name in names.sorted() + templates {
            for suffix in ["wants", "requires", "upholds"] {
                var seen: Set<String> = []
                for (directory, path) in children(of: "\(name).\(suffix)") {
                    let child = Self.lastComponent(path)
                    // A link to /dev/null here hides the same link of a later directory.
                    guard seen.insert(child).inserted, directory.entries[path] != .link(target: "/dev/null")
                    else {
                        continue
                    }
                    let link = "\(directory.path)/\(path)"
                    next.append(
                        Dependency(
                            name: child, how: link, isOnDemand: false, isRequired: suffix == "requires",
                            source: SourceLine(file: link, line: 1, excerpt: "")))
                }
            }
        }
        guard let file = unit.file else { return next }
        for key in Self.pulling {
            for (word, source) in file.words("Unit", key) {
                guard let name = parsed?.expanded(word) ?? Optional(word) else { continue }
                next.append(
                    Dependency(
                        name: name, how: "\(key)= at \(source)", isOnDemand: false,
                        isRequired: key != "Wants" && key != "Upholds", source: source))
            }
        }
        let hasDefaults =
            file.last("Unit", "DefaultDependencies").flatMap { AsciiText.boolean($0.value) } ?? true
        if hasDefaults, let type = parsed?.type,
            ["service", "socket", "timer", "path", "mount"].contains(type)
        {
            next.append(
                Dependency(
                    name: "sysinit.target", how: "default dependency", isOnDemand: false, isRequired: true))
        }
        switch parsed?.type {
        case "socket":
            // With Accept=yes every connection has an instance of a template.
            let accepts = file.last("Socket", "Accept").flatMap { AsciiText.boolean($0.value) } ?? false
            let stem = parsed?.prefix ?? ""
            let named = file.last("Socket", "Service")?.value
            next.append(
                Dependency(
                    name: named ?? (accepts ? "\(stem)@.service" : "\(stem).service"), how: "socket",
                    isOnDemand: true, isRequired: false))
        case "timer", "path":
            let section = parsed?.type == "timer" ? "Timer" : "Path"
            let named = file.last(section, "Unit")?.value
            let stem = unit.id.dropLast(section.count + 1)
            next.append(
                Dependency(
                    name: named ?? "\(stem).service", how: section, isOnDemand: true, isRequired: false))
        case "automount":
            next.append(
                Dependency(
                    name: "\(parsed?.prefix ?? "").mount", how: "automount", isOnDemand: true,
                    isRequired: false))
        default:
            break
        }
        return next
    }
}
