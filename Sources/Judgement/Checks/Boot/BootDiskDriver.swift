import GuestFacts
import Targets

/// `BOOT.DiskDriver`
enum BootDiskDriver: Check {
    static let metadata = CheckMetadata(
        id: "BOOT.DiskDriver", title: "SATA, IDE, Hyper-V and Xen drivers", link: .initramfs,
        summary: """
            Looks for the drivers of SATA disks (ahci, sd_mod), IDE disks (ata_piix, sd_mod), disks on the bus of \
            Hyper-V (hv_vmbus, hv_storvsc, sd_mod) and of Xen (xen_blkfront) in the kernel of the default entry and \
            in its initramfs, when a launch on such a disk is judged. In Windows: for storahci or msahci, and \
            intelide or pciide with atapi.
            """,
        rationale: """
            A guest made for one cloud may have its drivers only. On the disk of another it then finds no root file \
            system. Windows 7 takes the driver of AHCI out of the start on other machines.
            """,
        codes: [
            ("DiskDriver.NotInInitramfs", "The driver is a module, and the initramfs does not hold it."),
            ("DiskDriver.NotInstalled", "The kernel, or Windows, has no such driver."),
        ] + WindowsDiskDriverItem.codes("DiskDriver", "SATA, IDE, Hyper-V or Xen"),
        references: [
            "QEMU documentation: system/devices", "kernel documentation: virt/hyperv, driver-api/xen",
        ])

    private static let names = "SATA, IDE, Hyper-V or Xen"
    private static let buses: [DiskBus] = [.sata, .ide, .vmbus, .xen]

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        if let windows = context.windows {
            return WindowsDiskDriverItem(
                family: "DiskDriver", name: names, buses: buses, isAlwaysError: false
            ).judge(context, windows)
        }
        guard let linux = context.linux else { return context.withoutLinux }
        return DiskDriverItem(
            family: "DiskDriver", name: names, buses: buses, isAlwaysError: false
        ).judge(context, linux)
    }

    static var examples: [CheckExample] {
        let sata = Launch(disk: .sata, firmware: .bios)
        let hyperV = Launch(disk: .vmbus, firmware: .bios)
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
            CheckExample("hv_storvsc in the initramfs", .example { $0.launches = [hyperV] }, .pass),
            CheckExample(
                "hv_storvsc in /lib/modules only",
                .example {
                    $0.launches = [hyperV]
                    $0.kernel.drivers["hv_storvsc"] = DriverFacts(.module)
                }, .fail, codes: ["DiskDriver.NotInInitramfs"]),
            CheckExample(
                "hv_storvsc without sd_mod",
                .example {
                    $0.launches = [hyperV]
                    $0.kernel.drivers["sd_mod"] = DriverFacts(.module)
                }, .fail, codes: ["DiskDriver.NotInInitramfs"]),
            CheckExample(
                "a kernel without xen_blkfront",
                .example {
                    $0.launches = [Launch(disk: .xen, firmware: .bios)]
                    $0.kernel.drivers["xen_blkfront"] = DriverFacts(.absent)
                }, .fail, codes: ["DiskDriver.NotInstalled"]),
            CheckExample("virtio-blk and NVMe", .example(), .notApplicable),
            CheckExample("Windows: storahci starts", .windows { $0.launches = [sata] }, .pass),
            CheckExample(
                "Windows: storahci does not start with the system",
                .windows {
                    $0.launches = [sata]
                    $0[service: "storahci"].start = 3
                }, .fail, codes: ["DiskDriver.NotBootStart"]),
            CheckExample(
                "Windows on Hyper-V: what drives its disk was not looked at",
                .windows { $0.launches = [hyperV] },
                .unknown),
            CheckExample(
                "Windows: intelide starts, atapi does not",
                .windows {
                    $0.launches = [Launch(disk: .ide, firmware: .bios)]
                    $0[service: "atapi"].startOverride = 3
                }, .fail, codes: ["DiskDriver.NotBootStart"]),
        ]
    }
}
