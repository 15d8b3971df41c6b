import ByteReading
import Testing

struct BytesTests {
    private let window = Bytes([0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09], origin: 100)

    @Test func integers() throws {
        #expect(try window.little(UInt16.self, at: 1) == 0x0302)
        #expect(try window.big(UInt32.self, at: 3) == 0x0405_0607)
        #expect(try window.little(UInt64.self, at: 1) == 0x0908_0706_0504_0302)
        #expect(try window.little(Int8.self, at: 8) == 9)
        #expect(try window.byte(at: 8) == 9)
    }

    @Test(arguments: [-1, 6, 9, 100, Int.max, Int.min])
    func outsideFaults(offset: Int) {
        #expect { try window.little(UInt32.self, at: offset) } throws: {
            ($0 as? ImageFault)?.kind == .truncated
        }
        #expect(throws: ImageFault.self) { try window.slice(at: offset, count: 4) }
        #expect(throws: ImageFault.self) {
            try window.slice(at: 4, count: offset == 6 || offset == 9 ? 6 : offset)
        }
    }

    @Test func slicesKeepTheirPlace() throws {
        let slice = try window.slice(at: 2, count: 5)
        #expect(slice.array == [3, 4, 5, 6, 7])
        #expect(slice.origin == 102)
        #expect(try slice.slice(1..<3).array == [4, 5])
        #expect(throws: ImageFault.self) { try slice.little(UInt32.self, at: 2) }
        #expect { try slice.byte(at: 5) } throws: { ($0 as? ImageFault)?.offset == 107 }
        #expect(slice.prefix(2).array == [3, 4])
        #expect(slice.prefix(-1).isEmpty)
        #expect(slice.dropFirst(99).isEmpty)
        #expect(slice.rebased(to: 7).origin == 7)
        #expect(window.firstIndex(of: [4, 5]) == 3)
        #expect(window.firstIndex(of: [4, 6]) == nil)
        #expect(window.firstIndex(of: []) == nil)
        #expect(window.firstIndex(of: [9], from: 8) == 8)
    }

    @Test func cursors() throws {
        var cursor = ByteCursor(window, at: 1)
        #expect(try cursor.little(UInt16.self) == 0x0302)
        #expect(try cursor.big(UInt16.self) == 0x0405)
        #expect(try cursor.bytes(2).array == [6, 7])
        #expect(cursor.remaining == 2)
        #expect(throws: ImageFault.self) { try cursor.little(UInt32.self) }
        #expect(cursor.position == 7)
        try cursor.skip(2)
        #expect(cursor.isAtEnd)
        #expect(throws: ImageFault.self) { try cursor.skip(1) }
        try cursor.seek(to: 9)
        #expect(throws: ImageFault.self) { try cursor.seek(to: 10) }
    }
}

struct ArithmeticTests {
    @Test func overflowFaults() throws {
        #expect(try UInt64(5).adding(6) == 11)
        #expect(throws: ImageFault.self) { try UInt64.max.adding(1) }
        #expect(throws: ImageFault.self) { try UInt8(3).subtracting(4) }
        #expect(throws: ImageFault.self) { try Int.max.multiplied(by: 2) }
        #expect(throws: ImageFault.self) { try UInt64.max.converted(to: Int.self) }
        #expect(try UInt64(7).converted(to: Int.self) == 7)
        #expect(try UInt32(7).bounded(to: 7, "x") == 7)
        #expect { try UInt32(8).bounded(to: 7, "entries") } throws: {
            ($0 as? ImageFault)?.message.contains("entries is 8") == true
        }
        #expect(throws: ImageFault.self) { try Int(-1).bounded(to: 7, "x") }
        #expect(try powerOfTwo(UInt32(16), in: 9...21, "bits") == 65536)
        #expect(throws: ImageFault.self) { try powerOfTwo(UInt32(22), in: 9...21, "bits") }
        #expect(throws: ImageFault.self) { try powerOfTwo(UInt32.max, in: 0...100, "bits") }
    }

    @Test func budgets() throws {
        var budget = Budget(3, of: "nodes")
        try budget.spend(2)
        #expect(throws: ImageFault.self) { try budget.spend(2) }
        #expect(throws: ImageFault.self) { try budget.spend(-1) }
        try budget.spend()
        #expect { try budget.spend() } throws: { ($0 as? ImageFault)?.message == "more than 3 nodes" }
    }

    @Test func faults() {
        let fault = ImageFault(.corrupt, "bad", at: 0x1C400).inLayer("ext4").inLayer("gpt:2")
        #expect(fault.description == "gpt:2 › ext4 @ 0x1c400: bad")
        #expect(fault.layers == ["gpt:2", "ext4"])
        #expect(ImageFault(.io, "bad").description == "bad")
    }
}

