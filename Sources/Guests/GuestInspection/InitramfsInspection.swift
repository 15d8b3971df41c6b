import BlockIO
import ByteReading
import Compression
import GuestFacts
import GuestFormats

/// Reads the initramfs of an entry from front to back, as the kernel unpacks it, and says what it will do.
struct InitramfsInspection {
    let reader: GuestReader
    let files: BootFiles
    let resolver: DeviceResolver
    let image: ImageFacts

    /// What the files of one entry make together.
    struct Result {
        /// The files, as the guest calls them.
        var paths: [String]
        /// Facts of each file.
        var facts: [InitramfsFacts]
        /// What is in them; nil when none could be read.
        var summary: InitramfsSummary?
        /// Why they could not be read.
        var gap: Gap?
    }

    /// The archives of an entry, which the loader puts one behind the other.
    func inspect(_ archives: [BootFile], commandLine: KernelCommandLine) -> Result {
        var result = Result(paths: archives.map(\.guestPath), facts: [], summary: nil, gap: nil)
        var parts: [BootFiles.Opened] = []
        for archive in archives {
            switch files.open(archive) {
            case .absent: result.facts.append(InitramfsFacts(path: archive.guestPath, state: .missing))
            case .unreadable(let gap):
                reader.record(gap)
                result.gap = gap
                var facts = InitramfsFacts(path: archive.guestPath, state: .unreadable)
                facts.gap = gap
                result.facts.append(facts)
            case .found(let opened):
                parts.append(opened)
                result.facts.append(
                    InitramfsFacts(path: archive.guestPath, state: opened.size == 0 ? .empty : .good))
            }
        }
        guard result.facts.allSatisfy({ $0.state == .good || $0.state == .empty }), !parts.isEmpty else {
            return result
        }
        let contents = InitramfsReader().read(
            ConcatenatedStream(parts.map(\.stream), alignment: Self.alignment))
        let summary = summary(of: contents, in: parts, at: result.paths)
        result.summary = summary
        for index in result.facts.indices where result.facts[index].state == .good {
            describe(summary, commandLine, in: &result.facts[index])
        }
        if let gap = result.facts.compactMap(\.gap).first { result.gap = gap }
        return result
    }

    /// A loader starts each archive at a multiple of so many bytes.
    private static let alignment = 4

    /// What the archives will do, with the payload inside read where there is one and that is possible.
    private func summary(
        of contents: InitramfsContents, in parts: [BootFiles.Opened], at paths: [String]
    ) -> InitramfsSummary {
        guard let payload = contents.payload, payload.format == .squashfs,
            let source = source(of: payload, in: parts)
        else { return InitramfsSummary(contents) }
        do {
            let inner = try InitramfsPayloadReader(source: source).read()
            return InitramfsSummary(contents, payload: payload, inner)
        } catch {
            // What is in it stays unknown; the facts say which payload was not read.
            reader.record(Gap(error, at: "\(paths.first ?? "initramfs") › /\(payload.path)"))
            return InitramfsSummary(contents)
        }
    }

    private func source(
        of payload: InitramfsPayload, in parts: [BootFiles.Opened]
    ) -> (any BlockSource)? {
        switch payload.place {
        case .memory(let bytes): return MemorySource(bytes)
        case .tooLarge: return nil
        case .stream(let offset):
            var start: UInt64 = 0
            let width = UInt64(Self.alignment)
            for part in parts {
                if offset >= start, offset - start < part.size {
                    return OpenedSource(file: part, start: offset - start, size: payload.size)
                }
                start = (start &+ part.size &+ width - 1) / width * width
            }
            return nil
        }
    }

