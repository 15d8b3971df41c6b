import GuestFacts
import Targets

/// `BOOT.ModuleBlacklist`
enum BootModuleBlacklist: Check {
    static let metadata = CheckMetadata(
        id: "BOOT.ModuleBlacklist", title: "Blocked drivers", link: .initramfs,
        summary: """
            Looks whether a driver the target needs is kept from loading: by a blacklist or install line of modprobe \
            in the initramfs or in the system, or by the kernel command line.
            """,
        rationale: """
            udev loads drivers by alias, and a blacklist stops just that. A line in the initramfs hides the root \
            disk although the driver is there. A line in the system itself does nothing to the root disk until the \
            initramfs is built the next time; then the system stops booting.
            """,
        codes: [
            (
                "ModuleBlacklist.RootDisk",
                "A driver of the root disk is blocked in the initramfs or on the command "
                    + "line."
            ),
            ("ModuleBlacklist.Network", "The network driver is blocked."),
            (
                "ModuleBlacklist.NextInitramfs",
                "A driver of the root disk is blocked in the system: harmless until "
                    + "the initramfs is built again."
            ),
        ],
        references: [
            "modprobe.d(5)", "kernel documentation: admin-guide/kernel-parameters, module_blacklist",
        ])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let survey = context.boots(of: linux)
        var findings: [Finding] = []
        for way in survey.ways {
            guard let kernel = way.kernel else { continue }
            for (bus, launches) in byBus(way.launches) {
                for name in context.target.hardware.drivers(for: bus) {
                    guard let driver = kernel.drivers[name], driver.state == .initramfs else { continue }
                    if let place = driver.blockedEarly {
                        findings.append(
                            Finding(
                                "ModuleBlacklist.RootDisk", .error,
                                "\(name) is in the initramfs but kept from loading, so a disk on \(bus.rawValue) is"
                                    + " never found.",
                                evidence: [place] + driver.evidence,
                                fixes: fixes(name, place, driver.blockedLate, way, linux),
                                consequence: .stopsBoot,
                                launches: context.scope(launches), fixedSeverity: bus == .virtioBlk))
                    } else if let place = driver.blockedLate {
                        findings.append(
                            Finding(
                                "ModuleBlacklist.NextInitramfs", .warning,
                                "\(name) is blocked in the system. The initramfs of today still loads it; the next"
                                    + " one will not.",
                                evidence: [place], fixes: fixes(name, place, nil, way, linux),
                                launches: context.scope(launches)))
                    }
                }
            }
            for name in context.target.hardware.networkDrivers {
                guard let driver = kernel.drivers[name],
                    let place = driver.blockedLate ?? driver.blockedEarly,
                    driver.state == .module || driver.state == .initramfs
                else { continue }
                // NET.Driver says whether it is loaded all the same.
                findings.append(
                    Finding(
                        "ModuleBlacklist.Network", .warning,
                        "The network driver \(name) is kept from loading.",
                        evidence: [place], fixes: fixes(name, place, nil, way, linux),
                        launches: context.scope(way.launches), link: .network))
            }
        }
        return .judged(
            "No driver the target needs is kept from loading.", findings: merged(findings),
            questions: survey.questions)
    }

    private static func byBus(_ launches: [Launch]) -> [(DiskBus, [Launch])] {
        DiskBus.allCases.compactMap { bus in
            let own = launches.filter { $0.disk == bus }
            return own.isEmpty ? nil : (bus, own)
        }
    }

    /// One finding for a line that blocks several things in the same way.
    private static func merged(_ findings: [Finding]) -> [Finding] {
        findings.reduce(into: []) { list, finding in
            if !list.contains(finding) { list.append(finding) }
        }
    }

    private static func fixes(
        _ module: String, _ place: Evidence, _ late: Evidence?, _ way: BootWay, _ linux: LinuxFacts
    ) -> [Fix] {
        let names = ["modprobe.blacklist", "rd.driver.blacklist", "module_blacklist"]
        let parameters = way.entry.commandLine.parameters.filter { parameter in
            names.contains(parameter.name)
                && (parameter.value ?? "").split(separator: ",").contains {
                    $0 == module || $0.split(separator: "-").joined(separator: "_") == module
                }
        }
        if !parameters.isEmpty {
            let removed = parameters.map { "\($0.name)=\($0.value ?? "")" }
            return [
                .commandLine(removing: removed, "Take the driver off the list on the command line", in: linux)
            ]
        }
        let source = late ?? place
        return [
            .edit("Remove the line", source, to: nil, where: .online),
            .rebuildInitramfs(adding: [], kernel: way.kernelVersion, in: linux),
        ]
    }

    static var examples: [CheckExample] {
        let line = Evidence(path: "/etc/modprobe.d/hardening.conf", line: 1, excerpt: "blacklist virtio_blk")
        return [
            CheckExample("nothing is blocked", .example(), .pass),
            CheckExample(
                "virtio_blk is blacklisted in the initramfs",
                .example { $0.kernel.drivers["virtio_blk"]?.blockedEarly = line }, .fail,
                codes: ["ModuleBlacklist.RootDisk"]),
            CheckExample(
                "virtio_blk is blacklisted in the system only",
                .example { $0.kernel.drivers["virtio_blk"]?.blockedLate = line }, .fail,
                codes: ["ModuleBlacklist.NextInitramfs"]),
            CheckExample(
                "a blacklist line for a driver that is built in does nothing",
                .example {
                    $0.kernel.drivers["virtio_blk"]?.state = .builtin
                    $0.kernel.drivers["virtio_blk"]?.blockedEarly = line
                }, .pass),
            CheckExample(
                "virtio_net has an install line with /bin/false",
                .example { $0.kernel.drivers["virtio_net"]?.blockedLate = line }, .fail,
                codes: ["ModuleBlacklist.Network"]),
            CheckExample(
                "the boot entry is not known", .example { $0.linux.boot.bios.entry = nil }, .unknown),
        ]
    }
}
