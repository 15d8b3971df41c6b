import ByteReading

/// The state of `$LogFile`, the journal of NTFS, by its two restart pages (libntfs-3g, `logfile.h`). What it
/// holds is not replayed here.
enum NTFSLogFile {
    /// `RESTART_AREA` flags at 0x0E.
    private static let cleanFlag: UInt16 = 0x0002
    private static let noClient: UInt16 = 0xFFFF

    /// What keeps the log from being empty; nil when the volume was cleanly dismounted.
    static func finding(_ stream: NTFSStream, _ reader: NTFSStreamReader) throws(ImageFault) -> String? {
        let head = try reader.read(stream, at: 0, count: 4096)
        // As Linux leaves it: Windows makes it anew.
        if head.allSatisfy({ $0 == 0xFF }) { return nil }
        if head.starts(with: "CHKD") { return nil }
        guard head.starts(with: "RSTR") else {
            return "$LogFile starts with no restart page: what Windows would recover from it is not known"
        }
        var pages: [RestartPage] = []
        var damage: ImageFault?
        let pageSize: UInt32 = try head.little(at: 0x10)
        for place in [0, UInt64(pageSize)] {
            do throws(ImageFault) {
                pages.append(try RestartPage(stream, reader, at: place))
            } catch {
                damage = error
            }
        }
        guard let current = pages.max(by: { $0.sequence < $1.sequence }) else {
            return
                "$LogFile has no intact restart page (\(damage?.message ?? "")): what Windows would recover from it is not known"
        }
        if current.clientInUse == noClient || current.flags & cleanFlag != 0 { return nil }
        return
            "$LogFile holds changes that Windows applies when it mounts the volume; it is not replayed here, so files changed last may be read as they were before"
    }

    /// A restart page, of which only the area it holds matters.
    private struct RestartPage {
        let sequence: UInt64
        let clientInUse: UInt16
        let flags: UInt16

        init(_ stream: NTFSStream, _ reader: NTFSStreamReader, at place: UInt64) throws(ImageFault) {
            let head = try reader.read(stream, at: place, count: 0x20)
            let size = try head.little(UInt32.self, at: 0x10).bounded(to: 64 << 10, "bytes of a log page")
            guard size >= 512 else { throw ImageFault(.corrupt, "log pages of \(size) bytes", at: place) }
            let page = try UpdateSequence.restore(
                reader.read(stream, at: place, count: size).rebased(to: place), signature: "RSTR")
            let area = Int(try page.little(UInt16.self, at: 0x18))
            sequence = try page.little(at: area)
            clientInUse = try page.little(at: area + 0x0C)
            flags = try page.little(at: area + 0x0E)
        }
    }
}
