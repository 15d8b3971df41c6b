import ByteReading
import GuestFormats

/// How Windows starts.
extension FuzzEntries {
    static let windowsBoot: [FuzzEntry] = [
        FuzzEntry("bcd-device", seed: partitionElement) {
            let device = try BCDDevice(parsing: $0)
            _ = device.description
            _ = try BCDDevice.options(of: $0)
        },
        FuzzEntry("bcd", seed: Array("regf".utf8) + [UInt8](repeating: 0, count: 8188)) { data in
            let store = try BCDStore(Hive(ContentSource(data)))
            for id in store.objects.keys { _ = store.settings(of: id) }
            _ = store.selection
        },
        FuzzEntry("volume-boot-code", seed: [0xEB, 0x52, 0x90] + Array("NTFS    BOOTMGR is missing".utf8)) {
            _ = try VolumeBootCode(parsing: $0)
        },
        FuzzEntry("hibernation-file", seed: "HIBR") { _ = HibernationFile(parsing: $0) },
    ]

    /// A partition at 1 MiB of the MBR disk 12345678.
    private static let partitionElement =
        BCDPartition.mbr(offset: 1 << 20, signature: 0x1234_5678).element ?? []
}
