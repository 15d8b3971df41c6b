import Batch
import FoundationEssentials
import Reports
import SystemPackage

/// The directory of a batch's answers: `results.jsonl`, a line per image, and a report per image, laid out like
/// the images.
struct BatchOutput {
    private let directory: String
    private let images: String
    private let lines: FileDescriptor

    init(directory: String, images: String) throws {
        self.directory = directory.hasSuffix("/") ? String(directory.dropLast()) : directory
        self.images = images.hasSuffix("/") ? images : images + "/"
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            lines = try FileDescriptor.open(
                FilePath(self.directory + "/results.jsonl"), .writeOnly,
                options: [.create, .truncate, .closeOnExec],
                permissions: [.ownerReadWrite, .groupRead, .otherRead])
        } catch {
            throw CommandFailure("\(directory): reports cannot be written there: \(error)")
        }
    }

    func add(_ result: BatchResult) throws {
        do {
            try lines.writeAll(try JSONReport.bytes(result, layout: .line) + [0x0A])
        } catch {
            throw CommandFailure("\(directory)/results.jsonl cannot be written: \(error)")
        }
        guard result.status == .checked, let report = result.report else { return }
        let name =
            result.image.hasPrefix(images) ? String(result.image.dropFirst(images.count)) : result.image
        let path = "\(directory)/\(name).json"
        if let slash = path.lastIndex(of: "/") {
            try? FileManager.default.createDirectory(
                atPath: String(path[..<slash]), withIntermediateDirectories: true)
        }
        try Host.write(JSONReport.bytes(report) + [0x0A], to: path)
    }
}
