import GuestFacts
import Targets

/// `SEC.Registration`
enum SecRegistration: Check {
    static let metadata = CheckMetadata(
        id: "SEC.Registration", title: "Cloned identities", link: .hygiene,
        summary: "Lists seeds, leases and registrations that all instances would share.",
        rationale:
            "Two machines with one registration, initiator name or client key take each other's place.",
        codes: [
            ("Registration.Found", "A file that names this one machine is in the image."),
            (
                "Registration.Initiator",
                "The guest logs in to iSCSI targets under a name that all instances would share."
            ),
        ])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let files = linux.hygiene.registrations
        guard !files.isEmpty else { return .judged("No registration of the source was found.") }
        let initiator = linux.hygiene.iscsiInitiator.map { place in
            Finding(
                "Registration.Initiator", .warning,
                "The guest logs in to iSCSI targets under one name, which all instances would share.",
                evidence: [place],
                fixes: [
                    Fix(
                        "Give each instance a name of its own", where: .online, kind: .manual,
                        commands: ["echo \"InitiatorName=$(iscsi-iname)\" > /etc/iscsi/initiatorname.iscsi"])
                ])
        }
        return .judged(
            findings: (initiator.map { [$0] } ?? []) + [
                Finding(
                    "Registration.Found", .info,
                    "\(files.count == 1 ? "A file names" : "\(files.count) files name") this one machine.",
                    evidence: files,
                    fixes: [
                        Fix(
                            "Remove what the next boot makes anew", kind: .manual,
                            commands: files.prefix(20).compactMap(\.path).map { "rm -f \(quoted($0))" })
                    ])
            ])
    }

    static var examples: [CheckExample] {
        [
            CheckExample("nothing", .example(), .pass),
            CheckExample(
                "a random seed",
                .example {
                    $0.linux.hygiene.registrations = [Evidence(path: "/var/lib/systemd/random-seed")]
                }, .fail,
                codes: ["Registration.Found"]),
            CheckExample(
                "an iSCSI name that is in use",
                .example {
                    let place = Evidence(path: "/etc/iscsi/initiatorname.iscsi")
                    $0.linux.hygiene.registrations = [place]
                    $0.linux.hygiene.iscsiInitiator = place
                }, .fail, codes: ["Registration.Initiator", "Registration.Found"]),
        ]
    }
}
