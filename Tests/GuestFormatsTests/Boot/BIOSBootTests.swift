import ByteReading
import Foundation
import GuestFormats
import Testing

/// A disk with GRUB, its core image compressed by `xz` and protected by an encoder of our own.
struct GrubDisk {
    var bytes: [UInt8]
    static let coreSector = 1

    private static func lzma(_ data: [UInt8]) throws -> [UInt8] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["xz", "--format=raw", "--lzma1=lc=3,lp=0,pb=2,dict=64KiB", "--stdout"]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(data))
        try input.fileHandleForWriting.close()
        let result = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return Array(result)
    }

    /// Redundancy as `grub_reed_solomon_add_redundancy` computes it, for less than 100 KiB in all.
    private static func redundancy(_ data: [UInt8], count: Int) -> [UInt8] {
        func times(_ a: UInt8, _ b: UInt8) -> UInt8 {
            var (a, b, product) = (Int(a), Int(b), 0)
            while b > 0 {
                if b & 1 == 1 { product ^= a }
                a <<= 1
                if a > 255 { a ^= 0x11D }
                b >>= 1
            }
            return UInt8(product)
        }
        var codes = [UInt8](repeating: 0, count: count)
        for column in 0..<512 {
            let word = stride(from: column, to: data.count, by: 512).map { data[$0] }
            let checks = Array(stride(from: column, to: count, by: 512)).count
            guard !word.isEmpty, checks > 0 else { continue }
            var generator: [UInt8] = [1]
            var root: UInt8 = 1
            for _ in 0..<checks {
                var next = generator + [0]
                for (index, coefficient) in generator.enumerated() {
                    next[index + 1] ^= times(coefficient, root)
                }
                generator = next
                root = times(root, 2)
            }
            var rest = word + [UInt8](repeating: 0, count: checks)
            for index in word.indices where rest[index] != 0 {
                let factor = rest[index]
                for (place, coefficient) in generator.enumerated() {
                    rest[index + place] ^= times(coefficient, factor)
                }
            }
            for (index, place) in stride(from: column, to: count, by: 512).enumerated() {
                codes[place] = rest[word.count + index]
            }
        }
        return codes
    }

    init(prefix: String = "(,msdos1)/boot/grub", configuration: String? = nil) throws {
        var area: [UInt8] = []
        func object(_ type: UInt32, _ content: [UInt8]) {
            var content = content
            while content.count % 4 != 0 { content.append(0) }
            var header = [UInt8](repeating: 0, count: 8)
            header.put(type, at: 0)
            header.put(UInt32(content.count + 8), at: 4)
            area += header + content
        }
        if let configuration { object(2, Array(configuration.utf8) + [0]) }
        object(3, Array(prefix.utf8) + [0])
        var info = [UInt8](repeating: 0, count: 12)
        info.put(UInt32(0x676D_696D), at: 0)
        info.put(UInt32(12), at: 4)
        info.put(UInt32(12 + area.count), at: 8)
        var seed: UInt32 = 1
        let kernel = (0..<6000).map { _ in
            seed = seed &* 1_664_525 &+ 1_013_904_223
            return UInt8(truncatingIfNeeded: seed >> 28)
        }
        let whole = kernel + info + area
        let compressed = try Self.lzma(whole)
        let (unprotected, decompressor) = (0x100, 0x180)
        var core = [UInt8](repeating: 0x90, count: decompressor)
        core[0] = 0xEA
        core.put(UInt32(compressed.count), at: 0x08)
        core.put(UInt32(whole.count), at: 0x0C)
        core.put(UInt16(unprotected), at: 0x14)
        core[0x1A] = 0xFF
        core += compressed
        let size = (core.count * 2 + 511) / 512 * 512
        core.put(UInt32(size - core.count), at: 0x10)
        core += Self.redundancy(Array(core[unprotected...]), count: size - core.count)
        bytes = [UInt8](repeating: 0, count: 512 * 64)
        bytes.replaceSubrange(0..<2, with: [0xEB, 0x63])
        bytes.put(UInt64(Self.coreSector), at: 0x5C)
        bytes[0x64] = 0xFF
        let text = Array("GRUB \0Geom\0Hard Disk\0Read\0 Error\r\n".utf8)
        bytes.replaceSubrange(0x180..<(0x180 + text.count), with: text)
        bytes.replaceSubrange(510..<512, with: [0x55, 0xAA])
        let loading = Array("loading\0.\0\r\n\0Geom\0Read\0 Error\0".utf8)
        bytes.replaceSubrange(512 + 0x11B..<(512 + 0x11B + loading.count), with: loading)
        bytes.put(UInt64(2), at: 512 + 0x1F4)
        bytes.put(UInt16(size / 512), at: 512 + 0x1FC)
        bytes.put(UInt16(0x820), at: 512 + 0x1FE)
        bytes.replaceSubrange(1024..<(1024 + core.count), with: core)
    }

    func trace() -> BootTrace { BIOSBoot.trace(ContentSource(Bytes(bytes))) }
}

