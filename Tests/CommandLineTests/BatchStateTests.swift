import Batch
import Foundation
import ImageCheck
import Reports
import TestSupport
import Testing

/// What a batch remembers, and what it makes of that after a stop.
struct BatchStateTests {
    private func images(_ count: Int) throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        for index in 0..<count { try directory.write("image \(index)", to: "\(index).raw") }
        return directory
    }

    @Test func aResultHoldsWhileNothingChanges() throws {
        let directory = try images(2)
        let listing = try BatchDirectory(directory.path, recursive: false)
        let (first, second) = (listing.images[0], listing.images[1])
        let path = directory.path + "/.state"
        let result = BatchResult(image: first.path, status: .crashed, message: "signal 4", seconds: 1)
        let row = BatchRow(result)
        do {
            let state = try BatchState(path: path)
            #expect(try state.isEmpty())
            try state.add(row, line: Array("line".utf8), of: first, question: "q")
        }
        let state = try BatchState(path: path)
        #expect(try !state.isEmpty())
        let kept = try #require(try state.result(of: first, question: "q"))
        #expect(kept.row == row && kept.line == Array("line".utf8))
        #expect(try state.result(of: second, question: "q") == nil)
        #expect(try state.result(of: first, question: "another") == nil)
        try directory.write("longer than before", to: "0.raw")
        let changed = try BatchDirectory(directory.path, recursive: false).images[0]
        #expect(try state.result(of: changed, question: "q") == nil)
        try state.keep(only: [second])
        #expect(try state.isEmpty())
    }

    @Test func oneBatchAtATime() throws {
        let directory = try images(0)
        let path = directory.path + "/.state"
        let state = try BatchState(path: path)
        let failure = #expect(throws: BatchState.Failure.self) { try BatchState(path: path) }
        #expect(failure?.description.contains("another batch") == true, "\(failure?.description ?? "")")
        #expect(try state.isEmpty())
    }

    @Test func anothersFileIsLeftAlone() throws {
        let directory = try images(0)
        let path = try directory.write("no database at all, and long enough to be looked at", to: "text")
        let failure = #expect(throws: BatchState.Failure.self) { try BatchState(path: path) }
        #expect(failure?.description.contains("cannot be used") == true)
        #expect(throws: BatchState.Failure.self) { try BatchState(path: directory.path + "/none/state") }
    }

    /// A batch that is killed three times at any moment, and gone on with, says what one says that was not; no
    /// image is checked twice.
    @Test func killedAndResumed() async throws {
        let directory = try images(24)
        let reports = try TemporaryDirectory()
        let command = [
            "batch", directory.path, "--output", reports.path + "/out", "--jobs", "2", "--resume",
        ]
        for wait in [0.4, 0.9, 0.6] {
            _ = try await HostTool.shell(
                "timeout -s KILL \(wait) '\(Tool.imagecheck.path)' \(command.joined(separator: " ")) || true")
        }
        let last = try await Tool.imagecheck.run(command)
        #expect(last.code == 0, "\(last.complaint)")
        let lines = try String(contentsOfFile: reports.path + "/out/results.ndjson", encoding: .utf8)
            .split(separator: "\n")
        let results = try lines.map { try JSONReport.decode(BatchResult.self, from: Array($0.utf8)) }
        #expect(results.count == 24 && Set(results.map(\.image)).count == 24)
        let again = try await Tool.imagecheck.run(command)
        #expect(again.output.contains("24 of 24 images are done already"))
        #expect(!again.output.contains("24/24"))
        let refused = try await Tool.imagecheck.run(command.dropLast())
        #expect(refused.code == 2 && refused.complaint.contains("--resume"))
        // What is refused changes nothing.
        let left = try String(contentsOfFile: reports.path + "/out/results.ndjson", encoding: .utf8)
        #expect(left.split(separator: "\n").count == 24)
    }

    /// Images are checked as they come, and again when they change; a stop keeps what is done.
    @Test func imagesThatComeAreWatched() async throws {
        let directory = try images(1)
        let job = BatchJob(
            directory: directory.path, isRecursive: false,
            run: BatchRun(
                worker: BatchRun.Worker(executable: "/bin/sh", arguments: ["-c", "exit 1"]), jobs: 1,
                timeoutSeconds: 600),
            survey: BatchSurvey(
                worker: BatchRun.Worker(
                    executable: "/bin/sh",
                    arguments: ["-c", "while read -r f; do echo '{\"parts\":[]}'; done"])),
            question: "q")
        let (names, seen) = AsyncStream.makeStream(of: String.self)
        let work = Task {
            try await job.watch(every: .milliseconds(50)) { event in
                if case .finished(let row, _) = event { seen.yield(row.image) }
            }
        }
        var next = names.makeAsyncIterator()
        #expect(await next.next()?.hasSuffix("/0.raw") == true)
        try directory.write("another", to: "new.raw")
        #expect(await next.next()?.hasSuffix("/new.raw") == true)
        try directory.write("longer than it was", to: "0.raw")
        #expect(await next.next()?.hasSuffix("/0.raw") == true)
        work.cancel()
        #expect(try await work.value.count == 2)
    }
}
