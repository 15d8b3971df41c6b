import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// Clock, time zone, SELinux and agents.
struct OperationInspection {
    let reader: GuestReader
    let services: ServiceInspection
    let identity: OSIdentity
    let commandLine: CommandLineFacts?

    func inspect() -> OperationFacts {
        var facts = OperationFacts()
        clock(&facts)
        timeZone(&facts)
        facts.selinux = selinux()
        facts.agents = AgentInspection(reader: reader, services: services).inspect()
        return facts
    }

    // MARK: Clock

    /// systemd reads adjtime only; older systems have files of their own, which their boot scripts read first.
    private static let clockFiles = [
        "/etc/sysconfig/clock", "/etc/default/rcS", "/etc/conf.d/hwclock", "/etc/conf.d/clock",
    ]

    private func clock(_ facts: inout OperationFacts) {
        let path = "/etc/adjtime"
        let adjtime = fact(
            reader.parse(path) { (bytes) throws(ImageFault) in try ClockFiles.adjtime(bytes, name: path) },
            path)
        let isSystemd = reader.resolved("/sbin/init").value?.split(separator: "/").last == "systemd"
        var order: [Fact<Located<Bool>>] = []
        for file in isSystemd ? [] : OperationInspection.clockFiles {
            let statement = reader.parse(file) { (bytes) throws(ImageFault) in
                try ClockFiles.assignments(bytes, name: file)
            }
            if let found = fact(statement, file) { order.append(found) }
        }
        if let adjtime { order.append(adjtime) }
        guard let first = order.first else { return }
        facts.rtcInUTC = first
        facts.rtcConflict = order.dropFirst().compactMap(\.value).first { $0.value != first.value?.value }
    }

    private func fact(_ statement: Reading<ClockFiles.Statement>, _ path: String) -> Fact<Located<Bool>>? {
        switch statement {
        case .found(let statement):
            .known(Located(statement.isUTC, statement.source.map { Evidence($0) } ?? Evidence(path: path)))
        case .unreadable(let gap): .unknown(gap)
        case .absent: nil
        }
    }

    private func timeZone(_ facts: inout OperationFacts) {
        let path = "/etc/localtime"
        if let target = reader.link(path).value {
            if let zone = ClockFiles.zone(linkTarget: target) {
                facts.timeZone = Located(zone, Evidence(path: path, excerpt: "link to \(target)"))
            }
        } else if reader.info(path).value?.type == .regular {
            facts.localtimeIsCopy = true
        }
        facts.timeZoneFile = namedZone()
        if facts.timeZone == nil, !facts.localtimeIsCopy { facts.timeZone = muslZone() }
        guard let zone = facts.timeZone?.value ?? facts.timeZoneFile?.value else { return }
        if facts.timeZone == nil, facts.localtimeIsCopy, sameContent(path, "/usr/share/zoneinfo/\(zone)") {
            facts.localtimeIsCopy = false
            facts.timeZone = facts.timeZoneFile
        }
        // Without the zone database (a minimal system) nothing can be said about names.
        facts.zoneDatabase = reader.exists("/usr/share/zoneinfo")
        guard facts.zoneDatabase == .yes else { return }
        facts.timeZoneExists = reader.exists("/usr/share/zoneinfo/\(zone)")
    }

    /// `/etc/timezone` of Debian and Gentoo, `/etc/sysconfig/clock` of Red Hat up to 6 and SUSE up to 11.
    private func namedZone() -> Located<String>? {
        let named = reader.parse("/etc/timezone") { (bytes) throws(ImageFault) in
            try ClockFiles.timezone(bytes)
        }
        if let named = named.value { return Located(named.zone, Evidence(named.source)) }
        let path = "/etc/sysconfig/clock"
        let zone = reader.parse(path) { (bytes) throws(ImageFault) in try ClockFiles.zone(bytes, name: path) }
        guard let zone = zone.value, !zone.value.isEmpty else { return nil }
        return Located(zone.value, Evidence(zone.source))
    }

