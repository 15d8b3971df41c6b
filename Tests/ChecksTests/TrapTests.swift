import Foundation
import GuestFacts
import Targets
import Testing

@testable import Checks

/// Traps of the catalogue that are about what the checks say, not about one of them.
@Suite struct TrapTests {
    @Test(
        "Trap 34: a system for x86-64-v2 is fine where every processor has it, and not on an old processor model"
    )
    func processorLevel() throws {
        func codes(_ id: String) throws -> [String] {
            let target = try #require(Target.shipped(id))
            let context = CheckContext.example {
                $0.target = target
                $0.linux.initSystem.processorLevel = Located(2, Evidence(path: "/lib64/libc.so.6"))
            }
            return BootCpuLevel.evaluate(context).findings.map(\.code)
        }
        #expect(try codes("kvm") == ["CpuLevel.High"])
        for id in ["alibaba-ecs", "aws-nitro", "azure", "gcp", "proxmox"] { #expect(try codes(id) == []) }
    }

    @Test(
        "Trap 105: a fix says what it changes, and none of them runs by itself",
        arguments: CheckExampleTests.cases)
    func fixesSayWhatTheyChange(_ one: CheckExampleTests.Case) {
        for fix in one.check.evaluate(one.example.context).findings.flatMap(\.fixes) {
            switch fix.kind {
            case .autoEdit:
                #expect(fix.edit.map { !$0.path.isEmpty } ?? !fix.commands.isEmpty, "\(fix)")
            case .autoHive: #expect(fix.registry != nil || !fix.commands.isEmpty, "\(fix)")
            case .autoChroot, .online: #expect(!fix.title.isEmpty)
            case .manual: #expect(!fix.title.isEmpty)
            }
            // An image is changed under a name of its own, never under one of the host.
            for command in fix.commands where command.hasPrefix("qemu-img") {
                #expect(["IMAGE", "COPY", "disk.raw"].contains { command.contains($0) }, "\(command)")
            }
        }
    }

    @Test("Trap 104: a journal that was not replayed is said, and that what was read may be older than it")
    func journals() {
        func outcome(_ code: String) -> CheckOutcome {
            FSIntegrity.evaluate(
                .example {
                    $0.root.conditions = [
                        StructureFinding(code: code, message: code, evidence: Evidence(layer: "mbr:1"))
                    ]
                })
        }
        #expect(outcome("journalReplayed").findings.map(\.code) == ["Fs.JournalDirty"])
        #expect(outcome("journalReplayed").questions.isEmpty)
        let older = outcome("journalNotReplayed")
        #expect(older.findings.map(\.code) == ["Fs.JournalDirty"])
        #expect(older.questions.contains { $0.message.contains("may be older") })
    }

    @Test(
        "Trap 106: no result carries a password hash or the content of a key",
        arguments: CheckRegistry.all.map { $0.metadata.id })
    func nothingSecretIsSaid(_ id: String) throws {
        let check = try #require(CheckRegistry.check(id))
        var facts = ExampleFacts()
        facts.linux.hygiene.secrets = [Evidence(path: "/root/.ssh/id_rsa", excerpt: "1675 bytes")]
        facts.linux.hygiene.licences = [
            Located(.subscription, Evidence(path: "/etc/pki/consumer/cert.pem", excerpt: "900 bytes"))
        ]
        facts.linux.hygiene.machineID = .known(.set)
        let outcome = check.evaluate(facts.context)
        for finding in outcome.findings {
            #expect(!finding.evidence.isEmpty, "\(finding.code)")
            let text = ([finding.message] + finding.evidence.compactMap(\.excerpt)).joined(separator: "\n")
            for secret in ["$6$", "$y$", "$1$", "PRIVATE KEY", "BEGIN CERTIFICATE"] {
                #expect(!text.contains(secret), "\(finding.code)")
            }
        }
    }

    @Test("Trap 107: the dates of the life cycle table have a month and a source, and hold together")
    func lifecycleTable() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources/Judgement/Checks/Data/lifecycle.tsv")
        let text = try String(contentsOf: file, encoding: .utf8)
        #expect(text.contains(/(?m)^# date: 20\d\d-\d\d$/))
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        let table = LifecycleTable(text)
        #expect(table.rows.count == lines.count)
        #expect(LifecycleTable.shared.rows.count == lines.count)
        for row in table.rows {
            let ends = [row.end] + row.extended.map(\.end)
            #expect(
                ends.allSatisfy(Self.isDay) && zip(ends, ends.dropFirst()).allSatisfy { $0 < $1 }, "\(row)")
            #expect(row.extended.allSatisfy { !$0.name.isEmpty }, "\(row)")
            // What everybody gets comes before what has to be bought.
            #expect(row.extended.map { $0.isForEverybody ? 0 : 1 }.isSorted, "\(row)")
            #expect(
                !row.versions.isEmpty && row.versions.allSatisfy { $0.wholeMatch(of: /\d+(\.\d+)*/) != nil },
                "\(row)")
        }
        // `# source KEY: document, address, date`: every row's is there, and each is somebody's.
        let source =
            /(?m)^# source ([a-z0-9.-]+): .{10,}, (?:https:\/\/\S+|none), (?:20\d\d-\d\d(?:-\d\d)?|not verified)$/
        let declared = text.matches(of: source).map { String($0.output.1) }
        #expect(declared.count == text.matches(of: /(?m)^# source/).count)
        #expect(declared.count == Set(declared).count)
        #expect(Set(declared) == Set(table.rows.map(\.source)))
    }

    /// A day of the calendar: February has no thirtieth.
    private static func isDay(_ text: String) -> Bool {
        guard let match = text.wholeMatch(of: /(20\d\d)-(\d\d)-(\d\d)/), let year = Int(match.output.1),
            let month = Int(match.output.2), let day = Int(match.output.3)
        else { return false }
        let february = year.isMultiple(of: 4) ? 29 : 28
        let days = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return (1...12).contains(month) && day >= 1 && day <= days[month - 1]
    }

    @Test("Trap 107: the rows of the life cycle table are sorted, and every one can be met")
    func lifecycleTableOrder() {
        let rows = LifecycleTable.shared.rows
        func order(_ row: LifecycleTable.Row) -> (String, Int, String) {
            let part = row.nameContains ?? ""
            return (row.distribution.lowercased(), -part.count, part)
        }
        func numbers(_ version: String) -> [Int] { version.split(separator: ".").compactMap { Int($0) } }
        for (row, next) in zip(rows, rows.dropFirst()) {
            #expect(order(row) <= order(next), "\(row) \(next)")
            guard order(row) == order(next) else { continue }
            // 12.5 comes before 12, which would take it.
            let (first, second) = (numbers(row.versions[0]) + [.max], numbers(next.versions[0]) + [.max])
            #expect(first.lexicographicallyPrecedes(second), "\(row) \(next)")
        }
        for (index, row) in rows.enumerated() {
            for earlier in rows[..<index] where earlier.distribution == row.distribution {
                if let part = earlier.nameContains, !(row.nameContains ?? "").contains(part) { continue }
                for version in row.versions {
                    #expect(
                        !earlier.versions.contains { numbers(version).starts(with: numbers($0)) },
                        "\(version) of \(row) is taken by \(earlier)")
                }
            }
        }
    }

    @Test("The life cycle table tells service packs and channels of one number apart")
    func lifecycleRows() {
        func end(_ distribution: String, _ version: String, _ name: String? = nil) -> String? {
            var identity = OSIdentity()
            identity.distribution = distribution
            identity.version = version
            identity.name = name
            return LifecycleTable.shared.row(for: identity)?.end
        }
        #expect(end("sles", "12.5") == "2024-10-31")
        #expect(end("sles", "12") == "2016-06-30")
        #expect(end("sles", "10.4") == "2013-07-31")
        #expect(end("opensuse", "13.2") == "2017-01-17")
        #expect(end("nixos", "25.11") == "2026-06-30")
        #expect(end("nixos", "26.11") == nil)
        #expect(end("azurelinux", "3.0.20260616") == "2027-08-31")
        #expect(end("amzn", "2") == "2026-06-30")
        #expect(end("amzn", "2018.03") == "2020-12-31")
        #expect(end("alpine", "3.2.3") == "2017-05-01")
        #expect(end("alpine", "3.22.1") == "2027-05-01")
        #expect(end("centos", "8", "CentOS Stream 8") == "2024-05-31")
        #expect(end("centos", "8.4.2105", "CentOS Linux 8") == "2021-12-31")
        #expect(end("openEuler", "24.03", "openEuler 24.03 (LTS-SP3)") == "2027-12-31")
        #expect(end("openEuler", "24.03", "openEuler 24.03 (LTS)") == "2026-05-31")
        #expect(end("openEuler", "24.03", "openEuler 24.03 (LTS-SP5)") == nil)
        let client = LifecycleTable.shared.row(build: 26100, isServer: false, edition: "IoTEnterpriseS")
        #expect(client?.end == "2034-10-10")
        #expect(LifecycleTable.shared.row(build: 26100, isServer: false, edition: nil)?.end == "2027-10-12")
    }

    @Test func daysAreCountedAsTheCalendarDoes() {
        #expect(LifecycleTable.date(0) == "1970-01-01")
        #expect(LifecycleTable.date(951_782_400) == "2000-02-29")
        #expect(LifecycleTable.date(1_795_651_200) == "2026-11-26")
        #expect(LifecycleTable.date(-1) == "1969-12-31")
    }
}

extension [Int] {
    fileprivate var isSorted: Bool { zip(self, dropFirst()).allSatisfy { $0 <= $1 } }
}
