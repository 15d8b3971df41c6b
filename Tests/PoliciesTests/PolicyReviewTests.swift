import Checks
import GuestFacts
import LaunchChain
import Reports
import Targets
import TestSupport
import Testing

@testable import Policies

/// What a policy and a baseline make of a report, on a day.
struct PolicyReviewTests {
    static let fstab = finding("GUESTOS.Fstab", "Fstab.DeviceNotFound", .error, .`init`, "/etc/fstab")
    static let nvme = finding(
        "GUESTOS.Nvme", "Nvme.NotInInitramfs", .warning, .initramfs, "/boot/initrd.img-6.1.0-50")

    static func finding(
        _ id: String, _ code: String, _ severity: Severity, _ link: LaunchLink, _ path: String,
        at targets: [String] = ["kvm"], on launches: [String]? = nil, excerpt: String? = nil
    ) -> ScanReport.CheckItem {
        ScanReport.CheckItem(
            id: id, title: id, link: link, status: .fail, severity: severity, code: code, targets: targets,
            launches: launches, message: "\(code) at \(path)",
            evidence: [Evidence(path: path, line: 3, excerpt: excerpt)])
    }

    static func stop(_ item: ScanReport.CheckItem) -> LaunchVerdict.Stop {
        LaunchVerdict.Stop(link: item.link, code: item.code ?? "", message: item.message ?? "")
    }

    /// A report of one system at targets, where `stops` stop each launch.
    static func report(
        _ checks: [ScanReport.CheckItem], stops: [ScanReport.CheckItem] = [], at targets: [String] = ["kvm"],
        path: String = "/images/web-1.qcow2"
    ) -> ScanReport {
        let answer: GuestFacts.Answer = stops.isEmpty ? .yes : .no
        let launch = LaunchVerdict(
            disk: .virtioBlk, firmware: .bios, boots: answer, reachable: answer, ready: answer,
            stopsAt: stops.first.map(stop), unknownBecause: nil, links: [],
            alsoStopsAt: stops.count > 1 ? stops.dropFirst().map(stop) : nil)
        let overall: TargetVerdict.Answer = stops.isEmpty ? .yes : .no
        return ScanReport(
            tool: ScanReport.Tool(name: "imagecheck", version: "0.1.0"),
            image: ScanReport.Image(
                path: path, format: "qcow2", virtualSize: 1, fileSize: 1, backing: nil, layers: []),
            guests: [
                ScanReport.Guest(
                    os: ScanReport.OperatingSystem(family: "linux"), root: "mbr:1",
                    verdicts: targets.map {
                        TargetVerdict(
                            target: $0, boots: overall, reachable: overall, ready: overall, register: nil,
                            launches: [launch])
                    }, checks: checks)
            ], checks: nil, gaps: [], coverage: ScanReport.Coverage(checksRun: checks.count, unknown: 0),
            cost: ScanReport.Cost(seconds: 0, bytesRead: 0, reads: 0, peakMemory: 0))
    }

    static func day(_ text: String) throws -> CalendarDay { try CalendarDay(reading: text) }

    /// A review by a policy whose rules are `lines`.
    static func review(
        _ lines: String, baseline: Baseline? = nil, directory: String? = nil
    ) throws -> PolicyReview {
        let policy = try PolicyReaderTests.read("version: 1\n" + lines)
        return PolicyReview(policy: policy, baseline: baseline, directory: directory)
    }

    static func exception(_ subject: String, _ more: String = "", expires: String = "2027-01-31") -> String {
        "exceptions:\n  - {\(subject), \(more)reason: because, expires: \(expires)}\n"
    }

    // MARK: Exceptions

    @Test func whatIsTrueStays() throws {
        let before = Self.report([Self.fstab, Self.nvme], stops: [Self.fstab])
        let after = try Self.review(Self.exception("code: Fstab.DeviceNotFound")).review(
            before, on: Self.day("2027-01-31"))
        let acceptance = Acceptance(
            by: .policy, reason: "because", expires: "2027-01-31", source: "policy.yaml:3:5")
        var expected = before
        expected.guests[0].checks[0].accepted = acceptance
        expected.guests[0].verdicts[0].launches[0].stopsAt?.accepted = acceptance
        expected.policy = ScanReport.PolicyUse(
            date: "2027-01-31", policy: "policy.yaml",
            notes: ["the exception for Fstab.DeviceNotFound (policy.yaml:3:5) expires today"],
            exceptions: ["policy.yaml:3:5"])
        #expect(after == expected)
        #expect(Gate(.error).verifies(before) == .failing && Gate(.error).verifies(after) == .good)
    }

