import GuestFacts
import Targets
import Testing

@testable import Checks

@Suite struct CheckExampleTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var check: any Check.Type
        var example: CheckExample

        var testDescription: String { "\(check.metadata.id): \(example.title)" }
    }

    static let cases = CheckRegistry.all.flatMap { check in
        check.examples.map { Case(check: check, example: $0) }
    }

    @Test(arguments: cases) func exampleGetsItsVerdict(_ one: Case) {
        let outcome = one.check.evaluate(one.example.context)
        #expect(outcome.status == one.example.expected, "\(outcome)")
        if one.example.expected == .fail {
            let codes = Set(outcome.findings.map(\.code))
            #expect(codes == Set(one.example.codes), "\(outcome.findings)")
        }
        for finding in outcome.findings {
            #expect(!finding.evidence.isEmpty, "\(finding.code) has no evidence")
            #expect(!finding.fixes.isEmpty, "\(finding.code) has no fix")
            #expect(
                one.check.metadata.codes.contains { $0.code == finding.code },
                "\(finding.code) is not documented")
        }
    }

    @Test(arguments: CheckRegistry.all.map { $0.metadata.id }) func itemIsDocumentedAndHasExamples(
        _ id: String
    ) throws {
        let check = try #require(CheckRegistry.check(id))
        let metadata = check.metadata
        #expect(!metadata.summary.isEmpty)
        #expect(!metadata.rationale.isEmpty)
        let expected = check.examples.map(\.expected)
        #expect(expected.contains { $0 == .pass || $0 == .info })
        let codes = metadata.codes.map(\.code)
        #expect(Set(codes).count == codes.count)
    }
}
