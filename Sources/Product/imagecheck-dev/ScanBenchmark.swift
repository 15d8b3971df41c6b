import ArgumentParser
import FoundationEssentials
import ImageCheck
import Reports
import Subprocess
import SystemPackage

/// How long the library alone takes to unpack the default initramfs of an image, in seconds; nil when the image
/// has none.
typealias InitramfsTime = @Sendable (_ image: String) throws -> Double?

/// What a user waits for, and what the storage is asked for.
struct ScanBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scan", abstract: "Time, bytes and memory of a scan; start-up time of the program.")

    @Argument(help: "A disk image.")
    var image: String

    @Option(help: "Repetitions; the best counts.")
    var repetitions = 5

    /// What the scan's time is held against.
    static let initramfsTime: InitramfsTime? = nil

    func run() async throws {
        let start = try await startUp()
        print("start-up:    \(Stopwatch.rounded(start * 1000)) ms for imagecheck --version")
        let scanner = ImageScanner(ScanOptions())
        var report: ScanReport?
        let seconds = try Stopwatch.best(of: repetitions) { report = try scanner.scan(image) }
        guard let cost = report?.cost else { return }
        print("scan:        \(Stopwatch.rounded(seconds * 1000)) ms, best of \(repetitions)")
        print("bytes read:  \(cost.bytesRead) in \(cost.reads) reads")
        print("peak memory: \(cost.peakMemory) bytes")
        if let alone = try ScanBenchmark.initramfsTime?(image), alone > 0 {
            print("initramfs:   \(Stopwatch.rounded(alone * 1000)) ms to unpack with the library alone")
            print("ratio:       \(Stopwatch.rounded(seconds / alone))")
        }
    }

    /// The shortest time the program, which lies beside this one, takes to say its version.
    private func startUp() async throws -> Double {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let program = FilePath(own).removingLastComponent().appending("imagecheck")
        var best = Double.infinity
        for _ in 0..<20 {
            let clock = ContinuousClock()
            let begin = clock.now
            _ = try await Subprocess.run(.path(program), arguments: ["--version"], output: .discarded)
            let parts = (clock.now - begin).components
            best = min(best, Double(parts.seconds) + Double(parts.attoseconds) / 1e18)
        }
        return best
    }
}
