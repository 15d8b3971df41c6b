import ArgumentParser
import ByteReading

/// Loads of mixed width through `Bytes`, across the module boundary, against the same loads on a local array.
///
/// A load that is not inlined into its caller's module costs about forty times as much; this keeps watch.
struct LoadBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "loads", abstract: "Mixed 2, 4 and 8-byte loads over 16 MiB across the module boundary.")

    @Option(help: "Repetitions; the best counts.")
    var repetitions = 9

    @Option(help: ArgumentHelp("Fail when the ratio to the local loop is above this.", valueName: "ratio"))
    var limit: Double?

    private static let size = 16 << 20
    /// One record: 2 + 4 + 8 + 2 bytes.
    private static let recordSize = 16

    func run() throws {
        let array = (0..<LoadBenchmark.size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        let window = Bytes(array)
        let loads = LoadBenchmark.size / LoadBenchmark.recordSize * 4
        var sums: Set<UInt64> = []
        let checked = Stopwatch.best(of: repetitions) { sums.insert(LoadBenchmark.through(window)) }
        let local = Stopwatch.best(of: repetitions) { sums.insert(LoadBenchmark.local(array)) }
        guard sums.count == 1 else { throw ValidationError("The two loops disagree.") }
        let ratio = checked / local
        print("Bytes:  \(Stopwatch.rounded(checked / Double(loads) * 1e9)) ns per load")
        print("local:  \(Stopwatch.rounded(local / Double(loads) * 1e9)) ns per load")
        print("ratio:  \(Stopwatch.rounded(ratio))")
        if let limit, ratio > limit { throw ExitCode.failure }
    }

    private static func through(_ window: Bytes) -> UInt64 {
        var sum: UInt64 = 0
        var offset = 0
        do throws(ImageFault) {
            while offset < size {
                sum &+= UInt64(try window.little(UInt16.self, at: offset))
                sum &+= UInt64(try window.little(UInt32.self, at: offset &+ 2))
                sum &+= try window.little(UInt64.self, at: offset &+ 6)
                sum &+= UInt64(try window.little(UInt16.self, at: offset &+ 14))
                offset &+= recordSize
            }
        } catch {
            return 0
        }
        return sum
    }

    /// The same numbers put together from the array's own, checked elements in this module.
    private static func local(_ array: [UInt8]) -> UInt64 {
        func number(_ offset: Int, _ width: Int) -> UInt64 {
            var value: UInt64 = 0
            for index in 0..<width { value |= UInt64(array[offset &+ index]) &<< UInt64(index &* 8) }
            return value
        }
        var sum: UInt64 = 0
        var offset = 0
        while offset < size {
            sum &+= number(offset, 2)
            sum &+= number(offset &+ 2, 4)
            sum &+= number(offset &+ 6, 8)
            sum &+= number(offset &+ 14, 2)
            offset &+= recordSize
        }
        return sum
    }
}

/// Wall time.
enum Stopwatch {
    /// The shortest of `count` runs, in seconds.
    static func best(of count: Int, _ body: () throws -> Void) rethrows -> Double {
        var best = Double.infinity
        for _ in 0..<max(1, count) {
            let clock = ContinuousClock()
            best = min(best, seconds(try clock.measure { try body() }))
        }
        return best
    }

    /// A duration in seconds.
    static func seconds(_ duration: Duration) -> Double {
        let parts = duration.components
        return Double(parts.seconds) + Double(parts.attoseconds) / 1e18
    }

    /// Two decimals.
    static func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
}