    private func describe(
        _ summary: InitramfsSummary, _ commandLine: KernelCommandLine, in facts: inout InitramfsFacts
    ) {
        let contents = summary.contents
        if let fault = contents.fault {
            switch fault.kind {
            case .corrupt, .truncated:
                facts.state = .corrupt
                facts.detail =
                    contents.kernelMessage.map { "\(fault.message); the kernel says: \($0)" } ?? fault.message
            default:
                let gap = Gap(fault, at: facts.path)
                reader.record(gap)
                facts.state = .unreadable
                facts.gap = gap
            }
        } else if contents.members.isEmpty {
            facts.state = .corrupt
            facts.detail = "it holds no archive"
        }
        facts.generator = summary.generator.rawValue
        facts.memberCount = contents.members.count
        facts.kernelVersions = summary.kernelVersions
        facts.unreadPayload = summary.payloads.first
        if let (payload, _) = summary.outer.first {
            facts.payload = PayloadFacts(path: payload.path, drivers: payload.drivers)
        }
        facts.generatorVersion = summary.dracutVersion
        facts.uncompressedSize = contents.segments.reduce(0) { $0 &+ $1.unpackedSize }
        facts.tools = ["lvm", "mdadm", "cryptsetup", "btrfs", "multipath"].filter {
            summary.program($0) != nil
        }
        describeInit(summary, in: &facts)
        let configuration = StorageInspection(image: image).initramfs(summary, archive: facts.path)
        facts.storage = summary.earlyStorage(configuration)
        facts.growsRoot = summary.rootGrowth.map { Evidence(path: "\(facts.path) › /\($0)") }
        for pin in summary.commandLinePins where namesWhatIsNotHere(pin.text) {
            facts.pins.append(
                Located(pin.text, Evidence(path: "\(facts.path) › /\(pin.path)", excerpt: pin.text)))
        }
        for (path, device) in summary.awaitedDevices {
            facts.awaited.append(
                AwaitedDevice(
                    device: device, resolution: resolver.resolve(DeviceSpecification(device)),
                    evidence: Evidence(path: "\(facts.path) › /\(path)", excerpt: device)))
        }
        describeResume(summary, commandLine, in: &facts)
    }

    /// resume= of the command line counts before what the archive says, and `noresume` before both.
    private func describeResume(
        _ summary: InitramfsSummary, _ commandLine: KernelCommandLine, in facts: inout InitramfsFacts
    ) {
        func isDevice(_ name: String) -> Bool { !["", "none", "auto"].contains(name) }
        guard !commandLine.has("noresume") else { return }
        if let resume = commandLine.last("resume") {
            if isDevice(resume) { facts.resumeResolution = resolver.resolve(DeviceSpecification(resume)) }
            return
        }
        guard let resume = summary.resumeDevice, isDevice(resume) else { return }
        facts.resume = Located(
            resume, Evidence(path: "\(facts.path) › /conf/conf.d/resume", excerpt: resume))
        facts.resumeResolution = resolver.resolve(DeviceSpecification(resume))
    }

    /// Whether a pin names hardware, or a device that the image does not have.
    private func namesWhatIsNotHere(_ text: String) -> Bool {
        KernelCommandLine(text).tokens.contains { token in
            let value = token.value ?? ""
            if value.contains("/by-path/") { return true }
            let names = ["root", "resume"].contains(token.name) || value.contains("/by-id/")
            guard names, token.name != "resume" || value != "" else { return false }
            // rootflags and their like may hold a device, too, but nothing waits for it.
            guard value.hasPrefix("/dev/") || value.contains("=") else { return false }
            let device = value.hasPrefix("block:") ? String(value.dropFirst(6)) : value
            switch resolver.resolve(DeviceSpecification(device)) {
            case .notFound, .caseMismatch, .hardwarePath: return true
            default: return false
            }
        }
    }

    private func describeInit(_ summary: InitramfsSummary, in facts: inout InitramfsFacts) {
        switch summary.initState {
        case .runnable: facts.hasInit = .yes
        case .missing:
            facts.hasInit = .no
            facts.initProblem = "There is no /init in the initramfs, so the kernel does not use it"
        case .dangling(let target):
            facts.hasInit = .no
            facts.initProblem = "/init of the initramfs is a link to \(target), which is not in it"
        case .notExecutable:
            facts.hasInit = .no
            facts.initProblem = "/init of the initramfs is not executable"
        case .notAProgram:
            facts.hasInit = .no
            facts.initProblem = "/init of the initramfs is neither a script nor a program"
        case .needs(let file):
            facts.hasInit = .no
            facts.initProblem = "/init of the initramfs needs \(file), which is not in it"
        case .unknown(let why):
            facts.hasInit = .unknown
            facts.initProblem = why
        }
    }
}

/// A stretch of a file, read by position.
private struct OpenedSource: BlockSource {
    let file: BootFiles.Opened
    let start: UInt64
    let size: UInt64

    func read(at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        try checkRange(at: offset, count: count)
        let bytes = try file.read(try start.adding(offset), count)
        guard bytes.count == count else {
            throw ImageFault(.truncated, "the payload of an initramfs ends early", at: offset)
        }
        return bytes.rebased(to: offset)
    }
}
