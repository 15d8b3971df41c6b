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
}

/// What firmware ends up starting.
package enum BootDestination: Sendable {
    /// GRUB, started like this.
    case grub(GrubStart)
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
    /// The last program.
    package internal(set) var loader: EFILoader?
    /// GRUB's core image on BIOS.
    package internal(set) var coreImage: GrubCoreImage?
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
    /// Runs the GRUB that the trace ends in, with its memory disk; nil if it ends elsewhere.
    package func runGrub(on host: any GrubHost) -> GrubEvaluation? {
        guard let start = grubStart else { return nil }
        let whole: any GrubHost = memoryDisk.map { MemoryDiskGrubHost(host, memoryDisk: $0) } ?? host
        return GrubInterpreter(host: whole, start: start).run()
    }
}
