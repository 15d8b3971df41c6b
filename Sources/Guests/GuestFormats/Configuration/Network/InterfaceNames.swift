/// The names a NIC may come up with.
package enum InterfaceNames: Hashable, Sendable {
    /// This one.
    case exact(String)
    /// A predictable name of udev for a PCI card (`ens3`, `enp0s3`, `enp1s0` …); which slot is not known.
    case predictable
    /// It cannot be said.
    case unknown

    /// Names that clouds and QEMU machines really give.
    package static let examples = [
        "ens2", "ens3", "ens4", "ens5", "ens18", "ens192", "enp0s2", "enp0s3", "enp0s5", "enp1s0", "enp2s1",
        "enp4s0f0", "eno1", "enX0",
    ]

    /// Whether a list of patterns (a leading `!` excludes) holds for the name.
    package func matches(_ patterns: [String], globs: Bool = true) -> Ternary {
        switch self {
        case .exact(let name):
            return Ternary(Self.holds(patterns, globs: globs, name: name))
        case .unknown:
            let all = (Self.examples + ["eth0", "em1"]).allSatisfy {
                Self.holds(patterns, globs: globs, name: $0)
            }
            return all ? .yes : .unknown
        case .predictable:
            let count = Self.examples.count { Self.holds(patterns, globs: globs, name: $0) }
            if count == Self.examples.count { return .yes }
            if count > 0 { return .unknown }
            let isPossible = patterns.contains { pattern in
                globs && FileNamePattern(pattern).isGlob
                    && Self.mayStart(FileNamePattern(pattern).literalPrefix)
                    || Self.isPredictable(pattern)
            }
            return isPossible ? .unknown : .no
        }
    }

    private static func holds(_ patterns: [String], globs: Bool, name: String) -> Bool {
        var wanted: [String] = []
        for pattern in patterns {
            if pattern.hasPrefix("!") {
                if holds(String(pattern.dropFirst()), globs: globs, name: name) { return false }
            } else {
                wanted.append(pattern)
            }
        }
        return wanted.isEmpty || wanted.contains { holds($0, globs: globs, name: name) }
    }

    private static func holds(_ pattern: String, globs: Bool, name: String) -> Bool {
        globs ? FileNamePattern(pattern).matches(name) : pattern == name
    }

    private static func mayStart(_ prefix: String) -> Bool {
        prefix.hasPrefix("en") || "en".hasPrefix(prefix)
    }

    /// Whether udev could give this name to an Ethernet card on PCI: `en` with `s<slot>`, `p<bus>s<slot>`,
    /// `o<index>` or `x<MAC>` (systemd.net-naming-scheme(7)).
    package static func isPredictable(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        guard bytes.count >= 4, bytes[0] == 0x65, bytes[1] == 0x6E else { return false }
        switch bytes[2] {
        case 0x73, 0x6F, 0x70, 0x50: return AsciiText.isDigit(bytes[3])
        case 0x78: return bytes.count == 15
        case 0x58: return AsciiText.isDigit(bytes[3])
        default: return false
        }
    }
}

