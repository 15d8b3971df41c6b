import BlockIO
import ByteReading
import Volumes

/// Volume groups and arrays. What the bytes hold is one device, and the same twice.
extension FuzzEntries {
    static let volumes: [FuzzEntry] = [
        FuzzEntry("lvm2", seed: FuzzSeeds.zeros) { data in
            for group in LVM2.assemble(devices(data)).groups {
                for volume in group.logicalVolumes.prefix(64) { look(into: volume.source) }
            }
        },
        FuzzEntry("md", seed: FuzzSeeds.zeros) { data in
            for array in MDRaid.assemble(devices(data)) { look(into: array.source) }
        },
    ]

    private static func devices(_ data: Bytes) -> [BlockDevice] {
        ["first", "second"].map { BlockDevice(id: $0, source: MemorySource(data), signatures: []) }
    }

    private static func look(into source: (any BlockSource)?) {
        guard let source, source.size > 0 else { return }
        for offset in [0, source.size / 2, source.size - 1] {
            _ = try? source.read(at: offset, count: 1)
            _ = try? source.extent(at: offset)
        }
    }
}
