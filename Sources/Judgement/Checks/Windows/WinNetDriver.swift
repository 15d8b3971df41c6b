import GuestFacts
import Targets

/// `WIN.NetDriver`
enum WinNetDriver: Check {
    static let metadata = CheckMetadata(
        id: "WIN.NetDriver", title: "Network driver of Windows", link: .network,
        summary: """
            Looks whether Windows has a driver for the network card of the target: installed and bound, or in the \
            driver store, from which Windows installs it when it meets the card.
            """,
        rationale: """
            Windows has no driver of its own for virtio network cards. Without one the instance starts and is never \
            reachable.
            """,
        codes: [
            ("NetDriver.Missing", "There is no driver for the target's network card."),
            ("NetDriver.FileMissing", "The driver's file, or one that it needs, is not there."),
            ("NetDriver.FileInvalid", "The driver's file is damaged or for another processor."),
            ("NetDriver.Disabled", "The driver is disabled."),
            (
                "NetDriver.InstallBlocked",
                "The driver lies in the driver store, and Windows is kept from installing it."
            ),
        ],
        references: ["Windows drivers: How Windows selects a driver for a device"])

    private enum State {
        case good(String)
        case bad(code: String, text: String, [Evidence], service: String?)
        case unknown(String)
    }

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let windows = context.windows else { return context.withoutWindows }
        let kinds = context.target.hardware.networkDrivers
        let states = kinds.map { state(of: $0, windows) }
        for case .good(let value) in states {
            return .judged(value: value, "Windows has a driver for the target's network card.")
        }
        for case .unknown(let why) in states {
            return .judged(questions: [OpenQuestion(why, consequence: .unreachable)])
        }
        guard case .bad(let code, let text, let evidence, let service) = states.first else {
            return .notApplicable("the target names no network card")
        }
        return .judged(
            value: code,
            findings: [
                Finding(
                    "NetDriver.\(code)", .error, "\(text): Windows starts without a network.",
                    evidence: evidence, fixes: fixes(code, service, windows), consequence: .unreachable)
            ])
    }

    private static func state(of kind: String, _ windows: WindowsFacts) -> State {
        if let gap = windows.services.gap { return .unknown("\(gap.where): \(gap.message)") }
        let devices = windows.drivers.devices(kind)
        guard !devices.isEmpty else {
            return .unknown("what drives a network card \(kind) was not looked at")
        }
        var worst: State?
        for service in Set(devices.flatMap { $0.bindings.compactMap(\.service) }).sorted() {
            guard let record = windows.service(service) else {
                if let gap = windows.servicesGap { worst = worst ?? .unknown(gap.message) }
                continue
            }
            if record.isDisabled {
                worst =
                    worst
                    ?? .bad(
                        code: "Disabled", text: "The network driver \(record.name) is disabled",
                        [record.startEvidence], service: service)
                continue
            }
            switch windows.fileState(of: record) {
            case .good:
                return .good(
                    [record.name, windows.driverProgram(service)?.version].compactMap { $0 }.joined(
                        separator: " "))
            case .unknown(let why): worst = worst ?? .unknown(why)
            case .bad(let defect):
                worst =
                    worst
                    ?? .bad(
                        code: defect.code,
                        text: "Windows has the network driver \(record.name), but \(defect.text)",
                        defect.evidence, service: service)
            }
        }
        // A package in the store mends a file that is gone only when the driver is installed anew.
        if let worst { return worst }
        if let staged = staged(kind, windows) { return staged }
        if let gap = devices.compactMap(\.gap).first { return .unknown("\(gap.where): \(gap.message)") }
        return .bad(
            code: "Missing", text: "Windows has no driver for the network card of the target",
            [
                Evidence(
                    path: "HKLM\\DRIVERS\\DriverDatabase\\DeviceIds\\PCI",
                    excerpt: "nothing for \(devices.map(\.model).joined(separator: ", "))"),
                Evidence(
                    path: windows.systemPath("System32\\DriverStore\\FileRepository"),
                    excerpt: "no package for it"),
            ], service: nil)
    }

    private static func staged(_ kind: String, _ windows: WindowsFacts) -> State? {
        let packages: [StagedDriverFacts]
        switch windows.drivers.staged {
        case .unknown(let gap): return .unknown("\(gap.where): \(gap.message)")
        case .known(let all): packages = all.filter { $0.kinds.contains(kind) }
        }
        guard let package = packages.first(where: \.defects.isEmpty) else {
            return packages.first.map {
                .bad(
                    code: "FileMissing",
                    text:
                        "The driver store has a package for the network card, but \($0.defects.joined(separator: ", "))",
                    [$0.evidence], service: $0.services.first)
            }
        }
        if let place = windows.drivers.installation.disabled.first {
            return .bad(
                code: "InstallBlocked",
                text:
                    "The driver for the network card is not installed yet, and Windows is kept from installing drivers",
                [place.evidence, package.evidence], service: package.services.first)
        }
        if package.hasCatalog == .no, windows.identity.architecture != "i386" {
            return .unknown(
                "\(package.inf) has no catalog, and whether Windows takes an unsigned package is not known")
        }
        return .good("\(package.services.first ?? package.inf) (staged)")
    }

    private static func fixes(_ code: String, _ service: String?, _ windows: WindowsFacts) -> [Fix] {
        let record = service.flatMap { windows.service($0) }
        switch code {
        case "Disabled":
            if let record {
                return [
                    .registry("Enable \(record.name)", [.set(key: record.key, name: "Start", .dword(3))])
                ]
            }
        case "InstallBlocked":
            return windows.drivers.installation.disabled.compactMap { $0.evidence.path }.map { key in
                .registry(
                    "Let Windows install drivers",
                    [.set(key: key, name: "DeviceInstallDisabled", .dword(0))])
            }
        default: break
        }
        let isTen = windows.identity.generation.map { $0 >= .ten } ?? true
        let folder = WindowsDriverFix.mediumFolder(windows)
        let inf = "E:\\NetKVM\\\(folder)\\netkvm.inf"
        return [
            Fix(
                "Install the driver from a Windows PE, with the image as D: and virtio-win as E:",
                kind: .manual,
                commands: ["dism /image:D:\\ /add-driver /driver:\(inf)"]),
            Fix(
                "Install the driver in the source system", where: .online, kind: .online,
                commands: [isTen ? "pnputil /add-driver \(inf) /install" : "pnputil -i -a \(inf)"]),
        ]
    }

    static var examples: [CheckExample] {
        [
            CheckExample("netkvm is installed", .windows(), .pass),
            CheckExample(
                "netkvm lies in the driver store",
                .windows {
                    $0.remove(service: "netkvm")
                    $0.bind("virtio_net", to: nil)
                    $0.stage("netkvm", kind: "virtio_net")
                }, .pass),
            CheckExample(
                "it lies there, and Windows must not install drivers",
                .windows {
                    $0.remove(service: "netkvm")
                    $0.bind("virtio_net", to: nil)
                    $0.stage("netkvm", kind: "virtio_net")
                    $0.blockInstallation()
                }, .fail, codes: ["NetDriver.InstallBlocked"]),
            CheckExample(
                "no driver",
                .windows {
                    $0.remove(service: "netkvm")
                    $0.bind("virtio_net", to: nil)
                }, .fail, codes: ["NetDriver.Missing"]),
            CheckExample(
                "netkvm.sys is gone",
                .windows { $0[service: "netkvm"].program?.state = .missing }, .fail,
                codes: ["NetDriver.FileMissing"]),
            CheckExample(
                "netkvm.sys is for 32 bits",
                .windows { $0[service: "netkvm"].program?.architecture = "i386" }, .fail,
                codes: ["NetDriver.FileInvalid"]),
            CheckExample(
                "netkvm is disabled", .windows { $0[service: "netkvm"].start = 4 }, .fail,
                codes: ["NetDriver.Disabled"]),
            CheckExample(
                "the driver store could not be read",
                .windows {
                    $0.remove(service: "netkvm")
                    $0.bind("virtio_net", to: nil)
                    $0.windows.drivers.staged = .unknown(.example("FileRepository"))
                }, .unknown),
            CheckExample("Linux", .example(), .notApplicable),
        ]
    }
}
