import GuestFacts
import Targets

/// `GUESTOS.Nvme`
enum GuestOSNvme: Check {
    static let metadata = CheckMetadata(
        id: "GUESTOS.Nvme", title: "NVMe driver", link: .initramfs,
        summary: """
            Looks for the NVMe driver in the kernel of the default entry and in its initramfs, for kernel device \
            names in fstab and on the command line, and for the time-outs the target asks for.
            """,
        rationale: """
            Newer instance families attach their disks as NVMe devices. Without the driver in the initramfs they do \
            not boot. With the usual time-out of 30 seconds, a short stall of the storage behind the disk turns \
            into I/O errors.
            """,
        codes: [
            ("Nvme.NotInInitramfs", "The driver is a module, and the initramfs does not hold it."),
            ("Nvme.NotInstalled", "The kernel has no NVMe driver."),
            (
                "Nvme.FstabDeviceName",
                "fstab names a disk as /dev/sdX, vdX or xvdX; on NVMe it is /dev/nvme0n1."
            ),
            ("Nvme.TimeoutMissing", "The time-outs are not raised on the kernel command line."),
        ],
        references: ["kernel documentation: admin-guide/kernel-parameters, nvme_core", "NVM Express 1.4"])

    /// What the parameters are set to for "wait for ever".
    private static let longest = "4294967295"

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let item = DiskDriverItem(family: "Nvme", name: "NVMe", buses: [.nvme], isAlwaysError: false)
        var outcome = item.judge(context, linux)
        guard outcome.status != .notApplicable else { return outcome }
        let scope = context.scope(context.launches.filter { $0.disk == .nvme })
        for entry in linux.mounts.fstab.value ?? [] {
            guard case .kernelName(let name, _) = entry.resolution, name.prefix != "nvme" else { continue }
            // GUESTOS.Fstab says what it means for the launch.
            outcome.findings.append(
                Finding(
                    "Nvme.FstabDeviceName", .warning,
                    "fstab mounts \(entry.mountPoint) from \(entry.specification), which is called otherwise on NVMe.",
                    evidence: [entry.evidence], fixes: FstabFix.fixes(for: entry, context, linux),
                    launches: scope,
                    link: .operation))
        }
        if context.target.rules.nvmeTimeouts {
            for way in context.boots(of: linux).ways where way.launches.contains(where: { $0.disk == .nvme })
            {
                if let finding = timeouts(way, linux, scope) { outcome.findings.append(finding) }
            }
        }
        return outcome
    }

    private static func timeouts(_ way: BootWay, _ linux: LinuxFacts, _ scope: [Launch]?) -> Finding? {
        guard let kernel = way.kernel, kernel.drivers["nvme"].map({ $0.state != .absent }) ?? false else {
            return nil
        }
        let version = KernelVersion(kernel.version ?? "")
        // Until 4.15 the value was a byte; until 4.6 the parameters belonged to nvme.
        let value = version.map { $0 < KernelVersion(4, 15) } ?? false ? "255" : longest
        let module = version.map { $0 < KernelVersion(4, 6) } ?? false ? "nvme" : "nvme_core"
        let wanted = ["\(module).io_timeout=\(value)", "\(module).admin_timeout=\(value)"]
        let missing = wanted.filter { parameter in
            let name = parameter.split(separator: "=").first.map(String.init) ?? parameter
            return way.entry.commandLine.last(name) != value
        }
        guard !missing.isEmpty else { return nil }
        return Finding(
            "Nvme.TimeoutMissing", .warning,
            "The kernel command line does not set \(missing.joined(separator: " ")): a stall of the storage of more"
                + " than 30 seconds becomes an I/O error.",
            evidence: [way.entry.commandLine.evidence],
            fixes: [.commandLine(adding: missing, "Raise the time-outs of NVMe", in: linux)], launches: scope,
            link: .operation)
    }

    static var examples: [CheckExample] {
        let sda2 = DeviceResolution.kernelName(KernelDeviceName(prefix: "sd", disk: 0, partition: 1), "mbr:1")
        return [
            CheckExample("the driver is in the initramfs, the time-outs are set", .example(), .pass),
            CheckExample(
                "the driver is in /lib/modules only",
                .example { $0.kernel.drivers["nvme"] = DriverFacts(.module) }, .fail,
                codes: ["Nvme.NotInInitramfs"]),
            CheckExample(
                "the kernel has no NVMe driver",
                .example { $0.kernel.drivers["nvme"] = DriverFacts(.absent) }, .fail,
                codes: ["Nvme.NotInstalled"]),
            CheckExample(
                "no time-outs", .example { $0.commandLine("root=UUID=\(ExampleFacts.uuid) ro") }, .fail,
                codes: ["Nvme.TimeoutMissing"]),
            CheckExample(
                "an old kernel takes no more than 255 seconds",
                .example {
                    $0.kernel.version = "4.9.0-19-amd64"
                    $0.commandLine("ro nvme_core.io_timeout=255 nvme_core.admin_timeout=255")
                }, .pass),
            CheckExample(
                "a target that asks for no time-outs",
                .example {
                    $0.target = .kvm
                    $0.commandLine("root=UUID=\(ExampleFacts.uuid) ro")
                }, .pass),
            CheckExample(
                "fstab with /dev/sda1",
                .example { $0.fstab(ExampleFacts.mount("/dev/sda1", "/", resolution: sda2)) }, .fail,
                codes: ["Nvme.FstabDeviceName"]),
            CheckExample(
                "the drivers could not be read",
                .example { $0.kernel.drivers["nvme"] = DriverFacts(.unknown) }, .unknown),
            CheckExample(
                "no NVMe launch is judged", .example { $0.launches = [ExampleFacts.virtioBIOS] },
                .notApplicable),
        ]
    }
}
