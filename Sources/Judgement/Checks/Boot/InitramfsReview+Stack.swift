import GuestFacts
import Targets

/// What the initramfs needs to bring up the storage that the root file system is on.
extension InitramfsReview {
    mutating func judgeStack(_ way: BootWay) {
        judgeEncryption(way)
        guard let root = context.rootVolume(of: linux) else { return }
        let stack = RootStack(of: root, in: context.image)
        for logical in stack.logicalVolumes { judge(logical, way) }
        for array in stack.arrays { judge(array, way) }
        if !stack.members.isEmpty { judgeScan(way) }
        if isDracut(way) { judgeAwaited(way) }
    }

    /// The modules that mount the payload of an archive.
    mutating func judgePayload(_ way: BootWay) {
        guard let kernel = way.kernel else { return }
        for archive in way.initramfs {
            guard let payload = archive.payload else { continue }
            switch DriverReadiness(of: payload.drivers, in: kernel) {
            case .ready: continue
            case .unknown(let why): ask("whether the initramfs can mount its \(payload.path): \(why)", way)
            case .absent(let names), .notInInitramfs(let names):
                let list = names.joined(separator: ", ")
                stop(
                    "Initramfs.NoPayload",
                    "All of the initramfs is in \(payload.path) inside it, and \(list), which mounting that needs, is"
                        + " not beside it.", way, evidence: evidence(way, "without \(list)"),
                    fixes: rebuild(names, way))
            }
        }
    }

    /// What a host-only archive waits for besides the root.
    mutating func judgeAwaitedDevices(_ way: BootWay) {
        for awaited in way.initramfs.flatMap(\.awaited) {
            switch awaited.resolution {
            case .notFound, .caseMismatch, .hardwarePath:
                stop(
                    "Initramfs.AwaitsDevice",
                    "The initramfs was made for one machine and waits for \(awaited.device), which does not exist here:"
                        + " dracut gives up in its emergency shell.", way, evidence: [awaited.evidence],
                    fixes: rebuild([], way))
            case .unknown(let gap):
                ask("whether \(awaited.device), for which the initramfs waits, exists: \(gap.message)", way)
            case .kernelName(_, let volume):
                ask(
                    "the initramfs waits for \(awaited.device), \(volume == nil ? "a name this image does not explain" : "whose name depends on the bus")",
                    way)
            default: continue
            }
        }
    }

    // MARK: Support

    private func isDracut(_ way: BootWay) -> Bool { way.initramfs.contains { $0.generator == "dracut" } }

    /// Whether an archive of the way holds the program; nil when that is not known.
    private func has(_ tool: String, _ way: BootWay) -> Bool? {
        if way.initramfs.contains(where: { $0.tools.contains(tool) }) { return true }
        return way.initramfs.contains { $0.unreadPayload != nil } ? nil : false
    }

    private func evidence(_ way: BootWay, _ excerpt: String) -> [Evidence] {
        way.initramfs.map { Evidence(path: $0.path, excerpt: excerpt) }
    }

    private mutating func stop(
        _ code: String, _ message: String, _ way: BootWay, evidence: [Evidence], fixes: [Fix]
    ) {
        findings.append(
            Finding(
                code, .error, message, evidence: evidence, fixes: fixes, consequence: .stopsBoot,
                launches: context.scope(way.launches)))
    }

    /// Installs what brings the hook for the initramfs, and builds it again.
    private func install(_ package: String, modules: [String] = [], _ way: BootWay) -> [Fix] {
        [
            .install([package], "Install \(package), which puts it into the initramfs", in: linux),
            .rebuildInitramfs(adding: modules, kernel: way.kernelVersion, in: linux),
        ]
    }

    /// Says which of `modules` the initramfs cannot load.
    private mutating func judgeModules(
        _ modules: [String], code: String, what: String, _ way: BootWay
    ) {
        guard let kernel = way.kernel else { return }
        switch DriverReadiness(of: modules, in: kernel) {
        case .ready: return
        case .unknown(let why): ask("whether the initramfs can bring up \(what): \(why)", way)
        case .absent(let names), .notInInitramfs(let names):
            let list = names.joined(separator: ", ")
            stop(
                code, "The root is on \(what), for which the initramfs lacks \(list).", way,
                evidence: evidence(way, "without \(list)")
                    + names.flatMap { kernel.drivers[$0]?.evidence ?? [] },
                fixes: rebuild(names, way))
        }
    }

    /// The parameters that dracut sees: of the command line and of the archive.
    private func parameters(_ way: BootWay) -> [CommandLineFacts.Parameter] {
        way.initramfs.flatMap(\.storage.parameters) + way.entry.commandLine.parameters
    }

