import GuestFacts
import Targets

/// A disk bus as one driver item judges it for Windows: `GUESTOS.Virtio`, `WIN.Nvme`, `BOOT.DiskDriver`.
///
/// winload loads the drivers whose records say so, with the files they name. The kernel then meets the devices and
/// asks the registry, not the driver store, which driver each of them has: since Windows 8 the driver database,
/// before that the critical devices, and what it knows of a device that was there before. Both halves must hold for
/// a controller of the bus, else Windows stops with 0x7B INACCESSIBLE_BOOT_DEVICE.
struct WindowsDiskDriverItem {
    /// The first part of the codes: `Virtio`.
    var family: String
    /// What people call the drivers.
    var name: String
    var buses: [DiskBus]
    /// The severity stays what it is when other launches of the target still work.
    var isAlwaysError: Bool

    /// What of a bus works, or why not.
    private enum Readiness {
        /// The service, and the model of the device that it is not bound to.
        case ready(String, other: String?)
        case broken(DriverDefect, service: String?)
        case unknown(String)
    }

    /// Judges the drivers of every launch on one of the item's buses.
    func judge(_ context: CheckContext, _ windows: WindowsFacts) -> CheckOutcome {
        let concerned = buses.filter { bus in context.launches.contains { $0.disk == bus } }
        guard !concerned.isEmpty else {
            return .notApplicable("no launch that is judged attaches its disk to \(name)")
        }
        var findings: [Finding] = []
        var questions: [OpenQuestion] = []
        var value = "Supported"
        var ready: [String] = []
        for bus in concerned {
            let launches = context.scope(context.launches.filter { $0.disk == bus })
            switch readiness(of: bus, windows) {
            case .ready(let service, let other):
                ready.append(
                    "\(service) for \(bus.rawValue)" + (other.map { ", though not for \($0)" } ?? ""))
            case .unknown(let why):
                questions.append(OpenQuestion(why, consequence: .stopsBoot, launches: launches))
            case .broken(let defect, let service):
                value = defect.code
                findings.append(finding(defect, service, bus, windows, launches))
            }
        }
        return .judged(
            value: value, "Windows starts with \(ready.joined(separator: "; ")).", findings: findings,
            questions: questions)
    }

    // MARK: Readiness

    private func readiness(of bus: DiskBus, _ windows: WindowsFacts) -> Readiness {
        let controller = readiness(of: bus.rawValue, windows)
        guard bus == .ide, case .ready(let service, let other) = controller else { return controller }
        // The disk hangs on a channel, which has a driver of its own.
        switch readiness(of: "ide-channel", windows) {
        case .ready(let channel, _): return .ready("\(service) and \(channel)", other: other)
        case let worse: return worse
        }
    }

    private func readiness(of kind: String, _ windows: WindowsFacts) -> Readiness {
        if let gap = windows.services.gap { return .unknown("\(gap.where): \(gap.message)") }
        let devices = windows.drivers.devices(kind)
        guard !devices.isEmpty else { return .unknown("what drives a disk on \(kind) was not looked at") }
        var good: [(service: String, model: String)] = []
        var bad: [(service: String, defect: DriverDefect)] = []
        var open: [String] = []
        var unbound: [String] = []
        for device in devices {
            guard let service = boundService(of: device) else {
                unbound.append(device.model)
                if let gap = device.gap { open.append("\(gap.where): \(gap.message)") }
                continue
            }
            switch windows.bootStartState(of: service) {
            case .good: good.append((service, device.model))
            case .bad(let defect): bad.append((service, defect))
            case .unknown(let why): open.append(why)
            }
        }
        if let first = good.first { return .ready(first.service, other: unbound.first) }
        if let first = open.first { return .unknown(first) }
        if let worst = bad.min(by: { Self.rank($0.defect) < Self.rank($1.defect) }) {
            return .broken(worst.defect, service: worst.service)
        }
        return withoutBinding(kind, devices, windows)
    }

    /// What Windows would take for a device. The records of the database come first, because a machine of the
    /// target is new to Windows; a device that was there before counts when they say nothing.
    private func boundService(of device: WindowsDeviceFacts) -> String? {
        let early = device.bindings.filter(\.servesStart)
        let first = early.first { $0.source != .device }
        return first?.service ?? (first == nil ? early.first?.service : nil)
    }

