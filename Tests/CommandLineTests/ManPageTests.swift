import FoundationEssentials
import TestSupport
import Testing

struct ManPageTests {
    private let page = Snapshot.repository + "docs/imagecheck.1"

    /// The page of the repository is what `imagecheck-dev man-page` writes.
    @Test func isCurrent() async throws {
        let directory = try TemporaryDirectory()
        let answer = try await Tool.developer.run("man-page", "--output", directory.path + "/imagecheck.1")
        #expect(answer.code == 0, "\(answer.complaint)")
        let now = try Data(contentsOf: URL(filePath: directory.path + "/imagecheck.1"))
        #expect(
            try Data(contentsOf: URL(filePath: page)) == now,
            "swift run imagecheck-dev man-page writes it anew")
    }

    @Test func namesEveryOption() async throws {
        let text = String(decoding: try Data(contentsOf: URL(filePath: page)), as: UTF8.self)
        for command in [
            "scan", "verify", "batch", "inspect", "ls", "cat", "checks", "explain", "targets", "policy",
        ] {
            #expect(text.contains(".SS \(command)\n"))
            let help = try await Tool.imagecheck.run("help", command)
            let options = help.output.split(whereSeparator: { " \n,[]".contains($0) }).filter {
                $0.hasPrefix("--")
            }
            #expect(!options.isEmpty)
            for option in Set(options.map { $0.prefix { $0.isLetter || $0.isNumber || $0 == "-" } }) {
                #expect(text.contains(option.replacing("-", with: "\\-")), "\(command) \(option)")
            }
        }
    }

    @Test(.enabled(if: HostTool.has("mandoc"))) func isSoundTroff() async throws {
        _ = try await HostTool.shell("mandoc -T lint -W error '\(page)' 2>&1")
        let shown = try await HostTool.shell("mandoc -T utf8 '\(page)' | col -b")
        #expect(shown.contains("imagecheck scan [options] image ..."))
    }
}

struct CompletionTests {
    private func script(_ shell: String) async throws -> String {
        let answer = try await Tool.imagecheck.run("--generate-completion-script", shell)
        #expect(answer.code == 0)
        return answer.output
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func theShellTakesThem(_ shell: String) async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write(try await script(shell), to: "completion")
        guard HostTool.has(shell) else { return }
        _ = try await HostTool.shell("\(shell) -n '\(file)'")
    }

    /// Asked as a shell asks: images complete to files, forms and checks to their names.
    @Test(
        .enabled(if: HostTool.has("bash")),
        arguments: [
            ("imagecheck s", ["scan"]), ("imagecheck scan --form", ["--format"]),
            ("imagecheck scan --format sar", ["sarif", "sarif-all"]),
            ("imagecheck verify disk", ["disk-1.qcow2"]),
            ("imagecheck scan --only GUESTOS.Fs", ["GUESTOS.Fstab"]),
            ("imagecheck explain GUESTOS.Fs", ["GUESTOS.Fstab"]),
            ("imagecheck scan --target kv", ["kvm"]),
        ])
    func bashCompletes(_ line: String, _ expected: [String]) async throws {
        let directory = try TemporaryDirectory()
        try directory.write(try await script("bash"), to: "completion")
        try directory.write("", to: "disk-1.qcow2")
        let words = line.split(separator: " ").map(String.init)
        let ask = """
            cd '\(directory.path)'; source ./completion
            COMP_WORDS=(\(words.map { "'\($0)'" }.joined(separator: " "))); COMP_CWORD=\(words.count - 1)
            COMP_LINE='\(line)'; COMP_POINT=\(line.count); COMP_TYPE=9; COMP_KEY=9
            compopt() { :; }
            _imagecheck imagecheck '\(words.last ?? "")' '\(words.dropLast().last ?? "")' 2>/dev/null || true
            printf '%s\\n' "${COMPREPLY[@]}"
            """
        try directory.write(ask, to: "ask.bash")
        let answer = try await HostTool.shell("bash '\(directory.path)/ask.bash'")
        #expect(answer.split(separator: "\n").map { String($0.drop { $0 == " " }) }.sorted() == expected)
    }
}
