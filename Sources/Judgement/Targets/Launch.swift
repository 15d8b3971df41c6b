/// One way to start an image: a disk bus and a firmware.
public struct Launch: Sendable, Hashable, Codable, CustomStringConvertible {
    /// The bus of the root disk.
    public var disk: DiskBus
    /// What starts the guest.
    public var firmware: FirmwareKind

    /// Makes a launch.
    public init(disk: DiskBus, firmware: FirmwareKind) {
        self.disk = disk
        self.firmware = firmware
    }

    /// `virtio-blk, bios`
    public var description: String { "\(disk.rawValue), \(firmware.rawValue)" }
}
