import GuestFacts
import Targets

/// The filter drivers of one class of devices. Windows does not start a device whose class names a filter that it
/// cannot load.
struct ClassFilterReview {
    var windows: WindowsFacts
    var deviceClass: DeviceClass
    /// `Disk.FilterDriverMissing`
    var code: String
    /// What fails with the devices: `every disk`.
    var subject: String
    var consequence: Consequence
    var severity: Severity
    var launches: [Launch]?

    var findings: [Finding] = []
    var questions: [OpenQuestion] = []

    /// Filters that belong to Windows: to be mended, not removed.
    static let system: Set<String> = [
        "partmgr", "ehstorclass", "iorate", "volsnap", "fvevol", "rdyboost", "kbdclass", "mouclass",
        "ehstortcgdrv",
        "disk", "sffdisk",
    ]

    init(
        _ windows: WindowsFacts, _ deviceClass: DeviceClass, code: String, subject: String,
        consequence: Consequence, severity: Severity = .error, launches: [Launch]? = nil
    ) {
        self.windows = windows
        self.deviceClass = deviceClass
        self.code = code
        self.subject = subject
        self.consequence = consequence
        self.severity = severity
        self.launches = launches
        for position in ClassFilterFacts.Position.allCases {
            guard let list = windows.drivers.filters(of: deviceClass, position) else { continue }
            review(list)
        }
    }

    private mutating func review(_ list: ClassFilterFacts) {
        if let gap = list.gap {
            questions.append(OpenQuestion(gap, consequence: consequence, launches: launches))
        }
        for name in list.names {
            switch state(of: name) {
            case .good: break
            case .unknown(let why):
                questions.append(OpenQuestion(why, consequence: consequence, launches: launches))
            case .bad(let defect):
                findings.append(
                    Finding(
                        code, severity,
                        "\(list.position.rawValue) of \(subject) names the filter \(shown(name)), but \(defect.text):"
                            + " \(subject) does not start.",
                        evidence: [list.evidence] + defect.evidence, fixes: fixes(name, list, defect),
                        consequence: consequence, launches: launches))
            }
        }
    }

    /// A filter is loaded with its device whatever its `Start` says, unless it is disabled.
    private func state(of name: String) -> DriverState {
        if let gap = windows.services.gap { return .unknown("\(gap.where): \(gap.message)") }
        guard let service = windows.service(name) else {
            if let gap = windows.servicesGap {
                return .unknown(
                    "a record of the filter \(shown(name)) may be among those that could not be read: \(gap.message)"
                )
            }
            return .bad(
                DriverDefect(
                    code: "NotInstalled", text: "there is no such driver",
                    evidence: [Evidence(path: windows.servicesKey, excerpt: "no key \(shown(name))")]))
        }
        if service.isDisabled {
            return .bad(
                DriverDefect(
                    code: "Disabled", text: "that driver is disabled", evidence: [service.startEvidence]))
        }
        return windows.fileState(of: service)
    }

    private func fixes(_ name: String, _ list: ClassFilterFacts, _ defect: DriverDefect) -> [Fix] {
        let isSystem = Self.system.contains(name.lowercased())
        if isSystem, defect.code == "Disabled", let service = windows.service(name) {
            return [.registry("Enable \(name)", [.set(key: service.key, name: "Start", .dword(0))])]
        }
        if isSystem { return [.restoreSystemFiles(windows)] }
        let rest = list.names.filter { $0 != name }
        let change: RegistryEdit.Change =
            rest.isEmpty
            ? .removeValue(key: list.key, name: list.position.rawValue)
            : .set(key: list.key, name: list.position.rawValue, .multiString(rest))
        return [
            .registry("Take \(shown(name)) off the list", risk: .medium, [change]),
            .byHand(
                "Uninstall the program that \(shown(name)) belongs to in the source system, and export again"),
        ]
    }

    /// Blanks at the end belong to the name and make it another one.
    private func shown(_ name: String) -> String { name.hasSuffix(" ") ? "\"\(name)\"" : name }
}
