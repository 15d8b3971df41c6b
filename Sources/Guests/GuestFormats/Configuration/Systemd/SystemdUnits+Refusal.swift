package import ByteReading

extension SystemdUnits {
    /// Why systemd does not take a unit into what it starts, whoever pulls it in.
    package struct Refusal: Hashable, Sendable {
        /// What is wrong.
        package enum Kind: Hashable, Sendable {
            /// A unit that is required is masked, by this path.
            case masked(by: String)
            /// A unit that is required has no file.
            case missing
            /// The settings make no service, for this reason.
            case invalid(String)
        }

        /// What is wrong.
        package let kind: Kind
        /// The unit it is wrong with: the one that was asked about, or one it requires.
        package let unit: String
        /// The unit that requires `unit`; nil when that is the one that was asked about.
        package let requiredBy: String?
        /// The setting or the link that requires it, or the line that is wrong.
        package let place: SourceLine?

        /// The reason as a sentence without its full stop.
        package var message: String {
            let puller = requiredBy.map { "\($0) requires" } ?? "systemd needs"
            return switch kind {
            case .masked: "\(puller) \(unit), which is masked"
            case .missing: "\(puller) \(unit), which does not exist"
            case .invalid(let why): "systemd does not load \(unit): \(why)"
            }
        }
    }

    /// Units that generators and udev make when the system starts, by the start of their names.
    private static let madeAtBoot = [
        "systemd-cryptsetup", "systemd-veritysetup", "systemd-integritysetup", "systemd-fsck",
        "systemd-growfs",
        "systemd-makefs", "systemd-mkswap", "netplan-", "lvm2-activation", "zfs-", "blk-availability",
        "snap-", "dracut-", "ostree-",
    ]

    /// Why a job for `name` is refused as a whole: systemd puts everything that is required (`Requires=`,
    /// `Requisite=`, `BindsTo=`, links in `.requires`) into one transaction, and one unit in it that is masked, absent
    /// or wrong ends it (`transaction_add_job_and_dependencies`). What is only wanted may fail.
    ///
    /// A unit that is itself masked or absent is not refused by this: its state says so.
    ///
    /// - Parameter generated: units that generators make.
    package mutating func refusal(
        of name: String, generated: Set<String> = []
    ) throws(ImageFault) -> Refusal? {
        var budget = Budget(5000, of: "required units")
        var seen: Set<String> = [name]
        var queue: [(name: String, requiredBy: String?, place: SourceLine?)] = [(name, nil, nil)]
        var position = 0
        while position < queue.count {
            let (current, requiredBy, place) = queue[position]
            position += 1
            try budget.spend()
            guard let unit = try unit(current) else {
                // What every service requires is there, or the system has no systemd to speak of.
                if requiredBy != nil, place != nil, !Self.mayAppear(current), !generated.contains(current) {
                    return Refusal(kind: .missing, unit: current, requiredBy: requiredBy, place: place)
                }
                continue
            }
            if let path = unit.maskedBy {
                if requiredBy == nil { return nil }
                return Refusal(kind: .masked(by: path), unit: current, requiredBy: requiredBy, place: place)
            }
            if let (why, source) = Self.fault(of: unit) {
                return Refusal(kind: .invalid(why), unit: unit.id, requiredBy: requiredBy, place: source)
            }
            for next in dependencies(of: unit) where next.isRequired && !next.isOnDemand {
                guard seen.insert(next.name).inserted else { continue }
                queue.append((next.name, unit.id, next.source))
            }
        }
        return nil
    }

    /// Whether a unit without a file may be there all the same: devices, mounts and what generators make.
    private static func mayAppear(_ name: String) -> Bool {
        guard let parsed = UnitName(name), !name.contains("%") else { return true }
        return ["device", "slice", "mount", "swap", "scope", "automount"].contains(parsed.type)
            || madeAtBoot.contains { name.hasPrefix($0) }
    }

    /// What `unit_load` and `service_verify` refuse: a heading without an end, a service without a program, and more
    /// than one program in a service that is not `Type=oneshot`.
    private static func fault(of unit: Unit) -> (why: String, source: SourceLine?)? {
        guard let file = unit.file else { return nil }
        if let heading = file.invalidHeading { return ("the heading of a section has no end", heading) }
        guard UnitName(unit.id)?.type == "service", file.hasSection("Service") else { return nil }
        let programs = file.values("Service", "ExecStart")
        // Without a program and a type it is one that only ends something (systemd.service(5)).
        let type = file.last("Service", "Type")?.value ?? (programs.isEmpty ? "oneshot" : "simple")
        if programs.count > 1, type != "oneshot" {
            return ("it has more than one ExecStart= and is not of Type=oneshot", programs.last?.source)
        }
        let endsOnly =
            type == "oneshot"
            && (!file.values("Service", "ExecStop").isEmpty || file.last("Unit", "SuccessAction") != nil)
        guard programs.isEmpty, !endsOnly else { return nil }
        let written = file.entries.last { $0.section == "Service" && $0.key == "ExecStart" }
        return ("it has no ExecStart=", written?.source)
    }
}
