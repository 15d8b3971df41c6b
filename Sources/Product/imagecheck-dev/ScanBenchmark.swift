import ArgumentParser
import FoundationEssentials
import Reports
import Subprocess
import SystemPackage

/// What a user waits for, and what the storage is asked for, against what the design promises.
struct ScanBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scan",
        abstract:
            "Time, bytes and memory of a scan, raw, as qcow2 and on 2 TiB; start-up time of the program.",
        discussion: "Scans run the program imagecheck that lies beside this one, so that memory is its own.")

    @Argument(help: "A disk image (raw).")
    var image: String

    @Option(help: "Runs of each scan; the median counts.")
    var repetitions = 5

    @Flag(help: "Only the image itself: no qcow2 copy, no 2 TiB copy.")
    var plain = false

    private static let startUpTarget = 10.0
    private static let ratioTarget = 1.5
    private static let bytesTarget = 80.0
    private static let memoryTarget = 64.0
    private static let largeDisk: Int64 = 2 << 40

    func run() async throws {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let program = FilePath(own).removingLastComponent().appending("imagecheck")
        let start = try await Self.startUp(program)
        Self.line("start-up", "minimum of 20", start * 1000, "ms", below: Self.startUpTarget)
        let folder = FilePath(FileManager.default.temporaryDirectory.path)
            .appending("imagecheck-benchmark-\(ProcessInfo.processInfo.processIdentifier)")
        try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder.string) }
        let floor = try await initramfs(in: folder)
        try await scan(image, "raw", program, floor)
        guard !plain else { return }
        try await copies(in: folder, program, floor)
    }

    // MARK: The floor

    /// Prints what unpacking alone takes and returns the library's median.
    private func initramfs(in folder: FilePath) async throws -> Double? {
        guard let timing = try InitramfsTiming(image: image) else {
            print("initramfs: none in the default entry")
            return nil
        }
        var library: [Double] = []
        var tool: [Double] = []
        for _ in 0..<max(1, repetitions) {
            library.append(try timing.library())
            if let seconds = try await timing.tool(in: folder) { tool.append(seconds) }
        }
        let alone = Self.median(library)
        print("initramfs: \(timing.summary)")
        print("initramfs alone, library with no parsing: \(Stopwatch.rounded(alone * 1000)) ms")
        print(
            tool.isEmpty
                ? "initramfs alone, command-line tool: skipped, it is missing"
                : "initramfs alone, command-line tool: \(Stopwatch.rounded(Self.median(tool) * 1000)) ms")
        return alone
    }

    // MARK: Scans

    private struct Costs: Decodable {
        let cost: ScanReport.Cost
    }

    private func scan(_ path: String, _ what: String, _ program: FilePath, _ floor: Double?) async throws {
        var times: [Double] = []
        var cost: ScanReport.Cost?
        for _ in 0..<max(1, repetitions) {
            let clock = ContinuousClock()
            let begin = clock.now
            let result = try await Subprocess.run(
                .path(program), arguments: ["scan", "--format", "json", path],
                output: .bytes(limit: 16 << 20),
                error: .discarded)
            times.append(Stopwatch.seconds(clock.now - begin))
            cost = try JSONDecoder().decode(Costs.self, from: Data(result.standardOutput)).cost
        }
        let seconds = Self.median(times)
        print("\(what): scan, median of \(times.count): \(Stopwatch.rounded(seconds * 1000)) ms")
        if let floor, floor > 0 {
            Self.line(what, "scan to initramfs alone", seconds / floor, "times", below: Self.ratioTarget)
        }
        guard let cost else { return }
        let mebibyte = Double(1 << 20)
        Self.line(
            what, "read in \(cost.reads) reads", Double(cost.bytesRead) / mebibyte, "MiB",
            below: Self.bytesTarget)
        Self.line(what, "peak memory", Double(cost.peakMemory) / mebibyte, "MiB", below: Self.memoryTarget)
    }

    private func copies(in folder: FilePath, _ program: FilePath, _ floor: Double?) async throws {
        let qcow2 = folder.appending("copy.qcow2")
        let converted = try? await Subprocess.run(
            .name("qemu-img"), arguments: ["convert", "-O", "qcow2", image, qcow2.string], output: .discarded,
            error: .discarded)
        if converted?.terminationStatus.isSuccess == true {
            try await scan(qcow2.string, "qcow2", program, floor)
        } else {
            print("qcow2: skipped, qemu-img is missing or failed")
        }
        let large = folder.appending("copy.raw")
        let copied = try? await Subprocess.run(
            .name("cp"), arguments: ["--sparse=always", image, large.string], output: .discarded,
            error: .discarded)
        guard copied?.terminationStatus.isSuccess == true,
            let file = try? FileDescriptor.open(large, .readWrite, options: [.closeOnExec])
        else {
            print("2 TiB: skipped, the image could not be copied")
            return
        }
        defer { try? file.close() }
        do { try file.resize(to: Self.largeDisk) } catch {
            print("2 TiB: skipped, the folder for temporary files holds no file of that size")
            return
        }
        try await scan(large.string, "2 TiB", program, floor)
    }

    // MARK: Figures

    private static func line(
        _ what: String, _ figure: String, _ value: Double, _ unit: String, below target: Double
    ) {
        let verdict = value <= target ? "met" : "MISSED"
        print("\(what): \(figure): \(Stopwatch.rounded(value)) \(unit) (target \(target), \(verdict))")
    }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
    }

    /// The shortest time the program takes to say its version.
    private static func startUp(_ program: FilePath) async throws -> Double {
        var best = Double.infinity
        for _ in 0..<20 {
            let clock = ContinuousClock()
            let begin = clock.now
            _ = try await Subprocess.run(.path(program), arguments: ["--version"], output: .discarded)
            best = min(best, Stopwatch.seconds(clock.now - begin))
        }
        return best
    }
}
