import GuestFacts
import Targets

/// `SEC.MachineId`
enum SecMachineID: Check {
    static let metadata = CheckMetadata(
        id: "SEC.MachineId", title: "Machine id", link: .hygiene,
        summary: "Looks whether /etc/machine-id is empty, so that every instance makes its own.",
        rationale: """
            Instances with the same id look like one machine to logging and management. systemd-networkd derives \
            its DHCP identity from it, and two instances in one network may be given the same address.
            """,
        codes: [
            ("MachineId.Cloned", "The machine id of the source is in the image."),
            (
                "MachineId.Missing",
                "The file is missing where it cannot be made: no address by systemd-networkd."
            ),
            ("MachineId.Invalid", "/etc/machine-id is not a machine id."),
        ], references: ["machine-id(5)"])

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let linux = context.linux else { return context.withoutLinux }
        let reset = Fix(
            "Empty it: the next boot makes a new one", kind: .autoEdit,
            commands: ["truncate -s 0 /etc/machine-id", "ln -sfn /etc/machine-id /var/lib/dbus/machine-id"])
        func fail(_ code: String, _ message: String) -> CheckOutcome {
            .judged(
                findings: [
                    Finding(
                        code, .warning, message, evidence: [Evidence(path: "/etc/machine-id")], fixes: [reset]
                    )
                ])
        }
        switch linux.hygiene.machineID {
        case .unknown(let gap): return .judged(questions: [OpenQuestion(gap)])
        case .known(.set):
            return fail(
                "MachineId.Cloned", "Every instance has the machine id of the source\(address(linux)).")
        case .known(.invalid): return fail("MachineId.Invalid", "/etc/machine-id does not hold a machine id.")
        case .known(.missing): return missing(context, linux)
        case .known(.empty), .known(.uninitialized):
            if let other = linux.hygiene.dbusMachineID, linux.initSystem.program.value?.value == .systemd {
                return .judged(
                    findings: [
                        Finding(
                            "MachineId.Cloned", .warning,
                            "/etc/machine-id is empty, and systemd takes the id of \(other.path ?? "D-Bus"): every instance"
                                + " has that one\(address(linux)).", evidence: [other], fixes: [reset])
                    ])
            }
            return .judged(value: "empty", "Every instance makes its own machine id.")
        }
    }

    /// systemd-networkd asks for an address under a name that it makes from the machine id.
    private static func address(_ linux: LinuxFacts) -> String {
        let managers = linux.network.activeManagers
        let usesNetworkd =
            managers[.networkd] != nil || (managers[.netplan] != nil && managers[.networkManager] == nil)
        return usesNetworkd
            ? ", under which systemd-networkd asks for its address: two in one network may get the same one"
            : ""
    }

    /// When PID 1 starts with a read-only root it cannot make the file; it can mount something over an empty one.
    /// systemd-networkd asks for no address without it.
    private static func missing(_ context: CheckContext, _ linux: LinuxFacts) -> CheckOutcome {
        let isSystemd = linux.initSystem.program.value?.value == .systemd
        let ways = context.boots(of: linux).ways.filter {
            !$0.stopsAtKernel && !$0.entry.commandLine.rootIsWritable
        }
        let managers = linux.network.activeManagers
        let usesNetworkd =
            managers[.networkd] != nil || (managers[.netplan] != nil && managers[.networkManager] == nil)
        guard isSystemd, !ways.isEmpty, usesNetworkd else {
            return .judged(value: "missing", "There is no machine id; the first boot makes one.")
        }
        return .judged(
            value: "missing",
            findings: [
                Finding(
                    "MachineId.Missing", .error,
                    "/etc/machine-id does not exist, and the root is read-only when systemd would make it:"
                        + " systemd-networkd gets no address without it. An empty file is what works.",
                    evidence: [Evidence(path: "/etc/machine-id", excerpt: "absent")]
                        + ways.map(\.entry.commandLine.evidence),
                    fixes: [Fix("Make an empty file", kind: .autoEdit, commands: ["touch /etc/machine-id"])],
                    consequence: .unreachable, launches: context.scope(ways.flatMap(\.launches)),
                    link: .network)
            ])
    }

    static var examples: [CheckExample] {
        [
            CheckExample("empty", .example(), .pass),
            CheckExample(
                "missing, with systemd-networkd and a root that is mounted read-only first",
                .example { $0.linux.hygiene.machineID = .known(.missing) }, .fail,
                codes: ["MachineId.Missing"]),
            CheckExample(
                "missing, with rw on the command line",
                .example {
                    $0.linux.hygiene.machineID = .known(.missing)
                    $0.commandLine("root=UUID=\(ExampleFacts.uuid) rw")
                }, .pass),
            CheckExample(
                "of the source", .example { $0.linux.hygiene.machineID = .known(.set) }, .fail,
                codes: ["MachineId.Cloned"]),
            CheckExample(
                "empty, with the one of D-Bus still there",
                .example { $0.linux.hygiene.dbusMachineID = Evidence(path: "/var/lib/dbus/machine-id") },
                .fail,
                codes: ["MachineId.Cloned"]),
            CheckExample(
                "something else", .example { $0.linux.hygiene.machineID = .known(.invalid) }, .fail,
                codes: ["MachineId.Invalid"]),
            CheckExample(
                "not readable",
                .example { $0.linux.hygiene.machineID = .unknown(.example("/etc/machine-id")) },
                .unknown),
        ]
    }
}
