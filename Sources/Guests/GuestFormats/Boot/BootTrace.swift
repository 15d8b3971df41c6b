package import ByteReading

/// A step on the way from firmware to a kernel.
package struct BootStep: Hashable, Sendable, CustomStringConvertible {
    /// Where it happens: a path on the ESP, a sector, a file.
    package let place: String
    /// What happens there.
    package let message: String

    /// Place and message on one line.
    package var description: String { "\(place): \(message)" }
}

/// Where a way from firmware to a kernel ends before any boot loader has a say.
package enum BootStop: Hashable, Sendable {
    /// There is no program in the first sector.
    case bootCodeMissing
    /// The first sector does not end in 55 AA.
    case bootSignatureMissing
    /// The core image of GRUB is not there or damaged.
    case coreImageDamaged(ImageFault)
    /// Boot code insists on a BIOS drive other than the first.
    case otherDrive(UInt8)
    /// No file at the removable path (`\EFI\BOOT\BOOTX64.EFI`).
    case removablePathMissing
    /// A file is no EFI program.
    case notAProgram
    /// A program is for another processor.
    case wrongMachine(PEImage.Machine)
    /// A program is cut off.
    case programTruncated
    /// shim does not find its second stage.
    case secondStageMissing
    /// shim's fallback finds no boot entry.
    case fallbackFindsNothing
    /// A program that a boot entry names is not there.
    case entryMissing
    /// Boot code that starts the active partition finds none.
    case noActivePartition
    /// Boot code finds more than one active partition and refuses both.
    case severalActivePartitions
    /// The partition that is started has no boot record, or one that only prints a message.
    case bootRecordMissing
    /// The second stage of GRUB legacy or Syslinux is not where its first stage looks for it.
    case secondStageDamaged(ImageFault)
}

/// What firmware ends up starting.
package enum BootDestination: Sendable {
    /// GRUB, started like this.
    case grub(GrubStart)
    /// GRUB legacy, started like this.
    case grubLegacy(GrubLegacyStart)
    /// Syslinux or extlinux, started like this.
    case syslinux(SyslinuxStart)
    /// systemd-boot at this path of the ESP.
    case systemdBoot
    /// A unified kernel image.
    case unifiedKernelImage
    /// A Linux kernel with its EFI stub and nothing else.
    case linuxKernel
    /// Windows.
    case windowsBootManager
    /// Something that is recognised but not followed.
    case other(String)
    /// Nothing: the start ends here.
    case stops(BootStop)
    /// Nobody can tell, because the image could not be read here.
    case unknown(ImageFault)
}

/// The way from firmware to a boot loader, with evidence for each step.
package struct BootTrace: Sendable {
    /// The steps in order; the last one is where it goes on or stops.
    package internal(set) var steps: [BootStep] = []
    /// Where it leads.
    package internal(set) var destination: BootDestination = .other("nothing")
    /// Path of the last program on the ESP, with `/`.
    package internal(set) var path: String?
    /// Load options of the last program; nil when it gets none.
    package internal(set) var loadOptions: String?
    /// Programs that firmware started on the way, and whether each carries certificates.
    package internal(set) var programs: [(path: String, kind: EFILoader.Kind, isSigned: Bool)] = []
    /// The last program.
    package internal(set) var loader: EFILoader?
    /// GRUB's core image on BIOS.
    package internal(set) var coreImage: GrubCoreImage?
    /// What GRUB legacy's first stage leads to.
    package internal(set) var grubLegacyStage: GrubLegacyStage?
    /// The memory disk that GRUB carries, the device `memdisk`.
    package internal(set) var memoryDisk: Bytes?
    /// Faults met that do not decide the way.
    package internal(set) var faults: [ImageFault] = []

    mutating func add(_ place: String, _ message: String) {
        steps.append(BootStep(place: place, message: message))
    }

    /// How GRUB is started, if it is.
    package var grubStart: GrubStart? { if case .grub(let start) = destination { start } else { nil } }
    /// Why it ends, if it does.
    package var stop: BootStop? { if case .stops(let stop) = destination { stop } else { nil } }
}

extension BootTrace {
    /// Runs the loader the trace ends in, if it is one that reads a configuration and is not GRUB 2.
    ///
    /// - Parameters:
    ///   - host: the disk as the loader sees it.
    ///   - partition: the partition that an EFI program was started from.
    ///   - extendedPartition: the partition of the type XBOOTLDR, if firmware can read it.
    package func runLoader(
        on host: any GrubHost, partition: GrubDevice, extendedPartition: GrubDevice? = nil
    ) -> LoaderEvaluation? {
        switch destination {
        case .systemdBoot:
            return SystemdBootLoader(
                host: host, partition: partition, extendedPartition: extendedPartition,
                machine: loader?.image.machine ?? .x64, ownPath: path ?? ""
            ).run()
        case .syslinux(let start): return SyslinuxLoader(host: host, start: start).run()
        case .grubLegacy(let start):
            guard grubLegacyStage?.fileSystem != nil else {
                return GrubLegacyLoader(host: host, start: start).run()
            }
            return GrubLegacyLoader.run(afterStage1_5: start, on: host)
        default: return nil
        }
    }

    /// Runs the GRUB that the trace ends in, with its memory disk; nil if it ends elsewhere.
    package func runGrub(on host: any GrubHost) -> GrubEvaluation? {
        guard let start = grubStart else { return nil }
        let whole: any GrubHost = memoryDisk.map { MemoryDiskGrubHost(host, memoryDisk: $0) } ?? host
        return GrubInterpreter(host: whole, start: start).run()
    }
}
