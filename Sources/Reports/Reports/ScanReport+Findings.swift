import Checks
import GuestFacts
import LaunchChain

extension ScanReport {
    /// The failing items, most severe first, in the order of the chain.
    var failed: [CheckItem] {
        let order = Dictionary(
            uniqueKeysWithValues: LaunchLink.allCases.enumerated().map { ($0.element, $0.offset) })
        return allChecks.filter { $0.status == .fail }.enumerated().sorted { a, b in
            let (severityA, severityB) = (a.element.severity ?? .error, b.element.severity ?? .error)
            if severityA != severityB { return severityA > severityB }
            let (linkA, linkB) = (order[a.element.link] ?? 0, order[b.element.link] ?? 0)
            return linkA != linkB ? linkA < linkB : a.offset < b.offset
        }.map(\.element)
    }

    /// Why something is not known: the gaps of the image, then what items say beyond them; each once.
    var reasonsUnknown: [String] {
        var seen: Set<String> = []
        var lines: [String] = []
        for gap in gaps where seen.insert("\(gap.where): \(gap.message)").inserted {
            lines.append("\(gap.where): \(gap.message)")
        }
        for item in allChecks where item.status == .unknown {
            let reasons = (item.gaps ?? []).filter { seen.insert($0).inserted }
            if !reasons.isEmpty { lines.append("\(item.id): \(reasons.joined(separator: "; "))") }
        }
        return lines
    }

    /// How many targets are judged.
    var targetCount: Int { Set(guests.flatMap(\.verdicts).map(\.target)).count }
}

extension ScanReport.Guest {
    /// What people call the system.
    var name: String { os.name ?? os.distribution ?? os.family }

    /// The target whose point of view a format takes that knows one only: the one named, when it was judged.
    func verdict(preferring target: String) -> TargetVerdict? {
        verdicts.first { $0.target == target } ?? verdicts.first
    }
}

extension Evidence {
    /// Where it stands, in one line: `/etc/fstab:3`, `mbr:1 › ext4 @ 0x100000`.
    var place: String? {
        if let path { return path + (line.map { ":\($0)" } ?? "") }
        guard let layer else { return nil }
        return layer + (offset.map { " @ 0x" + String($0, radix: 16) } ?? "")
    }
}

extension Fix {
    /// Where and how it is carried out, and at what risk: `in the image, medium risk`.
    var manner: String {
        let manner =
            switch kind {
            case .manual: "needs a decision"
            case .online: "in the running system"
            case .autoChroot: `where` == .online ? "in the running system" : "in a chroot of the image"
            case .autoHive: "in the image's registry"
            case .autoEdit: `where` == .online ? "in the running system" : "in the image"
            }
        return risk == .low ? manner : "\(manner), \(risk.rawValue) risk"
    }
}
