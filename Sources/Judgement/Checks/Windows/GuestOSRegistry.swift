import GuestFacts
import Targets

/// `GUESTOS.Registry`
enum GuestOSRegistry: Check {
    static let metadata = CheckMetadata(
        id: "GUESTOS.Registry", title: "Registry hives", link: .`init`,
        summary: """
            Looks whether the registry's hives are there, whole, and hold the keys that every Windows has; a hive \
            whose last changes stand in its logs is read with them, as Windows does.
            """,
        rationale: """
            The loader reads SYSTEM to learn which drivers to load, and stops with 0xC000000F or 0xC0000225 when it \
            cannot. The kernel loads SOFTWARE, SAM, SECURITY and DEFAULT soon after, and stops with 0xC0000218 when \
            one of them is missing or cannot be loaded. COMPONENTS and DRIVERS are loaded when something needs them: \
            without them Windows starts, and installs no update or no driver.
            """,
        codes: [
            ("Registry.Missing", "A hive is not there."),
            ("Registry.Corrupt", "A hive is not one, or is damaged so that Windows cannot load it."),
            ("Registry.KeysMissing", "A hive lacks keys without which Windows does not work."),
            ("Registry.Dirty", "The last changes of a hive are in logs that are missing or do not fit."),
            ("Registry.Damaged", "Parts of a hive cannot be read."),
        ],
        references: [
            "Windows registry file format specification", "Microsoft: stop code 0xC0000218",
            "Microsoft: the system registry is no longer backed up to RegBack since Windows 10 1803",
        ])

    /// What a hive is to a start.
    private enum Role {
        /// The loader reads it.
        case loader
        /// The kernel loads it before anybody can log on.
        case start
        /// It is loaded when something needs it.
        case service

        init(_ name: String) {
            switch name.uppercased() {
            case "SYSTEM": self = .loader
            case "SOFTWARE", "SAM", "SECURITY", "DEFAULT": self = .start
            default: self = .service
            }
        }

        var consequence: Consequence { self == .service ? .none : .stopsBoot }
        var severity: Severity { self == .service ? .warning : .error }
        var link: LaunchLink? { self == .loader ? .kernel : nil }
    }

    private static let needed = ["SYSTEM", "SOFTWARE", "SAM", "SECURITY", "DEFAULT"]

    static func evaluate(_ context: CheckContext) -> CheckOutcome {
        guard let windows = context.windows else { return context.withoutWindows }
        var findings: [Finding] = []
        var questions: [OpenQuestion] = []
        for name in needed where windows.hive(name) == nil {
            questions.append(
                OpenQuestion(
                    "the hive \(name) was not looked at", consequence: .stopsBoot, link: Role(name).link))
        }
        // The BCD store is a hive too; GUESTOS.BCD judges it.
        for hive in windows.hives where hive.name.uppercased() != "BCD" {
            judge(hive, in: windows, &findings, &questions)
        }
        let replayed = windows.hives.filter { $0.state == .replayed }
        return .judged(
            value: findings.isEmpty ? (replayed.isEmpty ? "Clean" : "Replayed") : nil,
            replayed.isEmpty
                ? "All hives are there and whole."
                : "All hives are there; \(list(replayed.map(\.name))) was read with the changes in its logs.",
            findings: findings, questions: questions,
            evidence: windows.hives.map { evidence($0) })
    }

    private static func judge(
        _ hive: HiveFacts, in windows: WindowsFacts, _ findings: inout [Finding],
        _ questions: inout [OpenQuestion]
    ) {
        let role = Role(hive.name)
        func fail(_ code: String, _ message: String, _ fixes: [Fix], certain: Bool = true) {
            findings.append(
                Finding(
                    code, certain ? role.severity : .warning, message, evidence: [evidence(hive)],
                    fixes: fixes, consequence: certain ? role.consequence : .none, link: role.link))
        }
        func ask(_ message: String) {
            questions.append(OpenQuestion(message, consequence: role.consequence, link: role.link))
        }
        switch hive.state {
        case .clean, .replayed: break
        case .missing:
            fail("Registry.Missing", "\(hive.name) is not there.", restore(hive, in: windows))
        case .corrupt:
            fail(
                "Registry.Corrupt",
                "\(hive.name) cannot be loaded\(hive.message.map { ": \($0)" } ?? "").",
                restore(hive, in: windows))
        case .unreadable:
            ask("\(hive.path): \(hive.message ?? "could not be read")")
        case .dirty:
            // With logs that do not fit Windows may refuse the hive or go on with older values: which of the two
            // depends on how much was written last.
            fail(
                "Registry.Dirty",
                "The last changes of \(hive.name) are not in it, and its logs cannot supply them"
                    + "\(hive.message.map { ": \($0)" } ?? ""). Older values were judged.",
                [shutDown], certain: false)
            ask("whether Windows can still load \(hive.name) without its logs is not known")
        }
        let missing = hive.missingKeys
        // Windows makes the tree of devices anew, if with trouble.
        let fatal = missing.filter { $0.split(separator: "\\").last?.lowercased() != "enum" }
        if !missing.isEmpty {
            fail(
                "Registry.KeysMissing", "\(hive.name) lacks \(list(missing)).", restore(hive, in: windows),
                certain: !fatal.isEmpty)
            if fatal.isEmpty {
                ask("whether Windows starts without \(list(missing)) of \(hive.name) is not known")
            }
        }
        if !hive.damage.isEmpty {
            fail(
                "Registry.Damaged",
                "Parts of \(hive.name) cannot be read: \(hive.damage.prefix(3).joined(separator: "; ")).",
                [shutDown] + restore(hive, in: windows), certain: false)
            ask("whether Windows can load \(hive.name) in spite of the damage is not known")
        }
    }

