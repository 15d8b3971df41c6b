import Batch
import Checks
import FoundationEssentials
import ImageCheck
import Reports
import TestSupport
import Testing

struct BatchTests {
    /// A worker that is a shell script; the image is `$0`. The time limit is far off: tests that compute at the
    /// same time may keep the threads busy that would read a worker's answer.
    private func shell(_ script: String, jobs: Int = 2, timeout: Double = 1200) -> BatchRun {
        BatchRun(
            worker: BatchRun.Worker(executable: "/bin/sh", arguments: ["-c", script]), jobs: jobs,
            timeoutSeconds: timeout)
    }

    @Test(arguments: [
        ("kill -9 $$", BatchResult.Status.crashed, "SIGKILL"), ("kill -11 $$", .crashed, "SIGSEGV"),
        ("exit 3", .crashed, "code 3"), ("exit 0", .crashed, "not understood"),
        ("echo garbage", .crashed, "not understood"),
        ("echo '{}'", .crashed, "not understood"),
        ("echo '{\"report\":{\"schemaVersion\":1}}'", .crashed, "not understood"),
        ("printf '\\377\\000'", .crashed, "not understood"), ("yes", .crashed, "more than it may"),
        ("yes >&2", .crashed, "more than it may"), ("kill -XCPU $$", .timedOut, "processor time"),
        (
            "echo 'Fatal error: failed to allocate 16 bytes of memory with alignment 8' >&2; kill -6 $$",
            .memory, "memory"
        ),
        ("echo '{\"failure\":{\"kind\":\"corrupt\",\"message\":\"bad header\"}}'", .unreadable, "bad header"),
    ])
    func workersThatFail(_ script: String, _ status: BatchResult.Status, _ words: String) async throws {
        let result = await shell(script).result(of: "disk.raw")
        #expect(result.status == status)
        #expect(result.message?.contains(words) == true, "\(result)")
        #expect(result.report == nil)
        #expect(try violations(of: result) == [])
    }

    @Test func aMissingWorkerIsAResult() async {
        let run = BatchRun(
            worker: BatchRun.Worker(executable: "/no/such/program", arguments: []), jobs: 1, timeoutSeconds: 5
        )
        #expect(await run.result(of: "disk.raw").status == .crashed)
    }

    @Test(arguments: ["exec sleep 3600", "trap '' TERM; while :; do sleep 0.1; done"])
    func workersThatHang(_ script: String) async {
        let result = await shell(script, timeout: 0.3).result(of: "disk.raw")
        #expect(result.status == .timedOut)
    }

    /// The first image's worker ends only after the last image's result has been handed out.
    @Test func resultsComeAsTheyFinishAndStayInOrder() async throws {
        let directory = try TemporaryDirectory()
        let sign = directory.path + "/c-is-done"
        let run = shell(
            "case $0 in slow) until [ -e \(sign) ]; do sleep 0.05; done;; esac; exit 1")
        var finished: [String] = []
        let results = try await run.results(of: ["slow", "b", "c"]) { result in
            finished.append(result.image)
            if result.image == "c" { try directory.write("", to: "c-is-done") }
            return true
        }
        #expect(finished == ["b", "c", "slow"])
        #expect(results.map(\.image) == ["slow", "b", "c"])
        #expect(results.allSatisfy { $0.status == .crashed })
    }

    @Test func noFurtherWorkerWhenNobodyListens() async throws {
        let results = await shell("exit 1", jobs: 1).results(of: ["a", "b", "c"]) { _ in false }
        #expect(results.map(\.image) == ["a"])
    }

    @Test func reportsAreUnderstood() async throws {
        let directory = try TemporaryDirectory()
        let answer = WorkerAnswer(try report(format: "qcow2", layers: []))
        let file = try directory.write(
            String(decoding: JSONReport.bytes(answer, layout: .line), as: UTF8.self), to: "answer")
        let result = await shell("cat \(file)").result(of: "disk.raw")
        #expect(result.status == .checked && result.report == answer.report)
        #expect(try violations(of: result) == [])
    }

    @Test func aFileWithNothingInItIsNoImage() throws {
        let nothing = WorkerAnswer(try report(format: "raw", layers: [ScanReport.Layer(kind: "raw")]))
        let result = try #require(nothing.result(image: "README", seconds: 0))
        #expect(result.status == .notAnImage)
        #expect(try violations(of: result) == [])
        let data = WorkerAnswer(
            try report(
                format: "raw",
                layers: [ScanReport.Layer(kind: "raw", children: [ScanReport.Layer(kind: "ext4")])]))
        #expect(data.result(image: "data.raw", seconds: 0)?.status == .checked)
        let unknown = [ScanReport.Layer(kind: "raw", children: [ScanReport.Layer(kind: "unknown")])]
        for (size, status): (UInt64, BatchResult.Status) in [
            (26, .notAnImage), (512, .notAnImage), (1 << 20, .checked), ((1 << 20) + 1, .notAnImage),
        ] {
            var text = try report(format: "raw", layers: unknown)
            text.image.fileSize = size
            #expect(WorkerAnswer(text).result(image: "notes.txt", seconds: 0)?.status == status, "\(size)")
        }
    }

