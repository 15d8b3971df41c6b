package import ByteReading

/// The binary index files of kmod (`modules.dep.bin`, `modules.alias.bin`, `modules.builtin.bin`): a trie, all
/// numbers big-endian (kmod `libkmod/libkmod-index.c`).
///
/// Header: magic 0xB007F457, version (major 2 in the high half), offset of the root node. The upper bits of an
/// offset say what the node has: 0x8000_0000 a prefix (text to NUL), 0x2000_0000 children (first and last
/// character, then an offset for each), 0x4000_0000 values (a count, then for each a priority and text to NUL).
package struct ModuleIndex: Sendable {
    private static let magic: UInt32 = 0xB007_F457
    private static let hasPrefix: UInt32 = 0x8000_0000
    private static let hasValues: UInt32 = 0x4000_0000
    private static let hasChildren: UInt32 = 0x2000_0000
    private static let offsetMask: UInt32 = 0x0FFF_FFFF

    private let bytes: Bytes
    private let root: UInt32

    /// Checks the header.
    package init(parsing bytes: Bytes) throws(ImageFault) {
        guard try bytes.big(UInt32.self, at: 0) == Self.magic else {
            throw ImageFault(.corrupt, "not a module index", at: bytes.origin)
        }
        let version = try bytes.big(UInt32.self, at: 4)
        guard version >> 16 == 2 else {
            throw ImageFault(.unsupported, "module index version \(version >> 16)", at: bytes.origin)
        }
        self.bytes = bytes
        root = try bytes.big(UInt32.self, at: 8)
    }

    /// Calls `body` with every key and value.
    package func forEach(_ body: (_ key: [UInt8], _ value: Bytes) -> Void) throws(ImageFault) {
        // A node costs at least four bytes, so a sound file has no more of them than this.
        var nodes = Budget(bytes.count / 4 + 1, of: "nodes in a module index")
        var pending: [(offset: UInt32, key: [UInt8])] = [(root, [])]
        while let (offset, parent) = pending.popLast() {
            guard offset & Self.offsetMask != 0 else { continue }
            try nodes.spend()
            var cursor = ByteCursor(bytes, at: Int(offset & Self.offsetMask))
            var key = parent
            if offset & Self.hasPrefix != 0 { key += try text(&cursor).array }
            guard key.count <= 4096 else { throw ImageFault(.corrupt, "a module index key without end") }
            if offset & Self.hasChildren != 0 {
                let first = try cursor.little(UInt8.self)
                let last = try cursor.little(UInt8.self)
                guard first <= last, last < 128 else {
                    throw ImageFault(.corrupt, "module index children \(first)...\(last)")
                }
                for character in first...last {
                    let child = try cursor.big(UInt32.self)
                    if child & Self.offsetMask != 0 { pending.append((child, key + [character])) }
                }
            }
            if offset & Self.hasValues != 0 {
                let count = try cursor.big(UInt32.self).bounded(
                    to: bytes.count, "values of a module index node")
                for _ in 0..<count {
                    try cursor.skip(4)
                    body(key, try text(&cursor))
                }
            }
        }
    }

    private func text(_ cursor: inout ByteCursor) throws(ImageFault) -> Bytes {
        let start = cursor.position
        guard let end = bytes.firstIndex(of: [0], from: start) else {
            throw ImageFault(.truncated, "text without its NUL", at: UInt64(max(0, start)))
        }
        let text = try bytes.slice(start..<end)
        try cursor.seek(to: end + 1)
        return text
    }
}