    private static func evidence(_ hive: HiveFacts) -> Evidence {
        var parts = [hive.state.rawValue]
        if let size = hive.size { parts.append("\(size) bytes") }
        if let offset = hive.offset { parts.append("at byte \(offset)") }
        return Evidence(path: hive.path, excerpt: parts.joined(separator: ", "))
    }

    private static let shutDown = Fix(
        "Start the source once more, shut it down fully and export it again", where: .online, kind: .online,
        commands: ["shutdown /s /f /t 0"])

    /// Copies that hold nothing are not offered: since Windows 10 1803 all of them are empty.
    private static func restore(_ hive: HiveFacts, in windows: WindowsFacts) -> [Fix] {
        var fixes: [Fix] = []
        if windows.setup.hiveBackups[hive.name.uppercased()] ?? 0 > 0 {
            let directory = windows.systemRoot + "/System32/config"
            fixes.append(
                Fix(
                    "Take the copy that Windows keeps; changes made since are lost", kind: .manual,
                    risk: .high,
                    commands: [
                        "guestfish --rw -a IMAGE -i cp \(quoted(directory + "/RegBack/" + hive.name))"
                            + " \(quoted(directory + "/" + hive.name))"
                    ]))
        }
        fixes.append(
            .byHand("Restore it from a backup or a restore point of the source, and export the image again"))
        return fixes
    }

    private static func list(_ names: [String]) -> String { names.joined(separator: ", ") }

    static var examples: [CheckExample] {
        func changed(_ name: String, _ change: @escaping (inout HiveFacts) -> Void) -> CheckContext {
            .windows { example in
                for index in example.windows.hives.indices where example.windows.hives[index].name == name {
                    change(&example.windows.hives[index])
                }
            }
        }
        return [
            CheckExample("all hives are clean", .windows(), .pass),
            CheckExample(
                "the logs of SYSTEM were applied", changed("SYSTEM") { $0.state = .replayed }, .pass),
            CheckExample(
                "SYSTEM is missing", changed("SYSTEM") { $0.state = .missing }, .fail,
                codes: ["Registry.Missing"]),
            CheckExample(
                "SOFTWARE is no hive",
                changed("SOFTWARE") {
                    $0.state = .corrupt
                    $0.message = "no regf signature"
                }, .fail, codes: ["Registry.Corrupt"]),
            CheckExample(
                "SAM without accounts", changed("SAM") { $0.missingKeys = [#"SAM\Domains\Account"#] }, .fail,
                codes: ["Registry.KeysMissing"]),
            CheckExample(
                "SYSTEM without devices", changed("SYSTEM") { $0.missingKeys = [#"ControlSet001\Enum"#] },
                .fail, codes: ["Registry.KeysMissing"]),
            CheckExample(
                "the logs of SOFTWARE are gone", changed("SOFTWARE") { $0.state = .dirty }, .fail,
                codes: ["Registry.Dirty"]),
            CheckExample(
                "a bin of COMPONENTS is damaged",
                changed("COMPONENTS") { $0.damage = ["the bin at 8192 has no header"] }, .fail,
                codes: ["Registry.Damaged"]),
            CheckExample("SYSTEM cannot be read", changed("SYSTEM") { $0.state = .unreadable }, .unknown),
            CheckExample("no hive was looked at", .windows { $0.windows.hives = [] }, .unknown),
            CheckExample("Linux", .example(), .notApplicable),
        ]
    }
}