    @Test func candidates() throws {
        let directory = try TemporaryDirectory()
        for name in ["b.raw", "a.qcow2", ".hidden", "sub/c.raw", "sub/.git/d", "README"] {
            try directory.write("x", to: name)
        }
        let files = FileManager.default
        try files.createSymbolicLink(atPath: directory.path + "/link.raw", withDestinationPath: "b.raw")
        try files.createSymbolicLink(atPath: directory.path + "/loop", withDestinationPath: ".")
        try files.createSymbolicLink(atPath: directory.path + "/dangling", withDestinationPath: "nothing")
        func names(recursive: Bool) throws -> [String] {
            try BatchCandidates.list(in: directory.path, recursive: recursive)
                .map { String($0.dropFirst(directory.path.count + 1)) }
        }
        #expect(try names(recursive: false) == ["README", "a.qcow2", "b.raw", "link.raw"])
        #expect(try names(recursive: true) == ["README", "a.qcow2", "b.raw", "link.raw", "sub/c.raw"])
        #expect(throws: BatchCandidates.Failure.self) {
            try BatchCandidates.list(in: directory.path + "/README", recursive: false)
        }
        #expect(throws: BatchCandidates.Failure.self) {
            try BatchCandidates.list(in: directory.path + "/none", recursive: false)
        }
    }

    @Test func summary() throws {
        let results = [
            BatchResult(
                image: "d/web.qcow2", status: .checked, seconds: 0.31, report: try example()),
            BatchResult(
                image: "d/README", status: .notAnImage, message: "nothing in it was recognised", seconds: 0.01
            ),
            BatchResult(
                image: "d/\u{1b}[2Jevil", status: .crashed, message: "the worker ended with signal 4",
                seconds: 1),
            BatchResult(
                image: "d/slow.raw", status: .timedOut, message: "not done after 120.0 seconds", seconds: 120),
        ]
        #expect(
            try Snapshot.difference(BatchSummary(results).text, from: "CommandLine/batch-summary.txt") == nil)
        #expect(BatchSummary([]).text == "0 files\n")
    }

    // MARK: The programs themselves

    @Test func aWorkerOverItsMemoryDiesAlone() async throws {
        let run = BatchRun(
            worker: BatchRun.Worker(
                executable: Tool.developer.path,
                arguments: ["confinement", "--attempt", "allocate", "--memory", "200"]), jobs: 1,
            timeoutSeconds: 600)
        #expect(await run.result(of: "x").status == .memory)
    }

    @Test func aWorkerOverItsProcessorTimeIsTimedOut() async throws {
        let run = BatchRun(
            worker: BatchRun.Worker(
                executable: Tool.developer.path,
                arguments: ["confinement", "--attempt", "spin", "--processor-time", "1"]), jobs: 1,
            timeoutSeconds: 600)
        let result = await run.result(of: "x")
        #expect(result.status == .timedOut && result.message == "used up its processor time")
    }

    @Test func aWorkerCanReadAndNotWrite() async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("hello", to: "there")
        let read = try await Tool.developer.run("confinement", "--attempt", "read", file)
        #expect(read.code == 0 && read.output.contains("read 5 bytes"))
        let other = directory.path + "/new"
        #expect(try await Tool.developer.run("confinement", "--attempt", "write", other).code != 0)
        #expect(try await Tool.developer.run("confinement", "--attempt", "change", file).code != 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["there"])
        #expect(try String(contentsOf: URL(filePath: file), encoding: .utf8) == "hello")
    }

    @Test func theWholeBatch() async throws {
        let images = try TemporaryDirectory()
        let reports = try TemporaryDirectory()
        try images.write("not an image\n", to: "README")
        try images.write("", to: "deep/empty.raw")
        let lines = try await Tool.imagecheck.run("batch", images.path, "--recursive", "--format", "json")
        #expect(lines.code == 0)
        #expect(lines.output.split(separator: "\n").count == 2)
        for line in lines.output.split(separator: "\n") {
            let result = try JSONReport.decode(BatchResult.self, from: Array(line.utf8))
            #expect(result.status != .crashed, "\(line)")
            #expect(try violations(of: result) == [])
        }
        let text = try await Tool.imagecheck.run(
            "batch", images.path, "--recursive", "--output", reports.path + "/new")
        #expect(text.code == 0 && text.output.contains("2 files") && text.complaint.isEmpty)
        let stored = try String(
            contentsOf: URL(filePath: reports.path + "/new/results.jsonl"), encoding: .utf8)
        #expect(stored.split(separator: "\n").count == 2)
        let missing = try await Tool.imagecheck.run("batch", images.path + "/none")
        #expect(missing.code == 2 && missing.complaint.contains("no such directory"))
    }

    // MARK: Values

    private func example() throws -> ScanReport {
        try JSONReport.decode(ScanReport.self, from: Snapshot.file("schema/report-1.example.json"))
    }

    private func report(format: String, layers: [ScanReport.Layer]) throws -> ScanReport {
        var report = try example()
        report.image.format = format
        report.image.layers = layers
        report.guests = []
        return report
    }

    private func violations(of result: BatchResult) throws -> [String] {
        let schema = JSONSchema(
            try JSONValue(parsing: Snapshot.file("schema/batch-result-1.schema.json")),
            others: [try JSONValue(parsing: Snapshot.file("schema/report-1.schema.json"))])
        return schema.violations(of: try JSONValue(parsing: JSONReport.bytes(result, layout: .line)))
    }
}
