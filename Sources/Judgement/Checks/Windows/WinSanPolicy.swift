import GuestFacts
import Targets

/// `WIN.SanPolicy`
enum WinSanPolicy: Check {
    static let metadata = CheckMetadata(
        id: "WIN.SanPolicy", title: "SAN policy", link: .operation,
        summary: "Looks whether Windows brings newly found disks online by itself.",
        rationale: """
            Under the policies OfflineShared, OfflineAll and OfflineInternal a data disk that is attached to the \
            instance stays offline, without a drive letter, until somebody brings it online by hand; disks of the \
            source that come along stay offline too. Datacenter and Enterprise editions of the server come with \
            OfflineShared, and the disks of most clouds look shared to Windows.
            """,
        codes: [("SanPolicy.Offline", "New disks stay offline.")],
        references: ["Microsoft: diskpart san", "Azure: prepare a Windows VHD to upload"])

    private enum Policy: Int {
        case onlineAll = 1
        case offlineShared = 2
        case offlineAll = 3
        case offlineInternal = 4

        var name: String {
            switch self {
            case .onlineAll: "OnlineAll"
            case .offlineShared: "OfflineShared"
            case .offlineAll: "OfflineAll"
            case .offlineInternal: "OfflineInternal"
            }
        }
    }

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let windows = context.windows else { return context.withoutWindows }
        let value: Located<Int>?
        switch windows.system.sanPolicy {
        case .unknown(let gap): return .judged(questions: [OpenQuestion(gap)])
        case .known(let known): value = known
        }
        let key = #"HKLM\SYSTEM\"# + windows.controlSetName + #"\Services\partmgr\Parameters"#
        let evidence = value?.evidence ?? Evidence(path: key, excerpt: "SanPolicy is absent")
        let policy: Policy
        if let value {
            guard let known = Policy(rawValue: value.value) else {
                return .judged(
                    value: "\(value.value)",
                    questions: [OpenQuestion("the SAN policy \(value.value) is none that is known")])
            }
            policy = known
        } else {
            policy = defaultPolicy(windows.identity)
        }
        guard policy != .onlineAll else {
            return .judged(
                value: policy.name, "New disks come online by themselves.", evidence: [evidence])
        }
        // Drives the system uses and that are not in the image come back as disks of their own.
        let expects = windows.system.pageFiles.value?.contains { $0.isInImage == .no } ?? false
        return .judged(
            value: policy.name,
            findings: [
                Finding(
                    "SanPolicy.Offline", expects || policy == .offlineAll ? .warning : .info,
                    "The SAN policy is \(policy.name): data disks stay offline until they are brought online by hand.",
                    evidence: [evidence],
                    fixes: [
                        .registry(
                            "Bring new disks online", [.set(key: key, name: "SanPolicy", .dword(1))]),
                        Fix(
                            "Bring new disks online", where: .online, kind: .online,
                            commands: ["echo san policy=OnlineAll | diskpart"]),
                    ])
            ])
    }

    private static func defaultPolicy(_ identity: WindowsIdentity) -> Policy {
        let edition = identity.edition?.lowercased() ?? ""
        let isShared = ["datacenter", "enterprise"].contains { edition.contains($0) }
        return identity.isServer == true && isShared ? .offlineShared : .onlineAll
    }

    static var examples: [CheckExample] {
        func policy(_ number: Int?, edition: String = "ServerStandard") -> CheckContext {
            .windows {
                $0.windows.identity.edition = edition
                $0.windows.system.sanPolicy = .known(
                    number.map {
                        Located(
                            $0,
                            Evidence(
                                path: #"HKLM\SYSTEM\ControlSet001\Services\partmgr\Parameters"#,
                                excerpt: "SanPolicy = \($0)"))
                    })
            }
        }
        return [
            CheckExample("OnlineAll", .windows(), .pass),
            CheckExample("no value on a Standard edition", policy(nil), .pass),
            CheckExample(
                "no value on a Datacenter edition", policy(nil, edition: "ServerDatacenter"), .fail,
                codes: ["SanPolicy.Offline"]),
            CheckExample("OfflineAll", policy(3), .fail, codes: ["SanPolicy.Offline"]),
            CheckExample("a value nobody knows", policy(9), .unknown),
            CheckExample(
                "the value cannot be read",
                .windows {
                    $0.windows.system.sanPolicy = .unknown(.example(#"C:\Windows\System32\config\SYSTEM"#))
                }, .unknown),
            CheckExample("Linux", .example(), .notApplicable),
        ]
    }
}
