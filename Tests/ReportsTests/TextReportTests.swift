import Checks
import GuestFacts
import LaunchChain
import TestSupport
import Testing

@testable import Reports

struct TextReportTests {
    @Test(arguments: Samples.all.keys.sorted())
    func fullText(_ name: String) throws {
        let report = try #require(Samples.all[name])
        #expect(try Snapshot.difference(TextReport(report).full, from: "Reports/\(name).txt") == nil)
    }

    @Test(arguments: Samples.all.keys.sorted())
    func verification(_ name: String) throws {
        let report = try #require(Samples.all[name])
        let gate = Gate(.error)
        let text = TextReport(report).verification(gate.verifies(report), gate: gate)
        #expect(try Snapshot.difference(text, from: "Reports/\(name).verify.txt") == nil)
    }

    @Test(arguments: Samples.all.keys.sorted())
    func layers(_ name: String) throws {
        let report = try #require(Samples.all[name])
        #expect(try Snapshot.difference(LayerText(report).text, from: "Reports/\(name).inspect.txt") == nil)
    }

    @Test(arguments: Samples.all.keys.sorted())
    func verboseText(_ name: String) throws {
        let report = try #require(Samples.all[name])
        let text = TextReport(report, isVerbose: true).full
        #expect(try Snapshot.difference(text, from: "Reports/\(name).verbose.txt") == nil)
        let words = Set(text.split { $0 == " " || $0 == "\n" || $0 == "," }.map(String.init))
        for item in report.allChecks {
            let id = TerminalText.escaped(item.id)
            #expect(words.contains(id) || id.contains(" "), "\(id) is not told")
        }
        for gap in report.gaps where gap.message.count < 40 {
            #expect(text.contains(TerminalText.escaped(gap.where)))
        }
        #expect(!text.contains("--verbose"), "what is verbose leaves nothing for a longer form")
    }

    @Test func aSingleTargetNeedsNoName() {
        let text = TextReport(Samples.broken).full
        #expect(Samples.broken.targetCount == 1)
        #expect(text.components(of: Samples.broken.guests[0].verdicts[0].target) == 1)
    }

    @Test func whatIsAsideBreaksNoChain() throws {
        let chain = try #require(
            TextReport(Samples.healthy).full.split(separator: "\n").first { $0.contains("container ✓") })
        #expect(!chain.contains("✗"))
        let launch = try #require(Samples.broken.guests[0].verdicts[0].launches.first { $0.stopsAt != nil })
        #expect(launch.links.map(launch.mark).contains(.broken))
    }

    @Test func aHealthyImageFitsOneScreen() {
        let lines = TextReport(Samples.healthy).full.split(separator: "\n", omittingEmptySubsequences: false)
            .dropLast()
        #expect(lines.count <= 24)
        #expect(lines.allSatisfy { TerminalText.width(String($0)) <= 80 })
    }

    @Test func aHealthyImageAtAllTargetsFitsOneScreen() {
        let lines = TextReport(Samples.everywhere).full.split(
            separator: "\n", omittingEmptySubsequences: false
        )
        .dropLast()
        #expect(lines.count <= 24)
        #expect(lines.allSatisfy { TerminalText.width(String($0)) <= 80 })
    }

    @Test func aFindingOfSeveralTargetsIsSaidOnce() {
        let text = TextReport(Samples.matrix).full
        #expect(text.components(of: "Nvme.NotInInitramfs") == 3)  // twice in the matrix, once in what to do
        #expect(text.contains("for aws-nitro; alibaba-ecs on nvme, bios"))
        #expect(text.contains("error    GUESTOS.Nvme"))
        let gate = Gate(.error)
        #expect(gate.verifies(Samples.matrix) == .failing)
        let short = TextReport(Samples.matrix).verification(.failing, gate: gate)
        #expect(short.contains("aws-nitro") && short.contains("Nvme.NotInInitramfs"))
    }

    @Test(arguments: [40, 80, 120], [true, false])
    func hostileTextStaysOnThePage(width: Int, unicode: Bool) {
        let style = TextStyle(colour: false, width: width, unicode: unicode)
        let gate = Gate(.error)
        let report = Samples.hostile
        for text in [
            TextReport(report, style: style).full,
            TextReport(report, style: style).verification(.failing, gate: gate),
            TextReport(report, style: style, isVerbose: true).full,
            LayerText(report, style: style).text,
        ] {
            for scalar in text.unicodeScalars where scalar != "\n" {
                #expect(!TerminalText.isHarmful(scalar))
                if !unicode { #expect(scalar.isASCII) }
            }
            #expect(text.utf8.count < 20_000)
        }
    }

    @Test func coloursAreTheOnlyEscapeSequences() {
        let text = TextReport(Samples.hostile, style: TextStyle(colour: true)).full
        for part in text.split(separator: "\u{1b}", omittingEmptySubsequences: false).dropFirst() {
            #expect(["[0m", "[1m", "[2m", "[31m", "[32m", "[33m"].contains { part.hasPrefix($0) })
        }
        #expect(!TextReport(Samples.hostile).full.contains("\u{1b}"))
    }

    @Test(arguments: [
        ("plain", "plain"), ("a\nb", "a\\nb"), ("\u{1b}[31m", "\\u{1b}[31m"), ("\u{202e}x", "\\u{202e}x"),
        ("\u{9b}", "\\u{9b}"), ("é", "é"), ("\u{7f}", "\\u{7f}"),
        (
            "a\u{300}\u{300}\u{300}\u{300}\u{300}",
            "a\u{300}\u{300}\u{300}\u{300}\\u{300}"
        ),
    ])
    func escaping(_ text: String, _ expected: String) {
        #expect(TerminalText.escaped(text) == expected)
    }

    @Test(
        arguments: [
            ([0x61, 0x0A], "a\\n"), ([0xFF, 0x61], "\\xffa"), ([0x5C, 0x6E], "\\\\n"), ([0xC3, 0xA9], "é"),
        ] as [([UInt8], String)])
    func names(_ bytes: [UInt8], _ expected: String) {
        #expect(TerminalText.escapedName(bytes) == expected)
    }

    @Test func widths() {
        #expect(TerminalText.width("日本") == 4)
        #expect(TerminalText.width("e\u{301}") == 1)
        #expect(TerminalText.cut("日本語", to: 5) == "日本…")
        #expect(TerminalText.cut("abc", to: 3) == "abc")
    }
}

extension String {
    /// How often `part` is in it.
    fileprivate func components(of part: String) -> Int { ranges(of: part).count }
}
