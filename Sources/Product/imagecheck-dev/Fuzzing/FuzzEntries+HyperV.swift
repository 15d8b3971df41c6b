import BlockIO
import ByteReading
import ImageFormats

/// The containers of Virtual PC and Hyper-V.
extension FuzzEntries {
    static let hyperV: [FuzzEntry] = [
        FuzzEntry("vhd", seed: dynamicVHD) { try touchContainer($0, as: .vpc) },
        FuzzEntry("vhdx", seed: vhdx) { try touchContainer($0, as: .vhdx) },
    ]

    private static func touchContainer(_ data: Bytes, as format: ImageFormat) throws {
        let opening = try ImageFileOpener().open(MemorySource(data), path: nil, as: format)
        guard case .opened(let image) = opening else { return }
        var offset: UInt64 = 0
        for _ in 0..<64 where offset < image.disk.size {
            let extent = try image.disk.extent(at: offset)
            _ = try image.disk.read(at: offset, count: Int(min(4096, image.disk.size - offset)))
            offset = offset &+ max(1, extent.length)
        }
    }

    /// A dynamic VHD of 64 KiB in blocks of 8 KiB, of which none is allocated. The footer at the end is left out.
    private static let dynamicVHD: [UInt8] = {
        var footer = [UInt8](repeating: 0, count: 512)
        footer.replaceSubrange(0..<8, with: "conectix".utf8)
        footer[13] = 1
        footer[22] = 2
        footer.replaceSubrange(28..<32, with: "win ".utf8)
        footer[53] = 1
        footer[63] = 3
        var header = [UInt8](repeating: 0, count: 1024)
        header.replaceSubrange(0..<8, with: "cxsparse".utf8)
        header[22] = 6
        header[25] = 1
        header[31] = 8
        header[34] = 0x20
        return sealed(footer, at: 64) + sealed(header, at: 36) + [UInt8](repeating: 0xFF, count: 512)
    }()

    private static func sealed(_ block: [UInt8], at place: Int) -> [UInt8] {
        let sum = ~block.reduce(UInt32(0)) { $0 &+ UInt32($1) }
        var block = block
        for index in 0..<4 { block[place + index] = UInt8(truncatingIfNeeded: sum >> UInt32(24 - 8 * index)) }
        return block
    }

    /// A VHDX of 4 MiB in blocks of 1 MiB, of which none is allocated.
    private static let vhdx: [UInt8] = {
        var file = [UInt8](repeating: 0, count: (2 << 20) + 4096)
        func put(_ bytes: some Sequence<UInt8>, _ place: Int) {
            for (index, byte) in bytes.enumerated() { file[place + index] = byte }
        }
        func seal(_ place: Int, _ count: Int) {
            let sum = CRC32.castagnoli.checksum(Bytes(Array(file[place..<place + count])))
            put((0..<4).map { UInt8(truncatingIfNeeded: sum >> UInt32(8 * $0)) }, place + 4)
        }
        func identity(_ text: String) -> [UInt8] {
            let raw = GUID(text)?.bytes ?? []
            return [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].map { raw[$0] }
        }
        put("vhdxfile".utf8, 0)
        put("head".utf8, 64 << 10)
        file[(64 << 10) + 8] = 1
        file[(64 << 10) + 66] = 1
        seal(64 << 10, 4096)
        put("regi".utf8, 192 << 10)
        file[(192 << 10) + 8] = 2
        put(
            identity("2DC27766-F623-4200-9D64-115E9BFD4A08") + [0, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 1],
            (192 << 10) + 16)
        put(
            identity("8B7CA206-4790-4B9A-B8FE-575F050F886E") + [0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 1],
            (192 << 10) + 48)
        seal(192 << 10, 64 << 10)
        put("metadata".utf8, 1 << 20)
        let items: [(String, [UInt8])] = [
            ("CAA16737-FA36-4D43-B3B6-33F0AA44E76B", [0, 0, 0x10, 0, 0, 0, 0, 0]),
            ("2FA54224-CD1B-4876-B211-5DBED83BF4B8", [0, 0, 0x40, 0, 0, 0, 0, 0]),
            ("8141BF1D-A96F-4709-BA47-F233A8FAAB5F", [0, 2, 0, 0]),
            ("CDA348C7-445D-4471-9CC9-E9885251C556", [0, 2, 0, 0]),
        ]
        file[(1 << 20) + 10] = UInt8(items.count)
        for (index, item) in items.enumerated() {
            let place = UInt8(index * 8)
            put(
                identity(item.0) + [place, 0, 1, 0, UInt8(item.1.count), 0, 0, 0, 4],
                (1 << 20) + 32 + 32 * index)
            put(item.1, (1 << 20) + (64 << 10) + index * 8)
        }
        return file
    }()
}
