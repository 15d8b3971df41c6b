/// What systemd-fstab-generator(8) makes of an entry (`add_mount` and `add_swap` of fstab-generator.c).
package struct SystemdMountPlan: Hashable, Sendable {
    /// How the boot depends on the mount.
    package enum Strength: String, Sendable, Hashable {
        /// The target requires it: when it fails, the target fails.
        case required
        /// The target only wants it: the boot waits for it and goes on.
        case wanted
        /// Nothing starts it at boot.
        case none
    }

    /// The target that pulls the mount in.
    package enum Target: String, Sendable, Hashable {
        /// Its failure leads to emergency mode (`OnFailure=emergency.target`).
        case localFileSystems = "local-fs.target"
        /// Its failure delays the boot and leaves the mount out.
        case remoteFileSystems = "remote-fs.target"
        /// Only wanted by sysinit.target: missing swap delays the boot by its time-out.
        case swap = "swap.target"
        /// The file system mounted by the initramfs; the entry is used for the remount only.
        case root = "-.mount"
    }

    /// The target.
    package let target: Target
    /// How it pulls the mount in.
    package let strength: Strength
    /// Mounted on first access; the boot only needs the automount point.
    package let isAutomount: Bool
    /// Mounted by the initramfs (`x-initrd.mount`, and always `/usr`).
    package let inInitramfs: Bool
    /// How long systemd waits for the device, in seconds; nil is the default of the system, 90.
    package let deviceTimeout: Int?
    /// Grows the file system at boot (`x-systemd.growfs`).
    package let growsFileSystem: Bool

    /// Whether the boot ends in emergency mode when the device does not appear or cannot be mounted.
    package var failureStopsBoot: Bool {
        target == .localFileSystems && strength == .required && !isAutomount
    }
}

extension Fstab.Entry {
    /// File systems that systemd counts as remote (`fstype_is_network` of mount-util.c), with `fuse.` before or not.
    static let systemdNetworkTypes: Set<String> = [
        "afs", "ceph", "cifs", "smb3", "smbfs", "sshfs", "ncpfs", "ncp", "nfs", "nfs4", "gfs", "gfs2",
        "glusterfs",
        "pvfs2", "ocfs2", "lustre", "davfs",
    ]

    /// Mount points that systemd sets up itself and skips in fstab.
    static let ownMountPoints: Set<String> = [
        "/proc", "/sys", "/dev", "/sys/kernel/security", "/sys/fs/smackfs", "/dev/shm", "/dev/pts", "/run",
        "/sys/fs/pstore", "/sys/firmware/efi/efivars", "/sys/fs/bpf", "/sys/fs/selinux", "/dev/console",
        "/proc/kmsg", "/proc/sys", "/proc/sys/kernel/random/boot_id",
    ]

    /// Whether systemd orders the mount after the network.
    package var isNetwork: Bool {
        if options.contains("_netdev") { return true }
        let bare = type.hasPrefix("fuse.") ? String(type.dropFirst(5)) : type
        return Self.systemdNetworkTypes.contains(bare)
    }

    /// What systemd does with the entry at boot; nil when it leaves it alone.
    package var systemdPlan: SystemdMountPlan? {
        let isSwapEntry = type == "swap"
        let noauto = options.isSet("noauto", opposite: "auto")
        let nofail = options.isSet("nofail", opposite: "fail")
        let automount =
            options.contains("x-systemd.automount") || options.value("comment") == "systemd.automount"
        let timeout =
            (options.value("x-systemd.device-timeout") ?? options.value("comment=systemd.device-timeout"))
            .flatMap(SystemdTimeSpan.seconds)
        if isSwapEntry {
            return SystemdMountPlan(
                target: .swap, strength: noauto ? .none : nofail ? .wanted : .required, isAutomount: false,
                inInitramfs: false, deviceTimeout: timeout, growsFileSystem: false)
        }
        guard mountPoint.hasPrefix("/"), type != "autofs", !Self.ownMountPoints.contains(mountPoint),
            !mountPoint.hasPrefix("/sys/fs/cgroup")
        else { return nil }
        let grows = options.contains("x-systemd.growfs")
        if mountPoint == "/" {
            return SystemdMountPlan(
                target: .root, strength: .required, isAutomount: false, inInitramfs: true,
                deviceTimeout: timeout,
                growsFileSystem: grows)
        }
        // An entry pulled in by units of its own choice is not pulled in by the target.
        let ownWants = options.contains("x-systemd.wanted-by") || options.contains("x-systemd.required-by")
        return SystemdMountPlan(
            target: isNetwork ? .remoteFileSystems : .localFileSystems,
            strength: (noauto && !automount) || ownWants ? .none : nofail ? .wanted : .required,
            isAutomount: automount, inInitramfs: options.contains("x-initrd.mount") || mountPoint == "/usr",
            deviceTimeout: timeout, growsFileSystem: grows)
    }
}

/// Time spans as systemd writes them (systemd.time(7)).
package enum SystemdTimeSpan {
    private static let units: [String: Double] = [
        "": 1, "s": 1, "sec": 1, "second": 1, "seconds": 1, "m": 60, "min": 60, "minute": 60, "minutes": 60,
        "h": 3600, "hr": 3600, "hour": 3600, "hours": 3600, "d": 86400, "day": 86400, "days": 86400,
        "w": 604_800,
        "week": 604_800, "weeks": 604_800, "ms": 0.001, "msec": 0.001, "us": 0.000_001, "usec": 0.000_001,
    ]

    /// Whole seconds, rounded up; 0 is "at once", `Int.max` is "infinity". Nil for what is not a time span.
    package static func seconds(_ text: String) -> Int? {
        let bytes = Array(text.utf8)
        if text == "infinity" { return Int.max }
        var total = 0.0
        var index = 0
        var found = false
        while index < bytes.count {
            if AsciiText.isSpace(bytes[index]) {
                index += 1
                continue
            }
            let digits = bytes[index...].prefix { AsciiText.isDigit($0) || $0 == 0x2E }
            guard let number = Double(AsciiText.string(digits)) else { return nil }
            index += digits.count
            while index < bytes.count, AsciiText.isBlank(bytes[index]) { index += 1 }
            let letters = bytes[index...].prefix { $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A }
            guard let unit = units[AsciiText.string(letters)] else { return nil }
            index += letters.count
            total += number * unit
            found = true
        }
        guard found, total < 1e12 else { return nil }
        let whole = Int(total)
        return total > Double(whole) ? whole + 1 : whole
    }
}
