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
        if let clock = clock() { facts.rtcInUTC = clock }
        timeZone(&facts)
        facts.selinux = selinux()
        facts.agents = AgentInspection(reader: reader, services: services).inspect()
        return facts
    }

    // MARK: Clock

    /// systemd reads adjtime only; older systems have files of their own, which their boot scripts read first.
    private func clock() -> Fact<Located<Bool>>? {
        if !services.isSystemd {
            for path in ["/etc/sysconfig/clock", "/etc/default/rcS", "/etc/conf.d/hwclock"] {
                let statement = reader.parse(path) { (bytes) throws(ImageFault) in
                    try ClockFiles.assignments(bytes, name: path)
                }
                if let found = fact(statement, path) { return found }
            }
        }
        let path = "/etc/adjtime"
        return fact(
            reader.parse(path) { (bytes) throws(ImageFault) in try ClockFiles.adjtime(bytes, name: path) },
            path)
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
        let named = reader.parse("/etc/timezone") { (bytes) throws(ImageFault) in
            try ClockFiles.timezone(bytes)
        }
        if let named = named.value { facts.timeZoneFile = Located(named.zone, Evidence(named.source)) }
        guard let zone = facts.timeZone?.value ?? facts.timeZoneFile?.value else { return }
        if facts.timeZone == nil, facts.localtimeIsCopy, sameContent(path, "/usr/share/zoneinfo/\(zone)") {
            facts.localtimeIsCopy = false
        }
        // Without the zone database (a minimal system) nothing can be said about names.
        guard reader.exists("/usr/share/zoneinfo") == .yes else { return }
        facts.timeZoneExists = reader.exists("/usr/share/zoneinfo/\(zone)")
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
        // Debian and Ubuntu start the kernel part only when asked on the command line.
        let needsParameter = identity.family == .debian
        let isAsked = words.contains("selinux=1") || words.contains("security=selinux")
        let effective = configuration.effectiveMode(commandLine: words)
        let mode: SelinuxFacts.Mode =
            switch effective {
            case .enforcing?: .enforcing
            case .permissive?: .permissive
            case .disabled?, nil: .disabled
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
            mode: Located(needsParameter && !isAsked ? .disabled : mode, evidence),
            policyType: configuration.type,
            policyPresent: present)
        facts.autorelabel = reader.exists("/.autorelabel") == .yes
        if facts.mode.value != .disabled {
            facts.unlabelled = [
                "/", "/etc/passwd", "/etc/shadow", "/usr/sbin/sshd", "/usr/lib/systemd/systemd",
            ].filter(
                isUnlabelled)
        }
        return facts
    }

    private func isUnlabelled(_ path: String) -> Bool {
        do {
            guard let node = try reader.tree.node(at: GuestPath(path)) else { return false }
            guard let label = try node.fileSystem.extendedAttributes(node.id)["security.selinux"] else {
                return true
            }
            let text = String(decoding: label, as: UTF8.self)
            return text.contains(":unlabeled_t") || text.contains(":file_t:") || text.hasSuffix(":file_t")
        } catch {
            reader.record(Gap(error, at: path))
            return false
        }
    }
}
