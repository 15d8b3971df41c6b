import Checks
import GuestFacts
import TestSupport
import Testing

@testable import ImageCheck
@testable import ImageFormats
@testable import Volumes

/// What the README says about itself is held against the program.
struct ReadmeTests {
    private static func text() throws -> String {
        String(decoding: try Snapshot.file("README.md"), as: UTF8.self)
    }

    /// The names in code type of the cells of a row.
    private func row(_ name: String) throws -> [Set<String>] {
        let lines = try ReadmeTests.text().split(separator: "\n")
        let line = try #require(lines.first { $0.hasPrefix("| \(name) |") })
        return line.split(separator: "|", omittingEmptySubsequences: false).dropFirst(2).map { cell in
            let parts = cell.split(separator: "`", omittingEmptySubsequences: false)
            return Set(parts.indices.filter { !$0.isMultiple(of: 2) }.map { String(parts[$0]) })
        }
    }

    @Test func containers() throws {
        let cells = try row("container")
        #expect(cells[0] == Set(ImageFormat.allCases.map(\.rawValue)))
        #expect(cells[1].isSubset(of: ContainerSignatures.all.map(\.name)))
        #expect(cells[0].isDisjoint(with: cells[1]))
    }

    @Test func fileSystems() throws {
        let cells = try row("file systems")
        #expect(cells[0] == FileSystemRegistry.kinds)
        #expect(cells[1].isSubset(of: ReadmeTests.recognised))
        #expect(cells[1].isDisjoint(with: FileSystemRegistry.kinds))
    }

    @Test func volumes() throws {
        #expect(try row("volumes")[1].isSubset(of: ReadmeTests.recognised))
    }

    private static let recognised = Set(
        (Recogniser.containers + Recogniser.linuxFileSystems + Recogniser.windowsFileSystems
            + Recogniser.otherFileSystems).map(\.kind))

    /// Every reason code the example shows exists.
    @Test func codesOfTheExample() throws {
        let codes = Set(CheckRegistry.all.flatMap { $0.metadata.codes.map(\.code) })
        let example = try #require(ReadmeTests.text().split(separator: "```").dropFirst().first)
        var shown = 0
        for line in example.split(separator: "\n")
        where line.hasPrefix("error  ") || line.hasPrefix("warning  ") {
            let words = line.split(separator: " ")
            #expect(CheckRegistry.check(String(words[1])) != nil)
            #expect(codes.contains(String(words[2])))
            shown += 1
        }
        #expect(shown > 0)
    }

    /// The counts of recorded launches.
    @Test func recordedLaunches() throws {
        let table = String(decoding: try Snapshot.file("testimages/recorded-boots.tsv"), as: UTF8.self)
        let rows = table.split(separator: "\n").dropFirst().map {
            $0.split(separator: "\t", omittingEmptySubsequences: false)
        }
        let up = rows.filter { $0[4] == "yes" }
        let reachable = up.filter { $0[5] == "yes" }
        let sentence =
            "Of \(rows.count) launches that were recorded, \(reachable.count) ended with a system that was up and "
            + "reachable, \(up.count - reachable.count) with one that was up and could not be reached, and "
            + "\(rows.count - up.count) stopped before that."
        let words = try ReadmeTests.text().split { $0 == " " || $0 == "\n" }.joined(separator: " ")
        #expect(words.contains(sentence), "it should say: \(sentence)")
    }

    /// Files and directories it points to are there.
    @Test(arguments: ["README.md", "CONTRIBUTING.md", "testimages/README.md"])
    func links(_ page: String) throws {
        let folder = page.split(separator: "/").dropLast().map { $0 + "/" }.joined()
        for part in String(decoding: try Snapshot.file(page), as: UTF8.self).split(separator: "](")
            .dropFirst()
        {
            let target = part.prefix { $0 != ")" }
            if target.hasPrefix("https://") { continue }
            #expect(throws: Never.self, "\(page): \(target)") { try Snapshot.file(folder + target) }
        }
    }
}
