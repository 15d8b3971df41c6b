/// A partition as boot code in the first sector sees it.
package struct BIOSPartition: Hashable, Sendable {
    /// Its number, from 1.
    package let number: Int
    /// Where it starts, in bytes.
    package let offset: UInt64
    /// Marked as active in an MBR, or for legacy boot in a GPT.
    package let isActive: Bool
    /// Its name in GRUB 2's words.
    package let device: GrubDevice

    /// A partition.
    package init(number: Int, offset: UInt64, isActive: Bool, device: GrubDevice) {
        self.number = number
        self.offset = offset
        self.isActive = isActive
        self.device = device
    }
}
