import GuestFacts
import Targets

/// `WIN.BootStartDrivers`
enum WinBootStartDrivers: Check {
    static let metadata = CheckMetadata(
        id: "WIN.BootStartDrivers", title: "Drivers that start with Windows", link: .initramfs,
        summary: """
            Looks at the file of every driver that winload or the kernel loads, and whether the drivers without \
            which no Windows starts (ACPI, PCI, partitions, volumes, disks, NTFS) are enabled.
            """,
        rationale: """
            winload stops when it cannot load a boot driver whose ErrorControl is critical: 0xC0000098, 0xC000007B \
            or 0xC0000428. Programs that were removed by hand, antivirus and migration tools leave such records \
            behind.
            """,
        codes: [
            ("BootDrivers.FileMissing", "The file of a driver that starts with Windows is not there."),
            ("BootDrivers.FileInvalid", "Such a file is empty, damaged or for another processor."),
            ("BootDrivers.Disabled", "A driver without which no Windows starts is disabled."),
            ("BootDrivers.NotInstalled", "The record of such a driver is not there."),
        ],
        references: ["Windows drivers: Specifying driver load order", "CreateService: dwErrorControl"])

    /// Must be loaded by winload.
    private static let first = ["acpi", "pci", "partmgr", "volmgr", "disk"]
    /// Must not be disabled.
    private static let later = ["mountmgr", "volsnap", "fltmgr", "ntfs"]

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let windows = context.windows else { return context.withoutWindows }
        guard let services = windows.services.value else {
            let gap = windows.services.gap
            return .judged(
                questions: gap.map { [OpenQuestion($0, consequence: .stopsBoot)] } ?? [
                    OpenQuestion("the drivers of Windows are not known", consequence: .stopsBoot)
                ])
        }
        var findings: [Finding] = []
        var questions: [OpenQuestion] = []
        if let gap = windows.servicesGap { questions.append(OpenQuestion(gap, consequence: .stopsBoot)) }
        let loaded = services.values.filter {
            $0.isDriver && ($0.effectiveStart == 0 || $0.effectiveStart == 1)
        }.sorted { $0.name.lowercased() < $1.name.lowercased() }
        let judged = judgedDrivers(context, windows)
        var harmless: [(service: WindowsService, defect: DriverDefect)] = []
        for service in loaded where !(first + later).contains(service.name.lowercased()) {
            let control = service.errorControl ?? 0
            switch windows.fileState(of: service) {
            case .good: break
            case .unknown(let why):
                questions.append(OpenQuestion(why, consequence: control >= 2 ? .stopsBoot : .none))
            case .bad(let defect) where control >= 2:
                findings.append(finding(service, defect, windows))
                // Severe: Windows tries the last good control set, and goes on if that is this one.
                if control == 2 {
                    questions.append(
                        OpenQuestion(
                            "whether Windows gets past the driver \(service.name), whose file cannot be loaded,"
                                + " depends on its last good control set", consequence: .stopsBoot))
                }
            case .bad(let defect):
                if !judged.contains(service.name.lowercased()) { harmless.append((service, defect)) }
            }
        }
        for code in ["FileMissing", "FileInvalid"] {
            let some = harmless.filter { $0.defect.code == code }
            if !some.isEmpty { findings.append(finding(code, some, windows)) }
        }
        for name in first + later { review(name, windows, &findings, &questions) }
        let foreign = loaded.filter {
            guard let company = $0.program?.company else { return false }
            return !company.lowercased().contains("microsoft")
        }.map(\.name)
        let others = foreign.isEmpty ? "" : "; of other makers: \(foreign.joined(separator: ", "))"
        return .judged(
            value: "\(loaded.count) drivers\(others)",
            "The files of all drivers that start with Windows can be loaded.", findings: findings,
            questions: questions)
    }

    /// Drivers of disks that an item of their bus speaks about.
    private static func judgedDrivers(_ context: CheckContext, _ windows: WindowsFacts) -> Set<String> {
        let kinds = Set(context.launches.map(\.disk.rawValue))
        let bound = windows.drivers.devices.filter { kinds.contains($0.kind) }.flatMap { device in
            device.bindings.compactMap { $0.service?.lowercased() }
        }
        return Set(bound + kinds.flatMap { WindowsDiskDriverItem.drivers[$0] ?? [] })
    }

    /// A driver without which the start may end, because its record says so.
    private static func finding(
        _ service: WindowsService, _ defect: DriverDefect, _ windows: WindowsFacts
    ) -> Finding {
        let isFatal = service.errorControl.map { $0 >= 3 } ?? false
        let what =
            isFatal
            ? "its ErrorControl is critical, so the start ends here"
            : "its ErrorControl is severe, so Windows tries the last control set that worked"
        return Finding(
            "BootDrivers.\(defect.code)", .error,
            "\(service.name) starts with Windows, but \(defect.text); \(what).",
            evidence: defect.evidence + [record(service)], fixes: fixes(service, windows),
            consequence: isFatal ? .stopsBoot : .none)
    }

    /// Drivers that Windows does without.
    private static func finding(
        _ code: String, _ some: [(service: WindowsService, defect: DriverDefect)], _ windows: WindowsFacts
    ) -> Finding {
        let names = some.map(\.service.name).joined(separator: ", ")
        let changes = some.map {
            RegistryEdit.Change.set(key: $0.service.key, name: "Start", .dword(4))
        }
        let subject = some.count == 1 ? "\(names) starts" : "\(names) start"
        let what = code == "FileMissing" ? "the file is not there" : "the file cannot be loaded"
        return Finding(
            "BootDrivers.\(code)", .warning, "\(subject) with Windows, but \(what); Windows goes on without.",
            evidence: some.prefix(8).flatMap { $0.defect.evidence }
                + some.prefix(1).map { record($0.service) },
            fixes: [
                .registry("Disable \(names)", risk: .medium, changes), .restoreSystemFiles(windows),
            ])
    }

    private static func record(_ service: WindowsService) -> Evidence {
        let control = service.errorControl.map { String($0) } ?? "absent"
        return Evidence(
            path: service.key, excerpt: "Start = \(service.effectiveStart ?? 0), ErrorControl = \(control)")
    }

    private static func fixes(_ service: WindowsService, _ windows: WindowsFacts) -> [Fix] {
        let name = service.name.lowercased()
        let isNeeded = ClassFilterReview.system.contains(name)
        // Records of Windows itself name no owner, or an INF file that is not oemN.inf, and a group of its own.
        let isForeign =
            service.owners.contains { $0.lowercased().hasPrefix("oem") }
            || service.program?.company.map { !$0.lowercased().contains("microsoft") } ?? false
        if isNeeded { return [.restoreSystemFiles(windows)] }
        return isForeign
            ? [.disableDriver(service), .restoreSystemFiles(windows)]
            : [.restoreSystemFiles(windows), .disableDriver(service)]
    }

    /// A driver without which no Windows starts, whatever its ErrorControl says.
    private static func review(
        _ name: String, _ windows: WindowsFacts, _ findings: inout [Finding],
        _ questions: inout [OpenQuestion]
    ) {
        guard let service = windows.service(name) else {
            // With a damaged hive the record may be there.
            guard windows.servicesGap == nil else { return }
            findings.append(
                Finding(
                    "BootDrivers.NotInstalled", .error,
                    "There is no record of the driver \(name), without which no Windows starts.",
                    evidence: [Evidence(path: windows.servicesKey, excerpt: "no key \(name)")],
                    fixes: [
                        .byHand(
                            "Restore the SYSTEM hive from a backup or a restore point", where: .offline)
                    ],
                    consequence: .stopsBoot))
            return
        }
        switch windows.fileState(of: service) {
        case .good: break
        case .unknown(let why): questions.append(OpenQuestion(why, consequence: .stopsBoot))
        case .bad(let defect):
            findings.append(
                Finding(
                    "BootDrivers.\(defect.code)", .error,
                    "Windows does not start without the driver \(service.name), but \(defect.text).",
                    evidence: defect.evidence + [record(service)], fixes: [.restoreSystemFiles(windows)],
                    consequence: .stopsBoot))
        }
        let start = service.effectiveStart
        guard first.contains(name) ? start != 0 : start == 4 || start == nil else { return }
        let wanted: UInt32 = name == "ntfs" ? 3 : 0
        var changes: [RegistryEdit.Change] = [.set(key: service.key, name: "Start", .dword(wanted))]
        if service.startOverride != nil { changes.append(.remove(key: service.key + "\\StartOverride")) }
        findings.append(
            Finding(
                "BootDrivers.Disabled", .error,
                "The driver \(service.name), without which no Windows starts, is not started with the system.",
                evidence: [service.startEvidence],
                fixes: [.registry("Start \(service.name) with the system", changes)], consequence: .stopsBoot)
        )
    }

    static var examples: [CheckExample] {
        [
            CheckExample("all files are there", .windows(), .pass),
            CheckExample(
                "a critical driver without its file",
                .windows {
                    $0.addDriver("avgSP")
                    $0[service: "avgSP"].program?.state = .missing
                }, .fail, codes: ["BootDrivers.FileMissing"]),
            CheckExample(
                "a driver without its file, and Windows goes on",
                .windows {
                    $0.addDriver("hpqilo")
                    $0[service: "hpqilo"].errorControl = 1
                    $0[service: "hpqilo"].program?.state = .missing
                }, .fail, codes: ["BootDrivers.FileMissing"]),
            CheckExample(
                "the file is for 32 bits",
                .windows { $0[service: "volmgr"].program?.architecture = "i386" }, .fail,
                codes: ["BootDrivers.FileInvalid"]),
            CheckExample(
                "the driver of disks is gone, whose ErrorControl is normal",
                .windows { $0[service: "disk"].program?.state = .missing }, .fail,
                codes: ["BootDrivers.FileMissing"]),
            CheckExample(
                "NTFS is gone, which winload always loads",
                .windows { $0[service: "Ntfs"].program?.state = .missing }, .fail,
                codes: ["BootDrivers.FileMissing"]),
            CheckExample(
                "a driver that is not started has no file",
                .windows {
                    $0.addDriver("old", start: 3)
                    $0[service: "old"].program?.state = .missing
                }, .pass),
            CheckExample(
                "a critical driver of an unused disk bus without its file",
                .windows { $0[service: "intelide"].program?.state = .missing }, .fail,
                codes: ["BootDrivers.FileMissing"]),
            CheckExample(
                "volmgr is disabled", .windows { $0[service: "volmgr"].start = 4 }, .fail,
                codes: ["BootDrivers.Disabled"]),
            CheckExample(
                "disk starts on demand", .windows { $0[service: "disk"].startOverride = 3 }, .fail,
                codes: ["BootDrivers.Disabled"]),
            CheckExample(
                "no record of the PCI bus", .windows { $0.remove(service: "pci") }, .fail,
                codes: ["BootDrivers.NotInstalled"]),
            CheckExample(
                "a file could not be read",
                .windows { $0[service: "pci"].program?.state = .unreadable }, .unknown),
            CheckExample(
                "a driver whose file is on a drive that is not here",
                .windows { $0[service: "volsnap"].program?.state = .elsewhere }, .unknown),
            CheckExample(
                "the services could not be read",
                .windows { $0.windows.services = .unknown(.example("SYSTEM")) }, .unknown),
            CheckExample("Linux", .example(), .notApplicable),
        ]
    }
}
