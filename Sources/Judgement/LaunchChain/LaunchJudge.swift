package import Checks
package import GuestFacts
package import Targets

/// What one target makes of one system: the verdict, and what every check item says.
package struct TargetJudgement: Sendable {
    package var verdict: TargetVerdict
    /// In the order of the registry, with severities as they count for this target.
    package var results: [(metadata: CheckMetadata, outcome: CheckOutcome)]
    /// The launches that were judged.
    package var launches: [Launch]
}

/// Runs the checks against a target and joins what they say into a verdict for every launch.
///
/// How the three answers of a launch come about:
/// - `boots` is no when something stops the boot, unknown when something that could not be decided might stop
///   it.
/// - `reachable` is no when it does not boot or a finding leaves nobody a way in.
/// - `ready` is no when it does not boot, when first-boot customisation fails, and when the guest has no
///   network at a target that hands its first-boot data out over the network. A guest whose network works and
///   whose SSH server does not can still be ready: the data arrive, and the mend may come with them.
///
/// The launch stops at the first link that stops the boot; a guest that boots stops, for the person who wants
/// to use it, at the first link that makes it unreachable.
package struct LaunchJudge: Sendable {
    private let checks: [any Check.Type]

    package init(checks: [any Check.Type] = CheckRegistry.all) { self.checks = checks }

    /// Judges one system of an image, or the image itself when `system` is nil.
    ///
    /// The verdict always comes from all checks; `only` and `skip` (ids or aliases, in any case) choose which
    /// results are handed back.
    /// - Parameters:
    ///   - disk: this bus only, also one that the target offers on request.
    ///   - firmware: this firmware only, whatever the image is made for.
    ///   - now: seconds since 1970.
    package func judge(
        scan: ScanFacts, system: GuestSystem?, target: Target,
        narrowing disk: DiskBus? = nil, firmware: FirmwareKind? = nil, only: Set<String> = [],
        skip: Set<String> = [], now: Int64
    ) -> TargetJudgement {
        let launches = LaunchJudge.launches(of: system, target: target, disk: disk, firmware: firmware)
        let context = CheckContext(
            image: scan.image, system: system, systemCount: scan.systems.count, target: target,
            launches: launches, now: now)
        let results = checks.map { check in
            let metadata = check.metadata
            var outcome = check.evaluate(context)
            for index in outcome.findings.indices {
                outcome.findings[index].severity = LaunchJudge.severity(
                    of: outcome.findings[index], in: metadata, launches: launches, target: target)
            }
            return (metadata: metadata, outcome: outcome)
        }
        let verdicts = launches.map { launch in
            LaunchReview(results, launch: launch, target: target).verdict
        }
        let verdict = TargetVerdict(
            target: target.id, boots: LaunchJudge.join(verdicts.map(\.boots)),
            reachable: LaunchJudge.join(verdicts.map(\.reachable)),
            ready: LaunchJudge.join(verdicts.map(\.ready)),
            register: LaunchJudge.registration(verdicts, system: system, target: target), launches: verdicts)
        let asked = results.filter { result in
            let names = [result.metadata.id] + result.metadata.aliases
            return (only.isEmpty || LaunchJudge.names(names, areIn: only))
                && !LaunchJudge.names(names, areIn: skip)
        }
        return TargetJudgement(verdict: verdict, results: asked, launches: launches)
    }

    /// The launches of a target: its disks, or the one asked for, by the firmware the image is made for.
    package static func launches(
        of system: GuestSystem?, target: Target, disk: DiskBus?, firmware: FirmwareKind?
    ) -> [Launch] {
        let disks = disk.map { [$0] } ?? target.hardware.disks
        var firmwares = offered(by: target, to: system)
        if let firmware {
            firmwares = [firmware]
        } else if let made = system?.firmwares?.map(\.rawValue) {
            let both = firmwares.filter { made.contains($0.rawValue) }
            if !both.isEmpty { firmwares = both }
        }
        let pairs = firmwares.flatMap { firmware in disks.map { Launch(disk: $0, firmware: firmware) } }
        let offered = pairs.filter(target.hardware.offers)
        // What was asked for is judged, also where no machine is like that.
        return offered.isEmpty ? pairs : offered
    }

    /// What a finding weighs at this target. One that stops every launch, or leaves nobody a way into any, is
    /// an error; one that does so on some launches only is a warning, unless the check holds on to its
    /// severity. What the target itself says about the code or the item goes first.
    package static func severity(
        of finding: Finding, in metadata: CheckMetadata, launches: [Launch], target: Target
    ) -> Severity {
        let own = target.rules.severities[finding.code] ?? target.rules.severities[metadata.id]
        if let own, let severity = Severity(rawValue: own) { return severity }
        guard finding.consequence == .stopsBoot || finding.consequence == .unreachable else {
            return finding.severity
        }
        guard let some = finding.launches, !Set(launches).isSubset(of: some) else {
            return max(finding.severity, .error)
        }
        return finding.fixedSeverity ? finding.severity : min(finding.severity, .warning)
    }

    private static func offered(by target: Target, to system: GuestSystem?) -> [FirmwareKind] {
        let architecture = system?.architecture ?? "x86_64"
        return target.hardware.firmware[architecture] ?? target.hardware.firmware["x86_64"]
            ?? FirmwareKind.allCases
    }

    private static func names(_ names: [String], areIn asked: Set<String>) -> Bool {
        let lowercased = Set(asked.map { $0.lowercased() })
        return names.contains { lowercased.contains($0.lowercased()) }
    }

    private static func join(_ answers: [Answer]) -> TargetVerdict.Answer {
        let all = Set(answers)
        if all.contains(.yes), all.contains(.no) { return .partly }
        if all.isEmpty || all.contains(.unknown) { return .unknown }
        return all.contains(.yes) ? .yes : .no
    }

    /// The firmware to register, where there is a choice: the one under which the image does best.
    private static func registration(
        _ verdicts: [LaunchVerdict], system: GuestSystem?, target: Target
    ) -> TargetVerdict.Registration? {
        guard let made = system?.firmwares, offered(by: target, to: system).count > 1, !made.isEmpty else {
            return nil
        }
        func worth(_ answer: Answer) -> Int { answer == .yes ? 2 : answer == .unknown ? 1 : 0 }
        var best: (firmware: FirmwareKind, worth: Int)?
        for firmware in FirmwareKind.allCases {
            let own = verdicts.filter { $0.firmware == firmware }
            guard !own.isEmpty else { continue }
            let sum = own.reduce(0) { sum, verdict in
                sum + 100 * worth(verdict.boots) + 10 * worth(verdict.reachable) + worth(verdict.ready)
            }
            if sum > best?.worth ?? -1 { best = (firmware, sum) }
        }
        return best.map { TargetVerdict.Registration(firmware: $0.firmware.rawValue) }
    }
}