    /// - Parameter old: the parameter's name before dracut 008, which later ones still take.
    private func values(_ name: String, old: String, _ way: BootWay) -> [String] {
        parameters(way).filter { $0.name == name || $0.name == old }.compactMap(\.value)
            .filter { !$0.isEmpty }
    }

    /// A switch of dracut: `name`, `name=1`, `name=yes` (`getargbool`); `not` is the old one that says no.
    private func isSet(_ name: String, not old: String? = nil, default standard: Bool, _ way: BootWay) -> Bool
    {
        if let old, parameters(way).contains(where: { $0.name == old }) { return false }
        guard let last = parameters(way).last(where: { $0.name == name }) else { return standard }
        return !["0", "no", "off"].contains(last.value ?? "")
    }

    /// What dracut does with what nothing names to it. Since `rd.auto` came it leaves that alone, unless that is set;
    /// before, it brought up all there was.
    private enum Unnamed { case activated, left, unknown }
    private enum Unnameable { case logicalVolumes, arrays }

    private func unnamed(_ kind: Unnameable, _ way: BootWay) -> Unnamed {
        if isSet("rd.auto", default: false, way) { return .activated }
        switch way.initramfs.compactMap(\.generatorVersion).first {
        // Since 034 parse-lvm.sh asks whether "$VG $LV" is empty, which it never is for the space in it: LVM is
        // activated whole, with or without rd.auto (seen in a boot of 059).
        case let version? where version >= 34 && kind == .logicalVolumes: return .activated
        case let version? where version >= 33: return .left
        // Red Hat 6 (004).
        case let version? where version <= 13: return .activated
        default: return .unknown
        }
    }

    // MARK: Encryption

    private mutating func judgeEncryption(_ way: BootWay) {
        guard linux.rootVolume.hasPrefix("crypt:") else { return }
        switch has("cryptsetup", way) {
        case true?: return
        case nil: ask("whether the initramfs has cryptsetup could not be found out", way)
        case false?:
            stop(
                "Initramfs.NoCrypt",
                "The root is encrypted, and the initramfs has no cryptsetup to reach it.", way,
                evidence: evidence(way, "no cryptsetup"), fixes: install("cryptsetup-initramfs", way))
        }
    }

    // MARK: LVM

    private mutating func judge(_ logical: LogicalVolumeFacts, _ way: BootWay) {
        let package = "lvm2"
        switch has("lvm", way) {
        case nil:
            ask("whether the initramfs has lvm could not be found out", way)
            return
        case false?:
            stop(
                "Initramfs.NoLvm",
                "The root is the logical volume \(logical.path), and the initramfs has no lvm to reach it.",
                way,
                evidence: evidence(way, "no lvm"), fixes: install(package, modules: ["dm_mod"], way))
            return
        case true?: break
        }
        judgeModules(
            logical.modules, code: "Initramfs.NoLvm", what: "the logical volume \(logical.path)", way)
        let means = way.initramfs.reduce(into: Set<EarlyStorage.LvmMeans>()) { $0.formUnion($1.storage.lvm) }
        if means.contains(.event) || means.contains(.everything) {
            if !logical.isAutomatic { judgeLeftOut(logical, way) }
            return
        }
        if means.contains(.rootByName) {
            let specification = way.entry.commandLine.root?.specification ?? ""
            if specification.hasPrefix("/dev/") { return }
            ask(
                "the initramfs activates a logical volume by its name in /dev, and root=\(specification) is none",
                way)
        } else if means.contains(.dracut) {
            judgeDracut(logical, way)
        } else if means.contains(.groups) {
            judgeGroups(logical, way)
        } else if means.contains(.other) {
            ask("how the initramfs activates logical volumes is not followed", way)
        } else if way.initramfs.contains(where: { $0.unreadPayload != nil }) {
            ask("what activates logical volumes in the initramfs could not be found out", way)
        } else {
            stop(
                "Initramfs.NoLvm",
                "The initramfs has lvm, but neither a rule nor a script that activates \(logical.path).", way,
                evidence: evidence(way, "no 69-lvm.rules, no script of lvm2"), fixes: install(package, way))
        }
    }

    /// The script was written for one machine: it activates the groups that its root was in.
    private mutating func judgeGroups(_ logical: LogicalVolumeFacts, _ way: BootWay) {
        let groups = way.initramfs.flatMap(\.storage.lvmGroups)
        guard !groups.contains(logical.group) else { return }
        stop(
            "Initramfs.LvmNotNamed",
            "The script in the initramfs activates the volume group \(groups.joined(separator: ", ")) only, and"
                + " the root is \(logical.path).", way,
            evidence: evidence(way, "activates \(groups.joined(separator: ", "))"), fixes: rebuild([], way))
    }

