import Checks
import GuestFacts
import LaunchChain
import Reports
import Targets

/// Report values written out, as the pipeline would make them.
enum Samples {
    static let tool = ScanReport.Tool(name: "imagecheck", version: "0.1.0")
    static let cost = ScanReport.Cost(
        seconds: 0.312, bytesRead: 41_943_040, reads: 812, peakMemory: 33_554_432)

    static let image = ScanReport.Image(
        path: "web01.qcow2", format: "qcow2", virtualSize: 3_221_225_472, fileSize: 1_048_576_000,
        backing: nil,
        layers: [
            ScanReport.Layer(
                kind: "qcow2", offset: 0, size: 3_221_225_472, health: "ok",
                children: [
                    ScanReport.Layer(
                        kind: "mbr", identity: ["diskSignature": "5f0c1b2a"],
                        children: [
                            ScanReport.Layer(
                                kind: "partition", number: 1, offset: 1_048_576, size: 3_220_176_896,
                                identity: ["partUUID": "5f0c1b2a-01"],
                                children: [
                                    ScanReport.Layer(
                                        kind: "ext4", size: 3_220_176_896, used: 1_071_644_672,
                                        identity: ["uuid": "c8bd713e-8c60-424b-ae08-0643f88aad52"],
                                        health: "ok")
                                ])
                        ])
                ])
        ])

    static let os = ScanReport.OperatingSystem(
        family: "linux", distribution: "debian", name: "Debian GNU/Linux 12 (bookworm)", version: "12.15",
        architecture: "x86_64", kernelVersion: "6.1.0-50-amd64", bootMode: "bios", hostname: "web01")

    static func launch(
        _ disk: DiskBus, stopsAt stop: LaunchVerdict.Stop? = nil, broken: Set<LaunchLink> = [],
        unknown: Set<LaunchLink> = [], because reasons: [String]? = nil
    ) -> LaunchVerdict {
        var isReached = true
        let links = LaunchLink.allCases.map { link -> LaunchVerdict.LinkState in
            if !isReached { return LaunchVerdict.LinkState(name: link, state: .notReached) }
            if link == stop?.link { isReached = false }
            let isBroken = link == stop?.link || broken.contains(link)
            return LaunchVerdict.LinkState(
                name: link, state: isBroken ? .broken : unknown.contains(link) ? .unknown : .holds)
        }
        let boots: GuestFacts.Answer = stop != nil ? .no : reasons != nil ? .unknown : .yes
        return LaunchVerdict(
            disk: disk, firmware: .bios, boots: boots, reachable: boots,
            ready: boots == .yes && broken.contains(.provisioning) ? .no : boots, stopsAt: stop,
            unknownBecause: reasons, links: links)
    }

    static func verdict(_ target: String, _ launches: [LaunchVerdict]) -> TargetVerdict {
        func overall(_ answers: [GuestFacts.Answer]) -> TargetVerdict.Answer {
            if answers.contains(.unknown) { return .unknown }
            if answers.allSatisfy({ $0 == .yes }) { return .yes }
            return answers.contains(.yes) ? .partly : .no
        }
        return TargetVerdict(
            target: target, boots: overall(launches.map(\.boots)),
            reachable: overall(launches.map(\.reachable)),
            ready: overall(launches.map(\.ready)), register: TargetVerdict.Registration(firmware: "bios"),
            launches: launches)
    }

    static func report(
        verdicts: [TargetVerdict], checks: [ScanReport.CheckItem], gaps: [Gap] = [],
        os: ScanReport.OperatingSystem = os
    ) -> ScanReport {
        ScanReport(
            tool: tool, image: image,
            guests: [ScanReport.Guest(os: os, root: "mbr:1", verdicts: verdicts, checks: checks)],
            checks: nil,
            gaps: gaps, coverage: ScanReport.Coverage(checksRun: 61, unknown: gaps.count), cost: cost)
    }

    static let passes: [ScanReport.CheckItem] = [
        ScanReport.CheckItem(
            id: "GUESTOS.KernelVersion", title: "Kernel version", link: .kernel, status: .info,
            value: "6.1.0-50-amd64"),
        ScanReport.CheckItem(
            id: "GUESTOS.Virtio", title: "virtio drivers", link: .initramfs, status: .pass, value: "Supported"
        ),
        ScanReport.CheckItem(
            id: "GUESTOS.RtcTimeMode", title: "Hardware clock", link: .operation, status: .info, value: "UTC"),
    ]

    static let advice = ScanReport.CheckItem(
        id: "GUESTOS.CloudAssistant", title: "Cloud Assistant", link: .provisioning, status: .fail,
        severity: .info,
        code: "CloudAssistant.NotInstalled",
        message: "The Cloud Assistant agent is not installed: commands cannot be run from the console.")

