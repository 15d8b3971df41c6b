/// Where GRUB legacy is when its stage 2 begins to read its configuration.
package struct GrubLegacyStart: Hashable, Sendable {
    /// The partition stage 2 takes for its own (`install_partition`), as GRUB 2 names it.
    package var device: GrubDevice
    /// The configuration, as stage 2 has it: `/boot/grub/menu.lst`, or with a device in front.
    package var configuration: String
    /// `0.97`.
    package var version: String

    /// A start.
    package init(device: GrubDevice, configuration: String, version: String) {
        self.device = device
        self.configuration = configuration
        self.version = version
    }
}
