import ByteReading

/// What a BIOS does with a disk, up to the boot loader that reads a configuration.
package enum BIOSBoot {
    /// Follows the first sector of `disk`, which GRUB calls `drive`.
    package static func trace(_ disk: ContentSource, drive: GrubDevice = GrubDevice("hd0")) -> BootTrace {
        var trace = BootTrace()
        do { try follow(disk, drive, &trace) } catch {
            trace.add("sector 0", error.description)
            trace.destination = .unknown(error)
        }
        return trace
    }

    private static func follow(
        _ disk: ContentSource, _ drive: GrubDevice, _ trace: inout BootTrace
    ) throws(ImageFault) {
        let code = try MBRBootCode(parsing: try disk.read(at: 0, count: 512))
        guard code.hasSignature else {
            trace.add("sector 0", "does not end in 55 AA")
            trace.destination = .stops(.bootSignatureMissing)
            return
        }
        switch code.kind {
        case .empty:
            trace.add("sector 0", "holds no boot code")
            trace.destination = .stops(.bootCodeMissing)
        case .grub2(let sector, let fixedDrive):
            trace.add("sector 0", "GRUB boot.img, core image at sector \(sector)")
            if let fixedDrive, fixedDrive != 0x80 {
                trace.add(
                    "sector 0", "boot.img insists on BIOS drive 0x\(Hexadecimal.lower(fixedDrive, width: 2))")
                trace.destination = .stops(.otherDrive(fixedDrive))
                return
            }
            do {
                let core = try GrubCoreImage(reading: disk, sector: sector)
                arrive(core, sector, drive, &trace)
            } catch {
                trace.add("sector \(sector)", error.description)
                trace.destination =
                    error.kind == .corrupt || error.kind == .truncated
                    ? .stops(.coreImageDamaged(error)) : .unknown(error)
            }
        case .grubLegacy: other("GRUB legacy", &trace)
        case .syslinux: other("Syslinux, which starts the active partition", &trace)
        case .syslinuxGPT:
            other("Syslinux for GPT, which starts the partition marked for legacy boot", &trace)
        case .windows: other("boot code of Windows or DOS, which starts the active partition", &trace)
        case .lilo: other("LILO", &trace)
        case .unknown: other("boot code that is not recognised", &trace)
        }
    }

    private static func other(_ what: String, _ trace: inout BootTrace) {
        trace.add("sector 0", what)
        trace.destination = .other(what)
    }

    private static func arrive(
        _ core: GrubCoreImage, _ sector: UInt64, _ drive: GrubDevice, _ trace: inout BootTrace
    ) {
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
}
