import ByteReading
import SystemPackage
import TestSupport

/// Writes VHD files byte by byte from the Virtual Hard Disk Image Format Specification: what qemu-img cannot
/// make.
struct VHDBuilder {
    var type: UInt32 = 3
    var size: UInt64 = 8 << 20
    var creator = "win "
    var geometry: (cylinders: UInt16, heads: UInt8, sectors: UInt8) = (0x0078, 4, 0x11)
    var identity = [UInt8](repeating: 0x11, count: 16)
    var isSavedState = false
    var blockSize: UInt32 = 512 << 10
    /// Bitmap and data by number.
    var blocks: [Int: (bitmap: [UInt8], data: [UInt8])] = [:]
    var parentIdentity = [UInt8](repeating: 0, count: 16)
    var parentName = ""
    var locators: [(platform: String, data: [UInt8])] = []
    /// Free room before the table, so that it is not aligned to anything.
    var gap = 0

    var entryCount: Int { Int((size + UInt64(blockSize) - 1) / UInt64(blockSize)) }
    private var bitmapSize: Int { (Int(blockSize) / 4096 + 511) / 512 * 512 }

    func footer() -> [UInt8] {
        var bytes = Array("conectix".utf8) + big(UInt32(2)) + big(UInt32(0x10000))
        bytes += big(type == 2 ? UInt64.max : 512) + big(UInt32(0)) + creator.utf8
        bytes += big(UInt32(0xA0000)) + Array("Wi2k".utf8) + big(size) + big(size)
        bytes += big(geometry.cylinders) + [geometry.heads, geometry.sectors] + big(type) + big(UInt32(0))
        bytes += identity + [isSavedState ? 1 : 0]
        bytes += [UInt8](repeating: 0, count: 512 - bytes.count)
        return Self.sealed(bytes, at: 64)
    }

    static func sealed(_ bytes: [UInt8], at place: Int) -> [UInt8] {
        var bytes = bytes
        bytes.replaceSubrange(place..<place + 4, with: [0, 0, 0, 0])
        bytes.replaceSubrange(
            place..<place + 4, with: big(~bytes.reduce(UInt32(0)) { $0 &+ UInt32($1) }))
        return bytes
    }

    /// The whole file of a dynamic or differencing disk.
    func build() -> [UInt8] {
        let table = 1536 + gap
        var place = (table + entryCount * 4 + 511) / 512 * 512
        var header = Array("cxsparse".utf8) + big(UInt64.max) + big(UInt64(table)) + big(UInt32(0x10000))
        header += big(UInt32(entryCount)) + big(blockSize) + big(UInt32(0)) + parentIdentity
        header += [UInt8](repeating: 0, count: 8)
        let name = parentName.utf16.flatMap { big($0) }
        header += name + [UInt8](repeating: 0, count: 512 - name.count)
        var locatorData: [UInt8] = []
        for locator in locators {
            header += Array(locator.platform.utf8) + big(UInt32(512)) + big(UInt32(locator.data.count))
            header += big(UInt32(0)) + big(UInt64(place + locatorData.count))
            locatorData += locator.data + [UInt8](repeating: 0, count: 512 - locator.data.count % 512)
        }
        header += [UInt8](repeating: 0, count: 1024 - header.count)
        place += locatorData.count
        var entries = [UInt32](repeating: 0xFFFF_FFFF, count: entryCount)
        var blockData: [UInt8] = []
        for (number, block) in blocks.sorted(by: { $0.key < $1.key }) {
            entries[number] = UInt32((place + blockData.count) / 512)
            blockData += block.bitmap + [UInt8](repeating: 0, count: bitmapSize - block.bitmap.count)
            blockData += block.data
        }
        var file = footer() + Self.sealed(header, at: 36) + [UInt8](repeating: 0xEE, count: gap)
        file += entries.flatMap { big($0) }
        file += [UInt8](repeating: 0, count: (512 - file.count % 512) % 512)
        return file + locatorData + blockData + footer()
    }
}

/// The bytes of a number, most significant first.
func big(_ value: some FixedWidthInteger) -> [UInt8] {
    stride(from: value.bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> $0) }
}

/// The bytes of a number, least significant first.
func little(_ value: some FixedWidthInteger) -> [UInt8] { big(value).reversed() }

/// UTF-16, least significant byte first.
func utf16(_ text: String) -> [UInt8] { text.utf16.flatMap { little($0) } }

/// Writes a file of a test.
func write(_ bytes: [UInt8], to path: FilePath) throws {
    try HostFile.write(path) { _ = try $0.writeAll(bytes) }
}

/// Bytes that differ from place to place: each 512 tell `seed` and their number.
func pattern(_ seed: UInt8, sectors: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: seed, count: sectors * 512)
    for sector in 0..<sectors {
        bytes[sector * 512 + 1] = UInt8(truncatingIfNeeded: sector)
        bytes[sector * 512 + 510] = UInt8(truncatingIfNeeded: sector >> 8)
    }
    return bytes
}
