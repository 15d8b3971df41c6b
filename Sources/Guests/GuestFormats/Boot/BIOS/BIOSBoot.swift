import ByteReading

/// What a BIOS does with a disk, up to the boot loader that reads a configuration.
package enum BIOSBoot {
    /// Follows the first sector of `disk`, which GRUB calls `drive`. What starts the active partition of an MBR is
    /// followed only where `partitions` says which that is; `isGPT` says that they come from a GPT.
    package static func trace(
        _ disk: ContentSource, drive: GrubDevice = GrubDevice("hd0"), partitions: [BIOSPartition] = [],
        isGPT: Bool = false
    ) -> BootTrace {
        var start = BIOSStart(disk: disk, drive: drive, partitions: partitions, isGPT: isGPT)
        do { try start.follow() } catch {
            start.trace.add("sector 0", error.description)
            start.trace.destination = .unknown(error)
        }
        return start.trace
    }
}

/// A start by BIOS on its way.
private struct BIOSStart {
    let disk: ContentSource
    let drive: GrubDevice
    let partitions: [BIOSPartition]
    let isGPT: Bool
    var trace = BootTrace()

    mutating func follow() throws(ImageFault) {
        let sector = try disk.read(at: 0, count: 512)
        // The boot record of IBM Z: zipl writes it into the first block of a SCSI disk.
        if sector.starts(with: "zIPL") { return other("zipl, the boot loader of IBM Z", "sector 0") }
        let code = try MBRBootCode(parsing: sector)
        guard code.hasSignature else {
            trace.add("sector 0", "does not end in 55 AA")
            trace.destination = .stops(.bootSignatureMissing)
            return
        }
        switch code.kind {
        case .empty:
            trace.add("sector 0", "holds no boot code")
            trace.destination = .stops(.bootCodeMissing)
        case .grub2, .grubLegacy: try loader(code.kind, at: "sector 0", partition: nil)
        // `altmbr.bin` has the number of its partition where other code ends.
        case .syslinux where sector.firstIndex(of: Array("Multiple active".utf8)) == nil:
            try fixed(Int(try sector.byte(at: 439)))
        case .syslinux: try active("Syslinux")
        case .syslinuxGPT: try activeInGPT()
        case .windows: try active("boot code of Windows or DOS")
        case .lilo: other("LILO", "sector 0")
        case .unknown: other("boot code that is not recognised", "sector 0")
        }
    }

    private mutating func other(_ what: String, _ place: String) {
        trace.add(place, what)
        trace.destination = .other(what)
    }

    // MARK: The active partition

    /// Boot code that starts the one partition of an MBR that is marked.
    private mutating func active(_ name: String) throws(ImageFault) {
        guard !partitions.isEmpty else {
            return other("\(name), which starts the active partition", "sector 0")
        }
        // The protective entry of a GPT leads nowhere.
        let marked = isGPT ? [] : partitions.filter(\.isActive)
        guard let partition = only(marked, name) else { return }
        try start(partition)
    }

    /// The program of Syslinux for GPT looks into the primary table by itself.
    private mutating func activeInGPT() throws(ImageFault) {
        let marked = try SyslinuxGPTScan(reading: disk).marked
        guard let entry = only(marked, "Syslinux for GPT") else { return }
        let known = partitions.first { $0.number == entry.number && $0.offset == entry.offset }
        try start(
            known
                ?? BIOSPartition(
                    number: entry.number, offset: entry.offset, isActive: true,
                    device: GrubDevice("\(drive.name),gpt\(entry.number)")))
    }

    /// The one that is marked; none or several end the start.
    private mutating func only<Marked>(_ marked: [Marked], _ name: String) -> Marked? {
        guard let first = marked.first else {
            trace.add("sector 0", "\(name), and no partition is active")
            trace.destination = .stops(.noActivePartition)
            return nil
        }
        guard marked.count == 1 else {
            trace.add("sector 0", "\(name), and \(marked.count) partitions are active")
            trace.destination = .stops(.severalActivePartitions)
            return nil
        }
        trace.add("sector 0", "\(name), which starts the active partition")
        return first
    }

    /// Boot code that starts the partition with a number it has.
    private mutating func fixed(_ number: Int) throws(ImageFault) {
        guard let partition = partitions.first(where: { $0.number == number }) else {
            return other("Syslinux, which starts partition \(number)", "sector 0")
        }
        trace.add("sector 0", "Syslinux, which starts partition \(number)")
        try start(partition)
    }

    private mutating func start(_ partition: BIOSPartition) throws(ImageFault) {
        var record = try disk.read(at: partition.offset, count: 512)
        // Where a volume of XFS has its superblock, Syslinux goes on four sectors further (mbr/mbr.S).
        if record.starts(with: "XFSB") {
            record = try disk.read(at: try partition.offset.adding(4 * 512), count: 512)
        }
        try self.record(record, of: partition)
    }

