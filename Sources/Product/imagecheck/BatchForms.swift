import ArgumentParser
import Batch
import BlockIO
import FoundationEssentials
import Reports
import SystemPackage

/// `--format` of a batch: which forms the whole of it has, and where they go.
struct BatchFormOptions: ParsableArguments {
    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "A form of the whole batch and a file for it. Repeatable; text goes to standard output unless another form does. (values: \(BatchFormOptions.names))",
            valueName: "form[=file]"),
        completion: .list(BatchFormOptions.offered.map(\.rawValue)), transform: BatchFormOptions.request)
    var format: [ReportRequest] = []

    static let offered: [ReportFormat] = [.text] + BatchDocument.formats

    private static let names = offered.map(\.rawValue).joined(separator: ", ")

    private static func request(_ argument: String) throws -> ReportRequest {
        guard let request = ReportRequest(argument: argument) else {
            throw ValidationError("It is one of \(names), with =FILE for a file.")
        }
        return request
    }

    /// What is wanted, each with its place.
    func requests() throws -> [ReportRequest] {
        if let other = format.first(where: { !BatchFormOptions.offered.contains($0.format) })?.format {
            throw ValidationError(
                other.isOfOneImage
                    ? "\(other.rawValue) is a page of one image: --output DIR has one for each, and a list of all."
                    : "A batch has no form \(other.rawValue); it has \(BatchFormOptions.names).")
        }
        let isPrinted = format.contains { $0.isForOutput }
        let requests = (isPrinted ? [] : [ReportRequest(.text)]) + format
        try ReportRequest.check(requests)
        return requests
    }
}

/// Gives the whole of a batch to all places that asked for a form of it.
struct BatchForms {
    private let requests: [ReportRequest]
    private let directory: String

    init(_ options: BatchFormOptions, directory: String) throws {
        requests = try options.requests()
        self.directory = directory
    }

    /// The form on standard output.
    var printed: ReportFormat? { requests.first { $0.isForOutput }?.format }

    /// The files that the forms go to.
    var files: [String] { requests.compactMap(\.file).filter { $0 != "-" } }

    /// Makes sure, before any image is read, that each form can be written, and over no image.
    func check() throws {
        for request in requests {
            guard let file = request.file, file != "-" else { continue }
            let output = OutputFile(file)
            try output.check(against: [])
            let signature = BatchDocument.signature(of: request.format)
            guard output.isReplaceable(signature: signature, in: directory) else {
                throw ValidationError(
                    "\(file) is there and is no \(request.format.rawValue) report of a batch; nothing is written over what may be an image."
                )
            }
        }
    }

    /// Where the lines are kept that the forms are made of, when no directory of reports keeps them; nil when no form
    /// needs them.
    func scratchLines() throws -> BatchLines? {
        // What goes to standard output as it comes needs none.
        let needy = requests.filter { request in
            request.format != .text && request.format != .markdown
                && !(request.format == .json && request.isForOutput)
        }
        guard !needy.isEmpty else { return nil }
        return try BatchLines(beside: needy.compactMap(\.file).first { $0 != "-" } ?? scratch + "/")
    }

    /// A place for files that nobody sees: beside a report, which needs as much room.
    private var scratch: String {
        guard let file = files.first else {
            return FileManager.default.temporaryDirectory.path(percentEncoded: false)
        }
        let parent = FilePath(file).removingLastComponent().string
        return parent.isEmpty ? "." : parent
    }

    /// Writes all forms but those that standard output has had already. One that cannot be written does not keep the
    /// others from it.
    func write(_ rows: [BatchRow], lines: BatchLines?, time: Int64, remaining: Int) throws {
        var failures: [CommandFailure] = []
        for request in requests where !(request.isForOutput && [.text, .json].contains(request.format)) {
            do {
                try write(request, rows, lines, time, remaining)
            } catch let failure as CommandFailure {
                failures.append(failure)
            } catch {
                failures.append(
                    CommandFailure("\(request.file ?? request.format.rawValue) is not written: \(error)"))
            }
        }
        try CommandFailure.throw(failures)
    }

    private func write(
        _ request: ReportRequest, _ rows: [BatchRow], _ lines: BatchLines?, _ time: Int64, _ remaining: Int
    ) throws {
        let file = request.file.flatMap { $0 == "-" ? nil : $0 }
        if request.format == .text, let file {
            let text = BatchSummary(rows, style: Host.style(for: file)).text
            return try OutputFile(file).write(Array(text.utf8), sparing: [])
        }
        let lines = try lines ?? BatchLines(beside: scratch + "/")
        let document = BatchDocument(
            request.format, of: rows, lines: lines, directory: directory, time: time, remaining: remaining)
        guard let file else {
            return try document.write(scratch: scratch) { try Host.write($0) }
        }
        try OutputFile(file).write(sparing: []) { try document.write(scratch: scratch, append: $0) }
    }
}
