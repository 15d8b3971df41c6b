import GuestFacts

/// What the cloud's console and API call a system.
enum PlatformName {
    /// `CentOS`, `Debian`, `Windows Server 2016`; `Others Linux` for a distribution it has no name for.
    static func name(of os: ScanReport.OperatingSystem) -> String {
        switch os.family {
        case "windows": windows(os.name ?? "")
        case "linux": linux[os.distribution ?? ""] ?? "Others Linux"
        default: os.name ?? os.family
        }
    }

    private static let linux = [
        "alinux": "Aliyun", "almalinux": "AlmaLinux", "anolis": "Anolis", "centos": "CentOS",
        "coreos": "CoreOS",
        "debian": "Debian", "fedora": "Fedora", "gentoo": "Gentoo", "kylin": "Kylin", "opensuse": "OpenSUSE",
        "opensuse-leap": "OpenSUSE", "opensuse-tumbleweed": "OpenSUSE", "rhel": "RedHat",
        "rocky": "Rocky Linux",
        "sled": "SUSE", "sles": "SUSE", "ubuntu": "Ubuntu", "uos": "UOS",
    ]

    private static func windows(_ name: String) -> String {
        let words = name.split(separator: " ")
        guard let index = words.firstIndex(of: "Windows") else { return "Others Windows" }
        let rest = words[(index + 1)...]
        let isServer = rest.first == "Server"
        guard let version = rest.first(where: { $0.first?.isNumber ?? false }) else {
            return "Others Windows"
        }
        return (isServer ? "Windows Server " : "Windows ") + version
    }
}
