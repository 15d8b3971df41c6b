import FoundationEssentials
import TestSupport
import Testing

struct CommandLineTests {
    @Test(arguments: [
        "", "scan", "verify", "batch", "inspect", "ls", "cat", "checks", "explain", "targets", "policy",
    ])
    func help(_ command: String) async throws {
        let answer =
            command.isEmpty
            ? try await Tool.imagecheck.run("--help") : try await Tool.imagecheck.run("help", command)
        #expect(answer.code == 0)
        let name = command.isEmpty ? "imagecheck" : command
        #expect(try Snapshot.difference(answer.output, from: "CommandLine/help-\(name).txt") == nil)
    }

    @Test func version() async throws {
        let answer = try await Tool.imagecheck.run("--version")
        #expect(answer.code == 0)
        #expect(answer.output.hasPrefix("imagecheck 0."))
    }

    @Test func targets() async throws {
        let table = try await Tool.imagecheck.run("targets")
        #expect(table.code == 0 && table.output.hasPrefix("alibaba-ecs"))
        // What it prints is a file it takes.
        let one = try await Tool.imagecheck.run("targets", "--show", "kvm")
        let directory = try TemporaryDirectory()
        let file = try directory.write(one.output.replacing("\"kvm\"", with: "\"mine\""), to: "mine.json")
        let again = try await Tool.imagecheck.run("targets", "--show", file)
        #expect(again.code == 0 && again.output == one.output.replacing("\"kvm\"", with: "\"mine\""))
        // A key that does not exist is said, with those that do.
        let wrong = try directory.write(
            one.output.replacing("\"rootLogin\"", with: "\"rootLogins\""), to: "wrong.json")
        let answer = try await Tool.imagecheck.run("targets", "--show", wrong)
        #expect(answer.code == 64)
        #expect(
            answer.complaint.contains("there is no key “rules.rootLogins”; there are activationHosts, agents")
        )
    }

    @Test(
        arguments: [
            (["targets", "--show", "moon"], "alibaba-ecs, kvm, openstack, aws-nitro"),
            (["scan"], "Missing expected argument"),
            (["scan", "--target", "moon", "x"], "There is no target “moon”"),
            (["scan", "--disk", "floppy", "x"], "virtio-blk"),
            (["scan", "--disk", "ide", "x"], "alibaba-ecs has no ide"),
            (["scan", "--only", "No.Such", "x"], "There is no check named"), (["frobnicate"], "frobnicate"),
            (["verify", "--fail-on", "never", "x"], "verify always gates"),
            (["cat", "image-without-path"], "image:/path"),
            (["batch", "--jobs", "0", "."], "--jobs"), (["batch", "--timeout", "-1", "."], "--timeout"),
            (["batch", "--memory", "0", "."], "--memory"), (["explain", "No.Such"], "imagecheck checks"),
            (["scan", "--target", "./no-such-file.json", "x"], "cannot be read"),
        ] as [([String], String)])
    func wrongUsage(_ arguments: [String], _ words: String) async throws {
        let answer = try await Tool.imagecheck.run(arguments)
        #expect(answer.code == 64)
        #expect(answer.output.isEmpty)
        #expect(answer.complaint.contains(words), "\(answer.complaint)")
    }

    @Test(arguments: [
        ("{", "it is not JSON"), ("{}", "“id” is missing"),
        ("{\"id\":1}", "“id” is of another kind"),
    ])
    func targetFilesThatDoNotFit(_ text: String, _ words: String) async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write(text, to: "t.json")
        let answer = try await Tool.imagecheck.run("scan", "--target", file, "x")
        #expect(answer.code == 64)
        #expect(answer.complaint.contains(words), "\(answer.complaint)")
    }

    /// Each way an image cannot be read is said in a sentence, with what to do next.
    @Test(arguments: ["scan", "verify", "inspect"])
    func unreadable(_ command: String) async throws {
        let directory = try TemporaryDirectory()
        let missing = try await Tool.imagecheck.run(command, directory.path + "/missing.raw")
        #expect(missing.code == 2)
        #expect(missing.complaint.contains("missing.raw") && missing.complaint.contains("Check the name"))
        let folder = try await Tool.imagecheck.run(command, directory.path)
        #expect(folder.code == 2)
        #expect(folder.complaint.contains("imagecheck batch"))
        #expect(missing.output.isEmpty && folder.output.isEmpty)
    }

    @Test func complaintsAreEscaped() async throws {
        let answer = try await Tool.imagecheck.run("scan", "no\u{1b}[2Jsuch\u{202e}file")
        #expect(answer.code == 2)
        #expect(answer.complaint.contains("\\u{1b}"))
        #expect(!answer.complaint.contains("\u{1b}") && !answer.complaint.contains("\u{202e}"))
    }
}
