/// What the guest mounts at boot.
package struct MountFacts: Sendable, Hashable, Codable {
    package var fstab: Fact<[MountEntry]>
    package var crypttab: [CryptEntry] = []
    /// Lines of fstab that are not entries.
    package var syntaxErrors: [Evidence] = []

    package init(fstab: Fact<[MountEntry]>) { self.fstab = fstab }
}

/// A line of fstab or a mount unit.
package struct MountEntry: Sendable, Hashable, Codable {
    package var specification: String
    package var mountPoint: String
    package var type: String
    package var options: [String]
    /// The sixth field.
    package var checkPass: Int
    package var resolution: DeviceResolution
    /// Whether booting waits for it: not `noauto`, `nofail` or automounted.
    package var isRequired: Bool
    /// What is really on the volume, when it is another kind than the line says.
    package var actualType: String?
    /// Which subvolume is mounted; nil for other file systems, or when its subvolumes are not known.
    package var subvolume: SubvolumeReference?
    /// Options the kernel of the default entry will not take, with why.
    package var badOptions: [String] = []
    /// What is odd about the line and does not keep it from being mounted: CRLF line ends …
    package var oddities: [String] = []
    package var evidence: Evidence

    package init(
        specification: String, mountPoint: String, type: String, options: [String], checkPass: Int = 0,
        resolution: DeviceResolution, isRequired: Bool, evidence: Evidence
    ) {
        self.specification = specification
        self.mountPoint = mountPoint
        self.type = type
        self.options = options
        self.checkPass = checkPass
        self.resolution = resolution
        self.isRequired = isRequired
        self.evidence = evidence
    }
}

/// A line of crypttab.
package struct CryptEntry: Sendable, Hashable, Codable {
    package var name: String
    package var specification: String
    package var resolution: DeviceResolution
    package var isRequired: Bool
    package var evidence: Evidence

    package init(
        name: String, specification: String, resolution: DeviceResolution, isRequired: Bool,
        evidence: Evidence
    ) {
        self.name = name
        self.specification = specification
        self.resolution = resolution
        self.isRequired = isRequired
        self.evidence = evidence
    }
}

/// The first process and what it stands on.
package struct InitFacts: Sendable, Hashable, Codable {
    /// What `/sbin/init` (or `init=`) turns out to be.
    package enum Program: String, Sendable, Hashable, Codable {
        case systemd, sysv, upstart, openrc, busybox, other, missing, notExecutable
    }

    package var program: Fact<Located<Program>>
    package var architecture: String?
    /// Files the program cannot start without (dynamic loader, libc) that are not there.
    package var missingFiles: [Evidence] = []
    /// `graphical.target`, `emergency.target`; the run level of SysV and upstart (`3`), the level of OpenRC.
    package var defaultTarget: Fact<Located<String>>?
    /// Directories the kernel and init need to exist.
    package var missingDirectories: [String] = []
    /// Terminals on which an init other than systemd keeps a login running: `ttyS0`, `tty1`.
    package var terminals: [Located<String>] = []
    /// Terminals on which `/etc/securetty` lets root log in; nil without the file, which allows all.
    package var secureTerminals: Located<[String]>?
    /// Units nothing works without that are masked.
    package var maskedUnits: [Evidence] = []
    /// `/bin`, `/lib` …: what each is.
    package var topLevelLinks: [TopLevelLink] = []
    /// Other trouble: an `ld.so.preload` that names a missing library …
    package var problems: [StructureFinding] = []

    package init(program: Fact<Located<Program>>) { self.program = program }

    /// Whether the first process is systemd, or cannot be told and so is taken for it.
    package var isSystemd: Bool {
        switch program.value?.value {
        case .sysv, .upstart, .openrc, .busybox, .other: false
        case .systemd, .missing, .notExecutable, nil: true
        }
    }
}

/// `/lib`, `/lib64`, `/bin`, `/sbin` and what they are.
package struct TopLevelLink: Sendable, Hashable, Codable {
    /// What stands at the path.
    package enum State: String, Sendable, Hashable, Codable {
        case directory, relativeLink, absoluteLink, danglingLink, missing
    }

    package var path: String
    package var state: State
    package var target: String?

    package init(path: String, state: State, target: String? = nil) {
        self.path = path
        self.state = state
        self.target = target
    }
}

/// Which services start.
package struct ServiceFacts: Sendable, Hashable, Codable {
    /// By unit name: `ssh.service`. Only units that are asked about.
    package var units: [String: UnitFacts] = [:]
    /// What the init of the system starts is not known, or not all of its configuration could be read.
    package var gap: Gap?

    package init() {}

    /// Whether any of the units starts at boot.
    package func starts(anyOf names: [String]) -> Answer {
        let states = names.compactMap { units[$0]?.starts }
        if states.contains(.yes) { return .yes }
        if gap != nil || states.contains(.unknown) { return .unknown }
        return .no
    }
}

/// One unit.
package struct UnitFacts: Sendable, Hashable, Codable {
    /// As `systemctl is-enabled` says it.
    package enum State: String, Sendable, Hashable, Codable {
        case enabled, disabled, masked, `static`, generated, missing
    }

    package var name: String
    package var state: State
    /// Whether the default target pulls it in.
    package var starts: Answer
    package var evidence: [Evidence] = []

    package init(name: String, state: State, starts: Answer, evidence: [Evidence] = []) {
        self.name = name
        self.state = state
        self.starts = starts
        self.evidence = evidence
    }
}
