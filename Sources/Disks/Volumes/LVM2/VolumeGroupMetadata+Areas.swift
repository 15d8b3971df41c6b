import ByteReading

extension VolumeGroupMetadata {
    /// Where a segment's extents begin on a physical or logical volume.
    struct Area: Sendable, Hashable {
        var name: String
        /// In extents.
        var extent: UInt64
    }
}

extension VolumeGroupMetadata.Segment {
    /// What it is called in lists: a single stripe is linear.
    var title: String {
        kind == "striped" && (text.list("stripes")?.count ?? 2) <= 2 ? "linear" : kind
    }

    /// Pairs of a name and an extent.
    func areas(_ name: String) throws(ImageFault) -> [VolumeGroupMetadata.Area] {
        guard let values = text.list(name), values.count % 2 == 0 else {
            throw ImageFault(.corrupt, "\(name) is no list of names and numbers")
        }
        var result: [VolumeGroupMetadata.Area] = []
        for index in stride(from: 0, to: values.count, by: 2) {
            guard case .text(let volume) = values[index], case .integer(let number) = values[index + 1],
                let extent = UInt64(exactly: number)
            else { throw ImageFault(.corrupt, "\(name) is no list of names and numbers") }
            result.append(VolumeGroupMetadata.Area(name: volume, extent: extent))
        }
        return result
    }

    /// Names of the volumes it is made of, whatever its type.
    var parts: [String] {
        let lists = ["stripes", "mirrors", "raids", "raid0_lvs"].flatMap { text.texts($0) }
        let single = [
            "metadata", "pool", "data", "thin_pool", "external_origin", "cache_pool", "vdo_pool",
            "writecache",
            "mirror_log", "meta_dev",
        ].compactMap { text.text($0) }
        // The origin of a thin volume shares blocks in the pool, that of a cache is where the contents lie.
        let origin = kind == "thin" || kind == "snapshot" ? nil : text.text("origin")
        return lists + single + (origin.map { [$0] } ?? [])
    }
}

extension VolumeGroupMetadata.Logical {
    /// Names of the volumes it is made of, without repetition.
    var parts: [String] {
        var result: [String] = []
        var seen: Set<String> = []
        for segment in segments {
            for part in segment.parts where seen.insert(part).inserted { result.append(part) }
        }
        return result
    }
}
