import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// OpenRC, by itself or below busybox or SysV init: links in `/etc/runlevels`, and what their scripts need.
struct OpenRCServices: InitServices {
    private let reader: GuestReader
    private let table: Inittab?
    /// Services of the levels, and the link that puts each there.
    private var wanted: [String: Evidence] = [:]
    /// Services that others need or want, with who does.
    private var pulled: [String: Evidence] = [:]
    /// Services that need something that does not exist.
    private var blocked: [String: String] = [:]
    /// What could not be followed for a service.
    private var unclear: Set<String> = []
    let defaultTarget: Located<String>?
    private(set) var gap: Gap?

    private static let serviceLimit = 1024

    init(reader: GuestReader, commandLine: CommandLineFacts?) {
        self.reader = reader
        let read = reader.parse("/etc/inittab") { (bytes) throws(ImageFault) in try Inittab(bytes) }
        table = read.value
        gap = read.gap
        defaultTarget = OpenRCServices.level(table, commandLine)
        for level in ["sysinit", "boot", defaultTarget?.value ?? "default"] { add(level, depth: 0) }
        follow()
    }

    /// `softlevel=`, the last `openrc LEVEL` of inittab, `default`.
    private static func level(_ table: Inittab?, _ commandLine: CommandLineFacts?) -> Located<String>? {
        if let commandLine, let level = commandLine.last("softlevel"), !level.isEmpty {
            var evidence = commandLine.evidence
            evidence.excerpt = "softlevel=\(level)"
            return Located(level, evidence)
        }
        if let asked = commandLine?.runlevel, asked.value == "S" || asked.value == "1" {
            return Located("single", asked.evidence)
        }
        let initial = table?.defaultRunlevel?.level
        for entry in table?.entries ?? []
        where ["wait", "once"].contains(entry.action)
            && (initial == nil || entry.runlevels.isEmpty || entry.runlevels.contains(initial ?? "3"))
        {
            let words = entry.process.split(whereSeparator: \.isWhitespace).map(String.init)
            guard let program = words.first, program.hasSuffix("openrc") || program.hasSuffix("/rc"),
                words.count > 1, !["sysinit", "boot", "shutdown"].contains(words[1])
            else { continue }
            // Debian's `rc` turns the run levels of SysV into OpenRC's own.
            return Located(
                ["2", "3", "4", "5"].contains(words[1]) ? "default" : words[1], Evidence(entry.source))
        }
        if let entry = table?.defaultRunlevel, entry.level == "1" || entry.level == "S" {
            return Located("single", Evidence(entry.source))
        }
        return Located("default", Evidence(path: "/etc/runlevels/default"))
    }

    /// The links of a level; a directory or a link to another level in it stacks that level.
    private mutating func add(_ level: String, depth: Int) {
        let directory = "/etc/runlevels/\(level)"
        let names = reader.names(in: directory)
        gap = gap ?? names.gap
        for name in (names.value ?? []).prefix(OpenRCServices.serviceLimit) {
            let path = "\(directory)/\(name)"
            if depth < 4, reader.info(path).value?.type == .directory {
                add(name, depth: depth + 1)
            } else if wanted[name] == nil {
                wanted[name] = Evidence(path: path)
            }
        }
    }

    private func script(_ name: String) -> Reading<OpenRCScript> {
        let path = "/etc/init.d/\(name)"
        return reader.parse(path) { (bytes) throws(ImageFault) in try OpenRCScript(bytes, name: path) }
    }

    /// Starts what the services of the levels need and want.
    private mutating func follow() {
        var known: [String: OpenRCScript] = [:]
        var queue = wanted.keys.sorted()
        var position = 0
        while position < queue.count, position < OpenRCServices.serviceLimit {
            let name = queue[position]
            position += 1
            guard known[name] == nil, let script = script(name).value else { continue }
            known[name] = script
            if script.hasVariables { unclear.insert(name) }
            for need in script.needs + configured("need", for: name) + script.wants {
                guard wanted[need] == nil, pulled[need] == nil, reader.exists("/etc/init.d/\(need)") == .yes
                else { continue }
                pulled[need] = Evidence(path: "/etc/init.d/\(name)", excerpt: "needs \(need)")
                queue.append(need)
            }
        }
        let provided = Set(known.keys).union(known.values.flatMap(\.provides))
        for (name, script) in known {
            for need in script.needs + configured("need", for: name) where !provided.contains(need) {
                settle(need, for: name)
            }
        }
    }

