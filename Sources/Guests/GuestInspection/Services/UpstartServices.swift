import ByteReading
import GuestFacts
import GuestFormats

/// Upstart: jobs in `/etc/init` that events start, and beside them the scripts of SysV through `rc`.
struct UpstartServices: InitServices {
    private let reader: GuestReader
    private let scripts: RunlevelScripts
    private let jobs: [UpstartJob]
    private let boot: UpstartBoot
    private let starts: [RunlevelScripts.Start]
    private let consoles: [String]
    let defaultTarget: Located<String>?
    private(set) var gap: Gap?

    /// More jobs than any system has.
    private static let jobLimit = 1024

    init(reader: GuestReader, commandLine: CommandLineFacts?) {
        self.reader = reader
        scripts = RunlevelScripts(reader: reader)
        consoles = commandLine?.all("console") ?? []
        var jobs: [UpstartJob] = []
        var firstGap: Gap?
        let names = reader.names(in: "/etc/init")
        firstGap = names.gap
        for name in (names.value ?? []).prefix(UpstartServices.jobLimit) where name.hasSuffix(".conf") {
            let stem = String(name.dropLast(5))
            let path = "/etc/init/\(name)"
            let override = "/etc/init/\(stem).override"
            let changes = reader.file(override).value.map { ConfigurationFile(path: override, bytes: $0) }
            let job = reader.parse(path) { (bytes) throws(ImageFault) in
                try UpstartJob(bytes, name: stem, path: path, override: changes)
            }
            if let job = job.value { jobs.append(job) }
            firstGap = firstGap ?? job.gap
        }
        self.jobs = jobs
        let level = UpstartServices.runlevel(reader, commandLine)
        defaultTarget = level
        boot = UpstartBoot(
            jobs: jobs, runlevel: level.value,
            events: UpstartServices.events(jobs),
            possible: [UpstartEvent("net-device-up", [("IFACE", "eth0"), ("LOGICAL", "eth0")])])
        let found = scripts.starts(in: level.value)
        starts = found.value ?? []
        gap = firstGap ?? found.gap
    }

    /// The level that rc-sysinit or rcS enters: of the command line, an inittab, or the job itself.
    private static func runlevel(_ reader: GuestReader, _ commandLine: CommandLineFacts?) -> Located<String> {
        if let asked = commandLine?.runlevel { return asked }
        let table = reader.parse("/etc/inittab") { (bytes) throws(ImageFault) in try Inittab(bytes) }.value
        if let entry = table?.defaultRunlevel { return Located(String(entry.level), Evidence(entry.source)) }
        // rcS of Red Hat's layout takes 3 when inittab does not say; rc-sysinit has a variable.
        let path = "/etc/init/rc-sysinit.conf"
        guard let text = reader.file(path).value?.text else {
            return Located("3", Evidence(path: "/etc/init/rcS.conf", excerpt: "no initdefault: 3"))
        }
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .enumerated() where line.hasPrefix("env DEFAULT_RUNLEVEL=")
        {
            let level = line.dropFirst("env DEFAULT_RUNLEVEL=".count).prefix(1)
            return Located(String(level), Evidence(path: path, line: index + 1, excerpt: String(line)))
        }
        return Located("2", Evidence(path: path))
    }

    /// What a boot emits beside the jobs: mountall's events where it is there, the loopback interface, the kernel.
    private static func events(_ jobs: [UpstartJob]) -> [UpstartEvent] {
        var events = [
            UpstartEvent("not-container"),
            UpstartEvent("net-device-added", [("INTERFACE", "lo")]),
            UpstartEvent("net-device-added", [("INTERFACE", "eth0")]),
        ]
        if jobs.contains(where: { $0.name == "networking" || $0.name == "network-interface" }) {
            events.append(
                UpstartEvent(
                    "net-device-up", [("IFACE", "lo"), ("LOGICAL", "lo"), ("ADDRFAM", "inet")]))
            // The interfaces come up, or failsafe gives up waiting for them: one of the two always happens.
            events += [UpstartEvent("failsafe-boot")]
        }
        guard jobs.contains(where: { $0.name == "mountall" }) else { return events }
        events += [
            "virtual-filesystems", "local-filesystems", "remote-filesystems", "all-swaps", "filesystem",
        ].map { UpstartEvent($0) }
        for place in ["/", "/proc", "/sys", "/dev", "/dev/pts", "/run", "/tmp"] {
            events += ["mounting", "mounted"].map { UpstartEvent($0, [("MOUNTPOINT", place)]) }
        }
        return events
    }

