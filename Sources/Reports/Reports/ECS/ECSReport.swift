import Checks
import GuestFacts
import LaunchChain

/// The report in the form in which the cloud's DescribeImages operation answers, so that scripts and SDKs made for it
/// read ours. An image with several systems gives an element for each.
///
/// - `RiskLevel` and `RiskCode` are there only for an item at risk: `High` for a fail of severity error, `Medium` for a
///   warning. Advice is no risk.
/// - An item that could not be judged has the value `Unknown`.
/// - Tags are given only when the check passed: no item at risk, none unknown.
/// - What only the cloud knows (identifiers, owner, times) is absent.
public struct ECSReport: Sendable {
    private let results: ScanResults
    private static let target = "alibaba-ecs"

    /// An answer about all images of a run; those that could not be read have no place in it.
    public init(_ results: ScanResults) { self.results = results }

    /// The answer as JSON. Throws what the encoder throws.
    public func bytes() throws -> [UInt8] { try JSONReport.bytes(body) + [0x0A] }

    var body: Body {
        let images = results.reports.flatMap { report in
            report.guests.isEmpty
                ? [image(report, nil)] : report.guests.map { image(report, $0) }
        }
        return Body(
            Images: Images(Image: images), PageNumber: 1, PageSize: images.count, TotalCount: images.count)
    }

    private func image(_ report: ScanReport, _ guest: ScanReport.Guest?) -> Image {
        let verdict = guest?.verdict(preferring: ECSReport.target)
        let answers = Dictionary(
            ItemAnswer.answers(in: guest?.checks ?? report.checks ?? [], at: verdict?.target)
                .map { ($0.first.id, $0) }, uniquingKeysWith: { first, _ in first })
        let items = ECSReport.published(for: guest?.os.family).compactMap { id in
            answers[id].map { item(id, $0) }
        }
        let hasPassed =
            guest != nil && !items.isEmpty
            && items.allSatisfy { $0.RiskLevel == nil && $0.Value != ECSReport.unknown }
        let os = guest?.os
        let isOneOfSeveral = report.guests.count > 1
        return Image(
            ImageName: report.image.path.split(separator: "/").last.map(String.init) ?? report.image.path,
            Description: isOneOfSeveral ? guest.map { "\($0.os.title) on \($0.root)" } : nil,
            Architecture: os?.architecture, OSType: os.map { $0.family == "windows" ? "windows" : "linux" },
            OSName: guest?.os.title, OSNameEn: guest?.os.title, Platform: os.map(PlatformName.name),
            Size: ECSReport.gibibytes(report.image.virtualSize), BootMode: ECSReport.bootMode(os?.bootMode),
            DetectionOptions: DetectionOptions(Status: "Finished", Items: Items(Item: items)),
            Tags: hasPassed ? tags(os) : nil)
    }

    private static let unknown = "Unknown"

    private func item(_ id: String, _ answer: ItemAnswer) -> Item {
        let first = answer.first
        // The code without its item: `NotInInitramfs`.
        let reason = first.code?.split(separator: ".", maxSplits: 1).last.map(String.init)
        let value: String =
            switch answer.status {
            case .unknown: ECSReport.unknown
            case .notApplicable: "NotApplicable"
            case .fail: first.value ?? reason ?? "Fail"
            case .pass, .info: first.value ?? "OK"
            }
        let level: String? =
            answer.status != .fail
            ? nil : first.severity == .error ? "High" : first.severity == .warning ? "Medium" : nil
        return Item(
            Name: id, Value: value, RiskLevel: level, RiskCode: level.map { _ in ECSReport.riskCode(first) })
    }

    /// The reference spells this one item in its own way: `NVMe.NotInstalled`.
    private static func riskCode(_ item: ScanReport.CheckItem) -> String {
        let code = item.code ?? item.id
        return code.hasPrefix("Nvme.") ? "NVMe." + code.dropFirst(5) : code
    }

    private func tags(_ os: ScanReport.OperatingSystem?) -> Tags? {
        let version = os.flatMap { os in
            os.name.map { name in
                os.version.map { name.contains($0) ? name : "\(name) \($0)" } ?? name
            }
        }
        let pairs = [
            ("acs:ecs:image:osVersion", version), ("acs:ecs:image:kernelVersion", os?.kernelVersion),
        ]
        let tags = pairs.compactMap { key, value in value.map { Tag(TagKey: key, TagValue: $0) } }
        return tags.isEmpty ? nil : Tags(Tag: tags)
    }

    private static func bootMode(_ mode: String?) -> String? {
        switch mode {
        case "bios": "BIOS"
        case "uefi": "UEFI"
        case "bios+uefi": "UEFI-Preferred"
        default: nil
        }
    }

    private static func gibibytes(_ bytes: UInt64) -> UInt64 {
        bytes >> 30 + (bytes & (1 << 30 - 1) == 0 ? 0 : 1)
    }

    // MARK: Items of the reference

    /// The items the cloud's image check lists for a system, in its order.
    static func published(for family: String?) -> [String] {
        let names: [String] =
            switch family {
            case "windows": windows
            case nil: ["SystemImage"]
            default: linux
            }
        return names.map { "GUESTOS." + $0 }
    }

    private static let linux = [
        "Platform", "OSVersion", "Architecture", "RtcTimeMode", "BootMode", "KernelVersion", "Virtio", "Nvme",
        "Fstab", "Grub", "Dhcp", "Selinux",
        "OnlineResizeFS", "SystemImage", "CloudAssistant", "CloudInit", "SecurityCenterAgent",
        "SupportMocInstanceTypes", "StandardizedTimezone",
    ]
    private static let windows = [
        "Platform", "OSVersion", "Architecture", "BootMode", "KernelVersion", "Virtio", "SystemImage",
        "CloudAssistant", "BCD", "Registry", "Hotfix", "Disk",
        "Sysprep", "Update", "Xen", "Server", "DesktopConfig", "BootMgr", "OSLoader", "Vminit",
        "StandardizedTimezone",
    ]
}
