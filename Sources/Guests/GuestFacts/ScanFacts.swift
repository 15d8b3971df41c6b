/// Everything that was learnt from one image: what checks see, and all they see.
package struct ScanFacts: Sendable, Hashable, Codable {
    package var image: ImageFacts
    /// The systems found; several are normal (dual boot). Empty for a data disk.
    package var systems: [GuestSystem] = []

    package init(image: ImageFacts) { self.image = image }
}

/// One operating system in the image.
package enum GuestSystem: Sendable, Hashable, Codable {
    case linux(LinuxFacts)
    /// Found, but not read by this version: which and where.
    case other(OtherSystem)
}

/// A system that is recognised and not looked into.
package struct OtherSystem: Sendable, Hashable, Codable {
    /// `windows`, `freebsd`.
    package var family: String
    package var name: String
    package var root: VolumeID
    package var evidence: Evidence

    package init(family: String, name: String, root: VolumeID, evidence: Evidence) {
        self.family = family
        self.name = name
        self.root = root
        self.evidence = evidence
    }
}
