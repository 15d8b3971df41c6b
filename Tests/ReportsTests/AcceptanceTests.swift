import Checks
import GuestFacts
import LaunchChain
import Reports
import Targets
import TestSupport
import Testing

/// What is accepted stays what it is, in every form, and fails no gate.
struct AcceptanceTests {
    private func report(
        _ launches: [LaunchVerdict], _ checks: [ScanReport.CheckItem] = []
    ) -> ScanReport {
        Samples.report(verdicts: [Samples.verdict("kvm", launches)], checks: checks)
    }

    private func stop(_ accepted: Acceptance?, code: String = "Fstab.DeviceNotFound") -> LaunchVerdict.Stop {
        LaunchVerdict.Stop(link: .`init`, code: code, message: "it stops", accepted: accepted)
    }

    private func stopped(
        _ accepted: Acceptance?, on disk: DiskBus = .virtioBlk, also: [LaunchVerdict.Stop]? = nil,
        unknown: [String]? = nil
    ) -> LaunchVerdict {
        var launch = Samples.launch(disk, stopsAt: stop(accepted))
        launch.alsoStopsAt = also
        launch.alsoUnknown = unknown
        return launch
    }

    // MARK: Gate

    @Test func anAcceptedStopFailsNothing() {
        let report = report([stopped(Samples.exception)])
        #expect(Gate(.error).verifies(report) == .good && Gate(.warning).verifies(report) == .good)
        #expect(Gate(.error).verifies(self.report([stopped(nil)])) == .failing)
    }

