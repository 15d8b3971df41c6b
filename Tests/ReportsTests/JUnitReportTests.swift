import Checks
import FoundationEssentials
import Reports
import TestSupport
import Testing

struct JUnitReportTests {
    private func document(_ report: ScanReport) -> String {
        JUnitReport(ScanResults([report], time: Samples.now)).text
    }

    @Test(arguments: Samples.formats.keys.sorted())
    func snapshot(_ name: String) throws {
        let text = document(try #require(Samples.formats[name]))
        #expect(try Snapshot.difference(text, from: "Reports/junit/\(name).xml") == nil)
    }

    @Test func severalImages() throws {
        #expect(try Snapshot.difference(JUnitReport(Samples.run).text, from: "Reports/junit/run.xml") == nil)
    }

    @Test(.enabled(if: HostTool.has("xmllint"))) func isWellFormedAndFitsTheSchema() async throws {
        let scratch = try await ScratchFolder()
        for (name, report) in Samples.formats {
            try Data(document(report).utf8).write(to: URL(filePath: scratch.place("\(name).xml")))
        }
        for (index, report) in try Samples.golden.enumerated() {
            try Data(document(report).utf8).write(to: URL(filePath: scratch.place("golden-\(index).xml")))
        }
        try Data(JUnitReport(Samples.run).text.utf8).write(to: URL(filePath: scratch.place("run.xml")))
        let schema = Consumer.isHere ? "--schema '\(Consumer.junitSchema)'" : ""
        _ = try await HostTool.shell("xmllint --noout \(schema) '\(scratch.path)'/*.xml 2>&1")
    }

    /// A reader counts what the document says of itself, and finds the verdict in it.
    @Test(.enabled(if: Consumer.isHere)) func aReaderCountsTheSame() async throws {
        let all = try await Consumer.read("junit", [Array(JUnitReport(Samples.run).text.utf8)])
        let suites = try #require(all.first?["suites"])
        func suite(_ name: String) -> JSONValue? {
            guard case .array(let items) = suites else { return nil }
            return items.first { $0["name"] == .string(name) }
        }
        let gone = try #require(suite("gone.qcow2"))
        #expect(gone["errors"] == .number(1) && gone["tests"] == .number(1))
        let golden = try Samples.golden.map { Array(document($0).utf8) }
        #expect(try await Consumer.read("junit", golden).count == golden.count)
        _ = try await Consumer.read("junit", Samples.formats.values.map { Array(document($0).utf8) })
    }

    @Test func anUnknownVerdictIsAnErrorAndAnUnknownItemIsSkipped() {
        let text = document(Samples.unknown)
        #expect(text.contains("<error type=\"verdict.unknown\" message=\"boots: unknown;"))
        #expect(!text.contains("<failure"))
        let partly = document(Samples.partly)
        #expect(partly.contains("<skipped type=\"unknown\""))
        #expect(!partly.contains("<error"))
    }

    /// Advice breaks no pipeline; it is there to be read.
    @Test func adviceIsNoFailure() {
        let text = document(Samples.healthy)
        #expect(!text.contains("<failure") && !text.contains("<error"))
        #expect(text.contains("advice: alibaba-ecs: CloudAssistant.NotInstalled"))
    }

    @Test func eachTargetIsAClassOfItsOwn() {
        let text = document(Samples.matrix)
        for target in ["kvm", "alibaba-ecs", "aws-nitro", "azure"] {
            #expect(text.contains("classname=\"\(target)\" name=\"boots\""))
        }
        // The warning of one target is the error of another, and no matter of a third.
        let cases = text.split(separator: "\n").map(String.init)
        func outcome(_ target: String) -> String? {
            cases.firstIndex { $0.contains("classname=\"\(target)\" name=\"GUESTOS.Nvme\"") }
                .map { cases[$0 + 1] }
        }
        #expect(outcome("alibaba-ecs")?.contains("message=\"warning: ") ?? false)
        #expect(outcome("aws-nitro")?.contains("message=\"error: ") ?? false)
        #expect(outcome("kvm") == nil)
    }

    @Test func nothingThatXMLCannotHold() {
        for name in ["markup", "hostile"] {
            let text = document(Samples.formats[name] ?? Samples.healthy)
            #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || !TerminalText.isHarmful($0) })
            #expect(!text.contains("<script") && !text.contains("]]>"))
        }
    }
}
