import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// Loads systemd's units as systemd would and says which of them the default target starts.
final class ServiceInspection {
    private let reader: GuestReader
    private var units: SystemdUnits
    private var started: SystemdUnits.StartSet?
    private(set) var gap: Gap?
    /// `graphical.target` and where that is decided; nil when the system has no systemd.
    private(set) var defaultTarget: Located<String>?

    /// - Parameters:
    ///   - commandLineTarget: `systemd.unit=` or a run level of the kernel command line.
    ///   - consoles: the values of `console=`, on the serial ones of which systemd starts a getty.
    ///   - rootIsWritable: whether the root is mounted writable when systemd starts (`rw`). Otherwise a first boot
    ///     cannot apply presets: "Failed to populate /etc with preset unit settings".
    init(reader: GuestReader, commandLineTarget: Located<String>?, consoles: [String], rootIsWritable: Bool) {
        self.reader = reader
        units = SystemdUnits(directories: ServiceInspection.directories(reader)) {
            (path) throws(ImageFault) in
            guard let bytes = try reader.tree.contents(of: GuestPath(path), limit: 1 << 20) else {
                throw ImageFault(.notFound, "no such file")
            }
            return bytes
        }
        guard !units.directories.isEmpty else { return }
        findDefaultTarget(commandLineTarget)
        start(consoles: consoles, rootIsWritable: rootIsWritable)
    }

    private static func directories(_ reader: GuestReader) -> [UnitDirectory] {
        var seen: Set<String> = []
        var result: [UnitDirectory] = []
        for (path, kind) in UnitDirectory.searchPath {
            // With a merged /usr, /lib/systemd/system and /usr/lib/systemd/system are one directory.
            guard let real = reader.resolved(path).value, seen.insert(real).inserted else { continue }
            result.append(UnitDirectory(path: real, kind: kind, entries: entries(reader, in: real)))
        }
        return result
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

    private func start(consoles: [String], rootIsWritable: Bool) {
        var extra = GettyGenerator.units(consoles: consoles)
        // cloud-init's generator pulls in its target unless it finds itself disabled; whether it does is
        // decided where cloud-init is looked at.
        let generators = ["/usr/lib/systemd/system-generators", "/lib/systemd/system-generators"]
        if generators.contains(where: { reader.exists($0 + "/cloud-init-generator") == .yes }) {
            extra.append((puller: "multi-user.target", unit: "cloud-init.target"))
        }
        do {
            let policy = try presets()
            let isFirst = FirstBoot(machineID: reader.file("/etc/machine-id").value).appliesPresets
            if isFirst, rootIsWritable, let policy {
                extra += try units.presetLinks(policy).map { (puller: $0.target, unit: $0.unit) }
            }
            started = try units.startSet(from: defaultTarget?.value ?? "default.target", extra: extra)
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
                evidence.append(Evidence(path: path, excerpt: "link to /dev/null or empty file: masked"))
            case .alias(let other): return renamed(unit(other), to: name)
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

    func facts(for names: [String]) -> ServiceFacts {
        var facts = ServiceFacts()
        for name in names { facts.units[name] = unit(name) }
        facts.gap = gap
        return facts
    }
}
