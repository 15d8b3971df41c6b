import GuestFacts
import Targets

/// `BOOT.Cmdline`
enum BootCmdline: Check {
    static let metadata = CheckMetadata(
        id: "BOOT.Cmdline", title: "Kernel command line", link: .`init`,
        summary:
            "Looks for parameters of the default entry that keep the guest from its normal target or cripple it.",
        rationale: """
            A parameter that somebody added for one repair stays in the image: a rescue target or a shell in place \
            of init means no network and no login; a fixed address is applied before any configuration of the guest.
            """,
        codes: [
            ("Cmdline.Init", "init= starts something else than the init system."),
            ("Cmdline.Rescue", "The command line asks for a rescue or emergency shell."),
            ("Cmdline.RootFlags", "rootflags= has an option that mounting the root refuses."),
            ("Cmdline.RootType", "rootfstype= names another file system than the root has."),
            ("Cmdline.StaticAddress", "ip= sets a fixed address."),
            ("Cmdline.NetworkRoot", "The root is taken from the network or from live media."),
            ("Cmdline.Limits", "Memory, processors, interrupts or ACPI are switched off or limited."),
            ("Cmdline.ConsoleMissing", "The only console is a device that the target does not have."),
            ("Cmdline.FixedMachineId", "systemd.machine_id= gives every instance the same identity."),
            ("Cmdline.FipsBoot", "fips=1 without boot= while /boot is a volume of its own."),
            (
                "Cmdline.Tuning",
                "A parameter was made for the old hardware, or reserves memory that small instances lack."
            ),
            ("Cmdline.Residue", "A parameter of another platform is left over."),
        ],
        references: ["kernel documentation: admin-guide/kernel-parameters", "kernel-command-line(7)"])

