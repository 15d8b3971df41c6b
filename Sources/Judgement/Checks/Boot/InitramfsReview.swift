import GuestFacts
import Targets

/// Collects what is wrong with the initramfs of each way to a kernel.
struct InitramfsReview {
    var findings: [Finding] = []
    var questions: [OpenQuestion] = []

    let context: CheckContext
    let linux: LinuxFacts

    init(context: CheckContext, linux: LinuxFacts) {
        self.context = context
        self.linux = linux
    }

    mutating func judge(_ way: BootWay) {
        if way.entry.notFollowed != nil || way.stopsAtKernel { return }
        if way.entry.initramfsPaths.isEmpty, let why = linux.identity.notFollowed(.initramfs) {
            ask(why, way)
            return
        }
        if way.entry.initramfsPaths.isEmpty {
            judgeAlone(
                way, code: "Initramfs.None",
                message:
                    "The default entry has no initramfs, and this kernel cannot mount the root without one",
                evidence: [way.entry.source])
            return
        }
        if way.initramfs.count < way.entry.initramfsPaths.count {
            ask("not every initramfs file of the default entry was looked at", way)
            return
        }
        for archive in way.initramfs {
            let evidence =
                (way.entry.initramfsEvidence.map { [$0] } ?? []) + [
                    Evidence(path: archive.path, excerpt: archive.detail)
                ]
            let detail = archive.detail.map { ": \($0)" } ?? ""
            switch archive.state {
            case .good: continue
            case .missing:
                judgeAlone(
                    way, code: "Initramfs.Missing",
                    message:
                        "\(archive.path) does not exist; GRUB starts the kernel without it, and the kernel cannot"
                        + " mount the root by itself", evidence: evidence)
            case .empty:
                judgeAlone(
                    way, code: "Initramfs.Empty",
                    message: "\(archive.path) is empty, and the kernel cannot mount the root by itself",
                    evidence: evidence)
            case .corrupt:
                judgeAlone(
                    way, code: "Initramfs.Corrupt", message: "\(archive.path) cannot be unpacked\(detail)",
                    evidence: evidence)
            case .unreadable:
                ask(archive.gap?.message ?? "\(archive.path) could not be read\(detail)", way)
            }
            return
        }
        judgeContents(way)
    }

    private mutating func judgeContents(_ way: BootWay) {
        let starters = way.initramfs.map(\.hasInit)
        let evidence = way.initramfs.map { Evidence(path: $0.path, excerpt: $0.initProblem) }
        if !starters.contains(.yes) {
            if starters.contains(.unknown) {
                ask("whether the initramfs has a program to start could not be found out", way)
            } else {
                judgeAlone(
                    way, code: "Initramfs.NoInit",
                    message: way.initramfs.compactMap(\.initProblem).first
                        ?? "There is no /init in the initramfs, so the kernel does not use it",
                    evidence: evidence)
                return
            }
        }
        let versions = way.initramfs.flatMap(\.kernelVersions)
        if let version = way.kernel?.version, !versions.isEmpty, !versions.contains(version) {
            let path = way.initramfs.map(\.path).joined(separator: ", ")
            let message =
                "\(path) holds modules for \(versions.joined(separator: ", ")), and the kernel is \(version): it can"
                + " load none of them"
            // What is missing for want of modules needs no finding of its own then.
            if judgeAlone(
                way, code: "Initramfs.WrongKernel", message: message,
                evidence: evidence + [Evidence(path: way.kernel?.path ?? "", excerpt: version)], hasInit: true
            ) {
                return
            }
        }
        judgePayload(way)
        judgeFileSystem(way)
        judgeChecksum(way)
        judgeStack(way)
        judgeAwaitedDevices(way)
        for archive in way.initramfs {
            if let payload = archive.unreadPayload {
                questions.append(
                    OpenQuestion(
                        "\(payload) inside \(archive.path) was not read",
                        launches: context.scope(way.launches)))
            }
            for pin in archive.pins {
                findings.append(
                    Finding(
                        "Initramfs.Pinned", .warning,
                        "The initramfs was made for one machine and carries \(pin.value).",
                        evidence: [pin.evidence],
                        fixes: rebuild([], way), launches: context.scope(way.launches)))
            }
            if let resume = archive.resume, archive.resumeResolution == .notFound {
                findings.append(
                    Finding(
                        "Initramfs.ResumeMissing", .warning,
                        "The initramfs waits for \(resume.value) to resume from, which does not exist; the boot takes"
                            + " half a minute longer.",
                        evidence: [resume.evidence],
                        fixes: [
                            Fix(
                                "Switch resuming off", where: .online, kind: .autoChroot,
                                commands: [
                                    "echo RESUME=none > /etc/initramfs-tools/conf.d/resume",
                                    "update-initramfs -u -k \(quoted(way.kernelVersion))",
                                ])
                        ], launches: context.scope(way.launches)))
            }
        }
    }

