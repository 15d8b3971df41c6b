import ByteReading
import GuestFacts
import GuestFormats

/// Says which services a boot of the guest starts, whatever init it has.
///
/// Services are asked for by the names of systemd's units; each init system knows its own name for them.
final class ServiceInspection {
    /// The first process; absent stands for a search that found nothing to judge.
    let program: Reading<InitProgram>
    /// Nil for an init that is not known, and for a system without any.
    private let services: (any InitServices)?
    private let unknown: Gap?
    private let reader: GuestReader
    /// What programs of the system need, whoever asks.
    let libraries: SharedLibraries
    /// Whether programs find the accounts of the system.
    let lookup: AccountLookup
    private lazy var obstacles = systemd.map {
        UnitObstacles(reader: reader, systemd: $0, lookup: lookup, libraries: libraries)
    }

    init(reader: GuestReader, commandLine: CommandLineFacts?) {
        self.reader = reader
        libraries = SharedLibraries(reader: reader)
        lookup = AccountLookup(reader: reader)
        program = InitProgram.find(reader, commandLine: commandLine)
        let found = program.value?.program.value
        let kind: InitFacts.Program? =
            switch found {
            case .missing, .notExecutable, nil: InitProgram.likelyKind(reader)
            default: found
            }
        services = ServiceInspection.services(kind, reader, commandLine)
        unknown =
            services == nil
            ? program.gap
                ?? Gap(
                    where: program.value?.program.evidence.path ?? "/sbin/init", kind: .unsupported,
                    message: "what this init starts is not read")
            : nil
    }

    private static func services(
        _ kind: InitFacts.Program?, _ reader: GuestReader, _ commandLine: CommandLineFacts?
    ) -> (any InitServices)? {
        switch kind {
        case .systemd:
            let systemd = SystemdServices(reader: reader, commandLine: commandLine)
            return systemd.isPresent ? systemd : nil
        case .upstart: return UpstartServices(reader: reader, commandLine: commandLine)
        case .sysv: return SysVServices(reader: reader, commandLine: commandLine)
        case .openrc: return OpenRCServices(reader: reader, commandLine: commandLine)
        case .busybox:
            return reader.exists("/etc/runlevels") == .yes
                ? OpenRCServices(reader: reader, commandLine: commandLine) : nil
        case .other, .missing, .notExecutable, nil:
            // A wrapper may stand in for init: the units are there all the same.
            let systemd = SystemdServices(reader: reader, commandLine: commandLine)
            return systemd.isPresent && InitProgram.likelyKind(reader) == .systemd ? systemd : nil
        }
    }

    private var systemd: SystemdServices? { services as? SystemdServices }

    /// Whether it is known what the init of this system starts.
    var isPresent: Bool { services != nil }
    /// Whether that init is systemd.
    var isSystemd: Bool { systemd != nil }
    /// What of the init's configuration could not be read; for an init that is not known, that.
    var gap: Gap? { services?.gap ?? unknown }
    /// `graphical.target`, `3`, `default`, and where that is decided; nil when nothing decides it.
    var defaultTarget: Located<String>? { services?.defaultTarget }

    /// The state of one unit and whether the boot starts it, on demand (a socket) included.
    func unit(_ name: String) -> UnitFacts {
        services?.unit(name) ?? UnitFacts(name: name, state: .missing, starts: .unknown)
    }

    /// The settings of a unit's file with its drop-ins, nil when there is none or the init is not systemd.
    func file(of name: String) -> UnitFile? { systemd?.file(of: name) }

    /// What keeps a service of systemd from running although the boot starts its unit; nil when nothing is known to.
    func obstacle(of name: String) -> StructureFinding? { obstacles?.obstacle(of: name) }
    /// Why systemd does not go to its default target.
    var targetRefusal: SystemdUnits.Refusal? { systemd?.targetRefusal }

    /// Units of systemd whose absence the default target would notice.
    var missingRequired: [String] { systemd?.missingRequired ?? [] }
    /// Units of systemd that the default target pulls in and that are masked.
    var masked: [(unit: String, path: String)] { systemd?.masked ?? [] }
    /// What is wrong with the configuration of the init itself.
    var problems: [StructureFinding] { services?.problems ?? [] }
    /// Terminals with a login that an init other than systemd keeps running.
    var terminals: [Located<String>] { services?.terminals ?? [] }

    func facts(for names: [String]) -> ServiceFacts {
        var facts = ServiceFacts()
        for name in names { facts.units[name] = unit(name) }
        facts.gap = gap
        return facts
    }
}
