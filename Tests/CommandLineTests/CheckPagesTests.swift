import FoundationEssentials
import TestSupport
import Testing

struct CheckPagesTests {
    private static let pages = Snapshot.repository + "docs/checks"

    /// The pages of the repository are what `imagecheck-dev check-pages` writes.
    @Test(.enabled(if: FileManager.default.fileExists(atPath: pages)))
    func areCurrent() async throws {
        let directory = try TemporaryDirectory()
        #expect(try await Tool.developer.run("check-pages", "--output", directory.path).code == 0)
        let files = FileManager.default
        let names = try files.contentsOfDirectory(atPath: directory.path).sorted()
        #expect(try files.contentsOfDirectory(atPath: CheckPagesTests.pages).sorted() == names)
        for name in names {
            let now = try Data(contentsOf: URL(filePath: directory.path + "/" + name))
            #expect(try Data(contentsOf: URL(filePath: CheckPagesTests.pages + "/" + name)) == now, "\(name)")
        }
    }
}
