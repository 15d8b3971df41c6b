import ByteReading
import GuestFacts
import GuestFormats

extension Evidence {
    /// The place of a parsed value.
    init(_ source: SourceLine) {
        self.init(path: source.file, line: source.line, excerpt: source.excerpt)
    }
}

extension Answer {
    init(_ ternary: Ternary) {
        switch ternary {
        case .yes: self = .yes
        case .no: self = .no
        case .unknown: self = .unknown
        }
    }

    init(_ value: Bool) { self = value ? .yes : .no }
}

extension GuestReader {
    /// Parses a file. A file that is there and cannot be parsed is a gap, as one that cannot be read is.
    func parse<Value: Sendable>(
        _ path: String, _ parser: (Bytes) throws(ImageFault) -> Value?
    ) -> Reading<Value> {
        switch file(path) {
        case .absent: return .absent
        case .unreadable(let gap): return .unreadable(gap)
        case .found(let bytes):
            do {
                guard let value = try parser(bytes) else { return .absent }
                return .found(value)
            } catch {
                let gap = Gap(error, at: path)
                record(gap)
                return .unreadable(gap)
            }
        }
    }
}

extension OSIdentity.Family {
    init(_ family: DistributionFamily) {
        switch family {
        case .rhel: self = .rhel
        case .debian: self = .debian
        case .suse: self = .suse
        case .arch: self = .arch
        case .alpine: self = .alpine
        case .other: self = .other
        }
    }
}

/// Finds out which system it is (os-release(5) and its older relatives), who keeps its packages, and what makes its
/// initramfs.
struct IdentityInspection {
    let reader: GuestReader

    func inspect() -> OSIdentity {
        var identity = OSIdentity()
        readRelease(&identity)
        identity.hostname = hostname()
        identity.architecture = architecture()
        PackageInspection(reader: reader).inspect(&identity)
        identity.imageBased = imageBased(identity)
        identity.initramfsTools = initramfsTools(identity)
        return identity
    }

    // MARK: Release files

    /// Release files of Red Hat's kind, those that name a distribution exactly before those of their origin.
    private static let redHatFiles = [
        "/etc/centos-release", "/etc/oracle-release", "/etc/rocky-release", "/etc/almalinux-release",
        "/etc/anolis-release", "/etc/alinux-release", "/etc/openEuler-release", "/etc/euleros-release",
        "/etc/kylin-release", "/etc/tencentos-release", "/etc/opencloudos-release", "/etc/fedora-release",
        "/etc/mageia-release", "/etc/altlinux-release", "/etc/redhat-release", "/etc/system-release",
    ]

    private func readRelease(_ identity: inout OSIdentity) {
        // The last one is of NixOS before its first start.
        for path in [
            "/etc/os-release", "/usr/lib/os-release", "/nix/var/nix/profiles/system/etc/os-release",
        ] {
            switch reader.parse(path, { (bytes) throws(ImageFault) in try OSRelease(bytes, name: path) }) {
            // A file that does not say which distribution it is of leaves that to the others.
            case .found(let release) where release["ID"] == nil && release["NAME"] == nil: continue
            case .found(let release):
                identity.distribution = release.id
                identity.family = family(release)
                identity.name = release.prettyName
                identity.versionID = release.versionID
                identity.version = release.versionID
                identity.variantID = release.variantID
                identity.codename = release.codename
                identity.evidence.append(
                    release.source("PRETTY_NAME").map { Evidence($0) } ?? Evidence(path: path))
                refineVersion(&identity, release)
                return
            case .unreadable(let gap): identity.gaps.append(gap)
            case .absent: continue
            }
        }
        readOldRelease(&identity)
    }

    private func family(_ release: OSRelease) -> OSIdentity.Family {
        if release.id == "gentoo" || release.idLike.contains("gentoo") { return .gentoo }
        return release.family.map(OSIdentity.Family.init) ?? .other
    }

