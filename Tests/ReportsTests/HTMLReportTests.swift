import Checks
import Foundation
import GuestFacts
import Reports
import TestSupport
import Testing

struct HTMLReportTests {
    /// Without the parts that are the same on every page.
    private func body(_ page: String) -> String {
        page.replacing(/<style>[\s\S]*?<\/style>/, with: "<style></style>")
            .replacing(/<script>[\s\S]*?<\/script>/, with: "<script></script>")
            .replacing(/sha256-[^']*/, with: "sha256")
    }

    @Test(arguments: Samples.all.keys.sorted())
    func page(_ name: String) throws {
        let report = try #require(Samples.all[name])
        #expect(try Snapshot.difference(body(HTMLReport(report).text), from: "Reports/\(name).html") == nil)
    }

    @Test func thePolicyKnowsTheScript() async throws {
        let page = HTMLReport(Samples.healthy).text
        let script = try #require(page.firstMatch(of: /<script>([\s\S]*)<\/script>/)?.1)
        let digest = try #require(page.firstMatch(of: /script-src 'sha256-([^']+)'/)?.1)
        let file = FileManager.default.temporaryDirectory.appending(path: "script-\(UUID()).js")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(script.utf8).write(to: file)
        let computed = try await HostTool.shell("openssl dgst -sha256 -binary '\(file.path)' | base64")
        #expect(String(digest) == computed.trimmingCharacters(in: .whitespacesAndNewlines))
    }

    @Test func nothingIsAskedOfTheNetwork() {
        for report in Samples.all.values {
            let page = HTMLReport(report).text
            #expect(!page.contains(/(src|href|action|data)\s*=\s*["']?(?!["'#])[a-z]*:?\/\//.ignoresCase()))
            #expect(!page.contains("@import") && !page.contains("url("))
        }
    }

    /// A guest's text stays text: in content, in attributes, with marks on the characters that matter.
    @Test(arguments: [
        "<script>alert(1)</script>", "</style><script>x</script>", "\" onmouseover=\"x", "\"\u{301} onload=x",
        "<\u{301}img src=x onerror=x>", "'\u{20E3}><svg onload=x>", "]]>", "{{tool}}", "{{{script}}}",
        "&lt;b&gt;", "\u{0}\u{1b}[31m", "\u{202e}txt.exe", "a\rb",
    ])
    func guestTextIsText(_ text: String) throws {
        var report = Samples.healthy
        report.image.path = text
        report.guests[0].os.name = text
        report.guests[0].checks[0].status = .fail
        report.guests[0].checks[0].code = text
        report.guests[0].checks[0].message = text
        report.guests[0].checks[0].evidence = [.init(path: text, excerpt: text)]
        report.guests[0].checks[0].fixes = [
            Fix(
                text, kind: .autoEdit, commands: [text], edit: .init(path: text, old: text, new: text))
        ]
        report.image.layers = [.init(kind: text, name: text, identity: [text: text], health: text)]
        let page = HTMLReport(report).text
        #expect(page.matches(of: /<script/).count == 1)
        #expect(!page.contains(/<(svg|img|iframe|object)/))
        for scalar in page.unicodeScalars {
            #expect(scalar == "\n" || scalar == "\t" || !TerminalText.isHarmful(scalar))
        }
        let attributes = page.matches(of: /<[a-z][^>]*>/).map { String($0.0) }
        #expect(!attributes.contains { $0.contains(/\son[a-z]+\s*=/) })
        #expect(page.contains("&lt;script&gt;") == text.contains("<script>"))
    }

    static let hasBrowser =
        HostTool.has("chromium", "chromedriver")
        && FileManager.default.fileExists(atPath: "/usr/lib/python3/dist-packages/selenium")

    /// In a real browser: no error, no request, filters and search that work, no page wider than a phone.
    @Test(.enabled(if: hasBrowser, "chromium, chromium-driver and python3-selenium are needed"))
    func aReaderFindsTheirWay() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "pages-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var paths: [String] = []
        for name in ["healthy", "hostile", "matrix", "stacks", "accepted"] {
            let report = try #require(Samples.all[name])
            let file = folder.appending(path: name + ".html")
            try Data(HTMLReport(report).text.utf8).write(to: file)
            paths.append("'\(file.path)'")
        }
        let said = try await HostTool.shell(
            "/usr/bin/python3 '\(Snapshot.repository)Tests/Browser/try-report.py' "
                + paths.joined(separator: " ") + " 2>&1 || true")
        #expect(said == "\n")
    }
}
