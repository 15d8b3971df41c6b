import Checks
import FoundationEssentials
import Reports
import TestSupport
import Testing

struct MarkdownReportTests {
    private func comment(_ report: ScanReport) -> String {
        MarkdownReport(ScanResults([report], time: Samples.now)).text
    }

    @Test(arguments: Samples.formats.keys.sorted())
    func snapshot(_ name: String) throws {
        let text = comment(try #require(Samples.formats[name]))
        #expect(try Snapshot.difference(text, from: "Reports/markdown/\(name).md") == nil)
    }

    @Test func severalImages() throws {
        let text = MarkdownReport(Samples.run).text
        #expect(try Snapshot.difference(text, from: "Reports/markdown/run.md") == nil)
    }

    /// GitHub's parser finds our elements and no other, whatever a guest writes.
    @Test(.enabled(if: Consumer.isHere), arguments: ["markup", "hostile"])
    func nothingOfAGuestIsMarkup(_ name: String) async throws {
        let calm: Set<String> = [
            "h3", "h4", "p", "table", "thead", "tbody", "tr", "th", "td", "strong", "code", "pre", "br",
            "details",
            "summary", "ul", "li", "sub",
        ]
        let text = comment(try #require(Samples.formats[name]))
        let page = try #require(try await Consumer.read("markdown", [Array(text.utf8)]).first)
        guard case .object(let elements)? = page["elements"] else { throw CancellationError() }
        #expect(Set(elements.keys).subtracting(calm) == [])
        #expect(page["links"] == .array([]))
        // One heading for the image and one for what to do: a guest adds none.
        #expect(elements["h3"] == .number(1) && elements["h4"] == .number(1))
        guard case .string(let prose)? = page["prose"] else { throw CancellationError() }
        for mention in [
            "@everyone", "@octocat", "GH-12", "!7", "www.example", "https://", ":tada:", "a@example",
        ] {
            #expect(!prose.contains(mention), "\(mention)")
        }
        #expect(!zip(prose, prose.dropFirst()).contains { $0 == "#" && $1.isNumber })
        // What it wrote is there to be read.
        #expect(name != "markup" || prose.contains("<script>alert(1)</script>"))
    }

    @Test func nothingHarmfulIsWrittenRaw() {
        for name in ["markup", "hostile"] {
            for scalar in comment(Samples.formats[name] ?? Samples.healthy).unicodeScalars
            where scalar != "\n" {
                #expect(!TerminalText.isHarmful(scalar))
            }
        }
    }

    /// A long comment is shortened to what GitHub takes, and says so; all of its blocks stay closed.
    @Test(.enabled(if: Consumer.isHere), arguments: [65_000, 20_000, 3000, 1500])
    func shortening(_ limit: Int) async throws {
        let results = ScanResults([Samples.enormous, Samples.markup], time: Samples.now)
        let text = MarkdownReport(results, limit: limit).text
        #expect(text.utf16.count <= limit)
        #expect(text.contains("**This comment is shortened**"))
        _ = try await Consumer.read("markdown", [Array(text.utf8)])
    }

    @Test func theCountsOfWhatIsLeftOutAreTrue() throws {
        let text = MarkdownReport(ScanResults([Samples.enormous], time: Samples.now)).text
        let shown = text.ranges(of: "<br>").count
        let sentence = try #require(text.split(separator: "\n").last { $0.contains("Left out") })
        #expect(sentence.contains("\(3001 - shown) findings"), "\(shown) \(sentence)")
    }

    @Test func manyImagesAreCounted() {
        let results = ScanResults(
            (0..<2000).map { index in
                var report = Samples.broken
                report.image.path = "image-\(index).qcow2"
                return report
            }, time: Samples.now)
        let text = MarkdownReport(results).text
        #expect(text.utf16.count <= 65_536)
        #expect(text.contains(" images") && text.contains("table rows"))
    }
}
