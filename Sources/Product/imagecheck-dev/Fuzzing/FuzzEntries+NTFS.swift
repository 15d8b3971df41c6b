import BlockIO
import ByteReading
import Compression
import NTFS

/// NTFS, and the compression of Windows.
extension FuzzEntries {
    static let windows: [FuzzEntry] = [
        FuzzEntry("ntfs", seed: bootSector) { data in
            let source = MemorySource(data)
            guard try NTFSFileSystem.probe(source) else { return }
            walk(try NTFSFileSystem(source))
        },
        FuzzEntry("lznt1", seed: [0x05, 0xB0, 0x08, 0x61, 0x62, 0x63, 0x00, 0x20]) {
            _ = try LZNT1.decode($0, size: 8192)
        },
        // All words of nine bits: 512 symbols of one length.
        FuzzEntry("xpress-huffman", seed: [UInt8](repeating: 0x99, count: 320)) {
            _ = try XpressHuffman.decode($0, size: 4096)
        },
        // An uncompressed block of four bytes.
        FuzzEntry(
            "lzx", seed: [0x00, 0x60, 0x00, 0x40, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3, 4]
        ) { _ = try LZX.decode($0, size: 4) },
    ]

    /// 64 KiB in clusters of 512 bytes, the MFT at cluster 16, a record that says it is one.
    private static let bootSector: [UInt8] = {
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        bytes.replaceSubrange(3..<11, with: "NTFS    ".utf8)
        bytes.replaceSubrange(0x0B..<0x0E, with: [0, 2, 1])
        bytes[0x28] = 127
        bytes[0x30] = 16
        bytes[0x38] = 64
        bytes[0x40] = 2
        bytes[0x44] = 0xF4
        // Record 0: update sequence at 0x30, attributes from 0x38 on, in use; $DATA of 32 clusters at 16.
        var record = [UInt8](repeating: 0, count: 1024)
        record.replaceSubrange(0..<8, with: Array("FILE".utf8) + [0x30, 0, 3, 0])
        record[0x14] = 0x38
        record[0x16] = 1
        record[0x18] = 0x90
        record.replaceSubrange(0x38..<0x40, with: [0x80, 0, 0, 0, 0x48, 0, 0, 0])
        record[0x40] = 1
        record[0x48 + 0x10] = 31
        record[0x38 + 0x20] = 0x40
        for field in [0x28, 0x30, 0x38] { record[0x38 + field + 1] = 0x40 }
        record.replaceSubrange(0x78..<0x7B, with: [0x11, 32, 16])
        record.replaceSubrange(0x80..<0x84, with: [0xFF, 0xFF, 0xFF, 0xFF])
        bytes.replaceSubrange(16 * 512..<18 * 512, with: record)
        return bytes
    }()
}
