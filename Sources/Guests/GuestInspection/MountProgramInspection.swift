import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// Finds out which program mounts the lines of fstab at boot, and what it does when one fails.
///
/// - systemd: `systemd-fstab-generator`; a required mount that fails takes `local-fs.target` with it.
/// - mountall (mountall.c): a mount of the local tag is waited for without end unless it says `nobootwait`; `nofail`
///   means nothing to it.
/// - scripts: `fsck -A` stops with 8 on a device that is not there, and above 1 (Red Hat, Debian) or 3 (SUSE) a shell
///   is started; `mount -a` fails without consequence.
/// - OpenRC: `fsck` takes 8 for a passing trouble; `localmount` fails when `mount -a` does, unless it knows
///   `critical_mounts`, and what needs it does not start.
struct MountProgramInspection {
    let reader: GuestReader
    let identity: OSIdentity
    /// Nil when none of the known ones was found.
    let program: Located<MountProgram>?

    init(reader: GuestReader, identity: OSIdentity) {
        self.reader = reader
        self.identity = identity
        program = MountProgramInspection.find(reader)
    }

    private static func find(_ reader: GuestReader) -> Located<MountProgram>? {
        let real = reader.resolved("/sbin/init").value
        if real?.split(separator: "/").last == "systemd" {
            return Located(.systemd, Evidence(path: "/sbin/init", excerpt: "leads to \(real ?? "")"))
        }
        let known: [(path: String, program: MountProgram)] = [
            ("/etc/init/mountall.conf", .mountall), ("/etc/rc.d/rc.sysinit", .scripts),
            ("/etc/init.d/boot.localfs", .scripts), ("/etc/init.d/localmount", .openrc),
            ("/etc/init.d/checkfs.sh", .scripts), ("/lib/systemd/systemd", .systemd),
            ("/usr/lib/systemd/systemd", .systemd),
        ]
        // A first program of another name may still be systemd, but not beside scripts that mount.
        return known.first { reader.exists($0.path) == .yes }
            .map { Located($0.program, Evidence(path: $0.path)) }
    }

    /// The first number of systemd's version.
    var systemdVersion: Int? {
        let version = ["systemd", "systemd-libs"].lazy.compactMap { identity.packages[$0] }.first
        return version.flatMap { Int($0.split(separator: ":").last?.prefix(while: \.isNumber) ?? "") }
    }

    /// Whether lines are read by libmount (systemd since 254), and not by getmntent(3); unknown without a version.
    var readsByLibmount: Answer {
        guard program?.value == .systemd else { return .no }
        return systemdVersion.map { Answer($0 >= 254) } ?? .unknown
    }

    // MARK: What becomes of a line

    /// What the boot comes to when the device of `entry` is missing, and when it is there and cannot be mounted.
    func failures(_ entry: Fstab.Entry) -> (missing: MountFailure, refused: MountFailure) {
        switch program?.value {
        case .systemd?:
            let stops = entry.systemdPlan?.failureStopsBoot ?? false
            return stops ? (.emergency, .emergency) : (.goesOn, .goesOn)
        case .mountall?:
            let waits = waitsInMountall(entry)
            return waits ? (.waits, .waits) : (.goesOn, .goesOn)
        case .scripts?: return (missingInScripts(entry), mountAll(entry))
        case .openrc?: return openrc(entry)
        case nil:
            return entry.isRequiredBySysV ? (.unknown, .unknown) : (.goesOn, .goesOn)
        }
    }

    /// What the boot comes to when the device that the line of `/` names is not there; nil where only the remount
    /// fails, or not even that.
    ///
    /// mountall waits for the root as for any other. `rc.sysinit` of Red Hat checks it under the name that fstab has,
    /// with the others; SUSE's scripts take the device that was mounted.
    func rootMissing(_ entry: Fstab.Entry) -> MountFailure? {
        switch program?.value {
        case .mountall?: return .waits
        case .scripts? where program?.evidence.path == "/etc/rc.d/rc.sysinit":
            return entry.pass != 0 && MountProgramInspection.checked.contains(entry.type)
                ? .maintenanceShell : nil
        case .scripts? where program?.evidence.path == "/etc/init.d/checkfs.sh": return .unknown
        default: return nil
        }
    }

