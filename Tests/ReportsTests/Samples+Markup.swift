import Checks
import GuestFacts
import LaunchChain
import Reports

/// A guest whose every word tries to become markup.
extension Samples {
    /// What opens something in HTML, XML, Markdown, SARIF or a terminal, and what a forge makes of names.
    static let markupWords = [
        "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</details><h1>owned</h1>", "]]>", "-->",
        "@everyone", "@octocat/team", "#1", "GH-12", "octocat/repo#3", "!7", "www.example.com",
        "https://example.com/x", "a@example.com", "[click](https://example.com)",
        "![x](https://example.com/x.png)",
        "`code`", "````", "```\n# heading\n```", "| a | b |", "**bold**", "__under__", "~~gone~~", "$x^2$",
        ":tada:",
        "&lt;b&gt;&amp;&#60;", "{0}", "{1}", "\u{0}", "\u{1b}[2J\u{1b}]0;owned\u{7}", "\u{202e}gpj.exe",
        "\u{feff}",
        "\u{fffe}", "\u{200b}", "\r\n- [ ] item", "1. one", "===", "---", "<!-- comment",
        "\"quoted\" 'quoted'",
        "\\`escaped\\`", "<details>", "&", "\u{e0041}", "e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
    ]

    static let markup: ScanReport = {
        let evil = markupWords.joined(separator: " ")
        var report = partly
        report.image.path = "img/" + markupWords[0] + " @everyone `x`|y.qcow2"
        report.image.layers[0].children?[0].children?[0].identity = ["partLabel": evil]
        report.guests[0].os.name = "- " + evil
        report.guests[0].os.hostname = "# " + evil
        report.guests[0].verdicts[0].launches[1].stopsAt?.message = evil
        report.guests[0].verdicts[0].launches[0].unknownBecause = [evil]
        for (index, word) in markupWords.enumerated() {
            report.guests[0].checks.append(
                ScanReport.CheckItem(
                    id: "GUESTOS.Fstab", title: "Mounts", link: .`init`, status: .fail,
                    severity: index % 3 == 0 ? .error : index % 3 == 1 ? .warning : .info,
                    code: "Fstab.DeviceNotFound", value: word, targets: ["alibaba-ecs"], message: word,
                    evidence: [
                        Evidence(path: "/etc/" + word, line: index + 1, excerpt: word),
                        Evidence(layer: word, offset: UInt64(index), excerpt: word),
                    ],
                    fixes: [
                        Fix(
                            word, kind: .autoEdit, commands: [word, "echo " + word],
                            edit: Fix.Edit(path: "/etc/" + word, line: index + 1, old: word, new: word + " x")
                        )
                    ]))
        }
        report.guests[0].checks.append(
            ScanReport.CheckItem(
                id: "GUESTOS.Grub", title: "Boot configuration", link: .bootloader, status: .unknown,
                gaps: [evil]))
        report.gaps = markupWords.map { Gap(where: $0, kind: .corrupt, message: $0) }
        return report
    }()

    /// More than one comment holds.
    static let enormous: ScanReport = {
        var report = broken
        for index in 0..<3000 {
            var item = fstab
            item.message = "Mount number \(index) waits for a device that is not in this image."
            item.evidence?[0].line = index + 1
            report.guests[0].checks.append(item)
        }
        return report
    }()

    /// What each format is shown with: its snapshots stand beside those of the text.
    static let formats: [String: ScanReport] = [
        "healthy": healthy, "partly": partly, "broken": broken, "unknown": unknown, "data-disk": dataDisk,
        "stacks": stacks, "matrix": matrix, "hostile": hostile, "markup": markup,
        "windows-healthy": windowsHealthy, "windows-broken": windowsBroken, "accepted": accepted,
    ]

    /// All of them in one run, with an image that could not be read.
    static let run = ScanResults(
        formats.sorted { $0.key < $1.key }.filter { !["hostile", "markup", "accepted"].contains($0.key) }.map(
            \.value),
        unreadable: [
            ScanResults.Unreadable(path: "gone.qcow2", message: "gone.qcow2: no such file or directory")
        ],
        time: now)

    /// 2026-11-26 19:58:38 UTC.
    static let now: Int64 = 1_795_723_118
}
