import FoundationEssentials
import Reports
import TestSupport

extension Samples {
    /// The reports of the whole program on the images of the repository.
    static var golden: [ScanReport] {
        get throws {
            let folder = "testimages/expected"
            return try FileManager.default.contentsOfDirectory(atPath: Snapshot.repository + folder).sorted()
                .filter { $0.hasSuffix(".json") }
                .map { try JSONReport.decode(ScanReport.self, from: Snapshot.file("\(folder)/\($0)")) }
        }
    }
}