/// How the kernel's `eth0` gets its name on this system.
package struct NetworkNamePolicy: Sendable {
    /// The names to expect.
    package let names: InterfaceNames
    /// Why, in a few words.
    package let reason: String
    /// The line that decides, if one does.
    package let source: SourceLine?

    /// What udev calls a NIC of `driver` by its slot (`net_id` in udev-builtin-net_id.c): a card on PCI since 197, a
    /// virtio one since 229 (before it Red Hat 7, Debian 8 and SUSE 12 leave it the kernel's name), Xen's `enX0` since
    /// 250. A NIC of Hyper-V has no slot that it knows.
    static func slotNames(driver: String, udevVersion: Int) -> InterfaceNames {
        switch driver {
        case "virtio_net": udevVersion >= 229 ? .predictable : .exact("eth0")
        case "hv_netvsc": .exact("eth0")
        case "xen_netfront": .exact(udevVersion >= 250 ? "enX0" : "eth0")
        default: udevVersion >= 197 ? .predictable : .exact("eth0")
        }
    }

    /// Works out the name of a NIC that the image has never seen.
    ///
    /// biosdevname does not come into it: it ends at once in a virtual machine.
    ///
    /// - Parameters:
    ///   - commandLine: the words of the kernel command line.
    ///   - linkFiles: `.link` files in the order in which udev sorts them (by name over all directories, a file in
    ///     an earlier directory hides its namesakes), without those that are links to `/dev/null`.
    ///   - hasDefaultLink: whether `99-default.link` is there and not masked.
    ///   - hasNetSetupRule: whether `80-net-setup-link.rules` (or `80-net-name-slot.rules` before systemd 209) is
    ///     there and not masked. False on systems without udev's naming (SysV systems, mdev).
    ///   - udevVersion: the version of udev; nil when it is not known.
    ///   - driver: the driver of the NIC.
    package init(
        commandLine: [String], linkFiles: [UnitFile], hasDefaultLink: Bool, hasNetSetupRule: Bool,
        udevVersion: Int?, driver: String = "virtio_net"
    ) {
        let names = commandLine.last { $0.hasPrefix("net.ifnames=") }
        let isOff = names.map { AsciiText.boolean(String($0.dropFirst(12))) == false } ?? false
        guard hasNetSetupRule else {
            self.init(names: .exact("eth0"), reason: "udev does not rename interfaces here", source: nil)
            return
        }
        if commandLine.contains(where: { $0.hasPrefix("net.ifnames.prefix=") && $0.utf8.count > 19 }) {
            self.init(names: .unknown, reason: "net.ifnames.prefix names interfaces", source: nil)
            return
        }
        let probe = ExpectedInterface(names: .exact("eth0"), driver: driver)
        for file in linkFiles {
            let link = NetworkdFile(file, systemdVersion: udevVersion)
            // Before it is renamed, the interface has the kernel's name.
            let applies = link.match.applies(to: probe)
            guard applies != .no else { continue }
            if applies == .unknown {
                self.init(
                    names: .unknown, reason: "\(file.name) may apply", source: file.sections.first?.source)
                return
            }
            self.init(link: file, isOff: isOff, udevVersion: udevVersion, driver: driver)
            return
        }
        if isOff {
            self.init(names: .exact("eth0"), reason: "net.ifnames=0", source: nil)
        } else if hasDefaultLink {
            self.init(
                renaming: "predictable names", source: nil, udevVersion: udevVersion, driver: driver)
        } else {
            self.init(names: .exact("eth0"), reason: "99-default.link is masked or absent", source: nil)
        }
    }

    private init(link file: UnitFile, isOff: Bool, udevVersion: Int?, driver: String) {
        let policy = file.words("Link", "NamePolicy").map(\.word)
        let name = file.last("Link", "Name")
        let source = file.last("Link", "NamePolicy")?.source ?? name?.source ?? file.sections.first?.source
        let renames = policy.contains { !["keep", "kernel"].contains($0) }
        if isOff || !renames {
            // With net.ifnames=0 the policies are skipped; a fixed name still holds.
            if let name, !name.value.contains("*") {
                self.init(names: .exact(name.value), reason: "Name= of \(file.name)", source: name.source)
            } else {
                self.init(
                    names: .exact("eth0"), reason: isOff ? "net.ifnames=0" : "NamePolicy= keeps names",
                    source: isOff ? nil : source)
            }
        } else if policy.contains("mac") {
            self.init(names: .predictable, reason: "NamePolicy= of \(file.name)", source: source)
        } else {
            self.init(
                renaming: "NamePolicy= of \(file.name)", source: source, udevVersion: udevVersion,
                driver: driver)
        }
    }

    private init(renaming reason: String, source: SourceLine?, udevVersion: Int?, driver: String) {
        guard let udevVersion else {
            self.init(names: .unknown, reason: "the version of udev is not known", source: source)
            return
        }
        let names = Self.slotNames(driver: driver, udevVersion: udevVersion)
        self.init(
            names: names,
            reason: names == .exact("eth0")
                ? "udev \(udevVersion) does not rename a NIC of \(driver)" : reason,
            source: source)
    }

    private init(names: InterfaceNames, reason: String, source: SourceLine?) {
        self.names = names
        self.reason = reason
        self.source = source
    }
}