    @Test func anExpiredExceptionCountsNoMore() throws {
        let review = try Self.review(Self.exception("code: Fstab.DeviceNotFound"))
        let report = review.review(
            Self.report([Self.fstab], stops: [Self.fstab]), on: try Self.day("2027-02-01"))
        #expect(report.guests[0].checks[0].accepted == nil)
        #expect(report.guests[0].verdicts[0].launches[0].stopsAt?.accepted == nil)
        #expect(Gate(.error).verifies(report) == .failing)
        let note = "the exception for Fstab.DeviceNotFound (policy.yaml:3:5) expired on 2027-01-31"
        #expect(report.policy?.notes == [note])
        let looks = [PolicyReview.Look(image: report.image.path, use: report.policy)]
        #expect(review.notices(looks, targets: ["kvm"], on: try Self.day("2027-02-01")) == [note])
    }

    @Test(arguments: [
        ("code: Fstab.DeviceNotFound", true), ("item: GUESTOS.Fstab", true), ("code: Fstab.Syntax", false),
        ("item: GUESTOS.Nvme", false), ("code: Fstab.DeviceNotFound, targets: kvm", true),
        ("code: Fstab.DeviceNotFound, targets: [gcp, azure]", false),
        ("code: Fstab.DeviceNotFound, images: 'web-*'", true),
        ("code: Fstab.DeviceNotFound, images: [db-1.qcow2, web-1.qcow2]", true),
        ("code: Fstab.DeviceNotFound, images: 'web-?'", false),
        ("code: Fstab.DeviceNotFound, images: '/images/*'", true),
        ("code: Fstab.DeviceNotFound, targets: kvm, images: '/other/*'", false),
    ])
    func whatAnExceptionCovers(_ subject: String, _ isCovered: Bool) throws {
        let report = try Self.review(Self.exception(subject)).review(
            Self.report([Self.fstab]), on: Self.day("2026-11-26"))
        #expect((report.guests[0].checks[0].accepted != nil) == isCovered)
        #expect((report.policy?.exceptions != nil) == isCovered)
    }

    @Test func theLongestOfSeveralCounts() throws {
        let text = """
            exceptions:
              - {code: Fstab.DeviceNotFound, reason: short, expires: 2027-01-01}
              - {item: GUESTOS.Fstab, reason: long, expires: 2027-06-01}
              - {item: GUESTOS.Fstab, reason: over, expires: 2026-01-01}
            """
        let report = try Self.review(text).review(Self.report([Self.fstab]), on: Self.day("2026-11-26"))
        #expect(report.guests[0].checks[0].accepted?.reason == "long")
        #expect(report.policy?.exceptions?.count == 3)
    }

    /// Accepted at one target and not at another: the finding is told for each.
    @Test func aFindingOfSeveralTargetsIsParted() throws {
        var item = Self.fstab
        item.targets = ["kvm", "gcp", "azure"]
        let report = try Self.review(Self.exception("code: Fstab.DeviceNotFound, targets: gcp")).review(
            Self.report([item], stops: [item], at: ["kvm", "gcp", "azure"]), on: Self.day("2026-11-26"))
        let checks = report.guests[0].checks
        #expect(checks.map(\.targets) == [["kvm", "azure"], ["gcp"]])
        #expect(checks.map { $0.accepted != nil } == [false, true])
        let stops = report.guests[0].verdicts.map { $0.launches[0].stopsAt?.accepted != nil }
        #expect(stops == [false, true, false])
        #expect(Gate(.error).verifies(report) == .failing)
    }

    /// Two findings with the same words: one that is accepted does not take the other along.
    @Test func ofTwinsBothHaveToBeAccepted() throws {
        var twin = Self.fstab
        twin.evidence = [Evidence(path: "/etc/fstab", line: 9, excerpt: "other")]
        let known = Baseline(
            ScanResults([Self.report([Self.fstab])], time: 0), name: "known.json")
        let report = PolicyReview(policy: nil, baseline: known).review(
            Self.report([Self.fstab, twin], stops: [Self.fstab]), on: try Self.day("2026-11-26"))
        #expect(report.guests[0].checks.map { $0.accepted != nil } == [true, false])
        #expect(report.guests[0].verdicts[0].launches[0].stopsAt?.accepted == nil)
        #expect(Gate(.error).verifies(report) == .failing)
    }

