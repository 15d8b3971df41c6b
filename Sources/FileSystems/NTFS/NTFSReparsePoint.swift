import ByteReading
import FileSystemCore

/// What stands in for a file's own content ([MS-FSCC] 2.1.2).
struct NTFSReparsePoint: Sendable {
    /// [MS-FSCC] 2.1.2.1.
    enum Tag {
        static let junction: UInt32 = 0xA000_0003
        static let symbolicLink: UInt32 = 0xA000_000C
        /// Content compressed by the overlay filter.
        static let overlay: UInt32 = 0x8000_0017
        static let linuxLink: UInt32 = 0xA000_001D
        static let linuxSocket: UInt32 = 0x8000_0023
        static let linuxFIFO: UInt32 = 0x8000_0024
        static let linuxCharacterDevice: UInt32 = 0x8000_0025
        static let linuxBlockDevice: UInt32 = 0x8000_0026
        static let deduplicated: UInt32 = 0x8000_0013
        /// 0x9000001A to 0x9000F01A: files that are in a cloud.
        static let cloud: UInt32 = 0x9000_001A
    }

    let tag: UInt32
    let data: Bytes

    /// Reads the value of `$REPARSE_POINT`: tag, length of the data, two bytes of nothing, the data.
    init(parsing value: Bytes) throws(ImageFault) {
        tag = try value.little(at: 0)
        data = try value.slice(at: 8, count: Int(try value.little(UInt16.self, at: 4)))
    }

    /// The type of a file with that tag; nil for those that keep their own.
    static func type(ofTag tag: UInt32) -> FileType? {
        switch tag {
        case Tag.junction, Tag.symbolicLink, Tag.linuxLink: .symlink
        case Tag.linuxSocket: .socket
        case Tag.linuxFIFO: .fifo
        case Tag.linuxCharacterDevice: .characterDevice
        case Tag.linuxBlockDevice: .blockDevice
        default: nil
        }
    }

    /// Why content behind this tag is not read.
    static func refusal(ofTag tag: UInt32) -> String {
        switch tag {
        case Tag.deduplicated: "deduplicated (its content is in the chunk store)"
        case _ where tag & 0xFFFF_0FFF == Tag.cloud: "a placeholder for a file in a cloud"
        default: "a reparse point with tag 0x\(Hexadecimal.lower(tag, width: 8))"
        }
    }

    /// Where a link leads.
    enum Target: Sendable {
        /// Names from the directory of the link on.
        case relative([UInt8])
        /// From the top of the link's own volume.
        case ownVolume([UInt8])
        /// From the top of the volume that Windows knows by a letter.
        case drive(UInt8, [UInt8])
        /// What names no drive: another machine, a volume by its identifier.
        case other([UInt8])
    }

    /// Where a symbolic link, a junction or a link of WSL leads; slashes stand for backslashes.
    func target() throws(ImageFault) -> Target {
        switch tag {
        case Tag.linuxLink:
            return .relative(data.dropFirst(4).array)
        case Tag.symbolicLink:
            let isRelative = try data.little(UInt32.self, at: 8) & 1 != 0
            return try NTFSReparsePoint.target(name(pathsAt: 12), isRelative: isRelative)
        case Tag.junction:
            return try NTFSReparsePoint.target(name(pathsAt: 8), isRelative: false)
        default:
            throw ImageFault(.unsupported, "not a symbolic link", at: data.origin)
        }
    }

    /// The name that Windows goes by (the substitute name), or the one it shows where that is empty.
    private func name(pathsAt start: Int) throws(ImageFault) -> [UInt16] {
        for field in [0, 4] {
            let offset = Int(try data.little(UInt16.self, at: field))
            let length = Int(try data.little(UInt16.self, at: field + 2))
            if length > 0 { return try NTFSName.units(data.slice(at: start + offset, count: length)) }
        }
        return []
    }

    private static func target(_ units: [UInt16], isRelative: Bool) -> Target {
        let backslash = UInt16(UInt8(ascii: "\\"))
        let slash = UInt16(UInt8(ascii: "/"))
        var path = units
        while path.last == 0 { path.removeLast() }
        let prefix = Array("\\??\\".utf16)
        let isDevice = path.starts(with: prefix) || path.starts(with: Array("\\\\?\\".utf16))
        if isDevice { path.removeFirst(prefix.count) }
        let text = NTFSName.encode(path.map { $0 == backslash ? slash : $0 })
        if isRelative { return text.first == UInt8(ascii: "/") ? .ownVolume(text) : .relative(text) }
        if text.count >= 2, text[1] == UInt8(ascii: ":"), (65...90).contains(text[0] & 0xDF) {
            let rest = Array(text.dropFirst(2))
            return .drive(text[0] & 0xDF, rest.first == UInt8(ascii: "/") ? rest : [UInt8(ascii: "/")] + rest)
        }
        if !isDevice, text.first == UInt8(ascii: "/"), !text.starts(with: Array("//".utf8)) {
            return .ownVolume(text)
        }
        return .other(text)
    }
}
