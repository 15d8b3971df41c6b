import Checks
import FoundationEssentials
import ImageCheck
import TestSupport

/// A raw copy of an image whose ext4 root can be written to, by e2fsprogs: what a user does who follows a fix.
struct EditableGuest {
    private let scratch: ScratchFolder
    /// The host path of the copy.
    let path: String
    /// Where the root file system starts, in bytes.
    private let rootOffset: UInt64

    /// Copies the image `name`.
    init(_ name: String, rootOffset: UInt64 = 1 << 20) async throws {
        scratch = try await ScratchFolder()
        path = scratch.place("guest.raw")
        self.rootOffset = rootOffset
        let source = try await TestImages.path(name)
        if name.hasSuffix(".qcow2") {
            try await HostTool.shell("qemu-img convert -f qcow2 -O raw '\(source)' '\(path)'")
        } else {
            try await HostTool.shell("cp --sparse=always '\(source)' '\(path)'")
        }
    }

    /// The content of a file of the guest.
    func content(_ file: String) throws -> [UInt8] {
        var content: [UInt8] = []
        try ImageScanner().read(path, guestPath: file) { content += $0 }
        return content
    }

    /// Runs commands of debugfs on the root file system.
    private func debugfs(_ command: String) async throws {
        let list = scratch.place("commands")
        try Data((command + "\n").utf8).write(to: URL(filePath: list))
        let problems = try await HostTool.shell(
            "debugfs -w -f '\(list)' '\(path)?offset=\(rootOffset)' 2>&1 >/dev/null | grep -v '^debugfs ' || true"
        )
        guard problems.isEmpty else { throw HostTool.Failure(description: "\(command): \(problems)") }
    }

    /// Replaces a file of the guest, or makes it.
    func write(_ content: [UInt8], to file: String) async throws {
        let source = scratch.place("content")
        try Data(content).write(to: URL(filePath: source))
        if (try? self.content(file)) != nil { try await debugfs("rm \(file)") }
        try await debugfs("write \(source) \(file)")
    }

    /// Makes a symbolic link.
    func link(_ file: String, to target: String) async throws {
        try await debugfs("symlink \(file) \(target)")
    }

    /// Makes the change a fix proposes. Throws when the line does not stand where it says.
    func apply(_ edit: Fix.Edit) async throws {
        guard let number = edit.line else {
            throw HostTool.Failure(description: "an edit of \(edit.path) without a line")
        }
        var lines = try content(edit.path).split(separator: 0x0A, omittingEmptySubsequences: false)
        guard lines.indices.contains(number - 1) else {
            throw HostTool.Failure(description: "\(edit.path) has no line \(number)")
        }
        let now = String(decoding: lines[number - 1], as: UTF8.self)
        guard EditableGuest.words(now) == EditableGuest.words(edit.old ?? "") else {
            throw HostTool.Failure(description: "\(edit.path):\(number) is “\(now)”, not “\(edit.old ?? "")”")
        }
        if let new = edit.new {
            lines[number - 1] = ArraySlice(new.utf8)
        } else {
            lines.remove(at: number - 1)
        }
        try await write(Array(lines.joined(separator: [0x0A])), to: edit.path)
    }

    /// Fixes show a line as it is understood: without indentation, with one blank between words.
    private static func words(_ line: String) -> [Substring] { line.split { $0 == " " || $0 == "\t" } }

    /// Runs a line with mtools on the EFI system partition, which starts at 1 MiB; `@@` stands for it.
    func mtools(_ line: String) async throws {
        try await HostTool.shell(
            "MTOOLS_SKIP_CHECK=1; export MTOOLS_SKIP_CHECK; cd '\(scratch.place("."))'; "
                + line.replacing("@@", with: "-i '\(path)@@1M'"))
    }
}
