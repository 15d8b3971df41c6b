import BlockIO
import ByteReading
import FoundationEssentials
import SystemPackage
import TestSupport
import Testing

/// Files that appear whole or not at all.
struct WholeFileTests {
    private func names(in folder: ScratchFolder) async throws -> String {
        try await HostTool.shell("ls -A | tr '\\n' ' '", in: folder.path)
    }

    @Test func `nothing is seen of a file before it is kept, nor left of one that is not`() async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell("echo old > file", in: folder.path)
        do {
            let file = try WholeFile(folder.file("file"))
            try file.append(Array("new".utf8))
            // Whether the file system of temporary files has files without names (open(2)).
            let probe = "python3 -c 'import os; os.open(\".\", os.O_TMPFILE | os.O_WRONLY)' 2>&1 || echo no"
            if try await HostTool.shell(probe, in: folder.path).isEmpty {
                #expect(try await names(in: folder) == "file ")
            }
            #expect(try await HostTool.shell("cat file", in: folder.path) == "old\n")
        }
        #expect(try await names(in: folder) == "file ")
        try WholeFile.write(Array("whole".utf8), to: folder.file("file"))
        try WholeFile.write([], to: folder.file("other"))
        #expect(try await names(in: folder) == "file other ")
        #expect(try await HostTool.shell("cat file", in: folder.path) == "whole")
    }

    @Test func `what is larger than a piece is whole`() async throws {
        let folder = try await ScratchFolder()
        let file = try WholeFile(folder.file("file"))
        for piece in 0..<50 { try file.append([UInt8](repeating: UInt8(piece), count: 20_000)) }
        try file.keep(isOneOfMany: true)
        let source = try FileSource(folder.file("file"))
        #expect(source.size == 1_000_000)
        #expect(try source.read(at: 999_999, count: 1).array == [49])
    }

    @Test func `a replaced file keeps its permissions and its owner`() async throws {
        let folder = try await ScratchFolder()
        let owner = HostTool.isRoot ? "70000:70001" : "$(id -u):$(id -g)"
        try await HostTool.shell("echo old > file; chown \(owner) file; chmod 640 file", in: folder.path)
        let before = try await HostTool.shell("stat -c '%a %u %g' file", in: folder.path)
        try WholeFile.write(Array("new".utf8), to: folder.file("file"))
        #expect(try await HostTool.shell("stat -c '%a %u %g' file", in: folder.path) == before)
    }

    @Test(
        .enabled(
            if: HostTool.isRoot && HostTool.has("mkntfs", "ntfs-3g")
                && FileManager.default.isWritableFile(atPath: "/dev/fuse")))
    func `a file system without files that have no name is written to as well`() async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell("truncate -s 8M ntfs; mkntfs -Q -F -q ntfs", in: folder.path)
        let point = folder.file("mnt")
        try await HostMount.during("ntfs-3g \(folder.file("ntfs")) \(point)", on: point) { point in
            do {
                let file = try WholeFile(point.appending("file"))
                #expect(try await HostTool.shell("ls -A \(point)").hasPrefix(".imagecheck-"))
                try file.append([1, 2, 3])
            }
            #expect(try await HostTool.shell("ls -A \(point)").isEmpty)
            try WholeFile.write(Array("whole".utf8), to: point.appending("file"))
            #expect(try await HostTool.shell("ls -A \(point); cat \(point)/file") == "file\nwhole")
        }
    }

    @Test func `a directory that is not there is told`() throws {
        #expect(throws: Errno.noSuchFileOrDirectory) {
            try WholeFile(FilePath("/nonexistent/directory/file"))
        }
    }
}
