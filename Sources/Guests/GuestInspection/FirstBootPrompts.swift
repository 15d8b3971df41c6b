import GuestFacts
import GuestFormats

/// Programs that ask at the console at first boot and wait for an answer that nobody gives.
struct FirstBootPrompts {
    let reader: GuestReader
    let services: ServiceInspection

    /// Findings: `blocks` when what follows at boot waits for it, `console` when only the console does.
    func inspect() -> [StructureFinding] {
        var result: [StructureFinding] = []
        func add(_ code: String, _ message: String, _ evidence: Evidence) {
            result.append(StructureFinding(code: code, message: message, evidence: evidence))
        }
        // Both wait for this file, which their images bring along.
        let reconfigure = "/var/lib/YaST2/reconfig_system"
        for name in ["jeos-firstboot.service", "YaST2-Firstboot.service"] {
            let unit = services.unit(name)
            guard unit.starts == .yes, reader.exists(reconfigure) == .yes else { continue }
            add(
                holdsUp(name) ? "blocks" : "console",
                "\(name) asks for language, keyboard and password at the first boot and waits.",
                unit.evidence.first ?? Evidence(path: reconfigure))
        }
        for name in [
            "initial-setup.service", "initial-setup-text.service", "firstboot-text.service",
            "oem-config.service",
        ] {
            let unit = services.unit(name)
            guard unit.starts == .yes else { continue }
            add(
                holdsUp(name) ? "blocks" : "console", "\(name) asks at the console at the first boot.",
                unit.evidence.first ?? Evidence(path: name))
        }
        if let path = ["/.unconfigured", "/etc/reconfigSys"].first(where: { reader.exists($0) == .yes }) {
            add("console", "\(path) makes the first boot ask for settings.", Evidence(path: path))
        }
        firstboot(add)
        return result
    }

    /// systemd-firstboot runs when the machine has no id yet, and asks for what is not set.
    private func firstboot(_ add: (String, String, Evidence) -> Void) {
        let unit = services.unit("systemd-firstboot.service")
        guard unit.starts == .yes, let file = services.file(of: unit.name),
            let command = file.last("Service", "ExecStart")?.value, command.contains("--prompt"),
            FirstBoot(machineID: reader.file("/etc/machine-id").value).appliesPresets
        else { return }
        var missing: [String] = []
        if command.contains("--prompt-locale") || command.contains("--prompt "),
            reader.exists("/etc/locale.conf") == .no, reader.exists("/etc/default/locale") == .no
        {
            missing.append("locale")
        }
        if command.contains("--prompt-root-password"), reader.exists("/etc/shadow") == .no {
            missing.append("root password")
        }
        guard !missing.isEmpty else { return }
        add(
            // For a locale it asks only where there are several to choose from.
            missing.contains("root password") ? "blocks" : "console",
            "systemd-firstboot asks for the \(missing.joined(separator: " and ")) and waits.",
            unit.evidence.first ?? Evidence(path: unit.name))
    }

    /// Whether the network or the SSH server comes after the unit.
    private func holdsUp(_ name: String) -> Bool {
        guard let file = services.file(of: name) else { return false }
        let later = file.words("Unit", "Before").map(\.word)
        return later.contains { word in
            ["network", "NetworkManager", "wicked", "sshd", "ssh.", "sysinit", "basic", "multi-user"]
                .contains { word.hasPrefix($0) }
        }
    }
}
