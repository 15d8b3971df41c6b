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
    case windows(WindowsFacts)
    /// Found, but not read by this version: which and where.
    case other(OtherSystem)

    /// The volume it is on.
    package var root: VolumeID {
        switch self {
        case .linux(let linux): linux.rootVolume
        case .windows(let windows): windows.rootVolume
        case .other(let other): other.root
        }
    }

    /// Of its programs or kernel; nil when it is not known.
    package var architecture: String? {
        switch self {
        case .linux(let linux): linux.identity.architecture
        case .windows(let windows): windows.identity.architecture
        case .other: nil
        }
    }

    /// The firmware the system is made for; nil when it was not looked into.
    package var firmwares: [Firmware]? {
        switch self {
        case .linux(let linux): linux.boot.firmwares
        case .windows(let windows): windows.boot.firmwares
        case .other: nil
        }
    }
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
