package import ByteReading

/// The state of `\hiberfil.sys`, from its first four bytes (`PO_MEMORY_IMAGE.Signature`, which forensic tools and
/// ntfs-3g's `ntfs_volume_check_hiberfile` go by).
package enum HibernationFile: String, Hashable, Sendable {
    /// `HIBR`: the memory of a Windows that was hibernated, or shut down with fast startup, and waits to go on.
    case hibernated
    /// `RSTR`: a resume was under way and did not end.
    case restoring
    /// `WAKE`: it was resumed; nothing waits.
    case woken
    /// Zeros, or nothing at all: Windows reserves the space, or has cleared the header after resuming.
    case unused
    /// Something else.
    case unknown

    /// Looks at the start of the file.
    package init(parsing start: Bytes) {
        let signature = start.prefix(4).map { $0 & ~0x20 }
        self =
            switch signature {
            case Array("HIBR".utf8): .hibernated
            case Array("RSTR".utf8): .restoring
            case Array("WAKE".utf8): .woken
            default: start.prefix(4096).isAllZero ? .unused : .unknown
            }
    }

    /// Whether a session waits in it: Windows goes on with the old memory, not with what is on the disk.
    package var holdsSession: Bool { self == .hibernated || self == .restoring }
}
