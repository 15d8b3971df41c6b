import FoundationEssentials
import Subprocess
import TestSupport
import Testing

/// `--format FORM=FILE`: which answers go where.
struct ReportOutputTests {
    private static let images = Snapshot.repository + "testimages/images/"
    private static let linuxImage = images + "healthy-bios-mbr.qcow2"
    private let linux = images + "healthy-bios-mbr.qcow2"
    private let windows = images + "windows-2022-uefi.qcow2"

    private func text(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
    }

    @Test(
        arguments: [
            (["FORCE_COLOR": "1"], true), (["FORCE_COLOR": "0"], false), ([:], false),
            (["FORCE_COLOR": "1", "NO_COLOR": "1"], false),
        ] as [([String: String], Bool)])
    func aPipeGetsColoursWhenTheyAreAskedFor(_ variables: [String: String], _ isColoured: Bool) async throws {
        var environment: [Environment.Key: String] = [:]
        for (name, value) in variables { environment[Environment.Key(stringLiteral: name)] = value }
        let image = Snapshot.repository + "testimages/images/zeros.raw"
        let answer = try await Tool.imagecheck.run(["scan", image], environment: environment)
        #expect(answer.output.contains("\u{1b}[") == isColoured)
        let directory = try TemporaryDirectory()
        let file = directory.path + "/report.txt"
        _ = try await Tool.imagecheck.run(["scan", image, "--output", file], environment: environment)
        #expect(
            try !String(decoding: Data(contentsOf: URL(filePath: file)), as: UTF8.self).contains("\u{1b}["))
    }

    @Test(arguments: [40, 60, 100]) func aPipeIsAsWideAsColumnsSays(_ width: Int) async throws {
        let image = Snapshot.repository + "testimages/images/healthy-bios-mbr.qcow2"
        let answer = try await Tool.imagecheck.run(
            ["scan", image, "--target", "kvm", "--target", "azure"], environment: ["COLUMNS": "\(width)"])
        // Commands and edits are to be copied: they stay whole, behind a margin of their own.
        let command = String(repeating: " ", count: 14)
        let lines = answer.output.split(separator: "\n").filter { !$0.hasPrefix(command) }
        #expect(lines.allSatisfy { $0.count <= max(width, 40) }, "\(lines.filter { $0.count > width })")
        #expect(lines.contains { $0.count > width * 3 / 4 })
    }

    @Test func verboseShowsEveryItem() async throws {
        let image = Snapshot.repository + "testimages/images/healthy-bios-mbr.qcow2"
        let plain = try await Tool.imagecheck.run("scan", image)
        let verbose = try await Tool.imagecheck.run("scan", image, "--verbose")
        let verified = try await Tool.imagecheck.run("verify", image, "-v", "--target", "kvm")
        #expect(!plain.output.contains("WIN.SanPolicy"))
        #expect(verbose.code == 0 && verbose.output.contains("WIN.SanPolicy"))
        #expect(verbose.output.contains("└─ qcow2"))
        #expect(verified.code == 0 && verified.output.hasPrefix("PASS"))
        #expect(verified.output.contains("WIN.SanPolicy"))
    }

    @Test func severalFormsInOneRun() async throws {
        let directory = try TemporaryDirectory()
        func file(_ name: String) -> String { directory.path + "/" + name }
        let forms = [
            "markdown", "sarif", "sarif-all", "junit", "ecs", "compliance", "compliance-json", "text",
        ]
        let answer = try await Tool.imagecheck.run(
            ["scan", linux, windows, "--format", "json=-"]
                + forms.flatMap { ["--format", "\($0)=\(file($0))"] })
        #expect(answer.code == 0 && answer.complaint.isEmpty, "\(answer.complaint)")
        guard case .array(let reports) = try JSONValue(parsing: Array(answer.output.utf8)) else {
            throw CancellationError()
        }
        #expect(reports.count == 2)
        #expect(try text(file("markdown")).contains("### imagecheck: "))
        let run = try JSONValue(parsing: Array(text(file("sarif")).utf8))["runs"]
        #expect(run?[0]?["artifacts"]?[0]?["location"]?["uri"] == .string("file://" + linux))
        #expect(run?[1] == nil)
        #expect(try text(file("junit")).ranges(of: "<testsuite ").count == 2)
        let images = try JSONValue(parsing: Array(text(file("ecs")).utf8))["Images"]?["Image"]
        #expect(images?[1]?["Platform"] == .string("Windows Server 2022"))
        #expect(try text(file("compliance")).contains("Check driver "))
        #expect(try JSONValue(parsing: Array(text(file("compliance-json")).utf8))[1] != nil)
        #expect(try text(file("text")).contains("What to do") || text(file("text")).contains("Facts"))
        // Nothing but the answers is left behind.
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() == forms.sorted())
    }

    @Test func verifyTakesThemToo() async throws {
        let directory = try TemporaryDirectory()
        let answer = try await Tool.imagecheck.run(
            "verify", linux, "--format", "text", "--format", "junit=\(directory.path)/report.xml")
        #expect(answer.output.contains("healthy-bios-mbr.qcow2"))
        #expect(try text(directory.path + "/report.xml").contains("name=\"boots\""))
        let page = try await Tool.imagecheck.run(
            "verify", linux, "--format", "html=\(directory.path)/report.html")
        #expect(page.code == answer.code)
        #expect(try text(directory.path + "/report.html").contains("<!doctype html>"))
        let other = try await Tool.imagecheck.run("verify", linux, "--format", "sarif")
        #expect(other.code == answer.code)
        #expect(other.output.contains("\"version\" : \"2.1.0\""))
    }

    /// A pipeline that collects the file finds in it why there is no verdict; where a form cannot say it, no file is
    /// left that would be taken for an answer.
    @Test(arguments: ["scan", "verify"])
    func anUnreadableImageIsNamed(_ command: String) async throws {
        let directory = try TemporaryDirectory()
        let answer = try await Tool.imagecheck.run(
            command, directory.path + "/gone.raw", "--format", "junit=\(directory.path)/report.xml",
            "--format",
            "json=\(directory.path)/report.json")
        #expect(answer.code == 2 && answer.complaint.contains("gone.raw"))
        #expect(try text(directory.path + "/report.xml").contains("<error type=\"image.unreadable\""))
        #expect(!FileManager.default.fileExists(atPath: directory.path + "/report.json"))
    }

    @Test(
        arguments: [
            (["--format", "yaml"], "sarif-all"),
            (["--format", "json="], "invalid for"),
            (["--format", "json", "--format", "sarif"], "Only one form"),
            (["--format", "json=-", "--format", "text"], "Only one form"),
            (["--format", "html=a", linuxImage], "a page of one image"),
            (["--format", "json=a", "--output", "b"], "has no answer to write"),
            (["--format", "json", "--format", "sarif", "--output", "b"], "can hold one form"),
            (["--format", "json=a", "--format", "sarif=a"], "the same file a"),
        ] as [([String], String)])
    func wrongUsage(_ arguments: [String], _ words: String) async throws {
        let answer = try await Tool.imagecheck.run(["scan", linux] + arguments)
        #expect(answer.code == 64 && answer.output.isEmpty)
        #expect(answer.complaint.contains(words), "\(answer.complaint)")
    }

    /// Not over an image: not by its name, by a link to it or by a second name of it.
    @Test func anImageIsNeverOverwritten() async throws {
        let directory = try TemporaryDirectory()
        let image = try directory.write(String(repeating: "\0", count: 4096), to: "disk.raw")
        let files = FileManager.default
        try files.createSymbolicLink(atPath: directory.path + "/link", withDestinationPath: image)
        try files.linkItem(atPath: image, toPath: directory.path + "/second")
        for name in ["disk.raw", "./disk.raw", "link", "second"] {
            let place = directory.path + "/" + name
            for arguments in [
                ["scan", image, "--format", "json=" + place],
                ["scan", image, "--format", "json", "--output", place],
                ["inspect", image, "--output", place],
                ["inspect", "--hive", image + ":/Windows/System32/config/SYSTEM", "--output", place],
                ["inspect", "--hive", image, "--output", place],
            ] {
                let answer = try await Tool.imagecheck.run(arguments)
                #expect(answer.code == 64, "\(name)")
                #expect(
                    answer.complaint.contains("nothing is written over what is read"),
                    "\(answer.complaint)")
            }
        }
        #expect(try Data(contentsOf: URL(filePath: image)).count == 4096)
    }

    @Test(arguments: [
        ("/no/such/directory/report.json", "there is no directory /no/such/directory"),
        ("/", "it is a directory"),
        ("/dev/full", "cannot be written"),
    ])
    func anUnwritableFileIsSaid(_ path: String, _ words: String) async throws {
        let answer = try await Tool.imagecheck.run("scan", linux, "--format", "json=" + path)
        #expect(answer.code == 2)
        #expect(answer.complaint.contains(words), "\(answer.complaint)")
    }

    /// One answer that cannot be written does not take the others along.
    @Test func theOthersAreWritten() async throws {
        let directory = try TemporaryDirectory()
        let answer = try await Tool.imagecheck.run(
            "scan", linux, "--format", "json=/dev/full", "--format", "ecs=\(directory.path)/ecs.json",
            "--format",
            "text")
        #expect(answer.code == 2 && answer.output.contains("Facts"))
        #expect(try text(directory.path + "/ecs.json").contains("GUESTOS.Virtio"))
    }

    /// A file is replaced as a whole, and a link to it stays one.
    @Test func aLinkStays() async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("earlier", to: "kept/report.json")
        try FileManager.default.createSymbolicLink(
            atPath: directory.path + "/latest.json", withDestinationPath: file)
        let answer = try await Tool.imagecheck.run(
            "scan", linux, "--format", "json", "--output", directory.path + "/latest.json")
        #expect(answer.code == 0 && answer.output.isEmpty)
        #expect(try text(file).contains("\"schemaVersion\" : 1"))
        let attributes = try FileManager.default.attributesOfItem(atPath: directory.path + "/latest.json")
        #expect(attributes[.type] as? FileAttributeType == .typeSymbolicLink)
    }

    /// A file that is replaced keeps its permissions; a new one has those that the umask leaves.
    @Test(arguments: [("022", 0o644), ("077", 0o600), ("002", 0o664)])
    func permissionsAreKept(_ mask: String, _ usual: Int) async throws {
        let directory = try TemporaryDirectory()
        let (old, new) = (try directory.write("earlier", to: "old"), directory.path + "/new")
        for mode in [0o600, 0o640, 0o755] {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: old)
            try await HostTool.shell(
                """
                umask \(mask); rm -f '\(new)'; '\(Tool.imagecheck.path)' scan '\(linux)' \
                --format json='\(old)' --format sarif='\(new)'
                """)
            for (file, expected) in [(old, mode), (new, usual)] {
                let attributes = try FileManager.default.attributesOfItem(atPath: file)
                let found = attributes[.posixPermissions] as? Int
                #expect(found == expected, "\(file)")
                #expect(try text(file).hasSuffix("}\n"))
            }
        }
    }

    @Test(arguments: ["text", "json", "markdown"])
    func checksAndTheirPages(_ format: String) async throws {
        let list = try await Tool.imagecheck.run("checks", "--format", format)
        let page = try await Tool.imagecheck.run("explain", "Fstab.DeviceNotFound", "--format", format)
        for answer in [list, page] {
            #expect(answer.code == 0 && answer.output.contains("GUESTOS.Fstab"))
            #expect(answer.output.contains("Fstab.DeviceNotFound") || format == "text")
        }
        if format == "json" {
            #expect(try JSONValue(parsing: Array(list.output.utf8))[90]?["id"] != nil)
            #expect(try JSONValue(parsing: Array(page.output.utf8))["rationale"] != nil)
        }
        if format == "markdown" {
            let rows = list.output.split(separator: "\n").map { $0.count { $0 == "|" } }
            #expect(Set(rows) == [5])
        }
    }
}
