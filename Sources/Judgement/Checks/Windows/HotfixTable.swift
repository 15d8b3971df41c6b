import GuestFacts

/// Updates with published trouble on clouds, as data.
///
/// Sources: ECS, image check item GUESTOS.Hotfix (the numbers); Microsoft, release history of each product and
/// known issues of January and June 2022 (builds and effects). Read 2026-11. The revision of KB5009624 is not
/// confirmed; it is found by its number first.
enum HotfixTable {
    /// What a bad update does.
    enum Effect: Sendable {
        /// Domain controllers restart without end, virtual machines do not start under Hyper-V.
        case domainControllers
        /// Servers that route or translate addresses lose connections.
        case routing

        var text: String {
            switch self {
            case .domainControllers:
                "lets domain controllers restart again and again, and Hyper-V start no virtual machines"
            case .routing: "lets servers with routing and remote access lose connections"
            }
        }
    }

    struct Bad: Sendable {
        var article: Int
        var month: String
        /// The build it belongs to.
        var build: Int
        /// The revision it brings; nil for an update that is not cumulative.
        var revision: Int?
        /// Later updates that put it right, besides any later rollup.
        var corrections: [Int] = []
        var effect: Effect
    }

    static let bad: [Bad] = [
        Bad(
            article: 5_009_546, month: "January 2022", build: 14393, revision: 4886,
            effect: .domainControllers),
        Bad(
            article: 5_009_557, month: "January 2022", build: 17763, revision: 2452,
            effect: .domainControllers),
        Bad(
            article: 5_009_555, month: "January 2022", build: 20348, revision: 469, effect: .domainControllers
        ),
        Bad(
            article: 5_009_624, month: "January 2022", build: 9600, revision: 20246, corrections: [5_010_794],
            effect: .domainControllers),
        Bad(
            article: 5_009_595, month: "January 2022", build: 9600, corrections: [5_010_794],
            effect: .domainControllers),
        Bad(article: 5_014_702, month: "June 2022", build: 14393, revision: 5192, effect: .routing),
        Bad(article: 5_014_692, month: "June 2022", build: 17763, revision: 3046, effect: .routing),
        Bad(article: 5_014_678, month: "June 2022", build: 20348, revision: 768, effect: .routing),
        Bad(article: 5_014_738, month: "June 2022", build: 9600, revision: 20402, effect: .routing),
    ]

    /// The bad update that a system is at, with where it shows. From Windows 10 on updates are cumulative and
    /// their keys carry no number: a system is at the update whose revision it has, and at no earlier one.
    static func bad(in identity: WindowsIdentity, packages: [WindowsPackage]) -> [(Bad, Evidence)] {
        guard let build = identity.build else { return [] }
        return bad.filter { $0.build == build }.compactMap { bad in
            if (identity.generation ?? .ten) >= .ten {
                guard identity.revision == bad.revision else { return nil }
                return (
                    bad,
                    Evidence(
                        path: #"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"#,
                        excerpt: "CurrentBuildNumber = \(build), UBR = \(identity.revision ?? 0)")
                )
            }
            let installed = packages.filter(\.isInstalled)
            let own = installed.first { package in
                package.articles.contains(bad.article)
                    || package.isRollup && bad.revision != nil
                        && package.version.prefix(2).elementsEqual([build, bad.revision ?? 0])
            }
            guard let own, !isCorrected(bad, by: installed, identity.revision) else { return nil }
            return (bad, own.evidence)
        }
    }

    private static func isCorrected(_ bad: Bad, by installed: [WindowsPackage], _ current: Int?) -> Bool {
        // The security-only update of a month has the revision of no rollup: one of a later month corrects it.
        let revision =
            bad.revision ?? HotfixTable.bad.first { $0.build == bad.build && $0.month == bad.month }?.revision
        if let revision, let current, current > revision { return true }
        return installed.contains { package in
            if !bad.corrections.allSatisfy({ !package.articles.contains($0) }) { return true }
            guard package.isRollup, let revision, package.version.count >= 2 else { return false }
            return package.version[0] == bad.build && package.version[1] > revision
        }
    }

    // MARK: Signatures with SHA-256

    /// Updates of 7601 that bring it. The convenience rollup holds the first of them; so does every monthly rollup,
    /// of which the first came in October 2016.
    static let sha2: Set<Int> = [3_033_929, 4_474_419, 3_125_574]

    /// Versions of `ci.dll` from which on it checks them: of the general branch, and of the other one, whose
    /// numbers start at 22000.
    static let sha2Revisions = (general: 18741, limited: 22948)

    /// Whether Windows 7 and Server 2008 R2 check signatures with SHA-256, with what says so; nil when nothing
    /// does.
    static func sha2(in setup: WindowsSetupFacts, packages: [WindowsPackage]) -> Evidence? {
        let package = packages.first { package in
            // Superseded means that what came later holds it.
            let counts = package.isInstalled || package.state == .superseded
            return counts && (package.isRollup || !sha2.isDisjoint(with: package.articles))
        }
        if let package { return package.evidence }
        guard let program = setup.codeIntegrity, program.state == .good, let version = program.version else {
            return nil
        }
        let numbers = version.split(separator: ".").map { Int($0) ?? 0 }
        guard numbers.count == 4, numbers[0] == 6, numbers[1] == 1, numbers[2] == 7601 else { return nil }
        let revision = numbers[3]
        let isNew =
            revision >= sha2Revisions.limited || (sha2Revisions.general..<22000).contains(revision)
        return isNew ? program.evidence : nil
    }
}