    private mutating func judgeFileSystem(_ way: BootWay) {
        guard let kernel = way.kernel, let kind = context.rootVolume(of: linux)?.kind else { return }
        let names = KernelFacts.drivers(for: kind)
        guard !names.isEmpty else {
            ask("which driver mounts \(kind) is not known to this version", way)
            return
        }
        var why: String?
        for name in names {
            switch DriverReadiness(of: [name], in: kernel) {
            case .ready: return
            case .unknown(let message): why = why ?? message
            case .notInInitramfs, .absent: break
            }
        }
        if let why {
            ask("whether the initramfs can mount \(kind): \(why)", way)
            return
        }
        findings.append(
            Finding(
                "Initramfs.NoFileSystem", .error,
                "The root file system is \(kind), and its driver is neither in the initramfs nor in the kernel: the"
                    + " disk is found, but cannot be mounted.",
                evidence: way.initramfs.map {
                    Evidence(path: $0.path, excerpt: "\($0.memberCount) members, without \(names[0])")
                } + (kernel.drivers[names[0]]?.evidence ?? []),
                fixes: rebuild([names[0]], way), consequence: .stopsBoot,
                launches: context.scope(way.launches)))
    }

    /// ext4 with checksums, xfs and btrfs ask the kernel's cryptography for CRC32C until Linux 6.14; a module that
    /// no other one names as its dependency, so archives made by hand tend to lack it.
    private mutating func judgeChecksum(_ way: BootWay) {
        guard let kernel = way.kernel, let root = context.rootVolume(of: linux), let kind = root.kind,
            let version = kernel.version.flatMap(KernelVersion.init), version < KernelVersion(6, 14)
        else { return }
        let needs =
            kind == "xfs" || kind == "btrfs" || (kind == "ext4" && root.features.contains("metadata_csum"))
        guard needs, kernel.drivers["crc32c_generic"]?.state == .module else { return }
        switch kernel.drivers["crc32c_intel"]?.state {
        case .builtin?, .initramfs?, .unknown?: return
        default: break
        }
        findings.append(
            Finding(
                "Initramfs.NoChecksum", .error,
                "The root file system (\(kind)) has checksums, and crc32c_generic, which computes them, is not in the"
                    + " initramfs: it cannot be mounted.",
                evidence: way.initramfs.map { Evidence(path: $0.path, excerpt: "without crc32c_generic") }
                    + (kernel.drivers["crc32c_generic"]?.evidence ?? []),
                fixes: rebuild(["crc32c_generic"], way), consequence: .stopsBoot,
                launches: context.scope(way.launches)))
    }

    /// What happens when the kernel is left to itself: it needs the disk's drivers and the file system's
    /// built in, and a root= that it can resolve unless a program of the initramfs does that.
    /// - Returns: whether that stops a launch, or may.
    @discardableResult private mutating func judgeAlone(
        _ way: BootWay, code: String, message: String, evidence: [Evidence], hasInit: Bool = false
    ) -> Bool {
        let kind = context.rootVolume(of: linux)?.kind
        let systems = kind.map(KernelFacts.drivers(for:)) ?? []
        let knowsRoot = hasInit || way.entry.commandLine.root.map { !$0.needsInitramfs } ?? false
        var stopped: [Launch] = []
        var open: [Launch] = []
        for launch in way.launches {
            guard let kernel = way.kernel, knowsRoot else {
                stopped.append(launch)
                continue
            }
            let drivers = launch.disk.drivers
            if systems.contains(where: { kernel.hasBuiltin([$0]) }), kernel.hasBuiltin(drivers) { continue }
            let isOpen =
                systems.isEmpty
                || (drivers + systems).contains { (kernel.drivers[$0]?.state ?? .unknown) == .unknown }
            if isOpen { open.append(launch) } else { stopped.append(launch) }
        }
        if !open.isEmpty {
            questions.append(
                OpenQuestion(
                    "whether the kernel can mount the root without an initramfs could not be found out",
                    consequence: .stopsBoot, launches: context.scope(open)))
        }
        let needed = Set(way.launches.flatMap(\.disk.drivers)).sorted()
        if stopped.isEmpty {
            guard open.isEmpty, code != "Initramfs.None" else { return !open.isEmpty }
            findings.append(
                Finding(
                    code, .warning, "\(message). This kernel can do without \(hasInit ? "them" : "it").",
                    evidence: evidence, fixes: rebuild([], way), launches: context.scope(way.launches)))
            return false
        }
        findings.append(
            Finding(
                code, .error, message + ".", evidence: evidence, fixes: rebuild(needed, way),
                consequence: .stopsBoot,
                launches: context.scope(stopped)))
        return true
    }

    func rebuild(_ modules: [String], _ way: BootWay) -> [Fix] {
        [.rebuildInitramfs(adding: modules, kernel: way.kernelVersion, in: linux)]
    }

    mutating func ask(_ message: String, _ way: BootWay) {
        questions.append(
            OpenQuestion(message, consequence: .stopsBoot, launches: context.scope(way.launches)))
    }
}
