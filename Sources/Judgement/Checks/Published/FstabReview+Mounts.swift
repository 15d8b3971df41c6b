import GuestFacts
import Targets

/// What is mounted besides the root.
extension FstabReview {
    mutating func judgeMount(_ entry: MountEntry) {
        let point = entry.mountPoint
        switch entry.resolution {
        case .volume(let id):
            if judgeWholeness(entry, id) { judgeContent(entry) }
        case .ambiguous(let volumes):
            add(
                "Fstab.DuplicateUuid", .warning,
                "\(entry.specification) for \(point) names \(volumes.joined(separator: " and ")); which one is"
                    + " mounted is chance.", entry, consequence: .none)
        case .notFound:
            stop(
                "Fstab.DeviceNotFound", "\(point) is on \(entry.specification), which is not in the image",
                entry)
        case .caseMismatch:
            stop(
                "Fstab.CaseMismatch",
                "\(point) is on \(entry.specification), which differs from the real name in upper and lower case and"
                    + " is not found", entry)
        case .hardwarePath:
            stop(
                "Fstab.HardwarePath",
                "\(point) is on \(entry.specification), a name of the source machine's hardware", entry)
        case .kernelName(let name, let volume): judge(entry, name, volume)
        case .network: judgeNetwork(entry)
        case .virtual: judgeVirtual(entry)
        case .file(exists: .yes): break
        case .file(exists: .no) where isMadeBySystemd(entry):
            add(
                "Fstab.SourceMissing", .warning,
                "\(entry.specification), to be shown at \(point), does not exist; systemd makes an empty directory.",
                entry, consequence: .none)
        case .file(exists: .no):
            stop(
                "Fstab.SourceMissing", "\(entry.specification), to be mounted at \(point), does not exist",
                entry)
        case .file(exists: .unknown):
            ask("whether \(entry.specification), to be mounted at \(point), exists", entry)
        case .unknown(let gap):
            guard entry.isRequired else { return }
            questions.append(OpenQuestion(gap, consequence: .stopsBoot))
        }
    }

    /// A file system without a device, whose last option ends in a carriage return.
    private mutating func judgeVirtual(_ entry: MountEntry) {
        guard !entry.badOptions.isEmpty else { return }
        // A line of three fields ends in the type, which no kernel has with a carriage return.
        let type = entry.options.isEmpty ? "" : entry.type
        switch MountOptionTable.refusesUnknown(type) {
        case .yes: stopAtOptions(entry, entry.badOptions, nil)
        case .no:
            findings.append(
                Finding(
                    "Fstab.Syntax", .warning,
                    "The line of \(entry.mountPoint) ends in a carriage return, which \(entry.type) does not mind.",
                    evidence: [entry.evidence], fixes: [FstabFix.plainText]))
        case .unknown:
            findings.append(
                Finding(
                    "Fstab.Syntax", .warning,
                    "The line of \(entry.mountPoint) ends in a carriage return, which some kernels refuse for"
                        + " \(entry.type).", evidence: [entry.evidence], fixes: [FstabFix.plainText]))
            ask("whether the kernel mounts \(entry.mountPoint) with a carriage return in its options", entry)
        }
    }

    /// systemd makes the source of a bind mount before it mounts it (`mount_enter_mounting` of mount.c).
    private func isMadeBySystemd(_ entry: MountEntry) -> Bool {
        (entry.options.contains("bind") || entry.options.contains("rbind")) && usesSystemd
    }

    private var usesSystemd: Bool { linux.initSystem.program.value?.value == .systemd }

    /// Whether the volume comes up; says so when it does not.
    private mutating func judgeWholeness(_ entry: MountEntry, _ id: VolumeID) -> Bool {
        guard let volume = context.image.volume(id) else { return true }
        let missing = volume.logicalVolume.map { $0.isRedundant ? [] : $0.missing } ?? []
        guard !missing.isEmpty || volume.gap?.kind == .absent else { return true }
        let part =
            missing.isEmpty ? volume.gap?.message ?? "" : "physical volume \(missing.joined(separator: ", "))"
        stop(
            "Fstab.VolumeIncomplete",
            "\(entry.mountPoint) is on \(id), a part of which is not in the image (\(part))", entry)
        return false
    }

