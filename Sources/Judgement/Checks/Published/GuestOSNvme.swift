import GuestFacts
import Targets

/// `GUESTOS.Nvme`
enum GuestOSNvme: Check {
    static let metadata = CheckMetadata(
        id: "GUESTOS.Nvme", title: "NVMe driver", link: .initramfs,
        summary: """
            Looks for the NVMe driver in the kernel of the default entry and in its initramfs, for kernel device \
            names in fstab and on the command line, and for the time-outs the target asks for, on the command line \
            and in modprobe.d of the initramfs.
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
            (
                "Nvme.RootDeviceName",
                "The kernel command line names the root by a name that it does not have on NVMe."
            ),
            ("Nvme.TimeoutMissing", "The time-outs are not raised where the driver sees them."),
        ],
        references: ["kernel documentation: admin-guide/kernel-parameters, nvme_core", "NVM Express 1.4"])

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
        for way in context.boots(of: linux).ways where way.launches.contains(where: { $0.disk == .nvme }) {
            if let finding = deviceName(way, context, linux, scope) { outcome.findings.append(finding) }
            guard context.target.rules.nvmeTimeouts, let kernel = way.kernel,
                kernel.drivers["nvme"].map({ $0.state != .absent }) ?? false
            else { continue }
            let review = NvmeTimeouts(
                kernel: kernel, commandLine: way.entry.commandLine, target: context.target)
            if let finding = review.finding(linux, scope) { outcome.findings.append(finding) }
        }
        return outcome
    }

    /// `root=` by the name that a disk has on another bus.
    private static func deviceName(
        _ way: BootWay, _ context: CheckContext, _ linux: LinuxFacts, _ scope: [Launch]?
    ) -> Finding? {
        let line = way.entry.commandLine
        guard case .kernelName(let name, _)? = line.root?.resolution, name.prefix != "nvme",
            let specification = line.root?.specification
        else { return nil }
        let fix =
            context.rootVolume(of: linux)?.uuid.map { uuid in
                Fix.commandLine(
                    removing: ["root=\(specification)"], adding: ["root=UUID=\(uuid)"],
                    "Name the root by its UUID", in: linux)
            } ?? .byHand("Name the root by its UUID")
        // GUESTOS.Grub says what it means for the launch.
        return Finding(
            "Nvme.RootDeviceName", .warning,
            "The kernel command line names the root as \(specification), which is called otherwise on NVMe.",
            evidence: [line.evidence], fixes: [fix], launches: scope, link: .operation)
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
                "an old kernel is told more than a byte holds, and keeps 30 seconds",
                .example {
                    $0.kernel.version = "4.9.0-19-amd64"
                    $0.commandLine("ro nvme_core.io_timeout=4294967295 nvme_core.admin_timeout=4294967295")
                }, .fail, codes: ["Nvme.TimeoutMissing"]),
            CheckExample(
                "before 4.6 the parameters are those of nvme",
                .example {
                    $0.kernel.version = "4.4.0-210-generic"
                    $0.kernel.drivers["nvme_core"] = DriverFacts(.absent)
                    $0.commandLine("ro nvme.io_timeout=255 nvme.admin_timeout=255")
                }, .pass),
            CheckExample(
                "Red Hat 7 has nvme_core in a 3.10",
                .example {
                    $0.kernel.version = "3.10.0-1160.el7.x86_64"
                    $0.kernel.drivers["nvme_core"] = DriverFacts(.initramfs)
                    $0.commandLine("ro nvme_core.io_timeout=4294967295 nvme_core.admin_timeout=4294967295")
                }, .pass),
            CheckExample(
                "the time-outs stand in modprobe.d of the initramfs",
                .example {
                    var core = DriverFacts(.initramfs)
                    core.options = [
                        Located(
                            "io_timeout=4294967295 admin_timeout=4294967295",
                            Evidence(path: "/boot/initrd.img › /etc/modprobe.d/nvme.conf", line: 1))
                    ]
                    $0.kernel.drivers["nvme_core"] = core
                    $0.commandLine("root=UUID=\(ExampleFacts.uuid) ro")
                }, .pass),
            CheckExample(
                "in modprobe.d, and the driver is in the kernel",
                .example {
                    var core = DriverFacts(.builtin)
                    core.options = [
                        Located(
                            "io_timeout=4294967295 admin_timeout=4294967295",
                            Evidence(path: "/etc/modprobe.d/nvme.conf", line: 1))
                    ]
                    $0.kernel.drivers["nvme_core"] = core
                    $0.commandLine("root=UUID=\(ExampleFacts.uuid) ro")
                }, .fail, codes: ["Nvme.TimeoutMissing"]),
            CheckExample(
                "a target that asks for 240 seconds",
                .example {
                    $0.target.rules.nvmeTimeoutSeconds = 240
                    $0.commandLine("ro nvme_core.io_timeout=240")
                }, .pass),
            CheckExample(
                "root=/dev/sda1",
                .example {
                    let root = RootReference(
                        specification: "/dev/sda1", resolution: sda2, needsInitramfs: false)
                    $0.commandLine(
                        "root=/dev/sda1 nvme_core.io_timeout=4294967295 nvme_core.admin_timeout=4294967295",
                        root: root)
                }, .fail, codes: ["Nvme.RootDeviceName"]),
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
