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

/// Finds out which system it is (os-release(5) and its older relatives).
struct IdentityInspection {
    let reader: GuestReader

    func inspect() -> OSIdentity {
        var identity = OSIdentity()
        readRelease(&identity)
        identity.hostname = hostname()
        identity.architecture = architecture()
        readPackages(&identity)
        return identity
    }

    private func readRelease(_ identity: inout OSIdentity) {
        for path in ["/etc/os-release", "/usr/lib/os-release"] {
            switch reader.parse(path, { (bytes) throws(ImageFault) in try OSRelease(bytes, name: path) }) {
            case .found(let release):
                identity.distribution = release.id
                identity.family = release.family.map(OSIdentity.Family.init) ?? .other
                identity.name = release.prettyName
                identity.versionID = release.versionID
                identity.version = release.versionID
                identity.variantID = release.variantID
                identity.codename = release.codename
                identity.evidence.append(
                    release.source("PRETTY_NAME").map { Evidence($0) } ?? Evidence(path: path))
                refineVersion(&identity)
                return
            case .unreadable(let gap): identity.gaps.append(gap)
            case .absent: continue
            }
        }
        readOldRelease(&identity)
    }

    /// CentOS 7's os-release says only 7, Debian's only 12: the release file has the whole version.
    private func refineVersion(_ identity: inout OSIdentity) {
        switch identity.family {
        case .debian where identity.distribution == "debian":
            let path = "/etc/debian_version"
            let version = reader.parse(path) { (bytes) throws(ImageFault) in
                try ReleaseFiles.debianVersion(bytes, name: path)
            }.value
            // Testing says `trixie/sid`: no version.
            if let version, version.isRelease {
                identity.version = version.version
                identity.evidence.append(Evidence(version.source))
            }
        case .rhel:
            for path in ["/etc/centos-release", "/etc/redhat-release", "/etc/system-release"] {
                let release = reader.parse(path) { (bytes) throws(ImageFault) in
                    try ReleaseFiles.redHat(bytes, name: path)
                }.value
                guard let release, let version = release.version else { continue }
                identity.version = version
                identity.evidence.append(Evidence(release.source))
                return
            }
        default: break
        }
    }

    private func readOldRelease(_ identity: inout OSIdentity) {
        for path in [
            "/etc/centos-release", "/etc/oracle-release", "/etc/redhat-release", "/etc/system-release",
        ] {
            let release = reader.parse(path) { (bytes) throws(ImageFault) in
                try ReleaseFiles.redHat(bytes, name: path)
            }
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

    /// Packages whose version some item asks about.
    private static let packages: Set<String> = [
        "openssh-server", "cloud-init", "cloud-guest-utils", "cloud-utils", "systemd", "udev", "grub-pc",
        "grub-common",
        "grub-efi-amd64", "initramfs-tools", "dracut", "e2fsprogs", "libc6", "network-manager", "netplan.io",
        "isc-dhcp-client", "qemu-guest-agent", "passwd", "rh-amazon-rhui-client", "rhui-azure-rhel7",
        "rhui-azure-rhel8",
        "rhui-azure-rhel9", "google-rhui-client-rhel7", "google-rhui-client-rhel8",
        "google-rhui-client-rhel9",
        "aliyun_rhui_rhel7", "aliyun_rhui_rhel8", "aliyun_rhui_rhel9",
    ]

    private func readPackages(_ identity: inout OSIdentity) {
        let path = "/var/lib/dpkg/status"
        guard let bytes = reader.file(path, limit: DpkgStatus.sizeLimit).value else { return }
        do {
            let status = try DpkgStatus(bytes, name: path)
            for name in IdentityInspection.packages {
                if let version = status.installedVersion(name) { identity.packages[name] = version }
            }
            identity.brokenPackages = status.broken.map {
                Located(
                    "\($0.name): \($0.state)",
                    Evidence(path: path, line: $0.line, excerpt: "\($0.name) \($0.state)"))
            }
        } catch {
            reader.record(Gap(error, at: path))
        }
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
