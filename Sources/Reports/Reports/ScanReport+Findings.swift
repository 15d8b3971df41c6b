import Checks
import GuestFacts
import LaunchChain
import Targets

extension ScanReport {
    /// How many targets are judged.
    var targetCount: Int { Set(guests.flatMap(\.verdicts).map(\.target)).count }

    /// The failing items that count, most severe first, in the order of the chain.
    var failures: [CheckItem] { allFailures.filter { $0.accepted == nil } }

    /// The failing items that a policy or a baseline accepts, in the same order.
    var acceptedFailures: [CheckItem] { allFailures.filter { $0.accepted != nil } }

    /// Those of them that a reader of a short form should see: all that ask for something, and what a policy names.
    var acceptedToTell: [CheckItem] {
        acceptedFailures.filter { item in
            item.accepted?.by == .policy
                || max(item.severity ?? .error, item.originalSeverity ?? .info) > .info
        }
    }

    private var allFailures: [CheckItem] {
        let order = Dictionary(
            uniqueKeysWithValues: LaunchLink.allCases.enumerated().map { ($0.element, $0.offset) })
        return allChecks.filter { $0.status == .fail }.enumerated().sorted { a, b in
            let (severityA, severityB) = (a.element.severity ?? .error, b.element.severity ?? .error)
            if severityA != severityB { return severityA > severityB }
            let (linkA, linkB) = (order[a.element.link] ?? 0, order[b.element.link] ?? 0)
            return linkA != linkB ? linkA < linkB : a.offset < b.offset
        }.map(\.element)
    }

    /// A reason why something is not known.
    struct Unknown {
        /// A layer, a path or an item.
        var place: String
        var message: String

        var text: String { "\(place): \(message)" }
    }

    /// Why something is not known: the gaps of the image, then what items say beyond them; each once.
    var unknowns: [Unknown] {
        var seen: Set<String> = []
        var unknowns: [Unknown] = []
        for gap in gaps {
            let unknown = Unknown(place: gap.where, message: gap.message)
            if seen.insert(unknown.text).inserted { unknowns.append(unknown) }
        }
        for item in allChecks where item.status == .unknown {
            let reasons = (item.gaps ?? []).filter { seen.insert($0).inserted }
            if !reasons.isEmpty {
                unknowns.append(Unknown(place: item.id, message: reasons.joined(separator: "; ")))
            }
        }
        return unknowns
    }
}

extension ScanReport.OperatingSystem {
    /// What people call it.
    var title: String { name ?? distribution ?? family }

    /// What it is, in a few words each.
    var summary: [String] {
        [
            title, architecture, bootMode.map(TextReport.firmwareName), kernelVersion.map { "kernel " + $0 },
            hostname.map { "host " + $0 },
        ].compactMap { $0 }
    }
}

extension LaunchLink {
    /// What people call a link. Windows has no initramfs: there the drivers that start with it are that link.
    func label(family: String) -> String {
        self == .initramfs && family == "windows" ? "drivers" : rawValue
    }
}

/// How a link of a launch is drawn.
enum LinkMark: String {
    /// `noted`: there is something to look at, but the launch does not stop there.
    case holds, noted, broken, unknown, notReached

    /// One character; none for a link that is not reached.
    var sign: String {
        switch self {
        case .holds: "✓"
        case .noted: "!"
        case .broken: "✗"
        case .unknown: "?"
        case .notReached: ""
        }
    }
}

extension LaunchVerdict {
    /// `nvme, uefi`.
    package var name: String { "\(disk.rawValue), \(firmware.rawValue)" }

    /// How a link of this launch is drawn. Findings of operation and hygiene break no chain, unless it stops there.
    func mark(of link: LinkState) -> LinkMark {
        switch link.state {
        case .holds: .holds
        case .broken:
            (link.name == .operation || link.name == .hygiene) && stopsAt?.link != link.name
                ? .noted : .broken
        case .unknown: .unknown
        case .notReached: .notReached
        }
    }

    /// Whether two launches go the same way, so that one chain says it for both.
    func isLike(_ other: LaunchVerdict) -> Bool {
        links == other.links && stopsAt == other.stopsAt && unknownBecause == other.unknownBecause
            && isAccepted == other.isAccepted
    }
}

extension Evidence {
    /// Where it stands, as people write it: `/etc/fstab:3`, `mbr:1 › ext4 @ 0x400`.
    var place: String? {
        if let path { return path + (line.map { ":\($0)" } ?? "") }
        guard let layer else { return nil }
        return layer + (offset.map { " @ 0x" + String($0, radix: 16) } ?? "")
    }
}

extension Fix {
    /// Where it is carried out and how risky it is, in words.
    var manner: String {
        let manner =
            switch kind {
            case .manual: "needs a decision"
            case .online: "in the running system"
            case .autoChroot: self.where == .online ? "in the running system" : "in a chroot of the image"
            case .autoHive: "in the image's registry"
            case .autoEdit: self.where == .online ? "in the running system" : "in the image"
            }
        return risk == .low ? manner : "\(manner), \(risk.rawValue) risk"
    }
}
