import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// UEFI without any boot entry of its own: the removable path of the EFI system partition, which Windows fills with a
/// copy of its boot manager; the store beside the original.
extension WindowsBootInspection {
    private static let directory = "/EFI/Microsoft/Boot"
    private static let manager = directory + "/bootmgfw.efi"
    private static let largestProgram = 16 << 20

    func uefiPath() -> WindowsBootPath {
        var result: WindowsBootPath?
        for candidate in candidates {
            guard let volume = volume(candidate.id) else {
                guard let gap = candidate.gap else { continue }
                var path = WindowsBootPath(firmware: .uefi)
                path.open("EfiFallback.Unreadable", gap.message, [Evidence(layer: candidate.id)])
                result = result ?? path
                continue
            }
            let partition = EFIPartition(fileSystem: volume.fileSystem)
            let trace = EFIBoot.trace(partition, machine: machine, device: GrubDevice("hd0"))
            let hasManager = volume.files.info(Self.manager).presence
            var path = WindowsBootPath(firmware: .uefi)
            path.volume = volume.id
            path.isPresent = trace.stop == .removablePathMissing ? hasManager : .yes
            guard path.isPresent != .no else { continue }
            follow(trace, on: volume, &path)
            keepGaps(of: volume)
            // Firmware tries one partition after the other and takes the first that has a loader.
            if trace.stop == nil { return path }
            result = result?.isPresent == .yes ? result : path
        }
        if let result { return result }
        var path = WindowsBootPath(firmware: .uefi)
        path.isPresent = .no
        return path
    }

    /// Partitions marked as ESP, then other FAT volumes: firmware looks at both.
    private var candidates: [VolumeFacts] {
        let marked = Set((layout.image.partitions?.partitions ?? []).filter(\.isEFISystem).map(\.volume))
        let volumes = layout.image.volumes
        return volumes.filter { marked.contains($0.id) }
            + volumes.filter { !marked.contains($0.id) && $0.kind == "vfat" }
    }

    /// The processor of the firmware. Firmware of PCs is for 64 bits, whatever the system is.
    private var machine: PEImage.Machine { identity.architecture == "arm64" ? .arm64 : .x64 }

    private func follow(_ trace: BootTrace, on volume: Volume, _ path: inout WindowsBootPath) {
        let file = trace.path ?? "/EFI/BOOT/BOOT\((machine.suffix ?? "x64").uppercased()).EFI"
        let shown = volume.shown(file)
        switch trace.destination {
        case .stops(let stop):
            let (code, message) = Self.sentence(stop, shown)
            var evidence = [volume.evidence(file, code == "EfiFallback.Missing" ? "absent" : nil)]
            if volume.files.info(Self.manager).presence == .yes {
                evidence.append(volume.evidence(Self.manager, "is there"))
            }
            path.breaks(code, message, evidence)
            return
        case .unknown(let fault):
            path.open("EfiFallback.Unreadable", fault.description, [volume.evidence(file)])
            return
        case .windowsBootManager: break
        case .other where isCopyOfManager(file, on: volume): break
        default:
            path.loader = trace.steps.last?.message ?? "another program"
            path.open(
                "EfiFallback.Foreign",
                "\(shown) is not the boot manager of Windows (\(path.loader ?? "")), and whether it goes on to Windows is not followed",
                [volume.evidence(file)])
            return
        }
        path.loader = "Windows boot manager"
        path.holds("UEFI starts \(shown), the boot manager of Windows", volume.evidence(file))
        lookAtManager(on: volume, &path)
        followStore(at: Self.directory + "/BCD", on: volume, &path)
    }

    /// Windows and its tools look for the boot manager at its own place; firmware without boot entries does not.
    private func lookAtManager(on volume: Volume, _ path: inout WindowsBootPath) {
        let program = WindowsProgram.facts(
            of: volume.files.content(of: Self.manager), at: volume.shown(Self.manager))
        let what: String
        switch program.state {
        case .good:
            if let architecture = program.architecture, architecture == machine.architecture { return }
            what = "is for another processor (\(program.architecture ?? "unknown"))"
        case .missing: what = "is missing"
        case .empty, .notAProgram: what = "is no program"
        case .truncated: what = "is cut short"
        case .unreadable, .elsewhere: return
        }
        var evidence = program.evidence
        evidence.layer = volume.id
        path.note(
            program.state == .missing ? "BootMgr.Missing" : "BootMgr.Damaged",
            "\(program.path) \(what); the copy at the removable path starts all the same", evidence)
    }

    /// A program that is not recognised by its names, and is the same as the boot manager byte by byte.
    private func isCopyOfManager(_ file: String, on volume: Volume) -> Bool {
        guard let copy = volume.files.file(file, limit: Self.largestProgram).value,
            let original = volume.files.file(Self.manager, limit: Self.largestProgram).value
        else { return false }
        return copy == original
    }

    private static func sentence(_ stop: BootStop, _ shown: String) -> (code: String, message: String) {
        switch stop {
        case .removablePathMissing:
            return (
                "EfiFallback.Missing",
                "\(shown) is missing on the EFI system partition, and a new instance knows no other loader."
            )
        case .notAProgram: return ("EfiFallback.Invalid", "\(shown) is not an EFI program.")
        case .wrongMachine(let machine):
            return ("EfiFallback.Invalid", "\(shown) is an EFI program for another processor (\(machine)).")
        case .programTruncated: return ("EfiFallback.Invalid", "\(shown) is cut short.")
        case .secondStageMissing, .fallbackFindsNothing, .entryMissing:
            return (
                "EfiFallback.Incomplete",
                "The program at the removable path starts \(shown), which is missing."
            )
        case .bootCodeMissing, .bootSignatureMissing, .coreImageDamaged, .otherDrive, .noActivePartition,
            .severalActivePartitions, .bootRecordMissing, .secondStageDamaged:
            return ("EfiFallback.Invalid", "\(shown) cannot be started.")
        }
    }
}
