package import ByteReading

/// A file that a command of an entry names.
package struct BootFileReference: Hashable, Sendable {
    /// Whether the file is there.
    package enum Presence: Hashable, Sendable {
        /// It is, with this size in bytes.
        case present(size: UInt64)
        /// The loader says that the file is not found.
        case missing
        /// The loader says that the device does not exist.
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
    package let location: BootLocation
}

extension BootFileReference {
    /// Whether the loader would not find it.
    package var isMissing: Bool { presence == .missing || presence == .noDevice }
    /// Why nobody can tell whether it is there, if so.
    package var fault: ImageFault? { if case .unreadable(let fault) = presence { fault } else { nil } }
}
