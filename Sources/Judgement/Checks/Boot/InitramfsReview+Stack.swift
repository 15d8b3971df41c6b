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

    private func values(_ name: String, _ way: BootWay) -> [String] {
        parameters(way).filter { $0.name == name }.compactMap(\.value).filter { !$0.isEmpty }
    }

    /// A switch of dracut: `name`, `name=1`, `name=yes` (`getargbool`).
    private func isSet(_ name: String, default standard: Bool, _ way: BootWay) -> Bool {
        guard let last = parameters(way).last(where: { $0.name == name }) else { return standard }
        return !["0", "no", "off"].contains(last.value ?? "")
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
        guard isSet("rd.lvm", default: true, way) else {
            stop(
                "Initramfs.LvmNotNamed", "rd.lvm=0 keeps the initramfs from activating \(logical.path).", way,
                evidence: [way.entry.commandLine.evidence],
                fixes: [.commandLine(removing: ["rd.lvm=0"], "Take rd.lvm=0 away", in: linux)])
            return
        }
        let volumes = values("rd.lvm.lv", way)
        let groups = values("rd.lvm.vg", way)
        if volumes.contains(logical.path) || groups.contains(logical.group) { return }
        if volumes.isEmpty, groups.isEmpty {
            if isSet("rd.auto", default: false, way) { return }
            ask(
                "nothing names \(logical.path) to dracut by rd.lvm.lv=, and whether this dracut activates it anyway is"
                    + " not known", way)
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
        for name in Set(values("rd.lvm.lv", way)).sorted() {
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

    private mutating func judgeDracut(_ array: ArrayFacts, _ way: BootWay) {
        let named = values("rd.md.uuid", way).map { $0.filter(\.isHexDigit).lowercased() }
        let fix = Fix.commandLine(adding: ["rd.md.uuid=\(array.uuid)"], "Name the root's array", in: linux)
        if !isSet("rd.md", default: true, way) {
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
        } else if named.isEmpty, !isSet("rd.auto", default: false, way) {
            ask(
                "nothing names the root's array to dracut by rd.md.uuid=, and whether this dracut puts it together"
                    + " anyway is not known", way)
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
