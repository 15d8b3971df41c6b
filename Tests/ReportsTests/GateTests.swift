import Checks
import Reports
import Targets
import Testing

struct GateTests {
    @Test(arguments: [
        ("healthy", Gate.Threshold.error, Gate.Outcome.good), ("healthy", .warning, .good),
        ("partly", .error, .good),
        ("partly", .warning, .failing), ("partly", .never, .good), ("broken", .error, .failing),
        ("broken", .never, .good), ("unknown", .error, .unknown), ("data-disk", .error, .failing),
    ])
    func scan(_ name: String, _ threshold: Gate.Threshold, _ expected: Gate.Outcome) throws {
        #expect(Gate(threshold).outcome(of: try #require(Samples.all[name])) == expected)
    }

    @Test(arguments: [
        ("healthy", Gate.Threshold.error, Gate.Outcome.good), ("partly", .error, .good),
        ("partly", .warning, .failing),
        ("broken", .error, .failing), ("unknown", .error, .unknown), ("data-disk", .error, .failing),
    ])
    func verify(_ name: String, _ threshold: Gate.Threshold, _ expected: Gate.Outcome) throws {
        #expect(Gate(threshold).verifies(try #require(Samples.all[name])) == expected)
    }

    /// Asked for alone, the launch that only warns among others decides.
    @Test func aNarrowedLaunchFails() {
        let report = Samples.report(
            verdicts: [Samples.verdict("alibaba-ecs", [Samples.launch(.nvme, stopsAt: Samples.nvmeStop)])],
            checks: [Samples.nvme])
        #expect(Gate(.error).verifies(report) == .failing)
        #expect(Gate(.error).outcome(of: report) == .good)
    }

    @Test func noSystemIsNoPass() {
        var report = Samples.dataDisk
        report.checks = nil
        #expect(Gate(.error).verifies(report) == .unknown)
        report = Samples.healthy
        report.guests[0].verdicts = []
        #expect(Gate(.error).verifies(report) == .unknown)
    }

    @Test func failingOutweighsUnknown() {
        #expect([Gate.Outcome.good, .unknown, .failing].max() == .failing)
        #expect([Gate.Outcome.good, .unknown].max() == .unknown)
    }
}
