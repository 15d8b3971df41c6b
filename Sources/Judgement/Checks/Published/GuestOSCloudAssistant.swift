import GuestFacts
import Targets

/// `GUESTOS.CloudAssistant`
enum GuestOSCloudAssistant: Check {
    static let metadata = CheckMetadata(
        id: "GUESTOS.CloudAssistant", title: "Cloud Assistant", link: .operation,
        summary: "Looks whether the Cloud Assistant agent of Alibaba Cloud is installed and starts.",
        rationale: "Commands from the console, and repairs without a login, go through it.",
        codes: [
            ("CloudAssistant.NotInstalled", "The agent is not installed."),
            ("CloudAssistant.Disabled", "The agent does not start at boot."),
        ], references: ["ECS: Cloud Assistant Agent"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        let item = AgentItem(
            agent: "cloud-assistant", family: "CloudAssistant", title: "The Cloud Assistant agent",
            path: "/usr/sbin/aliyun-service", unit: "aliyun.service",
            install: .byHand("Install the vendor's package (aliyun-assist) in the source, or at first boot"),
            windowsService: "AliyunService")
        if let windows = context.windows { return item.judge(context, windows) }
        guard let linux = context.linux else { return context.withoutLinux }
        return item.judge(context, linux)
    }

    static var examples: [CheckExample] {
        [
            CheckExample("installed", .example(), .pass),
            CheckExample(
                "not installed", .example { $0.linux.operation.agents = [] }, .fail,
                codes: ["CloudAssistant.NotInstalled"]),
            CheckExample(
                "not enabled", .example { $0.linux.operation.agents[0].enabled = .no }, .fail,
                codes: ["CloudAssistant.Disabled"]),
            CheckExample("a plain KVM host", .example { $0.target = .kvm }, .notApplicable),
            CheckExample("Windows, installed", .windows(), .pass),
            CheckExample(
                "Windows, not installed", .windows { $0.windows.agents.agents = .known([]) }, .fail,
                codes: ["CloudAssistant.NotInstalled"]),
            CheckExample(
                "Windows, its program is gone",
                .windows {
                    var agent = ExampleWindows.agent("cloud-assistant")
                    agent.programExists = .no
                    $0.windows.agents.agents = .known([agent])
                }, .fail, codes: ["CloudAssistant.Disabled"]),
            CheckExample(
                "Windows, the agents could not be read",
                .windows { $0.windows.agents.agents = .unknown(.example("SYSTEM")) }, .unknown),
            CheckExample(
                "whether it starts is not known",
                .example { $0.linux.operation.agents[0].enabled = .unknown },
                .unknown),
        ]
    }
}
