import GuestFacts
import Targets

/// `WIN.Nvme`
enum WinNvme: Check {
    static let metadata = CheckMetadata(
        id: "WIN.Nvme", title: "NVMe driver of Windows", link: .initramfs,
        summary: """
            Looks whether a driver of NVMe controllers starts with Windows, whether its file is there, and whether \
            the registry gives the controller to it.
            """,
        rationale: """
            Windows 8.1 and Server 2012 R2 and later have the driver, but take it out of the start on machines that \
            never had such a disk. On an instance family with NVMe disks the start then ends in 0x7B. Windows 7 and \
            Server 2008 R2 need updates, Windows 8 and Server 2012 a driver of another maker.
            """,
        codes: WindowsDiskDriverItem.codes("Nvme", "NVMe")
            + [("Nvme.NotInstalled", "Windows: there is no NVMe driver.")],
        references: [
            "Windows drivers: StorNVMe", "ECS: NVMe protocol for images",
            "KB2990941, KB3087873: NVMe for Windows 7 and Server 2008 R2",
        ])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let windows = context.windows else { return context.withoutWindows }
        return WindowsDiskDriverItem(family: "Nvme", name: "NVMe", buses: [.nvme], isAlwaysError: false)
            .judge(context, windows)
    }

    static var examples: [CheckExample] {
        [
            CheckExample("stornvme starts with the system", .windows(), .pass),
            CheckExample(
                "Windows has taken stornvme out of the start",
                .windows { $0[service: "stornvme"].startOverride = 3 }, .fail, codes: ["Nvme.NotBootStart"]),
            CheckExample(
                "stornvme.sys is gone",
                .windows { $0[service: "stornvme"].program?.state = .missing }, .fail,
                codes: ["Nvme.FileMissing"]),
            CheckExample(
                "storport.sys is gone",
                .windows { $0.windows.drivers.missingImports["stornvme"] = ["storport.sys"] }, .fail,
                codes: ["Nvme.FileMissing"]),
            CheckExample(
                "stornvme.sys is cut short",
                .windows { $0[service: "stornvme"].program?.state = .truncated }, .fail,
                codes: ["Nvme.FileInvalid"]),
            CheckExample(
                "the driver database has nothing for the class of NVMe controllers",
                .windows { $0.bind("nvme", to: nil) }, .fail, codes: ["Nvme.Unbound"]),
            CheckExample(
                "Windows 7 without the updates",
                .windows {
                    $0.windows.identity.build = 7601
                    $0.remove(service: "stornvme")
                    $0.bind("nvme", to: nil)
                }, .fail, codes: ["Nvme.NotInstalled"]),
            CheckExample(
                "the driver of a vendor lies in the driver store only",
                .windows {
                    $0.remove(service: "stornvme")
                    $0.bind("nvme", to: nil)
                    $0.stage("awsnvme", kind: "nvme")
                }, .fail, codes: ["Nvme.StagedOnly"]),
            CheckExample(
                "the driver database could not be read",
                .windows {
                    $0.bind("nvme", to: nil)
                    for index in $0.windows.drivers.devices.indices {
                        $0.windows.drivers.devices[index].gap = .example("SYSTEM")
                    }
                }, .unknown),
            CheckExample(
                "no NVMe launch is judged", .windows { $0.launches = [ExampleWindows.virtioUEFI] },
                .notApplicable),
            CheckExample("Linux", .example(), .notApplicable),
        ]
    }
}
