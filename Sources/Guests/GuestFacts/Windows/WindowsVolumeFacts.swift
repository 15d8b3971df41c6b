/// State of the volumes and of the disk as Windows sees them.
package struct WindowsVolumeFacts: Sendable, Hashable, Codable {
    /// `\hiberfil.sys` of the system volume; known nil when there is none. Unknown before it was looked for.
    package var hibernation: Fact<WindowsHibernationFacts?> = .unknown(
        Gap(where: "hiberfil.sys", kind: .absent, message: "not looked at"))
    /// `Session Manager\BootExecute`: what runs before the services do, line by line.
    package var bootExecute: Located<[String]>?
    /// `Session Manager\Power\HiberbootEnabled`: shutting down leaves a hibernated kernel (fast startup).
    package var fastStartup: Located<Bool>?
    /// `Control\Power\HibernateEnabled`.
    package var hibernateEnabled: Located<Bool>?
    /// The letters of `SYSTEM\MountedDevices`, `C` first; nil when the key is not there.
    package var letters: Fact<[WindowsDriveLetterFacts]?> = .known(nil)
    /// The letter that Windows goes by in its own paths: `C`.
    package var systemLetter = "C"
    /// Where Windows keeps things that may be on another drive: profiles, the directory database.
    package var dataPaths: [WindowsDataPathFacts] = []

    package init() {}
}

/// What `\hiberfil.sys` holds.
package struct WindowsHibernationFacts: Sendable, Hashable, Codable {
    /// `hibernated`, `restoring`, `woken`, `unused`, `unknown`.
    package var state: String
    /// Whether a session waits in it.
    package var holdsSession: Bool
    package var evidence: Evidence

    package init(state: String, holdsSession: Bool, evidence: Evidence) {
        self.state = state
        self.holdsSession = holdsSession
        self.evidence = evidence
    }
}

/// A drive letter that Windows remembers.
package struct WindowsDriveLetterFacts: Sendable, Hashable, Codable {
    /// `C`
    package var letter: String
    /// The volume of this image; nil when none matches.
    package var volume: VolumeID?
    /// A partition, by disk signature and offset or by GUID; else a device path, which tells nothing about a volume.
    package var isPartition: Bool
    package var evidence: Evidence

    package init(letter: String, volume: VolumeID?, isPartition: Bool, evidence: Evidence) {
        self.letter = letter
        self.volume = volume
        self.isPartition = isPartition
        self.evidence = evidence
    }
}

/// A directory or file of Windows that the registry may put on any drive.
package struct WindowsDataPathFacts: Sendable, Hashable, Codable {
    /// What it is for.
    package enum Purpose: String, Sendable, Hashable, Codable {
        case profiles, directoryDatabase, directoryLogs, systemVolume
    }

    package var purpose: Purpose
    /// As the registry has it.
    package var path: String
    /// Whether the drive is in this image.
    package var isOnImage: Answer
    /// Whether the file or directory is there.
    package var exists: Answer
    package var evidence: Evidence

    package init(purpose: Purpose, path: String, isOnImage: Answer, exists: Answer, evidence: Evidence) {
        self.purpose = purpose
        self.path = path
        self.isOnImage = isOnImage
        self.exists = exists
        self.evidence = evidence
    }
}