struct ChecksumTests {
    /// Check values of the catalogue of parametrised CRC algorithms, and lengths around the step of eight.
    @Test func vectors() {
        let digits = Bytes(Array("123456789".utf8))
        #expect(CRC32.ieee.checksum(digits) == 0xCBF4_3926)
        #expect(CRC32.castagnoli.checksum(digits) == 0xE306_9283)
        #expect(CRC32.ieee.checksum(Bytes([])) == 0)
        #expect(CRC32.castagnoli.checksum(Bytes([UInt8](repeating: 0, count: 32))) == 0x8A91_36AA)
        #expect(CRC32.castagnoli.checksum(Bytes([UInt8](repeating: 0xFF, count: 32))) == 0x62A8_AB43)
        #expect(CRC32.castagnoli.checksum(Bytes((0..<32).map { UInt8($0) })) == 0x46DD_794E)
    }

    @Test(arguments: 0..<40)
    func inPieces(split: Int) {
        let bytes = Bytes((0..<40).map { UInt8(truncatingIfNeeded: $0 &* 7) })
        let first = CRC32.ieee.update(~0, bytes.prefix(split))
        #expect(~CRC32.ieee.update(first, bytes.dropFirst(split)) == CRC32.ieee.checksum(bytes))
    }

    @Test func identifiers() throws {
        let raw = Bytes((0..<16).map { UInt8($0) })
        #expect(try GUID(bigEndian: raw).description == "00010203-0405-0607-0809-0a0b0c0d0e0f")
        #expect(try GUID(mixedEndian: raw).description == "03020100-0504-0706-0809-0a0b0c0d0e0f")
        #expect(GUID("00010203-0405-0607-0809-0A0B0C0D0E0F") == (try GUID(bigEndian: raw)))
        for bad in [
            "", "00010203", "0001020g-0405-0607-0809-0a0b0c0d0e0f", "00010203-0405-0607-08090a-0b0c0d0e0f",
        ] {
            #expect(GUID(bad) == nil)
        }
        #expect(throws: ImageFault.self) { try GUID(bigEndian: raw, at: 1) }
        #expect(Hexadecimal.lower(0x2F, width: 8) == "0000002f")
    }
}

@Suite("UTF-16 text")
struct UTF16TextTests {
    @Test("ends at the first NUL, in either order of bytes")
    func endsAtNUL() {
        #expect(Bytes([0x41, 0, 0xE9, 0, 0, 0, 0x42, 0]).utf16Text() == "Aé")
        #expect(Bytes([0, 0x41, 0x20, 0xAC]).utf16Text(isBigEndian: true) == "A€")
        #expect(Bytes([]).utf16Text() == "")
    }

    @Test("an odd byte at the end is left out, a lone surrogate replaced")
    func oddInput() {
        #expect(Bytes([0x41, 0, 0x42]).utf16Units() == [0x41])
        #expect(Bytes([0x00, 0xD8, 0x41, 0]).utf16Text() == "\u{FFFD}A")
    }

    @Test("what is written is read again")
    func roundTrip() {
        let text = "grubx64.efi 𝄞 ü"
        #expect(Bytes(text.utf16LittleEndian).utf16Text() == text)
    }
}
