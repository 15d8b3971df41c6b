import ByteReading
package import SystemPackage

/// A resource of a WIM archive: a table of chunks and the chunks, as wimlib packs them.
package struct WIMResource: Sendable {
    /// Bytes into the archive.
    package let offset: UInt64
    package let packedSize: Int
    package let size: Int

    /// The compressed resources of an archive by the SHA-1 of their content.
    package static func all(in archive: FilePath) async throws -> [String: WIMResource] {
        let text = try await HostTool.shell("wimlib-imagex info --blobs \(archive)")
        var result: [String: WIMResource] = [:]
        var fields: [String: String] = [:]
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let parts = line.split(separator: "=", maxSplits: 1)
            if parts.count == 2 {
                fields[parts[0].filter { $0 != " " }] = String(parts[1].drop { $0 == " " })
                if !line.hasPrefix("Flags") { continue }
            }
            guard let hash = fields["Hash"], fields["Flags"]?.contains("COMPRESSED") == true else { continue }
            func number(_ name: String) -> UInt64 { UInt64(fields[name]?.prefix { $0.isNumber } ?? "") ?? 0 }
            result[String(hash.dropFirst(2))] = WIMResource(
                offset: number("OffsetinWIM"), packedSize: Int(number("Compressedsize")),
                size: Int(number("Uncompressedsize")))
            fields = [:]
        }
        return result
    }
}
