import GuestFacts
import Targets

/// Looks whether Remote Desktop takes connections, and what it means if it does not.
struct WindowsRemoteDesktopReview {
    private let windows: WindowsFacts
    private let reach: WindowsReach
    private let alternative: (answer: Answer, name: String?)

    init(_ context: CheckContext, _ windows: WindowsFacts) {
        self.windows = windows
        reach = WindowsReach(context, windows)
        alternative = reach.alternative
    }

    var outcome: CheckOutcome {
        switch windows.access.remoteDesktop {
        case .unknown(let gap):
            return .judged(questions: alternative.answer == .yes ? [OpenQuestion(gap)] : [open(gap)])
        case .known(let settings):
            var findings = judgeOffer(settings)
            var questions: [OpenQuestion] = []
            if findings.contains(where: { $0.consequence != .unreachable && $0.severity == .error }),
                alternative.answer == .unknown
            {
                questions.append(
                    OpenQuestion(
                        "whether somebody gets in by SSH or WinRM instead is not known",
                        consequence: .unreachable)
                )
            }
            if let gap = reach.services.doubt(about: "TermService") {
                questions.append(OpenQuestion(gap, consequence: consequenceOfDoubt))
            }
            if settings.denies.effective == nil {
                questions.append(
                    OpenQuestion(
                        "fDenyTSConnections is absent, so whether Remote Desktop is allowed is not known",
                        consequence: consequenceOfDoubt))
            }
            judgeHelpers(&findings, &questions)
            for listener in settings.listeners where listener.isEnabled != false {
                judge(listener, &findings, &questions)
            }
            let port = reach.remoteDesktopPort
            let levels = settings.networkLevelAuthentication.isOn ?? false
            return .judged(
                value: findings.isEmpty && questions.isEmpty ? "\(port)" : nil,
                "Remote Desktop listens on port \(port)\(levels ? " and asks who comes first" : "").",
                findings: findings,
                questions: questions,
                evidence: [settings.denies.effective?.evidence].compactMap { $0 })
        }
    }

    // MARK: Is it offered at all?

