import GuestFacts
import Targets

/// The breaks on the way from the firmware to a boot entry, shared out to the items that speak about them.
struct BootBreaks {
    var findings: [Finding] = []
    var questions: [OpenQuestion] = []

    /// The item a step belongs to.
    enum Owner {
        case bootLoader, efiFallback, grub
    }

    /// The first broken step of each path, and the steps before it that could not be followed, as far as they
    /// belong to `owner`.
    init(for owner: Owner, in context: CheckContext, of linux: LinuxFacts) {
        for (path, launches) in context.firmwarePaths(of: linux) {
            let end = path.steps.firstIndex { $0.state == .broken }
            for step in path.steps[..<(end ?? path.steps.endIndex)] where step.state == .unknown {
                guard BootBreaks.owner(of: step) == owner else { continue }
                questions.append(
                    OpenQuestion(
                        step.message, consequence: .stopsBoot, launches: context.scope(launches),
                        link: step.isFirmware ? .firmware : .bootloader))
            }
            guard let end else { continue }
            let step = path.steps[end]
            guard BootBreaks.owner(of: step) == owner else { continue }
            let code = step.code.isEmpty ? (step.isFirmware ? "BootLoader.Broken" : "Grub.Broken") : step.code
            let same = findings.firstIndex { $0.code == code && $0.message == step.message.asSentence }
            if let same {
                findings[same].launches = nil
                continue
            }
            findings.append(
                Finding(
                    code, .error, step.message.asSentence,
                    evidence: step.evidence.isEmpty
                        ? [Evidence(layer: path.firmware.rawValue)] : step.evidence,
                    fixes: BootBreaks.fixes(code, step, path, context, linux), consequence: .stopsBoot,
                    launches: context.scope(launches), link: step.isFirmware ? .firmware : .bootloader))
        }
    }

    private static func owner(of step: BootStep) -> Owner {
        if step.code.hasPrefix("EfiFallback.") { return .efiFallback }
        if step.code.hasPrefix("Grub.") { return .grub }
        if step.code.hasPrefix("BootLoader.") { return .bootLoader }
        return step.isFirmware ? .bootLoader : .grub
    }

    private static func fixes(
        _ code: String, _ step: BootStep, _ path: BootPath, _ context: CheckContext, _ linux: LinuxFacts
    ) -> [Fix] {
        switch code {
        case "Grub.InitrdMissing":
            return [.rebuildInitramfs(adding: [], kernel: "all", in: linux)]
        case "Grub.ConfigMissing", "Grub.ConfigInvalid":
            return [.updateGrub("Write the loader's configuration again", in: linux)]
        case "Grub.WaitsForever", "Grub.DeviceMissing", "Grub.PasswordProtected":
            let file = step.evidence.first?.path ?? "the configuration"
            return [.byHand(advice(code, file, path.loader), where: .offline)]
        case "BootLoader.NoActivePartition", "BootLoader.SeveralActive":
            let number = context.image.volume(context.bootVolume(of: linux))?.partitionNumber ?? 1
            return [
                Fix(
                    "Mark the partition with the loader as the one to start", kind: .autoEdit,
                    commands: [
                        context.image.partitions?.kind == .gpt
                            ? "sfdisk --part-attrs IMAGE \(number) LegacyBIOSBootable"
                            : "sfdisk --activate IMAGE \(number)"
                    ])
            ]
        case "BootLoader.NoSignature":
            return [
                Fix(
                    "Put the signature of the MBR back", kind: .autoEdit,
                    commands: [
                        "printf '\\125\\252' | dd of=IMAGE bs=1 seek=510 conv=notrunc"
                    ])
            ]
        default: return [.installLoader(path.firmware, in: linux)]
        }
    }

    /// What to change in the loader's own words.
    private static func advice(_ code: String, _ file: String, _ loader: String?) -> String {
        switch code {
        case "Grub.WaitsForever":
            switch loader {
            case let name? where name.hasPrefix("Syslinux"): "Set PROMPT 0 and TIMEOUT 30 in \(file)"
            case let name? where name.hasPrefix("systemd-boot"): "Set timeout 3 in \(file)"
            default: "Set timeout=5 in \(file)"
            }
        case "Grub.DeviceMissing":
            "Name the first disk, (hd0,…), in the root line of \(file): a new instance has only one"
        default: "Take the password off the default entry in \(file)"
        }
    }
}
