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
        codes: [("Datasource.NotListed", "The list of data sources leaves out those of the target.")],
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
        guard cloudInit.program != nil else { return .notApplicable("cloud-init is not installed") }
        guard let list = cloudInit.datasources, !list.value.isEmpty else {
            return .judged(value: "all", "cloud-init tries all data sources.")
        }
        let value = list.value.joined(separator: ", ")
        if cloudInit.findsDatasource(of: context.target) {
            return .judged(
                value: value, "The target's data source is in the list.", evidence: [list.evidence])
        }
        let line = "datasource_list: [ \(wanted.joined(separator: ", ")), None ]"
        return .judged(
            value: value,
            findings: [
                Finding(
                    "Datasource.NotListed", context.target.rules.needsProvisioning ? .error : .warning,
                    "cloud-init tries \(value) only, not \(wanted.joined(separator: ", ")).",
                    evidence: [list.evidence],
                    fixes: [
                        Fix(
                            "Put the target's data source on the list", kind: .autoEdit,
                            commands: ["echo '\(line)' > /etc/cloud/cloud.cfg.d/95_datasource.cfg"])
                    ], consequence: consequence)
            ])
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
            CheckExample("no cloud-init", .example { $0.linux.cloudInit = CloudInitFacts() }, .notApplicable),
            CheckExample(
                "the configuration could not be read",
                .example { $0.linux.cloudInit.gap = .example("/etc/cloud/cloud.cfg") }, .unknown),
        ]
    }
}
