import ByteReading
import GuestFormats
import Testing

/// The layouts of device elements; those of Windows stand in stores that Windows wrote.
@Suite struct BCDDeviceTests {
    private static let zeros = String(repeating: "00", count: 16)
    /// From a store of Windows 10 (regipy's `BCD`, 21000001 of the default entry).
    private static let gptPartition =
        zeros + "0600000000000000 4800000000000000 382c0f8eeae4ba47b7fc9d8c74dccf0b 0000000000000000"
        + "a994230b5e097d488d48719ecd4d78ca" + zeros
    private static let ramDisk =
        "e7623b7308f6eb11825cc112f60133ab 0000000001000000b800000000000000"
        + "03000000 0000000000000000 0000000000000000 00000000 01000000 90000000 05000000"
        + "06000000000000004800000000000000 69cddf6c75de90448f995a84bf264917 0000000000000000"
        + "a994230b5e097d488d48719ecd4d78ca" + zeros
        + "5c005200650063006f0076006500720079005c00570069006e0064006f0077007300520045005c00"
        + "570069006e00720065002e00770069006d000000"

    private func device(_ text: String) throws -> BCDDevice { try BCDDevice(parsing: Bytes(hex(text))) }

    @Test func partitionOfAGPTDisk() throws {
        let partition = BCDPartition.gpt(
            partition: try #require(GUID("8e0f2c38-e4ea-47ba-b7fc-9d8c74dccf0b")),
            disk: try #require(GUID("0b2394a9-095e-487d-8d48-719ecd4d78ca")))
        #expect(try device(Self.gptPartition) == .partition(partition))
        #expect(partition.element == hex(Self.gptPartition))
    }

    @Test func partitionOfAnMBRDisk() throws {
        let partition = BCDPartition.mbr(offset: 0x650_0000, signature: 0xA1B2_C3D4)
        let element =
            Self.zeros
            + "0600000000000000 4800000000000000 0000500600000000 0000000000000000 00000000 01000000"
            + "d4c3b2a1 000000000000000000000000" + Self.zeros
        #expect(try device(element) == .partition(partition))
        #expect(partition.element == hex(element))
        #expect(partition.description == "partition at byte 105906176 of disk a1b2c3d4")
    }

    @Test func bootDevice() throws {
        #expect(
            try device(Self.zeros + "0500000000000000 4800000000000000" + String(repeating: "00", count: 56))
                == .boot)
        #expect(try device(Self.zeros + "05000000 00000000 10000000 00000000") == .boot)
    }

    @Test func memoryDiskInAFile() throws {
        guard case .ramDisk(let file) = try device(Self.ramDisk) else {
            Issue.record("no RAM disk")
            return
        }
        #expect(file.path == #"\Recovery\WindowsRE\Winre.wim"#)
        guard case .partition(.gpt(let partition, _)) = file.device else {
            Issue.record("on no partition")
            return
        }
        #expect(partition.description == "6cdfcd69-de75-4490-8f99-5a84bf264917")
        #expect(
            try BCDDevice.options(of: Bytes(hex(Self.ramDisk)))?.description
                == "733b62e7-f608-11eb-825c-c112f60133ab")
    }

    /// As sysprep leaves it: whichever partition has the file of the element 12000002.
    @Test func locate() throws {
        let element = Self.zeros + "0800000000000000 1e00000000000000 00000000 02000012 00000000 0000"
        #expect(try device(element) == .locate(element: .applicationPath, path: "", parent: nil))
    }

    /// `vhd=[locate]\win.vhd`: the partition in a virtual disk in a file on a partition that is looked for.
    @Test func virtualDisk() throws {
        let path = "5c00770069006e002e007600680064000000"
        let inner = "0800000000000000 1e00000000000000 00000000 00000000 00000000 0000"
        let file = "0000000000000000 50000000 00000000 05000000 01000000 3c000000 05000000" + inner + path
        let disk = "0000000000000000 78000000 00000000 06000000 00000000" + Self.zeros + file
        let element = Self.zeros + "0800000000000000 96000000 00000000 00000000 02000022 1e000000 0000" + disk
        guard case .locate(.systemRoot, "", .virtualDisk(.file(let found))?) = try device(element) else {
            Issue.record("\(try device(element))")
            return
        }
        #expect(found.path == #"\win.vhd"#)
        #expect(found.device == .locate(element: BCDElementType(0), path: "", parent: nil))
    }

    @Test func othersAreKept() throws {
        guard
            case .other(4, let payload) = try device(
                Self.zeros + "04000000 00000000 14000000 00000000 01020304")
        else {
            Issue.record("no network")
            return
        }
        #expect(payload == [1, 2, 3, 4])
    }

    @Test func neitherCutNorChangedElementsTrap() throws {
        for seed in [Self.gptPartition, Self.ramDisk].map(hex) {
            for length in 0...seed.count { _ = try? BCDDevice(parsing: Bytes(Array(seed.prefix(length)))) }
            for index in seed.indices {
                for value: UInt8 in [0, 1, 5, 6, 8, 0x10, 0x7F, 0xFF] {
                    var changed = seed
                    changed[index] = value
                    _ = try? BCDDevice(parsing: Bytes(changed)).description
                }
            }
        }
        // A device that is its own parent.
        let own =
            Self.zeros + "0800000000000000 40000000 00000000 00000000 00000000 00000000"
            + String(repeating: "00", count: 36)
        var bytes = hex(own)
        bytes[16 + 0x18] = 0x20
        bytes.replaceSubrange(16 + 0x20..<16 + 0x2C, with: [8, 0, 0, 0, 0, 0, 0, 0, 0x20, 0, 0, 0])
        _ = try? BCDDevice(parsing: Bytes(bytes))
        var nested = hex(Self.zeros)
        for _ in 0..<20 {
            nested +=
                [0, 0, 0, 0, 0, 0, 0, 0, 0xE8, 3, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0]
                + [UInt8](repeating: 0, count: 20)
        }
        nested += [UInt8](repeating: 0, count: 1000)
        #expect(throws: ImageFault.self) { try BCDDevice(parsing: Bytes(nested)) }
    }
}

/// Bytes from hexadecimal digits; spaces count for nothing.
private func hex(_ text: String) -> [UInt8] {
    let digits = text.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
}
