package import ByteReading
import Compression

/// GRUB 2's core image as `grub-install` puts it into the MBR gap or a BIOS boot partition: `diskboot.img`, a
/// decompressor, and the compressed kernel with its modules (grub-core/boot/i386/pc, include/grub/offsets.h).
package struct GrubCoreImage: Sendable {
    /// Sectors that belong to the image, in the order they are loaded.
    package let sectors: [Range<UInt64>]
    /// What is packed in: prefix, configuration, modules.
    package let modules: GrubModules
    /// BIOS partition the image was installed into (`boot_dev`), counted from 0; nil for the whole disk.
    package let partition: UInt8?
    /// Bytes that are wrong on disk and that GRUB repairs from its redundancy when it starts.
    package let repairedBytes: Int
    /// Whether the image carries redundancy, so that it is known to be whole and not only plausible.
    package let hasRedundancy: Bool

    private static let sectorSize: UInt64 = 512
    private static let largestImage = 4 << 20
    private static let largestKernel = 16 << 20

    /// Follows `boot.img`, which names `sector`, on a disk. `corrupt` and `truncated` faults mean that GRUB does
    /// not start.
    package init(reading disk: ContentSource, sector: UInt64) throws(ImageFault) {
        let first = try disk.read(at: try sector.multiplied(by: Self.sectorSize), count: 512)
        guard first.firstIndex(of: Array("Geom\0Read\0 Error".utf8)) != nil else {
            throw ImageFault(
                .corrupt,
                first.isAllZero ? "the core image is not there" : "no core image at sector \(sector)",
                at: first.origin)
        }
        var ranges = [sector..<(try sector.adding(1))]
        var image: [UInt8] = []
        // Block lists grow downwards from the end of the sector and end with a length of 0.
        var offset = 512 - 12
        while offset > 0x150 {
            let start: UInt64 = try first.little(at: offset)
            let count = UInt64(try first.little(UInt16.self, at: offset + 8))
            if count == 0 { break }
            let bytes = try (count * Self.sectorSize).bounded(
                to: Self.largestImage - image.count, "the length of the core image")
            ranges.append(start..<(try start.adding(count)))
            image += try disk.read(at: try start.multiplied(by: Self.sectorSize), count: bytes).array
            offset -= 12
        }
        sectors = ranges
        let core = Bytes(image, origin: (ranges.dropFirst().first?.lowerBound ?? 0) &* Self.sectorSize)
        let kernel: Bytes
        (kernel, partition, repairedBytes, hasRedundancy) = try Self.kernel(core)
        modules = try Self.modules(kernel)
    }

    /// Repairs and decompresses what follows `diskboot.img`.
    private static func kernel(
        _ core: Bytes
    ) throws(ImageFault) -> (kernel: Bytes, partition: UInt8?, repaired: Int, hasRedundancy: Bool) {
        guard try core.byte(at: 0) == 0xEA else {
            throw ImageFault(.corrupt, "the core image does not start with its entry jump", at: core.origin)
        }
        let compressed = try core.little(UInt32.self, at: 0x08).bounded(to: core.count, "the compressed size")
        let uncompressed = try core.little(UInt32.self, at: 0x0C).bounded(
            to: largestKernel, "the kernel size")
        let redundancy = try core.little(UInt32.self, at: 0x10).bounded(to: core.count, "the redundancy")
        let unprotected = Int(try core.little(UInt16.self, at: 0x14))
        let partition = try core.byte(at: 0x1A)
        let decompressor =
            redundancy > 0
            ? core.count - redundancy - compressed : try decompressorSize(core, unprotected: unprotected)
        guard compressed > 0, uncompressed > 0, decompressor >= unprotected, unprotected > 0x20 else {
            throw ImageFault(.corrupt, "the sizes in the core image contradict each other", at: core.origin)
        }
        var data = try core.slice(
            at: unprotected, count: try (decompressor - unprotected).adding(compressed)
        ).array
        var repaired = 0
        if redundancy > 0 {
            var codes = try core.slice(at: unprotected + data.count, count: redundancy).array
            repaired = try GrubReedSolomon.repair(&data, &codes)
        }
        let payload = try Bytes(data, origin: core.origin).slice(
            at: decompressor - unprotected, count: compressed)
        let kernel = try RawLZMA.decompress(
            payload, properties: (lc: 3, lp: 0, pb: 2), dictionarySize: 1 << 16,
            uncompressedSize: uncompressed)
        return (kernel, partition == 0xFF ? nil : partition, repaired, redundancy > 0)
    }

    /// Where the decompressor ends, from its own code: `addl $(decompressor_end - reed_solomon_part), %edx`.
    private static func decompressorSize(_ core: Bytes, unprotected: Int) throws(ImageFault) -> Int {
        let code = core.prefix(unprotected)
        guard let place = code.firstIndex(of: [0x8B, 0x15, 0x08, 0x82, 0x00, 0x00, 0x81, 0xC2]) else {
            throw ImageFault(.unsupported, "a core image with another start than GRUB's", at: core.origin)
        }
        let size = try code.little(UInt32.self, at: place + 8).bounded(to: 0x2000, "the decompressor")
        return try unprotected.adding(size)
    }

    /// The module area: it ends where the kernel does.
    private static func modules(_ kernel: Bytes) throws(ImageFault) -> GrubModules {
        var position = 0
        while let found = kernel.firstIndex(of: [0x6D, 0x69, 0x6D, 0x67], from: position) {
            position = found + 1
            guard found + 12 <= kernel.count else { break }
            let size = Int(try kernel.little(UInt32.self, at: found + 8))
            guard try kernel.little(UInt32.self, at: found + 4) == 12, size <= kernel.count - found,
                kernel.count - found - size < 16
            else { continue }
            return try GrubModules(parsing: ContentSource(kernel), at: UInt64(found), wordSize: 4)
        }
        throw ImageFault(.corrupt, "the core image holds no modules")
    }
}
