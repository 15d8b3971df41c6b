import GuestFacts
import Targets

/// Whether a set of drivers is there when the kernel has to find the root disk.
enum DriverReadiness {
    /// All built in or in the initramfs, with what they need.
    case ready
    /// They are modules the initramfs does not hold.
    case notInInitramfs([String])
    /// The kernel has no such driver at all.
    case absent([String])
    /// It could not be found out.
    case unknown(String)

    /// The state of `names` for the early stage of the boot. A driver that is kept from loading by a
    /// configuration counts as present: `BOOT.ModuleBlacklist` speaks about that.
    init(of names: [String], in kernel: KernelFacts) {
        var absent: [String] = []
        var late: [String] = []
        var unknown: [String] = []
        for name in names {
            guard let driver = kernel.drivers[name] else {
                unknown.append("nothing is known of the driver \(name)")
                continue
            }
            switch driver.state {
            case .builtin: break
            case .initramfs: late += driver.missingDependencies
            case .module: late.append(name)
            case .absent: absent.append(name)
            case .unknown:
                unknown.append(driver.gap?.message ?? "where the driver \(name) is could not be read")
            }
        }
        if !absent.isEmpty {
            self = .absent(absent)
        } else if !late.isEmpty {
            self = .notInInitramfs(late)
        } else if let first = unknown.first {
            self = .unknown(first)
        } else {
            self = .ready
        }
    }
}

extension KernelFacts {
    /// Whether all of `names` are in the kernel itself.
    func hasBuiltin(_ names: [String]) -> Bool {
        names.allSatisfy { drivers[$0]?.state == .builtin }
    }

    /// The tables that a mount of FAT without `iocharset=` and `codepage=` loads, as the kernel was configured.
    var fatTables: [String] {
        guard let configuration else { return [] }
        func value(_ key: String) -> String? {
            configuration["CONFIG_\(key)"].map { $0.filter { $0 != "\"" } }
        }
        var tables: [String] = []
        if let page = value("FAT_DEFAULT_CODEPAGE"), !page.isEmpty { tables.append("nls_cp\(page)") }
        switch value("FAT_DEFAULT_IOCHARSET") {
        case "ascii"?: tables.append("nls_ascii")
        case "iso8859-1"?: tables.append("nls_iso8859_1")
        case "utf8"?: tables.append("nls_utf8")
        default: break
        }
        return tables
    }

    /// The drivers that can mount `fileSystem`; one of them is enough.
    static func drivers(for fileSystem: String) -> [String] {
        switch fileSystem {
        case "ext2": ["ext4", "ext2"]
        case "ext3": ["ext4", "ext3"]
        case "ext4", "xfs", "btrfs", "vfat", "f2fs", "jfs", "reiserfs", "exfat": [fileSystem]
        default: []
        }
    }
}

/// A disk bus as one driver item judges it: `GUESTOS.Virtio`, `GUESTOS.Nvme`, `BOOT.DiskDriver`.
struct DiskDriverItem {
    /// The first part of the codes: `Virtio`.
    var family: String
    /// What people call the drivers.
    var name: String
    var buses: [DiskBus]
    /// The severity stays what it is when other launches of the target still work.
    var isAlwaysError: Bool

    /// Judges the drivers of every launch on one of the item's buses.
    func judge(_ context: CheckContext, _ linux: LinuxFacts) -> CheckOutcome {
        let concerned = context.launches.filter { buses.contains($0.disk) }
        guard !concerned.isEmpty else {
            return .notApplicable("no launch that is judged attaches its disk to \(name)")
        }
        let survey = context.boots(of: linux)
        var findings: [Finding] = []
        var questions = survey.questions.filter { question in
            question.launches?.contains { buses.contains($0.disk) } ?? true
        }
        var value = "Supported"
        for way in survey.ways {
            for bus in buses {
                let launches = way.launches.filter { $0.disk == bus }
                guard !launches.isEmpty else { continue }
                guard let kernel = way.kernel else {
                    questions.append(
                        OpenQuestion(
                            "the kernel of the default entry was not found, so its drivers are not known",
                            launches: context.scope(launches)))
                    continue
                }
                let needed = context.target.hardware.drivers(for: bus)
                switch DriverReadiness(of: needed, in: kernel) {
                case .ready: break
                case .unknown(let why):
                    let told = !way.initramfs.allSatisfy { $0.state == .good }
                    questions.append(
                        OpenQuestion(
                            why, consequence: told ? .none : .stopsBoot, launches: context.scope(launches)))
                case .absent(let names):
                    value = "NotInstalled"
                    findings.append(
                        absent(names, bus: bus, way: way, kernel: kernel, linux, context.scope(launches)))
                case .notInInitramfs(let names) where !way.hasWholeInitramfs:
                    questions.append(
                        OpenQuestion(
                            "\(names.joined(separator: ", ")) would have to come from the initramfs, and the"
                                + " entry has none that can be used",
                            launches: context.scope(launches)))
                case .notInInitramfs(let names):
                    value = "NotInInitramfs"
                    findings.append(
                        missing(
                            names, of: needed, bus: bus, way: way, kernel: kernel, linux,
                            context.scope(launches)))
                }
            }
        }
        return .judged(
            value: value,
            "The kernel and the initramfs of the default entry hold the drivers for \(name) disks.",
            findings: findings, questions: questions)
    }

    private func missing(
        _ names: [String], of needed: [String], bus: DiskBus, way: BootWay, kernel: KernelFacts,
        _ linux: LinuxFacts, _ launches: [Launch]?
    ) -> Finding {
        let list = names.joined(separator: ", ")
        let archives = way.entry.initramfsPaths.joined(separator: ", ")
        var evidence = way.entry.initramfsEvidence.map { [$0] } ?? []
        evidence += way.initramfs.map {
            Evidence(path: $0.path, excerpt: "\($0.memberCount) members, without \(list)")
        }
        evidence += names.flatMap { kernel.drivers[$0]?.evidence ?? [] }
        return Finding(
            "\(family).NotInInitramfs", isAlwaysError ? .error : .warning,
            "A disk on \(bus.rawValue) is never found: the kernel needs \(list) before it can mount the root file"
                + " system, but \(archives) does not hold it.",
            evidence: evidence,
            fixes: [.rebuildInitramfs(adding: needed, kernel: way.kernelVersion, in: linux)],
            consequence: .stopsBoot, launches: launches, fixedSeverity: isAlwaysError)
    }

    private func absent(
        _ names: [String], bus: DiskBus, way: BootWay, kernel: KernelFacts, _ linux: LinuxFacts,
        _ launches: [Launch]?
    ) -> Finding {
        let list = names.joined(separator: ", ")
        let version = kernel.version.map { " \($0)" } ?? ""
        return Finding(
            "\(family).NotInstalled", isAlwaysError ? .error : .warning,
            "The kernel\(version) has no \(list), neither built in nor as a module, so it cannot see a disk on"
                + " \(bus.rawValue).",
            evidence: [Evidence(path: kernel.path)] + names.flatMap { kernel.drivers[$0]?.evidence ?? [] },
            fixes: [.installKernel(in: linux)], consequence: .stopsBoot, launches: launches,
            fixedSeverity: isAlwaysError)
    }
}
