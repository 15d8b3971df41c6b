import Checks
import Foundation
import Reports
import Targets
import TestSupport
import Testing

@testable import Policies

/// What a policy file says, and what is said of one that is wrong.
struct PolicyReaderTests {
    static func read(_ text: String, otherTargets: Set<String> = []) throws(PolicyProblems) -> Policy {
        try read(Array(text.utf8), otherTargets: otherTargets)
    }

    static func read(_ bytes: [UInt8], otherTargets: Set<String> = []) throws(PolicyProblems) -> Policy {
        try PolicyReader.read(bytes, file: "dir/policy.yaml", otherTargets: otherTargets) { name in
            Target.shipped(name).map { .success(PolicyReader.FoundTarget($0, argument: name)) }
                ?? .failure(PolicyReader.TargetProblem("there is no target “\(name)”"))
        }
    }

    /// The example that the documentation shows.
    @Test func theExample() throws {
        let policy = try Self.read(Snapshot.file("docs/policy.example.yaml"))
        #expect(policy.name == "policy.yaml")
        #expect(policy.targets.map(\.id) == ["kvm", "aws-nitro"])
        #expect(policy.threshold == .warning)
        #expect(policy.only.isEmpty && policy.skip == ["SEC.AuthorizedKeys"])
        #expect(
            policy.severities == [
                Policy.Weight(subject: .code("Leftovers.NameServer"), severity: .info),
                Policy.Weight(subject: .item("COMPLIANCE.QemuGa"), severity: .warning),
            ])
        #expect(policy.exceptions.count == 2)
        let first = try #require(policy.exceptions.first)
        #expect(first.subject == .code("Fstab.DeviceNotFound"))
        #expect(first.targets == ["kvm"] && first.images?.map(\.text) == ["web-*.qcow2", "staging/**"])
        #expect(first.reason == "The data disk is attached when the instance is launched (OPS-1234).")
        #expect(try first.expires == CalendarDay(reading: "2027-01-31"))
        #expect(first.source.hasPrefix("policy.yaml:"))
    }

    @Test func theLeast() throws {
        let policy = try Self.read("version: 1")
        #expect(policy.targets.isEmpty && policy.threshold == nil && policy.exceptions.isEmpty)
    }

    /// Names in any case, older names, one text for a list of one, quotes, an anchor.
    @Test func manners() throws {
        let policy = try Self.read(
            """
            %YAML 1.1
            ---
            # a comment
            "version": '1'
            targets: kvm
            only: guestos.fstab
            severities: {fstab.devicenotfound: "info"}
            exceptions:
            - item: fstab
              reason: &why >
                several
                lines
              expires: '2027-01-31'
            - {code: Ssh.Disabled, reason: *why, expires: 2027-02-01, images: a.raw}
            """)
        #expect(policy.targets.map(\.id) == ["kvm"] && policy.only == ["GUESTOS.Fstab"])
        #expect(policy.severities == [.init(subject: .code("Fstab.DeviceNotFound"), severity: .info)])
        #expect(policy.exceptions.map(\.subject) == [.item("GUESTOS.Fstab"), .code("Ssh.Disabled")])
        #expect(policy.exceptions.map(\.reason) == ["several lines", "several lines"])
        #expect(policy.exceptions.map(\.source) == ["policy.yaml:9:3", "policy.yaml:14:3"])
    }

    /// The example with Windows line ends and a byte order mark.
    @Test func otherEditors() throws {
        let text = String(decoding: try Snapshot.file("docs/policy.example.yaml"), as: UTF8.self)
        let policy = try Self.read("\u{FEFF}" + text.replacing("\n", with: "\r\n"))
        #expect(policy.exceptions.count == 2)
    }

    @Test func aTargetOfTheCommandLineMayBeNamed() throws {
        let text = """
            version: 1
            exceptions:
              - {code: Ssh.Disabled, targets: mine, reason: r, expires: 2027-01-31}
            """
        #expect(try Self.read(text, otherTargets: ["mine"]).exceptions[0].targets == ["mine"])
        #expect(throws: PolicyProblems.self) { try Self.read(text) }
    }

    private static let good = "version: 1\n"

    /// A text, and what is said of it.
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let expected: String
        var testDescription: String { expected }
    }

    private static func raw(_ text: String, _ expected: String) -> Case {
        Case(text: text, expected: expected)
    }

    private static func top(_ text: String, _ expected: String) -> Case { raw(good + text, expected) }

    private static func exception(_ lines: [String], _ expected: String) -> Case {
        top("exceptions:\n  - " + lines.joined(separator: "\n    "), expected)
    }

    private static let cases: [Case] = [
        raw("", "1:1: the policy is empty"),
        raw("# nothing\n", "1:1: the policy is empty"),
        raw("---\n...\n", "2:1: the policy is empty"),
        raw("null", "1:1: the policy is empty"),
        raw("just text", "1:1: this is “just text”; a policy is a mapping"),
        raw("- version: 1", "1:1: this is a list; a policy is a mapping of version, targets"),
        raw("targets: kvm", "1:1: “version” is missing"),
        raw("version: 2", "1:10: the version is “2”"),
        raw("version:", "1:9: the version is empty"),
        raw("version: [1]", "1:10: the version is a list"),
        top("tragets: kvm", "2:1: there is no key “tragets” in a policy; did you mean “targets”?"),
        top("fail_on: error", "2:1: there is no key “fail_on” in a policy; did you mean “fail-on”?"),
        top("colour: red", "2:1: there is no key “colour” in a policy; there are version, targets"),
        top("[a]: b", "2:1: there is no key a list"),
        top("targets: moon", "2:10: there is no target “moon”"),
        top("targets:\n  - kvm\n  - moon", "4:5: there is no target “moon”"),
        top("targets: [kvm, kvm]", "2:16: the target kvm is named twice"),
        top("targets: {kvm: 1}", "2:10: “targets” is a mapping; it is a list of names of targets"),
        top("targets:", "2:9: “targets” is empty"),
        top("targets: []", "2:10: “targets” is an empty list"),
        top("targets: [[kvm]]", "2:11: this is a list; “targets” is a list of"),
        top("targets: [~]", "2:11: this is empty"),
        top("fail-on: never", "2:10: “fail-on” is “never”; it can be error or warning"),
        top("only: No.Such", "2:7: there is no check “No.Such”"),
        top("skip: [GUESTOS.Fstap]", "2:8: there is no check “GUESTOS.Fstap”; did you mean “GUESTOS.Fstab”"),
        top("skip: [GUESTOS.QemuGa]", "did you mean “COMPLIANCE.QemuGa”"),
        top("severities: warning", "2:13: “severities” is “warning”; it is a mapping"),
        top("severities:\n  Fstab.DeviceNotFond: info", "3:3: there is no check or reason code"),
        top("severities:\n  Fstab.DeviceNotFond: info", "did you mean “Fstab.DeviceNotFound”"),
        top(
            "severities:\n  Fstab.DeviceNotFound: fatal",
            "3:25: the severity is “fatal”; it can be error, warning or info"),
        top("severities:\n  GUESTOS.Fstab: ignore", "An item is left out by “skip”"),
        top("severities:\n  GUESTOS.Fstab:", "3:17: the severity is empty"),
        top(
            "severities:\n  GUESTOS.Fstab: info\n  guestos.fstab: error", "4:3: GUESTOS.Fstab is given twice"),
        top("exceptions: none", "2:13: “exceptions” is “none”; it is a list"),
        top("exceptions:\n  - Fstab.DeviceNotFound", "3:5: this is “Fstab.DeviceNotFound”; an exception is"),
        exception(["code: Ssh.Disabled", "expires: 2027-01-31"], "3:5: the exception has no “reason”"),
        exception(["code: Ssh.Disabled", "reason: r"], "3:5: the exception has no “expires”"),
        exception(["reason: r", "expires: 2027-01-31"], "3:5: the exception says of nothing"),
        exception(
            ["code: Ssh.Disabled", "item: GUESTOS.Fstab", "reason: r", "expires: 2027-01-31"],
            "4:11: the exception has a “code” and an “item”"),
        exception(
            ["code: GUESTOS.Fstab", "reason: r", "expires: 2027-01-31"],
            "3:11: “GUESTOS.Fstab” is an item, not a reason code; write “item: GUESTOS.Fstab”"),
        exception(
            ["item: Ssh.Disabled", "reason: r", "expires: 2027-01-31"],
            "3:11: “Ssh.Disabled” is a reason code, not an item; write “code: Ssh.Disabled”"),
        exception(
            ["code: [a]", "reason: r", "expires: 2027-01-31"], "3:11: this is a list; it is a reason code"),
        exception(["code: Ssh.Disabled", "reason:", "expires: 2027-01-31"], "4:12: the reason is empty"),
        exception(["code: Ssh.Disabled", "reason: '  '", "expires: 2027-01-31"], "4:13: the reason is “  ”"),
        exception(
            ["code: Ssh.Disabled", "reason: \(String(repeating: "x", count: 1001))", "expires: 2027-01-31"],
            "4:13: the reason is longer than 1000"),
        exception(
            ["code: Ssh.Disabled", "reason: r", "expires: 2027-02-30"],
            "5:14: there is no day 2027-02-30: 2027-02 has 28 days"),
        exception(
            ["code: Ssh.Disabled", "reason: r", "expires: 2027-13-01"],
            "5:14: there is no day 2027-13-01: a year has no month 13"),
        exception(
            ["code: Ssh.Disabled", "reason: r", "expires: 31.1.2027"],
            "5:14: “31.1.2027” is no day; write it like 2027-01-31"),
        exception(["code: Ssh.Disabled", "reason: r", "expires: never"], "5:14: an exception ends"),
        exception(["code: Ssh.Disabled", "reason: r", "expires: [2027-01-31]"], "5:14: “expires” is a list"),
        exception(
            ["code: Ssh.Disabled", "reason: r", "expires: 2027-01-31", "image: a.raw"],
            "6:5: there is no key “image” in an exception; did you mean “images”?"),
        exception(
            ["code: Ssh.Disabled", "reason: r", "expires: 2027-01-31", "targets: [kvm, moon]"],
            "6:20: there is no target “moon”"),
        exception(
            ["code: Ssh.Disabled", "reason: r", "expires: 2027-01-31", "images: []"],
            "6:13: “images” is an empty list"),
        // What the YAML reader itself finds.
        raw("version: 1\ntargets: [kvm", "this is not YAML"),
        raw("version: 1\n\ttargets: kvm", "2:1: this is not YAML"),
        raw("version: 1\n targets: kvm", "this is not YAML: mapping values are not allowed"),
        raw("a: 'b", "this is not YAML"),
        raw("a: *b", "1:4: this is not YAML: found undefined alias"),
        raw("version: 1\n---\nversion: 1", "2:1: a second document begins"),
        raw("version: 1\nskip: a\nversion: 1", "3:1: the key “version” is given twice (first in line 1)"),
        exception(
            ["code: Ssh.Disabled", "reason: r", "# reason", "\"reason\": s", "expires: 2027-01-31"],
            "6:5: the key “reason” is given twice (first in line 4)"),
        raw("{version: 1, version: 1}", "1:2: the key “version” is given twice"),
        raw("version: 1\u{0}", "1:11: this is not UTF-8 text"),
        raw("a: \u{1}", "1:4: this is not YAML"),
    ]

    /// Each with its place and with what would be right.
    @Test(arguments: cases) func problems(_ wrong: Case) throws {
        let problems = try #require(throws: PolicyProblems.self) { try Self.read(wrong.text) }
        let expected = wrong.expected
        let isPlaced = expected.first?.isNumber == true
        #expect(
            problems.problems.contains {
                isPlaced
                    ? $0.description.hasPrefix("dir/policy.yaml:" + expected)
                    : $0.description.contains(expected)
            }, "\(problems)")
        #expect(problems.problems.allSatisfy { $0.line >= 1 && $0.column >= 1 })
    }

    @Test func bytesThatAreNoText() throws {
        let bytes = Array("version: 1\nskip: \"a".utf8) + [0xFF, 0x22]
        let problems = try #require(throws: PolicyProblems.self) { try Self.read(bytes) }
        #expect(problems.description == "dir/policy.yaml:2:9: this is not UTF-8 text")
    }

    /// All at once, in the order of the file, also those behind others.
    @Test func allProblemsAtOnce() throws {
        let problems = try #require(throws: PolicyProblems.self) {
            try Self.read(
                """
                version: 3
                targets: [moon, kvm, mars]
                fail-on: info
                exceptions:
                  - code: No.Such
                    expires: tomorrow
                  - reason: r
                more: true
                """)
        }
        #expect(
            problems.problems.map { "\($0.line):\($0.column)" } == [
                "1:10", "2:11", "2:22", "3:10", "5:5", "5:11", "6:14", "7:5", "7:5", "8:1",
            ])
    }

    // MARK: What is hostile or absurd

    @Test func nothingIsTooMuch() throws {
        func message(_ text: String) throws -> String {
            try #require(throws: PolicyProblems.self) { try Self.read(text) }.description
        }
        #expect(try message(String(repeating: "[", count: 100_000)).contains("beyond a policy"))
        #expect(try message(String(repeating: "{a: ", count: 10_000)).contains("beyond a policy"))
        #expect(try message(String(repeating: "- ", count: 10_000) + "a").contains("beyond a policy"))
        #expect(try message(String(repeating: "#", count: 2 << 20)).contains("larger than a policy"))
        // Each line is ten of the one before: a billion in the end.
        let bomb = (1..<10).reduce("a0: &a0 [x]\n") { text, number in
            text + "a\(number): &a\(number) ["
                + Array(repeating: "*a\(number - 1)", count: 10).joined(separator: ",") + "]\n"
        }
        #expect(try message(bomb).contains("beyond a policy"))
        let many =
            "version: 1\nskip: [" + Array(repeating: "Ssh", count: 150_000).joined(separator: ",") + "]"
        #expect(try message(many).contains("too many values"))
    }

    /// Cut short anywhere and with any byte changed, it is a policy or a list of what is wrong.
    @Test func aDamagedPolicyIsAnAnswer() throws {
        let bytes = try Snapshot.file("docs/policy.example.yaml")
        var policies = 0
        var refusals = 0
        func feed(_ bytes: [UInt8]) {
            do throws(PolicyProblems) {
                _ = try Self.read(bytes)
                policies += 1
            } catch {
                refusals += 1
                #expect(
                    !error.problems.isEmpty && error.problems.allSatisfy { $0.line >= 1 && $0.column >= 1 })
            }
        }
        for end in stride(from: 0, to: bytes.count, by: 17) { feed(Array(bytes[..<end])) }
        for index in stride(from: 0, to: bytes.count, by: 13) {
            for value in [bytes[index] ^ 0x80, UInt8(ascii: "*"), UInt8(ascii: "\n")] {
                var changed = bytes
                changed[index] = value
                feed(changed)
            }
        }
        #expect(policies > 10 && refusals > 50)
    }
}
