import GuestFacts
import Targets

/// Collects what keeps the storage below the root from coming up, launch by launch.
struct RootStackReview {
    var findings: [Finding] = []
    var questions: [OpenQuestion] = []

    private let context: CheckContext
    private let linux: LinuxFacts
    private let root: VolumeFacts
    private let stack: RootStack
    private let ways: [BootWay]

    init(context: CheckContext, linux: LinuxFacts, root: VolumeFacts) {
        self.context = context
        self.linux = linux
        self.root = root
        stack = RootStack(of: root, in: context.image)
        ways = context.boots(of: linux).ways
        judgeGap()
        for volume in stack.layers {
            if let logical = volume.logicalVolume { judge(logical, volume) }
            if let array = volume.array { judge(array, volume) }
        }
        judgeDevices()
        judgeMultipath()
        if !stack.logicalVolumes.isEmpty {
            judgeFilters()
            judgeDevicesFile()
        }
    }

    private static let export = Fix.byHand("Export the other disks as well, or move the root to one disk")

    private func layer(_ volume: VolumeFacts, _ excerpt: String? = nil) -> [Evidence] {
        [Evidence(layer: volume.id, excerpt: excerpt)]
    }

    private mutating func judgeGap() {
        guard let gap = root.gap else { return }
        guard gap.kind == .absent else {
            questions.append(OpenQuestion(gap, consequence: .stopsBoot))
            return
        }
        // The volumes say themselves which of their devices are missing.
        guard stack.logicalVolumes.allSatisfy(\.missing.isEmpty) else { return }
        findings.append(
            Finding(
                "RootStack.MissingPv", .error,
                "Part of what the root is on is not in this image: \(gap.message).",
                evidence: [Evidence(layer: gap.where)], fixes: [RootStackReview.export],
                consequence: .stopsBoot))
    }

    // MARK: Members that are not here

    private mutating func judge(_ logical: LogicalVolumeFacts, _ volume: VolumeFacts) {
        let missing = logical.missing.joined(separator: ", ")
        if !logical.missing.isEmpty, !logical.isRedundant {
            findings.append(
                Finding(
                    "RootStack.MissingPv", .error,
                    "The root needs the logical volume \(logical.path), and the physical volume \(missing) of it is"
                        + " not in this image.", evidence: layer(volume, missing),
                    fixes: [RootStackReview.export], consequence: .stopsBoot))
            return
        }
        let absent = Set(logical.missing + logical.groupMissing).sorted().joined(separator: ", ")
        guard !absent.isEmpty else { return }
        let fixes = [
            RootStackReview.export,
            .byHand(
                "Or take the missing physical volume out of the group, in the source system",
                commands: ["vgreduce --removemissing \(quoted(logical.group))"]),
        ]
        for way in ways {
            let means = way.initramfs.reduce(into: Set<EarlyStorage.LvmMeans>()) {
                $0.formUnion($1.storage.lvm)
            }
            let what =
                "The volume group \(logical.group) lacks the physical volume \(absent)"
                + (logical.missing.isEmpty ? ", which the root itself does not need" : "")
            if means == [.event] {
                findings.append(
                    Finding(
                        "RootStack.MissingPv", .error,
                        "\(what): the initramfs activates a group only when all of it is there.",
                        evidence: layer(volume, absent), fixes: fixes, consequence: .stopsBoot,
                        launches: context.scope(way.launches)))
                continue
            }
            findings.append(
                Finding(
                    "RootStack.MissingPv", .warning, "\(what).", evidence: layer(volume, absent),
                    fixes: fixes, launches: context.scope(way.launches)))
            if means.isEmpty || means.contains(.other) || !logical.missing.isEmpty {
                questions.append(
                    OpenQuestion(
                        "whether the incomplete group \(logical.group) is activated is not known",
                        consequence: .stopsBoot, launches: context.scope(way.launches)))
            }
        }
    }

    private mutating func judge(_ array: ArrayFacts, _ volume: VolumeFacts) {
        let missing = array.deviceCount - array.presentCount
        guard missing > 0 else { return }
        let name = array.name ?? array.uuid
        let text = "\(array.presentCount) of the \(array.deviceCount) members of the array \(name) are here"
        let fix = Fix.byHand(
            "Export the other disks as well, or make the array as small as what is here, in the source system",
            commands: array.level == "raid1"
                ? [
                    "mdadm --grow /dev/md/\(quoted(name)) --raid-devices=\(max(array.presentCount, 1)) --force"
                ]
                : [])
        guard let spare = array.spare else {
            questions.append(
                OpenQuestion(
                    "\(text); whether that is enough for \(array.level) is not known", consequence: .stopsBoot
                ))
            return
        }
        guard missing <= spare else {
            findings.append(
                Finding(
                    "RootStack.MissingPv", .error, "\(text), too few for \(array.level).",
                    evidence: layer(volume, text), fixes: [fix], consequence: .stopsBoot))
            return
        }
        findings.append(
            Finding(
                "RootStack.RaidDegraded", .warning,
                "Only \(text). The initramfs waits for the others and then starts the array without them.",
                evidence: layer(volume, text), fixes: [fix]))
    }

