import Batch
import Checks
import FoundationEssentials
import LaunchChain
import Policies
import Reports
import TestSupport
import Testing

/// `--policy` and `--baseline`, from the command line to the exit code.
struct PolicyCommandTests {
    private static let images = Snapshot.repository + "testimages/images/"
    private let healthy = PolicyCommandTests.images + "healthy-bios-mbr.qcow2"

    /// The image whose data disk is not there, unpacked into `directory`.
    private func broken(in directory: TemporaryDirectory, as name: String = "web-1.raw") async throws
        -> String
    {
        let path = directory.path + "/" + name
        _ = try await HostTool.shell(
            "xz -dkc '\(Self.images)fstab-missing-data-disk.raw.xz' > '\(path)'")
        return path
    }

    private func policy(_ rules: String, in directory: TemporaryDirectory) throws -> String {
        try directory.write("version: 1\n" + rules, to: "policy.yaml")
    }

    private func exception(until day: String, _ more: String = "") -> String {
        """
        exceptions:
          - code: Fstab.DeviceNotFound
            \(more)
            reason: the data disk is attached at launch
            expires: \(day)
        """
    }

    private func report(_ answer: Tool.Answer) throws -> ScanReport {
        try JSONReport.decode(ScanReport.self, from: Array(answer.output.utf8))
    }

    // MARK: Exceptions

    @Test(.enabled(if: HostTool.has("xz"))) func anExceptionLetsAnImagePass() async throws {
        let directory = try TemporaryDirectory()
        let image = try await broken(in: directory)
        let command = ["verify", image, "--target", "kvm"]
        #expect(try await Tool.imagecheck.run(command).code == 1)

        let file = try policy(exception(until: "9999-12-31", "images: ['web-*']"), in: directory)
        let answer = try await Tool.imagecheck.run(command + ["--policy", file])
        #expect(answer.code == 0 && answer.complaint.isEmpty, "\(answer.complaint)")
        #expect(answer.output.hasPrefix("ACCEPTED"))
        #expect(answer.output.contains("boots: no — accepted until 9999-12-31: the data disk is attached"))
        #expect(!answer.output.contains("boots: yes") && !answer.output.contains("PASS"))

        let json = try await Tool.imagecheck.run(command + ["--policy", file, "--format", "json"])
        let schema = JSONSchema(try JSONValue(parsing: Snapshot.file("schema/report-1.schema.json")))
        #expect(try schema.violations(of: JSONValue(parsing: Array(json.output.utf8))) == [])
        let report = try report(json)
        #expect(report.guests[0].verdicts[0].boots == .no)
        #expect(report.guests[0].verdicts[0].launches[0].stopsAt?.accepted?.source == "policy.yaml:3:5")

        // Another image, another target, a day that is over: it counts no more.
        let other = try policy(exception(until: "9999-12-31", "images: ['db-*']"), in: directory)
        #expect(try await Tool.imagecheck.run(command + ["--policy", other]).code == 1)
        let elsewhere = try policy(exception(until: "9999-12-31", "targets: gcp"), in: directory)
        #expect(try await Tool.imagecheck.run(command + ["--policy", elsewhere]).code == 1)
        let over = try policy(exception(until: "2026-01-31"), in: directory)
        let expired = try await Tool.imagecheck.run(command + ["--policy", over])
        #expect(expired.code == 1 && expired.output.hasPrefix("FAIL"))
        for text in [expired.complaint, expired.output] {
            let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(words.contains("expired on 2026-01-31"))
        }
    }

