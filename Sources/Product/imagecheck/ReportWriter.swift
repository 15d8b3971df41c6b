import ArgumentParser
import FoundationEssentials
import Reports
import SystemPackage

/// Gives the answers of a run to all places that asked for one.
struct ReportWriter {
    private let requests: [ReportRequest]
    private let isOne: Bool
    private let isVerbose: Bool

    /// Makes sure, before any image is read, that no answer would overwrite an image and that there is a directory
    /// for each.
    init(_ options: ReportOptions, images: [String]) throws {
        requests = try options.requests()
        isOne = images.count == 1
        isVerbose = options.verbose
        if !isOne, let request = requests.first(where: { $0.format.isOfOneImage }) {
            throw ValidationError(
                "\(request.format.rawValue) is a page of one image; name one image, or check many with: imagecheck batch"
            )
        }
        for file in requests.compactMap(\.file) where file != "-" {
            try OutputFile(file).check(against: images)
        }
    }

    /// What standard output, or the file of the text, can show.
    private func style(_ request: ReportRequest) -> TextStyle { Host.style(for: request.file) }

    /// Writes all answers. One that cannot be written does not keep the others from it.
    ///
    /// - Parameter text: what stands for the format `text`; nil for the report.
    func write(_ results: ScanResults, text: ((TextStyle) -> String)? = nil) throws {
        var failures: [CommandFailure] = []
        for request in requests {
            // No answer about the only image: an empty file would be taken for one.
            if isOne, results.reports.isEmpty, !request.format.namesUnreadable { continue }
            let bytes: [UInt8] =
                if request.format == .text, let text {
                    Array(text(style(request)).utf8)
                } else {
                    try request.format.bytes(
                        of: results, style: style(request), isOne: isOne, isVerbose: isVerbose)
                }
            do {
                if let file = request.file, file != "-" {
                    try OutputFile(file).write(bytes, sparing: results.reports.flatMap(\.referredFiles))
                } else {
                    try Host.write(bytes)
                }
            } catch let failure as CommandFailure {
                failures.append(failure)
            }
        }
        try CommandFailure.throw(failures)
    }
}

extension ScanReport {
    /// Host paths of the files that the image is made of besides itself, as far as names tell.
    var referredFiles: [String] {
        let directory = image.path.lastIndex(of: "/").map { String(image.path[...$0]) } ?? ""
        return (image.backing ?? []).map { $0.name.hasPrefix("/") ? $0.name : directory + $0.name }
    }
}
