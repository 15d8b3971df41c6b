import ByteReading
import GuestFacts
import GuestFormats

/// SysV init: `/etc/inittab` names the level, links in its directory name the scripts.
struct SysVServices: InitServices {
    private let reader: GuestReader
    private let scripts: RunlevelScripts
    private let table: Reading<Inittab>
    private let starts: [RunlevelScripts.Start]
    let defaultTarget: Located<String>?
    private(set) var gap: Gap?

    init(reader: GuestReader, commandLine: CommandLineFacts?) {
        self.reader = reader
        scripts = RunlevelScripts(reader: reader)
        table = reader.parse("/etc/inittab") { (bytes) throws(ImageFault) in try Inittab(bytes) }
        defaultTarget =
            commandLine?.runlevel
            ?? table.value?.defaultRunlevel.map { Located(String($0.level), Evidence($0.source)) }
        gap = table.gap
        guard let level = defaultTarget?.value else {
            starts = []
            return
        }
        let found = scripts.starts(in: level)
        starts = found.value ?? []
        gap = gap ?? found.gap
    }

    func unit(_ name: String) -> UnitFacts {
        if let terminal = ServiceName.terminal(of: name) { return getty(name, on: terminal) }
        let names = ServiceName.scripts(for: name)
        guard !names.isEmpty else { return UnitFacts(name: name, state: .missing, starts: .no) }
        if let start = starts.first(where: { names.contains($0.link.script) }) {
            let runs = scripts.runs(start.path)
            return UnitFacts(
                name: name, state: runs.answer == .no ? .disabled : .enabled, starts: runs.answer,
                evidence: [Evidence(path: start.path, excerpt: runs.why)])
        }
        if let entry = respawned(names) {
            return UnitFacts(name: name, state: .enabled, starts: .yes, evidence: [Evidence(entry.source)])
        }
        if names.contains("udev"), let path = standardUdev {
            return UnitFacts(
                name: name, state: .enabled, starts: .yes,
                evidence: [Evidence(path: path, excerpt: "started by rc.sysinit")])
        }
        return notStarted(name, names)
    }

    /// Red Hat's rc.sysinit starts udev itself.
    private var standardUdev: String? {
        guard reader.exists("/etc/rc.d/rc.sysinit") == .yes, reader.exists("/sbin/start_udev") == .yes else {
            return nil
        }
        return "/sbin/start_udev"
    }

    private func notStarted(_ name: String, _ names: [String]) -> UnitFacts {
        let mention = scripts.localMention(of: names)
        let isOpen = gap != nil || defaultTarget == nil || mention != nil
        for script in names {
            switch scripts.script(script) {
            case .absent: continue
            case .unreadable(let gap):
                return UnitFacts(
                    name: name, state: .missing, starts: .unknown,
                    evidence: [Evidence(path: gap.where, excerpt: gap.message)])
            case .found(let path):
                let switched = slackwareSwitch(path)
                return UnitFacts(
                    name: name, state: switched == .yes ? .enabled : .disabled,
                    starts: switched ?? (isOpen ? .unknown : .no),
                    evidence: [
                        mention ?? scripts.header(of: path) ?? Evidence(path: path, excerpt: "no link")
                    ])
            }
        }
        return UnitFacts(
            name: name, state: .missing, starts: isOpen ? .unknown : .no, evidence: mention.map { [$0] } ?? []
        )
    }

    /// Slackware has no links: what is executable in `/etc/rc.d` and named in one of its start scripts starts.
    private func slackwareSwitch(_ path: String) -> Answer? {
        guard path.hasPrefix("/etc/rc.d/rc."), reader.exists("/etc/rc.d/rc.M") == .yes else { return nil }
        guard scripts.runs(path).answer == .yes else { return .no }
        let starters = ["/etc/rc.d/rc.M", "/etc/rc.d/rc.inet2", "/etc/rc.d/rc.S"]
        let isNamed = starters.contains { reader.file($0).value?.text.contains(path) ?? false }
        return isNamed ? .yes : .unknown
    }

    /// A program that init itself keeps running.
    private func respawned(_ names: [String]) -> Inittab.Entry? {
        active.first { entry in
            guard ["respawn", "once", "wait"].contains(entry.action) else { return false }
            let program = entry.process.split(whereSeparator: \.isWhitespace).first ?? ""
            return names.contains(program.split(separator: "/").last.map(String.init) ?? "")
        }
    }

    /// The entries of inittab for the level the boot goes to.
    private var active: [Inittab.Entry] {
        guard let level = defaultTarget?.value.first else { return [] }
        return (table.value?.entries ?? []).filter { $0.runlevels.isEmpty || $0.runlevels.contains(level) }
    }

    // MARK: Terminals

    var terminals: [Located<String>] {
        (table.value?.terminals ?? []).map { Located($0.name, Evidence($0.source)) }
    }

    private func getty(_ name: String, on terminal: String) -> UnitFacts {
        guard let found = terminals.first(where: { $0.value == terminal }) else {
            let isOpen = gap != nil
            return UnitFacts(name: name, state: .missing, starts: isOpen ? .unknown : .no)
        }
        let isActive = active.contains { Evidence($0.source) == found.evidence }
        return UnitFacts(
            name: name, state: isActive ? .enabled : .disabled, starts: isActive ? .yes : .no,
            evidence: [found.evidence])
    }

    // MARK: Problems

    var problems: [StructureFinding] {
        var found: [StructureFinding] = []
        if case .absent = table {
            found.append(
                StructureFinding(
                    code: "Init.DefaultTargetMissing",
                    message: "init finds no /etc/inittab and asks for a run level at the console",
                    evidence: Evidence(path: "/etc/inittab", excerpt: "absent")))
        } else if table.value != nil, defaultTarget == nil {
            found.append(
                StructureFinding(
                    code: "Init.DefaultTargetMissing",
                    message: "no initdefault line: init asks for a run level at the console",
                    evidence: Evidence(path: "/etc/inittab", excerpt: "no initdefault")))
        }
        for entry in table.value?.entries ?? []
        where ["sysinit", "bootwait", "wait"].contains(entry.action)
            && (entry.action != "wait" || active.contains { $0.id == entry.id })
        {
            let program = entry.process.split(whereSeparator: \.isWhitespace).first.map(String.init) ?? ""
            guard program.hasPrefix("/"), reader.exists(program) == .no else { continue }
            found.append(
                StructureFinding(
                    code: "Init.ScriptMissing",
                    message: "\(program), which init runs to bring the system up, does not exist",
                    evidence: Evidence(entry.source)))
        }
        return found
    }
}
