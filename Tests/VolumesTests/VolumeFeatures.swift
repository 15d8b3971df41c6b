import BlockIO
import ByteReading
import SystemPackage
import TestSupport

@testable import Volumes

/// Disks that the kernel's own drivers wrote (testimages/recipes/make-volume-features.sh). Sector N of the volume
/// or array NAME holds the line "NAME N", 512 bytes long with its newline.
struct VolumeFeatures: Sendable {
    private let folder: ScratchFolder

    init() async throws {
        folder = try await ScratchFolder()
        let archive = Snapshot.repository + "testimages/volumes/volume-features.tar.xz"
        try await HostTool.shell("tar -xJf '\(archive)'", in: folder.path)
    }

    func source(_ name: String) throws -> any BlockSource { try FileSource(folder.file(name)) }

    /// The disks with these names, as a program would pass them.
    func devices(_ names: [String]) throws -> [BlockDevice] {
        try names.map { name in
            let source = try source(name)
            return BlockDevice(id: name, source: source, signatures: try VolumeProbe.identify(source))
        }
    }

    /// What `command` prints about a disk of this name in the folder.
    func tool(_ command: String) async throws -> String {
        try await HostTool.shell(command, in: folder.path)
    }

    /// The sector that a volume should hold.
    static func sector(_ number: UInt64, of name: String) -> [UInt8] {
        var line = [UInt8](repeating: UInt8(ascii: "0"), count: 512)
        line.replaceSubrange(0..<name.utf8.count + 1, with: Array((name + " ").utf8))
        let digits = Array(String(number).utf8)
        line.replaceSubrange(511 - digits.count..<511, with: digits)
        line[511] = 0x0A
        return line
    }

    /// The first sector that differs from what was written; nil when none does. Reads in pieces of odd sizes.
    static func firstDifference(
        _ source: any BlockSource, _ name: String, sectors: UInt64? = nil
    ) throws -> UInt64? {
        let end = sectors ?? source.size / 512
        var position: UInt64 = 0
        var step: UInt64 = 1
        while position < end {
            let count = min(step, end - position)
            let bytes = try source.read(at: position * 512, count: Int(count) * 512)
            var expected: [UInt8] = []
            for index in 0..<count { expected += sector(position + index, of: name) }
            if !DiskComparison.isSame(bytes, Bytes(expected)) {
                let found = bytes.array
                let place = found.indices.first { found[$0] != expected[$0] } ?? 0
                return position + UInt64(place / 512)
            }
            position += count
            step = step % 301 + 7
        }
        return nil
    }

    static let isReadable = HostTool.has("tar", "xz")
}

/// Unpacked once for all tests.
enum VolumeFeaturesOnce {
    private static let task = Task { try await VolumeFeatures() }

    static func shared() async throws -> VolumeFeatures { try await task.value }
}
