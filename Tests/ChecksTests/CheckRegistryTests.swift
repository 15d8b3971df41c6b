import Foundation
import Testing

@testable import Checks

@Suite struct CheckRegistryTests {
    @Test func idsAndAliasesAreUnique() {
        let names = CheckRegistry.all.flatMap { [$0.metadata.id] + $0.metadata.aliases }.map {
            $0.lowercased()
        }
        #expect(Set(names).count == names.count)
    }

    @Test func aliasesAndAnyCaseAreFound() {
        #expect(CheckRegistry.check("COMPLIANCE.Driver")?.metadata.id == "GUESTOS.Virtio")
        #expect(CheckRegistry.check("guestos.fstab")?.metadata.id == "GUESTOS.Fstab")
        #expect(CheckRegistry.check("GUESTOS.NoSuch") == nil)
    }

    /// One file for each item, one line in the registry for each file.
    @Test func everyCheckFileIsRegistered() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources/Judgement/Checks")
        let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        var found: Set<String> = []
        for case let file as URL in files where file.pathExtension == "swift" {
            let text = try String(contentsOf: file, encoding: .utf8)
            let name = file.deletingPathExtension().lastPathComponent
            if text.contains("enum \(name): Check {") { found.insert(name) }
        }
        let registered = Set(CheckRegistry.all.map { String(describing: $0) })
        #expect(found == registered)
    }
}
