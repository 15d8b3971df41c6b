import FoundationEssentials
import Reports
import TestSupport
import Testing

/// Documents that are made image by image say what those do that are made at once.
struct StreamTests {
    @Test(arguments: [SARIFReport.Scope.attention, .everything])
    func sarif(_ scope: SARIFReport.Scope) throws {
        for results in [
            Samples.run, ScanResults(Array(try Samples.golden.prefix(3)), time: Samples.now),
            ScanResults([Samples.healthy], time: Samples.now), ScanResults([], time: Samples.now),
        ] {
            let whole = try SARIFReport(results, scope: scope).bytes()
            let tool = results.reports.first?.tool ?? ScanReport.Tool(name: "imagecheck", version: "0")
            var stream = SARIFStream(scope: scope, tool: tool)
            var lists: [SARIFStream.List: [UInt8]] = [:]
            for report in results.reports {
                for (list, bytes) in try stream.add(report) { lists[list, default: []] += bytes }
            }
            for image in results.unreadable {
                for (list, bytes) in try stream.add(image) { lists[list, default: []] += bytes }
            }
            var text: [UInt8] = []
            try stream.write(list: { text += lists[$0] ?? [] }, append: { text += $0 })
            // Of a batch more can become of an image; the kinds of that stand at the end of those of a scan.
            func beforeTheTool(_ bytes: [UInt8]) throws -> Substring {
                let text = String(decoding: bytes, as: UTF8.self)
                return text[..<(try #require(text.firstRange(of: "\n      \"tool\" : {"))).lowerBound]
            }
            let (one, other) = (try beforeTheTool(whole), try beforeTheTool(text))
            let difference = zip(one.split(separator: "\n"), other.split(separator: "\n")).first { $0 != $1 }
            #expect(one == other, "\(String(describing: difference))")
            #expect(text.suffix(25) == whole.suffix(25))
        }
    }

    @Test func theKindsOfABatchFollowThoseOfAScan() throws {
        func kinds(_ bytes: [UInt8]) throws -> [JSONValue] {
            let kinds = try JSONValue(parsing: bytes)["runs"]?[0]?["tool"]?["driver"]?["notifications"]
            if case .array(let kinds)? = kinds { return kinds } else { return [] }
        }
        var text: [UInt8] = []
        try SARIFStream(scope: .attention, tool: Samples.healthy.tool).write(
            list: { _ in }, append: { text += $0 })
        let (scan, batch) = (try kinds(SARIFReport(ScanResults([], time: 0)).bytes()), try kinds(text))
        #expect(scan.count > 5 && batch.count > scan.count && batch.starts(with: scan))
    }

    /// What a batch came to no answer about is named, by what became of it.
    @Test(arguments: ScanResults.Unreadable.Kind.allCases)
    func anImageWithoutAReport(_ kind: ScanResults.Unreadable.Kind) throws {
        let image = ScanResults.Unreadable(path: "dir/x.img", message: "why <not>", kind: kind)
        let isNote = kind == .notAnImage || kind == .skipped
        var suites = JUnitStream(time: Samples.now)
        let suite = suites.add(image)
        #expect(suite.contains(isNote ? "<skipped type=" : "<error type="))
        #expect(suite.contains("why &lt;not&gt;") && suite.contains("tests=\"1\""))
        var stream = SARIFStream(scope: .attention, tool: Samples.healthy.tool)
        let parts = try stream.add(image)
        let notification = try JSONValue(parsing: try #require(parts[.notifications]))
        #expect(notification["level"] == .string(isNote ? "note" : "error"))
        var text: [UInt8] = []
        try stream.write(list: { text += parts[$0] ?? [] }, append: { text += $0 })
        let run = try #require(try JSONValue(parsing: text)["runs"]?[0])
        #expect(run["invocations"]?[0]?["executionSuccessful"] == .bool(isNote))
        guard case .number(let index)? = notification["descriptor"]?["index"] else {
            throw CancellationError()
        }
        #expect(
            run["tool"]?["driver"]?["notifications"]?[Int(index)]?["id"]
                == notification["descriptor"]?["id"])
    }
}