    private func judgeOffer(_ settings: WindowsRemoteDesktop) -> [Finding] {
        var findings: [Finding] = []
        if isEditionWithout {
            findings.append(
                fatal(
                    "Rdp.NotInEdition",
                    "\(windows.identity.name) \(windows.identity.edition ?? "") takes no Remote Desktop connections.",
                    windows.identity.evidence.isEmpty
                        ? [Evidence(path: #"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"#)]
                        : windows.identity.evidence,
                    [.byHand("Use another edition, or set up an SSH server")]))
        }
        if settings.denies.isOn ?? false, let found = settings.denies.effective {
            let byPolicy = settings.denies.policy != nil
            findings.append(
                fatal(
                    "Rdp.Denied",
                    byPolicy ? "A policy refuses Remote Desktop." : "Remote Desktop is switched off.",
                    [found.evidence], fixesOfDenial(settings)))
        }
        if let found = reach.services.firstBreak(of: "TermService") {
            findings.append(
                fatal(
                    "Rdp.ServiceDisabled", found.message, found.evidence,
                    reach.services.mend(found, start: found.through.isEmpty ? 3 : 2)))
        }
        if !settings.listeners.contains(where: { $0.isEnabled != false }) {
            let evidence = settings.listeners.map {
                Evidence(path: $0.key, excerpt: "fEnableWinStation = 0")
            }
            let fix =
                settings.listeners.first.map { listener in
                    Fix.registry(
                        "Switch the listener on",
                        [.set(key: listener.key, name: "fEnableWinStation", .dword(1))])
                } ?? .byHand("Import WinStations\\RDP-Tcp of a healthy Windows of this version")
            findings.append(
                fatal(
                    "Rdp.NoListener",
                    settings.listeners.isEmpty
                        ? "No listener of Remote Desktop is set up."
                        : "The listener of Remote Desktop is switched off.",
                    evidence.isEmpty
                        ? [Evidence(path: settings.key + "\\WinStations", excerpt: "no RDP-Tcp")] : evidence,
                    [fix]))
        }
        return findings
    }

    /// Home editions: `Core…` since Windows 8, named otherwise before.
    private var isEditionWithout: Bool {
        guard windows.identity.isServer == false, let edition = windows.identity.edition?.lowercased() else {
            return false
        }
        return ["core", "coren", "coresinglelanguage", "corecountryspecific", "starter"].contains(edition)
            || edition.hasPrefix("home")
    }

    private func fixesOfDenial(_ settings: WindowsRemoteDesktop) -> [Fix] {
        var fixes: [Fix] = []
        if let path = settings.denies.policy?.evidence.path {
            fixes.append(
                .registry(
                    "Take the policy back; in a domain it comes back from there", hive: "SOFTWARE",
                    [.removeValue(key: path, name: "fDenyTSConnections")]))
        }
        if settings.denies.policy == nil || settings.denies.local?.value != 0 {
            fixes.append(
                .registry(
                    "Allow Remote Desktop",
                    [.set(key: settings.key, name: "fDenyTSConnections", .dword(0))]))
        }
        fixes.append(
            Fix(
                "Or in the source system, with the firewall", where: .online, kind: .online,
                commands: [
                    #"reg add "HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server" /v fDenyTSConnections /t REG_DWORD /d 0 /f"#,
                    #"netsh advfirewall firewall set rule group="@FirewallAPI.dll,-28752" new enable=Yes"#,
                ]))
        return fixes
    }

    /// A way that Remote Desktop is closed in: nobody comes in, unless there is another door.
    private func fatal(_ code: String, _ message: String, _ evidence: [Evidence], _ fixes: [Fix]) -> Finding {
        let rest = alternative.name.map { " \($0) is open instead." } ?? ""
        return Finding(
            code, alternative.answer == .yes ? .warning : .error, message + rest, evidence: evidence,
            fixes: fixes, consequence: alternative.answer == .no ? .unreachable : .none)
    }

    private var consequenceOfDoubt: Consequence { alternative.answer == .yes ? .none : .unreachable }

    private func open(_ gap: Gap) -> OpenQuestion { OpenQuestion(gap, consequence: .unreachable) }

    // MARK: Smaller things

    private func judgeHelpers(_ findings: inout [Finding], _ questions: inout [OpenQuestion]) {
        if let service = windows.service("SessionEnv"), service.isDisabled {
            findings.append(
                Finding(
                    "Rdp.HelperDisabled", .warning,
                    "Remote Desktop Configuration (SessionEnv) is disabled; it makes the certificate that connections use.",
                    evidence: [service.startEvidence],
                    fixes: [reach.services.enable("SessionEnv", start: 3)]))
            questions.append(
                OpenQuestion(
                    "whether Remote Desktop takes connections without SessionEnv is not certain",
                    consequence: consequenceOfDoubt))
        }
        if let service = windows.service("UmRdpService"), service.isDisabled {
            findings.append(
                Finding(
                    "Rdp.HelperDisabled", .info,
                    "UmRdpService is disabled: printers and drives of the client cannot be used.",
                    evidence: [service.startEvidence],
                    fixes: [reach.services.enable("UmRdpService", start: 3)]))
        }
    }

    private func judge(
        _ listener: WindowsListener, _ findings: inout [Finding], _ questions: inout [OpenQuestion]
    ) {
        if listener.effectivePort != 3389 {
            findings.append(
                Finding(
                    "Rdp.PortChanged", .warning,
                    "Remote Desktop listens on port \(listener.effectivePort); security groups and clients expect 3389.",
                    evidence: [
                        Evidence(path: listener.key, excerpt: "PortNumber = \(listener.effectivePort)")
                    ],
                    fixes: [
                        .registry(
                            "Listen on 3389; the firewall has to let it in",
                            [.set(key: listener.key, name: "PortNumber", .dword(3389))])
                    ]))
        }
        if let adapter = listener.adapter, adapter != 0 {
            findings.append(
                Finding(
                    "Rdp.BoundToAdapter", .warning,
                    "The listener is bound to network adapter \(adapter) of the old machine.",
                    evidence: [Evidence(path: listener.key, excerpt: "LanAdapter = \(adapter)")],
                    fixes: [
                        .registry(
                            "Listen on all adapters",
                            [.set(key: listener.key, name: "LanAdapter", .dword(0))])
                    ]))
            questions.append(
                OpenQuestion(
                    "whether the adapter that Remote Desktop is bound to is the instance's is not known",
                    consequence: consequenceOfDoubt))
        }
        if listener.pinnedCertificateExists == .no {
            findings.append(
                Finding(
                    "Rdp.CertificateMissing", .warning,
                    "The certificate that Remote Desktop is to use is not in the machine's store.",
                    evidence: [
                        Evidence(path: listener.key, excerpt: "SSLCertificateSHA1Hash names no certificate")
                    ],
                    fixes: [
                        .registry(
                            "Let Windows make a certificate of its own",
                            [.removeValue(key: listener.key, name: "SSLCertificateSHA1Hash")])
                    ]))
        }
    }
}
