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
    private func shell(_ script: String, jobs: Int = 2, timeout: Double = 7200) -> BatchRun {
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
    @Test func resultsComeAsTheyFinish() async throws {
        let directory = try TemporaryDirectory()
        let sign = directory.path + "/c-is-done"
        let run = shell(
            "case $0 in slow) until [ -e \(sign) ]; do sleep 0.05; done;; esac; exit 1")
        var finished: [String] = []
        try await run.run(["slow", "b", "c"]) { index, result in
            finished.append("\(index) \(result.image)")
            #expect(result.status == .crashed)
            if result.image == "c" { try directory.write("", to: "c-is-done") }
            return true
        }
        #expect(finished == ["1 b", "2 c", "0 slow"])
    }

    @Test func noFurtherWorkerWhenNobodyListens() async throws {
        var finished: [String] = []
        await shell("exit 1", jobs: 1).run(["a", "b", "c"]) { _, result in
            finished.append(result.image)
            return false
        }
        #expect(finished == ["a"])
    }

    /// Who stops the batch wants no results of what was at hand.
    @Test func aStoppedBatchEndsItsWorkers() async throws {
        let directory = try TemporaryDirectory()
        let run = shell("case $0 in a) exit 1;; esac; touch \(directory.path)/$0; exec sleep 3600")
        let work = Task {
            var finished: [String] = []
            await run.run(["a", "b", "c", "d"]) { _, result in
                finished.append(result.image)
                return true
            }
            return finished
        }
        while !["b", "c"].allSatisfy({ FileManager.default.fileExists(atPath: "\(directory.path)/\($0)") }) {
            try await Task.sleep(for: .milliseconds(20))
        }
        work.cancel()
        #expect(await work.value == ["a"])
        #expect(!FileManager.default.fileExists(atPath: directory.path + "/d"))
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

    @Test func filesOfADirectory() throws {
        let outside = try TemporaryDirectory()
        try outside.write("x", to: "secret")
        let directory = try TemporaryDirectory()
        for name in ["b.raw", "a.qcow2", ".hidden", "sub/c.raw", "sub/.git/d", "README"] {
            try directory.write("x", to: name)
        }
        let files = FileManager.default
        for (name, target) in [
            ("link.raw", "b.raw"), ("down.raw", "sub/c.raw"), ("loop", "."), ("dangling", "nothing"),
            ("out", outside.path + "/secret"), ("sub/up", "../../../../../../etc/passwd"),
        ] {
            try files.createSymbolicLink(atPath: "\(directory.path)/\(name)", withDestinationPath: target)
        }
        try files.linkItem(atPath: directory.path + "/b.raw", toPath: directory.path + "/z-hard.raw")
        func list(recursive: Bool) throws -> (images: [String], skipped: [String: String]) {
            let listing = try BatchDirectory(directory.path, recursive: recursive)
            func short(_ path: String) -> String { String(path.dropFirst(directory.path.count + 1)) }
            return (
                listing.images.map { short($0.path) },
                Dictionary(uniqueKeysWithValues: listing.skipped.map { (short($0.path), $0.reason) })
            )
        }
        let flat = try list(recursive: false)
        #expect(flat.images == ["README", "a.qcow2", "b.raw", "down.raw"])
        #expect(flat.skipped[".hidden"]?.contains("begins with a dot") == true)
        #expect(flat.skipped["sub"]?.contains("--recursive") == true)
        #expect(flat.skipped["link.raw"]?.contains("the same file as") == true)
        #expect(flat.skipped["z-hard.raw"]?.contains("the same file as") == true)
        #expect(flat.skipped["dangling"] == "a link that leads nowhere")
        #expect(flat.skipped["loop"] == "a link to a directory")
        #expect(flat.skipped["out"] == "a link that leads out of the directory")
        let deep = try list(recursive: true)
        #expect(deep.images == ["README", "a.qcow2", "b.raw", "sub/c.raw"])
        #expect(deep.skipped["down.raw"]?.contains("the same file as") == true)
        #expect(deep.skipped["sub/.git"] != nil && deep.skipped["sub/.git/d"] == nil)
        #expect(deep.skipped["sub/up"] == "a link that leads out of the directory")
        #expect(throws: BatchDirectory.Failure.self) {
            try BatchDirectory(directory.path + "/README", recursive: false)
        }
        #expect(throws: BatchDirectory.Failure.self) {
            try BatchDirectory(directory.path + "/none", recursive: false)
        }
    }

    /// Overlays over one base, a chain, a circle: each disk is judged once.
    @Test func partsOfOneImage() throws {
        let directory = try TemporaryDirectory()
        for name in ["a", "b", "base", "middle", "top", "x", "y"] { try directory.write(name, to: name) }
        var listing = try BatchDirectory(directory.path, recursive: false)
        #expect(listing.images.count == 7)
        let parts = [
            "a": ["base"], "b": ["base"], "top": ["middle"], "middle": ["base"], "x": ["y"], "y": ["x"],
        ]
        listing.join(
            listing.images.map { image in
                (parts[String(image.path.dropFirst(directory.path.count + 1))] ?? []).map {
                    "\(directory.path)/\($0)"
                }
            })
        #expect(listing.images.map { $0.path.split(separator: "/").last } == ["a", "b", "top", "x"])
        #expect(listing.skipped.map { $0.path.split(separator: "/").last } == ["base", "middle", "y"])
        #expect(listing.skipped.first?.reason.hasPrefix("part of ") == true)
        // When the base changes, the overlay is another image.
        let before = listing.images[0].stamps
        #expect(before.count == 2)
        try directory.write("another base", to: "base")
        #expect(listing.images[0].stamps != before)
    }

    /// A surveyor that dies of one file is asked about the others anew.
    @Test func aSurveyGoesOn() async throws {
        let survey = BatchSurvey(
            worker: BatchRun.Worker(
                executable: "/bin/sh",
                arguments: [
                    "-c",
                    "while read -r f; do case $f in *bad*) kill -9 $$;; esac; echo '{\"parts\":['$f']}'; done",
                ]))
        let parts = await survey.parts(of: ["/a", "/bad", "/b", "/c d"])
        #expect(parts == [["/a"], [], ["/b"], ["/c d"]])
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
            try Snapshot.difference(
                BatchSummary(results.map(BatchRow.init)).text, from: "CommandLine/batch-summary.txt") == nil)
        #expect(BatchSummary([]).text == "0 files\n")
        let narrow = BatchSummary(results.map(BatchRow.init), style: TextStyle(width: 60)).text
        #expect(narrow.contains("     1 image:  NVMe driver. "))
        #expect(narrow.contains("boots    reach    ready"))
        #expect(narrow.split(separator: "\n").allSatisfy { $0.count <= 60 }, "\(narrow)")
    }

    // MARK: The programs themselves

    @Test func aWorkerOverItsMemoryDiesAlone() async throws {
        let run = BatchRun(
            worker: BatchRun.Worker(
                executable: Tool.developer.path,
                arguments: ["confinement", "--attempt", "allocate", "--memory", "200"], memoryMiB: 200),
            jobs: 1,
            timeoutSeconds: 7200)
        let result = await run.result(of: "x")
        #expect(result.status == .memory)
        #expect(result.message == "needs more memory than it may use (200 MiB)")
    }

    @Test func aWorkerOverItsProcessorTimeIsTimedOut() async throws {
        let run = BatchRun(
            worker: BatchRun.Worker(
                executable: Tool.developer.path,
                arguments: ["confinement", "--attempt", "spin", "--processor-time", "1"]), jobs: 1,
            timeoutSeconds: 7200)
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
        #expect(
            text.code == 0 && text.output.contains("2 files") && text.output.contains("1/2")
                && text.complaint.isEmpty)
        let stored = try String(
            contentsOf: URL(filePath: reports.path + "/new/results.ndjson"), encoding: .utf8)
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
