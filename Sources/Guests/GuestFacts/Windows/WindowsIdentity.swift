/// Which Windows it is (`SOFTWARE\Microsoft\Windows NT\CurrentVersion`, and the kernel's own version).
package struct WindowsIdentity: Sendable, Hashable, Codable {
    /// `ProductName`. Windows 11 still says "Windows 10" here; ``name`` does not.
    package var productName: String?
    /// `EditionID`: `ServerDatacenter`, `ServerStandardEval`, `Professional`.
    package var edition: String?
    /// `InstallationType`: `Client`, `Server`, `Server Core`, `Nano Server`.
    package var installationType: String?
    /// `ProductType` of the SYSTEM hive: `WinNT`, `ServerNT`, `LanmanNT` (a domain controller).
    package var productType: String?
    /// Major and minor version: `6.1`, `10.0`.
    package var version: String?
    /// `CurrentBuildNumber`: 7601, 17763, 20348.
    package var build: Int?
    /// Update build revision, the number behind the build; nil before Windows 10 and where it is absent.
    package var revision: Int?
    /// `DisplayVersion` or `ReleaseId`: `21H2`, `1809`.
    package var release: String?
    /// Of the kernel: `x86_64`, `i386`, `arm64`; nil when the kernel could not be read.
    package var architecture: String?
    /// The language it was installed in, as `0409`.
    package var installLanguage: String?
    package var computerName: String?
    /// Values the identity was read from.
    package var evidence: [Evidence] = []
    /// What should tell and could not be read.
    package var gaps: [Gap] = []

    package init() {}

    /// Server or client; nil when neither value tells.
    package var isServer: Bool? {
        if let productType { return productType.lowercased() != "winnt" }
        return installationType.map { $0.lowercased() != "client" }
    }

    package var isDomainController: Bool { productType?.lowercased() == "lanmannt" }

    /// Without the desktop: Server Core or Nano Server.
    package var isCore: Bool {
        guard let installationType else { return false }
        return installationType.lowercased().hasSuffix("core")
            || installationType.lowercased().hasPrefix("nano")
    }

    /// 6.1 for Windows 7 and Server 2008 R2; used where the generations differ.
    package var generation: WindowsGeneration? { build.map(WindowsGeneration.init(build:)) }

    /// What people call it: `Windows Server 2019`, `Windows 11`; from the build, because the product name is
    /// not kept up to date.
    package var name: String {
        guard let build else { return productName ?? "Windows" }
        let isServer = isServer ?? false
        switch (build, isServer) {
        case (..<2600, _): return productName ?? "Windows"
        case (2600..<3790, _): return "Windows XP"
        case (3790..<6000, true): return "Windows Server 2003"
        case (3790..<6000, false): return "Windows XP x64"
        case (6000..<7600, true): return "Windows Server 2008"
        case (6000..<7600, false): return "Windows Vista"
        case (7600..<9200, true): return "Windows Server 2008 R2"
        case (7600..<9200, false): return "Windows 7"
        case (9200..<9600, true): return "Windows Server 2012"
        case (9200..<9600, false): return "Windows 8"
        case (9600..<10240, true): return "Windows Server 2012 R2"
        case (9600..<10240, false): return "Windows 8.1"
        case (10240..<17763, true): return build == 14393 ? "Windows Server 2016" : "Windows Server"
        case (17763..<20348, true): return build == 17763 ? "Windows Server 2019" : "Windows Server"
        case (20348..<25398, true): return "Windows Server 2022"
        case (25398..<26100, true): return "Windows Server 23H2"
        case (26100..., true): return "Windows Server 2025"
        case (10240..<22000, false): return "Windows 10"
        default: return "Windows 11"
        }
    }

    /// `10.0.17763.6054`, as far as it is known.
    package var fullVersion: String? {
        guard let build else { return version }
        let start = version.map { "\($0).\(build)" } ?? "\(build)"
        return revision.map { "\(start).\($0)" } ?? start
    }
}

/// Generations of Windows that keep their drivers, their boot files and their settings alike.
package enum WindowsGeneration: Int, Sendable, Hashable, Codable, Comparable {
    /// XP, Server 2003: ntldr.
    case ntldr
    /// Vista, Server 2008.
    case vista
    /// 7, Server 2008 R2.
    case seven
    /// 8, Server 2012.
    case eight
    /// 8.1, Server 2012 R2.
    case eightOne
    /// 10 and 11, Server 2016 and later.
    case ten

    package init(build: Int) {
        self =
            switch build {
            case ..<6000: .ntldr
            case ..<7600: .vista
            case ..<9200: .seven
            case ..<9600: .eight
            case ..<10240: .eightOne
            default: .ten
            }
    }

    package static func < (a: WindowsGeneration, b: WindowsGeneration) -> Bool { a.rawValue < b.rawValue }
}
