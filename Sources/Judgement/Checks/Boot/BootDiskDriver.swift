import GuestFacts
import Targets

/// `BOOT.DiskDriver`
enum BootDiskDriver: Check {
    static let metadata = CheckMetadata(
        id: "BOOT.DiskDriver", title: "SATA and IDE drivers", link: .initramfs,
        summary: """
            Looks for the drivers of SATA (ahci, sd_mod) and IDE disks (ata_piix, sd_mod) in the kernel of the \
            default entry and in its initramfs, when a launch on such a disk is judged. In Windows: for storahci or \
            msahci, and intelide or pciide with atapi.
            """,
        rationale: """
            A guest made for a cloud may have virtio drivers only. On an emulated SATA or IDE disk it then finds no \
            root file system. Windows 7 takes the driver of AHCI out of the start on other machines.
            """,
        codes: [
            ("DiskDriver.NotInInitramfs", "The driver is a module, and the initramfs does not hold it."),
            ("DiskDriver.NotInstalled", "The kernel, or Windows, has no such driver."),
        ] + WindowsDiskDriverItem.codes("DiskDriver", "SATA or IDE"),
        references: ["QEMU documentation: system/devices"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        if let windows = context.windows {
            return WindowsDiskDriverItem(
                family: "DiskDriver", name: "SATA or IDE", buses: [.sata, .ide], isAlwaysError: false
            ).judge(context, windows)
        }
        guard let linux = context.linux else { return context.withoutLinux }
        return DiskDriverItem(
            family: "DiskDriver", name: "SATA or IDE", buses: [.sata, .ide], isAlwaysError: false
        ).judge(context, linux)
    }

    static var examples: [CheckExample] {
        let sata = Launch(disk: .sata, firmware: .bios)
        return [
            CheckExample("ahci and sd_mod in the initramfs", .example { $0.launches = [sata] }, .pass),
            CheckExample(
                "no ahci in the initramfs",
                .example {
                    $0.launches = [sata]
                    $0.kernel.drivers["ahci"] = DriverFacts(.module)
                }, .fail, codes: ["DiskDriver.NotInInitramfs"]),
            CheckExample(
                "a cloud kernel without ahci",
                .example {
                    $0.launches = [sata]
                    $0.kernel.drivers["ahci"] = DriverFacts(.absent)
                }, .fail, codes: ["DiskDriver.NotInstalled"]),
            CheckExample(
                "the modules could not be read",
                .example {
                    $0.launches = [sata]
                    $0.kernel.drivers["ahci"] = DriverFacts(.unknown)
                }, .unknown),
            CheckExample("virtio-blk and NVMe", .example(), .notApplicable),
            CheckExample("Windows: storahci starts", .windows { $0.launches = [sata] }, .pass),
            CheckExample(
                "Windows: storahci does not start with the system",
                .windows {
                    $0.launches = [sata]
                    $0[service: "storahci"].start = 3
                }, .fail, codes: ["DiskDriver.NotBootStart"]),
            CheckExample(
                "Windows: intelide starts, atapi does not",
                .windows {
                    $0.launches = [Launch(disk: .ide, firmware: .bios)]
                    $0[service: "atapi"].startOverride = 3
                }, .fail, codes: ["DiskDriver.NotBootStart"]),
        ]
    }
}
