import Batch
import FoundationEssentials
import Reports
import TestSupport
import Testing

/// The forms of a whole batch: what is in them, that others can read them, and where they may be written.
struct BatchFormsTests {
    private static let samples = Snapshot.repository + "testimages/images/"

    /// Images of most kinds: healthy, broken, cut short, none at all, a link that leads elsewhere.
    private func images() throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        let files = FileManager.default
        for name in ["healthy-bios-mbr.qcow2", "windows-2022-uefi.qcow2", "zeros.raw"] {
            try files.copyItem(atPath: BatchFormsTests.samples + name, toPath: directory.path + "/" + name)
        }
        let whole = try Data(contentsOf: URL(filePath: BatchFormsTests.samples + "healthy-lvm-xfs.qcow2"))
        try whole.prefix(90).write(to: URL(filePath: directory.path + "/cut.qcow2"))
        try directory.write("not an image\n", to: "README <b>&\u{1b}[2J")
        try files.createSymbolicLink(atPath: directory.path + "/out", withDestinationPath: "/etc/hosts")
        return directory
    }

    private func text(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
    }

    private func json(_ path: String) throws -> JSONValue { try JSONValue(parsing: Array(text(path).utf8)) }

    private func items(_ value: JSONValue?) -> [JSONValue] {
        if case .array(let items)? = value { items } else { [] }
    }

    @Test func ofEveryKind() async throws {
        let directory = try images()
        let output = directory.path + "/reports"
        let forms = BatchDocument.formats.flatMap { ["--format", "\($0.rawValue)=\(output)/\($0.rawValue)"] }
        let command = ["batch", directory.path, "--output", output, "--target", "kvm"] + forms
        let first = try await Tool.imagecheck.run(command)
        #expect(first.code == 0 && first.complaint.isEmpty, "\(first.complaint)")
        #expect(first.output.contains("7 files: "), "\(first.output)")

        let suites = try text(output + "/junit")
        #expect(suites.ranges(of: "<testsuite ").count == 7)
        for (type, element) in [("unreadable", "error"), ("notAnImage", "skipped"), ("skipped", "skipped")] {
            #expect(suites.contains("<\(element) type=\"image.\(type)\""), "\(type)")
        }
        let run = try #require(try json(output + "/sarif")["runs"]?[0])
        let targets = items(run["artifacts"]).filter { $0["parentIndex"] == nil }
        #expect(targets.count == 7)
        let ids = Set(
            items(run["invocations"]?[0]?["toolExecutionNotifications"]).compactMap {
                $0["descriptor"]?["id"]
            })
        #expect(
            ids.isSuperset(
                of: ["image.unreadable", "image.notAnImage", "image.skipped"].map(JSONValue.string)))
        #expect(
            items(run["results"]).count < items(try json(output + "/sarif-all")["runs"]?[0]?["results"]).count
        )
        let comment = try text(output + "/markdown")
        #expect(comment.contains("7 files: ") && comment.contains("cut.qcow2"))
        #expect(!comment.contains("\u{1b}"))

        // A batch that has nothing left to do says the same.
        let lines = try text(output + "/json")
        #expect(lines.split(separator: "\n").count == 7)
        let second = try await Tool.imagecheck.run(command + ["--resume"])
        #expect(second.code == 0 && second.output.contains("are done already"))
        #expect(try text(output + "/json") == lines)
        #expect(try json(output + "/sarif")["runs"]?[0] == run)

        guard Consumer.isHere else { return }
        let log = try await Consumer.read(
            "sarif", ["sarif", "sarif-all"].map { Array(try text("\(output)/\($0)").utf8) })
        #expect(log.count == 2)
        let read = try await Consumer.read("junit", [Array(suites.utf8)])
        #expect(items(read.first?["suites"]).count == 7)
        let page = try await Consumer.read("markdown", [Array(comment.utf8)])
        #expect(page.first?["elements"]?["table"] != nil && page.first?["elements"]?["b"] == nil)
        if HostTool.has("xmllint") {
            try await HostTool.shell(
                "xmllint --noout --schema '\(Consumer.junitSchema)' '\(output)/junit' 2>&1")
        }
    }

    /// For its image, a batch says in each form what a scan says.
    @Test func aBaselineOfABatchAcceptsWhatItHolds() async throws {
        let directory = try TemporaryDirectory()
        let images = directory.path + "/images/of/ours"
        try FileManager.default.createDirectory(atPath: images, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            atPath: BatchFormsTests.samples + "data-disk.qcow2", toPath: images + "/data.qcow2")
        let batch = [
            "batch", directory.path + "/images", "--recursive", "--target", "kvm", "--fail-on", "error",
        ]
        let known = directory.path + "/known.json"
        let first = try await Tool.imagecheck.run(batch + ["--format", "baseline=" + known])
        #expect(first.code == 1, "\(first.complaint)")
        #expect(try text(known).contains("\"image\" : \"of/ours/data.qcow2\""))
        let second = try await Tool.imagecheck.run(batch + ["--baseline", known])
        // Without a system there is no verdict: nothing fails any more, and nothing is known to be good.
        #expect(second.code == 2, "\(second.output)\(second.complaint)")
        // Nothing is written over what may be an image, and a baseline may be written anew.
        let again = try await Tool.imagecheck.run(batch + ["--format", "baseline=" + known])
        #expect(again.code == 1, "\(again.complaint)")
    }

    @Test func asAScanDoes() async throws {
        let image = BatchFormsTests.samples + "windows-2008r2-bios.qcow2"
        let directory = try TemporaryDirectory()
        let copy = directory.path + "/images/windows.qcow2"
        try directory.write("", to: "images/.hidden")
        try FileManager.default.copyItem(atPath: image, toPath: copy)
        func forms(_ name: String) -> [String] {
            ["sarif", "sarif-all", "junit"].flatMap { ["--format", "\($0)=\(directory.path)/\(name).\($0)"] }
        }
        let scan = try await Tool.imagecheck.run(["scan", copy, "--target", "kvm"] + forms("scan"))
        let batch = try await Tool.imagecheck.run(
            ["batch", directory.path + "/images", "--target", "kvm", "--format", "text"] + forms("batch"))
        #expect(scan.code == 0 && batch.code == 0, "\(scan.complaint)\(batch.complaint)")
        for form in ["sarif", "sarif-all"] {
            let one = try #require(try json("\(directory.path)/scan.\(form)")["runs"]?[0])
            let other = try #require(try json("\(directory.path)/batch.\(form)")["runs"]?[0])
            #expect(one["results"] == other["results"])
            #expect(one["properties"] == other["properties"])
            // The batch has the hidden file besides.
            #expect(items(other["artifacts"]).starts(with: items(one["artifacts"])))
        }
        func cases(_ name: String) throws -> [Substring] {
            try text("\(directory.path)/\(name).junit").split(separator: "\n").filter {
                $0.hasPrefix("    <") || $0.hasPrefix("      <")
            }
        }
        let (one, other) = (try cases("scan"), try cases("batch"))
        #expect(one.count > 50 && other.starts(with: one))
    }

    /// A batch that is stopped leaves whole files, which say that it was.
    @Test func afterAStop() async throws {
        let directory = try TemporaryDirectory()
        for index in 0..<300 { try directory.write("image \(index)", to: "images/\(index).raw") }
        let output = directory.path + "/out"
        let answer = try await HostTool.shell(
            """
            '\(Tool.imagecheck.path)' batch '\(directory.path)/images' --output '\(output)' --jobs 1 \
            --format junit='\(output)/junit.xml' --format sarif='\(output)/sarif' >/dev/null 2>'\(output).err' & \
            until [ -s '\(output)/results.ndjson' ]; do sleep 0.02; done; kill -TERM $!; \
            wait $! || echo $?
            """)
        #expect(answer == "130\n")
        let done = try text(output + "/results.ndjson").split(separator: "\n").count
        let suites = try text(output + "/junit.xml")
        #expect(done < 300 && suites.ranges(of: "<testsuite ").count == done + 1)
        #expect(
            suites.contains(
                "<error type=\"batch.stopped\" message=\"stopped: \(300 - done) images not checked\""))
        let invocation = try json(output + "/sarif")["runs"]?[0]?["invocations"]?[0]
        #expect(invocation?["executionSuccessful"] == .bool(false))
        #expect(try text(output + ".err").contains("stopped: \(300 - done) of 300 images not checked"))
    }

    /// A watch keeps its forms up to date.
    @Test func whileItWatches() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("one", to: "images/one.raw")
        let form = directory.path + "/junit.xml"
        let answer = try await HostTool.shell(
            """
            cd '\(directory.path)'; '\(Tool.imagecheck.path)' batch images --watch --format junit=junit.xml >/dev/null & \
            until grep -q one.raw junit.xml 2>/dev/null; do sleep 0.05; done; \
            echo two > images/two.raw; \
            until grep -q two.raw junit.xml; do sleep 0.05; done; kill -TERM $!; wait $!; echo $?
            """)
        #expect(answer == "0\n")
        let suites = try text(form)
        #expect(suites.ranges(of: "<testsuite ").count == 2 && !suites.contains("batch.stopped"))
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() == [
                "images", "junit.xml",
            ])
    }

    /// What the batch writes is no image, wherever it lies.
    @Test func whatItWritesIsNoImage() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("image", to: "a/one.raw")
        let root = directory.path
        let command = [
            "batch", root, "--recursive", "--output", root + "/a/reports", "--state", root + "/state",
            "--format", "json", "--format", "junit=\(root)/a/junit.xml", "--format",
            "markdown=\(root)/all.md",
        ]
        _ = try await Tool.imagecheck.run(command)
        for _ in 0..<2 {
            let answer = try await Tool.imagecheck.run(command + ["--resume"])
            let results = try answer.output.split(separator: "\n").map {
                try JSONReport.decode(BatchResult.self, from: Array($0.utf8))
            }
            #expect(results.first { $0.image.hasSuffix("one.raw") }?.status == .notAnImage)
            let others = results.filter { !$0.image.hasSuffix("one.raw") }
            #expect(others.allSatisfy { $0.status == .skipped && $0.message == "written by this batch" })
            #expect(
                Set(others.map { String($0.image.dropFirst(root.count + 1)) })
                    .isSuperset(of: ["a/reports", "a/junit.xml", "all.md", "state"]))
        }
    }

    /// No form is written over an image, and no page between the images.
    @Test func nothingIsWrittenOverAnImage() async throws {
        let directory = try TemporaryDirectory()
        let files = FileManager.default
        try files.copyItem(
            atPath: BatchFormsTests.samples + "zeros.raw", toPath: directory.path + "/disk.raw")
        try directory.write("<?xml version=\"1.0\"?><Parallels_disk_image/>", to: "disk.xml")
        let before = try files.contentsOfDirectory(atPath: directory.path).sorted()
        let place = directory.path
        for (arguments, words) in [
            (["--format", "junit=\(place)/disk.raw"], "nothing is written over"),
            (["--format", "junit=\(place)/disk.xml"], "nothing is written over"),
            (["--format", "text=\(place)/disk.raw"], "nothing is written over"),
            (["--output", place], "directory of the images itself"),
            (["--format", "html=\(place)/x"], "a page of one image"),
            (["--format", "ecs"], "has no form ecs"),
            (["--format", "json", "--format", "junit"], "Only one form"),
        ] as [([String], String)] {
            let answer = try await Tool.imagecheck.run(["batch", place] + arguments)
            #expect(answer.code == 64 && answer.complaint.contains(words), "\(answer.complaint)")
        }
        #expect(try files.contentsOfDirectory(atPath: place).sorted() == before)
        #expect(try Data(contentsOf: URL(filePath: place + "/disk.raw")).count == 65536)
        try directory.write("image", to: "up/images/one.raw")
        let nested = try await Tool.imagecheck.run(
            "batch", place + "/up/images", "--output", place + "/up")
        #expect(nested.code == 64 && nested.complaint.contains("among the images"))
    }

    /// Whatever memory an image gets, the answer is the right one, or that it was not enough.
    @Test func littleMemory() async throws {
        let directory = try TemporaryDirectory()
        let files = FileManager.default
        for name in ["healthy-lvm-xfs.qcow2", "healthy-btrfs.qcow2", "windows-2022-uefi.qcow2"] {
            try files.copyItem(atPath: BatchFormsTests.samples + name, toPath: directory.path + "/" + name)
        }
        func results(_ memory: Int) async throws -> [String: BatchResult] {
            let answer = try await Tool.imagecheck.run(
                "batch", directory.path, "--target", "kvm", "--format", "json", "--memory", "\(memory)")
            var results: [String: BatchResult] = [:]
            for line in answer.output.split(separator: "\n") {
                var result = try JSONReport.decode(BatchResult.self, from: Array(line.utf8))
                result.seconds = 0
                result.report?.cost = ScanReport.Cost(seconds: 0, bytesRead: 0, reads: 0, peakMemory: 0)
                results[result.image] = result
            }
            return results
        }
        let right = try await results(1024)
        #expect(right.values.allSatisfy { $0.status == .checked } && right.count == 3)
        var ends: [BatchResult.Status: Int] = [:]
        for memory in [1, 8, 16, 24, 32, 40, 48, 64, 96, 200] {
            let found = try await results(memory)
            #expect(found.count == 3)
            for (image, result) in found {
                ends[result.status, default: 0] += 1
                if result.status == .memory {
                    #expect(result.message == "needs more memory than it may use (\(memory) MiB)")
                } else {
                    #expect(result == right[image], "\(memory) MiB")
                }
            }
        }
        #expect(Set(ends.keys) == [.memory, .checked], "\(ends)")
    }
}
