import GuestFacts
import Targets

/// `NET.PersistentNames`
enum NetPersistentNames: Check {
    static let metadata = CheckMetadata(
        id: "NET.PersistentNames", title: "Names bound to hardware addresses", link: .operation,
        summary:
            "Looks for rules and configurations that are bound to a hardware address of the source machine.",
        rationale: """
            A rule that keeps the name eth0 for the old address makes eth1 of the new interface, and the \
            configuration for eth0 waits in vain.
            """,
        codes: [
            ("PersistentNames.Rules", "A udev rule binds a name to a hardware address."),
            (
                "PersistentNames.Renames",
                "Because of such a rule the interface of an instance gets another name."
            ),
            ("PersistentNames.Table", "A link file or a table of names has a hardware address in it."),
            InterfaceNaming.code,
            ("PersistentNames.MacBound", "A network configuration is bound to a hardware address."),
        ])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        if let gap = linux.network.gap { return .judged(questions: [OpenQuestion(gap)]) }
        // GUESTOS.Dhcp says what it means for the launch.
        let name = linux.network.interfaceName
        let renames = linux.network.naming.value == .kernel && name != nil && name != "eth0"
        var findings = linux.network.persistentNames.map { rule in
            Finding(
                renames ? "PersistentNames.Renames" : "PersistentNames.Rules",
                // With predictable names, and beside a generator that leaves out virtual cards, it does nothing.
                renames ? .warning : .info,
                renames
                    ? "A rule keeps a name for the old card; that of an instance becomes \(name ?? "")."
                    : "A rule binds the name of an interface to the old hardware address.",
                evidence: [rule], fixes: [.edit("Remove the rule", rule, to: nil)])
        }
        for binding in linux.network.nameBindings where binding.code != "hwaddr" {
            findings.append(
                Finding(
                    "PersistentNames.Table", .info, binding.message, evidence: [binding.evidence],
                    fixes: [.byHand("Remove it, or name the interface by its driver")]))
        }
        let rendersAnew = linux.cloudInit.rendersNetwork(at: context.target) == .yes
        for interface in linux.network.interfaces where !interface.match.macAddresses.isEmpty {
            if interface.renderedByCloudInit, rendersAnew { continue }
            findings.append(
                Finding(
                    "PersistentNames.MacBound", .warning,
                    "A configuration is bound to \(interface.match.macAddresses.joined(separator: ", ")).",
                    evidence: [interface.evidence],
                    fixes: [unbound(interface, linux.network)]))
        }
        if let advice = InterfaceNaming.advice(context, linux) { findings.append(advice) }
        return .judged("Nothing is bound to a hardware address.", findings: findings)
    }

    /// The line with the address where it is known, else words.
    private static func unbound(_ interface: InterfaceFacts, _ network: NetworkFacts) -> Fix {
        let line = network.nameBindings.first {
            $0.code == "hwaddr" && $0.evidence.path == interface.evidence.path
        }
        return line.map { .edit("Take the address out", $0.evidence, to: nil) }
            ?? .byHand("Match the interface by name (en*, eth*) instead")
    }

    static var examples: [CheckExample] {
        [
            CheckExample("nothing is bound", .example(), .pass),
            CheckExample(
                "70-persistent-net.rules",
                .example {
                    $0.linux.network.persistentNames = [
                        Evidence(path: "/etc/udev/rules.d/70-persistent-net.rules", line: 8)
                    ]
                }, .fail, codes: ["PersistentNames.Rules"]),
            CheckExample(
                "the generator of Red Hat 6 makes eth1 of the new card",
                .example {
                    $0.linux.network.naming.value = .kernel
                    $0.linux.network.interfaceName = "eth1"
                    $0.linux.network.persistentNames = [
                        Evidence(path: "/etc/udev/rules.d/70-persistent-net.rules", line: 8)
                    ]
                }, .fail, codes: ["PersistentNames.Renames"]),
            CheckExample(
                "a table of names",
                .example {
                    $0.linux.network.nameBindings = [
                        StructureFinding(
                            code: "table", message: "A table names an interface by its hardware address.",
                            evidence: Evidence(path: "/etc/iftab", line: 1))
                    ]
                }, .fail, codes: ["PersistentNames.Table"]),
            CheckExample(
                "networkd matches a MAC",
                .example { $0.linux.network.interfaces[0].match.macAddresses = ["00:50:56:aa:bb:cc"] }, .fail,
                codes: ["PersistentNames.MacBound"]),
            CheckExample(
                "names by slot, where the target wants eth0",
                .example { $0.target.rules.kernelInterfaceNames = true }, .fail,
                codes: ["PersistentNames.BySlot"]),
            CheckExample(
                "eth0, as the target wants it",
                .example {
                    $0.target.rules.kernelInterfaceNames = true
                    $0.linux.network.naming.value = .kernel
                }, .pass),
            CheckExample(
                "the configuration could not be read",
                .example { $0.linux.network.gap = .example("/etc/udev") }, .unknown),
        ]
    }
}