    func unit(_ name: String) -> UnitFacts {
        if let terminal = ServiceName.terminal(of: name) { return getty(name, on: terminal) }
        let names = ServiceName.scripts(for: name)
        guard !names.isEmpty else { return UnitFacts(name: name, state: .missing, starts: .no) }
        // A script that has a job is not run by rc.
        if let job = jobs.first(where: { names.contains($0.name) }) { return facts(name, job) }
        if let start = starts.first(where: { names.contains($0.link.script) }) {
            let runs = scripts.runs(start.path)
            var answer = runs.answer
            if answer == .yes, !startsScripts { answer = .unknown }
            return UnitFacts(
                name: name, state: answer == .no ? .disabled : .enabled, starts: answer,
                evidence: [Evidence(path: start.path, excerpt: runs.why)])
        }
        if names.contains("udev"), reader.exists("/etc/rc.d/rc.sysinit") == .yes,
            reader.exists("/sbin/start_udev") == .yes
        {
            return UnitFacts(
                name: name, state: .enabled, starts: .yes,
                evidence: [Evidence(path: "/sbin/start_udev", excerpt: "started by rc.sysinit")])
        }
        let mention = scripts.localMention(of: names)
        let script = names.lazy.compactMap { scripts.script($0).value }.first
        return UnitFacts(
            name: name, state: script == nil ? .missing : .disabled,
            starts: mention != nil || gap != nil ? .unknown : .no,
            evidence: [
                mention ?? script.map { scripts.header(of: $0) ?? Evidence(path: $0, excerpt: "no link") }
            ]
            .compactMap { $0 })
    }

    /// Whether the job that runs the scripts of the level starts.
    private var startsScripts: Bool { boot.starts["rc"] == .yes && boot.entersRunlevel }

    private func facts(_ name: String, _ job: UpstartJob) -> UnitFacts {
        let answer = Answer(boot.starts[job.name] ?? .unknown)
        let place = job.startSource.map { Evidence($0) }
        return UnitFacts(
            name: name, state: job.isManual || answer == .no ? .disabled : .enabled, starts: answer,
            evidence: [place ?? Evidence(path: "/etc/init/\(job.name).conf", excerpt: "no start on")])
    }

    // MARK: Terminals

    var terminals: [Located<String>] {
        jobs.filter { boot.starts[$0.name] == .yes }.flatMap { job in
            job.commands.compactMap { command -> Located<String>? in
                guard command.text.contains("getty") else { return nil }
                let words = command.text.split(whereSeparator: \.isWhitespace)
                let terminal = words.first { word in
                    ["tty", "hvc", "xvc"].contains { word.hasPrefix($0) }
                }
                return terminal.map { Located(String($0), Evidence(command.source)) }
            }
        }
    }

    private func getty(_ name: String, on terminal: String) -> UnitFacts {
        if let found = terminals.first(where: { $0.value == terminal }) {
            return UnitFacts(name: name, state: .enabled, starts: .yes, evidence: [found.evidence])
        }
        // Red Hat's udev rule announces the console that the kernel uses, the last one named.
        if jobs.contains(where: { $0.name == "serial" }),
            consoles.last.map({ $0 == terminal || $0.hasPrefix(terminal + ",") }) ?? false
        {
            return UnitFacts(
                name: name, state: .generated, starts: .yes,
                evidence: [Evidence(path: "/etc/init/serial.conf", excerpt: "console=\(terminal)")])
        }
        return UnitFacts(name: name, state: .missing, starts: gap == nil ? .no : .unknown)
    }

    var problems: [StructureFinding] {
        guard gap == nil, !jobs.contains(where: { boot.starts[$0.name] == .yes }) else { return [] }
        return [
            StructureFinding(
                code: "Init.ScriptMissing", message: "no job in /etc/init starts at boot",
                evidence: Evidence(path: "/etc/init"))
        ]
    }
}
