import ByteReading
import GuestFacts
import GuestFormats

extension AccessInspection {
    /// What keeps people out beside the server's own configuration. The code says how certain it is: `nologin`,
    /// `hostsDeny`, `accessConf`, `pamModuleMissing`, `pamRefuses` keep out; those that end in `Unknown` may.
    func obstacles(_ ssh: SSHFacts) -> [StructureFinding] {
        var found: [StructureFinding] = []
        func add(_ code: String, _ message: String, _ evidence: Evidence) {
            found.append(StructureFinding(code: code, message: message, evidence: evidence))
        }
        if reader.exists("/etc/nologin") == .yes, readsNologin {
            add("nologin", "while this file is there, only root can log in", Evidence(path: "/etc/nologin"))
        }
        wrappers(ssh, add)
        if usesPAM != .no, pam.isPresent { askPAM(add) }
        return found
    }

    /// With PAM, `pam_nologin` looks at the file; without it, sshd itself.
    private var readsNologin: Bool {
        usesPAM == .no || !pam.isPresent
            || [PAMService.Kind.account, .auth].contains { pam.uses("pam_nologin", "sshd", $0) != nil }
    }

    private func wrappers(_ ssh: SSHFacts, _ add: (String, String, Evidence) -> Void) {
        let asks = asksWrappers(ssh)
        guard asks != .no else { return }
        do {
            let tables = try HostsAccess(
                allow: reader.file("/etc/hosts.allow").value, deny: reader.file("/etc/hosts.deny").value)
            let admitted = tables.admits("sshd")
            let place = admitted.source.map { Evidence($0) } ?? Evidence(path: "/etc/hosts.deny")
            switch admitted.answer {
            case .yes: break
            case .no where asks == .yes: add("hostsDeny", "TCP wrappers refuse SSH from everywhere", place)
            case .no:
                add("hostsDenyUnknown", "TCP wrappers refuse SSH, if the server is built with them", place)
            case .unknown:
                add("hostsDenyUnknown", "TCP wrappers let SSH in from some addresses only", place)
            }
        } catch {
            reader.record(Gap(error, at: "/etc/hosts.deny"))
        }
    }

    private func askPAM(_ add: (String, String, Evidence) -> Void) {
        for (kind, whom) in [
            (PAMService.Kind.account, "every login"), (.auth, "every password"), (.session, "every session"),
        ] {
            let outcome = pam.outcome("sshd", kind)
            guard outcome.admits != .yes, let reason = outcome.reason else { continue }
            if kind == .session, outcome.admits != .no { continue }
            let place = outcome.source.map { Evidence($0) } ?? Evidence(path: "/etc/pam.d/sshd")
            let isOSLogin = reason.contains("pam_oslogin")
            if outcome.admits == .no {
                add(
                    kind == .auth ? "pamRefuses" : "pamModuleMissing",
                    "\(reason), so that \(whom) is refused",
                    place)
            } else if isOSLogin {
                add(
                    "osLogin",
                    "PAM asks the OS Login of Google Cloud about \(whom), which is not there elsewhere",
                    place)
            } else if kind == .account {
                add("pamUnknown", "PAM decides by something that is not followed: \(reason)", place)
            }
        }
        guard pam.uses("pam_access", "sshd", .account) != nil, let table = accessTable.value else { return }
        let root = table.admits(user: "root", groups: ["root"])
        guard root.answer != .yes else { return }
        let place = root.source.map { Evidence($0) } ?? Evidence(path: "/etc/security/access.conf")
        add(
            root.answer == .no ? "accessConf" : "accessConfUnknown",
            root.answer == .no
                ? "access.conf keeps root out" : "access.conf lets root in from some addresses only", place)
    }
}
