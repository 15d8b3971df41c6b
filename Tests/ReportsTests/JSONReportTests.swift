import Checks
import GuestFacts
import LaunchChain
import Reports
import Targets
import TestSupport
import Testing

struct JSONReportTests {
    private func schema() throws -> JSONSchema {
        JSONSchema(try JSONValue(parsing: Snapshot.file("schema/report-1.schema.json")))
    }

    @Test(arguments: Samples.all.keys.sorted())
    func fitsTheSchema(_ name: String) throws {
        let report = try #require(Samples.all[name])
        for layout in [JSONReport.Layout.pretty, .line] {
            let bytes = try JSONReport.bytes(report, layout: layout)
            #expect(try schema().violations(of: JSONValue(parsing: bytes)) == [])
            #expect(try JSONReport.decode(ScanReport.self, from: bytes) == report)
            #expect(layout == .pretty || !bytes.contains(0x0A))
        }
    }

    @Test func theExampleOfTheContractFits() throws {
        let bytes = try Snapshot.file("schema/report-1.example.json")
        let value = try JSONValue(parsing: bytes)
        #expect(try schema().violations(of: value) == [])
        // Nothing of the contract is lost on the way through the report value.
        let report = try JSONReport.decode(ScanReport.self, from: bytes)
        #expect(try JSONValue(parsing: JSONReport.bytes(report)) == value)
    }

    @Test func theSchemaIsStrict() throws {
        let schema = try schema()
        let good = String(decoding: try JSONReport.bytes(Samples.partly), as: UTF8.self)
        for (old, new) in [
            ("\"schemaVersion\" : 1", "\"schemaVersion\" : 2"),
            ("\"boots\" : \"partly\"", "\"boots\" : \"maybe\""),
            ("\"hostname\" : \"web01\"", "\"hostName\" : \"web01\""),
            ("\"hostname\" : \"web01\"", "\"hostname\" : \"\""),
            ("\"seconds\" : 0.312", "\"seconds\" : -1"),
            ("\"severity\" : \"warning\"", "\"severity\" : \"fatal\""),
            ("\"severity\" : \"warning\",", ""),
        ] {
            #expect(good.contains(old))
            let bad = good.replacing(old, with: new)
            #expect(try schema.violations(of: JSONValue(parsing: Array(bad.utf8))) != [], "\(new)")
        }
    }

    /// Each value an enumeration can have is one the schema knows.
    @Test func theSchemaKnowsEveryCase() throws {
        let document = try JSONValue(parsing: Snapshot.file("schema/report-1.schema.json"))
        func values(_ path: [String]) -> Set<String> {
            guard case .array(let items)? = path.reduce(document, { $0?[$1] }) else { return [] }
            return Set(items.compactMap { if case .string(let text) = $0 { text } else { nil } })
        }
        #expect(values(["$defs", "link", "enum"]) == Set(LaunchLink.allCases.map(\.rawValue)))
        #expect(values(["$defs", "disk", "enum"]) == Set(DiskBus.allCases.map(\.rawValue)))
        #expect(values(["$defs", "firmware", "enum"]) == Set(FirmwareKind.allCases.map(\.rawValue)))
        #expect(
            values(["$defs", "check", "properties", "status", "enum"])
                == Set(CheckStatus.allCases.map(\.rawValue)))
        #expect(
            values(["$defs", "check", "properties", "severity", "enum"])
                == Set(Severity.allCases.map(\.rawValue)))
    }

    @Test func nothingHarmfulIsWrittenRaw() throws {
        for layout in [JSONReport.Layout.pretty, .line] {
            let text = String(decoding: try JSONReport.bytes(Samples.hostile, layout: layout), as: UTF8.self)
            #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || !TerminalText.isHarmful($0) })
        }
        let tag = try JSONReport.bytes(["\u{e0041}"], layout: .line)
        #expect(String(decoding: tag, as: UTF8.self) == "[\"\\udb40\\udc41\"]")
    }

    @Test func theSameReportGivesTheSameBytes() throws {
        #expect(try JSONReport.bytes(Samples.partly) == JSONReport.bytes(Samples.partly))
    }
}
