internal import BlockIO
import ImageCheck
public import Reports
internal import SystemPackage

/// The whole batch in one of the forms of a report, made image by image from the lines on the disk: what earlier runs
/// did is in it like what this one did, and memory holds one report at a time.
public struct BatchDocument {
    /// The forms that a batch as a whole has, besides `text`.
    public static let formats: [ReportFormat] = [.json, .markdown, .sarif, .sarifAll, .junit, .baseline]

    private let format: ReportFormat
    private let rows: [BatchRow]
    private let lines: BatchLines
    private let directory: String
    private let time: Int64
    private let remaining: Int

    /// A document on `rows`, in their order.
    ///
    /// - Parameters:
    ///   - format: one of `formats`.
    ///   - lines: holds the line of each.
    ///   - directory: of the images.
    ///   - time: when the batch began, in seconds since 1970.
    ///   - remaining: images that have no result, because the batch was stopped.
    public init(
        _ format: ReportFormat, of rows: [BatchRow], lines: BatchLines, directory: String, time: Int64,
        remaining: Int = 0
    ) {
        self.format = format
        self.rows = rows
        self.lines = lines
        self.directory = directory
        self.time = time
        self.remaining = remaining
    }

    /// How a file of this form can be told from an image: these bytes stand near its beginning.
    public static func signature(of format: ReportFormat) -> String? {
        switch format {
        case .json: "{\"image\":"
        case .markdown: "<!-- imagecheck -->"
        case .sarif, .sarifAll: "sarif-schema-2.1.0.json"
        case .junit: "<testsuites>"
        case .baseline: "\"findings\""
        default: nil
        }
    }

    /// Writes the document piece by piece.
    ///
    /// - Parameters:
    ///   - scratch: a directory for files that are gone afterwards.
    ///   - append: takes the next piece.
    public func write(scratch: String, append: ([UInt8]) throws -> Void) throws {
        switch format {
        case .junit: try writeJUnit(append)
        case .sarif: try writeSARIF(.attention, FilePath(scratch), append)
        case .sarifAll: try writeSARIF(.everything, FilePath(scratch), append)
        case .baseline: try append(baseline())
        case .markdown:
            try append(Array(BatchComment(rows, title: directory, remaining: remaining).text.utf8))
        default: for row in rows { try lines.line(about: row.image).map(append) }
        }
    }

    private func writeJUnit(_ append: ([UInt8]) throws -> Void) throws {
        var stream = JUnitStream(time: time)
        try append(Array(JUnitStream.head.utf8))
        try forEachImage { report in
            try append(Array(stream.add(report).utf8))
        } other: { image in
            try append(Array(stream.add(image).utf8))
        }
        try append(Array(JUnitStream.tail.utf8))
    }

    /// The findings of all images; they are small, and are sorted.
    private func baseline() throws -> [UInt8] {
        var findings: [Baseline.Finding] = []
        try forEachImage { report in
            findings += Baseline(ScanResults([report], time: time, directory: directory)).findings
        } other: { _ in
        }
        return try BaselineFile.bytes(of: Baseline(findings: findings))
    }

    private func writeSARIF(
        _ scope: SARIFReport.Scope, _ scratch: FilePath, _ append: ([UInt8]) throws -> Void
    ) throws {
        var stream = SARIFStream(
            scope: scope, tool: ScanReport.Tool(name: "imagecheck", version: ImageScanner.version))
        var spools: [SARIFStream.List: SpoolFile] = [:]
        for list in SARIFStream.List.allCases { spools[list] = try SpoolFile(namelessIn: scratch) }
        func store(_ parts: [SARIFStream.List: [UInt8]]) throws {
            for (list, bytes) in parts where !bytes.isEmpty { try spools[list]?.append(bytes) }
        }
        try forEachImage { report in
            try store(stream.add(report))
        } other: { image in
            try store(stream.add(image))
        }
        try stream.write(list: { try spools[$0]?.forEachPiece(append) }, append: append)
    }

    /// Reads what was found, an image at a time.
    private func forEachImage(
        _ body: (ScanReport) throws -> Void, other: (ScanResults.Unreadable) throws -> Void
    ) throws {
        for row in rows {
            guard let line = try lines.line(about: row.image) else { continue }
            let result = try JSONReport.decode(BatchResult.self, from: line)
            if result.status == .checked, let report = result.report {
                try body(report)
            } else {
                try other(
                    ScanResults.Unreadable(
                        path: result.image, message: result.message ?? result.status.words,
                        kind: BatchDocument.kind(of: result.status)))
            }
        }
        guard remaining > 0 else { return }
        try other(
            ScanResults.Unreadable(
                path: directory,
                message: "stopped: \(Quantity.count(remaining, "image")) not checked", kind: .stopped))
    }

    private static func kind(of status: BatchResult.Status) -> ScanResults.Unreadable.Kind {
        switch status {
        // Without its report it is as good as unread.
        case .checked, .unreadable: .unreadable
        case .timedOut: .timedOut
        case .memory: .memory
        case .crashed: .crashed
        case .notAnImage: .notAnImage
        case .skipped: .skipped
        }
    }
}