    static let nvme = ScanReport.CheckItem(
        id: "GUESTOS.Nvme", title: "NVMe driver", link: .initramfs, status: .fail, severity: .warning,
        code: "Nvme.NotInInitramfs", value: "NotInInitramfs", targets: ["alibaba-ecs"],
        launches: ["nvme, bios"],
        message: "Instances with NVMe disks will not boot: the default entry's initramfs has no nvme driver.",
        evidence: [
            Evidence(
                path: "/boot/grub/grub.cfg", line: 118, excerpt: "initrd /boot/initrd.img-6.1.0-50-amd64"),
            Evidence(path: "/boot/initrd.img-6.1.0-50-amd64", excerpt: "1 412 members, none named nvme.ko"),
        ],
        fixes: [
            Fix(
                "Add nvme to the initramfs and rebuild it", where: .online, kind: .autoChroot,
                commands: [
                    "echo nvme >> /etc/initramfs-tools/modules", "update-initramfs -u -k 6.1.0-50-amd64",
                ])
        ])

    static let fstab = ScanReport.CheckItem(
        id: "GUESTOS.Fstab", title: "Mounts", link: .`init`, status: .fail, severity: .error,
        code: "Fstab.DeviceNotFound", value: "DeviceNotFound",
        message: "The boot ends in emergency mode: /data waits for a device that is not in this image.",
        evidence: [Evidence(path: "/etc/fstab", line: 3, excerpt: "UUID=0000-1111 /data ext4 defaults 0 2")],
        fixes: [
            Fix(
                "Mark the mount as optional", kind: .autoEdit,
                edit: Fix.Edit(
                    path: "/etc/fstab", line: 3, old: "UUID=0000-1111 /data ext4 defaults 0 2",
                    new: "UUID=0000-1111 /data ext4 defaults,nofail 0 2"))
        ])

    static let nvmeStop = LaunchVerdict.Stop(
        link: .initramfs, code: "Nvme.NotInInitramfs",
        message: "the kernel cannot see the root disk: nvme is a module and "
            + "/boot/initrd.img-6.1.0-50-amd64 does not hold it")

    static let gap = Gap(
        where: "mbr:1 › lvm:data", kind: .absent,
        message: "physical volume 8fGx of volume group data is not in this image")

    static let healthy = report(
        verdicts: [verdict("alibaba-ecs", [launch(.virtioBlk), launch(.nvme)])], checks: passes + [advice])

    static let partly = report(
        verdicts: [
            verdict(
                "alibaba-ecs",
                [launch(.virtioBlk, broken: [.provisioning]), launch(.nvme, stopsAt: nvmeStop)])
        ],
        checks: passes + [
            nvme, advice,
            ScanReport.CheckItem(
                id: "SEC.AuthorizedKeys", title: "Left-over SSH keys", link: .hygiene, status: .unknown,
                gaps: ["/home is on a volume group whose second disk is not in this image"]),
        ], gaps: [gap])

    static let broken = report(
        verdicts: [
            verdict(
                "kvm",
                [
                    launch(
                        .virtioBlk,
                        stopsAt: LaunchVerdict.Stop(
                            link: .`init`, code: "Fstab.DeviceNotFound",
                            message: "/data waits for a device that is not in this image"))
                ])
        ], checks: passes + [fstab])

    static let unknown = report(
        verdicts: [
            verdict(
                "kvm",
                [
                    launch(
                        .virtioBlk, unknown: [.root],
                        because: ["the root file system is encrypted and was not read"])
                ])
        ], checks: passes, gaps: [gap])

    static let dataDisk = ScanReport(
        tool: tool, image: image, guests: [],
        checks: [
            ScanReport.CheckItem(
                id: "GUESTOS.SystemImage", title: "System disk", link: .container, status: .fail,
                severity: .error,
                code: "SystemImage.DataDisk", message: "No operating system: this is a data disk.",
                evidence: [Evidence(layer: "mbr:1 › ext4", offset: 1_048_576)], fixes: [])
        ], gaps: [], coverage: ScanReport.Coverage(checksRun: 8, unknown: 0), cost: cost)

    /// Every string a guest decides is hostile.
    static let hostile: ScanReport = {
        let evil = "a\u{1b}]0;owned\u{07}\u{1b}[2J\r\n\u{202e}gpj.exe\u{9b}31m\u{200b}\u{e000}"
        var report = partly
        report.image.path = evil
        report.image.layers = [
            ScanReport.Layer(kind: "ext4", size: 10, used: 5, identity: [evil: evil], health: evil)
        ]
        report.image.backing = [ScanReport.Backing(name: evil, opened: false, reason: evil)]
        report.guests[0].os.name = evil
        report.guests[0].os.hostname = evil
        report.guests[0].verdicts[0].launches[1].stopsAt?.message = evil
        report.guests[0].checks[3].message = String(repeating: evil + " ", count: 20_000)
        report.guests[0].checks[3].evidence = [
            Evidence(path: evil, line: 1, excerpt: String(repeating: evil, count: 5000))
        ]
        report.guests[0].checks[3].fixes = [
            Fix(
                evil, kind: .manual, commands: [evil],
                edit: Fix.Edit(path: evil, line: 1, old: evil, new: evil))
        ]
        report.gaps = [Gap(where: evil, kind: .corrupt, message: evil)]
        return report
    }()

    static let all: [String: ScanReport] = [
        "healthy": healthy, "partly": partly, "broken": broken, "unknown": unknown, "data-disk": dataDisk,
        "hostile": hostile, "stacks": stacks, "matrix": matrix, "accepted": accepted,
    ]
}
