import Checks
import GuestFacts
import LaunchChain
import Reports
import Targets

/// An image that a policy and a baseline let pass.
extension Samples {
    static let exception = Acceptance(
        by: .policy, reason: "the data disk is attached when the instance is launched", expires: "2027-01-31",
        source: "policy.yaml:14:5")
    static let isKnown = Acceptance(by: .baseline, source: "known.json")

    /// Does not boot for a reason that is accepted until a day; warns of what is known; weighs one finding otherwise.
    static let accepted: ScanReport = {
        var mounts = fstab
        mounts.targets = ["kvm"]
        mounts.accepted = exception
        mounts.known = false
        var driver = nvme
        driver.targets = ["kvm"]
        driver.launches = nil
        driver.accepted = isKnown
        driver.known = true
        var agent = advice
        agent.targets = ["kvm"]
        agent.severity = .warning
        agent.originalSeverity = .info
        agent.known = false
        let stop = LaunchVerdict.Stop(
            link: .`init`, code: "Fstab.DeviceNotFound", message: mounts.message ?? "", accepted: exception)
        var report = Samples.report(
            verdicts: [verdict("kvm", [launch(.virtioBlk, stopsAt: stop)])],
            checks: passes + [mounts, driver, agent])
        report.policy = ScanReport.PolicyUse(
            date: "2027-01-20", policy: "policy.yaml", baseline: "known.json",
            notes: [
                "the exception for Fstab.DeviceNotFound (policy.yaml:14:5) expires in 11 days, on 2027-01-31"
            ],
            exceptions: ["policy.yaml:14:5"], found: ["0123456789abcdef"])
        return report
    }()
}
