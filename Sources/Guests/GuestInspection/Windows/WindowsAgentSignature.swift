import GuestFacts

/// How an agent or a set of tools is known. Names of services are those of their installers.
struct WindowsAgentSignature: Sendable {
    /// The stable name.
    let name: String
    let title: String
    /// Services and drivers; the first is the one that matters.
    var services: [String] = []
    /// Any service whose name or program has this in it, in any case.
    var servicePart: String?
    /// Its program; a `*` stands for any one directory.
    var programs: [String] = []
    /// The start of its name among the installed programs, in any case.
    var products: [String] = []

    func isProduct(_ name: String) -> Bool {
        products.contains { name.droppingPrefix($0) != nil }
    }

    func isServiceByPath(_ service: WindowsService) -> Bool {
        guard let part = servicePart, !service.isDriver,
            !services.contains(where: { $0.lowercased() == service.name.lowercased() })
        else { return false }
        return service.name.lowercased().contains(part)
            || service.imagePath?.lowercased().contains(part) ?? false
    }

    static let all: [WindowsAgentSignature] = [
        WindowsAgentSignature(
            name: "cloud-assistant", title: "Cloud Assistant", services: ["AliyunService"],
            programs: ["/ProgramData/aliyun/assist/*/aliyun_assist_service.exe"]),
        WindowsAgentSignature(
            name: "security-center", title: "Security Center",
            services: [
                "Alibaba Security Aegis Detect Service", "Alibaba Security Aegis Update Service", "AliYunDun",
            ], programs: ["/Program Files (x86)/Alibaba/Aegis/*/AliYunDun.exe"]),
        // The name of its service is not published; what its files are called is in all of them.
        WindowsAgentSignature(
            name: "vminit", title: "Vminit", servicePart: "vminit",
            programs: ["/ProgramData/aliyun/vminit/*.exe", "/ProgramData/aliyun/vminit/*/*.exe"],
            products: ["Vminit"]),
        WindowsAgentSignature(
            name: "cloudbase-init", title: "Cloudbase-Init", services: ["cloudbase-init"],
            programs: [
                "/Program Files/Cloudbase Solutions/Cloudbase-Init/Python/Scripts/cloudbase-init.exe"
            ], products: ["Cloudbase-Init"]),
        WindowsAgentSignature(
            name: "qemu-guest-agent", title: "QEMU guest agent", services: ["QEMU-GA"],
            programs: ["/Program Files/Qemu-ga/qemu-ga.exe"], products: ["QEMU guest agent"]),
        WindowsAgentSignature(
            name: "spice-tools", title: "SPICE agent", services: ["spice-agent", "vdservice"],
            products: ["SPICE Guest Tools", "Spice agent"]),
        WindowsAgentSignature(
            name: "vmware-tools", title: "VMware Tools",
            services: ["VMTools", "VGAuthService", "vmvss", "vmhgfs", "vmci"],
            programs: ["/Program Files/VMware/VMware Tools/vmtoolsd.exe"], products: ["VMware Tools"]),
        WindowsAgentSignature(
            name: "virtualbox-guest-additions", title: "VirtualBox Guest Additions",
            services: ["VBoxService", "VBoxGuest", "VBoxSF"],
            programs: ["/Program Files/Oracle/VirtualBox Guest Additions/VBoxTray.exe"],
            products: ["Oracle VM VirtualBox Guest Additions", "Oracle VirtualBox Guest Additions"]),
        WindowsAgentSignature(
            name: "xen-tools", title: "XenServer tools",
            services: ["xensvc", "XenAgent", "XenInstall", "xenlite"],
            products: [
                "Citrix XenServer Tools", "Citrix Hypervisor", "XenServer VM Tools", "Xen PV Drivers",
            ]),
        WindowsAgentSignature(
            name: "parallels-tools", title: "Parallels Tools",
            services: ["Parallels Tools Service", "prl_tools_service", "prl_strg", "prl_fs"],
            products: ["Parallels Tools", "Virtuozzo Tools"]),
        WindowsAgentSignature(
            name: "nutanix-tools", title: "Nutanix Guest Tools", services: ["Nutanix Guest Agent"],
            products: ["Nutanix Guest Tools"]),
        WindowsAgentSignature(
            name: "ovirt-agent", title: "oVirt guest agent", services: ["OVirtGuestService", "ovirt-agent"],
            products: ["oVirt Guest"]),
        WindowsAgentSignature(
            name: "ec2config", title: "EC2Config", services: ["Ec2Config"], products: ["EC2ConfigService"]),
        WindowsAgentSignature(
            name: "ec2launch", title: "EC2Launch", services: ["Amazon EC2Launch"],
            programs: [
                "/ProgramData/Amazon/EC2-Windows/Launch/Scripts/InitializeInstance.ps1",
                "/Program Files/Amazon/EC2Launch/EC2Launch.exe",
            ], products: ["Amazon EC2Launch"]),
        WindowsAgentSignature(
            name: "amazon-ssm-agent", title: "Amazon SSM Agent", services: ["AmazonSSMAgent"],
            products: ["Amazon SSM Agent"]),
        WindowsAgentSignature(
            name: "azure-agent", title: "Azure guest agent",
            services: ["WindowsAzureGuestAgent", "RdAgent", "WindowsAzureTelemetryService"],
            programs: ["/WindowsAzure/Packages/WindowsAzureGuestAgent.exe"],
            products: ["Windows Azure VM Agent"]),
        WindowsAgentSignature(
            name: "google-guest-agent", title: "Google guest agent",
            services: ["GCEAgent", "GCEAgentManager", "google_osconfig_agent"],
            programs: ["/Program Files/Google/Compute Engine/agent/GCEWindowsAgent.exe"]),
        WindowsAgentSignature(
            name: "tencent-cloud", title: "Tencent Cloud agents",
            services: ["tatsvc", "YDService", "YDLive", "BaradAgentSvc", "StargateSvc"],
            programs: ["/Program Files/QCloud/tat_agent/tat_agent.exe"]),
        WindowsAgentSignature(
            name: "huawei-cloud", title: "Huawei Cloud agents",
            services: [
                "CloudResetPwdAgent", "CloudResetPwdUpdateAgent", "HostGuard", "HostWatch", "telescoped",
            ],
            programs: ["/CloudResetPwdUpdateAgent/bin/wrapper.exe"]),
    ]
}
