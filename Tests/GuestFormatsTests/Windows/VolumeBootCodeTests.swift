import ByteReading
import Foundation
import GuestFormats
import TestSupport
import Testing

@Suite struct VolumeBootCodeTests {
    private func wide(_ text: String) -> [UInt8] {
        text.utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
    }

    /// The places are those of Windows 7's record: messages from 0x18A, the name in sector 1 (Sedory, W7VBR).
    private func ntfs(_ name: String, hidden: UInt32 = 2048) -> [UInt8] {
        var area = [UInt8](repeating: 0, count: VolumeBootCode.size)
        area.replaceSubrange(0..<11, with: [0xEB, 0x52, 0x90] + Array("NTFS    ".utf8))
        area.replaceSubrange(0x18..<0x1C, with: [63, 0, 255, 0])
        for index in 0..<4 { area[0x1C + index] = UInt8(truncatingIfNeeded: hidden >> (8 * index)) }
        area.replaceSubrange(0x54..<0x57, with: [0xFA, 0x33, 0xC0])
        let message = Array("\r\n\(name) is compressed".utf8)
        area.replaceSubrange(0x1A7..<0x1A7 + message.count, with: message)
        area.replaceSubrange(510..<512, with: [0x55, 0xAA])
        let file = [UInt8(name.count), 0] + wide(name) + [4, 0] + wide("$I30")
        area.replaceSubrange(512..<512 + file.count, with: file)
        return area
    }

    @Test func bootRecordsOfWindows() throws {
        let code = try VolumeBootCode(parsing: Bytes(ntfs("BOOTMGR")))
        #expect(code.kind == .bootManager && code.isComplete && code.hasSignature && code.hasJump)
        #expect(code.fileSystem == .ntfs && code.hiddenSectors == 2048)
        #expect(code.heads == 255 && code.sectorsPerTrack == 63)
        #expect(try VolumeBootCode(parsing: Bytes(ntfs("NTLDR"))).kind == .ntldr)
        let cut = try VolumeBootCode(
            parsing: Bytes(Array(ntfs("BOOTMGR").prefix(512)) + [UInt8](repeating: 0, count: 7680)))
        #expect(cut.kind == .bootManager && !cut.isComplete)
    }

    @Test func damagedRecords() throws {
        var area = ntfs("BOOTMGR")
        area[510] = 0
        area[0] = 0
        let code = try VolumeBootCode(parsing: Bytes(area))
        #expect(!code.hasSignature && !code.hasJump)
        area.replaceSubrange(0x54..<510, with: [UInt8](repeating: 0, count: 510 - 0x54))
        #expect(try VolumeBootCode(parsing: Bytes(area.prefix(512) + [])).kind == .empty)
        #expect(throws: ImageFault.self) { try VolumeBootCode(parsing: Bytes([1, 2, 3])) }
    }

    @Test(.enabled(if: HostTool.has("mkntfs", "mkfs.fat"))) func recordsOfFormattingPrograms() async throws {
        let folder = try await ScratchFolder()
        try await HostTool.shell(
            """
            truncate -s 16M n f; mkntfs -FqQ -p 2048 -H 255 -S 63 n; mkfs.fat -F 32 -h 2048 f
            """, in: folder.path)
        for (name, system) in [("n", VolumeBootCode.FileSystem.ntfs), ("f", .fat)] {
            let bytes = Array(try FixtureTool.contents(folder.place(name)).prefix(VolumeBootCode.size))
            let code = try VolumeBootCode(parsing: Bytes(bytes))
            #expect(code.kind == .notBootable && code.hasSignature && code.hasJump)
            #expect(code.fileSystem == system && code.hiddenSectors == 2048)
        }
    }

    @Test func hibernationFiles() {
        func file(_ start: String) -> HibernationFile {
            HibernationFile(parsing: Bytes(Array(start.utf8) + [UInt8](repeating: 0, count: 100)))
        }
        #expect(file("HIBR") == .hibernated && file("hibr").holdsSession)
        #expect(file("RSTR").holdsSession && file("rstr") == .restoring)
        #expect(file("WAKE") == .woken && !file("wake").holdsSession)
        #expect(file("\0\0\0\0") == .unused && file("") == .unused)
        #expect(file("PK\u{3}\u{4}") == .unknown)
        #expect(HibernationFile(parsing: Bytes([])) == .unused)
    }
}
