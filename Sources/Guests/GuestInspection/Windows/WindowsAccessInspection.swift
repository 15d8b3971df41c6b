import ByteReading
import GuestFacts
import GuestFormats

/// Reads the ways into a Windows: Remote Desktop, SSH, WinRM, the firewall, the accounts, and what the services
/// of all these rest on.
struct WindowsAccessInspection {
    let reader: WindowsReader
    let generation: WindowsGeneration?
    let services: Fact<[String: WindowsService]>

    /// Services that access and logon rest on.
    private static let roots = [
        "Dhcp", "TermService", "SessionEnv", "UmRdpService", "SamSs", "ProfSvc", "LSM", "RpcSs", "DcomLaunch",
        "RpcEptMapper", "nsi", "PlugPlay", "BFE", "mpssvc", "sshd", "WinRM",
    ]
    /// More services than these do not belong to any of them.
    private static let dependencyLimit = 256

    func inspect() -> WindowsAccessFacts {
        var facts = WindowsAccessFacts()
        facts.remoteDesktop = remoteDesktop()
        let other = WindowsSettings(reader: reader)
        inspectSSH(&facts, other)
        facts.winRMPorts = winRMPorts(other)
        let port = facts.remoteDesktop.value?.listeners.first { $0.isEnabled != false }?.effectivePort
        facts.firewall = WindowsFirewallInspection(
            reader: reader, generation: generation,
            ports: [port ?? 3389, 3389, facts.sshPort] + facts.winRMPorts
        ).inspect()
        facts.accounts = WindowsAccountInspection(reader: reader).inspect()
        inspectServices(&facts, other)
        facts.gaps = [other.gap].compactMap { $0 }
        return facts
    }

    // MARK: Remote Desktop

    private func remoteDesktop() -> Fact<WindowsRemoteDesktop> {
        let settings = WindowsSettings(reader: reader)
        let key = settings.control(#"Control\Terminal Server"#)
        let policy = settings.key(#"Policies\Microsoft\Windows NT\Terminal Services"#, in: "SOFTWARE")
        var facts = WindowsRemoteDesktop(key: key.shown)
        facts.denies.local = settings.number("fDenyTSConnections", of: key)
        facts.denies.policy = settings.number("fDenyTSConnections", of: policy)
        facts.networkLevelAuthentication.policy = settings.number("UserAuthentication", of: policy)
        for (name, station) in settings.subkeys(of: settings.key("WinStations", below: key)) {
            // The console has a key there too, without a port, and Windows 7 one for Media Center (EH-Tcp).
            guard !name.lowercased().hasPrefix("eh-"),
                let port = settings.number("PortNumber", of: station)
            else { continue }
            var listener = WindowsListener(name: name, key: station.shown)
            listener.port = (1...65535).contains(port.value) ? Int(port.value) : nil
            listener.isEnabled = settings.number("fEnableWinStation", of: station).map { $0.value != 0 }
            listener.adapter = settings.number("LanAdapter", of: station)?.value
            listener.maximumSessions = settings.number("MaxInstanceCount", of: station)?.value
            listener.pinnedCertificateExists = pinnedCertificate(station, settings)
            facts.listeners.append(listener)
            if name.lowercased() == "rdp-tcp" {
                facts.networkLevelAuthentication.local = settings.number("UserAuthentication", of: station)
            }
        }
        if let gap = settings.gap { return .unknown(gap) }
        guard key.exists else {
            return .unknown(Gap(where: key.shown, kind: .absent, message: "the key is not there"))
        }
        return .known(facts)
    }

    /// The store of the machine, by the certificate's SHA-1.
    private func pinnedCertificate(_ station: WindowsSettings.Key, _ settings: WindowsSettings) -> Answer? {
        guard let hash = settings.value("SSLCertificateSHA1Hash", of: station)?.data, hash.count == 20,
            !hash.isAllZero
        else { return nil }
        let name = hash.array.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined()
        var answer = Answer.no
        for store in ["MY", "Remote Desktop"] {
            let key = reader.key(
                "Microsoft\\SystemCertificates\\\(store)\\Certificates\\\(name)", in: "SOFTWARE")
            switch key.presence {
            case .yes: return .yes
            case .unknown: answer = .unknown
            case .no: break
            }
        }
        return answer
    }

    // MARK: Other doors

    /// What counts of `sshd_config` here: the first word on a subject, before any `Match`.
    private func inspectSSH(_ facts: inout WindowsAccessFacts, _ settings: WindowsSettings) {
        let reading = reader.files.file("/ProgramData/ssh/sshd_config")
        settings.note(reading.gap)
        guard let text = reading.value?.text else {
            if reading.gap != nil { facts.sshTakesPasswords = .unknown }
            return
        }
        var seen: Set<String> = []
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "=" })
            guard words.count > 1, let keyword = words.first?.lowercased() else { continue }
            if keyword == "match" { return }
            guard seen.insert(keyword).inserted else { continue }
            switch keyword {
            case "port":
                facts.sshPort = Int(words[1]).flatMap { (1...65535).contains($0) ? $0 : nil } ?? 22
            case "passwordauthentication" where words[1].lowercased() == "no":
                facts.sshTakesPasswords = .no
            case "allowusers", "allowgroups", "denyusers", "denygroups", "include", "listenaddress":
                if facts.sshTakesPasswords == .yes { facts.sshTakesPasswords = .unknown }
            default: break
            }
        }
    }

    private func winRMPorts(_ settings: WindowsSettings) -> [Int] {
        let listeners = settings.key(#"Microsoft\Windows\CurrentVersion\WSMAN\Listener"#, in: "SOFTWARE")
        return settings.subkeys(of: listeners).compactMap { (name, key) -> Int? in
            if settings.number("enabled", of: key)?.value == 0 { return nil }
            if let port = settings.number("Port", of: key)?.value, (1...65535).contains(port) {
                return Int(port)
            }
            return name.lowercased().hasSuffix("https") ? 5986 : 5985
        }
    }

    // MARK: Services

    private func inspectServices(_ facts: inout WindowsAccessFacts, _ settings: WindowsSettings) {
        guard let services = services.value else { return }
        var pending = WindowsAccessInspection.roots
        var seen: Set<String> = []
        while let name = pending.popLast(), seen.count < WindowsAccessInspection.dependencyLimit {
            let known = name.lowercased()
            guard services[known] != nil, seen.insert(known).inserted else { continue }
            let key = settings.control("Services\\\(name)")
            let needed = settings.value("DependOnService", of: key)?.strings ?? []
            if !needed.isEmpty {
                facts.dependencies[known] = needed
                pending += needed.filter { !$0.hasPrefix("+") && !$0.contains("\\") }
            }
        }
        for name in WindowsAccessInspection.roots {
            guard let service = services[name.lowercased()], let path = file(of: service) else { continue }
            facts.serviceFiles[name.lowercased()] = reader.program(path)
        }
    }

    private func file(of service: WindowsService) -> String? {
        if let library = service.library, !library.isEmpty { return library }
        guard let line = service.imagePath, !line.isEmpty else { return nil }
        return WindowsPaths.program(of: line)
    }
}
