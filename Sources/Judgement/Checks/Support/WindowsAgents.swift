import GuestFacts
import Targets

extension Fix {
    /// Installs what the target initialises a Windows by.
    static func installInitialization(_ target: Target) -> Fix {
        switch target.rules.agents.windowsInitialization.first {
        case "vminit":
            Fix(
                "Install Vminit in the source system, from the vendor's instructions", where: .online,
                kind: .online, risk: .medium)
        case "cloudbase-init":
            Fix(
                "Install Cloudbase-Init in the source system", where: .online, kind: .online, risk: .medium,
                commands: [
                    "msiexec /i CloudbaseInitSetup_Stable_x64.msi /qn /l*v cloudbase-init.log LOGGINGSERIALPORTNAME=COM1"
                ])
        default:
            .byHand("Install an agent that sets hostname and password at first boot")
        }
    }

    /// Removes a product by what its entry among the installed programs says.
    static func uninstall(_ agent: WindowsAgent) -> Fix {
        guard let text = agent.uninstall, !text.isEmpty else {
            return .byHand("Remove \(agent.title) with its own uninstaller, before the source is exported")
        }
        return Fix(
            "Remove \(agent.title) in the source system, while it still runs on its own platform",
            where: .online, kind: .online, risk: .medium,
            commands: [WindowsUninstall.quiet(text, isVMware: agent.name == "vmware-tools")])
    }
}

/// Commands that remove installed programs.
enum WindowsUninstall {
    /// The command without questions. Installers name `msiexec /I` there, which opens a menu; `/X` removes.
    static func quiet(_ text: String, isVMware: Bool) -> String {
        let shown = String(text.unicodeScalars.filter { $0.value >= 0x20 }.prefix(400).map(Character.init))
        guard shown.lowercased().contains("msiexec"), let product = product(in: shown) else { return shown }
        let rest = isVMware ? " REBOOT=ReallySuppress REMOVE=ALL" : ""
        return "MsiExec.exe /X\(product) /quiet /norestart\(rest)"
    }

    /// `{…}` with letters of a GUID in it.
    private static func product(in text: String) -> String? {
        guard let open = text.firstIndex(of: "{"), let close = text[open...].firstIndex(of: "}") else {
            return nil
        }
        let inner = text[text.index(after: open)..<close]
        guard inner.utf8.count == 36, inner.allSatisfy({ $0.isHexDigit || $0 == "-" }) else { return nil }
        return String(text[open...close])
    }
}

/// An agent that puts hostname and password into a Windows at first boot, as an item judges it.
struct WindowsInitialization {
    /// The first part of the codes.
    var family: String

    func judge(_ context: CheckContext, _ windows: WindowsFacts, more: [Finding] = []) -> CheckOutcome {
        let isNeeded = context.target.rules.needsProvisioning
        let consequence: Consequence = isNeeded ? .notReady : .none
        let severity: Severity = isNeeded ? .warning : .info
        let names = context.target.rules.agents.windowsInitialization
        if let gap = windows.agents.agents.gap {
            return .judged(findings: more, questions: [OpenQuestion(gap, consequence: consequence)])
        }
        let (answer, agent) = WindowsReach(context, windows).initialization
        let install = Fix.installInitialization(context.target)
        guard let agent else {
            return .judged(
                value: "NotInstalled",
                findings: more + [
                    Finding(
                        "\(family).NotInstalled", severity,
                        "No agent that \(context.target.title) sets a Windows up by is installed (\(names.joined(separator: ", "))): hostname, password and scripts are not put in place.",
                        evidence: [
                            Evidence(
                                path: #"HKLM\SYSTEM\\#(windows.controlSetName)\Services"#,
                                excerpt: "no service of \(names.joined(separator: " or "))")
                        ], fixes: [install], consequence: consequence)
                ])
        }
        switch answer {
        case .yes:
            return .judged(
                value: agent.title, "\(agent.title) starts with the system.", findings: more,
                evidence: agent.evidence)
        case .unknown:
            return .judged(
                value: agent.title, findings: more,
                questions: [
                    OpenQuestion(
                        "whether \(agent.title) starts with the system is not known", consequence: consequence
                    )
                ], evidence: agent.evidence)
        case .no:
            return .judged(
                value: agent.title,
                findings: more + [broken(agent, severity, consequence, windows, install)])
        }
    }

    private func broken(
        _ agent: WindowsAgent, _ severity: Severity, _ consequence: Consequence, _ windows: WindowsFacts,
        _ install: Fix
    ) -> Finding {
        if agent.programExists == .no {
            let evidence = agent.program.map { [Evidence(path: $0, excerpt: "absent")] } ?? agent.evidence
            return Finding(
                "\(family).ProgramMissing", severity,
                "\(agent.title) has a service, and its program is not there.", evidence: evidence,
                fixes: [install], consequence: consequence)
        }
        let services = agent.services.compactMap { windows.service($0) }
        let enable = agent.services.map { WindowsServices(windows).enable($0) }
        return Finding(
            "\(family).Disabled", severity,
            services.isEmpty
                ? "\(agent.title) is there, and no service starts it."
                : "The service of \(agent.title) does not start with the system.",
            evidence: services.isEmpty ? agent.evidence : services.map(\.startEvidence),
            fixes: enable.isEmpty ? [install] : enable, consequence: consequence)
    }
}
