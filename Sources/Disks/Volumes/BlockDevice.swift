package import BlockIO

/// A partition, disk or other volume that may be part of a larger one.
package struct BlockDevice: Sendable {
    /// How the caller names it: `gpt:2`, `disk`. Named in findings and in the layers of faults.
    package var id: String
    package var source: any BlockSource
    /// What ``VolumeProbe`` found on it.
    package var signatures: [VolumeSignature]

    package init(id: String, source: any BlockSource, signatures: [VolumeSignature]) {
        self.id = id
        self.source = source
        self.signatures = signatures
    }

    /// Whether a sound superblock of MD makes it a member of an array, whose contents are the array's business.
    var isArrayMember: Bool {
        signatures.contains { $0.kind == "linux_raid_member" && $0.damage == nil }
    }
}
