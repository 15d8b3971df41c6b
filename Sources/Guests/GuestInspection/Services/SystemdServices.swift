import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// Loads systemd's units as systemd would and says which of them the default target starts.
final class SystemdServices: InitServices {
    private let reader: GuestReader
    private var units: SystemdUnits
    private var started: SystemdUnits.StartSet?
    private(set) var gap: Gap?
    /// Units that systemd-sysv-generator makes of scripts, and the link that starts each.
    private var generated: [String: (target: String, link: Evidence)] = [:]
    /// `graphical.target` and where that is decided; nil when the system has no systemd.
    private(set) var defaultTarget: Located<String>?
    private let commandLine: CommandLineFacts?
    /// Why systemd does not go to the default target at all.
    private(set) var targetRefusal: SystemdUnits.Refusal?

    /// Where systemd-debug-generator puts the units that `systemd.mask=` names: before all others.
    private static let earlyDirectory = "/run/systemd/generator.early"

    /// Reads the directories of units and follows the default target.
    ///
    /// The command line names a target, the consoles on whose serial ones systemd starts a getty, and whether the
    /// root is mounted writable when systemd starts (`rw`). Otherwise a first boot cannot apply presets: "Failed to
    /// populate /etc with preset unit settings".
    init(reader: GuestReader, commandLine: CommandLineFacts?) {
        self.reader = reader
        self.commandLine = commandLine
        units = SystemdUnits(directories: SystemdServices.directories(reader, commandLine)) {
            (path) throws(ImageFault) in
            guard let bytes = try reader.tree.contents(of: GuestPath(path), limit: 1 << 20) else {
                throw ImageFault(.notFound, "no such file")
            }
            return bytes
        }
        guard !units.directories.isEmpty else { return }
        let asked = SystemdServices.target(commandLine)
        findDefaultTarget(asked)
        start(
            from: asked?.value ?? "default.target",
            consoles: commandLine?.all("console") ?? [],
            rootIsWritable: commandLine?.rootIsWritable ?? false)
    }

    /// `systemd.unit=` or a run level of the command line; the last one holds (systemd(1), kernel command line).
    private static func target(_ commandLine: CommandLineFacts?) -> Located<String>? {
        let levels = [
            "single": "rescue.target", "s": "rescue.target", "S": "rescue.target", "1": "rescue.target",
            "rescue": "rescue.target", "emergency": "emergency.target", "-b": "emergency.target",
            "2": "multi-user.target", "3": "multi-user.target", "4": "multi-user.target",
            "5": "graphical.target",
        ]
        guard let commandLine else { return nil }
        for parameter in commandLine.parameters.reversed() {
            var evidence = commandLine.evidence
            if parameter.name == "systemd.unit", let value = parameter.value {
                evidence.excerpt = "systemd.unit=\(value)"
                return Located(value, evidence)
            }
            if parameter.value == nil, let target = levels[parameter.name] {
                evidence.excerpt = parameter.name
                return Located(target, evidence)
            }
        }
        return nil
    }

    private static func directories(
        _ reader: GuestReader, _ commandLine: CommandLineFacts?
    ) -> [UnitDirectory] {
        var seen: Set<String> = []
        var result: [UnitDirectory] = []
        let masks = (commandLine?.all("systemd.mask") ?? []).filter { !$0.isEmpty }.map { name in
            (UnitName(name) == nil ? name + ".service" : name, UnitDirectory.Entry.link(target: "/dev/null"))
        }
        if !masks.isEmpty, hasGenerator("systemd-debug-generator", reader) {
            result.append(
                UnitDirectory(
                    path: earlyDirectory, kind: .runtime,
                    entries: Dictionary(masks, uniquingKeysWith: { first, _ in first })))
        }
        var searchPath = UnitDirectory.searchPath
        // NixOS fills /etc from the directory of the system when it starts.
        if let directory = InitProgram.nixSystem(reader, commandLine) {
            searchPath.insert(("\(directory)/etc/systemd/system", .configuration), at: 1)
        }
        for (path, kind) in searchPath {
            // With a merged /usr, /lib/systemd/system and /usr/lib/systemd/system are one directory.
            guard let real = reader.resolved(path).value, seen.insert(real).inserted else { continue }
            result.append(UnitDirectory(path: real, kind: kind, entries: entries(reader, in: real)))
        }
        return result
    }