@Suite struct BIOSBootTests {
    @Test func theCoreImageNamesItsPrefix() throws {
        let trace = try GrubDisk(configuration: "search.fs_label ROOT root\n").trace()
        let start = try #require(trace.grubStart, "\(trace.steps)")
        #expect(start.prefix == "(hd0,msdos1)/boot/grub")
        #expect(start.root == "hd0,msdos1")
        #expect(start.embeddedConfiguration == "search.fs_label ROOT root\n")
        let core = try #require(trace.coreImage)
        #expect(core.repairedBytes == 0)
        #expect(core.hasRedundancy)
        #expect(core.sectors.first == 1..<2)
    }

    @Test func smallDamageIsRepairedAndLargeDamageIsNot() throws {
        let disk = try GrubDisk()
        var scratched = disk
        for offset in [1024 + 0x180, 1024 + 0x1FF, 1024 + 0x700, 1024 + 0x900] {
            scratched.bytes[offset] ^= 0x5A
        }
        let trace = scratched.trace()
        #expect(trace.coreImage?.repairedBytes == 4)
        #expect(trace.grubStart?.prefix == "(hd0,msdos1)/boot/grub")
        var broken = disk
        for offset in 1024 + 0x200..<1024 + 0x2000 where offset < broken.bytes.count {
            broken.bytes[offset] = 0xA5
        }
        guard case .coreImageDamaged? = broken.trace().stop else {
            Issue.record("\(broken.trace().steps)")
            return
        }
        var erased = disk
        for offset in 512..<erased.bytes.count { erased.bytes[offset] = 0 }
        guard case .coreImageDamaged? = erased.trace().stop else {
            Issue.record("\(erased.trace().steps)")
            return
        }
    }

    @Test func withoutNormalThereIsTheRescuePrompt() throws {
        let trace = try GrubDisk().trace()
        var host = MemoryGrubHost(configuration: "set timeout=0\nmenuentry a {\nlinux /boot/vmlinuz-1\n}\n")
        #expect(trace.runGrub(on: host)?.outcome.name == "rescue")
        host.volumes["hd0,msdos1"]?.files["/boot/grub/i386-pc/normal.mod"] = [1]
        #expect(trace.runGrub(on: host)?.selection?.image.path == "/boot/vmlinuz-1")
    }

    @Test func otherBootCode() throws {
        func kind(_ change: (inout [UInt8]) -> Void) throws -> MBRBootCode {
            var sector = [UInt8](repeating: 0, count: 512)
            sector[510] = 0x55
            sector[511] = 0xAA
            change(&sector)
            return try MBRBootCode(parsing: Bytes(sector))
        }
        func text(_ text: String, at offset: Int = 0x100) -> (inout [UInt8]) -> Void {
            { $0.replaceSubrange(offset..<(offset + text.utf8.count), with: Array(text.utf8)) }
        }
        #expect(try kind { _ in }.kind == .empty)
        #expect(try kind { $0[446] = 0x80 }.kind == .empty)
        #expect(try kind { $0[0] = 1 }.kind == .unknown)
        #expect(try kind(text("Operating system load error.")).kind == .syslinux)
        #expect(try kind(text("Missing OS\r\nMultiple active partitions")).kind == .syslinuxGPT)
        #expect(try kind(text("Invalid partition table\0Error loading operating system")).kind == .windows)
        #expect(try kind(text("LILO", at: 6)).kind == .lilo)
        #expect(try kind { $0[511] = 0 }.hasSignature == false)
        #expect(throws: ImageFault.self) { try MBRBootCode(parsing: Bytes([1, 2])) }
    }