    /// Every stop has to be accepted, not the first alone.
    @Test func aFurtherStopFails() {
        let also = [stop(nil, code: "Kernel.Missing")]
        #expect(Gate(.error).verifies(report([stopped(Samples.exception, also: also)])) == .failing)
        #expect(
            Gate(.error).verifies(report([stopped(Samples.exception, also: [stop(Samples.isKnown)])]))
                == .good)
        #expect(Gate(.error).verifies(report([stopped(nil, also: [stop(Samples.isKnown)])])) == .failing)
    }

    /// A launch that is accepted counts like one that starts: what others do decides.
    @Test func othersDecide() {
        let accepted = stopped(Samples.exception)
        #expect(Gate(.error).verifies(report([accepted, stopped(nil, on: .nvme)])) == .good)
        #expect(Gate(.warning).verifies(report([accepted, stopped(nil, on: .nvme)])) == .failing)
        let open = Samples.launch(.nvme, unknown: [.root], because: ["encrypted"])
        #expect(Gate(.error).verifies(report([accepted, open])) == .unknown)
    }

    /// What nobody knows behind an accepted stop has not been accepted.
    @Test func theUnknownIsNotAccepted() {
        let report = report([stopped(Samples.exception, unknown: ["/etc/fstab could not be read"])])
        #expect(Gate(.error).verifies(report) == .unknown && Gate(.error).outcome(of: report) == .unknown)
        let text = TextReport(report).verification(.unknown, gate: Gate(.error))
        #expect(text.contains("/etc/fstab could not be read"))
    }

    /// An item may have no answer because of the stop, and not name it as a question of the launch.
    @Test func whatTheStopLeftOpenIsNotAccepted() {
        func item(_ link: LaunchLink) -> ScanReport.CheckItem {
            ScanReport.CheckItem(
                id: "GUESTOS.Virtio", title: "virtio", link: link, status: .unknown, targets: ["kvm"],
                gaps: ["the entry has no initramfs that can be used"])
        }
        func outcome(_ link: LaunchLink, _ acceptance: Acceptance?) -> Gate.Outcome {
            var launch = stopped(acceptance)
            if acceptance == nil { launch = Samples.launch(.virtioBlk) }
            return Gate(.error).verifies(report([launch], [item(link)]))
        }
        #expect(outcome(.initramfs, Samples.exception) == .unknown)
        #expect(outcome(.access, Samples.exception) == .unknown)
        #expect(outcome(.hygiene, Samples.exception) == .good)
        #expect(outcome(.initramfs, nil) == .good)
        let text = TextReport(report([stopped(Samples.exception)], [item(.initramfs)])).verification(
            .unknown, gate: Gate(.error))
        #expect(text.hasPrefix("UNKNOWN") && text.contains("no initramfs that can be used"))
    }

    @Test func anUnreachableGuestCanBeAccepted() {
        var launch = Samples.launch(.virtioBlk)
        launch.reachable = .no
        launch.stopsAt = LaunchVerdict.Stop(
            link: .access, code: "Ssh.Disabled", message: "no way in", accepted: Samples.exception)
        let report = report([launch])
        #expect(Gate(.error).verifies(report) == .good)
        let text = TextReport(report).verification(.good, gate: Gate(.error))
        #expect(text.hasPrefix("ACCEPTED"))
        #expect(text.contains("reachable: no — accepted until 2027-01-31"))
    }

    @Test func anAcceptedFindingDoesNotCount() {
        var item = Samples.fstab
        #expect(Gate(.error).outcome(of: report([Samples.launch(.virtioBlk)], [item])) == .failing)
        item.accepted = Samples.isKnown
        #expect(Gate(.error).outcome(of: report([Samples.launch(.virtioBlk)], [item])) == .good)
        var other = Samples.fstab
        other.code = "Fstab.Other"
        #expect(Gate(.error).outcome(of: report([Samples.launch(.virtioBlk)], [item, other])) == .failing)
    }

    /// A finding that weighs less makes no launch start.
    @Test func aLoweredSeverityDoesNotBoot() {
        var item = Samples.fstab
        item.originalSeverity = .error
        item.severity = .info
        let report = report([stopped(nil)], [item])
        #expect(Gate(.error).verifies(report) == .failing)
        #expect(Gate(.error).outcome(of: report) == .good)
    }

    // MARK: Forms

    @Test func noFormSaysThatItBoots() throws {
        let results = ScanResults([Samples.accepted], time: Samples.now)
        let text = TextReport(Samples.accepted).full
        #expect(text.contains("boots: no   reachable: no"))
        #expect(text.contains("boots: no — accepted until 2027-01-31: the data disk is attached"))
        #expect(!text.contains("boots: yes"))
        let page = HTMLReport(Samples.accepted).text
        #expect(
            page.contains("Will not boot on kvm") && page.contains("boots: no — accepted until 2027-01-31"))
        let markdown = MarkdownReport(results).text
        #expect(markdown.contains("| `kvm` | **no** | **no** | **no** |"))
        let junit = JUnitReport(results).text
        #expect(
            junit.contains("<skipped type=\"accepted\" message=\"accepted: boots: no; boots: no — accepted"))
        #expect(
            junit.contains("message=\"accepted: Fstab.DeviceNotFound: accepted until 2027-01-31: the data"))
        #expect(!junit.contains("<failure type=\"verdict."))
        // What is weighed up fails like any other warning.
        #expect(junit.contains("<failure type=\"CloudAssistant.NotInstalled\""))
    }

    /// A matrix of targets has a line for it too.
    @Test func severalTargets() {
        var report = Samples.accepted
        report.guests[0].verdicts.append(Samples.verdict("gcp", [Samples.launch(.virtioSCSI)]))
        #expect(TextReport(report).full.contains("boots: no — accepted until 2027-01-31"))
    }

    @Test func sarifSaysWhy() throws {
        let log = try JSONValue(
            parsing: SARIFReport(ScanResults([Samples.accepted], time: Samples.now)).bytes())
        guard case .array(let results)? = log["runs"]?[0]?["results"] else { throw CancellationError() }
        func result(_ code: String) -> JSONValue? {
            results.first { $0["properties"]?["code"] == .string(code) }
        }
        let mounts = try #require(result("Fstab.DeviceNotFound"))
        #expect(mounts["suppressions"]?[0]?["kind"] == .string("external"))
        #expect(mounts["suppressions"]?[0]?["status"] == .string("accepted"))
        #expect(
            mounts["suppressions"]?[0]?["justification"]
                == .string("the data disk is attached when the instance is launched (until 2027-01-31)"))
        #expect(mounts["baselineState"] == .string("new") && mounts["level"] == .string("error"))
        #expect(result("Nvme.NotInInitramfs")?["baselineState"] == .string("unchanged"))
        // All results of a run have both properties, or none (3.27.23).
        #expect(results.allSatisfy { $0["suppressions"] != nil && $0["baselineState"] != nil })
        let plain = try JSONValue(
            parsing: SARIFReport(ScanResults([Samples.broken], time: Samples.now)).bytes())
        #expect(plain["runs"]?[0]?["results"]?[0]?["suppressions"] == nil)
    }

    /// Their readers know of no policy: a cloud is told what is.
    @Test(arguments: [ReportFormat.ecs, .compliance, .complianceJSON])
    func formsOfOthersSayWhatIs(_ format: ReportFormat) throws {
        var plain = Samples.accepted
        plain.policy = nil
        for index in plain.guests[0].checks.indices {
            let item = plain.guests[0].checks[index]
            plain.guests[0].checks[index].severity = item.originalSeverity ?? item.severity
            plain.guests[0].checks[index].accepted = nil
            plain.guests[0].checks[index].originalSeverity = nil
        }
        func bytes(_ report: ScanReport) throws -> [UInt8] {
            try format.bytes(
                of: ScanResults([report], time: Samples.now), style: TextStyle(), isOne: true)
        }
        #expect(try bytes(Samples.accepted) == bytes(plain))
    }
}