    private static func hasGenerator(_ name: String, _ reader: GuestReader) -> Bool {
        ["/usr/lib/systemd/system-generators", "/lib/systemd/system-generators"].contains {
            reader.exists("\($0)/\(name)") == .yes
        }
    }

    private static func entries(_ reader: GuestReader, in directory: String) -> [String: UnitDirectory.Entry]
    {
        var entries: [String: UnitDirectory.Entry] = [:]
        for entry in reader.list(directory).value ?? [] {
            let name = entry.name.description
            switch entry.type {
            case .directory:
                for suffix in [".wants", ".requires", ".upholds", ".d"] where name.hasSuffix(suffix) {
                    for child in reader.list(directory + "/" + name).value ?? [] {
                        add(child, at: name + "/" + child.name.description)
                    }
                }
            default: add(entry, at: name)
            }
        }
        func add(_ entry: DirectoryEntry, at path: String) {
            let full = directory + "/" + path
            switch entry.type {
            case .symlink:
                if let target = reader.link(full).value { entries[path] = .link(target: target) }
            case .regular:
                entries[path] = .file(size: reader.info(full, followingLast: false).value?.size ?? 0)
            default: break
            }
        }
        return entries
    }

    private func findDefaultTarget(_ commandLineTarget: Located<String>?) {
        if let commandLineTarget {
            defaultTarget = commandLineTarget
            return
        }
        for directory in units.directories {
            guard case .link(let target)? = directory.entries["default.target"] else { continue }
            let name = target.split(separator: "/").last.map(String.init) ?? target
            defaultTarget = Located(
                name, Evidence(path: directory.path + "/default.target", excerpt: "link to \(target)"))
            return
        }
    }

    /// - Parameter target: `default.target` by that name, which has links of its own besides those of the target
    ///   it leads to.
    private func start(from target: String, consoles: [String], rootIsWritable: Bool) {
        var extra = GettyGenerator.units(consoles: consoles)
        // cloud-init's generator pulls in its target unless it finds itself disabled; whether it does is
        // decided where cloud-init is looked at.
        if SystemdServices.hasGenerator("cloud-init-generator", reader) {
            extra.append((puller: "multi-user.target", unit: "cloud-init.target"))
        }
        if SystemdServices.hasGenerator("systemd-debug-generator", reader) {
            for name in commandLine?.all("systemd.wants") ?? [] {
                extra.append(
                    (puller: target, unit: UnitName(name) == nil ? name + ".service" : name))
            }
        }
        do {
            let policy = try presets()
            let isFirst = FirstBoot(machineID: reader.file("/etc/machine-id").value).appliesPresets
            if isFirst, rootIsWritable, let policy {
                extra += try units.presetLinks(policy).map { (puller: $0.target, unit: $0.unit) }
            }
            generated = try sysvServices(native: { (name) throws(ImageFault) in try units.unit(name) != nil })
            extra += generated.map { (puller: $0.value.target, unit: $0.key) }
            started = try units.startSet(from: target, extra: extra)
            targetRefusal = try units.refusal(of: target, generated: Set(extra.map(\.unit)))
            for fault in units.faults { note(fault) }
        } catch {
            note(error)
        }
    }

    private func presets() throws(ImageFault) -> PresetPolicy? {
        let files = reader.mergedFiles(
            in: [
                "/etc/systemd/system-preset", "/usr/local/lib/systemd/system-preset",
                "/usr/lib/systemd/system-preset", "/lib/systemd/system-preset",
            ], suffix: ".preset")
        return try PresetPolicy(files: files.map { ConfigurationFile(path: $0.path, bytes: $0.bytes) })
    }

    private func note(_ fault: ImageFault) {
        let gap = Gap(fault, at: "systemd units")
        reader.record(gap)
        if self.gap == nil { self.gap = gap }
    }

    /// Whether the system has unit directories at all.
    var isPresent: Bool { !units.directories.isEmpty }

