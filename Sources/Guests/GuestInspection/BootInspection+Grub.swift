import ByteReading
import GuestFacts
import GuestFormats

extension BootInspection {
    func run(_ trace: BootTrace, start: GrubStart, path: BootPath, from origin: Start) -> Way {
        var path = path
        var disk = files.disk
        disk.mendsPartitionTable = path.firmware == .uefi
        guard let evaluation = trace.runGrub(on: disk) else { return Way(facts: path) }
        for fault in evaluation.faults { reader.record(Gap(fault, at: "GRUB")) }
        path.notes = notes(evaluation.notes)
        let configuration = evaluation.configurationFiles.last.map { files.file(named: $0).guestPath }
        func stop(_ state: Step.State, _ code: String, _ message: String, _ evidence: [Evidence]) -> Way {
            path.steps.append(
                Step(isFirmware: false, state: state, code: code, message: message, evidence: evidence))
            return Way(facts: path)
        }
        if !evaluation.isCertain, evaluation.selection == nil {
            let why =
                evaluation.notes.first(where: \.makesUncertain)?.message ?? evaluation.faults.first?.message
            return stop(
                .unknown, "", "what GRUB starts is not known: \(why ?? "a part could not be read")",
                configuration.map { [Evidence(path: $0)] } ?? [])
        }
        switch evaluation.outcome {
        case .boots(let selection):
            path.steps.append(
                Step(
                    isFirmware: false, state: .holds,
                    message: "GRUB reads \(configuration ?? "its configuration")",
                    evidence: configuration.map { [Evidence(path: $0)] } ?? []))
            if !evaluation.isCertain {
                path.notes.append(
                    StructureFinding(
                        code: "Grub.Uncertain",
                        message: evaluation.notes.first(where: \.makesUncertain)?.message
                            ?? "a part could not be read",
                        evidence: files.evidence(selection.location)))
            }
            if selection.loader == .chainloader, origin.firmware == .uefi {
                return chain(selection, path: path, from: origin)
            }
            return Way(facts: path, entry: entry(selection))
        case .rescue(let file):
            let missing = files.file(file.device, file.path)
            return stop(
                .broken,
                file.device == nil || file.presence == .noDevice
                    ? "Grub.PrefixNotFound" : "Grub.ModulesMissing",
                "GRUB does not find \(missing.guestPath) and stays at its rescue prompt.",
                [Evidence(path: missing.guestPath, excerpt: "prefix \(start.prefix)")])
        case .prompt: return promptStop(evaluation, start: start, stop)
        case .menu: return failedMenu(evaluation, path: path)
        case .password(let title):
            return stop(
                .broken, "Grub.PasswordProtected",
                "The default entry “\(title)” asks for a user and a password.",
                configuration.map { [Evidence(path: $0)] } ?? [])
        case .leaves(let command):
            return stop(
                .broken, "Grub.Broken", "The configuration ends GRUB with “\(command)”.",
                configuration.map { [Evidence(path: $0)] } ?? [])
        case .abandoned(let fault):
            reader.record(Gap(fault, at: configuration ?? "GRUB"))
            return stop(.unknown, "", fault.message, configuration.map { [Evidence(path: $0)] } ?? [])
        }
    }

    /// GRUB has no menu: because its configuration is missing, because it leads nowhere, or because it is empty.
    private func promptStop(
        _ evaluation: GrubEvaluation, start: GrubStart,
        _ stop: (Step.State, String, String, [Evidence]) -> Way
    ) -> Way {
        if let search = evaluation.notes.last(where: { $0.kind == .searchFailed }) {
            return stop(
                .broken, "Grub.EfiStubUuid",
                "\(search.message): GRUB finds no configuration and stays at its prompt.",
                [files.evidence(search.location, excerpt: search.message)])
        }
        if let missing = evaluation.notes.last(where: { $0.kind == .configurationMissing }) {
            return stop(
                .broken, "Grub.ConfigMissing", "\(missing.message): GRUB stays at its prompt.",
                [files.evidence(missing.location, excerpt: missing.message)])
        }
        guard let read = evaluation.configurationFiles.last else {
            let expected = files.file(named: start.prefix + "/grub.cfg").guestPath
            return stop(
                .broken, "Grub.ConfigMissing", "\(expected) does not exist: GRUB stays at its prompt.",
                [Evidence(path: expected, excerpt: "does not exist")])
        }
        let path = files.file(named: read).guestPath
        return stop(
            .broken, "Grub.ConfigInvalid", "\(path) has no menu entry: GRUB stays at its prompt.",
            [Evidence(path: path)])
    }

    /// Every entry that was tried failed: GRUB stays at its menu. What was missing is said of the entry.
    private func failedMenu(_ evaluation: GrubEvaluation, path: BootPath) -> Way {
        var path = path
        guard let attempt = evaluation.attempts.first else {
            path.steps.append(
                Step(
                    isFirmware: false, state: .broken, code: "Grub.ConfigInvalid",
                    message: "No entry of the menu starts anything."))
            return Way(facts: path)
        }
        path.steps.append(Step(isFirmware: false, state: .holds, message: "GRUB shows its menu"))
        let place = files.evidence(attempt.location, excerpt: attempt.title)
        if let missing = attempt.failedKernel {
            let found = entry(attempt.title, at: place, missing: missing, "GRUB stays at its menu")
            return Way(facts: path, entry: found)
        }
        var facts = BootEntry(
            title: attempt.title, source: place,
            commandLine: CommandLineFacts(text: "", parameters: [], evidence: place))
        facts.notFollowed = attempt.notes.last?.message ?? "it starts nothing"
        return Way(
            facts: path,
            entry: Entry(facts: facts, kernel: nil, archives: [], commandLine: KernelCommandLine("")))
    }

    /// What was met on the way, for the report.
    func notes(_ notes: [GrubNote]) -> [StructureFinding] {
        notes.compactMap { note in
            let code: String? =
                switch note.kind {
                case .searchFailed: "Grub.SearchFailed"
                case .environmentBlock: "Grub.EnvironmentInvalid"
                case .defaultNotFound: "Grub.SavedEntryMissing"
                case .oneShot: "Grub.OneShotPending"
                case .waitsForever: "Grub.WaitsForever"
                case .unknownCommand: "Grub.UnknownCommand"
                default: nil
                }
            guard let code else { return nil }
            return StructureFinding(
                code: code, message: note.message, evidence: files.evidence(note.location))
        }
    }

    /// What `/etc/default/grub` and its kin intend.
    func grubDefaults() -> [String: Located<String>] {
        var result: [String: Located<String>] = [:]
        for path in ["/etc/default/grub"] + reader.glob("/etc/default/grub.d/*.cfg") {
            let parsed = reader.parse(path) { (bytes) throws(ImageFault) in
                try ShellAssignments(bytes, name: path)
            }
            for assignment in parsed.value?.assignments ?? [] {
                result[assignment.name] = Located(assignment.value, Evidence(assignment.source))
            }
        }
        return result
    }
}
