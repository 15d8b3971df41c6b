import GuestFacts
import Targets

/// `INIT.Datasource`
enum InitDatasource: Check {
    static let metadata = CheckMetadata(
        id: "INIT.Datasource", title: "Data source of cloud-init", link: .provisioning,
        summary: "Looks whether cloud-init tries the data source of the target.",
        rationale: """
            An image of another cloud often pins its data source. cloud-init then looks for that one only, finds \
            nothing, and leaves the instance as it is.
            """,
        codes: [
            ("Datasource.NotListed", "The list of data sources leaves out those of the target."),
            ("Datasource.Forced", "One data source is forced, and it is not the target's."),
            (
                "Datasource.NotIncluded",
                "This version of cloud-init has no program for the target's data source."
            ),
            ("Datasource.Seed", "Data of an instance lie in the image and come before those of the target."),
        ],
        references: ["cloud-init documentation: datasources, datasource_list"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let cloudInit = linux.cloudInit
        let wanted = context.target.rules.datasources
        guard !wanted.isEmpty else { return .notApplicable("the target names no data source") }
        let consequence: Consequence = context.target.rules.needsProvisioning ? .notReady : .none
        if let gap = cloudInit.gap {
            return .judged(questions: [OpenQuestion(gap, consequence: consequence)])
        }
        guard let program = cloudInit.program else { return .notApplicable("cloud-init is not installed") }
        let needed = context.target.rules.needsProvisioning
        var findings: [Finding] = []
        func fail(_ code: String, _ message: String, _ evidence: Evidence, _ fix: Fix) {
            findings.append(
                Finding(
                    code, needed ? .error : .warning, message, evidence: [evidence], fixes: [fix],
                    consequence: consequence))
        }
        let names = wanted.joined(separator: ", ")
        let known = cloudInit.knownDatasources
        if !known.isEmpty, !wanted.contains(where: known.contains) {
            fail(
                "Datasource.NotIncluded",
                "cloud-init \(cloudInit.version ?? "") has no program for \(names).",
                program, .install(["cloud-init"], "Update cloud-init", in: linux))
        }
        if let seed = cloudInit.seeds.first, !wanted.contains("NoCloud") {
            fail(
                "Datasource.Seed",
                "cloud-init takes the data that lie in the image, not those of the platform.", seed,
                Fix(
                    "Remove the data", kind: .autoEdit,
                    commands: cloudInit.seeds.compactMap(\.path).map { path in
                        "rm -r \(quoted(path.split(separator: "/").dropLast().map { "/\($0)" }.joined()))"
                    }))
        }
        if let forced = cloudInit.forcedDatasource {
            if !wanted.contains(forced.value) {
                fail(
                    "Datasource.Forced", "cloud-init takes \(forced.value) without looking, not \(names).",
                    forced.evidence, .edit("Let it look", forced.evidence, to: nil))
            }
            return .judged(
                value: forced.value, "The target's data source is set.", findings: findings,
                evidence: [forced.evidence])
        }
        guard let list = cloudInit.datasources, !list.value.isEmpty else {
            return .judged(value: "all", "cloud-init tries all data sources.", findings: findings)
        }
        let value = list.value.joined(separator: ", ")
        if !wanted.contains(where: list.value.contains) {
            fail(
                "Datasource.NotListed", "cloud-init tries \(value) only, not \(names).", list.evidence,
                Fix(
                    "Put the target's data source on the list", kind: .autoEdit,
                    commands: [
                        "echo 'datasource_list: [ \(names), None ]' > /etc/cloud/cloud.cfg.d/\(later(than: list.evidence))"
                    ]))
        }
        return .judged(
            value: value, "The target's data source is in the list.", findings: findings,
            evidence: [list.evidence])
    }

    /// A name that comes after the file that holds now, for the last one wins.
    private static func later(than evidence: Evidence) -> String {
        let name = evidence.path?.split(separator: "/").last.map(String.init) ?? ""
        return name != "cloud.cfg" && name >= "95_datasource.cfg" ? "zz_datasource.cfg" : "95_datasource.cfg"
    }

    static var examples: [CheckExample] {
        func list(_ names: [String]) -> CheckContext {
            .example {
                $0.linux.cloudInit.datasources = Located(
                    names, Evidence(path: "/etc/cloud/cloud.cfg.d/90_dpkg.cfg", line: 2))
            }
        }
        return [
            CheckExample("no list: all are tried", .example(), .pass),
            CheckExample("AliYun is on the list", list(["NoCloud", "AliYun", "None"]), .pass),
            CheckExample("Ec2 only", list(["Ec2"]), .fail, codes: ["Datasource.NotListed"]),
            CheckExample(
                "ds-identify is told to take Ec2",
                .example {
                    $0.linux.cloudInit.forcedDatasource = Located(
                        "Ec2", Evidence(path: "/etc/cloud/ds-identify.cfg", line: 1))
                }, .fail, codes: ["Datasource.Forced"]),
            CheckExample(
                "a version before the target's platform",
                .example {
                    $0.linux.cloudInit.version = "0.7.5"
                    $0.linux.cloudInit.knownDatasources = ["ConfigDrive", "Ec2", "NoCloud", "OpenStack"]
                }, .fail, codes: ["Datasource.NotIncluded"]),
            CheckExample(
                "a seed in the image",
                .example {
                    $0.linux.cloudInit.seeds = [Evidence(path: "/var/lib/cloud/seed/nocloud/meta-data")]
                }, .fail, codes: ["Datasource.Seed"]),
            CheckExample("no cloud-init", .example { $0.linux.cloudInit = CloudInitFacts() }, .notApplicable),
            CheckExample(
                "the configuration could not be read",
                .example { $0.linux.cloudInit.gap = .example("/etc/cloud/cloud.cfg") }, .unknown),
        ]
    }
}
