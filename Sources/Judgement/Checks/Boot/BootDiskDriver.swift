import GuestFacts
import Targets

/// `BOOT.DiskDriver`
enum BootDiskDriver: Check {
    static let metadata = CheckMetadata(
        id: "BOOT.DiskDriver", title: "SATA and IDE drivers", link: .initramfs,
        summary: """
            Looks for the drivers of SATA (ahci, sd_mod) and IDE disks (ata_piix, sd_mod) in the kernel of the \
            default entry and in its initramfs, when a launch on such a disk is judged.
            """,
        rationale: """
            A guest made for a cloud may have virtio drivers only. On an emulated SATA or IDE disk it then finds no \
            root file system.
            """,
        codes: [
            ("DiskDriver.NotInInitramfs", "The driver is a module, and the initramfs does not hold it."),
            ("DiskDriver.NotInstalled", "The kernel has no such driver."),
        ],
        references: ["QEMU documentation: system/devices"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
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
        ]
    }
}
