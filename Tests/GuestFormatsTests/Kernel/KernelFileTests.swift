import ByteReading
import Compression
import GuestFormats
import TestSupport
import Testing

/// The start of a bzImage with protocol 2.15 and 64-bit entry.
private func bzImage(size: Int = 0x8000) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: size)
    func put(_ value: [UInt8], _ offset: Int) {
        for (index, byte) in value.enumerated() { bytes[offset + index] = byte }
    }
    put([3], 0x1F1)
    let paragraphs = (size - 2048) / 16
    put([UInt8(paragraphs & 0xFF), UInt8(paragraphs >> 8)], 0x1F4)
    put([0x55, 0xAA], 0x1FE)
    put(Array("HdrS".utf8), 0x202)
    put([0x0F, 0x02], 0x206)
    put([0x00, 0x04], 0x20E)
    put([0x03], 0x236)
    put(Array("6.1.0-9-amd64 (someone@somewhere) #1 SMP".utf8), 0x600)
    return bytes
}

@Suite struct KernelFileTests {
    @Test func readsABootHeader() throws {
        let bytes = bzImage()
        let image = try KernelImage(parsing: Bytes(bytes), fileSize: UInt64(bytes.count))
        #expect(image.format == .bzImage)
        #expect(image.architecture == .x86_64)
        #expect(image.version == "6.1.0-9-amd64")
        #expect(image.bootProtocol == 0x020F)
        #expect(image.expectedSize == UInt64(bytes.count))
        #expect(!image.isTruncated)
        #expect(try KernelImage(parsing: Bytes(bytes), fileSize: UInt64(bytes.count) - 1).isTruncated)
    }

    @Test func readsOtherImages() throws {
        var arm = [UInt8](repeating: 0, count: 4096)
        arm.replaceSubrange(0x38..<0x3C, with: [0x41, 0x52, 0x4D, 0x64])
        #expect(try KernelImage(parsing: Bytes(arm), fileSize: 4096).format == .arm64Image)
        if let packed = try FixtureTool.run("gzip", ["-c"], input: arm) {
            let image = try KernelImage(parsing: Bytes(packed), fileSize: UInt64(packed.count))
            #expect(image.format == .compressed(.gzip))
            #expect(image.architecture == .arm64)
        }
        #expect(try KernelImage(parsing: Bytes([]), fileSize: 0).format == .unknown)
        #expect(try KernelImage(parsing: Bytes(Array("text".utf8)), fileSize: 4).format == .unknown)
    }

    @Test func survivesDamage() {
        let bytes = bzImage(size: 0x900)
        for length in 0..<bytes.count {
            _ = try? KernelImage(parsing: Bytes(Array(bytes[..<length])), fileSize: UInt64(length))
        }
        for position in bytes.indices {
            for bit in 0..<8 {
                var flipped = bytes
                flipped[position] ^= 1 << UInt8(bit)
                _ = try? KernelImage(parsing: Bytes(flipped), fileSize: UInt64(bytes.count))
            }
        }
    }

    @Test func findsBannerAndConfiguration() throws {
        var bytes = [UInt8](repeating: 0, count: 300_000)
        bytes += Array("%s version %s\0Linux version %s\0Linux version 5.10.0-x (a@b) #1\0".utf8)
        bytes += Array("IKCFG_ST is searched for here\0".utf8)
        guard let config = try FixtureTool.run("gzip", ["-c"], input: Array("CONFIG_A=y\n".utf8)) else {
            return
        }
        bytes += Array("IKCFG_ST".utf8) + config + Array("IKCFG_ED".utf8)
        bytes += [UInt8](repeating: 0, count: 300_000)
        let payload = try KernelPayload(searching: BytesStream(Bytes(bytes)))
        #expect(payload.version == "5.10.0-x")
        #expect(payload.configuration?.text == "CONFIG_A=y\n")
        #expect(payload.configurationFault == nil)
    }

    @Test(
        "Trap 34: the level that the C library asks of the processor is the one that readelf shows",
        .enabled(if: FixtureTool.exists("readelf")),
        arguments: ["/lib/x86_64-linux-gnu/libc.so.6", "/bin/sh"].filter {
            (try? FixtureTool.contents($0)) != nil
        })
    func processorLevels(_ path: String) throws {
        let bytes = try FixtureTool.contents(path)
        let notes = String(decoding: try FixtureTool.run("readelf", ["-nW", path]) ?? [], as: UTF8.self)
        let line = notes.split(separator: "\n").first { $0.contains("x86 ISA needed:") }
        var expected: UInt32?
        if let line {
            let names = ["x86-64-baseline", "x86-64-v2", "x86-64-v3", "x86-64-v4"]
            let words = line.split { ", :".contains($0) }.map(String.init)
            expected = names.enumerated().reduce(UInt32(0)) {
                words.contains($1.element) ? $0 | 1 << UInt32($1.offset) : $0
            }
        }
        #expect(try ElfFile(parsing: Bytes(bytes)).neededLevels == expected)
    }

    @Test(.enabled(if: FixtureTool.exists("readelf")), arguments: ["/bin/sh", "/bin/bash", "/usr/bin/env"])
    func readsWhatReadelfReads(_ path: String) throws {
        let bytes = try FixtureTool.contents(path)
        let elf = try ElfFile(parsing: Bytes(bytes))
        let dynamic = String(decoding: try FixtureTool.run("readelf", ["-dW", path]) ?? [], as: UTF8.self)
        let needed = dynamic.split(separator: "\n").filter { $0.contains("(NEEDED)") }.compactMap { line in
            line.split(separator: "[").last.map { String($0.prefix { $0 != "]" }) }
        }
        #expect(elf.needed == needed)
        let headers = String(decoding: try FixtureTool.run("readelf", ["-lW", path]) ?? [], as: UTF8.self)
        let loader = try #require(elf.interpreter)
        #expect(headers.contains("[Requesting program interpreter: \(loader)]"))
        #expect(elf.kind == .shared || elf.kind == .executable)
        #expect(elf.minimumSize <= UInt64(bytes.count))
        let head = Array(bytes[..<2048])
        #expect(try ElfFile(parsing: Bytes(head)).interpreter == loader)
        for position in 0..<1024 {
            for mask: UInt8 in [0x01, 0x80, 0xFF] {
                var flipped = bytes
                flipped[position] ^= mask
                _ = try? ElfFile(parsing: Bytes(flipped))
            }
        }
        for length in 0..<2048 { _ = try? ElfFile(parsing: Bytes(Array(bytes[..<length]))) }
    }

    /// Real kernels: `IMAGECHECK_BOOT` names a directory with `vmlinuz-RELEASE` files.
    @Test(.enabled(if: FixtureTool.environment("IMAGECHECK_BOOT") != nil))
    func readsRealKernels() throws {
        let directory = try #require(FixtureTool.environment("IMAGECHECK_BOOT"))
        for name in FixtureTool.list(directory) where name.hasPrefix("vmlinuz-") {
            let bytes = Bytes(try FixtureTool.contents(directory + "/" + name))
            let image = try KernelImage(parsing: bytes.prefix(1 << 16), fileSize: UInt64(bytes.count))
            #expect(image.format == .bzImage)
            #expect(image.version == String(name.dropFirst(8)))
            #expect(image.architecture == .x86_64)
            #expect(!image.isTruncated && image.hasEFIStub)
            let payload = try #require(image.payload)
            let start = Int(payload.lowerBound)
            let found = try KernelPayload(
                searching: BytesStream(try bytes.slice(start..<Int(payload.upperBound))))
            #expect(found.version == image.version)
        }
    }
}
