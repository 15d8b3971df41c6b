import GuestFacts
import Targets

/// `GUESTOS.Hotfix`
enum GuestOSHotfix: Check {
    static let metadata = CheckMetadata(
        id: "GUESTOS.Hotfix", title: "Updates that are missing or known to be bad", link: .kernel,
        summary: """
            Looks whether Windows 7 and Server 2008 R2 can check signatures with SHA-256, and whether the system is at \
            an update that is known for trouble and was replaced by a later one.
            """,
        rationale: """
            Drivers have been signed with SHA-256 only since 2019. A Windows 7 or Server 2008 R2 that cannot check \
            that refuses them: a storage driver of that kind stops the start with 0xC0000428, and a network driver \
            of that kind leaves the instance without a network. The updates of January 2022 let domain controllers \
            restart without end.
            """,
        codes: [
            ("Hotfix.Sha2Missing", "Windows cannot check signatures with SHA-256."),
            ("Hotfix.KnownBad", "The system is at an update with known trouble."),
        ],
        references: [
            "ECS: image check item GUESTOS.Hotfix",
            "Microsoft: KB3033929, KB4474419 (SHA-2 code signing support)",
            "Microsoft: known issues of the updates of January and June 2022",
        ])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let windows = context.windows else { return context.withoutWindows }
        guard let generation = windows.identity.generation else {
            return .judged(
                questions: windows.identity.gaps.isEmpty
                    ? [OpenQuestion("which version of Windows it is is not known")]
                    : windows.identity.gaps.map { OpenQuestion($0) })
        }
        var findings: [Finding] = []
        var questions: [OpenQuestion] = []
        let packages = windows.setup.updates.value ?? []
        // The revision alone tells from Windows 10 on.
        if generation < .ten || windows.identity.revision == nil, let gap = windows.setup.updates.gap {
            questions.append(OpenQuestion(gap))
        }
        var evidence: [Evidence] = []
        let isSeven64 = generation == .seven && windows.identity.architecture != "i386"
        if isSeven64 {
            if let support = HotfixTable.sha2(in: windows.setup, packages: packages) {
                evidence.append(support)
            } else {
                judgeSHA2(context, windows, &findings, &questions)
            }
        }
        for (bad, place) in HotfixTable.bad(in: windows.identity, packages: packages) {
            findings.append(knownBad(bad, place, windows))
        }
        let version = windows.identity.fullVersion
        return .judged(
            value: version,
            isSeven64
                ? "Windows can check signatures with SHA-256." : "No update with known trouble is installed.",
            findings: findings, questions: questions,
            evidence: evidence.isEmpty ? windows.identity.evidence : evidence)
    }

    // MARK: SHA-256

    /// Drivers that a bus or the network needs and that come signed by their makers. What Windows itself brings
    /// is signed in a way it can check.
    private static func driver(for bus: DiskBus) -> String? {
        switch bus {
        case .virtioBlk: "viostor"
        case .virtioSCSI: "vioscsi"
        default: nil
        }
    }

    private static func judgeSHA2(
        _ context: CheckContext, _ windows: WindowsFacts, _ findings: inout [Finding],
        _ questions: inout [OpenQuestion]
    ) {
        var stops: (launches: [Launch], evidence: [Evidence]) = ([], [])
        for bus in Set(context.launches.map(\.disk)).sorted(by: { $0.rawValue < $1.rawValue }) {
            guard let name = driver(for: bus), let service = windows.service(name),
                let program = service.program, program.state == .good
            else { continue }
            let users = context.launches.filter { $0.disk == bus }
            switch program.signatureDigest?.lowercased() {
            case "md5", "sha1": break
            case nil:
                questions.append(
                    OpenQuestion(
                        "\(program.path) is signed by a catalog or in a way that was not read: whether Windows"
                            + " accepts it without support for SHA-256 is not known", consequence: .stopsBoot,
                        launches: context.scope(users)))
            case let digest?:
                stops.launches += users
                stops.evidence.append(Evidence(path: program.path, excerpt: "signed with \(digest)"))
            }
        }
        // Without the list of updates nothing is missing for sure.
        if windows.setup.updates.value == nil {
            if !stops.launches.isEmpty {
                questions.append(
                    OpenQuestion(
                        "whether Windows can check the signature of its storage driver is not known",
                        consequence: .stopsBoot, launches: context.scope(stops.launches)))
            }
            return
        }
        let network = windows.service("netkvm")?.program.flatMap { program in
            let isModern =
                program.signatureDigest.map { !["md5", "sha1"].contains($0.lowercased()) } ?? false
            return program.state == .good && isModern ? program : nil
        }
        let consequence: Consequence =
            !stops.launches.isEmpty ? .stopsBoot : network != nil ? .unreachable : .none
        let what =
            switch consequence {
            case .stopsBoot: " Its storage driver is signed that way and is refused (0xC0000428)."
            case .unreachable: " Its network driver is signed that way and is refused."
            default: " Drivers and agents of today do not install."
            }
        let missing = Evidence(
            path: #"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages"#,
            excerpt: "none of KB3033929, KB4474419, KB3125574, no monthly rollup")
        findings.append(
            Finding(
                "Hotfix.Sha2Missing", consequence == .none ? .warning : .error,
                "Windows cannot check signatures with SHA-256." + what,
                evidence: [missing] + stops.evidence + (network.map { [$0.evidence] } ?? []),
                fixes: sha2Fixes,
                consequence: consequence,
                launches: consequence == .stopsBoot ? context.scope(stops.launches) : nil,
                link: consequence == .unreachable ? .network : nil, fixedSeverity: true))
    }

    private static let sha2Fixes = [
        Fix(
            "Install KB4490628 and KB4474419 in the source", where: .online, kind: .online, risk: .medium,
            commands: [
                "wusa windows6.1-kb4490628-x64.msu /quiet /norestart",
                "wusa windows6.1-kb4474419-v3-x64.msu /quiet",
            ]),
        Fix(
            "Add KB3033929 from Windows PE, with the image at D:", kind: .manual, risk: .medium,
            commands: [#"dism /image:D:\ /add-package /packagepath:windows6.1-kb3033929-x64.msu"#]),
    ]

    // MARK: Known trouble

    private static func knownBad(_ bad: HotfixTable.Bad, _ place: Evidence, _ windows: WindowsFacts)
        -> Finding
    {
        let hits = bad.effect == .domainControllers && windows.identity.isDomainController
        return Finding(
            "Hotfix.KnownBad", hits ? .error : .warning,
            "The system is at KB\(bad.article) of \(bad.month), which \(bad.effect.text)."
                + (hits ? " This is a domain controller." : ""),
            evidence: [place],
            fixes: [
                Fix(
                    "Install the newest cumulative update in the source", where: .online, kind: .online,
                    risk: .medium,
                    commands: [
                        windows.identity.generation ?? .ten < .ten
                            ? "wuauclt /detectnow /updatenow" : "usoclient StartInteractiveScan"
                    ]),
                Fix(
                    "Take the update away", where: .online, kind: .online, risk: .medium,
                    commands: ["wusa /uninstall /kb:\(bad.article) /quiet /norestart"]),
            ], link: .operation, fixedSeverity: true)
    }

    static var examples: [CheckExample] {
        func seven(
            _ packages: [(String, Int)], digest: String? = "sha256",
            _ change: @escaping (inout ExampleWindows) -> Void = { _ in }
        ) -> CheckContext {
            .windows { example in
                example.windows.identity.build = 7601
                example.windows.identity.version = "6.1"
                example.windows.identity.revision = nil
                example.addDriver("viostor", version: "61.81.104.17500")
                example[service: "viostor"].program?.signatureDigest = digest
                example.remove(service: "netkvm")
                example.windows.setup.updates = .known(
                    packages.map {
                        var package = WindowsPackage(name: $0.0, stateNumber: $0.1)
                        package.articles =
                            $0.0.split(separator: "~").first.flatMap { name in
                                Int(name.split(separator: "KB").last ?? "")
                            }.map { [$0] } ?? []
                        return package
                    })
                change(&example)
            }
        }
        func at(_ build: Int, _ revision: Int, _ change: @escaping (inout ExampleWindows) -> Void = { _ in })
            -> CheckContext
        {
            .windows {
                $0.windows.identity.build = build
                $0.windows.identity.revision = revision
                change(&$0)
            }
        }
        let suffix = "~31bf3856ad364e35~amd64~~6.1.1.1"
        let rollup = "Package_for_RollupFix~31bf3856ad364e35~amd64~~"
        func twelveR2(_ packages: [(String, Int, [Int])]) -> CheckContext {
            .windows {
                $0.windows.identity.build = 9600
                $0.windows.identity.version = "6.3"
                $0.windows.identity.revision = nil
                $0.windows.setup.updates = .known(
                    packages.map {
                        var package = WindowsPackage(name: $0.0, stateNumber: $0.1)
                        package.articles = $0.2
                        return package
                    })
            }
        }
        return [
            CheckExample("Server 2022 at a later update", .windows(), .pass),
            CheckExample(
                "2008 R2 with KB3033929", seven([("Package_for_KB3033929" + suffix, 0x70)]), .pass),
            CheckExample(
                "2008 R2, KB3033929 superseded", seven([("Package_for_KB3033929" + suffix, 0x50)]), .pass),
            CheckExample(
                "2008 R2 with a monthly rollup", seven([(rollup + "7601.24545.1.3", 0x70)]), .pass),
            CheckExample(
                "2008 R2, by the version of ci.dll",
                seven([]) {
                    var program = ProgramFacts(path: #"C:\Windows\System32\ci.dll"#, state: .good)
                    program.version = "6.1.7601.24545"
                    $0.windows.setup.codeIntegrity = program
                }, .pass),
            CheckExample(
                "2008 R2, KB3033929 only staged", seven([("Package_for_KB3033929" + suffix, 0x40)]), .fail,
                codes: ["Hotfix.Sha2Missing"]),
            CheckExample("2008 R2 without any", seven([]), .fail, codes: ["Hotfix.Sha2Missing"]),
            CheckExample(
                "2008 R2 without any, driver signed with SHA-1", seven([], digest: "sha1"), .fail,
                codes: ["Hotfix.Sha2Missing"]),
            CheckExample("Server 2019 at KB5009557", at(17763, 2452), .fail, codes: ["Hotfix.KnownBad"]),
            CheckExample(
                "a domain controller at KB5009555",
                at(20348, 469) { $0.windows.identity.productType = "LanmanNT" }, .fail,
                codes: ["Hotfix.KnownBad"]),
            CheckExample("Server 2019 after KB5009557", at(17763, 2510), .pass),
            CheckExample(
                "2012 R2 with KB5009624", twelveR2([(rollup + "9600.20246.1.7", 0x70, [5_009_624])]), .fail,
                codes: ["Hotfix.KnownBad"]),
            CheckExample(
                "2012 R2, KB5009624 and a later rollup",
                twelveR2([
                    (rollup + "9600.20246.1.7", 0x70, [5_009_624]), (rollup + "9600.20671.1.6", 0x70, []),
                ]), .pass),
            CheckExample(
                "2012 R2 with KB5009624 and KB5010794",
                twelveR2([
                    (rollup + "9600.20246.1.7", 0x70, [5_009_624]),
                    ("Package_for_KB5010794~31bf3856ad364e35~amd64~~6.3.1.2", 0x70, [5_010_794]),
                ]), .pass),
            CheckExample(
                "2008 R2, the updates cannot be read",
                seven([]) {
                    $0.windows.setup.updates = .unknown(.example(#"C:\Windows\System32\config\SOFTWARE"#))
                }, .unknown),
            CheckExample("Linux", .example(), .notApplicable),
        ]
    }
}