    private static let shells: Set = ["sh", "bash", "dash", "ash", "busybox", "zsh"]
    private static let inits: Set = [
        "/sbin/init", "/usr/sbin/init", "/lib/systemd/systemd", "/usr/lib/systemd/systemd", "/bin/systemd",
        "/usr/bin/systemd",
    ]
    private static let limits: Set = [
        "mem", "maxcpus", "nosmp", "noapic", "nolapic", "pci",
    ]
    private static let rescue: Set = [
        "single", "S", "s", "1", "emergency", "rescue", "-b", "rd.emergency",
    ]
    /// Stops of an initramfs, with or without the place: dracut, initramfs-tools, mkinitcpio.
    private static let breaks: Set = ["rd.break", "break", "rdbreak"]
    private static let residue: Set = ["ide0", "xen_emul_unplug", "xen_platform_pci", "elevator", "xencons"]
    /// Parameters that take something away on small instances, or do nothing there.
    private static let tuning: Set = [
        "nomodeset", "iommu", "intel_iommu", "amd_iommu", "hugepages", "crashkernel", "isolcpus",
    ]

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let survey = context.boots(of: linux)
        var findings: [Finding] = []
        for way in survey.ways { findings += judge(way, context, linux) }
        return .judged(
            value: survey.ways.first?.entry.commandLine.text,
            "The command line has no parameter that does harm.",
            findings: findings, questions: survey.questions)
    }

    private static func judge(_ way: BootWay, _ context: CheckContext, _ linux: LinuxFacts) -> [Finding] {
        let line = way.entry.commandLine
        var findings: [Finding] = []
        func add(
            _ code: String, _ severity: Severity, _ message: String, _ parameters: [String],
            consequence: Consequence = .none, link: LaunchLink? = nil
        ) {
            let isOnly = consequence == .stopsBoot ? " The guest does not reach its normal target." : ""
            findings.append(
                Finding(
                    code, severity, message + isOnly, evidence: [line.evidence],
                    fixes: [.commandLine(removing: parameters, "Take the parameter away", in: linux)],
                    consequence: consequence, launches: context.scope(way.launches), link: link))
        }
        for parameter in line.parameters {
            let value = parameter.value ?? ""
            let text = parameter.value.map { "\(parameter.name)=\($0)" } ?? parameter.name
            switch parameter.name {
            case "init" where shells.contains(String(value.split(separator: "/").last ?? "")):
                add(
                    "Cmdline.Init", .error, "init=\(value) starts a shell in place of init.", [text],
                    consequence: .stopsBoot)
            case "init" where linux.identity.isOwnInit(value): break
            case "init" where !inits.contains(value):
                let isInit = linux.initSystem.program.value.map { $0.value != .other } ?? false
                add(
                    "Cmdline.Init", isInit ? .warning : .error, "init=\(value) is not the usual init system.",
                    [text])
            case "rdinit" where value != "/init":
                add("Cmdline.Init", .warning, "rdinit=\(value) replaces the initramfs's own program.", [text])
            case _ where parameter.value == nil && rescue.contains(parameter.name):
                add(
                    "Cmdline.Rescue", .error, "\(text) on the command line leads to a rescue shell.", [text],
                    consequence: .stopsBoot)
            case _ where breaks.contains(parameter.name) && value != "0":
                add(
                    "Cmdline.Rescue", .error, "\(text) on the command line stops the initramfs in a shell.",
                    [text],
                    consequence: .stopsBoot, link: .initramfs)
            case "systemd.unit", "rd.systemd.unit":
                guard ["rescue.target", "emergency.target"].contains(value) else { break }
                add(
                    "Cmdline.Rescue", .error, "\(text) leads to a rescue shell.", [text],
                    consequence: .stopsBoot)
            case "rootflags":
                let bad = MountOptionTable.refused(
                    value.split(separator: ",").map(String.init), context.rootVolume(of: linux)?.kind,
                    way.kernel?.version)
                guard !bad.isEmpty else { break }
                add(
                    "Cmdline.RootFlags", .error,
                    "rootflags=\(value): the kernel does not know \(bad.joined(separator: ", ")) and refuses to mount"
                        + " the root.", [text], consequence: .stopsBoot, link: .root)
            case "rootfstype":
                guard let kind = context.rootVolume(of: linux)?.kind, isOther(value, than: kind) else {
                    break
                }
                add(
                    "Cmdline.RootType", .error,
                    "rootfstype=\(value): the root is \(kind), and mounting it as something else fails.",
                    [text], consequence: .stopsBoot, link: .root)
            case "ip"
            where value.split(separator: ":", omittingEmptySubsequences: false).first?.contains(".") ?? false:
                add(
                    "Cmdline.StaticAddress", .warning,
                    "\(text) sets a fixed address before any configuration of the guest.", [text],
                    link: .network)
            case "root" where isRemote(value):
                add(
                    "Cmdline.NetworkRoot", .error, "\(text) is a root on the network or on live media.",
                    [text])
            case "netroot", "BOOTIF", "nfsroot", "iscsi_initiator", "live-media":
                add(
                    "Cmdline.NetworkRoot", .warning, "\(text) is for a root on the network or on live media.",
                    [text])
            case "acpi" where value == "off":
                add(
                    "Cmdline.Limits", .warning, "acpi=off breaks shutdown and hot plugging.", [text],
                    link: .operation)
            case "nr_cpus" where value == "1":
                add(
                    "Cmdline.Limits", .warning, "nr_cpus=1 leaves all other processors idle.", [text],
                    link: .operation)
            case _ where limits.contains(parameter.name):
                guard parameter.name != "pci" || value.contains("nomsi") else { break }
                add(
                    "Cmdline.Limits", .warning, "\(text) limits what the guest uses of the instance.", [text],
                    link: .operation)
            case _ where tuning.contains(parameter.name):
                guard isTuned(parameter.name, value) else { break }
                add(
                    "Cmdline.Tuning", .info, "\(text) was made for other hardware than an instance's.",
                    [text],
                    link: .operation)
            case "systemd.machine_id":
                add(
                    "Cmdline.FixedMachineId", .warning, "All instances get the same machine id from \(text).",
                    [text],
                    link: .hygiene)
            case _ where residue.contains(parameter.name):
                add(
                    "Cmdline.Residue", .info, "\(text) is left over from another platform.", [text],
                    link: .operation)
            case "clocksource" where value == "xen" || value.hasPrefix("hyperv"):
                add(
                    "Cmdline.Residue", .info, "\(text) is left over from another platform.", [text],
                    link: .operation)
            default: break
            }
        }
        let consoles = line.all("console").map { String($0.split(separator: ",").first ?? "") }
        let there = context.target.hardware.consoles[linux.identity.architecture ?? "x86_64"]
        let missing = consoles.filter { name in
            name != there && !(name.hasPrefix("tty") && name.dropFirst(3).allSatisfy(\.isNumber))
        }
        if !consoles.isEmpty, missing.count == consoles.count, there != nil {
            add(
                "Cmdline.ConsoleMissing", .warning,
                "The only console is \(consoles.joined(separator: ", ")), which the target does not have.",
                line.all("console").map { "console=\($0)" }, link: .operation)
        }
        if line.last("fips") == "1", line.last("boot") == nil,
            context.bootVolume(of: linux) != linux.rootVolume
        {
            add(
                "Cmdline.FipsBoot", .error,
                "fips=1 needs boot= when /boot is a volume of its own; the kernel's check"
                    + " fails without it.", ["fips=1"], consequence: .stopsBoot, link: .initramfs)
        }
        return findings
    }

    /// Whether none of the types is that of the root; the driver of ext4 takes the three of its family.
    private static func isOther(_ types: String, than kind: String) -> Bool {
        let named = types.split(separator: ",").map(String.init)
        guard !named.isEmpty, !named.contains("auto"), !named.contains(kind) else { return false }
        let isExt = ["ext2", "ext3", "ext4"].contains(kind)
        return !(isExt && named.contains { $0.hasPrefix("ext") })
    }

    private static func isRemote(_ root: String) -> Bool {
        ["/dev/nfs", "nfs:", "nfs4:", "live:", "iscsi:", "nbd:", "fcoe:", "dhcp"].contains {
            root.hasPrefix($0)
        }
    }

    /// `crashkernel=auto`, a small reserve or a range by the memory's size does no harm, nor does `iommu=pt`.
    private static func isTuned(_ name: String, _ value: String) -> Bool {
        switch name {
        case "crashkernel":
            guard !value.contains(":"), value != "auto" else { return false }
            let number = Int(value.prefix(while: \.isNumber)) ?? 0
            let unit = value.drop(while: \.isNumber).first.map { $0.lowercased() }
            return unit == "g" ? number >= 1 : unit == "m" && number >= 512
        case "hugepages": return (Int(value) ?? 0) >= 512
        case "iommu", "intel_iommu", "amd_iommu": return value != "off" && value != "pt"
        default: return true
        }
    }

    static var examples: [CheckExample] {
        func with(_ extra: String) -> CheckContext {
            .example { $0.commandLine("root=UUID=\(ExampleFacts.uuid) ro \(extra)") }
        }
        return [
            CheckExample("an ordinary command line", .example(), .pass),
            CheckExample("a shell in place of init", with("init=/bin/bash"), .fail, codes: ["Cmdline.Init"]),
            CheckExample(
                "the rescue target", with("systemd.unit=rescue.target"), .fail, codes: ["Cmdline.Rescue"]),
            CheckExample("single-user mode", with("single"), .fail, codes: ["Cmdline.Rescue"]),
            CheckExample(
                "an option that ext4 does not know", with("rootflags=nosuchoption"), .fail,
                codes: ["Cmdline.RootFlags"]),
            CheckExample(
                "the type of another file system", with("rootfstype=xfs"), .fail, codes: ["Cmdline.RootType"]),
            CheckExample("the type of the root", with("rootfstype=ext4"), .pass),
            CheckExample("an option that ext4 knows", with("rootflags=data=ordered"), .pass),
            CheckExample(
                "a fixed address", with("ip=192.168.77.10::192.168.77.1:255.255.255.0::eth0:off"), .fail,
                codes: ["Cmdline.StaticAddress"]),
            CheckExample("DHCP in the initramfs", with("ip=dhcp"), .pass),
            CheckExample("quiet says nothing about the boot", with("quiet splash"), .pass),
            CheckExample("a stop in dracut", with("rd.break=pre-mount"), .fail, codes: ["Cmdline.Rescue"]),
            CheckExample(
                "a stop in initramfs-tools", with("break=premount"), .fail, codes: ["Cmdline.Rescue"]),
            CheckExample(
                "a scheduler that is gone, and a clock of Xen", with("elevator=noop clocksource=xen"), .fail,
                codes: ["Cmdline.Residue"]),
            CheckExample(
                "memory set aside for a crash", with("crashkernel=1G"), .fail, codes: ["Cmdline.Tuning"]),
            CheckExample("crashkernel=auto", with("crashkernel=auto"), .pass),
            CheckExample(
                "a live root", with("root=live:CDLABEL=Fedora"), .fail, codes: ["Cmdline.NetworkRoot"]),
            CheckExample(
                "a fixed machine id", with("systemd.machine_id=0123456789abcdef0123456789abcdef"), .fail,
                codes: ["Cmdline.FixedMachineId"]),
            CheckExample("the target's console", with("console=tty0 console=hvc0"), .pass),
            CheckExample("less memory", with("mem=512M"), .fail, codes: ["Cmdline.Limits"]),
            CheckExample(
                "only a Xen console", with("console=hvc0"), .fail, codes: ["Cmdline.ConsoleMissing"]),
            CheckExample(
                "the boot entry is not known", .example { $0.linux.boot.bios.entry = nil }, .unknown),
        ]
    }
}
