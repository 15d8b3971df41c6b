import Checks
import GuestFacts
import LaunchChain
import Reports
import Targets

/// A Windows, healthy and with a driver that does not start.
extension Samples {
    static let server = ScanReport.OperatingSystem(
        family: "windows", distribution: "ServerDatacenter", name: "Windows Server 2022 Datacenter",
        version: "10.0.20348.2402", architecture: "x86_64", kernelVersion: "10.0.20348.2402",
        bootMode: "uefi",
        hostname: "WIN-TEMPLATE")

    private static let windowsImage = ScanReport.Image(
        path: "/images/win2022.qcow2", format: "qcow2", virtualSize: 42_949_672_960, fileSize: 9_663_676_416,
        backing: nil,
        layers: [
            ScanReport.Layer(
                kind: "qcow2", offset: 0, size: 42_949_672_960, health: "ok",
                children: [
                    ScanReport.Layer(
                        kind: "gpt", identity: ["diskGUID": "c0de0001-0000-4000-8000-000000000001"],
                        health: "ok",
                        children: [
                            ScanReport.Layer(
                                kind: "partition", number: 1, offset: 1_048_576, size: 104_857_600,
                                identity: ["partLabel": "EFI system partition"],
                                children: [
                                    ScanReport.Layer(
                                        kind: "vfat", size: 104_857_600, used: 31_457_280,
                                        identity: ["uuid": "3B9A-C0DE"], health: "ok")
                                ]),
                            ScanReport.Layer(
                                kind: "partition", number: 3, offset: 122_683_392, size: 42_825_940_992,
                                identity: ["partLabel": "Basic data partition"],
                                children: [
                                    ScanReport.Layer(
                                        kind: "ntfs", size: 42_825_940_992, used: 12_884_901_888,
                                        identity: ["uuid": "5E48C0DE48C0DE01"], health: "ok")
                                ]),
                        ])
                ])
        ])

    private static func windows(
        _ verdicts: [TargetVerdict], _ checks: [ScanReport.CheckItem], gaps: [Gap] = []
    ) -> ScanReport {
        ScanReport(
            tool: tool, image: windowsImage,
            guests: [ScanReport.Guest(os: server, root: "gpt:3", verdicts: verdicts, checks: checks)],
            checks: nil,
            gaps: gaps, coverage: ScanReport.Coverage(checksRun: 71, unknown: gaps.count), cost: cost)
    }

    private static let windowsPasses: [ScanReport.CheckItem] = [
        ScanReport.CheckItem(
            id: "GUESTOS.Platform", title: "Kind of system", link: .operation, status: .pass,
            value: "Windows",
            message: "The system is Windows.",
            evidence: [
                Evidence(
                    path: #"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"#,
                    excerpt: "ProductName = Windows Server 2022 Datacenter")
            ]),
        ScanReport.CheckItem(
            id: "GUESTOS.BootMode", title: "Boot mode", link: .firmware, status: .info, value: "UEFI"),
        ScanReport.CheckItem(
            id: "GUESTOS.BCD", title: "Boot configuration", link: .bootloader, status: .pass,
            message: "The default entry starts this Windows."),
        ScanReport.CheckItem(
            id: "GUESTOS.Selinux", title: "SELinux", link: .`init`, status: .notApplicable,
            message: "It is a matter of Linux."),
    ]

    private static let viostor = ScanReport.CheckItem(
        id: "GUESTOS.Virtio", title: "virtio drivers", link: .initramfs, status: .fail, severity: .error,
        code: "Virtio.NotBootStart", value: "NotBootStart", targets: ["alibaba-ecs"],
        message:
            "Windows stops with INACCESSIBLE_BOOT_DEVICE: viostor is installed, but does not start at boot.",
        evidence: [
            Evidence(path: #"HKLM\SYSTEM\ControlSet001\Services\viostor"#, excerpt: "Start = 3"),
            Evidence(path: #"C:\Windows\System32\drivers\viostor.sys"#, excerpt: "there, x86_64"),
        ],
        fixes: [
            Fix.registry(
                "Let the driver start at boot",
                [.set(key: #"HKLM\SYSTEM\ControlSet001\Services\viostor"#, name: "Start", .dword(0))])
        ])

    static let windowsHealthy = windows(
        [verdict("alibaba-ecs", [launch(.virtioBlk)])],
        windowsPasses + [
            ScanReport.CheckItem(
                id: "GUESTOS.Virtio", title: "virtio drivers", link: .initramfs, status: .pass,
                value: "Supported",
                targets: ["alibaba-ecs"])
        ])

    static let windowsBroken = windows(
        [
            verdict(
                "alibaba-ecs",
                [
                    launch(
                        .virtioBlk,
                        stopsAt: LaunchVerdict.Stop(
                            link: .initramfs, code: "Virtio.NotBootStart",
                            message: "viostor does not start at boot"))
                ])
        ],
        windowsPasses + [
            viostor,
            ScanReport.CheckItem(
                id: "GUESTOS.Hotfix", title: "Updates", link: .`init`, status: .unknown,
                gaps: [#"C:\Windows\System32\config\COMPONENTS is damaged at 0x4000"#]),
        ],
        gaps: [
            Gap(
                where: #"gpt:3 › ntfs › C:\Windows\System32\config\COMPONENTS"#, kind: .corrupt,
                message: "a cell of the hive runs past its bin")
        ])
}
