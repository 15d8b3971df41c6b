import Checks
import GuestFacts
import LaunchChain
import Reports
import Targets

/// Turns facts and judgements into the one report value that every output comes from.
struct ReportBuilder {
    let options: ScanOptions
    /// Seconds since 1970.
    let now: Int64

    /// The systems with their verdicts and results, and the results about an image without a system.
    func judge(_ scan: ScanFacts) -> (guests: [ScanReport.Guest], checks: [ScanReport.CheckItem]?) {
        guard !scan.systems.isEmpty else {
            return ([], items(options.targets.map { judgement(scan, nil, $0) }))
        }
        let guests = scan.systems.map { system in
            guest(system, options.targets.map { judgement(scan, system, $0) })
        }
        return (guests, nil)
    }

    private func judgement(_ scan: ScanFacts, _ system: GuestSystem?, _ target: Target) -> TargetJudgement {
        LaunchJudge().judge(
            scan: scan, system: system, target: target, narrowing: options.disk,
            firmware: options.firmware, only: options.only, skip: options.skip, now: now)
    }

    /// The systems alone, for `inspect`.
    func guests(_ scan: ScanFacts) -> [ScanReport.Guest] { scan.systems.map { guest($0, []) } }

    private func guest(_ system: GuestSystem, _ judgements: [TargetJudgement]) -> ScanReport.Guest {
        switch system {
        case .linux(let linux): guest(linux, judgements)
        case .windows(let windows): guest(windows, judgements)
        case .other(let other): guest(other, judgements)
        }
    }

    private func guest(_ linux: LinuxFacts, _ judgements: [TargetJudgement]) -> ScanReport.Guest {
        let identity = linux.identity
        let modes = linux.boot.firmwares.map(\.rawValue)
        let entry = linux.boot.bios.entry ?? linux.boot.uefi.entry
        let kernel = entry?.kernelPath.flatMap { linux.boot.kernels[$0]?.version }
        return ScanReport.Guest(
            os: ScanReport.OperatingSystem(
                family: "linux", distribution: identity.distribution, name: identity.name,
                version: identity.version, architecture: identity.architecture, kernelVersion: kernel,
                bootMode: modes.isEmpty ? nil : modes.joined(separator: "+"), hostname: identity.hostname),
            root: linux.rootVolume, verdicts: judgements.map(\.verdict), checks: items(judgements))
    }

    private func guest(_ windows: WindowsFacts, _ judgements: [TargetJudgement]) -> ScanReport.Guest {
        let identity = windows.identity
        let modes = windows.boot.firmwares.map(\.rawValue)
        return ScanReport.Guest(
            os: ScanReport.OperatingSystem(
                family: "windows", distribution: identity.edition, name: identity.name,
                version: identity.fullVersion, architecture: identity.architecture,
                kernelVersion: identity.fullVersion,
                bootMode: modes.isEmpty ? nil : modes.joined(separator: "+"),
                hostname: identity.computerName),
            root: windows.rootVolume, verdicts: judgements.map(\.verdict), checks: items(judgements))
    }

    private func guest(_ other: OtherSystem, _ judgements: [TargetJudgement]) -> ScanReport.Guest {
        ScanReport.Guest(
            os: ScanReport.OperatingSystem(family: other.family, name: other.name), root: other.root,
            verdicts: judgements.map(\.verdict), checks: items(judgements))
    }

    // MARK: Results

    /// The results of all targets in the order of the registry. What is the same for every target is said once;
    /// what is not names its targets.
    private func items(_ judgements: [TargetJudgement]) -> [ScanReport.CheckItem] {
        var merged: [(item: ScanReport.CheckItem, targets: [String])] = []
        var positions: [ScanReport.CheckItem: Int] = [:]
        let count = judgements.map(\.results.count).max() ?? 0
        for index in 0..<count {
            for judgement in judgements where index < judgement.results.count {
                let (metadata, outcome) = judgement.results[index]
                for item in items(metadata, outcome) {
                    if let position = positions[item] {
                        merged[position].targets.append(judgement.verdict.target)
                    } else {
                        positions[item] = merged.count
                        merged.append((item, [judgement.verdict.target]))
                    }
                }
            }
        }
        return merged.map { item, targets in
            var item = item
            let isOpinion = item.status == .fail || item.status == .unknown
            if targets.count < judgements.count || isOpinion { item.targets = targets }
            return item
        }
    }

    private func items(_ metadata: CheckMetadata, _ outcome: CheckOutcome) -> [ScanReport.CheckItem] {
        let base = ScanReport.CheckItem(
            id: metadata.id, title: metadata.title, link: metadata.link, status: outcome.status,
            value: outcome.value.flatMap { $0.isEmpty ? nil : $0 })
        guard outcome.status == .fail || outcome.status == .unknown else {
            var item = base
            item.message = outcome.message
            item.evidence = outcome.evidence.isEmpty ? nil : outcome.evidence
            return [item]
        }
        var items = outcome.findings.map { finding in
            var item = base
            item.link = finding.link ?? metadata.link
            item.severity = finding.severity
            item.code = finding.code
            item.message = finding.message
            item.launches = finding.launches?.map(\.description)
            item.evidence = finding.evidence.isEmpty ? nil : finding.evidence
            item.fixes = finding.fixes.isEmpty ? nil : finding.fixes
            return item
        }
        if !outcome.questions.isEmpty {
            var item = base
            item.status = .unknown
            item.gaps = outcome.questions.map { question in
                question.launches.map { launches in
                    "\(question.message) (\(launches.map(\.description).joined(separator: "; ")))"
                } ?? question.message
            }
            items.append(item)
        }
        return items
    }
}
