/// Builds cpio archives in the "new ASCII" format.
struct CPIOBuilder {
    private(set) var bytes: [UInt8] = []
    private var inode: UInt32 = 1
    /// 070701, or 070702 with checksums.
    var withChecksums = false

    private static func hex(_ value: UInt32) -> [UInt8] {
        let digits = String(value, radix: 16, uppercase: true)
        return Array((String(repeating: "0", count: 8 - digits.count) + digits).utf8)
    }

    mutating func add(
        _ name: String, mode: UInt32, body: [UInt8] = [], inode number: UInt32? = nil, linkCount: UInt32 = 1
    ) {
        let sum = withChecksums ? body.reduce(UInt32(0)) { $0 &+ UInt32($1) } : 0
        let nameBytes = Array(name.utf8) + [0]
        bytes += Array((withChecksums ? "070702" : "070701").utf8)
        for value in [
            number ?? inode, mode, 0, 0, linkCount, 0, UInt32(body.count), 0, 0, 0, 0,
            UInt32(nameBytes.count), sum,
        ] {
            bytes += Self.hex(value)
        }
        inode += 1
        bytes += nameBytes
        pad()
        bytes += body
        pad()
    }

    mutating func pad(to alignment: Int = 4) {
        while bytes.count % alignment != 0 { bytes.append(0) }
    }

    mutating func directory(_ path: String) { add(path, mode: 0o040755) }
    /// Adds a directory and those above it.
    mutating func directories(_ path: String) {
        var prefix = ""
        for part in path.split(separator: "/") {
            prefix += prefix.isEmpty ? String(part) : "/" + part
            directory(prefix)
        }
    }
    mutating func file(_ path: String, _ text: String, mode: UInt32 = 0o100644) {
        add(path, mode: mode, body: Array(text.utf8))
    }
    mutating func link(_ path: String, to target: String) {
        add(path, mode: 0o120777, body: Array(target.utf8))
    }
    mutating func trailer() { add("TRAILER!!!", mode: 0) }
    mutating func raw(_ more: [UInt8]) { bytes += more }
}