    /// `vgchange -aay`, which udev's rule and the scripts run, leaves out what is set to be left out.
    private mutating func judgeLeftOut(_ logical: LogicalVolumeFacts, _ way: BootWay) {
        stop(
            "Initramfs.LvmLeftOut",
            "The root is the logical volume \(logical.path), which is set not to be activated by itself.",
            way,
            evidence: [Evidence(layer: "lvm:\(logical.path)", excerpt: "no automatic activation")],
            fixes: [
                .byHand(
                    "Let the volume be activated at boot",
                    commands: [
                        "vgchange --setautoactivation y \(logical.group)",
                        "lvchange --setautoactivation y --setactivationskip n \(logical.path)",
                    ])
            ])
    }

    /// dracut activates what `rd.lvm.lv=` and `rd.lvm.vg=` name, and everything only without them and with
    /// `rd.auto` (90lvm, `parse-lvm.sh` and `lvm_scan.sh`).
    private mutating func judgeDracut(_ logical: LogicalVolumeFacts, _ way: BootWay) {
        let name = "rd.lvm.lv=\(logical.path)"
        let fix = Fix.commandLine(adding: [name], "Name the root's logical volume", in: linux)
        guard isSet("rd.lvm", not: "rd_NO_LVM", default: true, way) else {
            stop(
                "Initramfs.LvmNotNamed", "rd.lvm=0 keeps the initramfs from activating \(logical.path).", way,
                evidence: [way.entry.commandLine.evidence],
                fixes: [.commandLine(removing: ["rd.lvm=0"], "Take rd.lvm=0 away", in: linux)])
            return
        }
        let volumes = values("rd.lvm.lv", old: "rd_LVM_LV", way)
        let groups = values("rd.lvm.vg", old: "rd_LVM_VG", way)
        if volumes.contains(logical.path) || groups.contains(logical.group) { return }
        if volumes.isEmpty, groups.isEmpty {
            if unnamed(.logicalVolumes, way) == .activated { return }
            ask(
                "nothing names \(logical.path) to dracut by rd.lvm.lv=, and whether this dracut activates it"
                    + " anyway is not known", way)
            return
        }
        stop(
            "Initramfs.LvmNotNamed",
            "dracut activates only what rd.lvm.lv= and rd.lvm.vg= name, and \(logical.path) of the root is not among"
                + " them.", way, evidence: [way.entry.commandLine.evidence], fixes: [fix])
    }

    /// dracut waits for each volume that is named to it, and ends in its emergency shell without
    /// (`wait_for_dev` in `parse-lvm.sh`).
    private mutating func judgeAwaited(_ way: BootWay) {
        let known = context.image.volumes.compactMap(\.logicalVolume)
        let opened = Set(context.image.volumes.flatMap(\.madeOf))
        let isHidden = context.image.volumes.contains {
            ["LVM2_member", "crypto_LUKS", "linux_raid_member"].contains($0.kind ?? "")
                && !opened.contains($0.id)
        }
        for name in Set(values("rd.lvm.lv", old: "rd_LVM_LV", way)).sorted() {
            if known.contains(where: { $0.path == name }) { continue }
            if isHidden {
                ask("whether the logical volume \(name) of rd.lvm.lv= exists could not be found out", way)
                continue
            }
            stop(
                "Initramfs.LvmMissing",
                "rd.lvm.lv=\(name) names a logical volume that does not exist: dracut waits for it and gives up.",
                way,
                evidence: [way.entry.commandLine.evidence],
                fixes: [
                    .commandLine(removing: ["rd.lvm.lv=\(name)"], "Take the parameter away", in: linux),
                    .rebuildInitramfs(adding: [], kernel: way.kernelVersion, in: linux),
                ])
        }
    }

    // MARK: Arrays

    private mutating func judge(_ array: ArrayFacts, _ way: BootWay) {
        let name = array.name ?? array.uuid
        if way.initramfs.contains(where: \.storage.autodetectsArrays) {
            judgeAutodetected(array, name, way)
            return
        }
        switch has("mdadm", way) {
        case nil:
            ask("whether the initramfs has mdadm could not be found out", way)
            return
        case false?:
            stop(
                "Initramfs.NoRaid",
                "The root is on software RAID, and the initramfs has no mdadm to reach it.", way,
                evidence: evidence(way, "no mdadm"), fixes: install("mdadm", way))
            return
        case true?: break
        }
        if let module = array.module {
            judgeModules([module], code: "Initramfs.NoRaid", what: "the array \(name)", way)
        } else {
            ask("which module starts an array of the level \(array.level) is not known to this version", way)
        }
        let answers = way.initramfs.map(\.storage.assemblesArrays)
        if !answers.contains(.yes) {
            if answers.contains(.unknown) {
                ask("what puts arrays together in the initramfs is not followed", way)
            } else {
                stop(
                    "Initramfs.NoRaid",
                    "The initramfs has mdadm, but neither a rule nor a script that puts arrays together.",
                    way,
                    evidence: evidence(way, "no 64-md-raid-assembly.rules"), fixes: install("mdadm", way))
            }
        }
        if isDracut(way) { judgeDracut(array, way) }
        judgeName(array, way)
    }

