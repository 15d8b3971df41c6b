import FileSystemCore
import Foundation
import GuestFacts
import Testing

@testable import GuestInspection

/// Programs that first-boot customisation calls, and what they need to start.
@Suite struct SharedLibrariesTests {
    private static let program = "/usr/sbin/chpasswd"
    private static let places = [
        "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib",
    ]

    private static func bytes(_ path: String) -> [UInt8]? {
        FileManager.default.contents(atPath: path).map { Array($0) }
    }

    private static var isProgramHere: Bool {
        bytes(program)?.starts(with: [0x7F, 0x45, 0x4C, 0x46]) ?? false
    }

    private func missing(_ disk: MemoryFileSystem) -> [String] {
        SharedLibraries(reader: GuestReader(tree: FileTree(root: disk, top: nil))).missing(of: Self.program)
            .compactMap(\.path)
    }

    @Test(.enabled(if: SharedLibrariesTests.isProgramHere))
    func aRealProgramNeedsItsLibraries() throws {
        var disk = MemoryFileSystem()
        disk.add(GuestPath(Self.program), .file(try #require(Self.bytes(Self.program))))
        var needed = missing(disk)
        #expect(needed.contains { $0.hasPrefix("libc.so") })
        #expect(needed.contains { $0.contains("/ld-") })
        // Put in what it asks for, and what that asks for.
        for _ in 0..<8 where !needed.isEmpty {
            for name in needed {
                let path =
                    name.hasPrefix("/")
                    ? name : Self.places.map { "\($0)/\(name)" }.first { Self.bytes($0) != nil } ?? ""
                disk.add(GuestPath(path), .file(try #require(Self.bytes(path), "\(name)")))
            }
            needed = missing(disk)
        }
        #expect(needed.isEmpty)
    }

    @Test func aScriptNeedsNone() {
        var disk = MemoryFileSystem()
        disk.add(GuestPath(Self.program), .file(Array("#!/bin/sh\n".utf8)))
        let reader = GuestReader(tree: FileTree(root: disk, top: nil))
        #expect(SharedLibraries(reader: reader).missing(of: Self.program).isEmpty)
        #expect(reader.gaps.isEmpty)
    }
}
