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
        #expect(text.contains(/(?m)^# source: .{20}/))
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        let table = LifecycleTable(text)
        #expect(table.rows.count == lines.count)
        #expect(LifecycleTable.shared.rows.count == lines.count)
        let day = /20\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])/
        for row in table.rows {
            #expect(row.end.wholeMatch(of: day) != nil, "\(row)")
            if let extended = row.extended {
                #expect(
                    extended.end.wholeMatch(of: day) != nil && extended.end > row.end
                        && !extended.name.isEmpty, "\(row)")
            }
            #expect(!row.versions.isEmpty && row.versions.allSatisfy { !$0.isEmpty })
        }
    }

    @Test func daysAreCountedAsTheCalendarDoes() {
        #expect(LifecycleTable.date(0) == "1970-01-01")
        #expect(LifecycleTable.date(951_782_400) == "2000-02-29")
        #expect(LifecycleTable.date(1_795_651_200) == "2026-11-26")
        #expect(LifecycleTable.date(-1) == "1969-12-31")
    }
}
