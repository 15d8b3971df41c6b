import GuestFacts
import Targets

/// `GUESTOS.Xen`
enum GuestOSXen: Check {
    static let metadata = CheckMetadata(
        id: "GUESTOS.Xen", title: "Drivers for Xen", link: .initramfs,
        summary: """
            Looks for drivers of Xen (Citrix, Amazon, Red Hat, older clouds) that still start, for devices they are \
            told to hide, and for filters they have left behind.
            """,
        rationale: """
            Drivers for Xen hide the emulated disk and network card so that their own take over. On KVM there is no \
            such thing, and what is hidden is gone.
            """,
        codes: [
            ("Xen.ActiveResidue", "A driver for Xen stands in the way of the start."),
            ("Xen.Residue", "Drivers for Xen are started, for nothing."),
        ],
        references: ["ECS: image check items", "virt-v2v: rhelscsi"])

    private static let names = [
        "xen", "xenbus", "xenvbd", "xenfilt", "xennet", "xenvif", "xeniface", "xenpci", "xenhide", "xenscsi",
        "xenblk", "xenevtchn", "rhelscsi", "rhelnet", "rhelfltr", "scsifilt", "xvdd",
    ]

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let windows = context.windows else { return context.withoutWindows }
        guard windows.services.gap == nil else {
            return .judged(
                questions: windows.services.gap.map { [OpenQuestion($0, consequence: .stopsBoot)] } ?? [])
        }
        var findings: [Finding] = []
        let present = names.compactMap { windows.service($0) }
        let active = present.filter { ($0.effectiveStart ?? 3) <= 1 }
        if let hidden = windows.drivers.xenHiddenDevices, !hidden.value.isEmpty {
            findings += hiding(hidden, isActive: !active.isEmpty, context)
        }
        for service in active {
            guard case .bad(let defect) = windows.fileState(of: service), service.errorControl ?? 0 >= 2
            else {
                continue
            }
            // WIN.BootStartDrivers says what it means for the launch.
            findings.append(
                Finding(
                    "Xen.ActiveResidue", .error,
                    "\(service.name), a driver for Xen, starts with Windows, but \(defect.text).",
                    evidence: defect.evidence, fixes: [.disableDriver(service)]))
        }
        for list in windows.drivers.filters {
            for name in list.names where names.contains(name.lowercased()) {
                let state = windows.service(name).map { windows.fileState(of: $0) }
                if case .good = state { continue }
                if case .unknown = state { continue }
                // GUESTOS.Disk and WIN.ClassFilters say what it means for the launch.
                findings.append(
                    Finding(
                        "Xen.ActiveResidue", .error,
                        "\(name), a filter for Xen, is named and cannot be loaded.",
                        evidence: [list.evidence],
                        fixes: [
                            .registry(
                                "Take \(name) off the list", risk: .medium, disabling([], windows))
                        ]))
            }
        }
        if findings.isEmpty, !active.isEmpty {
            findings.append(
                Finding(
                    "Xen.Residue", .warning,
                    "Drivers for Xen start with Windows and have nothing to drive on KVM:"
                        + " \(active.map(\.name).joined(separator: ", ")).",
                    evidence: active.map(\.startEvidence),
                    fixes: [
                        .byHand(
                            "Uninstall the tools for Xen in the source system, while it still runs on Xen, and export again"
                        ),
                        .registry(
                            "Disable the drivers for Xen and take their filters off the lists", risk: .medium,
                            disabling(active, windows)),
                    ]))
        }
        return .judged(
            value: present.isEmpty ? nil : present.map(\.name).joined(separator: ", "),
            "No driver for Xen starts with Windows.", findings: findings)
    }

    /// Filters leave their lists with it: the devices of a class fail when one of its filters is disabled.
    private static func disabling(
        _ services: [WindowsService], _ windows: WindowsFacts
    ) -> [RegistryEdit.Change] {
        let lists = windows.drivers.filters.filter { $0.names.contains { names.contains($0.lowercased()) } }
        return services.map { .set(key: $0.key, name: "Start", .dword(4)) }
            + lists.map { list in
                let rest = list.names.filter { !names.contains($0.lowercased()) }
                return rest.isEmpty
                    ? .removeValue(key: list.key, name: list.position.rawValue)
                    : .set(key: list.key, name: list.position.rawValue, .multiString(rest))
            }
    }

    /// The value names beginnings of PCI identifiers. Taken at its word, it hides what begins so; what else the
    /// driver hides on a host that is not Xen is not documented.
    private static func hiding(
        _ hidden: Located<String>, isActive: Bool, _ context: CheckContext
    ) -> [Finding] {
        let names = hidden.value.split(separator: ",").map {
            $0.drop { $0 == " " }.lowercased().replacing("pci\\", with: "")
        }.filter { !$0.isEmpty }
        let vendors: [DiskBus: String] = [
            .virtioBlk: "ven_1af4", .virtioSCSI: "ven_1af4", .ide: "ven_8086&dev_7010",
            .sata: "ven_8086&dev_2922",
        ]
        let concerned = context.launches.filter { launch in
            guard isActive, let device = vendors[launch.disk] else { return false }
            return names.contains { device.hasPrefix($0) || $0.hasPrefix(device) }
        }
        let fix = Fix.registry(
            "Hide no devices",
            [.set(key: hidden.evidence.path ?? "", name: "hide_devices", .string(""))])
        let finding = Finding(
            isActive ? "Xen.ActiveResidue" : "Xen.Residue", isActive ? .error : .warning,
            "The driver for Xen is told to hide devices (\(hidden.value)), which on KVM are the disk or the network"
                + " card.",
            evidence: [hidden.evidence], fixes: [fix],
            consequence: concerned.isEmpty ? .none : .stopsBoot,
            launches: concerned.isEmpty ? nil : context.scope(concerned))
        return [finding]
    }

    static var examples: [CheckExample] {
        let parameters = ExampleWindows.services + #"\XenPCI\Parameters"#
        return [
            CheckExample("no drivers for Xen", .windows(), .pass),
            CheckExample(
                "xenvbd starts and is whole", .windows { $0.addDriver("xenvbd") }, .fail,
                codes: ["Xen.Residue"]),
            CheckExample(
                "the drivers are disabled", .windows { $0.addDriver("rhelscsi", start: 4) }, .pass),
            CheckExample(
                "xenpci hides the emulated devices",
                .windows {
                    $0.addDriver("XenPCI")
                    $0.windows.drivers.xenHiddenDevices = Located(
                        "VEN_1AF4&DEV_1001",
                        Evidence(path: parameters, excerpt: "hide_devices = VEN_1AF4&DEV_1001"))
                }, .fail, codes: ["Xen.ActiveResidue"]),
            CheckExample(
                "the value is empty",
                .windows {
                    $0.windows.drivers.xenHiddenDevices = Located(
                        "", Evidence(path: parameters, excerpt: "hide_devices = "))
                }, .pass),
            CheckExample(
                "xenbus starts and its file is gone",
                .windows {
                    $0.addDriver("xenbus")
                    $0[service: "xenbus"].program?.state = .missing
                }, .fail, codes: ["Xen.ActiveResidue"]),
            CheckExample(
                "xenfilt is named as a filter and is gone",
                .windows { $0.filter(.system, .upper, "xenfilt") }, .fail, codes: ["Xen.ActiveResidue"]),
            CheckExample(
                "the services could not be read",
                .windows { $0.windows.services = .unknown(.example("SYSTEM")) }, .unknown),
            CheckExample("Linux", .example(), .notApplicable),
        ]
    }
}
