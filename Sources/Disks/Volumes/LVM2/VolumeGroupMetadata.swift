import ByteReading

/// The text of a volume group as values (LVM2, lib/format_text/import_vsn1.c).
struct VolumeGroupMetadata: Sendable {
    /// A physical volume as the group lists it.
    struct Physical: Sendable {
        /// `pv0`, by which segments name it.
        var key: String
        var uuid: String
        /// In sectors; nil in old metadata.
        var deviceSectors: UInt64?
        /// Where its first extent begins, in sectors.
        var extentStart: UInt64
        var extentCount: UInt64
        /// Set when the group was changed while this volume was away: what it holds is old.
        var isMarkedMissing: Bool
    }

    /// A logical volume as the group lists it.
    struct Logical: Sendable {
        var name: String
        var uuid: String
        var flags: Set<String>
        var segments: [Segment]
    }

    /// A run of extents of a logical volume.
    struct Segment: Sendable {
        /// Without flags that newer tools append after a plus sign.
        var kind: String
        var flags: [String]
        var start: UInt64
        var count: UInt64
        var text: LVMConfiguration
    }

    var name: String
    var uuid: String
    var sequence: UInt64
    /// In sectors of 512 bytes.
    var extentSectors: UInt64
    var flags: [String]
    var systemID: String?
    var lockType: String?
    var physicalVolumes: [Physical]
    var logicalVolumes: [Logical]
    /// Volumes whose sections make no sense, and why. The others stay readable.
    var damaged: [(name: String, fault: ImageFault)]

    init(parsing text: Bytes) throws(ImageFault) {
        let root = try LVMConfiguration(parsing: text)
        guard root.text("contents") == "Text Format Volume Group" else {
            throw ImageFault(.corrupt, "the text is not that of a volume group", at: text.origin)
        }
        guard root.number("version") == 1 else {
            throw ImageFault(.unsupported, "metadata text of another version than 1", at: text.origin)
        }
        guard let (name, group) = root.sections.first else {
            throw ImageFault(.corrupt, "the text has no volume group", at: text.origin)
        }
        self.name = name
        uuid = try group.requiredText("id")
        sequence = try group.required("seqno")
        extentSectors = try group.required("extent_size")
        guard extentSectors > 0, extentSectors <= 1 << 40 else {
            throw ImageFault(.corrupt, "extents of \(extentSectors) sectors", at: text.origin)
        }
        flags = group.texts("status") + group.texts("flags")
        systemID = group.text("system_id")
        lockType = group.text("lock_type")
        physicalVolumes = []
        for (key, section) in group.section("physical_volumes")?.sections ?? [] {
            physicalVolumes.append(
                Physical(
                    key: key, uuid: try section.requiredText("id"), deviceSectors: section.number("dev_size"),
                    extentStart: try section.required("pe_start"),
                    extentCount: try section.required("pe_count"),
                    isMarkedMissing: section.texts("flags").contains("MISSING")
                        || section.texts("status").contains("MISSING")))
        }
        logicalVolumes = []
        damaged = []
        for (name, section) in group.section("logical_volumes")?.sections ?? [] {
            do {
                logicalVolumes.append(try Logical(name: name, section))
            } catch {
                damaged.append((name, error))
            }
        }
    }
}

extension VolumeGroupMetadata.Logical {
    fileprivate init(name: String, _ section: LVMConfiguration) throws(ImageFault) {
        self.name = name
        uuid = try section.requiredText("id")
        flags = Set(section.texts("status") + section.texts("flags"))
        segments = []
        for (_, text) in section.sections {
            let type = (text.text("type") ?? "striped").split(separator: "+").map(String.init)
            segments.append(
                VolumeGroupMetadata.Segment(
                    kind: type.first ?? "striped", flags: Array(type.dropFirst()),
                    start: try text.required("start_extent"), count: try text.required("extent_count"),
                    text: text))
        }
        segments.sort { $0.start < $1.start }
        guard try section.required("segment_count") == UInt64(segments.count) else {
            throw ImageFault(.corrupt, "segment_count does not fit the \(segments.count) segments there are")
        }
        var next: UInt64 = 0
        for segment in segments {
            guard segment.start == next, segment.count > 0 else {
                throw ImageFault(
                    .corrupt, "a segment of \(segment.count) extents at \(segment.start), not at \(next)")
            }
            next = try next.adding(segment.count)
        }
    }

    /// In extents.
    var extentCount: UInt64 { segments.last.map { $0.start + $0.count } ?? 0 }
}