    /// Nothing binds the device: the driver is installed all the same, only staged, or not there.
    private func withoutBinding(
        _ kind: String, _ devices: [WindowsDeviceFacts], _ windows: WindowsFacts
    ) -> Readiness {
        let names = Self.drivers[kind] ?? []
        if let service = names.first(where: { windows.service($0) != nil }) {
            switch windows.bootStartState(of: service) {
            case .unknown(let why): return .unknown(why)
            case .bad(let defect): return .broken(defect, service: service)
            case .good:
                let models = devices.map(\.model).joined(separator: ", ")
                var evidence = windows.service(service).map { [$0.startEvidence] } ?? []
                evidence += devices.flatMap(\.bindings).prefix(2).map(\.evidence)
                return .broken(
                    DriverDefect(
                        code: "Unbound", text: "nothing in the registry gives \(models) to it",
                        evidence: evidence + [bindingPlace(windows)]), service: service)
            }
        }
        if let gap = windows.servicesGap {
            return .unknown("drivers may be among the records that could not be read: \(gap.message)")
        }
        switch windows.drivers.staged {
        case .unknown(let gap): return .unknown("\(gap.where): \(gap.message)")
        case .known(let staged):
            if let package = staged.first(where: { $0.kinds.contains(kind) }) {
                return .broken(
                    DriverDefect(
                        code: "StagedOnly",
                        text:
                            "it lies in the driver store and was never installed, so that nothing starts it",
                        evidence: [package.evidence]), service: package.services.first)
            }
        }
        return .broken(
            DriverDefect(
                code: "NotInstalled", text: "there is none",
                evidence: [
                    Evidence(
                        path: windows.servicesKey,
                        excerpt: names.isEmpty ? nil : "no key \(names.prefix(3).joined(separator: ", "))")
                ]), service: nil)
    }

    private func bindingPlace(_ windows: WindowsFacts) -> Evidence {
        let isNew = windows.identity.generation.map { $0 >= .eight } ?? true
        return isNew
            ? Evidence(path: "HKLM\\SYSTEM\\DriverDatabase\\DeviceIds\\PCI", excerpt: "no value for it")
            : Evidence(
                path: "HKLM\\SYSTEM\\\(windows.controlSetName)\\Control\\CriticalDeviceDatabase",
                excerpt: "no key for it")
    }

    /// Which of several defects to name: a file that is missing is more to mend than a value.
    private static func rank(_ defect: DriverDefect) -> Int {
        ["NotBootStart", "FileInvalid", "FileMissing", "NotInstalled"].firstIndex(of: defect.code) ?? 9
    }

    /// Names by which drivers of a bus are found when nothing binds them: of virtio-win, of vendors who build
    /// it, of SUSE (VMDP), of Microsoft.
    static let drivers: [String: [String]] = [
        "virtio-blk": ["viostor", "virtio_blk", "vrtioblk", "pvvxblk"],
        "virtio-scsi": ["vioscsi", "virtio_scsi", "pvvxscsi"],
        "nvme": ["stornvme"],
        "sata": ["storahci", "msahci"],
        "ide": ["intelide", "pciide"],
        "ide-channel": ["atapi"],
    ]

    // MARK: Findings

    private func finding(
        _ defect: DriverDefect, _ service: String?, _ bus: DiskBus, _ windows: WindowsFacts,
        _ launches: [Launch]?
    ) -> Finding {
        let driver = service.map { "the driver \($0)" } ?? "a driver"
        let subject =
            defect.code == "NotInstalled" && windows.service(service ?? "") == nil
            ? "Windows has no driver for a disk on \(bus.rawValue)"
            : "Windows has \(driver) for a disk on \(bus.rawValue), but \(defect.text)"
        return Finding(
            "\(family).\(defect.code)", .error,
            "\(subject). It stops with 0x7B INACCESSIBLE_BOOT_DEVICE.",
            evidence: defect.evidence,
            fixes: WindowsDriverFix(windows: windows, bus: bus, service: service, code: defect.code).fixes,
            consequence: .stopsBoot, launches: launches, fixedSeverity: isAlwaysError)
    }

    /// The codes of the item for its page.
    static func codes(_ family: String, _ name: String) -> [(code: String, meaning: String)] {
        [
            ("\(family).FileMissing", "Windows: the driver's file, or one that it needs, is not there."),
            ("\(family).FileInvalid", "Windows: the driver's file is damaged or for another processor."),
            ("\(family).NotBootStart", "Windows: the driver does not start with the system."),
            (
                "\(family).Unbound",
                "Windows: nothing in the registry gives the \(name) controller to the driver."
            ),
            (
                "\(family).StagedOnly",
                "Windows: the driver lies in the driver store only, which a start does not look at."
            ),
        ]
    }
}
