import Checks
import GuestFacts
import LaunchChain

/// What the compliance tool would find in one system.
struct ComplianceSheet {
    /// The three words of the tool.
    enum Result: String {
        case ok = "OK"
        case failed = "FAILED"
        case warning = "WARNING"
    }

    struct Item {
        var name: String
        var result: Result
        /// `0` when there is nothing to say, as in the tool; otherwise the reason code, or `Unknown`.
        var code: String
        var description: String
        var comment: String
    }

    let image: String
    let platform: String
    /// `CentOS 7.4`.
    let system: String
    /// Before and after the first point; `0` for what the system does not say.
    let version: (big: String, small: String)
    let architecture: String?
    /// Decimal gigabytes, as the tool counts: a disk of 40 GiB has 42.
    let gigabytes: UInt64
    let toolVersion: String
    /// The sixteen items in the order of the tool; nil when the system is not Linux.
    let items: [Item]?

    /// The items by the names of the tool.
    static let names: [(name: String, id: String)] = [
        ("driver", "GUESTOS.Virtio"), ("shadow file authority", "COMPLIANCE.ShadowAuthority"),
        ("security", "GUESTOS.Selinux"), ("qemu-ga", "COMPLIANCE.QemuGa"), ("network", "COMPLIANCE.Network"),
        ("ssh", "COMPLIANCE.Ssh"), ("firewall", "COMPLIANCE.Firewall"),
        ("filesystem", "COMPLIANCE.FileSystem"),
        ("device id", "COMPLIANCE.DeviceId"), ("root account", "COMPLIANCE.RootAccount"),
        ("password", "COMPLIANCE.Passwd"), ("partition table", "COMPLIANCE.PartitionTable"),
        ("lib", "COMPLIANCE.Lib"), ("disk size", "COMPLIANCE.DiskSize"),
        ("disk use rate", "COMPLIANCE.DiskUsage"),
        ("inode use rate", "COMPLIANCE.InodeUsage"),
    ]

    init(_ report: ScanReport, _ guest: ScanReport.Guest?, target: String) {
        image = report.image.path
        gigabytes = max(1, report.image.virtualSize / 1_000_000_000)
        toolVersion = report.tool.version
        architecture = guest?.os.architecture
        platform = guest.map { PlatformName.name(of: $0.os) } ?? "none"
        let number = guest?.os.version ?? ""
        let parts = number.prefix { $0.isNumber || $0 == "." }.split(separator: ".", maxSplits: 1).map(
            String.init)
        version = (parts.first ?? "0", parts.count > 1 ? parts[1] : "0")
        system = [platform, number].filter { !$0.isEmpty }.joined(separator: " ")
        guard let guest, guest.os.family == "linux" else {
            items = nil
            return
        }
        let answers = Dictionary(
            ItemAnswer.answers(in: guest.checks, at: guest.verdict(preferring: target)?.target)
                .map { ($0.first.id, $0) }, uniquingKeysWith: { first, _ in first })
        items = ComplianceSheet.names.map { name, id in ComplianceSheet.item(name, id, answers[id]) }
    }

    private static func item(_ name: String, _ id: String, _ answer: ItemAnswer?) -> Item {
        guard let answer else {
            return Item(
                name: name, result: .warning, code: "Unknown", description: "Unknown: the item was left out.",
                comment: "Ask for all items, without --only and --skip.")
        }
        let first = answer.first
        let message = first.message ?? first.title
        switch answer.status {
        case .pass, .info:
            return Item(
                name: name, result: .ok, code: "0", description: "Pass: " + message, comment: first.title)
        case .notApplicable:
            return Item(
                name: name, result: .ok, code: "0", description: "Not applicable: " + message,
                comment: first.title)
        case .unknown:
            return Item(
                name: name, result: .warning, code: "Unknown",
                description: "Unknown: " + answer.questions.joined(separator: "; "), comment: first.title)
        case .fail:
            let (result, word): (Result, String) =
                switch first.severity ?? .error {
                case .error: (.failed, "Failed: ")
                case .warning: (.warning, "Warning: ")
                case .info: (.ok, "Advice: ")
                }
            let fix = (first.fixes ?? []).map { ([$0.title] + $0.commands).joined(separator: "; ") }
            return Item(
                name: name, result: result, code: result == .ok ? "0" : first.code ?? id,
                description: word + message,
                comment: fix.isEmpty ? first.title : fix.joined(separator: " Or: ")
            )
        }
    }
}
