import ByteReading

/// `$STANDARD_INFORMATION`: what `stat` shows.
struct NTFSStandardInformation: Sendable {
    /// Seconds since 1970 of the last change of the content, 0x08.
    let modified: Int64
    /// 0x20.
    let attributes: NTFSFileAttributes

    /// Throws `corrupt` when a file has none.
    init(of file: NTFSFile, on volume: NTFSVolume) throws(ImageFault) {
        guard let value = try volume.value(.standardInformation, of: file) else {
            throw ImageFault(
                .corrupt, "MFT record \(file.record.number) without $STANDARD_INFORMATION",
                at: file.record.place)
        }
        modified = NTFSStandardInformation.seconds(try value.little(at: 0x08))
        attributes = NTFSFileAttributes(rawValue: try value.little(at: 0x20))
    }

    /// From 100 nanoseconds since 1601.
    static func seconds(_ time: Int64) -> Int64 {
        let ticks: Int64 = 10_000_000
        let seconds = time / ticks - (time % ticks < 0 ? 1 : 0)
        return seconds - 11_644_473_600
    }
}
