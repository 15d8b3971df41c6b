import Checks
import Reports
import TestSupport
import Testing

struct ComplianceReportTests {
    @Test(arguments: Samples.formats.keys.sorted())
    func snapshot(_ name: String) throws {
        let report = ComplianceReport(
            ScanResults([try #require(Samples.formats[name])], time: Samples.now))
        #expect(try Snapshot.difference(report.text, from: "Reports/compliance/\(name).txt") == nil)
        let json = String(decoding: try report.json(), as: UTF8.self)
        #expect(try Snapshot.difference(json, from: "Reports/compliance/\(name).json") == nil)
    }

    /// The lines of the tool, whatever the image: sixteen items by their names, and counts that add up.
    @Test func theLinesAreThoseOfTheTool() throws {
        let names = [
            "driver", "shadow file authority", "security", "qemu-ga", "network", "ssh", "firewall",
            "filesystem",
            "device id", "root account", "password", "partition table", "lib", "disk size", "disk use rate",
            "inode use rate",
        ]
        for report in try Samples.golden where report.guests.first?.os.family == "linux" {
            let text = ComplianceReport(ScanResults([report], time: Samples.now)).text
            let lines = text.split(separator: "\n").map(String.init)
            let marked = lines.filter { $0.hasPrefix("Check ") && $0.hasSuffix("]") }
            #expect(
                marked
                    == names.map { name in
                        let mark: String =
                            marked.first { $0.hasPrefix("Check \(name)  ") }.map { String($0.dropFirst(59)) }
                            ?? ""
                        return TerminalText.padded("Check \(name)", to: 59) + mark
                    })
            let counts = lines.filter { $0.contains(" items are ") }.compactMap {
                Int($0.prefix { $0.isNumber })
            }
            #expect(counts.count == 3 && counts.reduce(0, +) == 16)
            #expect(counts[0] == marked.count { $0.hasSuffix("[  OK  ]") })
            #expect(counts[1] == marked.count { $0.hasSuffix("[FAILED]") })
            // Every item is one that checks judge: none is unknown for want of a check.
            #expect(!text.contains("the item was left out"))
        }
    }

    @Test func whatIsNotKnownIsNotOK() throws {
        var report = Samples.healthy
        report.guests[0].checks[1].status = .unknown
        report.guests[0].checks[1].gaps = ["the initramfs is damaged"]
        let json = try JSONValue(parsing: ComplianceReport(ScanResults([report], time: Samples.now)).json())
        #expect(json["check_items"]?[0]?["result"] == .string("WARNING"))
        #expect(json["check_items"]?[0]?["error_code"] == .string("Unknown"))
        #expect(json["time"] == .string("2026-11-26_19-58-38"))
    }

    @Test func windowsHasNoItems() throws {
        let report = ComplianceReport(ScanResults([Samples.windowsHealthy], time: Samples.now))
        #expect(!report.text.contains("OK"))
        #expect(try JSONValue(parsing: report.json())["check_items"] == .array([]))
    }

    @Test func severalSystemsAreAnArray() throws {
        let json = try JSONValue(parsing: ComplianceReport(Samples.run).json())
        guard case .array(let documents) = json else { throw CancellationError() }
        #expect(documents.count == Samples.run.reports.count)
        #expect(ComplianceReport(Samples.run).text.contains("gone.qcow2: could not be read"))
    }

    @Test func nothingHarmfulIsWrittenRaw() throws {
        for name in ["markup", "hostile"] {
            let report = ComplianceReport(
                ScanResults([try #require(Samples.formats[name])], time: Samples.now))
            #expect(report.text.unicodeScalars.allSatisfy { $0 == "\n" || !TerminalText.isHarmful($0) })
        }
    }
}