    /// `tag_mount` of mountall.c: what is remote is not waited for, unless below `/usr` or `/var`.
    private func waitsInMountall(_ entry: Fstab.Entry) -> Bool {
        if entry.isSwap || entry.mountPoint == "/" || entry.options.contains("noauto") { return false }
        if entry.options.contains("bootwait") { return true }
        if entry.options.contains("nobootwait") || entry.options.contains("optional") { return false }
        guard entry.isNetwork else { return true }
        return ["/usr", "/var"].contains { entry.mountPoint == $0 || entry.mountPoint.hasPrefix($0 + "/") }
    }

    /// Types for which fsck complains when it has no checker (`really_wanted` of fsck.c).
    private static let checked: Set<String> = [
        "ext2", "ext3", "ext4", "ext4dev", "jfs", "reiserfs", "xiafs", "xfs",
    ]
    /// Types it passes over (`ignored_types`).
    private static let ignored: Set<String> = [
        "ignore", "iso9660", "nfs", "proc", "sw", "swap", "tmpfs", "devpts", "devfs", "sysfs", "usbdevfs",
        "none",
        "bind", "auto", "",
    ]

    /// `noauto` keeps a line from being mounted, and not from being checked.
    private func missingInScripts(_ entry: Fstab.Entry) -> MountFailure {
        guard entry.pass != 0, entry.mountPoint != "/", !entry.isSwap, !entry.isBind,
            !entry.options.contains("_netdev"), !entry.isNetwork
        else { return mountAll(entry) }
        let types = entry.type.split(separator: ",").map(String.init)
        guard let type = types.first, types.count == 1, !MountProgramInspection.ignored.contains(type) else {
            return mountAll(entry)
        }
        if entry.options.contains("nofail") {
            // util-linux's fsck passes over what is not there with nofail; that of e2fsprogs before did not.
            let isOld = identity.family == .rhel && (identity.majorVersion ?? 6) < 6
            return isOld ? .unknown : mountAll(entry)
        }
        if MountProgramInspection.checked.contains(type) { return .maintenanceShell }
        switch reader.exists("/sbin/fsck.\(type)") {
        case .yes: return .maintenanceShell
        case .no: return mountAll(entry)
        case .unknown: return .unknown
        }
    }

    /// `mount -a` of the scripts fails and nobody minds, but without `/usr` next to nothing starts.
    private func mountAll(_ entry: Fstab.Entry) -> MountFailure {
        guard entry.mountPoint == "/usr", !entry.options.contains("noauto") else { return .goesOn }
        return .maintenanceShell
    }

    private func openrc(_ entry: Fstab.Entry) -> (missing: MountFailure, refused: MountFailure) {
        if entry.isSwap || entry.mountPoint == "/" || entry.isNetwork { return (.goesOn, .goesOn) }
        let mounting = localmount(entry)
        guard entry.pass != 0, !entry.options.contains("nofail") else { return (mounting, mounting) }
        // Old ones stopped the boot at any code but 0 and 1.
        guard let script = reader.file("/etc/init.d/fsck").value?.text else { return (mounting, mounting) }
        return (script.contains("Operational error") ? mounting : .unknown, mounting)
    }

    private func localmount(_ entry: Fstab.Entry) -> MountFailure {
        if entry.options.contains("noauto") || entry.options.contains("nofail") { return .goesOn }
        guard let script = reader.file("/etc/init.d/localmount").value?.text else { return .unknown }
        if script.contains("critical_mounts") {
            let settings = reader.parse("/etc/conf.d/localmount") { (bytes) throws(ImageFault) in
                try ShellAssignments(bytes, name: "/etc/conf.d/localmount")
            }
            let critical = settings.value?.value("critical_mounts") ?? ""
            guard critical.split(whereSeparator: \.isWhitespace).contains(Substring(entry.mountPoint)) else {
                return .goesOn
            }
        }
        return networkNeedsMounts ? .noServices : .goesOn
    }

    /// Whether the script that starts the network says that it needs `localmount`.
    private var networkNeedsMounts: Bool {
        ["networking", "net.lo", "dhcpcd", "sshd"].contains { name in
            let text = reader.file("/etc/init.d/\(name)").value?.text ?? ""
            return text.split(whereSeparator: \.isNewline).contains { line in
                let words = line.split(whereSeparator: \.isWhitespace)
                return words.first == "need" && words.contains("localmount")
            }
        }
    }
}

extension MountFailure {
    /// Whether the boot goes on as if nothing had happened.
    var isHarmless: Bool { self == .goesOn }
}