    @Test func everyStopHasToBeAccepted() throws {
        let text = Self.exception("code: Fstab.DeviceNotFound")
        let before = Self.report([Self.fstab, Self.nvme], stops: [Self.nvme, Self.fstab])
        let one = try Self.review(text).review(before, on: Self.day("2026-11-26"))
        #expect(one.guests[0].verdicts[0].launches[0].alsoStopsAt?.first?.accepted != nil)
        #expect(Gate(.error).verifies(one) == .failing)
        let both = try Self.review(text + "  - {item: GUESTOS.Nvme, reason: r, expires: 2027-01-01}\n")
            .review(before, on: Self.day("2026-11-26"))
        #expect(Gate(.error).verifies(both) == .good)
    }

    /// What is not known is never accepted, and neither is a pass.
    @Test func onlyFailsAreAccepted() throws {
        var open = Self.fstab
        (open.status, open.severity, open.code) = (.unknown, nil, nil)
        var pass = open
        pass.status = .pass
        let report = try Self.review(Self.exception("item: GUESTOS.Fstab")).review(
            Self.report([open, pass]), on: Self.day("2026-11-26"))
        #expect(report.guests[0].checks == [open, pass])
    }

    @Test func anImageWithoutASystem() throws {
        var before = Self.report([])
        before.guests = []
        before.checks = [
            Self.finding("GUESTOS.SystemImage", "SystemImage.DataDisk", .error, .container, "x")
        ]
        before.checks?[0].targets = nil
        let day = try Self.day("2026-11-26")
        let after = try Self.review(Self.exception("code: SystemImage.DataDisk")).review(before, on: day)
        #expect(after.checks?[0].accepted != nil)
        // An image without a system has no verdict that could pass.
        #expect(Gate(.error).verifies(after) == .unknown)
        let known = Baseline(ScanResults([before], time: 0))
        #expect(PolicyReview(policy: nil, baseline: known).review(before, on: day).checks?[0].known == true)
    }

    // MARK: Weights

    @Test func weights() throws {
        let text = """
            severities:
              GUESTOS.Fstab: info
              Fstab.DeviceNotFound: warning
              GUESTOS.Nvme: warning
            """
        var other = Self.fstab
        other.code = "Fstab.Syntax"
        let report = try Self.review(text).review(
            Self.report([Self.fstab, other, Self.nvme], stops: [Self.fstab]), on: Self.day("2026-11-26"))
        let checks = report.guests[0].checks
        #expect(checks.map(\.severity) == [.warning, .info, .warning])
        #expect(checks.map(\.originalSeverity) == [.error, .error, nil])
        #expect(checks.allSatisfy { $0.accepted == nil })
        #expect(report.guests[0].verdicts[0].boots == .no)
        #expect(Gate(.error).verifies(report) == .failing)
    }

    // MARK: Baseline

    private func known(_ report: ScanReport) -> Baseline {
        Baseline(ScanResults([report], time: 0), name: "known.json")
    }

    @Test func onlyNewFindingsFail() throws {
        let before = Self.report([Self.nvme])
        let review = PolicyReview(policy: nil, baseline: known(before))
        let day = try Self.day("2026-11-26")
        let same = review.review(before, on: day)
        #expect(same.guests[0].checks[0].accepted == Acceptance(by: .baseline, source: "known.json"))
        #expect(same.guests[0].checks[0].known == true)
        #expect(Gate(.warning).outcome(of: same) == .good)
        let more = review.review(Self.report([Self.nvme, Self.fstab]), on: day)
        #expect(more.guests[0].checks.map(\.known) == [true, false])
        #expect(Gate(.warning).outcome(of: more) == .failing)
        #expect(more.policy?.found?.count == 1 && more.policy?.exceptions == nil)
    }

