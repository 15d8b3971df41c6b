import ByteReading
import FileSystemCore

/// A link or device as Services for UNIX and ntfs-3g store it: a small system file with a signature
/// (libntfs-3g, `INTX_FILE`). FIFOs and sockets, which are system files of 0 and 1 byte, are not told apart
/// from such files of Windows and stay files.
struct InterixFile: Sendable {
    /// What such a file can be long.
    static let sizes: ClosedRange<UInt64> = 10...8200

    let type: FileType
    /// Of a link.
    let target: [UInt8]

    /// From the content of a file; nil when it is an ordinary one.
    init?(_ content: Bytes) throws(ImageFault) {
        if content.starts(with: "IntxLNK\u{1}") {
            type = .symlink
            var units = try NTFSName.units(content.dropFirst(8))
            while units.last == 0 { units.removeLast() }
            target = NTFSName.encode(units)
        } else if content.count == 24, content.starts(with: "IntxCHR\0") || content.starts(with: "IntxBLK\0")
        {
            type = content.starts(with: "IntxCHR\0") ? .characterDevice : .blockDevice
            target = []
        } else {
            return nil
        }
    }
}
