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
                    fixes: BootBreaks.fixes(code, step, path, linux), consequence: .stopsBoot,
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
        _ code: String, _ step: BootStep, _ path: BootPath, _ linux: LinuxFacts
    ) -> [Fix] {
        let loader = BootLoaderKind(path.loader)
        switch code {
        case "Grub.InitrdMissing":
            return [.rebuildInitramfs(adding: [], kernel: "all", in: linux)]
        case "Grub.WaitsForever", "Grub.DeviceMissing", "Grub.PasswordProtected":
            guard loader != .grub2 else {
                return [.updateGrub("Write GRUB's configuration again", in: linux)]
            }
            return loader.edits(code, step.evidence.first)
        case "Grub.ConfigMissing", "Grub.ConfigInvalid": return [loader.configuration(of: linux)]
        case "BootLoader.NoActivePartition", "BootLoader.SeveralActive":
            let volume = linux.rootVolume
            return [
                Fix(
                    "Mark the partition with the loader as the only active one (\(volume) holds the system)",
                    kind: .autoEdit, commands: ["sfdisk --activate IMAGE 1"])
            ]
        case "BootLoader.NoSignature":
            return [
                Fix(
                    "Put the signature of the MBR back", kind: .autoEdit,
                    commands: [
                        "printf '\\125\\252' | dd of=IMAGE bs=1 seek=510 conv=notrunc"
                    ])
            ]
        default: return [loader.installation(path.firmware, in: linux)]
        }
    }
}
