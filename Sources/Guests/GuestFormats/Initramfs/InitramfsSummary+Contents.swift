import ByteReading

extension InitramfsSummary {
    private static let programDirectories = [
        "usr/bin", "usr/sbin", "bin", "sbin", "usr/lib/systemd", "lib/systemd", "usr/lib/udev", "lib/udev",
        "usr/local/bin", "usr/local/sbin",
    ]

    /// The real path of a program, searched where programs lie. busybox may be it under another name
    /// (`hasBusybox`), and some generators make those links only at boot.
    package func program(_ name: String) -> String? {
        for directory in Self.programDirectories {
            if let real = contents.tree.resolve(directory + "/" + name),
                let member = contents.tree.nodes[real], member.kind == .file
            {
                return real
            }
        }
        return nil
    }

    /// Whether busybox is there, which is many programs in one.
    package var hasBusybox: Bool { program("busybox") != nil || program("busybox.static") != nil }

    /// Whether systemd runs in the initramfs.
    package var usesSystemd: Bool {
        guard let real = contents.tree.resolve("init") else { return false }
        return real.hasSuffix("/systemd")
    }

    /// The udev daemon.
    package var udevDaemon: String? { program("systemd-udevd") ?? program("udevd") }

    /// Whether devices make their drivers load by modalias: udev with its rule for that, or Alpine's
    /// `nlplug-findfs`. Nil when that cannot be told.
    package var loadsByAlias: Bool? {
        if generator == .nash { return false }
        if udevDaemon != nil {
            let rules = ["usr/lib", "lib", "etc"].flatMap { directory in
                ["80-drivers.rules", "80-debian-drivers.rules"].map { "\(directory)/udev/rules.d/\($0)" }
            }
            if rules.contains(where: { contents.tree.resolve($0) != nil }) { return true }
            return nil
        }
        // Alpine before 3.0 handed every modalias in /sys to modprobe.
        if program("nlplug-findfs") != nil || generator == .booster || generator == .mkinitfs { return true }
        return nil
    }

    /// The version of dracut that made the archive: 59 for `059-4`; nil when it does not say.
    package var dracutVersion: Int? {
        guard generator == .dracut else { return nil }
        for path in ["usr/lib/initrd-release", "etc/initrd-release"] {
            for line in (contents.text(path) ?? "").split(separator: "\n").prefix(64) {
                if let (name, value) = Self.assignment(String(line)), name == "DRACUT_VERSION" {
                    return Int(value.prefix { $0.isNumber })
                }
            }
        }
        // A file `lib/dracut/dracut-033-572.el7`; before, `dracut-004-409.el6` at the top.
        for path in contents.tree.nodes.keys {
            guard let name = path.split(separator: "/").last, name.hasPrefix("dracut-"),
                path == name || path.hasSuffix("lib/dracut/" + name)
            else { continue }
            if let version = Int(name.dropFirst(7).prefix { $0.isNumber }) { return version }
        }
        return nil
    }

    /// Devices for which dracut waits whatever root= says, because the machine that made the archive had them
    /// (99base, `wait_for_dev` in `dracut-dev-lib.sh`): without one of them the boot ends in its emergency shell.
    package var awaitedDevices: [(path: String, device: String)] {
        contents.files.filter { $0.key.contains("/hooks/initqueue/finished/devexists-") }
            .sorted { $0.key < $1.key }
            .compactMap { path, file in
                let parts = file.bytes.text.split(separator: "\"")
                guard let device = parts.first(where: { $0.hasPrefix("/dev/") }) else { return nil }
                return (path, String(device))
            }
    }

    /// The files that pin the build machine's devices on the command line (dracut hostonly), by path.
    package var commandLinePins: [(path: String, text: String)] {
        contents.files.filter {
            ($0.key.hasPrefix("etc/cmdline.d/") || $0.key == "etc/cmdline") && $0.value.isWhole
        }
        .map { ($0.key, $0.value.bytes.text) }
        .sorted { $0.path < $1.path }
    }

    /// The checkers for file systems: `ext4` for `fsck.ext4`.
    package var fileSystemCheckers: [String] {
        let names = contents.tree.nodes.keys.compactMap { path -> String? in
            guard let name = path.split(separator: "/").last, name.hasPrefix("fsck.") else { return nil }
            return String(name.dropFirst(5))
        }
        return Set(names).sorted()
    }

    /// `MODULES=` of initramfs-tools (`most`, `dep`, `netboot`, `list`).
    package var modulesPolicy: String? {
        assignments("conf/initramfs.conf")["MODULES"]
    }

    /// The resume device that initramfs-tools waits for (`conf/conf.d/resume`).
    package var resumeDevice: String? {
        assignments("conf/conf.d/resume")["RESUME"]
    }

    /// The crypttab of the archive, under the names its generators use.
    package var crypttab: (path: String, text: String)? {
        firstText(["cryptroot/crypttab", "etc/crypttab", "conf/conf.d/cryptroot"])
    }

    /// The mdadm.conf of the archive.
    package var mdadmConfiguration: (path: String, text: String)? {
        firstText(["etc/mdadm/mdadm.conf", "etc/mdadm.conf"])
    }

    /// The lvm.conf of the archive.
    package var lvmConfiguration: (path: String, text: String)? { firstText(["etc/lvm/lvm.conf"]) }

    /// The multipath.conf of the archive.
    package var multipathConfiguration: (path: String, text: String)? { firstText(["etc/multipath.conf"]) }

    /// LVM's list of allowed devices (`system.devices`), which pins hardware identities.
    package var lvmDevices: (path: String, text: String)? { firstText(["etc/lvm/devices/system.devices"]) }

    /// The fstab of the archive.
    package var fstab: (path: String, text: String)? { firstText(["etc/fstab"]) }

    /// The text of a file that was kept whole.
    package func text(_ path: String) -> String? { contents.text(path) }

    private func firstText(_ paths: [String]) -> (path: String, text: String)? {
        for path in paths {
            if let text = contents.text(path), !text.isEmpty { return (path, text) }
        }
        return nil
    }

    /// Shell assignments `NAME=value` of a small file; quotes around the value are taken off.
    private func assignments(_ path: String) -> [String: String] {
        var values: [String: String] = [:]
        for line in (contents.text(path) ?? "").split(separator: "\n").prefix(1000) {
            guard !line.hasPrefix("#"), let equals = line.firstIndex(of: "=") else { continue }
            let name = line[..<equals].trimmingBlanks
            let value = line[line.index(after: equals)...].trimmingBlanks
            values[name] = String(value.filter { $0 != "\"" && $0 != "'" })
        }
        return values
    }
}

extension Substring {
    /// Without blanks and tabs at its ends.
    fileprivate var trimmingBlanks: String {
        var text = self
        while let first = text.first, first == " " || first == "\t" || first == "\r" {
            text = text.dropFirst()
        }
        while let last = text.last, last == " " || last == "\t" || last == "\r" { text = text.dropLast() }
        return String(text)
    }
}