    /// A btrfs without one of its devices is mounted with `degraded` only (fs/btrfs/disk-io.c, `open_ctree`).
    private mutating func judgeDevices() {
        for condition in root.conditions where condition.code == "deviceMissing" {
            let stopped = ways.filter { way in
                let flags = way.entry.commandLine.last("rootflags") ?? ""
                return !flags.split(separator: ",").contains("degraded")
            }
            let launches = stopped.flatMap(\.launches)
            if stopped.isEmpty, !ways.isEmpty {
                questions.append(
                    OpenQuestion(
                        "whether the root can be mounted degraded is not known: \(condition.message)",
                        consequence: .stopsBoot))
                continue
            }
            findings.append(
                Finding(
                    "RootStack.MissingPv", .error,
                    "A device of the root file system is not in this image, so it is not mounted:"
                        + " \(condition.message).", evidence: [condition.evidence],
                    fixes: [
                        RootStackReview.export,
                        .byHand(
                            "Or remove the device from the file system, in the source system",
                            commands: ["btrfs device remove missing /"]),
                    ], consequence: .stopsBoot, launches: ways.isEmpty ? nil : context.scope(launches)))
        }
    }

    // MARK: Multipath

    /// `mpatha`, `mpathb2`: names that multipath gives by the identity of a disk. It takes a disk with a single path
    /// only when it is told to (`find_multipaths no` or `greedy`), or has met that very disk before (multipath.conf(5)).
    private mutating func judgeMultipath() {
        for way in ways {
            let scope = context.scope(way.launches)
            let specification = way.entry.commandLine.root?.specification ?? ""
            let stated = way.initramfs.compactMap(\.storage.configuration.findMultipaths).last
            let takesAll = ["no", "off", "greedy"].contains(stated?.value ?? "")
            guard specification.hasPrefix("/dev/mapper/mpath") else {
                guard takesAll, let stated,
                    way.initramfs.contains(where: { $0.tools.contains("multipath") })
                else { continue }
                findings.append(
                    Finding(
                        "RootStack.Multipath", .warning,
                        "Multipath in the initramfs takes every disk, also the only one of a new instance: the root comes"
                            + " up on a device of its own below it.",
                        evidence: [stated.evidence], fixes: multipathFixes(way), launches: scope))
                continue
            }
            let evidence = [way.entry.commandLine.evidence] + (stated.map { [$0.evidence] } ?? [])
            guard !takesAll else {
                questions.append(
                    OpenQuestion(
                        "whether multipath gives the disk of a new instance the name \(specification) is not known",
                        consequence: .stopsBoot, launches: scope))
                continue
            }
            findings.append(
                Finding(
                    "RootStack.Multipath", .error,
                    "root=\(specification) is a name that multipath gives to the disk of the old machine; the disk of a"
                        + " new instance has one path and another identity, so it does not get it.",
                    evidence: evidence, fixes: multipathFixes(way), consequence: .stopsBoot, launches: scope))
        }
    }

    private func multipathFixes(_ way: BootWay) -> [Fix] {
        var fixes = [
            Fix(
                "Let multipath alone what has a single path", where: .online, kind: .autoChroot,
                risk: .medium,
                commands: ["mpathconf --find_multipaths y", "multipath -W"]),
            .rebuildInitramfs(adding: [], kernel: way.kernelVersion, in: linux),
        ]
        if let uuid = root.uuid, !uuid.isEmpty {
            fixes.insert(
                .commandLine(adding: ["root=UUID=\(uuid)"], "Name the root by its UUID", in: linux), at: 0)
        }
        return fixes
    }

    // MARK: What LVM is allowed to use

    private mutating func judgeFilters() {
        var told = false
        for way in ways {
            for archive in way.initramfs {
                for filter in archive.storage.configuration.lvmFilters {
                    told = judge(filter, way) || told
                }
            }
        }
        guard !told else { return }
        for filter in linux.storage.lvmFilters {
            let rejected = context.launches.filter { filter.accepts[$0.disk.devicePrefix] == .no }
            guard !rejected.isEmpty else { continue }
            findings.append(
                Finding(
                    "RootStack.LvmFilter", .warning,
                    "The filter of lvm.conf rejects the disk as it will be called. The initramfs does not have it, so"
                        + " the root comes up; the next one that is built will.",
                    evidence: [filter.evidence], fixes: [filterFix(filter)], launches: context.scope(rejected)
                ))
        }
    }