    /// `raidautorun` of nash: the kernel puts together what has the old metadata (drivers/md/md.c,
    /// `autostart_arrays`).
    private mutating func judgeAutodetected(_ array: ArrayFacts, _ name: String, _ way: BootWay) {
        if let module = array.module {
            judgeModules([module], code: "Initramfs.NoRaid", what: "the array \(name)", way)
        }
        guard array.metadata != "0.90" else { return }
        stop(
            "Initramfs.NoRaid",
            "The initramfs lets the kernel put arrays together, which it does for metadata 0.90 only; the root's array"
                + " \(name) has \(array.metadata).", way, evidence: evidence(way, "raidautorun"),
            fixes: rebuild([], way))
    }

    private mutating func judgeDracut(_ array: ArrayFacts, _ way: BootWay) {
        let named = values("rd.md.uuid", old: "rd_MD_UUID", way).map { $0.filter(\.isHexDigit).lowercased() }
        let fix = Fix.commandLine(adding: ["rd.md.uuid=\(array.uuid)"], "Name the root's array", in: linux)
        if !isSet("rd.md", not: "rd_NO_MD", default: true, way) {
            stop(
                "Initramfs.ArrayNotNamed",
                "rd.md=0 keeps the initramfs from putting the root's array together.", way,
                evidence: [way.entry.commandLine.evidence],
                fixes: [.commandLine(removing: ["rd.md=0"], "Take rd.md=0 away", in: linux)])
        } else if !named.isEmpty, !named.contains(array.digits) {
            stop(
                "Initramfs.ArrayNotNamed",
                "dracut puts together only the arrays that rd.md.uuid= names, and the root's \(array.uuid) is not"
                    + " among them.", way, evidence: [way.entry.commandLine.evidence], fixes: [fix])
        } else if named.isEmpty {
            switch unnamed(.arrays, way) {
            case .activated: break
            case .left:
                stop(
                    "Initramfs.ArrayNotNamed",
                    "Nothing names the root's array \(array.uuid) to dracut by rd.md.uuid=, and without that and rd.auto"
                        + " it puts nothing together.", way, evidence: [way.entry.commandLine.evidence],
                    fixes: [fix])
            case .unknown:
                ask(
                    "nothing names the root's array to dracut by rd.md.uuid=, and whether this dracut puts it together"
                        + " anyway is not known", way)
            }
        }
    }

    /// A root named `/dev/md…`: the mdadm.conf inside the archive gives the names.
    private mutating func judgeName(_ array: ArrayFacts, _ way: BootWay) {
        guard let specification = way.entry.commandLine.root?.specification,
            specification.hasPrefix("/dev/md")
        else { return }
        let lines = way.initramfs.flatMap(\.storage.configuration.arrays)
        guard let line = lines.last(where: { $0.uuid == array.digits }) else { return }
        func plain(_ device: String) -> String {
            device.hasPrefix("/dev/md/") ? String(device.dropFirst(8)) : String(device.dropFirst(7))
        }
        guard plain(line.device) != plain(specification) else { return }
        stop(
            "Initramfs.ArrayName",
            "The initramfs calls the root's array \(line.device), and root= asks for \(specification).", way,
            evidence: [line.evidence, way.entry.commandLine.evidence], fixes: rebuild([], way))
    }

    // MARK: btrfs on several devices

    private mutating func judgeScan(_ way: BootWay) {
        let answers = way.initramfs.map(\.storage.scansBtrfs)
        if answers.contains(.yes) { return }
        if answers.contains(.unknown) || way.initramfs.contains(where: { $0.unreadPayload != nil }) {
            ask("whether the initramfs makes all devices of the root known could not be found out", way)
            return
        }
        stop(
            "Initramfs.NoScan",
            "The root is a btrfs on several devices, and nothing in the initramfs makes the others known to the"
                + " kernel.", way, evidence: evidence(way, "no 64-btrfs.rules, no btrfs device scan"),
            fixes: install("btrfs-progs", way))
    }
}