    /// The state of one unit and whether the boot starts it, on demand (a socket) included.
    func unit(_ name: String) -> UnitFacts {
        do {
            let enablement = try units.enablement(of: name)
            let reason = started?.reason(name)
            var evidence: [Evidence] = []
            let state: UnitFacts.State
            switch enablement {
            case .enabled(let links):
                state = .enabled
                evidence += links.map { Evidence(path: $0) }
            case .disabled, .indirect: state = .disabled
            case .isStatic: state = .static
            case .generated: state = .generated
            case .masked(let path):
                state = .masked
                evidence.append(maskEvidence(path))
            case .alias(let other): return renamed(unit(other), to: name)
            case .missing where generated[name] != nil:
                state = .generated
                evidence += generated[name].map { [$0.link] } ?? []
            case .missing: state = .missing
            }
            if let reason, let puller = reason.puller, evidence.isEmpty {
                evidence.append(
                    Evidence(
                        path: puller,
                        excerpt: reason.isOnDemand ? "starts it on demand: \(reason.how)" : reason.how))
            }
            var starts: Answer = reason == nil ? .no : .yes
            if reason == nil, gap != nil, state != .missing, state != .masked { starts = .unknown }
            return UnitFacts(name: name, state: state, starts: starts, evidence: evidence)
        } catch {
            note(error)
            return UnitFacts(name: name, state: .missing, starts: .unknown)
        }
    }

    /// What masks a unit: a link, or the kernel command line.
    private func maskEvidence(_ path: String) -> Evidence {
        guard path.hasPrefix(SystemdServices.earlyDirectory), var place = commandLine?.evidence,
            let name = path.split(separator: "/").last
        else { return Evidence(path: path, excerpt: "link to /dev/null or empty file: masked") }
        let stem = name.hasSuffix(".service") ? String(name.dropLast(".service".count)) : String(name)
        let word = commandLine?.all("systemd.mask").first { $0 == name || $0 == stem }
        place.excerpt = "systemd.mask=\(word ?? String(name))"
        return place
    }

    /// Why systemd would refuse to start `name`, from the files of it and of what it requires.
    func refusal(of name: String) -> SystemdUnits.Refusal? {
        do {
            return try units.refusal(of: name, generated: Set(generated.keys))
        } catch {
            note(error)
            return nil
        }
    }

    private func renamed(_ unit: UnitFacts, to name: String) -> UnitFacts {
        var unit = unit
        unit.name = name
        return unit
    }

    /// The settings of a unit's file with its drop-ins, nil when there is none.
    func file(of name: String) -> UnitFile? {
        (try? units.unit(name))?.file
    }

    /// Units whose absence the default target would notice.
    var missingRequired: [String] { (started?.missing ?? [:]).filter { $0.value }.map { $0.key }.sorted() }

    /// Units that the default target pulls in and that are masked.
    var masked: [(unit: String, path: String)] {
        (started?.masked ?? [:]).map { ($0.key, $0.value) }.sorted { $0.unit < $1.unit }
    }

    // MARK: SysV scripts

    /// What systemd-sysv-generator(8) adds: a service for every executable script that has no unit of its own,
    /// pulled in by the targets of the levels whose links start it.
    private func sysvServices(
        native: (String) throws(ImageFault) -> Bool
    ) throws(ImageFault) -> [String: (target: String, link: Evidence)] {
        guard SystemdServices.hasGenerator("systemd-sysv-generator", reader) else { return [:] }
        let scripts = RunlevelScripts(reader: reader)
        var found: [String: (target: String, link: Evidence)] = [:]
        for (level, target) in [
            ("5", "graphical.target"), ("4", "multi-user.target"), ("3", "multi-user.target"),
            ("2", "multi-user.target"),
        ] {
            for start in scripts.starts(in: level, withStartup: false).value ?? [] {
                let script = start.link.script
                let name = (script.hasSuffix(".sh") ? String(script.dropLast(3)) : script) + ".service"
                guard try !native(name), scripts.runs(start.path).answer == .yes else { continue }
                found[name] = (target, Evidence(path: start.path))
            }
        }
        return found
    }
}