    /// Whether the running kernel can have the driver of a file system, with the tables of FAT; says so when not.
    private mutating func judgeDriver(_ entry: MountEntry, _ id: VolumeID) {
        guard let kind = context.image.volume(id)?.kind else { return }
        for way in context.boots(of: linux).ways {
            guard let kernel = way.kernel, kernel.modulesPresent != .unknown else { continue }
            var needed = [KernelFacts.drivers(for: kind)]
            if kind == "vfat" { needed += kernel.fatTables.map { [$0] } }
            for names in needed where !names.isEmpty {
                let drivers = names.compactMap { kernel.drivers[$0] }
                if kernel.modulesPresent == .no {
                    if drivers.contains(where: { $0.state == .builtin }) { continue }
                    if drivers.contains(where: { $0.state == .unknown || $0.state == .initramfs }) {
                        ask(
                            "whether the kernel, whose modules are gone, has \(names[0]) for \(entry.mountPoint)",
                            entry)
                        return
                    }
                }
                guard drivers.count == names.count,
                    drivers.allSatisfy({ $0.state == .absent || kernel.modulesPresent == .no })
                else { continue }
                stop(
                    "Fstab.NoDriver",
                    "\(entry.mountPoint) is \(kind), for which the kernel\(kernel.version.map { " \($0)" } ?? "") has no"
                        + " \(names[0])", entry, launches: way.launches)
                return
            }
        }
    }

    private mutating func judgeContent(_ entry: MountEntry) {
        if let selected = entry.subvolume, selected.id == nil {
            stop(
                "Fstab.SubvolumeMissing",
                "\(entry.mountPoint) is the subvolume \(selected.stated ?? "") of \(entry.specification), which does not"
                    + " exist", entry)
            return
        }
        let volume = entry.resolution.volume
        if let volume { judgeDriver(entry, volume) }
        if let actual = entry.actualType, entry.type != "auto" {
            // The ext4 driver mounts its ancestors.
            let isOlder = entry.type == "ext4" && (actual == "ext3" || actual == "ext2")
            if !isOlder {
                stop(
                    "Fstab.TypeMismatch",
                    "\(entry.mountPoint) is to be mounted as \(entry.type), but the device holds \(actual)",
                    entry)
                return
            }
        }
        let kind = volume.flatMap { context.image.volume($0)?.kind } ?? entry.type
        if !entry.badOptions.isEmpty { stopAtOptions(entry, entry.badOptions, nil) }
        for way in context.boots(of: linux).ways {
            let refused = MountOptionTable.refused(entry.options, kind, way.kernel?.version)
            if !refused.isEmpty { stopAtOptions(entry, refused, way.launches) }
        }
    }

    private mutating func stopAtOptions(_ entry: MountEntry, _ refused: [String], _ launches: [Launch]?) {
        stop(
            "Fstab.BadOption",
            "the kernel refuses \(refused.joined(separator: ", ")) for \(entry.mountPoint)", entry,
            launches: launches, refused: refused)
    }

    private mutating func judge(_ entry: MountEntry, _ name: KernelDeviceName, _ volume: VolumeID?) {
        let fails = context.launches.filter { !linux.names(name, on: $0.disk) || volume == nil }
        let works = context.launches.filter { !fails.contains($0) }
        if !fails.isEmpty {
            let why =
                name.disk > 0 || volume == nil
                ? "which is not in the image" : "which the disk is not called on every bus"
            stop(
                "Fstab.DeviceName", "\(entry.mountPoint) is on \(entry.specification), \(why)", entry,
                launches: fails)
        }
        if !works.isEmpty {
            findings.append(
                Finding(
                    "Fstab.DeviceName", .warning,
                    "\(entry.mountPoint) is on \(entry.specification), which holds only as long as the disk stays on"
                        + " the same bus.",
                    evidence: [entry.evidence], fixes: FstabFix.fixes(for: entry, context, linux),
                    launches: context.scope(works)))
            judgeContent(entry)
        }
    }

    /// Shares of a hypervisor: their drivers come with its tools, or need a device that is not there.
    private static let shares: Set = ["vboxsf", "vmhgfs", "fuse.vmhgfs-fuse", "prl_fs", "9p", "virtiofs"]

    private mutating func judgeNetwork(_ entry: MountEntry) {
        if FstabReview.shares.contains(entry.type) {
            return stop(
                "Fstab.Network",
                "\(entry.mountPoint) is the share \(entry.specification) of the old hypervisor (\(entry.type))",
                entry)
        }
        guard !entry.options.contains(where: { ["_netdev", "nofail", "noauto", "nobootwait"].contains($0) }),
            !entry.options.contains("x-systemd.automount")
        else { return }
        findings.append(
            Finding(
                "Fstab.Network", .warning,
                "\(entry.mountPoint) is mounted from \(entry.specification) over the network, without nofail or"
                    + " _netdev: the boot may wait for a server that is not there.",
                evidence: [entry.evidence], fixes: FstabFix.fixes(for: entry, context, linux)))
    }
}
