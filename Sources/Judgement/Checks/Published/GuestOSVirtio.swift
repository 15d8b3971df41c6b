import GuestFacts
import Targets

/// `GUESTOS.Virtio`
enum GuestOSVirtio: Check {
    static let metadata = CheckMetadata(
        id: "GUESTOS.Virtio", title: "virtio drivers", link: .initramfs,
        summary: """
            Looks for the drivers of virtio disks (virtio_pci with virtio_blk, or virtio_scsi and sd_mod) in the \
            kernel of the default entry and in its initramfs, and for the virtio network driver. In Windows: for a \
            driver of virtio disks that starts with the system and that the registry gives the controller to.
            """,
        rationale: """
            A guest that comes from other hardware often has the virtio drivers in /lib/modules only. They are on \
            the root disk, which cannot be found without them: the initramfs waits, then drops to a shell. Windows \
            stops with 0x7B INACCESSIBLE_BOOT_DEVICE, also when the driver lies in its driver store.
            """,
        codes: [
            ("Virtio.NotInInitramfs", "The disk driver is a module, and the initramfs does not hold it."),
            ("Virtio.NotInstalled", "The kernel, or Windows, has no such disk driver at all."),
            ("Virtio.NetMissing", "The kernel has no virtio network driver."),
            (
                "Virtio.NewestKernel",
                "The newest kernel that is installed is not the default, and lacks the disk driver."
            ),
        ] + WindowsDiskDriverItem.codes("Virtio", "virtio"),
        references: ["Virtual I/O Device (VIRTIO) 1.2", "initramfs-tools(7)", "dracut.conf(5)"],
        aliases: ["COMPLIANCE.Driver"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        if let windows = context.windows {
            return WindowsDiskDriverItem(
                family: "Virtio", name: "virtio", buses: [.virtioBlk, .virtioSCSI], isAlwaysError: true
            ).judge(context, windows)
        }
        guard let linux = context.linux else { return context.withoutLinux }
        let item = DiskDriverItem(
            family: "Virtio", name: "virtio", buses: [.virtioBlk, .virtioSCSI], isAlwaysError: true)
        var outcome = item.judge(context, linux)
        guard outcome.status != .notApplicable else { return outcome }
        if let finding = newestKernel(context, linux, item.buses) { outcome.findings.append(finding) }
        if context.target.hardware.networkDrivers == ["virtio_net"] {
            for way in context.boots(of: linux).ways {
                guard let kernel = way.kernel, kernel.drivers["virtio_net"]?.state == .absent else {
                    continue
                }
                // NET.Driver says what it means for the launch.
                outcome.findings.append(
                    Finding(
                        "Virtio.NetMissing", .error,
                        "The kernel has no virtio_net, so a virtio NIC is never seen.",
                        evidence: [Evidence(path: kernel.path)], fixes: [.installKernel(in: linux)],
                        launches: context.scope(way.launches), link: .network))
            }
        }
        return outcome
    }

    /// A newer kernel than the default is what the next `grub-mkconfig`, or the next removal of the old kernel, makes
    /// the default.
    private static func newestKernel(
        _ context: CheckContext, _ linux: LinuxFacts, _ buses: [DiskBus]
    ) -> Finding? {
        guard let kernel = linux.boot.newestKernel, let version = kernel.version else { return nil }
        let lacking = context.launches.filter { launch in
            guard buses.contains(launch.disk) else { return false }
            switch DriverReadiness(of: context.target.hardware.drivers(for: launch.disk), in: kernel) {
            case .absent, .notInInitramfs: return true
            case .ready, .unknown: return false
            }
        }
        guard let first = lacking.first else { return nil }
        let drivers = context.target.hardware.drivers(for: first.disk)
        return Finding(
            "Virtio.NewestKernel", .warning,
            "The kernel \(version) is installed and not the default. Its initramfs has no \(drivers.joined(separator: ", ")):"
                + " once it becomes the default, the guest does not boot on \(first.disk.rawValue).",
            evidence: [Evidence(path: kernel.path, excerpt: version)],
            fixes: [.rebuildInitramfs(adding: drivers, kernel: version, in: linux)],
            launches: context.scope(lacking), fixedSeverity: true)
    }

    static var examples: [CheckExample] {
        [
            CheckExample("the initramfs holds the drivers", .example(), .pass),
            CheckExample(
                "the drivers are built in and there is no file of them",
                .example {
                    for name in ["virtio_pci", "virtio_blk"] {
                        $0.kernel.drivers[name] = DriverFacts(.builtin)
                    }
                }, .pass),
            CheckExample(
                "virtio_blk is in /lib/modules only",
                .example { $0.kernel.drivers["virtio_blk"] = DriverFacts(.module) }, .fail,
                codes: ["Virtio.NotInInitramfs"]),
            CheckExample(
                "virtio_blk is in the initramfs, virtio_pci is not",
                .example { $0.kernel.drivers["virtio_pci"] = DriverFacts(.module) }, .fail,
                codes: ["Virtio.NotInInitramfs"]),
            CheckExample(
                "a module that virtio_blk needs is not in the initramfs",
                .example { $0.kernel.drivers["virtio_blk"]?.missingDependencies = ["virtio_ring"] }, .fail,
                codes: ["Virtio.NotInInitramfs"]),
            CheckExample(
                "sd_mod is missing, and the disk is virtio-scsi",
                .example {
                    $0.launches = [ExampleFacts.scsiBIOS]
                    $0.kernel.drivers["sd_mod"] = DriverFacts(.module)
                }, .fail, codes: ["Virtio.NotInInitramfs"]),
            CheckExample(
                "sd_mod is missing, and the disk is virtio-blk",
                .example { $0.kernel.drivers["sd_mod"] = DriverFacts(.module) }, .pass),
            CheckExample(
                "the kernel was built without virtio",
                .example { $0.kernel.drivers["virtio_blk"] = DriverFacts(.absent) }, .fail,
                codes: ["Virtio.NotInstalled"]),
            CheckExample(
                "no virtio NIC driver",
                .example { $0.kernel.drivers["virtio_net"] = DriverFacts(.absent) }, .fail,
                codes: ["Virtio.NetMissing"]),
            CheckExample(
                "a payload of the initramfs could not be read",
                .example { $0.kernel.drivers["virtio_blk"] = DriverFacts(.unknown) }, .unknown),
            CheckExample(
                "the newest kernel has no virtio_blk in its initramfs",
                .example {
                    var newest = $0.kernel
                    newest.path = "/boot/vmlinuz-6.1.0-51-amd64"
                    newest.version = "6.1.0-51-amd64"
                    newest.drivers["virtio_blk"] = DriverFacts(.module)
                    $0.linux.boot.newestKernel = newest
                }, .fail, codes: ["Virtio.NewestKernel"]),
            CheckExample(
                "the newest kernel has what it needs",
                .example {
                    var newest = $0.kernel
                    newest.version = "6.1.0-51-amd64"
                    $0.linux.boot.newestKernel = newest
                }, .pass),
            CheckExample(
                "only NVMe is judged", .example { $0.launches = [ExampleFacts.nvmeBIOS] }, .notApplicable),
        ] + windowsExamples
    }

    private static var windowsExamples: [CheckExample] {
        [
            CheckExample("Windows: viostor starts and is bound", .windows(), .pass),
            CheckExample(
                "Windows: viostor.sys is gone",
                .windows { $0[service: "viostor"].program?.state = .missing }, .fail,
                codes: ["Virtio.FileMissing"]),
            CheckExample(
                "Windows: viostor.sys is for 32 bits",
                .windows { $0[service: "viostor"].program?.architecture = "i386" }, .fail,
                codes: ["Virtio.FileInvalid"]),
            CheckExample(
                "Windows: viostor starts on demand", .windows { $0[service: "viostor"].start = 3 }, .fail,
                codes: ["Virtio.NotBootStart"]),
            CheckExample(
                "Windows: viostor has been taken out of the start",
                .windows { $0[service: "viostor"].startOverride = 3 }, .fail,
                codes: ["Virtio.NotBootStart"]),
            CheckExample(
                "Windows: nothing gives the controller to viostor",
                .windows { $0.bind("virtio-blk", to: nil) }, .fail, codes: ["Virtio.Unbound"]),
            CheckExample(
                "Windows: only the DRIVERS hive knows it, which is read too late",
                .windows { $0.bind("virtio-blk", to: "viostor", source: .driversHive) }, .fail,
                codes: ["Virtio.Unbound"]),
            CheckExample(
                "Windows: the device has been in the machine",
                .windows { $0.bind("virtio-blk", to: "viostor", source: .device) }, .pass),
            CheckExample(
                "Windows: the older model of the device only",
                .windows { $0.bind("virtio-blk", to: nil, model: #"PCI\VEN_1AF4&DEV_1042"#) }, .pass),
            CheckExample(
                "Windows: viostor lies in the driver store only",
                .windows {
                    $0.remove(service: "viostor")
                    $0.bind("virtio-blk", to: nil)
                    $0.stage("viostor", kind: "virtio-blk")
                }, .fail, codes: ["Virtio.StagedOnly"]),
            CheckExample(
                "Windows: viostor, and the disk is on virtio-scsi",
                .windows {
                    $0.launches = [ExampleWindows.scsiUEFI]
                    $0.remove(service: "vioscsi")
                    $0.bind("virtio-scsi", to: nil)
                }, .fail, codes: ["Virtio.NotInstalled"]),
            CheckExample(
                "Windows: the file of viostor could not be read",
                .windows { $0[service: "viostor"].program?.state = .unreadable }, .unknown),
            CheckExample(
                "Windows: viostor is marked for deletion",
                .windows { $0[service: "viostor"].isMarkedForDeletion = true }, .unknown),
            CheckExample(
                "Windows: the services could not be read",
                .windows { $0.windows.services = .unknown(.example("SYSTEM")) }, .unknown),
        ]
    }
}
