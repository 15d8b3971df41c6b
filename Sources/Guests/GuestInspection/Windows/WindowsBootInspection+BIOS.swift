import BlockIO
import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// BIOS: sector 0, the active partition, its boot record, `\bootmgr`, `\Boot\BCD`.
extension WindowsBootInspection {
    private static let disk = "disk"

    func biosPath(_ facts: WindowsBootFacts, startsByUEFI: Bool) -> WindowsBootPath {
        let managers = facts.managerVolumes
        var path = WindowsBootPath(firmware: .bios)
        let code: MBRBootCode
        do {
            code = try MBRBootCode(parsing: try layout.disk.read(at: 0, count: 512))
        } catch {
            path.open("BootLoader.Unreadable", error.description, [Evidence(layer: Self.disk, offset: 0)])
            return path
        }
        let active = activePartitions
        path.isPresent = presence(code, active, facts.startableVolumes, startsByUEFI)
        guard path.isPresent != .no else { return path }
        guard startsActivePartition(code, &path) else { return path }
        guard let partition = onlyActive(active, managers, &path) else { return path }
        path.volume = partition.volume
        guard let record = bootRecord(of: partition, managers, &path) else { return path }
        guard let volume = volume(partition.volume) else {
            let gap = layout.image.volume(partition.volume)?.gap
            path.open(
                "BootMgr.Unreadable",
                "what is on the active partition cannot be read"
                    + (gap.map { " (\($0.message))" } ?? ""), [Evidence(layer: partition.volume)])
            return path
        }
        defer { keepGaps(of: volume) }
        if record.kind == .ntldr {
            followNTLDR(on: volume, &path)
        } else if bootManagerFile(on: volume, managers, &path) {
            path.loader = "Windows boot manager"
            followStore(at: "/Boot/BCD", on: volume, &path)
        }
        return path
    }

    /// What programs in sector 0 look through: the primary partitions.
    private var activePartitions: [PartitionFacts] {
        guard let table = layout.image.partitions, table.kind == .mbr else { return [] }
        return table.partitions.filter { $0.active && $0.number <= 4 }
    }

    /// Whether the disk is made to be started by BIOS. A copy of `\bootmgr` alone says nothing: Windows keeps one on
    /// the system volume of UEFI machines, too.
    private func presence(
        _ code: MBRBootCode, _ active: [PartitionFacts], _ startable: [VolumeID], _ startsByUEFI: Bool
    ) -> Answer {
        guard let table = layout.image.partitions else { return .unknown }
        let isForeign: Bool =
            switch code.kind {
            case .grub2, .grubLegacy, .lilo: true
            default: false
            }
        switch table.kind {
        case .none: return .no
        // Boot code of Windows sees only the protective entry, which is not active.
        case .gpt: return isForeign ? .unknown : .no
        case .hybrid: return code.kind == .empty ? .no : .unknown
        case .mbr: break
        }
        if code.kind != .empty, !active.isEmpty || isForeign { return .yes }
        return !startsByUEFI && !startable.isEmpty ? .yes : .no
    }

    private func startsActivePartition(_ code: MBRBootCode, _ path: inout WindowsBootPath) -> Bool {
        let place = Evidence(layer: Self.disk, offset: 0)
        guard code.hasSignature else {
            path.breaks(
                "BootLoader.NoSignature", "The first sector does not end in 55 AA: BIOS does not start it.",
                [Evidence(layer: Self.disk, offset: 510)])
            return false
        }
        switch code.kind {
        case .empty:
            path.breaks(
                "BootLoader.NotInstalled",
                "The first sector holds no boot code: BIOS finds nothing to start.",
                [place])
            return false
        case .windows, .syslinux:
            path.holds("the boot code in sector 0 starts the active partition", place)
            return true
        case .grub2, .grubLegacy, .lilo, .syslinuxGPT:
            path.loader = code.kind == .lilo ? "LILO" : code.kind == .syslinuxGPT ? "Syslinux" : "GRUB"
            path.open(
                "BootLoader.Foreign",
                "the boot code in sector 0 is that of \(path.loader ?? "another loader"), and whether it goes on to Windows is not followed",
                [place])
            return false
        case .unknown:
            path.open(
                "BootLoader.Foreign",
                "the boot code in sector 0 is not recognised, so what it starts is not known", [place])
            return false
        }
    }

    private func onlyActive(
        _ active: [PartitionFacts], _ managers: [VolumeID], _ path: inout WindowsBootPath
    ) -> PartitionFacts? {
        let hint = managers.isEmpty ? "" : "; \\bootmgr is on \(managers.joined(separator: ", "))"
        guard let first = active.first else {
            path.breaks(
                "BootMgr.NoActivePartition",
                "No partition is active, so the boot code of the disk starts none\(hint).",
                [Evidence(layer: Self.disk, offset: 446, excerpt: "no entry with 0x80")])
            return nil
        }
        guard active.count == 1 else {
            let numbers = active.map { "\($0.number)" }.joined(separator: " and ")
            path.breaks(
                "BootMgr.SeveralActive",
                "Partitions \(numbers) are active: the boot code of the disk stops with “Invalid partition table”\(hint).",
                active.map {
                    Evidence(layer: Self.disk, offset: UInt64(446 + 16 * ($0.number - 1)), excerpt: "0x80")
                })
            return nil
        }
        path.holds(
            "partition \(first.number) is active",
            Evidence(layer: Self.disk, offset: UInt64(446 + 16 * (first.number - 1)), excerpt: "0x80"))
        return first
    }

