import GuestFacts
import Targets

/// `OS.License`
enum OSLicense: Check {
    static let metadata = CheckMetadata(
        id: "OS.License", title: "Licences and subscriptions", link: .operation,
        summary: """
            Looks for clients of repositories that one cloud pays for (RHUI, SUSE's region service) and for \
            registrations with an account. Names only.
            """,
        rationale: """
            The repositories of another cloud are not reached from the target, so the system gets no updates. Instances \
            made from the image would all report under one registration. Windows: WIN.EditionActivation.
            """,
        codes: [
            ("License.ForeignRepositories", "Updates come from the repositories of another cloud."),
            ("License.Subscription", "The system is registered with an account."),
            ("License.CloudRegistration", "The system is registered with the update servers of a cloud."),
        ],
        references: [
            "Red Hat: RHUI and subscription-manager", "SUSE: cloud-regionsrv-client, SUSEConnect",
            "Ubuntu Pro client",
        ])

    /// Beginnings of the names of clients that clouds build for Red Hat's update infrastructure.
    private static let clients = ["rh-amazon-rhui-client", "rhui-azure", "google-rhui-client", "aliyun_rhui"]

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let own = context.target.rules.licenceClients
        let packages = linux.identity.packages.keys.sorted().filter { name in
            clients.contains { name.hasPrefix($0) }
        }
        let foreign = packages.filter { name in !own.contains { name.hasPrefix($0) } }
        let repositories = linux.hygiene.licences.filter { $0.value == .cloudRepositories }.map(\.evidence)
        var findings: [Finding] = []
        // The files alone do not say whose they are; where the package is the target's own they are its own.
        if !foreign.isEmpty || packages.isEmpty && !repositories.isEmpty {
            let names = foreign.isEmpty ? "the files in /etc/yum.repos.d" : foreign.joined(separator: ", ")
            findings.append(
                Finding(
                    "License.ForeignRepositories", foreign.isEmpty && !own.isEmpty ? .info : .warning,
                    "Updates come from repositories that a cloud pays for (\(names))"
                        + (foreign.isEmpty
                            ? "; those of another cloud are not reached from \(context.target.title)."
                            : ", which are not reached from \(context.target.title)."),
                    evidence: repositories + foreign.map { Evidence(path: "package database", excerpt: $0) },
                    fixes: [
                        foreign.isEmpty
                            ? .byHand(
                                "Remove the client before the source is exported, and register the system anew"
                            )
                            : .remove(foreign, "Remove the client, and register the system anew", in: linux)
                    ]))
        }
        for licence in linux.hygiene.licences where licence.value != .cloudRepositories {
            findings.append(registration(licence, linux))
        }
        return .judged("No registration and no repository of a cloud was found.", findings: findings)
    }

    private static func registration(_ licence: Located<HygieneFacts.Licence>, _ linux: LinuxFacts) -> Finding
    {
        guard licence.value == .subscription else {
            return Finding(
                "License.CloudRegistration", .info,
                "The system gets its updates from the servers of a cloud, which know instances of that cloud only.",
                evidence: [licence.evidence],
                fixes: [
                    Fix(
                        "Forget the registration", where: .online, kind: .online,
                        commands: ["registercloudguest --clean"])
                ])
        }
        let command: String
        switch licence.evidence.path {
        case "/etc/pki/consumer/cert.pem"?:
            command = "subscription-manager unregister && subscription-manager clean"
        case "/etc/zypp/credentials.d/SCCcredentials"?, "/etc/SUSEConnect"?:
            command = "SUSEConnect --de-register"
        case "/var/lib/ubuntu-advantage/private/machine-token.json"?: command = "pro detach --assume-yes"
        default: command = "rm -f \(quoted(licence.evidence.path ?? ""))"
        }
        return Finding(
            "License.Subscription", .info,
            "The system is registered with an account; instances of the image would report as the same machine.",
            evidence: [licence.evidence],
            fixes: [Fix("Take the registration back", where: .online, kind: .online, commands: [command])])
    }

    static var examples: [CheckExample] {
        func redHat(_ client: String, _ target: Target = .alibabaECS) -> CheckContext {
            .example {
                $0.target = target
                $0.linux.identity.family = .rhel
                $0.linux.identity.distribution = "rhel"
                $0.linux.identity.packages[client] = "4.0"
                $0.linux.hygiene.licences = [
                    Located(.cloudRepositories, Evidence(path: "/etc/yum.repos.d/redhat-rhui.repo"))
                ]
            }
        }
        func registered(_ path: String, _ licence: HygieneFacts.Licence) -> CheckContext {
            .example { $0.linux.hygiene.licences = [Located(licence, Evidence(path: path))] }
        }
        return [
            CheckExample("nothing of the kind", .example(), .pass),
            CheckExample("the client of the target", redHat("aliyun_rhui_rhel8"), .pass),
            CheckExample(
                "the client of another cloud", redHat("rh-amazon-rhui-client"), .fail,
                codes: ["License.ForeignRepositories"]),
            CheckExample(
                "repositories of a cloud, without its package",
                registered("/etc/yum.repos.d/rh-cloud.repo", .cloudRepositories), .fail,
                codes: ["License.ForeignRepositories"]),
            CheckExample(
                "a subscription", registered("/etc/pki/consumer/cert.pem", .subscription), .fail,
                codes: ["License.Subscription"]),
            CheckExample(
                "SUSE's region service", registered("/etc/regionserverclnt.cfg", .cloudRegistration), .fail,
                codes: ["License.CloudRegistration"]),
        ]
    }
}
