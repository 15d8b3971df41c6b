import ByteReading
import Reports
import Targets
import TestSupport
import Testing

/// Bytes flipped in the structures of a whole image: a report or an `ImageFault`, never a trap. A trap would end
/// the process of the tests.
@Suite(.enabled(if: HostTool.has("debugfs", "qemu-img", "xz")))
struct DamagedImageTests {
    /// A part of the image, and how many of its bytes are flipped, evenly spread.
    struct Region: Sendable, CustomTestStringConvertible {
        var name: String
        var firmware = FirmwareKind.bios
        var place: Place
        var length: UInt64
        var flips: UInt64

        /// Where a structure lies.
        enum Place: Sendable {
            /// In bytes from the start of the disk.
            case offset(UInt64)
            /// The first block of a file or directory of the guest.
            case blockOf(String)
            case inode(Int)
        }

        var testDescription: String { name }
    }

    /// Where the first partition starts.
    private static let start: UInt64 = 1 << 20

    static let regions: [Region] = [
        Region(name: "MBR", place: .offset(440), length: 72, flips: 9),
        Region(name: "boot code", place: .offset(0), length: 1536, flips: 4),
        Region(name: "superblock", place: .offset(start + 1024), length: 0x180, flips: 18),
        Region(name: "group descriptors", place: .offset(start + 4096), length: 64, flips: 10),
        Region(name: "root inode", place: .inode(2), length: 128, flips: 8),
        Region(name: "root directory", place: .blockOf("/"), length: 256, flips: 8),
        Region(name: "boot directory", place: .blockOf("/boot"), length: 128, flips: 8),
        Region(name: "grub.cfg", place: .blockOf("/boot/grub/grub.cfg"), length: 4096, flips: 8),
        Region(name: "fstab", place: .blockOf("/etc/fstab"), length: 128, flips: 8),
        Region(
            name: "initramfs", place: .blockOf("/boot/initrd.img-6.1.0-50-amd64"), length: 8192, flips: 8),
        Region(name: "kernel", place: .blockOf("/boot/vmlinuz-6.1.0-50-amd64"), length: 0x290, flips: 8),
        Region(name: "GPT header", firmware: .uefi, place: .offset(512), length: 92, flips: 10),
        Region(name: "GPT entries", firmware: .uefi, place: .offset(1024), length: 256, flips: 8),
        Region(name: "FAT boot sector", firmware: .uefi, place: .offset(start), length: 64, flips: 12),
        Region(name: "FAT", firmware: .uefi, place: .offset(start + 512), length: 64, flips: 8),
        Region(
            name: "FAT directories", firmware: .uefi, place: .offset(start + 65 * 512), length: 512, flips: 8),
    ]

    @Test(arguments: regions)
    func isReportedOrRefused(_ region: Region) async throws {
        let guest = try await EditableGuest(
            region.firmware == .bios ? "healthy-bios-mbr.qcow2" : "healthy-uefi-gpt.qcow2")
        let offset = try await place(of: region.place, in: guest)
        let file = try PatchedFile(guest.path)
        for index in 0..<region.flips {
            let position = offset + region.length * index / region.flips
            let byte = try file.byte(at: position)
            let masks: [UInt8] = [0xFF, 0x01, 0x80, byte == 0 ? 0x40 : byte]
            try file.set(byte ^ masks[Int(index % 4)], at: position)
            do {
                let report = try TestImages.scan(guest.path, disk: .virtioBlk, firmware: region.firmware)
                _ = try JSONReport.bytes(report)
            } catch {
                #expect(error is ImageFault, "\(error)")
            }
            try file.set(byte, at: position)
        }
    }

    private func place(of place: Region.Place, in guest: EditableGuest) async throws -> UInt64 {
        switch place {
        case .offset(let offset): return offset
        case .blockOf(let path):
            let text = try await HostTool.shell(
                "debugfs -R 'blocks \(path)' '\(guest.path)?offset=\(DamagedImageTests.start)' 2>/dev/null")
            let first = try #require(text.split { !$0.isNumber }.first.flatMap { UInt64($0) })
            return DamagedImageTests.start + first * 4096
        case .inode(let number):
            let text = try await HostTool.shell(
                "debugfs -R 'imap <\(number)>' '\(guest.path)?offset=\(DamagedImageTests.start)' 2>/dev/null"
                    + " | sed -n 's/.*located at block \\([0-9]*\\), offset \\(0x[0-9a-f]*\\).*/\\1 \\2/p'"
                    + " | { read block offset; echo $((block * 4096 + offset)); }")
            let inside = try #require(UInt64(text.filter(\.isNumber)))
            return DamagedImageTests.start + inside
        }
    }
}
