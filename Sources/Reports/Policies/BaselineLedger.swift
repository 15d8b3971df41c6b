import Reports

/// A baseline sorted for looking findings up.
struct BaselineLedger: Sendable {
    private struct Key: Hashable, Sendable {
        /// The name of the image; nil for a pattern.
        var image: String?
        var id: String
        var code: String
        var root: String?
        var place: String?
        var detail: String?
    }

    private let findings: [Baseline.Finding]
    private let patterns: [NamePattern]
    private let numbers: [Key: [Int]]

    init(_ baseline: Baseline) {
        findings = baseline.findings
        patterns = findings.map { NamePattern($0.image) }
        numbers = Dictionary(grouping: findings.indices) { [findings, patterns] in
            BaselineLedger.key(
                findings[$0], image: patterns[$0].isLiteral ? findings[$0].image : nil)
        }
    }

    private static func key(_ finding: Baseline.Finding, image: String?) -> Key {
        Key(
            image: image, id: finding.id, code: finding.code, root: finding.root, place: finding.place,
            detail: finding.detail)
    }

    /// What is known of one image.
    func page(of image: String, below directory: String?) -> Page {
        Page(ledger: self, image: image, directory: directory)
    }

    /// How many findings about some of `images` and `targets` are not among those that were found.
    func count(
        missing found: Set<String>, in images: [String], below directory: String?, at targets: [String]
    ) -> Int {
        let names = Set(images.flatMap { NamePattern.names(of: $0, below: directory) })
        return findings.indices.count { number in
            let finding = findings[number]
            return !found.contains(finding.fingerprint)
                && finding.targets?.contains { targets.contains($0) } ?? true
                && (patterns[number].isLiteral
                    ? names.contains(finding.image)
                    : images.contains { patterns[number].fits($0, below: directory) })
        }
    }

    /// What is known of one image, and how much of it has been found again.
    struct Page {
        private let ledger: BaselineLedger
        private let image: String
        private let directory: String?
        private let names: [String]
        /// How often each was found at each target.
        private var uses: [Int: [String: Int]] = [:]

        fileprivate init(ledger: BaselineLedger, image: String, directory: String?) {
            self.ledger = ledger
            self.image = image
            self.directory = directory
            names = NamePattern.names(of: image, below: directory)
        }

        /// The fingerprints of what has been found again.
        var found: [String] { uses.keys.sorted().map { ledger.findings[$0].fingerprint } }

        /// Whether a failing result is known at all of `targets`; then it is taken off what is known.
        ///
        /// - Parameter targets: none when nothing was judged: then it is known at any.
        mutating func takes(_ item: ScanReport.CheckItem, root: String?, at targets: [String]) -> Bool {
            let wanted = Baseline.Finding(item, image: image, root: root)
            // A batch has thousands of images with the same findings: only the patterns are tried one by one.
            let own = names.flatMap { ledger.numbers[BaselineLedger.key(wanted, image: $0)] ?? [] }
            let shared = (ledger.numbers[BaselineLedger.key(wanted, image: nil)] ?? []).filter {
                ledger.patterns[$0].fits(image, below: directory)
            }
            let candidates = (own + shared).filter { isCovered(wanted, by: ledger.findings[$0]) }
            var taken: [(number: Int, target: String)] = []
            for target in targets.isEmpty ? [""] : targets {
                let number = candidates.first { number in
                    let finding = ledger.findings[number]
                    return finding.targets?.contains(target) ?? true
                        && uses[number]?[target] ?? 0 < max(1, finding.count ?? 1)
                }
                guard let number else { return false }
                taken.append((number, target))
            }
            for (number, target) in taken { uses[number, default: [:]][target, default: 0] += 1 }
            return true
        }

        private func isCovered(_ wanted: Baseline.Finding, by known: Baseline.Finding) -> Bool {
            guard let launches = known.launches else { return true }
            guard let own = wanted.launches else { return false }
            return Set(own).isSubset(of: launches)
        }
    }
}
