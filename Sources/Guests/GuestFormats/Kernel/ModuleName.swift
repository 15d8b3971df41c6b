package import Compression

/// Names of kernel modules. The kernel and kmod take `-` and `_` for the same.
package enum ModuleName {
    /// `name` with every `-` as `_`.
    package static func normalized(_ name: some StringProtocol) -> String {
        var result = String()
        result.reserveCapacity(name.utf8.count)
        for scalar in name.unicodeScalars { result.unicodeScalars.append(scalar == "-" ? "_" : scalar) }
        return result
    }

    /// The module that a file of this path is, and how the file is compressed; nil for other files.
    package static func module(atPath path: String) -> (name: String, compression: CompressionFormat)? {
        let file =
            path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path[path.utf8.index(after: $0)...] }
            ?? path[...]
        for (suffix, compression) in suffixes where file.hasSuffix(suffix) {
            let name = file.dropLast(suffix.count)
            return name.isEmpty ? nil : (normalized(name), compression)
        }
        return nil
    }

    private static let suffixes: [(String, CompressionFormat)] = [
        (".ko", .none), (".ko.xz", .xz), (".ko.zst", .zstd), (".ko.gz", .gzip), (".ko.lzma", .lzma),
        (".ko.bz2", .bzip2),
    ]
}
