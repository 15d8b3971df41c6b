import GuestFacts

/// Finds agents of platforms and security products: the program that is there and the unit that starts it.
struct AgentInspection {
    let reader: GuestReader
    let services: ServiceInspection

    /// How an agent is known.
    private struct Signature {
        let name: String
        /// One of these files is the program. A `*` stands for any one directory.
        let programs: [String]
        /// Units that start it.
        let units: [String]
    }

    private static let signatures: [Signature] = [
        Signature(
            name: "cloud-assistant",
            programs: [
                "/usr/sbin/aliyun-service", "/usr/sbin/aliyun_service",
                "/usr/local/share/aliyun-assist/*/aliyun-service",
            ], units: ["aliyun.service", "aliyun-service.service"]),
        Signature(
            name: "security-center",
            programs: [
                "/usr/local/aegis/aegis_update/AliYunDunUpdate", "/usr/local/aegis/aegis_client/*/AliYunDun",
            ], units: ["aegis.service"]),
        Signature(
            name: "qemu-guest-agent", programs: ["/usr/sbin/qemu-ga", "/usr/bin/qemu-ga"],
            units: ["qemu-guest-agent.service", "qemu-ga.service"]),
        Signature(
            name: "open-vm-tools", programs: ["/usr/bin/vmtoolsd"],
            units: ["open-vm-tools.service", "vmtoolsd.service"]),
        Signature(
            name: "vmware-tools", programs: ["/usr/bin/vmware-uninstall-tools.pl"],
            units: ["vmware-tools.service"]),
        Signature(
            name: "virtualbox-guest-additions",
            programs: ["/usr/sbin/VBoxService", "/opt/VBoxGuestAdditions-*/sbin/VBoxService"],
            units: ["vboxadd-service.service", "vboxadd.service", "virtualbox-guest-utils.service"]),
        Signature(
            name: "waagent", programs: ["/usr/sbin/waagent"],
            units: ["walinuxagent.service", "waagent.service"]),
        Signature(
            name: "hyperv-daemons", programs: ["/usr/sbin/hv_kvp_daemon", "/usr/sbin/hypervkvpd"],
            units: ["hv-kvp-daemon.service", "hypervkvpd.service"]),
        Signature(
            name: "amazon-ssm-agent", programs: ["/usr/bin/amazon-ssm-agent", "/snap/bin/amazon-ssm-agent"],
            units: ["amazon-ssm-agent.service"]),
        Signature(
            name: "google-guest-agent", programs: ["/usr/bin/google_guest_agent"],
            units: ["google-guest-agent.service"]),
        Signature(
            name: "tencent-cloud",
            programs: ["/usr/local/qcloud/stargate/bin/sgagent", "/usr/local/qcloud/tat_agent/tat_agent"],
            units: ["tat_agent.service"]),
        Signature(
            name: "huawei-cloud",
            programs: [
                "/CloudrResetPwdAgent/bin/cloudResetPwdAgent.script", "/usr/local/hostguard/bin/hostguard",
            ],
            units: ["hostguard.service"]),
        Signature(
            name: "xe-guest-utilities", programs: ["/usr/sbin/xe-daemon"],
            units: ["xe-linux-distribution.service"]),
    ]

    func inspect() -> [AgentFacts] {
        AgentInspection.signatures.compactMap { signature in
            guard let program = signature.programs.lazy.compactMap(find).first else { return nil }
            return AgentFacts(
                name: signature.name, evidence: Evidence(path: program), enabled: enabled(signature))
        }
    }

    private func enabled(_ signature: Signature) -> Answer {
        let units = signature.units.map(services.unit)
        if units.contains(where: { $0.starts == .yes }) { return .yes }
        // Debian's guest agent is started by udev when the port appears, without any link.
        if signature.name == "qemu-guest-agent", units.contains(where: { $0.state == .static }) {
            return .yes
        }
        return units.contains { $0.starts == .unknown } ? .unknown : .no
    }

    /// The first path that exists; a `*` is one name of a directory.
    private func find(_ pattern: String) -> String? {
        guard let star = pattern.firstIndex(of: "*") else {
            return reader.exists(pattern) == .yes ? pattern : nil
        }
        let before = pattern[..<star]
        guard let slash = before.lastIndex(of: "/") else { return nil }
        let directory = String(before[..<slash])
        let prefix = before[before.index(after: slash)...]
        let rest = pattern[pattern.index(after: star)...]
        for name in reader.names(in: directory).value ?? [] where name.hasPrefix(prefix) {
            let path = "\(directory)/\(name)\(rest)"
            if reader.exists(path) == .yes { return path }
        }
        return nil
    }
}
