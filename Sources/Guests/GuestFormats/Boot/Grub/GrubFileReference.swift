package import ByteReading

/// A file that a command of an entry names.
package struct GrubFileReference: Hashable, Sendable {
    /// Whether the file is there.
    package enum Presence: Hashable, Sendable {
        /// It is, with this size in bytes.
        case present(size: UInt64)
        /// GRUB says `file not found`.
        case missing
        /// GRUB says that the device does not exist.
        case noDevice
        /// The image could not be read.
        case unreadable(ImageFault)
    }

    /// The name as the command got it, such as `($root)/vmlinuz` after expansion.
    package let name: String
    /// The device it is looked up on; nil when there is no such device.
    package let device: GrubDevice?
    /// The path on that device.
    package let path: String
    /// Whether it is there.
    package let presence: Presence
    /// Where the command stands.
    package let location: GrubLocation
}
