import Batch
import Checks
import FoundationEssentials
import LaunchChain
import Reports
import TestSupport
import Testing

/// `index.html` of a batch.
struct BatchIndexTests {
    private static let hasBrowser =
        HostTool.has("chromium", "chromedriver")
        && FileManager.default.fileExists(atPath: "/usr/lib/python3/dist-packages/selenium")

    /// Names that images have and that would do harm.
    private static let hostile = [
        "<script>window.hostile=1</script>.img", "\"onmouseover=\"window.hostile=1\" x='.img",
        "\u{202e}gmi.reverof.img", "\u{1b}[2Jclear\u{7}.img", "a&amp;b{{title}}{{{style}}}.img",
        String(repeating: "long-", count: 45) + ".img", "100% of %41#?.img", "javascript:alert(1).img",
    ]

    /// An index of `count` images in `directory`, with the pages of those that were judged.
    private func write(_ count: Int, to directory: String) throws {
        let example = try JSONReport.decode(
            ScanReport.self, from: Snapshot.file("schema/report-1.example.json"))
        let pages = try BatchPages(directory: directory, images: "/images")
        var rows: [BatchRow] = []
        for index in 0..<count {
            let name =
                index < BatchIndexTests.hostile.count
                ? BatchIndexTests.hostile[index] : "rack-\(index % 7)/example-\(index).qcow2"
            var result = BatchResult(
                image: "/images/" + name, status: .checked, seconds: Double(index % 90) / 10, report: example)
            switch index % 10 {
            case 4: result.report?.guests = []
            case 5:
                result.report = nil
                result.status = BatchResult.Status.allCases[1 + index / 10 % 6]
                result.message = "<b>why</b> {{not}}"
            case 6: result.report?.guests[0].checks = []
            case 7:
                let failing = result.report?.guests[0].checks.firstIndex { $0.status == .fail }
                result.report?.guests[0].checks[try #require(failing)].accepted = Acceptance(by: .baseline)
            default: break
            }
            // What a page is made of is another test's affair; thousands of them are not needed for links to lead there.
            if index < 40 {
                try pages.add(result)
            } else {
                result.status = result.report == nil ? result.status : .crashed
            }
            rows.append(BatchRow(result))
        }
        try pages.writeIndex(BatchIndex(title: "/images", rows: rows, note: "All are checked."))
    }

    private func page(_ count: Int) throws -> (directory: TemporaryDirectory, text: String) {
        let directory = try TemporaryDirectory()
        try write(count, to: directory.path)
        let text = try Data(contentsOf: URL(filePath: directory.path + "/index.html"))
        return (directory, String(decoding: text, as: UTF8.self))
    }

    /// The policy of the page lets its own script run and nothing else.
    @Test(.enabled(if: HostTool.has("openssl"))) func theScriptIsTheOneThatThePolicyKnows() async throws {
        let (directory, text) = try page(20)
        let parts = text.split(separator: "<script>", omittingEmptySubsequences: false)
        #expect(parts.count == 2)
        let script = try #require(parts.last?.split(separator: "</script>").first)
        let file = try directory.write(String(script), to: "script")
        let digest = try await HostTool.shell("openssl dgst -sha256 -binary '\(file)' | base64 -w0")
        #expect(text.contains("script-src 'sha256-\(digest)'"))
    }

    /// Names are text wherever they stand.
    @Test func namesAreText() throws {
        let text = try page(20).text
        #expect(!text.contains("<script>window") && text.contains("&lt;script&gt;window.hostile=1"))
        #expect(text.matches(of: /\son[a-z]+\s*=\s*"/).isEmpty)
        for scalar in text.unicodeScalars {
            #expect(scalar == "\n" || scalar == "\t" || !TerminalText.isHarmful(scalar))
        }
        #expect(text.contains("{{title}}{{{style}}}"))
    }

    /// What is accepted is found as a reason is.
    @Test func acceptedFindingsAreFound() throws {
        let text = try page(20).text
        #expect(text.matches(of: /<tr [^>]*data-codes="(?:[^"]* )?accepted">/).count == 2)
        #expect(text.contains(/data-code="accepted" [^>]*><span class="badge info">2 images</))
        #expect(try !page(7).text.contains("data-code=\"accepted\""))
    }

    /// In a real browser: it sorts, filters and counts, with the keyboard too; nothing is asked of a network.
    @Test(.enabled(if: hasBrowser, "chromium, chromium-driver and python3-selenium are needed"))
    func aReaderFindsTheirWay() async throws {
        let directory = try page(60).directory
        let said = try await HostTool.shell(
            "/usr/bin/python3 '\(Snapshot.repository)Tests/Browser/try-index.py' '\(directory.path)/index.html' "
                + "2>/dev/null || true")
        #expect(said == "\n")
    }
}
