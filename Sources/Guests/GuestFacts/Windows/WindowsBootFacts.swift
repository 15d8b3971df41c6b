/// How Windows starts, once for each firmware it could be started by.
package struct WindowsBootFacts: Sendable, Hashable, Codable {
    package var bios = WindowsBootPath(firmware: .bios)
    package var uefi = WindowsBootPath(firmware: .uefi)

    package init() {}

    package func path(for firmware: Firmware) -> WindowsBootPath { firmware == .bios ? bios : uefi }

    /// The firmware the image is made for: those that find something to start.
    package var firmwares: [Firmware] {
        [bios, uefi].filter { $0.isPresent != .no }.map(\.firmware)
    }
}

/// The way from one firmware to winload.
package struct WindowsBootPath: Sendable, Hashable, Codable {
    package var firmware: Firmware
    /// Whether the image carries something for this firmware to start.
    package var isPresent: Answer = .unknown
    /// The steps followed, in order. The first broken one is where the firmware or the boot manager stops.
    package var steps: [BootStep] = []

    package init(firmware: Firmware) { self.firmware = firmware }
}