    /// CentOS 7's os-release says only 7, Debian's only 12: the release file has the whole version. One that says
    /// something else belongs to another system, or to an upgrade that stopped halfway.
    private func refineVersion(_ identity: inout OSIdentity, _ release: OSRelease) {
        switch identity.family {
        case .debian where identity.distribution == "debian": refineDebian(&identity)
        case .debian:
            // Ubuntu's VERSION has the point release: 22.04.4 LTS (Jammy Jellyfish).
            let word = release["VERSION"].flatMap { $0.split(separator: " ").first }.map(String.init)
            if let word, let version = identity.versionID, word.hasPrefix(version + ".") {
                identity.version = word
            }
        case .rhel: refineRedHat(&identity)
        default: break
        }
    }

    private func refineDebian(_ identity: inout OSIdentity) {
        let path = "/etc/debian_version"
        let found = reader.parse(path) { (bytes) throws(ImageFault) in
            try ReleaseFiles.debianVersion(bytes, name: path)
        }.value
        guard let found else { return }
        guard found.isRelease else {
            // Testing and unstable say `trixie/sid`: no version.
            if identity.versionID == nil { identity.codename = identity.codename ?? found.version }
            return
        }
        identity.evidence.append(Evidence(found.source))
        guard let stated = identity.versionID else {
            identity.version = found.version
            return
        }
        if found.version == stated || found.version.hasPrefix(stated + ".") {
            identity.version = found.version
        } else {
            identity.releaseConflict = Located(
                "os-release says \(stated), debian_version \(found.version)", Evidence(found.source))
        }
    }

    /// Distributions whose release files name themselves and no other; some of the rest keep files of the one they
    /// are made from.
    private static let strictNames: Set<String> = [
        "rhel", "centos", "rocky", "almalinux", "ol", "fedora", "scientific",
    ]

    private func refineRedHat(_ identity: inout OSIdentity) {
        for path in IdentityInspection.redHatFiles {
            let found = reader.parse(path) { (bytes) throws(ImageFault) in
                try ReleaseFiles.redHat(bytes, name: path)
            }.value
            guard let found, let version = found.version else { continue }
            // Oracle's and others' redhat-release names Red Hat, which says nothing against os-release.
            let isSame = found.id.lowercased() == identity.distribution.lowercased() || found.id == "rhel"
            let agrees = identity.versionID.map { version == $0 || version.hasPrefix($0 + ".") } ?? true
            if isSame, agrees {
                identity.version = version
                identity.evidence.append(Evidence(found.source))
                return
            }
            let major = version.split(separator: ".").first
            let isOther =
                !isSame && found.isNamed
                && IdentityInspection.strictNames.contains(identity.distribution)
            if identity.releaseConflict == nil,
                isOther || (isSame && major != identity.versionID?.split(separator: ".").first)
            {
                identity.releaseConflict = Located(
                    "os-release says \(identity.distribution) \(identity.versionID ?? ""), "
                        + "\(path) \(found.name) \(version)", Evidence(found.source))
            }
        }
    }

    private func readOldRelease(_ identity: inout OSIdentity) {
        for path in IdentityInspection.redHatFiles {
            let release = reader.parse(path) { (bytes) throws(ImageFault) in
                try ReleaseFiles.redHat(bytes, name: path)
            }
            if let gap = release.gap { identity.gaps.append(gap) }
            if let release = release.value { return take(release, family: .rhel, into: &identity) }
        }
        let suse = reader.parse("/etc/SuSE-release") { (bytes) throws(ImageFault) in
            try ReleaseFiles.suse(bytes)
        }
        if let suse = suse.value { return take(suse, family: .suse, into: &identity) }
        let lsb = reader.parse("/etc/lsb-release") { (bytes) throws(ImageFault) in try ReleaseFiles.lsb(bytes)
        }
        if let lsb = lsb.value {
            return take(
                lsb, family: DistributionFamily(id: lsb.id).map(OSIdentity.Family.init) ?? .other,
                into: &identity)
        }
        let plain: [(String, String, OSIdentity.Family)] = [
            ("/etc/debian_version", "debian", .debian), ("/etc/alpine-release", "alpine", .alpine),
            ("/etc/arch-release", "arch", .arch), ("/etc/gentoo-release", "gentoo", .gentoo),
            ("/etc/slackware-version", "slackware", .other),
        ]
        for (path, id, family) in plain {
            let release = reader.parse(path) { (bytes) throws(ImageFault) in
                try ReleaseFiles.bareVersion(bytes, id: id, name: path)
            }
            if let release = release.value { return take(release, family: family, into: &identity) }
        }
    }