    /// Whether there was something to say about a filter inside an initramfs.
    private mutating func judge(_ filter: LvmFilterFacts, _ way: BootWay) -> Bool {
        let rejected = way.launches.filter { filter.accepts[$0.disk.devicePrefix] == .no }
        let open = way.launches.filter { (filter.accepts[$0.disk.devicePrefix] ?? .unknown) == .unknown }
        if !rejected.isEmpty {
            let names = Set(rejected.map { $0.disk.deviceName() }).sorted().joined(separator: " and ")
            findings.append(
                Finding(
                    "RootStack.LvmFilter", .error,
                    "The filter of LVM in the initramfs rejects \(names): the root's volume group is never found.",
                    evidence: [filter.evidence],
                    fixes: [
                        filterFix(filter),
                        .rebuildInitramfs(adding: [], kernel: way.kernelVersion, in: linux),
                    ], consequence: .stopsBoot, launches: context.scope(rejected)))
        }
        if !open.isEmpty {
            questions.append(
                OpenQuestion(
                    "whether LVM's \(filter.text) in the initramfs lets the disk through is not known",
                    consequence: .stopsBoot, launches: context.scope(open)))
        }
        return !rejected.isEmpty
    }

    private func filterFix(_ filter: LvmFilterFacts) -> Fix {
        Fix(
            "Take the filter out of lvm.conf", where: .online, kind: .autoChroot, risk: .medium,
            commands: ["sed -i -E 's/^([[:space:]]*(global_)?filter[[:space:]]*=)/# \\1/' /etc/lvm/lvm.conf"])
    }

    /// `system.devices` lists what LVM may use, mostly by serial numbers of the disks it was made on.
    private mutating func judgeDevicesFile() {
        for way in ways {
            for archive in way.initramfs {
                let configuration = archive.storage.configuration
                guard let devices = configuration.lvmDevices, usesDevicesFile(configuration) else { continue }
                judge(devices, archive, way)
            }
        }
    }

    /// On by default in builds for Red Hat 9 and later, and for Fedora.
    private func usesDevicesFile(_ configuration: StorageFacts) -> Bool {
        if let stated = configuration.usesLvmDevices { return stated }
        guard linux.identity.family == .rhel else { return false }
        let major = (linux.identity.versionID ?? "").prefix { $0 != "." }
        return linux.identity.distribution == "fedora" || (Int(major) ?? 0) >= 9
    }

    private static let hardwareTypes: Set = [
        "sys_wwid", "sys_serial", "mpath_uuid", "wwid_naa", "wwid_eui", "wwid_t10",
    ]

    private mutating func judge(_ devices: [LvmDeviceFacts], _ archive: InitramfsFacts, _ way: BootWay) {
        let scope = context.scope(way.launches)
        let fixes = [
            Fix(
                "Delete the list; LVM then uses every device, and build the initramfs again", where: .online,
                kind: .autoChroot, risk: .medium,
                commands: ["rm -f /etc/lvm/devices/system.devices"]),
            .rebuildInitramfs(adding: [], kernel: way.kernelVersion, in: linux),
        ]
        for volume in stack.physicalVolumes {
            let uuid = (volume.uuid ?? "").filter { $0 != "-" }
            let lines = devices.filter { $0.physicalVolume == uuid }
            if lines.isEmpty {
                findings.append(
                    Finding(
                        "RootStack.LvmDevices", .error,
                        "LVM in the initramfs may use the devices of system.devices only, and the physical volume"
                            + " \(volume.id) of the root is not among them.",
                        evidence: devices.first.map { [$0.evidence] } ?? [Evidence(path: archive.path)],
                        fixes: fixes, consequence: .stopsBoot, launches: scope))
                continue
            }
            guard lines.allSatisfy({ RootStackReview.hardwareTypes.contains($0.idType) }) else { continue }
            findings.append(
                Finding(
                    "RootStack.LvmDevices", .warning,
                    "LVM in the initramfs knows the disk by its \(lines[0].idType) \(lines[0].idName), which a new"
                        + " instance does not have.", evidence: lines.map(\.evidence), fixes: fixes,
                    launches: scope))
            questions.append(
                OpenQuestion(
                    "whether this LVM finds a physical volume again whose disk has another identity is not known",
                    consequence: .stopsBoot, launches: scope))
        }
    }
}