    // MARK: Syslinux for GPT

    /// A disk with `gptmbr.bin`, its primary table at `change`'s mercy, and a boot record in sector 40.
    private func syslinuxGPT(_ change: (inout [UInt8]) -> Void = { _ in }) -> BootTrace {
        var disk = [UInt8](repeating: 0, count: 512 * 48)
        let text = Array("Missing OS\r\nMultiple active partitions\r\n".utf8)
        disk.replaceSubrange(0xB6..<(0xB6 + text.count), with: text)
        disk.put(UInt16(0xAA55), at: 510)
        disk.put(UInt64(2), at: 512 + 72)
        disk.put(UInt32(128), at: 512 + 80)
        disk.put(UInt32(128), at: 512 + 84)
        for (index, start) in [34, 40].enumerated() {
            disk[1024 + index * 128] = 0x0F
            disk.put(UInt64(start), at: 1024 + index * 128 + 32)
        }
        disk[1024 + 128 + 48] = 4
        disk.put(UInt16(0xAA55), at: 40 * 512 + 510)
        disk[40 * 512 + 0x100] = 0x90
        change(&disk)
        // What a backup says, that the second one is marked, does not matter.
        let partitions = [34, 40].enumerated().map { index, start in
            BIOSPartition(
                number: index + 1, offset: UInt64(start) * 512, isActive: index == 1,
                device: GrubDevice("hd0,gpt\(index + 1)"))
        }
        return BIOSBoot.trace(ContentSource(Bytes(disk)), partitions: partitions, isGPT: true)
    }

    @Test func syslinuxForGPTGoesByThePrimaryTableAndChecksNothingOfIt() {
        // There is no checksum in this header, not even its name.
        let trace = syslinuxGPT()
        #expect(trace.steps.last?.place == "first sector of hd0,gpt2", "\(trace.steps)")
        #expect(trace.stop == nil)
        let zeroed = syslinuxGPT {
            $0.replaceSubrange(512..<(34 * 512), with: repeatElement(0, count: 33 * 512))
        }
        #expect(zeroed.stop == .noActivePartition)
        #expect(syslinuxGPT { $0[1024 + 128 + 48] = 0 }.stop == .noActivePartition)
        #expect(syslinuxGPT { $0[1024 + 48] = 4 }.stop == .severalActivePartitions)
        // An entry without a type is none.
        #expect(syslinuxGPT { $0[1024 + 128] = 0 }.stop == .noActivePartition)
        #expect(syslinuxGPT { $0[40 * 512 + 511] = 0 }.stop == .bootRecordMissing)
    }

    @Test func aTableThatSyslinuxForGPTDoesNotAllowForIsNotFollowed() {
        let trace = syslinuxGPT { $0.put(UInt32(1024), at: 512 + 80) }
        guard case .unknown(let fault) = trace.destination else {
            Issue.record("\(trace.steps)")
            return
        }
        #expect(fault.kind == .unsupported)
        for offset in [72, 73, 79, 80, 81, 84, 85] {
            for value: UInt8 in [0, 1, 0x7F, 0xFF] { _ = syslinuxGPT { $0[512 + offset] = value } }
        }
    }

    @Test func hostileDisks() throws {
        let disk = try GrubDisk()
        let fields = [0..<4, 0x5C..<0x66, 0x180..<0x186, 508..<516, 512 + 0x1E8..<1024, 1024..<1024 + 0x20]
        for index in fields.joined() {
            for value in [disk.bytes[index] ^ 0x10, ~disk.bytes[index]] {
                var changed = disk
                changed.bytes[index] = value
                _ = changed.trace()
            }
        }
        for length in stride(from: 0, to: disk.bytes.count, by: 331) {
            _ = BIOSBoot.trace(ContentSource(Bytes(Array(disk.bytes.prefix(length)))))
        }
    }
}
