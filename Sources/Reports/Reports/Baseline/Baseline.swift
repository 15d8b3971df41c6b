import Checks
import LaunchChain

/// Findings that are known, so that only new ones fail a pipeline. A report form writes it, `--baseline` reads it;
/// it is sorted and holds nothing that changes from run to run, so that a repository shows what has changed.
public struct Baseline: Sendable, Hashable {
    /// What people call it: the last component of its path.
    public var name: String
    /// The findings, in order.
    public var findings: [Finding]

    /// A baseline of `findings`.
    public init(name: String = "baseline", findings: [Finding]) {
        self.name = name
        self.findings = findings.sorted()
    }

    /// One that is known.
    public struct Finding: Sendable, Hashable, Codable {
        /// The image: the last component of its path, the path below the directory of a batch, or a pattern (`*`).
        public var image: String
        /// The volume of the system's root; absent for the image itself.
        public var root: String?
        /// The id of the item.
        public var id: String
        /// The reason code.
        public var code: String
        /// The targets it is known at; absent for all.
        public var targets: [String]?
        /// The launches it is known on; absent for all.
        public var launches: [String]?
        /// The file or the layer, without versions.
        public var place: String?
        /// What stands there, without numbers.
        public var detail: String?
        /// How many of them; absent for one.
        public var count: Int?

        /// Makes a finding.
        public init(
            image: String, root: String? = nil, id: String, code: String, targets: [String]? = nil,
            launches: [String]? = nil, place: String? = nil, detail: String? = nil, count: Int? = nil
        ) {
            self.image = image
            self.root = root
            self.id = id
            self.code = code
            self.targets = targets
            self.launches = launches
            self.place = place
            self.detail = detail
            self.count = count
        }
    }
}

extension Baseline.Finding: Comparable {
    private var key: [String] {
        [image, root ?? "", id, code, place ?? "", detail ?? ""] + [(launches ?? []).joined(separator: ";")]
            + (targets ?? [])
    }

    /// By image, system, item and reason.
    public static func < (a: Self, b: Self) -> Bool { a.key.lexicographicallyPrecedes(b.key) }

    /// By what a report says that the finding was found again: 16 digits.
    package var fingerprint: String { SARIFText.fingerprint(key + ["\(count ?? 1)"]) }
}

extension Baseline {
    /// The failing results of a run but those that an exception accepts: the exception has an end, a baseline has
    /// none. Advice is among them, so that a form that tells new from known can say it of every finding.
    public init(_ results: ScanResults, name: String = "baseline") {
        var counts: [Finding: Int] = [:]
        for report in results.reports {
            let image = Baseline.name(of: report.image.path, below: results.directory)
            for (items, root) in report.itemsByRoot {
                for item in items where item.status == .fail && item.accepted?.by != .policy {
                    counts[Finding(item, image: image, root: root), default: 0] += 1
                }
            }
        }
        self.init(
            name: name,
            findings: counts.map { finding, count in
                var finding = finding
                if count > 1 { finding.count = count }
                return finding
            })
    }

    /// What a baseline calls an image.
    package static func name(of path: String, below directory: String?) -> String {
        guard let directory else { return FindingIdentity.name(ofImageAt: path) }
        let base = directory.hasSuffix("/") ? directory : directory + "/"
        return path.hasPrefix(base) ? String(path.dropFirst(base.count)) : path
    }
}

extension Baseline.Finding {
    /// What a baseline says of a failing result.
    package init(_ item: ScanReport.CheckItem, image: String, root: String?) {
        let identity = FindingIdentity(item, image: image, root: root)
        self.init(
            image: image, root: root, id: item.id, code: item.code ?? item.id,
            targets: item.targets?.sorted(),
            launches: item.launches?.sorted(), place: identity.steadyPlace, detail: identity.detail)
    }
}

extension ScanReport {
    /// The results with the root volume of the system that they are about; nil for the image itself.
    package var itemsByRoot: [(items: [CheckItem], root: String?)] {
        [(checks ?? [], nil)] + guests.map { ($0.checks, $0.root) }
    }
}
