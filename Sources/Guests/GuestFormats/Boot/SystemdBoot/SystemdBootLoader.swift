package import ByteReading

/// What systemd-boot starts on a machine that has no EFI variables yet (src/boot/boot.c).
package struct SystemdBootLoader: FollowedLoader {
    private let host: any GrubHost
    /// The partition it was started from.
    private let partition: GrubDevice
    /// The partition of the type XBOOTLDR, if firmware can read it.
    private let extendedPartition: GrubDevice?
    private let machine: PEImage.Machine
    /// Its own path on the partition: an entry for itself is left out.
    private let ownPath: String
    package var evaluation = LoaderEvaluation()
    /// Entries whose program does not exist. They are not in the menu.
    private var left: [(name: String, missing: BootFileReference)] = []

    private static let mostEntries = 256
    private static let largestEntry = 256 << 10

    /// A start from `partition`.
    package init(
        host: any GrubHost, partition: GrubDevice, extendedPartition: GrubDevice?, machine: PEImage.Machine,
        ownPath: String
    ) {
        self.host = host
        self.partition = partition
        self.extendedPartition = extendedPartition
        self.machine = machine
        self.ownPath = ownPath
    }

    /// An entry and the partition it is on.
    private struct Candidate {
        let entry: SystemdBootMenu.Entry
        let device: GrubDevice
    }

    package mutating func follow() throws(ImageFault) -> LoaderEvaluation.Outcome {
        let configurationPath = "/loader/loader.conf"
        let bytes = try contents(configurationPath, on: partition)
        let configuration = bytes.map { SystemdBootConfiguration(parsing: $0) }
        if bytes != nil { evaluation.configurationFiles.append("(\(partition))\(configurationPath)") }
        var candidates: [Candidate] = []
        for device in [partition, extendedPartition].compactMap({ $0 }) {
            try addImages(of: device, to: &candidates)
            try addFiles(of: device, to: &candidates)
        }
        let place = BootLocation(file: "(\(partition))\(configurationPath)", line: 1)
        if configuration?.waitsForever == true {
            return .stops(.init(.waitsForever, "timeout menu-force waits for a key without end", at: place))
        }
        let menu = SystemdBootMenu(candidates.map(\.entry), configuration: configuration)
        guard let index = menu.defaultIndex,
            let chosen = candidates.first(where: { $0.entry.fileName == menu.entries[index].fileName })
        else { return .stops(noEntry()) }
        if let pattern = configuration?.defaultPattern, pattern != "@saved", !menu.isDefaultFound {
            evaluation.notes.append(
                GrubNote(
                    .defaultNotFound, "default \(pattern) names no entry, systemd-boot takes the first one",
                    at: place))
        }
        if menu.dependsOnVersion {
            evaluation.notes.append(
                GrubNote(
                    .notFollowed, "which entry is the default depends on the version of systemd-boot",
                    at: place))
        }
        switch chosen.entry {
        case .unifiedKernelImage(let name, let release):
            let location = BootLocation(file: "(\(chosen.device))/EFI/Linux/\(name)", line: 0)
            var selection = BootSelection(
                loader: .chainloader,
                image: host.reference(
                    name, path: "/EFI/Linux/\(name)", on: chosen.device, at: location),
                commandLine: "", arguments: [], location: location)
            selection.titles = [release["PRETTY_NAME"] ?? release["IMAGE_ID"] ?? release["NAME"] ?? name]
            selection.identifier = chosen.entry.identifier
            return .boots(selection)
        case .file(let entry): return try start(entry, on: chosen.device)
        }
    }

    private func noEntry() -> LoaderEvaluation.Stop {
        if let (name, missing) = left.first {
            return .init(
                .kernelMissing(missing),
                "the entry \(name) names \(missing.path), which does not exist, and there is no other entry",
                at: missing.location)
        }
        return .init(
            .configurationMissing,
            "systemd-boot finds neither loader/entries/*.conf nor EFI/Linux/*.efi and has nothing to start")
    }

    // MARK: Entries

    /// Files that systemd-boot looks at: neither hidden nor called `auto-…`.
    private func names(
        in directory: String, suffix: String, on device: GrubDevice
    ) throws(ImageFault) -> [String] {
        let names = try found { () throws(ImageFault) in
            try host.names(inDirectory: directory, on: device)
        }
        let chosen = (names ?? []).filter {
            $0.lowercased().hasSuffix(suffix) && !$0.hasPrefix(".") && !$0.hasPrefix("auto-")
        }
        guard chosen.count <= Self.mostEntries else {
            throw ImageFault(.limit, "\(chosen.count) boot entries in \(directory)")
        }
        return chosen
    }

    /// Type #2: `EFI/Linux/*.efi` with an `.osrel` that gives it a name.
    private func addImages(of device: GrubDevice, to candidates: inout [Candidate]) throws(ImageFault) {
        for name in try names(in: "/EFI/Linux", suffix: ".efi", on: device) {
            guard
                let source = try found({ () throws(ImageFault) in
                    try host.source(of: "/EFI/Linux/\(name)", on: device)
                })
            else { continue }
            do {
                guard let image = try UnifiedKernelImage(reading: try PEImage(parsing: source)),
                    image.title ?? image.release["IMAGE_ID"] != nil
                else { continue }
                candidates.append(
                    Candidate(
                        entry: .unifiedKernelImage(name: name, release: image.release), device: device))
            } catch {
                guard error.kind == .corrupt || error.kind == .truncated else { throw error }
            }
        }
    }

    /// Type #1: `loader/entries/*.conf` for this architecture whose program exists.
    private mutating func addFiles(
        of device: GrubDevice, to candidates: inout [Candidate]
    ) throws(ImageFault) {
        for name in try names(in: "/loader/entries", suffix: ".conf", on: device) {
            let path = "/loader/entries/\(name)"
            guard let bytes = try contents(path, on: device) else { continue }
            let entry = BootLoaderSpecificationEntry(parsing: bytes, fileName: name)
            guard let program = program(entry) else { continue }
            if let architecture = entry.last("architecture")?.value,
                architecture.lowercased() != (machine.suffix ?? "").lowercased()
            {
                continue
            }
            let file = Self.path(program.value)
            if program.key == "efi", device == partition, file.lowercased() == ownPath.lowercased() {
                continue
            }
            let location = BootLocation(file: "(\(device))\(path)", line: program.number)
            let reference = host.reference(program.value, path: file, on: device, at: location)
            if let fault = reference.fault { throw fault }
            if reference.isMissing {
                left.append((name, reference))
            } else {
                candidates.append(Candidate(entry: .file(entry), device: device))
            }
        }
    }

    /// The last of the keys that name what is started.
    private func program(_ entry: BootLoaderSpecificationEntry) -> BootLoaderSpecificationEntry.Line? {
        ["linux", "efi", "uki"].compactMap { entry.last($0) }.max { $0.number < $1.number }
    }

    // MARK: Start

    private mutating func start(
        _ entry: BootLoaderSpecificationEntry, on device: GrubDevice
    ) throws(ImageFault) -> LoaderEvaluation.Outcome {
        guard let program = program(entry) else { return .unknown("an entry that starts nothing") }
        let file = "(\(device))/loader/entries/\(entry.fileName)"
        evaluation.configurationFiles.append(file)
        let host = host
        func reference(_ line: BootLoaderSpecificationEntry.Line) -> BootFileReference {
            host.reference(
                line.value, path: Self.path(line.value), on: device,
                at: BootLocation(file: file, line: line.number))
        }
        let image = reference(program)
        let kind = try kind(of: image, on: device)
        var selection = BootSelection(
            loader: program.key == "linux" && kind == .kernel ? .linux : .chainloader, image: image,
            commandLine: entry.options, arguments: entry.options.isEmpty ? [] : [entry.options],
            location: BootLocation(file: file, line: program.number))
        selection.titles = [entry.last("title")?.value ?? entry.identifier]
        selection.identifier = entry.identifier
        selection.keyword = program.key
        if let options = entry.lines.last(where: { $0.key == "options" }) {
            selection.commandLineSource = (
                BootLocation(file: file, line: options.number), "options \(options.value)"
            )
        }
        if case .notAProgram(let why) = kind {
            return .stops(
                .init(
                    .imageInvalid, "the firmware does not take \(image.path) as a program: \(why)",
                    at: image.location, selection: selection))
        }
        if let tree = entry.last("devicetree") { selection.deviceTree = reference(tree) }
        // Only a kernel gets them; for other programs the lines mean nothing.
        let archives = program.key == "linux" ? entry.lines.filter { $0.key == "initrd" }.map(reference) : []
        if let fault = archives.compactMap(\.fault).first { throw fault }
        if let missing = archives.first(where: \.isMissing) {
            selection.initrdFailure = archives
            return .stops(
                .init(
                    .initrdMissing(missing),
                    "\(missing.path) does not exist, and systemd-boot does not start the kernel without it",
                    at: missing.location, selection: selection))
        }
        if selection.loader == .chainloader, !archives.isEmpty {
            return .unknown("the entry \(entry.fileName) gives a unified kernel image further initrd lines")
        }
        selection.initrds = archives
        return .boots(selection)
    }

    private enum ProgramKind: Equatable {
        case kernel
        case other
        case notAProgram(String)
    }

    /// What firmware makes of the file.
    private func kind(of file: BootFileReference, on device: GrubDevice) throws(ImageFault) -> ProgramKind {
        guard let source = try host.source(of: file.path, on: device) else { return .other }
        do {
            let image = try PEImage(parsing: source)
            guard image.machine == machine else {
                return .notAProgram("it is for \(image.machine)")
            }
            if image.isTruncated { return .notAProgram("it is cut short") }
            return image.section(".linux") == nil ? .kernel : .other
        } catch {
            guard error.kind == .corrupt || error.kind == .truncated else { throw error }
            return .notAProgram(error.message)
        }
    }

    // MARK: Files

    /// A path of an entry: slashes of either kind, from the root of the partition.
    static func path(_ text: String) -> String {
        let names = text.split { $0 == "/" || $0 == "\\" }
        return "/" + names.joined(separator: "/")
    }

    private func contents(_ path: String, on device: GrubDevice) throws(ImageFault) -> Bytes? {
        try found { () throws(ImageFault) in
            try host.contents(of: path, on: device, limit: Self.largestEntry)
        }
    }

    private func found<Value>(_ body: () throws(ImageFault) -> Value?) throws(ImageFault) -> Value? {
        do { return try body() } catch {
            if error.kind == .notFound { return nil }
            throw error
        }
    }
}
