import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// Finds out what the kernel starts as the first process, and whether what it stands on is there.
struct InitInspection {
    let reader: GuestReader
    let services: ServiceInspection
    /// The system makes the directories of its root when it starts.
    let makesDirectories: Bool

    init(reader: GuestReader, services: ServiceInspection, makesDirectories: Bool) {
        self.reader = reader
        self.services = services
        self.makesDirectories = makesDirectories
    }

    func inspect() -> InitFacts {
        let program = services.program
        var facts = InitFacts(program: program.fact { $0.program })
        facts.architecture = program.value?.architecture
        if let path = program.value?.path { facts.missingFiles = services.libraries.missing(of: path) }
        if let target = services.defaultTarget { facts.defaultTarget = .known(target) }
        facts.processorLevel = processorLevel()
        facts.missingDirectories = neededDirectories.filter { reader.exists($0) == .no }
        facts.terminals = services.terminals
        facts.secureTerminals = secureTerminals
        facts.maskedUnits = services.masked.filter { InitInspection.essentialUnits.contains($0.unit) }.map {
            Evidence(path: $0.path, excerpt: "\($0.unit) is masked")
        }
        facts.topLevelLinks =
            ["/bin", "/sbin", "/lib", "/lib64"].map(link)
            + ["/lib32", "/libx32", "/usr/lib64"].map(link).filter { $0.state != .missing }
        facts.problems = problems()
        return facts
    }

    /// Only systems without systemd ask pam_securetty for their consoles.
    private var secureTerminals: Located<[String]>? {
        guard !services.isSystemd, let text = reader.file("/etc/securetty").value?.text else { return nil }
        let names = text.split(whereSeparator: \.isNewline).map {
            $0.prefix { $0 != "#" && !$0.isWhitespace }
        }
        return Located(names.filter { !$0.isEmpty }.map(String.init), Evidence(path: "/etc/securetty"))
    }

    /// Mount points of every system, and `/run` where something mounts it: systemd does, and systems from the time
    /// when `/var/run` became a link to it.
    private var neededDirectories: [String] {
        if makesDirectories { return [] }
        let hasRun = services.isSystemd || (reader.link("/var/run").value?.hasSuffix("/run") ?? false)
        return ["/proc", "/sys", "/dev"] + (hasRun ? ["/run"] : []) + ["/tmp"]
    }

    /// Units nothing works without.
    private static let essentialUnits: Set<String> = [
        "systemd-udevd.service", "dbus.service", "systemd-logind.service", "sysinit.target", "basic.target",
        "local-fs.target", "multi-user.target", "network.target", "systemd-journald.service",
    ]

    // MARK: The C library

    /// What the C library asks of the processor: without it the first program dies with "CPU does not support …".
    private func processorLevel() -> Located<Int>? {
        for path in ["/lib64/libc.so.6", "/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/libc.so.6"]
        where reader.exists(path) == .yes {
            guard let levels = services.libraries.elf(at: path)?.neededLevels, levels != 0, levels < 16 else {
                return nil
            }
            let level = UInt32.bitWidth - levels.leadingZeroBitCount
            return Located(
                level,
                Evidence(
                    path: path, excerpt: "x86 ISA needed: x86-64-\(level == 1 ? "baseline" : "v\(level)")"))
        }
        return nil
    }

    // MARK: Layout

    private func link(_ path: String) -> TopLevelLink {
        switch reader.info(path, followingLast: false) {
        case .found(let info) where info.type == .symlink:
            let target = reader.link(path).value
            if reader.exists(path) == .no {
                return TopLevelLink(path: path, state: .danglingLink, target: target)
            }
            let isAbsolute = target?.hasPrefix("/") ?? false
            return TopLevelLink(path: path, state: isAbsolute ? .absoluteLink : .relativeLink, target: target)
        case .found: return TopLevelLink(path: path, state: .directory)
        case .absent, .unreadable: return TopLevelLink(path: path, state: .missing)
        }
    }

    private func problems() -> [StructureFinding] {
        var found: [StructureFinding] = []
        if let preload = reader.file("/etc/ld.so.preload").value {
            for (index, line) in preload.text.split(
                omittingEmptySubsequences: false, whereSeparator: \.isNewline
            ).enumerated() {
                let text = line.prefix { $0 != "#" }
                for name in text.split(whereSeparator: { $0 == " " || $0 == ":" || $0 == "\t" })
                where name.hasPrefix("/") && reader.exists(String(name)) == .no {
                    found.append(
                        StructureFinding(
                            code: "preloadMissing",
                            message: "\(name) is preloaded into every program and does not exist",
                            evidence: Evidence(
                                path: "/etc/ld.so.preload", line: index + 1, excerpt: String(line))))
                }
            }
        }
        for path in ["/etc/passwd", "/etc/group"] where reader.info(path).value?.size == 0 {
            found.append(
                StructureFinding(
                    code: "emptyFile", message: "\(path) is empty", evidence: Evidence(path: path)))
        }
        if let tmp = reader.info("/tmp").value, tmp.type == .directory, tmp.permissions != 0o1777 {
            found.append(
                StructureFinding(
                    code: "tmpPermissions",
                    message: "/tmp has mode \(String(tmp.permissions, radix: 8)) instead of 1777",
                    evidence: Evidence(path: "/tmp")))
        }
        if let refusal = services.targetRefusal {
            let isLink =
                refusal.place?.file.contains("/systemd/system/") == true && refusal.place?.excerpt == ""
            let place: Evidence =
                switch (refusal.kind, refusal.place) {
                case (.masked(let path), _): Evidence(path: path, excerpt: "\(refusal.unit) is masked")
                case (_, let source?) where isLink:
                    Evidence(path: source.file, excerpt: "\(refusal.unit) does not exist")
                case (_, let source?): Evidence(source)
                case (_, nil): Evidence(path: refusal.unit)
                }
            found.append(
                StructureFinding(
                    code: "Init.TargetRefused",
                    message: "systemd refuses to go to the default target: \(refusal.message)",
                    evidence: place))
        }
        for unit in services.missingRequired where unit != services.targetRefusal?.unit {
            found.append(
                StructureFinding(
                    code: "requiredUnitMissing", message: "\(unit) is required and does not exist",
                    evidence: Evidence(path: unit)))
        }
        return found + services.problems
    }
}

extension ElfFile.Machine {
    /// The name the product uses for the architecture.
    var architectureName: String? {
        switch self {
        case .x86_64: "x86_64"
        case .i386: "i386"
        case .arm64: "arm64"
        case .arm: "arm"
        case .riscv: "riscv64"
        case .powerPC64: "ppc64"
        case .s390: "s390x"
        case .loongArch: "loong64"
        case .other: nil
        }
    }
}

extension Reading {
    /// The answer as a fact: what is absent must have been turned into a value before.
    func fact<Other: Sendable & Hashable & Codable>(_ transform: (Value) -> Other) -> Fact<Other> {
        switch self {
        case .found(let value): .known(transform(value))
        case .unreadable(let gap): .unknown(gap)
        case .absent: .unknown(Gap(where: "", kind: .absent, message: "not there"))
        }
    }
}