    /// A need that nothing in the levels meets: another script may provide it, or none does.
    private mutating func settle(_ need: String, for name: String) {
        switch providers(of: need).count {
        case 0: blocked[name] = need
        default: unclear.insert(name)
        }
    }

    private func providers(of need: String) -> [String] {
        (reader.names(in: "/etc/init.d").value ?? []).prefix(OpenRCServices.serviceLimit).filter {
            $0 == need || (script($0).value?.provides.contains(need) ?? false)
        }
    }

    /// `rc_need` of the service's own settings.
    private func configured(_ verb: String, for name: String) -> [String] {
        let path = "/etc/conf.d/\(name)"
        let settings = reader.parse(path) { (bytes) throws(ImageFault) in
            try ShellAssignments(bytes, name: path)
        }.value
        guard let value = settings?.value("rc_\(verb)") else { return [] }
        return value.split(whereSeparator: \.isWhitespace).map(String.init).filter { !$0.contains("$") }
    }

    func unit(_ name: String) -> UnitFacts {
        if let terminal = ServiceName.terminal(of: name) { return getty(name, on: terminal) }
        let names = ServiceName.scripts(for: name)
        for script in names {
            guard let place = wanted[script] ?? pulled[script] else { continue }
            switch reader.info("/etc/init.d/\(script)") {
            case .absent:
                return UnitFacts(
                    name: name, state: .missing, starts: .no,
                    evidence: [Evidence(path: place.path ?? script, excerpt: "leads to nothing")])
            case .unreadable(let gap):
                return UnitFacts(
                    name: name, state: .enabled, starts: .unknown,
                    evidence: [place, Evidence(path: gap.where, excerpt: gap.message)])
            case .found(let info):
                if info.permissions & 0o111 == 0 {
                    return UnitFacts(
                        name: name, state: .disabled, starts: .no,
                        evidence: [Evidence(path: "/etc/init.d/\(script)", excerpt: "not executable")])
                }
                if let need = blocked[script] {
                    return UnitFacts(
                        name: name, state: .enabled, starts: .no,
                        evidence: [
                            place,
                            Evidence(
                                path: "/etc/init.d/\(script)",
                                excerpt: "needs \(need), which nothing provides"),
                        ])
                }
                return UnitFacts(
                    name: name, state: .enabled, starts: unclear.contains(script) ? .unknown : .yes,
                    evidence: [place])
            }
        }
        guard let script = names.first(where: { reader.exists("/etc/init.d/\($0)") == .yes }) else {
            return UnitFacts(
                name: name, state: .missing, starts: gap == nil || names.isEmpty ? .no : .unknown)
        }
        return UnitFacts(
            name: name, state: .disabled, starts: gap == nil ? .no : .unknown,
            evidence: [Evidence(path: "/etc/init.d/\(script)", excerpt: "in no run level that starts")])
    }

    // MARK: Terminals

    var terminals: [Located<String>] {
        let table = (table?.terminals ?? []).map { Located($0.name, Evidence($0.source)) }
        let services = wanted.keys.sorted().filter { $0.hasPrefix("agetty.") }.compactMap { name in
            wanted[name].map { Located(String(name.dropFirst("agetty.".count)), $0) }
        }
        return table + services
    }

    private func getty(_ name: String, on terminal: String) -> UnitFacts {
        guard let found = terminals.first(where: { $0.value == terminal }) else {
            return UnitFacts(name: name, state: .missing, starts: gap == nil ? .no : .unknown)
        }
        return UnitFacts(name: name, state: .enabled, starts: .yes, evidence: [found.evidence])
    }

    var problems: [StructureFinding] {
        guard let level = defaultTarget, level.value != "single",
            reader.exists("/etc/runlevels/\(level.value)") == .no
        else { return [] }
        return [
            StructureFinding(
                code: "Init.DefaultTargetMissing",
                message: "the run level \(level.value) does not exist: nothing of it starts",
                evidence: level.evidence)
        ]
    }
}
