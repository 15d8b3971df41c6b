import GuestFacts

/// Starting and stopping services at boot, in the words of the guest's first program.
extension Fix {
    /// Lets a service start at boot.
    static func start(_ service: String, _ title: String, in linux: LinuxFacts) -> Fix {
        Fix(title, where: .online, kind: .autoChroot, commands: switching(service, on: true, linux))
    }

    /// Keeps a service from starting at boot.
    static func stop(_ service: String, _ title: String, in linux: LinuxFacts) -> Fix {
        Fix(title, where: .online, kind: .autoChroot, commands: switching(service, on: false, linux))
    }

    /// Lets services start at boot. Without a system, systemd is meant.
    static func enable(_ units: [String], _ title: String, in linux: LinuxFacts? = nil) -> Fix {
        let single = linux.map { linux in units.flatMap { switching($0, on: true, linux) } } ?? []
        let isSystemd = single.allSatisfy { $0.hasPrefix("systemctl ") }
        return Fix(
            title, where: .online, kind: .autoChroot,
            commands: isSystemd ? ["systemctl enable \(units.map(quoted).joined(separator: " "))"] : single)
    }

    private static func switching(_ unit: String, on: Bool, _ linux: LinuxFacts) -> [String] {
        let name = unit.hasSuffix(".service") ? String(unit.dropLast(8)) : unit
        switch linux.initSystem.program.value?.value {
        case .sysv?, .upstart?:
            switch linux.identity.family {
            case .rhel: return ["chkconfig \(quoted(name)) \(on ? "on" : "off")"]
            case .suse: return ["insserv \(on ? "" : "-r ")\(quoted(name))"]
            default:
                let isUpstart = linux.initSystem.program.value?.value == .upstart
                let override = quoted("/etc/init/\(name).override")
                return isUpstart
                    ? [on ? "rm -f \(override)" : "echo manual > \(override)"]
                    : ["update-rc.d \(quoted(name)) \(on ? "enable" : "disable")"]
            }
        case .openrc?: return [openrc(name, on)]
        case .busybox? where linux.identity.family == .alpine: return [openrc(name, on)]
        default: return ["systemctl \(on ? "enable" : "disable") \(quoted(unit))"]
        }
    }

    private static func openrc(_ name: String, _ on: Bool) -> String {
        "rc-update \(on ? "add" : "del") \(quoted(name)) default"
    }
}
