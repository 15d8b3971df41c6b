import Reports
internal import Subprocess
internal import SystemPackage

/// Asks a process of its own which files each image refers to, so that no header of a stranger is read by the
/// process that watches over the batch.
public struct BatchSurvey: Sendable {
    private let worker: BatchRun.Worker

    /// What a surveyor says of one file, as one line of JSON.
    public struct Answer: Sendable, Hashable, Codable {
        /// The files it refers to and that may be opened, links followed.
        public var parts: [String]

        /// An answer.
        public init(parts: [String]) { self.parts = parts }
    }

    /// A survey by `worker`, which reads paths from its standard input, each a line of JSON, and answers with a
    /// line for each.
    public init(worker: BatchRun.Worker) { self.worker = worker }

    private static let answerLimit = 64 << 20

    /// The files that each of `images` refers to, in their order; none for one at which the surveyor dies.
    public func parts(of images: [String]) async -> [[String]] {
        var parts: [[String]] = []
        while parts.count < images.count, !Task.isCancelled {
            let answers = await answers(about: Array(images[parts.count...]))
            parts += answers.prefix(images.count - parts.count)
            // What the surveyor died of is left as it is, and the rest is asked about anew.
            if parts.count < images.count { parts.append([]) }
        }
        return parts
    }

    private func answers(about images: [String]) async -> [[String]] {
        let lines = images.compactMap { try? JSONReport.bytes($0, layout: .line) }
        guard lines.count == images.count else { return [] }
        let record = try? await Subprocess.run(
            .path(FilePath(worker.executable)), arguments: Arguments(worker.arguments),
            environment: .inherit.updating(["SWIFT_BACKTRACE": "enable=no"]),
            input: .array(lines.flatMap { $0 + [0x0A] }),
            output: .bytes(limit: BatchSurvey.answerLimit), error: .discarded)
        guard let record else { return [] }
        var answers: [[String]] = []
        for line in record.standardOutput.split(separator: 0x0A) {
            guard let answer = try? JSONReport.decode(Answer.self, from: Array(line)) else { break }
            answers.append(answer.parts)
        }
        return answers
    }
}