    private func bootRecord(
        of partition: PartitionFacts, _ managers: [VolumeID], _ path: inout WindowsBootPath
    ) -> VolumeBootCode? {
        let place = Evidence(layer: partition.volume, offset: 0)
        let record: VolumeBootCode
        do {
            record = try VolumeBootCode(
                parsing: try layout.disk.read(
                    at: partition.offset, count: Int(min(UInt64(VolumeBootCode.size), partition.size))))
        } catch {
            path.open("BootMgr.Unreadable", error.description, [place])
            return nil
        }
        let elsewhere = managers.filter { $0 != partition.volume }
        let hint =
            elsewhere.isEmpty || managers.contains(partition.volume)
            ? "" : " \\bootmgr is on \(elsewhere.joined(separator: ", ")), which is not active."
        func stop(_ what: String) -> VolumeBootCode? {
            path.breaks(
                "BootMgr.BootSector", "The active partition \(partition.volume) \(what).\(hint)", [place])
            return nil
        }
        guard record.hasSignature else {
            return stop("has no boot record: its first sector does not end in 55 AA")
        }
        switch record.kind {
        case .empty: return stop("has no boot code")
        case .notBootable:
            return stop(
                "has the boot record of a formatting program, which only says that this is no bootable disk")
        case .other:
            path.open(
                "BootMgr.Unreadable",
                "the boot record of \(partition.volume) is not one of Windows, and what it starts is not followed",
                [place])
            return nil
        case .bootManager, .ntldr: break
        }
        guard record.hasJump, record.isComplete else {
            return stop("has a damaged boot record: only part of its program is there")
        }
        let start = partition.offset / UInt64(layout.image.partitions?.sectorSize ?? 512)
        if let hidden = record.hiddenSectors, UInt64(hidden) != start {
            path.breaks(
                "BootMgr.HiddenSectors",
                "The boot record of \(partition.volume) believes that it starts at sector \(hidden); it starts at \(start), so its program reads wrong sectors (“A disk read error occurred”).",
                [Evidence(layer: partition.volume, offset: 0x1C, excerpt: "\(hidden)")])
            return nil
        }
        path.holds("its boot record starts \(record.kind == .ntldr ? "\\ntldr" : "\\bootmgr")", place)
        return record
    }

    /// The boot record reads the file's clusters itself, as they lie on the disk.
    private func bootManagerFile(
        on volume: Volume, _ managers: [VolumeID], _ path: inout WindowsBootPath
    ) -> Bool {
        let name = "/bootmgr"
        switch volume.files.info(name) {
        case .unreadable(let gap):
            path.open("BootMgr.Unreadable", gap.message, [volume.evidence(name)])
            return false
        case .absent:
            let elsewhere = managers.filter { $0 != volume.id }
            let hint =
                elsewhere.isEmpty
                ? "" : " There is one on \(elsewhere.joined(separator: ", ")), which is not active."
            path.breaks(
                "BootMgr.Missing",
                "\\bootmgr is missing on the active partition \(volume.id): the start ends with “BOOTMGR is missing”.\(hint)",
                [volume.evidence(name, "absent")])
            return false
        case .found(let info):
            guard info.type == .regular, info.size > 0 else {
                path.breaks(
                    "BootMgr.Damaged", "\\bootmgr on \(volume.id) is empty.",
                    [volume.evidence(name, "0 bytes")])
                return false
            }
            if info.flags.contains(.compressed) || info.flags.contains(.encrypted) {
                let how = info.flags.contains(.encrypted) ? "encrypted" : "compressed"
                path.breaks(
                    info.flags.contains(.encrypted) ? "BootMgr.Encrypted" : "BootMgr.Compressed",
                    "\\bootmgr on \(volume.id) is \(how), which the boot record cannot read (“BOOTMGR is compressed”).",
                    [volume.evidence(name, how)])
                return false
            }
            switch volume.files.head(name, count: 4096) {
            case .found(let head) where head.isAllZero:
                path.breaks(
                    "BootMgr.Damaged", "\\bootmgr on \(volume.id) holds nothing but zeros.",
                    [volume.evidence(name, "\(info.size) bytes")])
                return false
            case .unreadable(let gap):
                path.open("BootMgr.Unreadable", gap.message, [volume.evidence(name)])
                return false
            default: break
            }
            path.holds("\\bootmgr is on \(volume.id)", volume.evidence(name, "\(info.size) bytes"))
            return true
        }
    }

    /// Windows before Vista: `ntldr`, `NTDETECT.COM` and `boot.ini` beside it.
    private func followNTLDR(on volume: Volume, _ path: inout WindowsBootPath) {
        path.loader = "NTLDR"
        for name in ["/ntldr", "/NTDETECT.COM"] {
            switch volume.files.info(name) {
            case .absent:
                path.breaks(
                    "BootMgr.Missing", "\(volume.shown(name)) is missing: the start ends there.",
                    [volume.evidence(name, "absent")])
                return
            case .unreadable(let gap):
                path.open("BootMgr.Unreadable", gap.message, [volume.evidence(name)])
                return
            case .found(let info) where info.flags.contains(.compressed):
                path.breaks(
                    "BootMgr.Compressed",
                    "\(volume.shown(name)) is compressed, which the boot record cannot read.",
                    [volume.evidence(name, "compressed")])
                return
            case .found: continue
            }
        }
        path.open(
            "BootMgr.Unreadable", "which Windows boot.ini starts is not followed",
            [volume.evidence("/boot.ini")],
            isFirmware: false)
    }
}
