import ByteReading
import CHost
import Reports
internal import Subprocess
internal import SystemPackage

/// Judges many images, each in a process of its own: whatever an image does to its worker is that image's
/// result and nobody else's.
public struct BatchRun: Sendable {
    /// The program that judges one image. The image's path is its last argument; it answers with one line of
    /// JSON, a `WorkerAnswer`.
    public struct Worker: Sendable, Hashable {
        /// A path, not looked up in `PATH`.
        public var executable: String
        /// What stands before the image's path.
        public var arguments: [String]
        /// The memory that it allows itself, in MiB, when it says so.
        public var memoryMiB: Int?

        /// Names a program.
        public init(executable: String, arguments: [String], memoryMiB: Int? = nil) {
            self.executable = executable
            self.arguments = arguments
            self.memoryMiB = memoryMiB
        }
    }

    /// The code with which a worker ends when it is refused memory (EX_OSERR of sysexits.h). Whatever it has found out
    /// by then is not said: it may be for want of memory that it found it.
    public static let refusedMemory: Int32 = 71

    private let worker: Worker
    private let jobs: Int
    private let timeout: Duration

    /// The most a worker may answer. The largest honest report is far below.
    private static let answerLimit = 32 << 20
    private static let complaintLimit = 64 << 10

    /// A run of at most `jobs` workers at once, each of which gets `timeout` seconds.
    public init(worker: Worker, jobs: Int, timeoutSeconds: Double) {
        self.worker = worker
        self.jobs = max(1, jobs)
        let seconds = timeoutSeconds.isFinite ? min(max(timeoutSeconds, 0.01), 1e9) : 1e9
        timeout = .milliseconds(Int64(seconds * 1000))
    }

    /// As many workers as there are processors.
    public static var usualJobs: Int { Int(chost_processor_count()) }

    /// Judges `images` and hands each result to `finished` as it comes, one at a time. When `finished` answers
    /// false, no further worker is started; when the task is cancelled, the workers at hand are ended and what
    /// they were at has no result.
    public func run(
        _ images: [String], finished: (_ index: Int, BatchResult) async throws -> Bool
    ) async rethrows {
        try await withThrowingTaskGroup(of: (Int, BatchResult).self) { group in
            var next = images.indices.makeIterator()
            var isWanted = true
            func start(_ group: inout ThrowingTaskGroup<(Int, BatchResult), any Error>) {
                guard isWanted, !Task.isCancelled, let index = next.next() else { return }
                let image = images[index]
                group.addTask { (index, await result(of: image)) }
            }
            for _ in 0..<jobs { start(&group) }
            while let (index, result) = try await group.next() {
                if Task.isCancelled { continue }
                if try await !finished(index, result) { isWanted = false }
                start(&group)
            }
        }
    }

    /// What one worker did.
    private enum Ending: Sendable {
        case ended(TerminationStatus, answer: [UInt8], complaint: [UInt8])
        case failed(String)
        case tookTooLong
    }

    /// Judges one image.
    public func result(of image: String) async -> BatchResult {
        let clock = ContinuousClock()
        let start = clock.now
        let ending = await withTaskGroup(of: Ending.self) { group in
            group.addTask { await run(image) }
            group.addTask {
                do { try await Task.sleep(for: timeout) } catch { return .failed("cancelled") }
                return .tookTooLong
            }
            let first = await group.next() ?? .failed("no worker was started")
            // Ends the worker (SIGTERM, then SIGKILL) or the clock, whichever is still there.
            group.cancelAll()
            await group.waitForAll()
            return first
        }
        let elapsed = clock.now - start
        let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
        return judge(ending, image: image, seconds: (seconds * 1000).rounded() / 1000)
    }

    private func run(_ image: String) async -> Ending {
        var platform = PlatformOptions()
        platform.teardownSequence = [
            .send(signal: .terminate, allowedDurationToNextStep: .milliseconds(500))
        ]
        do {
            let record = try await Subprocess.run(
                .path(FilePath(worker.executable)), arguments: Arguments(worker.arguments + [image]),
                // A dying worker is to die at once, not to print a page of its stack.
                environment: .inherit.updating(["SWIFT_BACKTRACE": "enable=no"]), platformOptions: platform,
                input: .none, output: .bytes(limit: BatchRun.answerLimit),
                error: .bytes(limit: BatchRun.complaintLimit))
            return .ended(
                record.terminationStatus, answer: record.standardOutput, complaint: record.standardError)
        } catch let error as SubprocessError where error.code == .outputLimitExceeded {
            return .failed("the worker said more than it may")
        } catch {
            return .failed("the worker could not be run: \(error)")
        }
    }

    private func judge(_ ending: Ending, image: String, seconds: Double) -> BatchResult {
        func result(_ status: BatchResult.Status, _ message: String) -> BatchResult {
            BatchResult(image: image, status: status, message: message, seconds: seconds)
        }
        switch ending {
        case .tookTooLong:
            return result(.timedOut, "not done after \(timeout)")
        case .failed(let why):
            return result(.crashed, why)
        case .ended(let status, let answer, let complaint):
            let words = String(decoding: complaint.prefix(2000), as: UTF8.self)
            if case .exited(0) = status {
                if let value = try? JSONReport.decode(WorkerAnswer.self, from: answer),
                    let understood = value.result(image: image, seconds: seconds)
                {
                    return understood
                }
                return result(.crashed, "the worker's answer is not understood (\(answer.count) bytes)")
            }
            if status == .exited(BatchRun.refusedMemory) || BatchRun.saysOutOfMemory(words) {
                let limit = worker.memoryMiB.map { " (\($0) MiB)" } ?? ""
                return result(.memory, "needs more memory than it may use" + limit)
            }
            if case .signaled(BatchRun.processorTimeSignal) = status {
                return result(.timedOut, "used up its processor time")
            }
            let line = words.split(separator: "\n").first.map { ": " + $0.prefix(200) } ?? ""
            return result(.crashed, "the worker ended with \(BatchRun.name(of: status))\(line)")
        }
    }

    /// SIGXCPU of signal(7).
    private static let processorTimeSignal: CInt = 24

    /// How the Swift runtime, the C++ runtime and the dynamic loader say that there is no memory left.
    private static func saysOutOfMemory(_ words: String) -> Bool {
        ["Could not allocate memory", "std::bad_alloc", "Cannot allocate memory", "failed to allocate"]
            .contains { words.contains($0) }
    }

    private static func name(of status: TerminationStatus) -> String {
        switch status {
        case .exited(let code): "code \(code)"
        case .signaled(let number): "signal \(number)" + (signalNames[number].map { " (\($0))" } ?? "")
        }
    }

    private static let signalNames: [CInt: String] = [
        4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS",
        9: "SIGKILL, of somebody or of the system, whose memory may have run out", 11: "SIGSEGV",
        15: "SIGTERM",
    ]
}
