import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// Loaders other than GRUB 2: systemd-boot, Syslinux, GRUB legacy.
extension BootInspection {
    /// Follows the loader that a trace ends in; nil when it is none of these.
    func runLoader(_ trace: BootTrace, path: BootPath, from start: Start) -> Way? {
        let partition = start.partition ?? GrubDevice("hd0")
        var extended: GrubDevice?
        if case .systemdBoot = trace.destination {
            switch extendedPartition(beside: partition) {
            case .found(let device): extended = device
            case .absent: break
            case .unreadable(let gap):
                var path = path
                path.steps.append(Step(isFirmware: false, state: .unknown, message: gap.message))
                return Way(facts: path)
            }
        }
        var disk = files.disk
        disk.mendsPartitionTable = start.firmware == .uefi
        // It was told where its partition is.
        if case .syslinux = trace.destination { disk.mendsPartitionTable = true }
        guard
            var evaluation = trace.runLoader(on: disk, partition: partition, extendedPartition: extended)
        else { return nil }
        if let doubt = doubt(about: trace, evaluation) {
            evaluation.add(doubt: doubt)
        }
        return conclude(evaluation, path: path, from: start)
    }

    private func conclude(_ evaluation: LoaderEvaluation, path: BootPath, from start: Start) -> Way {
        var path = path
        for fault in evaluation.faults { reader.record(Gap(fault, at: path.loader ?? "boot loader")) }
        path.notes += notes(evaluation.notes)
        let name = path.loader ?? "the loader"
        for file in evaluation.configurationFiles.map({ files.file(named: $0).guestPath }) {
            path.steps.append(
                Step(
                    isFirmware: false, state: .holds, message: "\(name) reads \(file)",
                    evidence: [Evidence(path: file)]))
        }
        switch evaluation.outcome {
        case .unknown(let why):
            path.steps.append(
                Step(isFirmware: false, state: .unknown, message: "what \(name) starts is not known: \(why)"))
            return Way(facts: path)
        case .stops(let stop):
            // What is in doubt cannot be said to be broken.
            if let doubt = evaluation.doubt {
                path.steps.append(
                    Step(
                        isFirmware: false, state: .unknown,
                        message: "what \(name) starts is not known: \(doubt)"))
                return Way(facts: path)
            }
            return self.stop(stop, path: path)
        case .boots(let selection):
            if let doubt = evaluation.doubt {
                path.notes.append(
                    StructureFinding(
                        code: "Grub.Uncertain", message: doubt, evidence: files.evidence(selection.location)))
            }
            if selection.loader == .chainloader, start.firmware == .uefi {
                return chain(selection, path: path, from: start)
            }
            return Way(facts: path, entry: entry(selection, withoutInitramfs: false))
        }
    }

    /// The loader ends without starting anything.
    private func stop(_ stop: LoaderEvaluation.Stop, path: BootPath) -> Way {
        var path = path
        let place = stop.location.map { files.evidence($0, excerpt: stop.selection?.title) }
        if case .kernelMissing(let missing) = stop.reason {
            let title = stop.selection?.title ?? missing.name
            let found = entry(
                title, at: place ?? Evidence(path: files.file(missing.device, missing.path).guestPath),
                missing: missing, "the loader starts nothing")
            return Way(facts: path, entry: found)
        }
        let code =
            switch stop.reason {
            case .configurationMissing: "Grub.ConfigMissing"
            case .configurationInvalid: "Grub.ConfigInvalid"
            case .deviceMissing: "Grub.DeviceMissing"
            case .kernelMissing: "Grub.KernelMissing"
            case .initrdMissing: "Grub.InitrdMissing"
            case .imageInvalid: "Grub.ImageInvalid"
            case .moduleMissing: "Grub.ModulesMissing"
            case .waitsForever: "Grub.WaitsForever"
            case .password: "Grub.PasswordProtected"
            }
        path.steps.append(
            Step(
                isFirmware: false, state: .broken, code: code, message: stop.message,
                evidence: place.map { [$0] } ?? [Evidence(layer: path.loader ?? "boot loader")]))
        let found = stop.selection.map { entry($0, withoutInitramfs: false) }
        return Way(facts: path, entry: found?.facts.notFollowed == nil ? found : nil)
    }

    // MARK: systemd-boot

    /// The partition of the type XBOOTLDR that systemd-boot finds; firmware reads FAT only, unless drivers for other
    /// file systems lie in `EFI/systemd/drivers` (src/boot/drivers.c).
    private func extendedPartition(beside partition: GrubDevice) -> Reading<GrubDevice> {
        let type = "BC13C2FF-59E6-4262-A352-B275FD6F7172"
        let found = layout.image.partitions?.partitions.first { $0.type.uppercased() == type }
        guard let found, let volume = layout.image.volume(found.volume) else { return .absent }
        if volume.kind == "vfat" {
            if let gap = volume.gap { return .unreadable(gap) }
            return .found(files.disk.device(of: volume))
        }
        do {
            let names = try files.disk.names(inDirectory: "/EFI/systemd/drivers", on: partition) ?? []
            guard names.contains(where: { $0.lowercased().hasSuffix(".efi") }) else { return .absent }
            return .unreadable(
                Gap(
                    where: volume.id, kind: .unsupported,
                    message:
                        "systemd-boot loads drivers for file systems, and which of them read \(volume.id) is not known"
                ))
        } catch {
            if error.kind == .notFound { return .absent }
            return .unreadable(Gap(error, at: volume.id))
        }
    }

    // MARK: File systems of older loaders

    /// Why the loader may not be able to read the file system its files are on.
    private func doubt(about trace: BootTrace, _ evaluation: LoaderEvaluation) -> String? {
        switch trace.destination {
        case .syslinux(let start):
            guard let volume = files.disk.volume(of: start.device) else { return nil }
            let isOld = start.version.map { SystemdVersion.compare($0, "6.04") < 0 } ?? true
            switch volume.kind {
            case "ext2", "ext3", "ext4":
                return isOld && volume.features.contains("64bit")
                    ? "Syslinux \(start.version ?? "of this version") does not read ext4 with 64-bit block numbers"
                    : nil
            case "vfat", "btrfs": return nil
            default: return "whether Syslinux reads \(volume.kind ?? "this file system") is not known"
            }
        case .grubLegacy(let start):
            guard let volume = files.disk.volume(of: start.device) else { return nil }
            switch volume.kind {
            case "ext2", "ext3", "ext4":
                let isNew = volume.features.contains { ["extent", "extents"].contains($0) }
                return isNew && trace.grubLegacyStage?.knowsExtents != true
                    ? "this GRUB \(start.version) does not seem to know ext4's extents" : nil
            case "vfat", "xfs", "reiserfs", "jfs", "minix": return nil
            default:
                return "whether GRUB \(start.version) reads \(volume.kind ?? "this file system") is not known"
            }
        default: return nil
        }
    }
}