    /// What differs makes a finding new; what changes from build to build does not.
    @Test func whatIsTheSame() throws {
        var item = Self.finding(
            "GUESTOS.Fstab", "Fstab.DeviceNotFound", .error, .`init`, "/etc/fstab", at: ["kvm", "gcp"],
            on: ["nvme, bios"], excerpt: "UUID=11 /data ext4")
        let review = PolicyReview(policy: nil, baseline: known(Self.report([item])))
        func isKnown(_ change: (inout ScanReport.CheckItem, inout ScanReport) -> Void) throws -> Bool {
            var report = Self.report([item])
            var changed = item
            change(&changed, &report)
            report.guests[0].checks = [changed]
            return review.review(report, on: try Self.day("2026-11-26")).guests[0].checks.allSatisfy {
                $0.known == true
            }
        }
        #expect(try isKnown { _, _ in })
        #expect(try isKnown { item, _ in item.evidence?[0].line = 99 })
        #expect(try isKnown { item, _ in item.evidence?[0].excerpt = "UUID=22 /data ext4" })
        #expect(try isKnown { item, _ in item.message = "in other words" })
        #expect(try isKnown { item, _ in item.severity = .warning })
        #expect(try isKnown { item, _ in item.targets = ["gcp"] })
        #expect(try isKnown { _, report in report.image.path = "elsewhere/web-1.qcow2" })
        #expect(try !isKnown { item, _ in item.evidence?[0].excerpt = "UUID=22 /srv ext4" })
        #expect(try !isKnown { item, _ in item.evidence?[0].path = "/etc/crypttab" })
        #expect(try !isKnown { item, _ in item.code = "Fstab.Syntax" })
        #expect(try !isKnown { item, _ in item.targets = ["gcp", "azure"] })
        #expect(try !isKnown { item, _ in item.launches = nil })
        #expect(try !isKnown { item, _ in item.launches = ["nvme, bios", "nvme, uefi"] })
        #expect(try !isKnown { _, report in report.guests[0].root = "mbr:2" })
        #expect(try !isKnown { _, report in report.image.path = "web-2.qcow2" })
        // A finding on all launches is known on some.
        item.launches = nil
        let all = PolicyReview(policy: nil, baseline: known(Self.report([item])))
        item.launches = ["nvme, bios"]
        let report = all.review(Self.report([item]), on: try Self.day("2026-11-26"))
        #expect(report.guests[0].checks[0].known == true)
    }

    /// Two were known; the third is new.
    @Test func asManyAsAreKnown() throws {
        let review = PolicyReview(
            policy: nil, baseline: known(Self.report([Self.fstab, Self.fstab])))
        let report = review.review(
            Self.report([Self.fstab, Self.fstab, Self.fstab]), on: try Self.day("2026-11-26"))
        #expect(report.guests[0].checks.map(\.known) == [true, true, false])
    }

    @Test func aPatternIsForMany() throws {
        var baseline = known(Self.report([Self.fstab]))
        baseline.findings[0].image = "*"
        let review = PolicyReview(policy: nil, baseline: baseline)
        for path in ["a.raw", "/x/y/b.qcow2"] {
            let report = review.review(Self.report([Self.fstab], path: path), on: try Self.day("2026-11-26"))
            #expect(report.guests[0].checks[0].known == true)
        }
    }

    /// In a batch an image is its path below the directory.
    @Test func imagesOfABatch() throws {
        let path = "/images/sub/web-1.qcow2"
        let baseline = Baseline(
            ScanResults([Self.report([Self.fstab], path: path)], time: 0, directory: "/images"))
        let review = PolicyReview(policy: nil, baseline: baseline, directory: "/images")
        func isKnown(_ path: String) throws -> Bool? {
            review.review(Self.report([Self.fstab], path: path), on: try Self.day("2026-11-26"))
                .guests[0].checks[0].known
        }
        #expect(try isKnown(path) == true)
        #expect(try isKnown("/images/other/web-1.qcow2") == false)
    }

    /// An exception says more than the baseline, and goes first; when it ends, the baseline still knows.
    @Test func policyAndBaseline() throws {
        let review = try Self.review(
            Self.exception("code: Fstab.DeviceNotFound"), baseline: known(Self.report([Self.fstab])))
        let before = review.review(Self.report([Self.fstab]), on: try Self.day("2027-01-31"))
        #expect(before.guests[0].checks[0].accepted?.by == .policy)
        #expect(before.guests[0].checks[0].known == true)
        let after = review.review(Self.report([Self.fstab]), on: try Self.day("2027-02-01"))
        #expect(after.guests[0].checks[0].accepted?.by == .baseline)
    }

    // MARK: What a run is told

