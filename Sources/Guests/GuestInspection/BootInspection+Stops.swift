import ByteReading
import GuestFacts
import GuestFormats

extension BootInspection {
    /// What a stop before any loader means, with its code.
    static func sentence(_ stop: BootStop, _ trace: BootTrace) -> (code: String, message: String) {
        let place = trace.path ?? "the first sector"
        return switch stop {
        case .bootCodeMissing:
            ("BootLoader.NotInstalled", "The first sector holds no boot code: BIOS finds nothing to start.")
        case .bootSignatureMissing:
            ("BootLoader.NoSignature", "The first sector does not end in 55 AA: BIOS does not start it.")
        case .coreImageDamaged(let fault):
            (
                "BootLoader.CoreMissing",
                "GRUB's core image behind the first sector is missing or damaged: \(fault.message)."
            )
        case .otherDrive(let drive):
            (
                "BootLoader.OtherDrive",
                "The boot code loads GRUB from BIOS drive 0x\(Hexadecimal.lower(drive, width: 2)), which a new instance does not have."
            )
        case .removablePathMissing:
            (
                "EfiFallback.Missing",
                "\(place.dropFirst()) is missing on the EFI system partition, and a new instance knows no other loader."
            )
        case .notAProgram: ("EfiFallback.Invalid", "\(place.dropFirst()) is not an EFI program.")
        case .wrongMachine(let machine):
            (
                "EfiFallback.Invalid",
                "\(place.dropFirst()) is an EFI program for another processor (\(machine))."
            )
        case .programTruncated: ("EfiFallback.Invalid", "\(place.dropFirst()) is cut short.")
        case .secondStageMissing:
            ("EfiFallback.Incomplete", "shim starts \(place.dropFirst()), which is missing.")
        case .fallbackFindsNothing:
            ("EfiFallback.Incomplete", "The fallback program finds no boot entry in any EFI/*/BOOT*.CSV.")
        case .entryMissing:
            ("EfiFallback.Incomplete", "The fallback program starts \(place.dropFirst()), which is missing.")
        case .noActivePartition:
            (
                "BootLoader.NoActivePartition",
                "The boot code starts the active partition, and no partition is marked as active."
            )
        case .severalActivePartitions:
            (
                "BootLoader.SeveralActive",
                "The boot code starts the active partition, and refuses because several are marked as active."
            )
        case .bootRecordMissing:
            (
                "BootLoader.RecordMissing",
                "The active partition has no boot record that starts anything."
            )
        case .secondStageDamaged(let fault):
            (
                "BootLoader.CoreMissing",
                "What the boot code loads next is missing or damaged: \(fault.message)."
            )
        }
    }

    /// What a stop means for a program that another loader has started.
    static func chained(_ stop: BootStop, _ trace: BootTrace) -> (code: String, message: String) {
        let place = trace.path ?? "the program"
        return switch stop {
        case .entryMissing, .removablePathMissing:
            ("Grub.KernelMissing", "The default entry starts \(place), which does not exist.")
        case .secondStageMissing: ("Grub.ImageInvalid", "shim starts \(place), which does not exist.")
        case .notAProgram:
            ("Grub.ImageInvalid", "The default entry starts \(place), which is no EFI program.")
        case .programTruncated:
            ("Grub.ImageInvalid", "The default entry starts \(place), which is cut short.")
        case .wrongMachine(let machine):
            (
                "Grub.ImageInvalid",
                "The default entry starts \(place), an EFI program for another processor (\(machine))."
            )
        default: sentence(stop, trace)
        }
    }
}