    /// `/etc/TZ` of uClibc and of musl's setup: a zone by name or as POSIX writes it (`CST-8`).
    private func muslZone() -> Located<String>? {
        guard let text = reader.file("/etc/TZ").value?.text else { return nil }
        let zone = String(text.prefix { !$0.isNewline }.filter { !$0.isWhitespace }.prefix(64))
        return zone.isEmpty ? nil : Located(zone, Evidence(path: "/etc/TZ", line: 1, excerpt: zone))
    }

    private func sameContent(_ a: String, _ b: String) -> Bool {
        guard let first = reader.file(a, limit: 1 << 16).value,
            let second = reader.file(b, limit: 1 << 16).value
        else { return false }
        return first == second
    }

    // MARK: SELinux

    private func selinux() -> SelinuxFacts? {
        let path = "/etc/selinux/config"
        let configuration = reader.parse(path) { (bytes) throws(ImageFault) in try SelinuxConfiguration(bytes)
        }
        guard let configuration = configuration.value else { return nil }
        let words = commandLine?.words ?? []
        // The kernels of the others start SELinux only when asked on the command line.
        let needsParameter = identity.family != .rhel && identity.family != .gentoo
        let isAsked = words.contains { word in
            word == "selinux=1" || word == "security=selinux"
                || word.hasPrefix("lsm=") && word.dropFirst(4).split(separator: ",").contains("selinux")
        }
        let isOn = isAsked || !needsParameter
        let mode: SelinuxFacts.Mode =
            switch configuration.effectiveMode(commandLine: words) {
            case .enforcing: .enforcing
            case .permissive: .permissive
            case .disabled: .disabled
            }
        let evidence = configuration.modeText.map { Evidence($0.source) } ?? Evidence(path: path)
        let policies = "/etc/selinux/\(configuration.type)/policy"
        let present: Answer =
            switch reader.names(in: policies) {
            case .found(let names): Answer(names.contains { $0.hasPrefix("policy.") })
            case .absent: .no
            case .unreadable: .unknown
            }
        var facts = SelinuxFacts(
            mode: Located(isOn ? mode : .disabled, evidence), policyType: configuration.type,
            policyPresent: present)
        if isOn, configuration.stopsInit(commandLine: words) { facts.contradiction = evidence }
        facts.autorelabel = reader.exists("/.autorelabel") == .yes || words.contains("autorelabel=1")
        facts.ignoredFile = ignoredFile(configuration)
        if facts.mode.value == .enforcing { readLabels(&facts) }
        return facts
    }

    /// `/etc/sysconfig/selinux` is a link to the file that counts; an editor may have put a copy in its place.
    private func ignoredFile(_ read: SelinuxConfiguration) -> Located<String>? {
        let path = "/etc/sysconfig/selinux"
        guard reader.info(path, followingLast: false).value?.type == .regular else { return nil }
        let other = reader.parse(path) { (bytes) throws(ImageFault) in
            try SelinuxConfiguration(bytes, name: path)
        }.value
        guard let other, let text = other.modeText, other.mode != read.mode else { return nil }
        return Located(text.value, Evidence(text.source))
    }

    private func readLabels(_ facts: inout SelinuxFacts) {
        for path in ["/", "/etc/passwd", "/etc/shadow", "/usr/sbin/sshd", "/usr/lib/systemd/systemd"] {
            switch isUnlabelled(path) {
            case .yes: facts.unlabelled.append(path)
            case .no: break
            case .unknown: facts.unreadLabels.append(path)
            }
        }
    }

    /// Whether a file that is there has no label, or one that says so.
    private func isUnlabelled(_ path: String) -> Answer {
        do {
            guard let node = try reader.tree.node(at: GuestPath(path)) else { return .no }
            guard let label = try node.fileSystem.extendedAttributes(node.id)["security.selinux"] else {
                return .yes
            }
            let text = String(decoding: label.prefix { $0 != 0 }, as: UTF8.self)
            let type = text.split(separator: ":").dropFirst(2).first
            return Answer(type == "unlabeled_t" || type == "file_t")
        } catch {
            reader.record(Gap(error, at: path))
            return .unknown
        }
    }
}
