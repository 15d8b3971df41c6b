import GuestFacts

/// Finds agents of platforms and security products: the program that is there and the unit that starts it.
struct AgentInspection {
    let reader: GuestReader
    let services: ServiceInspection

    /// How an agent is known.
    private struct Signature {
        let name: String
        /// The platform it belongs to.
        let origin: String
        /// One of these files is the program. A `*` stands for any part of one name.
        let programs: [String]
        /// Units that start it, by the names of systemd; empty for what works by being there (rules, configuration).
        var units: [String] = []
    }

    private static let signatures: [Signature] = [
        Signature(
            name: "cloud-assistant", origin: "alibaba",
            programs: [
                "/usr/sbin/aliyun-service", "/usr/sbin/aliyun_service",
                "/usr/local/share/aliyun-assist/*/aliyun-service",
                "/opt/local/share/aliyun-assist/*/aliyun-service",
            ], units: ["aliyun.service", "aliyun-service.service", "agentwatch.service"]),
        Signature(
            name: "security-center", origin: "alibaba",
            programs: [
                "/usr/local/aegis/aegis_update/AliYunDunUpdate", "/usr/local/aegis/aegis_client/*/AliYunDun",
            ], units: ["aegis.service"]),
        Signature(
            name: "cloudmonitor", origin: "alibaba",
            programs: [
                "/usr/local/cloudmonitor/bin/argusagent", "/usr/local/cloudmonitor/CmsGoAgent.linux-*",
                "/usr/local/cloudmonitor/cloudmonitorCtl.sh",
            ], units: ["cloudmonitor.service"]),
        Signature(
            name: "qemu-guest-agent", origin: "kvm", programs: ["/usr/sbin/qemu-ga", "/usr/bin/qemu-ga"],
            units: ["qemu-guest-agent.service", "qemu-ga.service"]),
        Signature(
            name: "open-vm-tools", origin: "vmware", programs: ["/usr/bin/vmtoolsd"],
            units: ["open-vm-tools.service", "vmtoolsd.service"]),
        Signature(
            name: "vmware-tools", origin: "vmware",
            programs: ["/usr/bin/vmware-uninstall-tools.pl", "/usr/lib/vmware-tools/sbin64/vmtoolsd"],
            units: ["vmware-tools.service"]),
        Signature(
            name: "virtualbox-guest-additions", origin: "virtualbox",
            programs: [
                "/usr/sbin/VBoxService", "/opt/VBoxGuestAdditions-*/sbin/VBoxService",
                "/var/lib/VBoxGuestAdditions/config",
            ], units: ["vboxadd-service.service", "vboxadd.service", "virtualbox-guest-utils.service"]),
        Signature(
            name: "waagent", origin: "azure", programs: ["/usr/sbin/waagent", "/usr/bin/waagent"],
            units: ["walinuxagent.service", "waagent.service"]),
        Signature(
            name: "hyperv-daemons", origin: "azure",
            programs: [
                "/usr/sbin/hv_kvp_daemon", "/usr/sbin/hypervkvpd", "/usr/lib/hyper-v/bin/hv_kvp_daemon",
            ],
            units: ["hv-kvp-daemon.service", "hypervkvpd.service", "hv_kvp_daemon.service"]),
        Signature(
            name: "azure-udev-rules", origin: "azure", programs: ["/etc/udev/rules.d/66-azure-storage.rules"]),
        Signature(
            name: "azure-cloud-config", origin: "azure",
            programs: ["/etc/cloud/cloud.cfg.d/*azure*", "/etc/cloud/cloud.cfg.d/*Azure*"]),
        Signature(
            name: "amazon-ssm-agent", origin: "aws",
            programs: ["/usr/bin/amazon-ssm-agent", "/snap/bin/amazon-ssm-agent"],
            units: ["amazon-ssm-agent.service", "snap.amazon-ssm-agent.amazon-ssm-agent.service"]),
        Signature(
            name: "ec2-net-utils", origin: "aws",
            programs: [
                "/etc/udev/rules.d/53-ec2-network-interfaces.rules",
                "/usr/lib/udev/rules.d/99-vpc-policy-routes.rules",
                "/usr/sbin/ec2ifup",
            ]),
        Signature(
            name: "ec2-instance-connect", origin: "aws",
            programs: [
                "/usr/share/ec2-instance-connect/eic_run_authorized_keys",
                "/opt/aws/bin/eic_run_authorized_keys",
            ]),
        Signature(
            name: "amazon-cloudwatch-agent", origin: "aws",
            programs: ["/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent"],
            units: ["amazon-cloudwatch-agent.service"]),
        Signature(
            name: "google-guest-agent", origin: "gcp",
            programs: [
                "/usr/bin/google_guest_agent", "/usr/bin/google_guest_agent_manager",
                "/usr/bin/google_accounts_daemon",
            ],
            units: [
                "google-guest-agent.service", "google-guest-agent-manager.service",
                "google-accounts-daemon.service",
            ]),
        Signature(
            name: "google-osconfig-agent", origin: "gcp", programs: ["/usr/bin/google_osconfig_agent"],
            units: ["google-osconfig-agent.service"]),
        Signature(
            name: "google-os-login", origin: "gcp",
            programs: [
                "/lib/security/pam_oslogin_login.so", "/lib64/security/pam_oslogin_login.so",
                "/lib/x86_64-linux-gnu/security/pam_oslogin_login.so",
                "/usr/lib/x86_64-linux-gnu/security/pam_oslogin_login.so",
            ], units: ["google-oslogin-cache.timer"]),
        Signature(name: "google-rsyslog", origin: "gcp", programs: ["/etc/rsyslog.d/90-google.conf"]),
        Signature(
            name: "tencent-cloud", origin: "tencent",
            programs: [
                "/usr/local/qcloud/stargate/bin/sgagent", "/usr/local/qcloud/stargate/admin/start.sh",
                "/usr/local/qcloud/monitor/barad/admin/start.sh",
            ], units: ["stargate.service"]),
        Signature(
            name: "tat-agent", origin: "tencent", programs: ["/usr/local/qcloud/tat_agent/tat_agent"],
            units: ["tat_agent.service"]),
        Signature(
            name: "yunjing", origin: "tencent",
            programs: [
                "/usr/local/qcloud/YunJing/YDEyes/YDService", "/usr/local/qcloud/YunJing/YDLive/YDLive",
            ],
            units: ["YDService.service"]),
        Signature(
            name: "huawei-cloud", origin: "huawei",
            programs: [
                "/CloudrResetPwdAgent/bin/cloudResetPwdAgent.script",
                "/CloudResetPwdUpdateAgent/bin/*.script",
            ], units: ["cloudResetPwdAgent.service", "cloudResetPwdUpdateAgent.service"]),
        Signature(
            name: "hostguard", origin: "huawei", programs: ["/usr/local/hostguard/bin/hostguard"],
            units: ["hostguard.service"]),
        Signature(
            name: "telescope", origin: "huawei",
            programs: [
                "/usr/local/telescope/bin/telescope",
                "/usr/local/uniagent/extension/install/telescope/telescope",
            ],
            units: ["telescoped.service", "telescope.service"]),
        Signature(
            name: "uniagent", origin: "huawei",
            programs: ["/usr/local/uniagentd/bin/uniagentd", "/usr/local/uniagent/bin/uniagent"],
            units: ["uniagent.service", "uniagentd.service"]),
        Signature(
            name: "uvp-tools", origin: "huawei",
            programs: ["/usr/bin/uvp-monitor", "/etc/.uvp-monitor/uvp-monitor"],
            units: ["uvp-monitor.service"]),
        Signature(
            name: "xe-guest-utilities", origin: "xen", programs: ["/usr/sbin/xe-daemon"],
            units: ["xe-linux-distribution.service", "xe-daemon.service"]),
        Signature(
            name: "parallels-tools", origin: "parallels", programs: ["/usr/bin/prltoolsd", "/usr/bin/prlcc"],
            units: ["prltoolsd.service"]),
        Signature(
            name: "nutanix-guest-tools", origin: "nutanix",
            programs: [
                "/usr/local/nutanix/ngt/python/bin/*ngt*", "/usr/local/nutanix/ngt/config/ngt_config.json",
            ],
            units: ["ngt_guest_agent.service"]),
        Signature(
            name: "ovirt-guest-agent", origin: "ovirt",
            programs: [
                "/usr/share/ovirt-guest-agent/ovirt-guest-agent.py", "/usr/share/rhev-agent/rhev-agentd.py",
            ],
            units: ["ovirt-guest-agent.service", "rhev-agentd.service"]),
        Signature(
            name: "kudzu", origin: "hardware", programs: ["/sbin/kudzu", "/usr/sbin/kudzu"],
            units: ["kudzu.service"]),
    ]

    func inspect() -> [AgentFacts] {
        AgentInspection.signatures.compactMap { signature in
            guard let program = signature.programs.lazy.compactMap(find).first else { return nil }
            var facts = AgentFacts(
                name: signature.name, evidence: Evidence(path: program), enabled: enabled(signature))
            facts.origin = signature.origin
            return facts
        }
    }

    private func enabled(_ signature: Signature) -> Answer {
        if signature.units.isEmpty { return .yes }
        let units = signature.units.map(services.unit)
        if units.contains(where: { $0.starts == .yes }) { return .yes }
        // Debian's guest agent is started by udev when the port appears, without any link.
        if signature.name == "qemu-guest-agent", units.contains(where: { $0.state == .static }) {
            return .yes
        }
        return units.contains { $0.starts == .unknown } ? .unknown : .no
    }

    /// The first path that exists; a `*` stands for any part of one name.
    private func find(_ pattern: String) -> String? {
        guard pattern.contains("*") else { return reader.exists(pattern) == .yes ? pattern : nil }
        return reader.glob(pattern).first
    }
}
