internal import BlockIO
import FoundationEssentials
import Reports
internal import SystemPackage

/// The directory of a batch's answers: below `images/` a report of each, as a page and as JSON; `index.html`, a list
/// of all; and `results.ndjson`, which is `BatchLines`.
public final class BatchPages: Sendable {
    /// Why something cannot be written.
    public struct Failure: Error, Sendable, CustomStringConvertible {
        /// One sentence.
        public let description: String
    }

    private let directory: String
    private let images: String

    /// Makes the directory when it is not there.
    ///
    /// - Parameter images: the directory of the images; their pages are laid out as they are.
    public init(directory: String, images: String) throws(Failure) {
        self.directory = directory.hasSuffix("/") ? String(directory.dropLast()) : directory
        self.images = images.hasSuffix("/") ? images : images + "/"
        try BatchPages.makeDirectory(directory)
    }

    /// Makes the directory when it is not there, and leaves what is in it alone.
    public static func makeDirectory(_ directory: String) throws(Failure) {
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        } catch {
            throw Failure(description: "\(directory): reports cannot be written there: \(error)")
        }
    }

    /// Adds a result: its report, where there is one.
    public func add(_ result: BatchResult) throws(Failure) {
        guard result.status == .checked, let report = result.report else { return }
        let place = BatchPages.place(of: relative(result.image))
        do {
            try write(Array(HTMLReport(report).text.utf8), to: place + ".html")
            try write(JSONReport.bytes(report) + [0x0A], to: place + ".json")
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(description: "\(error)")
        }
    }

    /// Adds a result of an earlier run: its report only where that is gone.
    public func add(kept: BatchState.Kept) throws(Failure) {
        let place = BatchPages.place(of: relative(kept.row.image))
        let isThere = [".html", ".json"].allSatisfy {
            FileManager.default.fileExists(atPath: "\(directory)/\(place)\($0)")
        }
        guard kept.row.status == .checked, !isThere,
            let result = try? JSONReport.decode(BatchResult.self, from: kept.line)
        else { return }
        try add(result)
    }

    /// Writes `index.html`.
    public func writeIndex(_ index: BatchIndex) throws(Failure) {
        try write(Array(index.text(link: { self.link(to: $0) }).utf8), to: "index.html")
    }

    /// Where the page of `row` stands, seen from the index; nil when it has none.
    private func link(to row: BatchRow) -> String? {
        guard row.status == .checked else { return nil }
        return URIText.encoded(BatchPages.place(of: relative(row.image))) + ".html"
    }

    private func relative(_ image: String) -> String {
        image.hasPrefix(images) ? String(image.dropFirst(images.count)) : image
    }

    /// Directories end in `.d`, so that the page of one image is never the directory of another.
    private static func place(of image: String) -> String {
        let parts = image.split(separator: "/").map(String.init)
        return (["images"] + parts.dropLast().map { $0 + ".d" } + parts.suffix(1)).joined(separator: "/")
    }

    /// Another program sees the old file or the new one, never a part.
    private func write(_ bytes: [UInt8], to name: String) throws(Failure) {
        let path = "\(directory)/\(name)"
        do {
            let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
                separator: "/")
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try WholeFile.write(bytes, to: FilePath(path), isOneOfMany: true)
        } catch {
            throw Failure(description: "\(path) cannot be written: \(error)")
        }
    }
}