    /// The boot record of a partition.
    private mutating func record(_ record: Bytes, of partition: BIOSPartition) throws(ImageFault) {
        let place = "first sector of \(partition.device)"
        let code = try MBRBootCode(parsing: record)
        guard code.hasSignature else {
            trace.add(place, "does not end in 55 AA")
            trace.destination = .stops(.bootRecordMissing)
            return
        }
        if SyslinuxCore.isBootRecord(record) { return try syslinux(record, partition, place) }
        switch code.kind {
        case .grub2, .grubLegacy: try loader(code.kind, at: place, partition: partition)
        default:
            let volume = try VolumeBootCode(parsing: record)
            switch volume.kind {
            case .empty, .notBootable:
                trace.add(place, "holds no boot code")
                trace.destination = .stops(.bootRecordMissing)
            case .bootManager: other("the boot manager of Windows", place)
            case .ntldr: other("NTLDR", place)
            case .other: other("a boot record that is not recognised", place)
            }
        }
    }

    private mutating func syslinux(
        _ record: Bytes, _ partition: BIOSPartition, _ place: String
    ) throws(ImageFault) {
        do {
            let core = try SyslinuxCore(reading: disk, volumeAt: partition.offset, bootRecord: record)
            let directory = core.directory.isEmpty ? "" : ", installed in \(core.directory)"
            trace.add(place, "Syslinux \(core.version)\(directory)")
            trace.destination = .syslinux(
                SyslinuxStart(
                    device: partition.device, directory: core.directory, subvolume: core.subvolume,
                    version: core.version))
        } catch { fail(error, place) }
    }

    /// A second stage that cannot be read is damaged, or not known.
    private mutating func fail(_ error: ImageFault, _ place: String) {
        trace.add(place, error.description)
        trace.destination =
            error.kind == .corrupt || error.kind == .truncated
            ? .stops(.secondStageDamaged(error)) : .unknown(error)
    }

    // MARK: GRUB

    /// GRUB in the first sector of the disk or of a partition.
    private mutating func loader(
        _ kind: MBRBootCode.Kind, at place: String, partition: BIOSPartition?
    ) throws(ImageFault) {
        switch kind {
        case .grub2(let sector, let fixedDrive):
            trace.add(place, "GRUB boot.img, core image at sector \(sector)")
            guard accepts(fixedDrive, place) else { return }
            do {
                arrive(try GrubCoreImage(reading: disk, sector: sector), sector)
            } catch {
                trace.add("sector \(sector)", error.description)
                trace.destination =
                    error.kind == .corrupt || error.kind == .truncated
                    ? .stops(.coreImageDamaged(error)) : .unknown(error)
            }
        case .grubLegacy(let sector, let fixedDrive):
            trace.add(place, "GRUB legacy stage1, next stage at sector \(sector)")
            guard accepts(fixedDrive, place) else { return }
            do {
                arrive(try GrubLegacyStage(reading: disk, sector: UInt64(sector)), sector)
            } catch { fail(error, "sector \(sector)") }
        default: other("boot code that is not recognised", place)
        }
    }

    /// The first disk is all that a new instance has.
    private mutating func accepts(_ fixedDrive: UInt8?, _ place: String) -> Bool {
        guard let fixedDrive, fixedDrive != 0x80 else { return true }
        trace.add(place, "it insists on BIOS drive 0x\(Hexadecimal.lower(fixedDrive, width: 2))")
        trace.destination = .stops(.otherDrive(fixedDrive))
        return false
    }

    private mutating func arrive(_ core: GrubCoreImage, _ sector: UInt64) {
        var device = drive.name
        if let partition = core.partition { device += ",\(Int(partition) + 1)" }
        let start = GrubStart(
            modules: core.modules, platform: .pc, processor: "i386", device: device, directory: "")
        trace.coreImage = core
        trace.memoryDisk = core.modules.memoryDisk
        let state = core.repairedBytes == 0 ? "" : ", \(core.repairedBytes) damaged bytes that GRUB repairs"
        trace.add("sector \(sector)", "GRUB core image with prefix \(start.prefix)\(state)")
        trace.destination = .grub(start)
    }

    private mutating func arrive(_ stage: GrubLegacyStage, _ sector: UInt32) {
        guard stage.drive == nil || stage.drive == 0x80 else {
            _ = accepts(stage.drive, "sector \(sector)")
            return
        }
        let device = stage.device(on: drive)
        let kind = stage.fileSystem.map { "stage 1.5 for \($0), which opens" } ?? "stage 2, which reads"
        trace.add("sector \(sector)", "GRUB \(stage.version) \(kind) \(stage.file) on \(device)")
        trace.grubLegacyStage = stage
        trace.destination = .grubLegacy(
            GrubLegacyStart(device: device, configuration: stage.file, version: stage.version))
    }
}