    private func take(
        _ release: ReleaseFiles.Release, family: OSIdentity.Family, into identity: inout OSIdentity
    ) {
        identity.distribution = release.id
        identity.family = family
        identity.name = release.name
        identity.version = release.version
        identity.versionID = release.version
        identity.codename = release.codename
        identity.evidence.append(Evidence(release.source))
    }

    // MARK: Tools

    /// Systems that are updated as a whole: installing a package is not how one mends them.
    private func imageBased(_ identity: OSIdentity) -> Located<WholeSystem>? {
        let named: [String: WholeSystem] = [
            "flatcar": .flatcar, "coreos": .flatcar, "nixos": .nixos, "bottlerocket": .bottlerocket,
            "cos": .cos, "ubuntu-core": .snap,
        ]
        if let kind = named[identity.distribution], let evidence = identity.evidence.first {
            return Located(kind, evidence)
        }
        if reader.exists("/etc/NIXOS") == .yes { return Located(.nixos, Evidence(path: "/etc/NIXOS")) }
        // In a deployment /ostree leads to the repository; it may lie on the same volume and be seen as such.
        let link = reader.link("/ostree").value?.hasSuffix("sysroot/ostree") ?? false
        if link || reader.exists("/ostree/repo/config") == .yes {
            return Located(.ostree, Evidence(path: "/ostree"))
        }
        return nil
    }

    /// The programs that are there, the one the distribution calls first.
    private func initramfsTools(_ identity: OSIdentity) -> [OSIdentity.InitramfsTool] {
        let programs: [(OSIdentity.InitramfsTool, [String])] = [
            // dracut of Debian brings an update-initramfs of its own.
            (.initramfsTools, ["/usr/sbin/mkinitramfs", "/usr/share/initramfs-tools/init"]),
            (.mkinitcpio, ["/usr/bin/mkinitcpio"]), (.mkinitfs, ["/sbin/mkinitfs", "/usr/sbin/mkinitfs"]),
            (.dracut, ["/usr/bin/dracut", "/sbin/dracut", "/usr/sbin/dracut"]),
            (.booster, ["/usr/bin/booster"]), (.genkernel, ["/usr/bin/genkernel"]),
        ]
        var tools = programs.filter { $0.1.contains { reader.exists($0) == .yes } }.map(\.0)
        if identity.family != .debian, let place = tools.firstIndex(of: .dracut), identity.family != .arch {
            tools.insert(tools.remove(at: place), at: 0)
        }
        // Where dracut is, mkinitrd is a wrapper around it.
        if !tools.contains(.dracut), reader.exists("/sbin/mkinitrd") == .yes {
            tools.append(reader.exists("/lib/mkinitrd") == .yes ? .suseMkinitrd : .mkinitrd)
        }
        return tools
    }

    private func hostname() -> String? {
        guard let bytes = reader.file("/etc/hostname").value else { return nil }
        let line = bytes.text.split(whereSeparator: \.isNewline).first { !$0.hasPrefix("#") && !$0.isEmpty }
        guard let name = line?.trimmingPrefix(while: \.isWhitespace), !name.isEmpty else { return nil }
        return String(name.prefix { !$0.isWhitespace }.prefix(255))
    }

    /// Of the programs of the guest: what `/bin/sh` is made for, else init.
    private func architecture() -> String? {
        for path in ["/bin/sh", "/sbin/init", "/usr/lib/systemd/systemd", "/bin/bash"] {
            guard let head = reader.head(path, count: 64).value,
                let name = try? ElfFile(parsing: head).machine.architectureName
            else { continue }
            return name
        }
        return nil
    }
}
