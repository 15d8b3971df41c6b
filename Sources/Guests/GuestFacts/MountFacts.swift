/// What the guest mounts at boot.
package struct MountFacts: Sendable, Hashable, Codable {
    package var fstab: Fact<[MountEntry]>
    package var crypttab: [CryptEntry] = []
    /// Lines of fstab that are not entries.
    package var syntaxErrors: [Evidence] = []
    /// Mount and swap units of the administrator, as the lines of fstab they are worth.
    package var units: [MountEntry] = []
    /// What mounts the lines of fstab at boot; nil when it was not recognised.
    package var program: Located<MountProgram>?

    package init(fstab: Fact<[MountEntry]>) { self.fstab = fstab }
}

/// Programs that mount what fstab names at boot.
package enum MountProgram: String, Sendable, Hashable, Codable {
    case systemd
    /// Ubuntu 9.10 to 14.10.
    case mountall
    /// `fsck -A`, then `mount -a`: `rc.sysinit` of Red Hat up to 6, `boot.localfs` of SUSE up to 11, `checkfs.sh` and
    /// `mountall.sh` of Debian.
    case scripts
    case openrc
}

/// What the boot comes to when something is not mounted.
package enum MountFailure: String, Sendable, Hashable, Codable {
    /// systemd's emergency mode.
    case emergency
    /// mountall asks at the console whether to skip it, and waits for the answer.
    case waits
    /// `fsck -A` fails, and a shell asks for the root password at the console.
    case maintenanceShell
    /// OpenRC's `localmount` fails, and what needs it does not start, the network among it.
    case noServices
    case goesOn
    case unknown
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
    /// What the boot comes to when the device is not there; nil where only `isRequired` is known.
    package var ifMissing: MountFailure?
    /// What it comes to when the device is there and cannot be mounted.
    package var ifRefused: MountFailure?
    /// Options the kernel of the default entry will not take.
    package var badOptions: [String] = []
    /// Why it is not known whether the options are taken.
    package var doubt: String?
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
    /// Neither a key file nor a token: the boot asks at the console.
    package var asksForPassphrase = false
    /// The key file, and whether it is there; nil without one, and for devices that give random keys.
    package var keyFile: String?
    package var keyFileExists: Answer = .unknown
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
    /// The level of x86-64 processors that the C library was built for: 2 for x86-64-v2; nil when it does not say.
    package var processorLevel: Located<Int>?
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
