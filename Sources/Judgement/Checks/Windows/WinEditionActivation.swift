import GuestFacts
import Targets

/// `WIN.EditionActivation`
enum WinEditionActivation: Check {
    static let metadata = CheckMetadata(
        id: "WIN.EditionActivation", title: "Edition and activation", link: .operation,
        summary: """
            Reports the edition and how it is licensed, and looks for evaluation copies, licences bound to the \
            source's hardware, and an activation host of another cloud.
            """,
        rationale: """
            An evaluation copy shuts down every hour once it is over. A licence of the source's maker is not valid \
            on other hardware, and an activation host that only one cloud can reach leaves Windows unactivated \
            everywhere else.
            """,
        codes: [
            ("Edition.Evaluation", "It is an evaluation copy."),
            ("Activation.Hardware", "The licence is bound to the hardware of the source."),
            ("Activation.ForeignHost", "The activation host is one of another cloud."),
        ],
        references: [
            "Microsoft: evaluation versions of Windows Server", "Microsoft: KMS client activation",
        ])

    /// Activation hosts that only one cloud reaches; a target names those that are its own. Source: the clouds' own
    /// documentation, read 2026-11.
    private static let hosts: [(pattern: String, cloud: String)] = [
        ("kms.core.windows.net", "Azure"), ("azkms.core.windows.net", "Azure"),
        ("169.254.169.250", "AWS"), ("169.254.169.251", "AWS"),
        ("kms.windows.googlecloud.com", "Google Cloud"), ("kms.cloud.aliyuncs.com", "Alibaba Cloud"),
        ("kms.myhuaweicloud.com", "Huawei Cloud"), ("kms.tencentyun.com", "Tencent Cloud"),
    ]

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let windows = context.windows else { return context.withoutWindows }
        let identity = windows.identity
        var findings: [Finding] = []
        var questions: [OpenQuestion] = []
        let edition = identity.edition?.lowercased() ?? ""
        if edition.hasSuffix("eval") {
            findings.append(evaluation(windows, now: context.now))
        }
        var value = [identity.edition]
        switch windows.system.activation {
        case .unknown(let gap): questions.append(OpenQuestion(gap))
        case .known(let activation):
            value.append(activation.channel?.value)
            if let channel = activation.channel, channel.value.lowercased().hasPrefix("oem") {
                findings.append(
                    Finding(
                        "Activation.Hardware", .info,
                        "The licence (\(channel.value)) is bound to the hardware of the source; the instance has to be"
                            + " activated anew.", evidence: [channel.evidence],
                        fixes: [
                            .byHand(
                                "Bring a licence that holds on the target",
                                commands: ["slmgr.vbs /ipk YOUR-PRODUCT-KEY", "slmgr.vbs /ato"])
                        ]))
            }
            if let host = activation.host, let finding = foreign(host, context.target) {
                findings.append(finding)
            }
        }
        let known = value.compactMap { $0 }.joined(separator: ", ")
        return .info(
            value: known.isEmpty ? nil : known, findings: findings, questions: questions,
            evidence: identity.evidence)
    }

    private static func evaluation(_ windows: WindowsFacts, now: Int64) -> Finding {
        let installed = windows.system.activation.value?.installed
        // 180 days for servers, 90 for clients, from the installation on; it can be prolonged, which is not seen.
        let days: Int64 = windows.identity.isServer == false ? 90 : 180
        let isOver = installed.map { now > $0 && (now - $0) / 86400 > days } ?? false
        return Finding(
            "Edition.Evaluation", .warning,
            isOver
                ? "It is an evaluation copy, installed more than \(days) days ago: unless it was prolonged it shuts"
                    + " down every hour."
                : "It is an evaluation copy: after \(days) days it shuts down every hour.",
            evidence: [
                Evidence(
                    path: #"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"#,
                    excerpt: "EditionID = \(windows.identity.edition ?? "")")
            ],
            fixes: [
                Fix(
                    "Change to the licensed edition in the source", where: .online, kind: .online,
                    risk: .medium,
                    commands: [
                        "dism /online /set-edition:\(licensed(windows)) /productkey:YOUR-PRODUCT-KEY /accepteula"
                    ])
            ])
    }

    /// `ServerStandardEval` becomes `ServerStandard`.
    private static func licensed(_ windows: WindowsFacts) -> String {
        let name = String((windows.identity.edition ?? "").dropLast(4))
        let isPlain =
            !name.isEmpty && name.utf8.allSatisfy { $0 < 0x80 && Character(UnicodeScalar($0)).isLetter }
        return isPlain ? name : "ServerStandard"
    }

    private static func foreign(_ host: Located<String>, _ target: Target) -> Finding? {
        let name = host.value.lowercased()
        guard let known = hosts.first(where: { name == $0.pattern || name.hasSuffix("." + $0.pattern) }),
            !target.rules.activationHosts.contains(known.pattern)
        else { return nil }
        let key = #"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\SoftwareProtectionPlatform"#
        return Finding(
            "Activation.ForeignHost", .warning,
            "Windows is told to activate at \(host.value), which only \(known.cloud) reaches.",
            evidence: [host.evidence],
            fixes: [
                .registry(
                    "Forget the host", hive: "SOFTWARE",
                    [
                        .removeValue(key: key, name: "KeyManagementServiceName"),
                        .removeValue(key: key, name: "KeyManagementServicePort"),
                    ]),
                Fix("Forget the host", where: .online, kind: .online, commands: ["slmgr.vbs /ckms"]),
            ])
    }

    static var examples: [CheckExample] {
        func edition(
            _ name: String, _ change: @escaping (inout ExampleWindows) -> Void = { _ in }
        ) -> CheckContext {
            .windows {
                $0.windows.identity.edition = name
                change(&$0)
            }
        }
        func activation(_ change: @escaping (inout WindowsActivationFacts) -> Void) -> CheckContext {
            .windows {
                var facts = WindowsActivationFacts()
                change(&facts)
                $0.windows.system.activation = .known(facts)
            }
        }
        let key = #"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"#
        return [
            CheckExample("Datacenter with a volume licence", .windows(), .info),
            CheckExample(
                "an evaluation copy", edition("ServerStandardEval"), .fail, codes: ["Edition.Evaluation"]),
            CheckExample("an N edition of Windows Pro", edition("ProfessionalN"), .info),
            CheckExample(
                "a licence of the maker",
                activation {
                    $0.channel = Located("OEM:DM", Evidence(path: key, excerpt: "DigitalProductId4"))
                },
                .fail, codes: ["Activation.Hardware"]),
            CheckExample(
                "the activation host of Azure",
                activation {
                    $0.host = Located(
                        "kms.core.windows.net", Evidence(path: key + #"\SoftwareProtectionPlatform"#))
                }, .fail, codes: ["Activation.ForeignHost"]),
            CheckExample(
                "the activation host of the target",
                activation {
                    $0.host = Located(
                        "kms.cloud.aliyuncs.com", Evidence(path: key + #"\SoftwareProtectionPlatform"#))
                }, .info),
            CheckExample(
                "SOFTWARE cannot be read",
                .windows {
                    $0.windows.system.activation = .unknown(.example(#"C:\Windows\System32\config\SOFTWARE"#))
                }, .unknown),
            CheckExample("Linux", .example(), .notApplicable),
        ]
    }
}
