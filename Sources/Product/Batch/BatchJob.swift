import FoundationEssentials
public import Reports

/// A batch from the directory to the list: what is to be checked, what an earlier run has done already, what the
/// workers answer, where it is written.
public struct BatchJob: Sendable {
    /// What happens while it runs, for those who watch.
    public enum Event: Sendable {
        /// How many images there are, how many of them an earlier run has done.
        case began(images: Int, kept: Int)
        /// An earlier run has done an image; `line` is what `results.ndjson` says of it.
        case kept(BatchRow, line: [UInt8])
        /// An image is done; `line` is what `results.ndjson` says of it.
        case finished(BatchRow, line: [UInt8])
        /// A watch has looked at the directory; the rows are of all that is done by now.
        case settled([BatchRow])
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
    /// Where all answers are kept.
    public var lines: BatchLines?
    /// Where the pages go.
    public var pages: BatchPages?
    /// Files and directories that the batch writes: what lies there is no image.
    public var own: [String] = []
    /// Whether results of the state are taken over.
    public var isResumed: Bool
    /// What a policy makes of a report, before anything is told of it.
    public var review: @Sendable (ScanReport) -> ScanReport = { $0 }

    /// A batch over `directory`.
    public init(
        directory: String, isRecursive: Bool, run: BatchRun, survey: BatchSurvey, question: String,
        state: BatchState? = nil, lines: BatchLines? = nil, pages: BatchPages? = nil, isResumed: Bool = false
    ) {
        self.directory = directory
        self.isRecursive = isRecursive
        self.run = run
        self.survey = survey
        self.question = question
        self.state = state
        self.lines = lines
        self.pages = pages
        self.isResumed = isResumed
    }

    /// The time between two versions of the list while images are being checked.
    private static let indexInterval = Duration.seconds(15)

    /// Checks the images, and returns the rows of all that is done, those of earlier runs and of files that were
    /// left out among them. When the task is cancelled, what is at hand is given up and what is done is written.
    public func perform(watching event: (Event) throws -> Void) async throws -> [BatchRow] {
        var listing = try BatchDirectory(directory, recursive: isRecursive, sparing: own)
        listing.join(await survey.parts(of: listing.images.map(\.path)))
        var rows: [Int: BatchRow] = [:]
        if let state {
            if isResumed { try state.keep(only: listing.images) } else { try state.clear() }
        }
        for (index, image) in listing.images.enumerated() {
            guard isResumed, let kept = try state?.result(of: image, question: question) else { continue }
            rows[index] = kept.row
            try take(kept)
            try event(.kept(kept.row, line: kept.line))
        }
        try event(.began(images: listing.images.count, kept: rows.count))
        var left: [BatchRow] = []
        for skip in listing.skipped {
            let (row, line) = try write(
                BatchResult(image: skip.path, status: .skipped, message: skip.reason))
            try event(.finished(row, line: line))
            left.append(row)
        }

        let waiting = listing.images.indices.filter { rows[$0] == nil }
        var written = ContinuousClock.now
        try await run.run(waiting.map { listing.images[$0].path }) { place, result in
            let index = waiting[place]
            rows[index] = try keep(result, of: listing.images[index], event)
            if ContinuousClock.now - written > BatchJob.indexInterval {
                try writeIndex(rows, left, of: listing.images.count)
                written = .now
            }
            return true
        }
        try writeIndex(rows, left, of: listing.images.count)
        return sorted(rows) + left
    }

    /// Checks images as they appear in the directory or change, each once it has stopped growing, until the task is
    /// cancelled. Then it returns the rows of all that is done.
    public func watch(
        every interval: Duration = .seconds(2), watching event: (Event) throws -> Void
    ) async throws -> [BatchRow] {
        if !isResumed { try state?.clear() }
        var seen: [String: FileStamp] = [:]
        // What the last pass looked at, parts of other images among it.
        var handled: [String: FileStamp] = [:]
        var done: [String: (stamps: [FileStamp], row: BatchRow)] = [:]
        while !Task.isCancelled {
            var listing = try BatchDirectory(directory, recursive: isRecursive, sparing: own)
            let before = seen
            seen = Dictionary(uniqueKeysWithValues: listing.images.map { ($0.path, $0.stamp) })
            // What has grown since the last look may be half an image.
            let settled = Set(listing.images.filter { before[$0.path] == $0.stamp }.map(\.path))
            if settled.contains(where: { handled[$0] != seen[$0] }) {
                for path in settled { handled[path] = seen[path] }
                listing.join(await survey.parts(of: listing.images.map(\.path)))
                var waiting: [BatchImage] = []
                for image in listing.images
                where settled.contains(image.path) && done[image.path]?.stamps != image.stamps {
                    if isResumed, done[image.path] == nil,
                        let kept = try state?.result(of: image, question: question)
                    {
                        done[image.path] = (image.stamps, kept.row)
                        try take(kept)
                        try event(.kept(kept.row, line: kept.line))
                    } else {
                        waiting.append(image)
                    }
                }
                try event(.began(images: done.count + waiting.count, kept: done.count))
                try await run.run(waiting.map(\.path)) { place, result in
                    let image = waiting[place]
                    done[image.path] = (image.stamps, try keep(result, of: image, event))
                    return true
                }
                // A part of another image is no image of its own, even if it was there first.
                for skip in listing.skipped { done[skip.path] = nil }
                let rows = done.values.map(\.row).sorted { $0.image < $1.image }
                try pages?.writeIndex(
                    BatchIndex(title: directory, rows: rows, note: "Images are checked as they come."))
            }
            try event(.settled(done.values.map(\.row).sorted { $0.image < $1.image }))
            try? await Task.sleep(for: interval)
        }
        return done.values.map(\.row).sorted { $0.image < $1.image }
    }

    private func write(_ result: BatchResult) throws -> (row: BatchRow, line: [UInt8]) {
        let line = try JSONReport.bytes(result, layout: .line)
        try lines?.add(line, about: result.image)
        try pages?.add(result)
        return (BatchRow(result), line)
    }

    /// Takes over a result of an earlier run.
    private func take(_ kept: BatchState.Kept) throws {
        try lines?.add(kept.line, about: kept.row.image)
        try pages?.add(kept: kept)
    }

    /// Writes a result down, the page first: what the state says is done has its page.
    private func keep(
        _ result: BatchResult, of image: BatchImage, _ event: (Event) throws -> Void
    ) throws -> BatchRow {
        var result = result
        result.report = result.report.map(review)
        let (row, line) = try write(result)
        try state?.add(row, line: line, of: image, question: question)
        try event(.finished(row, line: line))
        return row
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