    @Test func whatFitsNothingIsSaidOnce() async throws {
        let directory = try TemporaryDirectory()
        let file = try policy(exception(until: "9999-12-31"), in: directory)
        let answer = try await Tool.imagecheck.run("scan", healthy, healthy, "--policy", file)
        #expect(answer.code == 0)
        #expect(
            answer.complaint
                == "imagecheck: the exception for Fstab.DeviceNotFound (policy.yaml:3:5) fits no finding\n")
    }

    // MARK: What else a policy says

    @Test func theCommandLineGoesFirst() async throws {
        let directory = try TemporaryDirectory()
        let mine = try await Tool.imagecheck.run("targets", "--show", "kvm")
        try directory.write(mine.output.replacing("\"kvm\"", with: "\"mine\""), to: "mine.json")
        let file = try policy("targets: [gcp, mine.json]\nskip: [GUESTOS.Fstab]\n", in: directory)
        let answer = try await Tool.imagecheck.run("scan", healthy, "--policy", file, "--format", "json")
        let report = try report(answer)
        #expect(report.guests[0].verdicts.map(\.target) == ["gcp", "mine"])
        #expect(!report.guests[0].checks.contains { $0.id == "GUESTOS.Fstab" })
        let other = try self.report(
            try await Tool.imagecheck.run(
                "scan", healthy, "--policy", file, "--format", "json", "--target", "kvm", "--skip",
                "COMPLIANCE.Ssh"))
        #expect(other.guests[0].verdicts.map(\.target) == ["kvm"])
        #expect(other.guests[0].checks.contains { $0.id == "GUESTOS.Fstab" })
        #expect(!other.guests[0].checks.contains { $0.id == "COMPLIANCE.Ssh" })
    }

    /// The healthy image has warnings: what fails is the policy's to say, and then the command line's.
    @Test func theThreshold() async throws {
        let directory = try TemporaryDirectory()
        let file = try policy("targets: kvm\nfail-on: warning\n", in: directory)
        for command in ["scan", "verify"] {
            #expect(try await Tool.imagecheck.run(command, healthy, "--target", "kvm").code == 0)
            #expect(try await Tool.imagecheck.run(command, healthy, "--policy", file).code == 1)
            let answer = try await Tool.imagecheck.run(
                command, healthy, "--policy", file, "--fail-on", "error")
            #expect(answer.code == 0)
        }
    }

    @Test func aWeightIsSaid() async throws {
        let directory = try TemporaryDirectory()
        let file = try policy("targets: kvm\nseverities: {SshHostKeys.Shared: error}\n", in: directory)
        let answer = try await Tool.imagecheck.run("verify", healthy, "--policy", file, "--format", "json")
        #expect(answer.code == 1)
        let item = try report(answer).guests[0].checks.first { $0.code == "SshHostKeys.Shared" }
        #expect(item?.severity == .error && item?.originalSeverity == .warning)
    }

    // MARK: Baseline

    @Test(.enabled(if: HostTool.has("xz"))) func onlyNewFindingsFail() async throws {
        let directory = try TemporaryDirectory()
        let image = try await broken(in: directory)
        let known = directory.path + "/known.json"
        let command = ["--target", "kvm", "--fail-on", "warning"]
        let written = try await Tool.imagecheck.run(
            "scan", image, "--target", "kvm", "--format", "baseline=\(known)")
        #expect(written.code == 0)
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: known)))
        let schema = JSONSchema(try JSONValue(parsing: Snapshot.file("schema/baseline-1.schema.json")))
        #expect(try schema.violations(of: JSONValue(parsing: bytes)) == [])

        let same = try await Tool.imagecheck.run(["verify", image, "--baseline", known] + command)
        #expect(same.code == 0 && same.complaint.isEmpty, "\(same.complaint)")
        #expect(same.output.contains("boots: no — accepted: a known finding of known.json"))
        // Written anew with itself it stays what it is.
        _ = try await Tool.imagecheck.run(
            "scan", image, "--target", "kvm", "--baseline", known, "--format", "baseline=\(known)")
        #expect(try [UInt8](Data(contentsOf: URL(filePath: known))) == bytes)

        // One that is not known fails; one that is gone is counted.
        let baseline = try BaselineFile.read(bytes, path: known)
        let fewer = Baseline(findings: baseline.findings.filter { $0.code != "Fstab.DeviceNotFound" })
        try Data(BaselineFile.bytes(of: fewer)).write(to: URL(filePath: known))
        #expect(try await Tool.imagecheck.run(["verify", image, "--baseline", known] + command).code == 1)
        var more = baseline
        more.findings.append(Baseline.Finding(image: "*", id: "GUESTOS.Fstab", code: "Fstab.Syntax"))
        try Data(BaselineFile.bytes(of: more)).write(to: URL(filePath: known))
        let gone = try await Tool.imagecheck.run(["verify", image, "--baseline", known] + command)
        #expect(gone.code == 0)
        #expect(
            gone.complaint
                == "imagecheck: 1 known finding of known.json is gone; write the baseline anew\n")
    }

    // MARK: What is wrong

    /// Said before any image is opened: the image is not there.
    @Test(arguments: ["scan", "verify", "batch"])
    func aBadPolicyEndsTheRun(_ command: String) async throws {
        let directory = try TemporaryDirectory()
        let file = try policy("tragets: [kvm]\nonly: [No.Such]\n", in: directory)
        let answer = try await Tool.imagecheck.run(command, "/no/such/image", "--policy", file)
        #expect(answer.code == 64 && answer.output.isEmpty)
        #expect(
            answer.complaint.hasPrefix(
                """
                \(file):2:1: there is no key “tragets” in a policy; did you mean “targets”?
                \(file):3:8: there is no check “No.Such”
                imagecheck: the policy \(file) is not used: 2 errors

                """), "\(answer.complaint)")
        let known = try directory.write("{\"kind\": 1}", to: "known.json")
        let other = try await Tool.imagecheck.run(command, "/no/such/image", "--baseline", known)
        #expect(other.code == 64 && other.output.isEmpty)
        #expect(other.complaint.contains("known.json is no baseline"))
        for option in ["--policy", "--baseline"] {
            for place in ["/no/such/file", "/", "/dev/zero"] {
                let answer = try await Tool.imagecheck.run(command, "/no/such/image", option, place)
                #expect(answer.code == 64 && answer.complaint.contains("\(place) cannot be read"))
            }
        }
    }

    @Test func aTargetOfThePolicyThatIsNone() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("{}", to: "mine.json")
        let file = try policy("targets: [./mine.json, gone.json, moon]\n", in: directory)
        let answer = try await Tool.imagecheck.run("policy", file)
        #expect(answer.code == 64)
        #expect(
            answer.complaint.contains(
                "\(file):2:11: The target file \(directory.path)/./mine.json does not fit"))
        #expect(
            answer.complaint.contains(
                "\(file):2:24: The target file \(directory.path)/gone.json cannot be read"))
        #expect(answer.complaint.contains("\(file):2:35: There is no target “moon”"))
    }

    @Test func aStrangersWordsAreEscaped() async throws {
        let directory = try TemporaryDirectory()
        let file = try policy("\"\u{202e}moc\": 1\n", in: directory)
        let answer = try await Tool.imagecheck.run("policy", file)
        #expect(answer.code == 64 && answer.complaint.contains("\\u{202e}"))
        #expect(!answer.complaint.unicodeScalars.contains { $0 != "\n" && TerminalText.isHarmful($0) })
    }

    // MARK: policy

    @Test func aPolicyInWords() async throws {
        let answer = try await Tool.imagecheck.run("policy", Snapshot.repository + "docs/policy.example.yaml")
        #expect(answer.code == 0)
        #expect(answer.output.contains("kvm, aws-nitro"))
        #expect(answer.output.contains("a run with a finding of severity error or warning"))
        #expect(answer.output.contains("until 2027-01-31: The data disk is attached"))
    }

    /// The documentation names every key that there is, and its example is one.
    @Test func theDocumentation() throws {
        let text = String(decoding: try Snapshot.file("docs/policy.md"), as: UTF8.self)
        for key in [
            "version", "targets", "fail-on", "only", "skip", "severities", "exceptions", "code", "item",
            "images",
            "reason", "expires",
        ] {
            #expect(text.contains("`\(key)`"), "\(key)")
        }
    }

    // MARK: Batch

    @Test(.enabled(if: HostTool.has("xz"))) func aBatch() async throws {
        let directory = try TemporaryDirectory()
        let reports = try TemporaryDirectory()
        _ = try await broken(in: directory)
        _ = try await broken(in: directory, as: "db-1.raw")
        let policies = try TemporaryDirectory()
        func run(_ rules: String, _ arguments: String...) async throws -> (
            answer: Tool.Answer, rows: [String: BatchResult]
        ) {
            let answer = try await Tool.imagecheck.run(
                [
                    "batch", directory.path, "--output", reports.path + "/out", "--policy",
                    try policy("targets: kvm\n" + rules, in: policies), "--fail-on", "error",
                ] + arguments)
            let lines = try String(contentsOfFile: reports.path + "/out/results.ndjson", encoding: .utf8)
            let results = try lines.split(separator: "\n").map {
                try JSONReport.decode(BatchResult.self, from: Array($0.utf8))
            }
            return (
                answer,
                Dictionary(
                    uniqueKeysWithValues: results.map { (FindingIdentity.name(ofImageAt: $0.image), $0) })
            )
        }
        func isAccepted(_ result: BatchResult?) -> Bool? {
            result?.report?.guests[0].verdicts[0].launches[0].stopsAt.map { $0.accepted != nil }
        }
        let one = try await run(exception(until: "9999-12-31", "images: ['web-*']"))
        #expect(one.answer.code == 1)
        #expect(isAccepted(one.rows["web-1.raw"]) == true && isAccepted(one.rows["db-1.raw"]) == false)
        #expect(one.rows["web-1.raw"]?.report?.guests[0].verdicts.map(\.target) == ["kvm"])
        #expect(one.answer.output.contains("accepted until 9999-12-31"))
        let index = try String(contentsOfFile: reports.path + "/out/index.html", encoding: .utf8)
        #expect(index.contains("accepted until 9999-12-31"))
        let page = try String(contentsOfFile: reports.path + "/out/images/web-1.raw.html", encoding: .utf8)
        #expect(page.contains("accepted until 9999-12-31"))

        // The same question: nothing is done again. Another policy: everything is.
        let again = try await run(exception(until: "9999-12-31", "images: ['web-*']"), "--resume")
        #expect(again.answer.code == 1 && again.answer.output.contains("2 of 2 images are done already"))
        let wider = try await run(exception(until: "9999-12-31"), "--resume")
        #expect(wider.answer.code == 0 && !wider.answer.output.contains("done already"))
        #expect(isAccepted(wider.rows["db-1.raw"]) == true)
        // It passes, and is not good.
        #expect(wider.answer.output.contains("2 do not boot"))

        // What is said of the policy is said once, also of images that were done before.
        let over = try await run(exception(until: "2026-01-31"), "--resume")
        #expect(over.answer.code == 1)
        let kept = try await run(exception(until: "2026-01-31"), "--resume")
        for answer in [over.answer, kept.answer] {
            #expect(answer.complaint.ranges(of: "expired on 2026-01-31").count == 1)
        }
    }
}
