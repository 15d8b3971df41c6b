import FoundationEssentials
import Reports

/// A batch from the directory to the list: what is to be checked, what an earlier run has done already, what the
/// workers answer, where it is written.
public struct BatchJob: Sendable {
    /// What happens while it runs, for those who watch.
    public enum Event: Sendable {
        /// How many images there are, how many of them an earlier run has done.
        case began(images: Int, kept: Int)
        /// An image is done; `line` is what `results.ndjson` says of it.
        case finished(BatchRow, line: [UInt8])
    }

    /// The directory of the images.
    public var directory: String
    /// Whether directories below it count too.
    public var isRecursive: Bool
    /// What judges the images.
    public var run: BatchRun
    /// What says which files belong to an image.
    public var survey: BatchSurvey
    /// Everything that decides what a result means: a result counts as long as this stays the same.
    public var question: String
    /// What was done before, and is done now.
    public var state: BatchState?
    /// Where the answers go.
    public var pages: BatchPages?
    /// Whether results of the state are taken over.
    public var isResumed: Bool

    /// A batch over `directory`.
    public init(
        directory: String, isRecursive: Bool, run: BatchRun, survey: BatchSurvey, question: String,
        state: BatchState? = nil, pages: BatchPages? = nil, isResumed: Bool = false
    ) {
        self.directory = directory
        self.isRecursive = isRecursive
        self.run = run
        self.survey = survey
        self.question = question
        self.state = state
        self.pages = pages
        self.isResumed = isResumed
    }

    /// The time between two versions of the list while images are being checked.
    private static let indexInterval = Duration.seconds(15)

    /// Checks the images, and returns the rows of all that is done, those of earlier runs and of files that were
    /// left out among them. When the task is cancelled, what is at hand is given up and what is done is written.
    public func perform(watching event: (Event) throws -> Void) async throws -> [BatchRow] {
        var listing = try BatchDirectory(directory, recursive: isRecursive)
        listing.join(await survey.parts(of: listing.images.map(\.path)))
        var rows: [Int: BatchRow] = [:]
        if let state {
            if isResumed { try state.keep(only: listing.images) } else { try state.clear() }
        }
        for (index, image) in listing.images.enumerated() {
            guard isResumed, let kept = try state?.result(of: image, question: question) else { continue }
            rows[index] = kept.row
            try pages?.add(kept: kept)
        }
        try event(.began(images: listing.images.count, kept: rows.count))
        var left: [BatchRow] = []
        for skip in listing.skipped {
            let result = BatchResult(image: skip.path, status: .skipped, message: skip.reason)
            let row = BatchRow(result)
            let line = try JSONReport.bytes(result, layout: .line)
            try pages?.add(result, line: line)
            try event(.finished(row, line: line))
            left.append(row)
        }

        let waiting = listing.images.indices.filter { rows[$0] == nil }
        var written = ContinuousClock.now
        try await run.run(waiting.map { listing.images[$0].path }) { place, result in
            let index = waiting[place]
            let row = BatchRow(result)
            let line = try JSONReport.bytes(result, layout: .line)
            // The page first: what the state says is done has its page.
            try pages?.add(result, line: line)
            try state?.add(row, line: line, of: listing.images[index], question: question)
            rows[index] = row
            try event(.finished(row, line: line))
            if ContinuousClock.now - written > BatchJob.indexInterval {
                try writeIndex(rows, left, of: listing.images.count)
                written = .now
            }
            return true
        }
        try writeIndex(rows, left, of: listing.images.count)
        return sorted(rows) + left
    }

    private func sorted(_ rows: [Int: BatchRow]) -> [BatchRow] {
        rows.sorted { $0.key < $1.key }.map(\.value)
    }

    private func writeIndex(_ rows: [Int: BatchRow], _ left: [BatchRow], of count: Int) throws {
        guard let pages else { return }
        let note =
            rows.count == count
            ? "All \(Quantity.count(count, "image")) are checked."
            : "\(rows.count) of \(Quantity.count(count, "image")) are checked so far."
        try pages.writeIndex(BatchIndex(title: directory, rows: sorted(rows) + left, note: note))
    }
}
