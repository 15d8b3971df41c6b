import GuestFacts
import Targets

/// `WIN.ClassFilters`
enum WinClassFilters: Check {
    static let metadata = CheckMetadata(
        id: "WIN.ClassFilters", title: "Filter drivers of other classes", link: .root,
        summary: """
            Looks for the record and the file of every filter driver of volumes, storage controllers, system devices, \
            CD-ROM drives, network adapters, keyboards and mice.
            """,
        rationale: """
            A device whose class names a filter that is gone does not start: a volume or a controller stops the \
            start of Windows, a network adapter leaves it unreachable, a keyboard leaves the console without input.
            """,
        codes: [
            ("ClassFilters.Volume", "A filter of volumes cannot be loaded."),
            ("ClassFilters.Controller", "A filter of storage controllers cannot be loaded."),
            ("ClassFilters.System", "A filter of system devices, among them the PCI bus, cannot be loaded."),
            ("ClassFilters.Net", "A filter of network adapters cannot be loaded."),
            ("ClassFilters.CdRom", "A filter of CD-ROM drives cannot be loaded."),
            ("ClassFilters.Input", "A filter of keyboards or mice cannot be loaded."),
        ],
        references: ["Windows drivers: Device filter driver ordering"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let windows = context.windows else { return context.withoutWindows }
        func launches(_ buses: [DiskBus]) -> [Launch] { context.launches.filter { buses.contains($0.disk) } }
        let scsi = launches([.virtioBlk, .virtioSCSI, .nvme])
        let hdc = launches([.sata, .ide])
        let reviews = [
            ClassFilterReview(
                windows, .volume, code: "ClassFilters.Volume", subject: "the class of volumes",
                consequence: .stopsBoot),
            ClassFilterReview(
                windows, .system, code: "ClassFilters.System", subject: "the class of system devices",
                consequence: .stopsBoot),
            controllers(
                windows, .scsiAdapter, "the class of SCSI, virtio and NVMe controllers", scsi, context),
            controllers(windows, .hdc, "the class of IDE and AHCI controllers", hdc, context),
            ClassFilterReview(
                windows, .net, code: "ClassFilters.Net", subject: "the class of network adapters",
                consequence: .unreachable),
            ClassFilterReview(
                windows, .cdRom, code: "ClassFilters.CdRom", subject: "the class of CD-ROM drives",
                consequence: .none, severity: .warning),
            ClassFilterReview(
                windows, .keyboard, code: "ClassFilters.Input", subject: "the class of keyboards",
                consequence: .none, severity: .warning),
            ClassFilterReview(
                windows, .mouse, code: "ClassFilters.Input", subject: "the class of mice", consequence: .none,
                severity: .warning),
        ]
        var questions = reviews.flatMap(\.questions)
        var findings = reviews.flatMap(\.findings)
        for index in findings.indices where findings[index].code == "ClassFilters.Net" {
            findings[index].link = .network
        }
        if let gap = windows.hiveGap { questions.append(OpenQuestion(gap, consequence: .stopsBoot)) }
        return .judged(
            "Every filter of these classes can be loaded.", findings: findings, questions: questions)
    }

    /// A class of controllers that no launch uses is a warning only.
    private static func controllers(
        _ windows: WindowsFacts, _ deviceClass: DeviceClass, _ subject: String, _ launches: [Launch],
        _ context: CheckContext
    ) -> ClassFilterReview {
        ClassFilterReview(
            windows, deviceClass, code: "ClassFilters.Controller", subject: subject,
            consequence: launches.isEmpty ? .none : .stopsBoot,
            severity: launches.isEmpty ? .warning : .error,
            launches: launches.isEmpty ? nil : context.scope(launches))
    }

    static var examples: [CheckExample] {
        [
            CheckExample("the filters of Windows itself", .windows(), .pass),
            CheckExample(
                "a filter of volumes whose driver is gone",
                .windows { $0.filter(.volume, .lower, "fvevol", "tdrpman") }, .fail,
                codes: ["ClassFilters.Volume"]),
            CheckExample(
                "a filter of SCSI controllers whose driver is gone",
                .windows { $0.filter(.scsiAdapter, .upper, "scsifilt") }, .fail,
                codes: ["ClassFilters.Controller"]),
            CheckExample(
                "a filter of AHCI controllers, and no launch on SATA",
                .windows { $0.filter(.hdc, .upper, "scsifilt") }, .fail, codes: ["ClassFilters.Controller"]),
            CheckExample(
                "a filter of network adapters whose driver is gone",
                .windows { $0.filter(.net, .upper, "rhelfltr") }, .fail, codes: ["ClassFilters.Net"]),
            CheckExample(
                "a filter of system devices whose driver is gone",
                .windows { $0.filter(.system, .upper, "xenfilt") }, .fail, codes: ["ClassFilters.System"]),
            CheckExample(
                "no keyboard driver", .windows { $0.remove(service: "kbdclass") }, .fail,
                codes: ["ClassFilters.Input"]),
            CheckExample(
                "a filter of CD-ROM drives whose driver is gone",
                .windows { $0.filter(.cdRom, .upper, "GEARAspiWDM") }, .fail, codes: ["ClassFilters.CdRom"]),
            CheckExample(
                "the services could not be read",
                .windows { $0.windows.services = .unknown(.example("SYSTEM")) }, .unknown),
            CheckExample("Linux", .example(), .notApplicable),
        ]
    }
}
