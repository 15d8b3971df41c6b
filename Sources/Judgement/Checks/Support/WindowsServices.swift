import GuestFacts

/// Whether services of a Windows can start, with all that they rest on.
struct WindowsServices {
    /// Why a service cannot start.
    enum Fault: Equatable {
        case disabled, missing
        /// Its program or library is not there.
        case noFile(ProgramFacts)
    }

    /// A service that cannot start, and the one that was asked about if that is another.
    struct Break: Equatable {
        var name: String
        var fault: Fault
        var evidence: [Evidence]
        /// From the service asked about to this one, without it: `TermService`, `RPCSS`.
        var through: [String]
    }

    private let windows: WindowsFacts

    init(_ windows: WindowsFacts) { self.windows = windows }

    /// What keeps this one service from starting, whatever it rests on; nil when nothing is known to.
    func fault(of name: String) -> Break? {
        guard case .known(let record) = windows.record(of: name) else { return nil }
        guard let service = record else {
            return Break(
                name: name, fault: .missing,
                evidence: [Evidence(path: key(of: name), excerpt: "absent")], through: [])
        }
        if service.isDisabled {
            return Break(
                name: service.name, fault: .disabled, evidence: [service.startEvidence], through: [])
        }
        for file in [windows.access.serviceFiles[name.lowercased()], service.program] {
            guard let file, file.state == .missing || file.state == .empty else { continue }
            return Break(
                name: service.name, fault: .noFile(file), evidence: [file.evidence], through: [])
        }
        return nil
    }

    /// The first service that keeps this one from starting: itself, or one that it rests on.
    func firstBreak(of name: String) -> Break? {
        var seen: Set<String> = []
        return firstBreak(of: name, through: [], &seen)
    }

    /// Services do not rest on many others; the set keeps a circle from going on for ever.
    private func firstBreak(of name: String, through: [String], _ seen: inout Set<String>) -> Break? {
        guard through.count < 32, seen.insert(name.lowercased()).inserted else { return nil }
        if var found = fault(of: name) {
            found.through = through
            return found
        }
        for other in windows.access.dependencies[name.lowercased()] ?? [] where !other.hasPrefix("+") {
            if let found = firstBreak(of: other, through: through + [name], &seen) { return found }
        }
        return nil
    }

    /// Why it is not known whether this service has a record; nil when that is known.
    func doubt(about name: String) -> Gap? { windows.record(of: name).gap }

    /// The key of a service that may not exist.
    func key(of name: String) -> String {
        windows.service(name)?.key ?? #"HKLM\SYSTEM\\#(windows.controlSetName)\Services\\#(name)"#
    }

    /// Lets a service start again: with the system, or when somebody needs it.
    func enable(_ name: String, start: UInt32 = 2) -> Fix {
        let service = windows.service(name)
        var changes: [RegistryEdit.Change] = [
            .set(key: key(of: name), name: "Start", .dword(start))
        ]
        if service?.startOverride != nil {
            changes.append(.removeValue(key: key(of: name) + "\\StartOverride", name: "0"))
        }
        return .registry("Let \(service?.name ?? name) start again", changes)
    }

    /// How a broken one can be mended.
    func mend(_ found: Break, start: UInt32 = 2) -> [Fix] {
        switch found.fault {
        case .disabled: [enable(found.name, start: start)]
        case .missing, .noFile:
            [
                Fix(
                    "Let Windows repair its own components in the source system", where: .online,
                    kind: .online, risk: .medium,
                    commands: ["dism /online /cleanup-image /restorehealth", "sfc /scannow"])
            ]
        }
    }
}

extension WindowsServices.Break {
    /// The finding in words: what does not start, and what that keeps from starting.
    var message: String {
        let what =
            switch fault {
            case .disabled: "The service \(name) is disabled"
            case .missing: "The service \(name) has no record"
            case .noFile(let file): "The service \(name) cannot start, its file \(file.path) is not there"
            }
        guard let asked = through.first else { return what + "." }
        return "\(what); \(asked) needs it."
    }
}
