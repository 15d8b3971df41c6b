import GuestFacts

/// Services, by the program that starts them.
extension Fix {
    /// Lets services start at boot. Units are named as systemd names them; elsewhere the name before `.service` is the
    /// service's. Without a system, systemd is meant.
    static func enable(_ units: [String], _ title: String, in linux: LinuxFacts? = nil) -> Fix {
        let names = units.map { unit in
            quoted(unit.hasSuffix(".service") ? String(unit.dropLast(".service".count)) : unit)
        }
        let commands: [String]
        switch linux.map({ GuestTools($0).serviceTool }) ?? .systemd {
        case .systemd: commands = ["systemctl enable \(units.map(quoted).joined(separator: " "))"]
        case .chkconfig: commands = names.map { "chkconfig \($0) on" }
        case .updateRcD: commands = names.map { "update-rc.d \($0) enable" }
        case .openRC: commands = names.map { "rc-update add \($0) default" }
        // `manual` in the override is what keeps a job of upstart from starting (init(5)).
        case .upstart: commands = names.map { "sed -i '/^manual/d' /etc/init/\($0).override" }
        case .byHand:
            return .byHand(
                "\(title): start \(names.joined(separator: ", ")) from the scripts of this init system")
        }
        return Fix(title, where: .online, kind: .autoChroot, commands: commands)
    }

    /// Keeps services from starting at boot.
    static func disable(_ units: [String], _ title: String, in linux: LinuxFacts) -> Fix {
        let names = units.map { unit in
            quoted(unit.hasSuffix(".service") ? String(unit.dropLast(".service".count)) : unit)
        }
        let commands: [String]
        switch GuestTools(linux).serviceTool {
        case .systemd: commands = ["systemctl disable \(units.map(quoted).joined(separator: " "))"]
        case .chkconfig: commands = names.map { "chkconfig \($0) off" }
        case .updateRcD: commands = names.map { "update-rc.d \($0) disable" }
        case .openRC: commands = names.map { "rc-update del \($0) default" }
        case .upstart: commands = names.map { "echo manual >> /etc/init/\($0).override" }
        case .byHand:
            return .byHand(
                "\(title): take \(names.joined(separator: ", ")) out of the scripts of this init system")
        }
        return Fix(title, where: .online, kind: .autoChroot, commands: commands)
    }
}
