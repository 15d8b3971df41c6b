import Checks
import FoundationEssentials
import GuestFacts
import Reports
import TestSupport
import Testing

struct SARIFReportTests {
    private func log(_ report: ScanReport, _ scope: SARIFReport.Scope = .everything) throws -> [UInt8] {
        try SARIFReport(ScanResults([report], time: Samples.now), scope: scope).bytes()
    }

    private func run(_ report: ScanReport, _ scope: SARIFReport.Scope = .everything) throws -> JSONValue {
        try #require(try JSONValue(parsing: log(report, scope))["runs"]?[0])
    }

    private func items(_ value: JSONValue?) -> [JSONValue] {
        if case .array(let items)? = value { items } else { [] }
    }

    /// The rules are those of all checks; they are left out of the snapshots, which would change with every check.
    @Test(arguments: Samples.formats.keys.sorted())
    func snapshot(_ name: String) throws {
        var text = String(decoding: try log(try #require(Samples.formats[name])), as: UTF8.self)
        let rules = try #require(text.firstRange(of: "          \"rules\" : ["))
        let end = try #require(text[rules.upperBound...].firstRange(of: "\n          ],"))
        text.replaceSubrange(rules.upperBound..<end.lowerBound, with: "")
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.firstRange(of: "\"ruleIndex\" : ").map { String(line[..<$0.upperBound]) + "0" }
                ?? String(line)
        }
        let difference = try Snapshot.difference(
            lines.joined(separator: "\n"), from: "Reports/sarif/\(name).sarif")
        #expect(difference == nil)
    }

    /// Samples, hostile ones and the golden reports of the whole program; a run each, as validating the rules takes
    /// a while.
    @Test(.enabled(if: Consumer.isHere)) func fitsThePublishedSchema() async throws {
        let hostile = [Samples.markup, Samples.hostile]
        let golden = try Samples.golden
        #expect(golden.count > 10)
        let read = try await Consumer.read(
            "sarif",
            [
                SARIFReport(Samples.run, scope: .everything).bytes(),
                SARIFReport(ScanResults(hostile, time: Samples.now)).bytes(),
                SARIFReport(ScanResults([Samples.accepted], time: Samples.now)).bytes(),
                SARIFReport(ScanResults(golden, time: Samples.now), scope: .everything).bytes(),
            ])
        for kind in ["pass", "fail", "open", "informational", "notApplicable"] {
            #expect(read.first?["kinds"]?[kind] != nil, "\(kind)")
        }
        #expect(read.count == 4 && read[1]["kinds"]?["pass"] == nil)
    }

    @Test func onlyWhatAsksForSomethingUnlessAskedFor() throws {
        let all = items(try run(Samples.windowsBroken)["results"])
        let few = items(try run(Samples.windowsBroken, .attention)["results"])
        #expect(all.count == 6)
        #expect(few.compactMap { $0["kind"] } == [.string("fail"), .string("open")])
    }

    @Test func aFileLiesInItsVolumeAndThatInTheImage() throws {
        let run = try run(Samples.broken)
        let artifacts = items(run["artifacts"])
        let failure = try #require(items(run["results"]).first { $0["kind"] == .string("fail") })
        var place = try #require(failure["locations"]?[0]?["physicalLocation"])
        #expect(place["region"]?["startLine"] == .number(3))
        #expect(place["artifactLocation"]?["uri"] == .string("etc/fstab"))
        var trail: [String] = []
        var index = place["artifactLocation"]?["index"]
        while case .number(let number)? = index {
            place = artifacts[Int(number)]
            if case .string(let uri)? = place["location"]?["uri"] { trail.append(uri) }
            index = place["parentIndex"]
        }
        #expect(trail == ["etc/fstab", "mbr%3A1", "disk", "web01.qcow2"])
        #expect(artifacts[2]["offset"] == .number(1_048_576))
    }

    @Test func anEditBecomesAFixAndACommandDoesNot() throws {
        let fixes = items(try run(Samples.broken)["results"]).flatMap { items($0["fixes"]) }
        let change = try #require(fixes.first?["artifactChanges"]?[0]?["replacements"]?[0])
        #expect(fixes.count == 1)
        #expect(change["deletedRegion"] == .object(["startLine": .number(3), "endLine": .number(3)]))
        #expect(
            change["insertedContent"]?["text"] == .string("UUID=0000-1111 /data ext4 defaults,nofail 0 2"))
        #expect(items(try run(Samples.partly)["results"]).allSatisfy { $0["fixes"] == nil })
    }

    /// A finding keeps its name when the image has been built anew elsewhere and its lines have moved.
    @Test func fingerprintsOutliveARebuild() throws {
        func prints(_ report: ScanReport) throws -> [JSONValue] {
            items(try run(report)["results"]).compactMap { $0["partialFingerprints"] }
        }
        var moved = Samples.broken
        moved.image.path = "/other/place/web01.qcow2"
        moved.guests[0].checks[3].evidence?[0].line = 17
        moved.guests[0].checks[3].message = "said in other words"
        #expect(try prints(moved) == prints(Samples.broken))
        moved.image.path = "web02.qcow2"
        #expect(try prints(moved) != prints(Samples.broken))
        moved = Samples.broken
        moved.guests[0].checks[3].code = "Fstab.Other"
        #expect(try prints(moved) != prints(Samples.broken))
    }

    @Test func gapsAndUnreadableImagesAreNotifications() throws {
        let run = try #require(try JSONValue(parsing: SARIFReport(Samples.run).bytes())["runs"]?[0])
        let invocation = try #require(run["invocations"]?[0])
        #expect(invocation["executionSuccessful"] == .bool(false))
        let notifications = items(invocation["toolExecutionNotifications"])
        #expect(notifications.contains { $0["level"] == .string("error") })
        let names = notifications.compactMap { $0["descriptor"]?["id"] }
        #expect(names.contains(.string("gap.corrupt")) && names.contains(.string("image.unreadable")))
        let good = try self.run(Samples.healthy)
        #expect(good["invocations"]?[0]?["executionSuccessful"] == .bool(true))
    }

    /// Every check is a rule with a page, and is as heavy as its worst finding.
    @Test func rules() throws {
        let rules = items(try run(Samples.healthy)["tool"]?["driver"]?["rules"])
        #expect(rules.count == CheckRegistry.all.count)
        for rule in rules {
            for part in ["shortDescription", "fullDescription", "help"] {
                #expect(rule[part]?["text"] != nil)
            }
            #expect(rule["help"]?["markdown"] != nil)
        }
        func level(_ id: String) -> JSONValue? {
            rules.first { $0["id"] == .string(id) }?["defaultConfiguration"]?["level"]
        }
        #expect(level("GUESTOS.Fstab") == .string("error"))
        #expect(level("GUESTOS.SecurityCenterAgent") == .string("note"))
    }

    @Test func aViewerTakesNothingForAPlaceholderOrALink() throws {
        let texts = items(try run(Samples.markup)["results"]).compactMap { result -> String? in
            if case .string(let text)? = result["message"]?["text"] { text } else { nil }
        }
        #expect(texts.contains { $0.hasPrefix("[click\\](https://example.com)") })
        #expect(texts.contains { $0.hasPrefix("{{0}}") })
        #expect(!texts.contains { $0.contains("[click](") || $0.hasPrefix("{0}") })
    }
}