    private func notices(
        _ review: PolicyReview, _ reports: [ScanReport], on day: String = "2026-11-26",
        at targets: [String] = ["kvm"],
        isWhole: Bool = true
    ) throws -> [String] {
        let day = try Self.day(day)
        let looks = reports.map { report in
            PolicyReview.Look(image: report.image.path, use: review.review(report, on: day).policy)
        }
        return review.notices(looks, targets: targets, on: day, isWhole: isWhole)
    }

    @Test func soonOver() throws {
        let review = try Self.review(Self.exception("code: Fstab.DeviceNotFound"))
        let reports = [Self.report([Self.fstab])]
        #expect(try notices(review, reports, on: "2027-01-16") == [])
        #expect(
            try notices(review, reports, on: "2027-01-17") == [
                "the exception for Fstab.DeviceNotFound (policy.yaml:3:5) expires in 14 days, on 2027-01-31"
            ])
        #expect(
            try notices(review, reports, on: "2027-01-30")[0].hasSuffix("expires in 1 day, on 2027-01-31"))
        #expect(try notices(review, reports, on: "2027-01-31")[0].hasSuffix("expires today"))
    }

    /// Of what the run was about, and not when a part was not looked at.
    @Test func whatFitsNothing() throws {
        let review = try Self.review(Self.exception("code: Ssh.Disabled, images: 'web-*', targets: kvm"))
        let reports = [Self.report([Self.fstab]), Self.report([Self.fstab], path: "b.raw")]
        let fitsNothing = ["the exception for Ssh.Disabled (policy.yaml:3:5) fits no finding"]
        #expect(try notices(review, reports) == fitsNothing)
        #expect(try notices(review, reports, isWhole: false) == [])
        #expect(try notices(review, Array(reports.dropFirst())) == [])
        #expect(try notices(review, reports, at: ["gcp"]) == [])
        let fits = Self.finding("GUESTOS.Ssh", "Ssh.Disabled", .error, .access, "/x")
        #expect(try notices(review, [Self.report([fits])]) == [])
    }

    @Test func whatIsGone() throws {
        let review = PolicyReview(policy: nil, baseline: known(Self.report([Self.fstab, Self.nvme])))
        #expect(try notices(review, [Self.report([Self.fstab, Self.nvme])]) == [])
        #expect(
            try notices(review, [Self.report([Self.fstab])]) == [
                "1 known finding of known.json is gone; write the baseline anew"
            ])
        #expect(
            try notices(review, [Self.report([])])[0].hasPrefix("2 known findings of known.json are gone"))
        #expect(try notices(review, [Self.report([], path: "other.raw")]) == [])
        #expect(try notices(review, [Self.report([])], at: ["gcp"]) == [])
    }

    /// What decides about answers that are remembered: the rules, and which exceptions count.
    @Test func theQuestion() throws {
        let text = Self.exception("code: Ssh.Disabled")
        let today = try Self.day("2027-01-31")
        let tomorrow = try Self.day("2027-02-01")
        let question = try Self.review(text).question(on: today)
        #expect(try Self.review(text).question(on: today) == question)
        #expect(try Self.review(text).question(on: Self.day("2026-11-26")) == question)
        #expect(try Self.review(text).question(on: tomorrow) != question)
        #expect(
            try Self.review(Self.exception("code: Ssh.Disabled, images: a")).question(on: today) != question)
        #expect(try Self.review(text + "severities: {COMPLIANCE.Ssh: info}").question(on: today) != question)
        let baseline = known(Self.report([Self.fstab]))
        #expect(try Self.review(text, baseline: baseline).question(on: today) != question)
        #expect(PolicyReview(policy: nil, baseline: nil).question(on: today) == "")
    }

    @Test func withoutBothNothingChanges() throws {
        let report = Self.report([Self.fstab], stops: [Self.fstab])
        #expect(
            PolicyReview(policy: nil, baseline: nil).review(report, on: try Self.day("2026-11-26")) == report)
    }
}

struct PolicyTextTests {
    @Test func inWords() throws {
        let policy = try PolicyReaderTests.read(Snapshot.file("docs/policy.example.yaml"))
        for (name, day) in [("in-force", "2026-11-26"), ("soon", "2027-01-25"), ("expired", "2027-02-01")] {
            let text = PolicyText.text(of: policy, on: try CalendarDay(reading: day), style: TextStyle())
            #expect(try Snapshot.difference(text, from: "Policies/\(name).txt") == nil)
        }
    }
}
