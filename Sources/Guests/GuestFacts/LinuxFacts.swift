/// What is known of one Linux system in an image. Each area says what it could not read.
package struct LinuxFacts: Sendable, Hashable, Codable {
    package var rootVolume: VolumeID
    /// The subvolume of `rootVolume` that is the root; nil where the file system has none.
    package var rootSubvolume: RootSubvolume?
    /// Configuration of LVM and MD in the root file system.
    @Shared package var storage = StorageFacts()
    @Shared package var identity: OSIdentity
    @Shared package var boot: BootFacts
    @Shared package var mounts: MountFacts
    @Shared package var initSystem: InitFacts
    @Shared package var services: ServiceFacts
    /// The network as a NIC of virtio finds it.
    @Shared package var network: NetworkFacts
    /// The network as NICs of other drivers find it, where that differs: they get another name, or another
    /// configuration.
    package var otherNetworks: [String: NetworkFacts] = [:]
    @Shared package var access: AccessFacts
    @Shared package var cloudInit: CloudInitFacts
    @Shared package var operation: OperationFacts
    @Shared package var hygiene: HygieneFacts
    /// Everything that could not be read while the facts were gathered.
    package var gaps: [Gap] = []

    package init(
        rootVolume: VolumeID, identity: OSIdentity, boot: BootFacts, mounts: MountFacts,
        initSystem: InitFacts,
        services: ServiceFacts, network: NetworkFacts, access: AccessFacts, cloudInit: CloudInitFacts,
        operation: OperationFacts, hygiene: HygieneFacts
    ) {
        self.rootVolume = rootVolume
        self.identity = identity
        self.boot = boot
        self.mounts = mounts
        self.initSystem = initSystem
        self.services = services
        self.network = network
        self.access = access
        self.cloudInit = cloudInit
        self.operation = operation
        self.hygiene = hygiene
    }
}

/// Which system it is.
package struct OSIdentity: Sendable, Hashable, Codable {
    /// The families whose tools and layouts differ.
    package enum Family: String, Sendable, Hashable, Codable {
        case debian, rhel, suse, arch, alpine, gentoo, other
    }

    /// Programs that keep the list of installed packages.
    package enum PackageManager: String, Sendable, Hashable, Codable {
        case dpkg, rpm, apk, pacman, portage
    }

    /// Programs that make an initramfs.
    package enum InitramfsTool: String, Sendable, Hashable, Codable {
        case initramfsTools = "initramfs-tools"
        case dracut
        /// Red Hat 5: `mkinitrd` with nash.
        case mkinitrd
        /// SUSE 11: `mkinitrd` with its own scripts.
        case suseMkinitrd = "suse-mkinitrd"
        case mkinitcpio, mkinitfs, booster, genkernel
    }

    /// `ID` of os-release: `debian`.
    package var distribution: String = "linux"
    package var family: Family = .other
    /// `PRETTY_NAME`.
    package var name: String?
    /// The most exact version there is: `12.15`.
    package var version: String?
    /// `VERSION_ID`.
    package var versionID: String?
    package var variantID: String?
    package var codename: String?
    /// Of the programs: `x86_64`, `i386`, `arm64`; nil when no program could be read.
    package var architecture: String?
    package var hostname: String?
    /// The release files that were read.
    package var evidence: [Evidence] = []
    /// Release files that name different systems, and the one that differs from os-release.
    package var releaseConflict: Located<String>?
    /// Release files that should be there and could not be read.
    package var gaps: [Gap] = []
    /// Package name → version, of the packages that checks ask about. The names are Debian's, whatever the
    /// distribution calls them. Empty when there is no readable database.
    package var packages: [String: String] = [:]
    /// Packages that are not fully installed, with their state.
    package var brokenPackages: [Located<String>] = []
    /// What an interrupted update left beside that: `PackageState.Interrupted`, `.Duplicate`, `.StaleLocks`.
    package var packageProblems: [StructureFinding] = []
    /// Whose database lists the packages; nil when none was found.
    package var packageManager: PackageManager?
    /// The package database is there and could not be read.
    package var packageGap: Gap?
    /// The programs that are there to make an initramfs, the one the distribution calls first.
    package var initramfsTools: [InitramfsTool] = []
    /// What updates the system as a whole instead of package by package.
    package var imageBased: Located<WholeSystem>?

    package init() {}

    /// The numbers at the start of the version: `[7, 9, 2009]` of `7.9.2009`; empty without a version.
    package var versionNumbers: [Int] {
        guard let text = version ?? versionID else { return [] }
        return text.prefix { $0.isNumber || $0 == "." }.split(separator: ".").prefix(4).compactMap { Int($0) }
    }

    /// The first number of the version.
    package var majorVersion: Int? { versionNumbers.first }
}

/// Clock and other settings of the running system.
package struct OperationFacts: Sendable, Hashable, Codable {
    /// Hardware clock: true for UTC.
    package var rtcInUTC: Fact<Located<Bool>> = .known(
        Located(true, Evidence(path: "/etc/adjtime", excerpt: "absent: UTC")))
    /// The zone that `/etc/localtime` names; nil when there is none (UTC then).
    package var timeZone: Located<String>?
    /// The zone that `/etc/timezone` names.
    package var timeZoneFile: Located<String>?
    /// Whether the guest has a zone database; minimal systems do without.
    package var zoneDatabase: Answer = .unknown
    /// Whether the named zone is in the guest's zone database.
    package var timeZoneExists: Answer = .unknown
    /// `/etc/localtime` is a file that is a copy of no known zone.
    package var localtimeIsCopy: Bool = false
    /// Another file that says something else about the hardware clock.
    package var rtcConflict: Located<Bool>?
    package var selinux: SelinuxFacts?
    package var agents: [AgentFacts] = []

    package init() {}
}

/// SELinux as the next boot will see it.
package struct SelinuxFacts: Sendable, Hashable, Codable {
    /// Modes of the configuration or the kernel command line.
    package enum Mode: String, Sendable, Hashable, Codable {
        case enforcing, permissive, disabled
    }

    package var mode: Located<Mode>
    package var policyType: String?
    package var policyPresent: Answer
    /// Files that should carry a label and do not.
    package var unlabelled: [String] = []
    /// Files whose labels could not be read.
    package var unreadLabels: [String] = []
    package var autorelabel: Bool = false
    /// `SELINUX=disabled` with `enforcing=1` on the command line: init finds no policy to enforce and stops.
    package var contradiction: Evidence?
    /// `/etc/sysconfig/selinux` as a file of its own, which nothing reads, with what it says.
    package var ignoredFile: Located<String>?

    package init(mode: Located<Mode>, policyType: String?, policyPresent: Answer) {
        self.mode = mode
        self.policyType = policyType
        self.policyPresent = policyPresent
    }
}

/// An agent of a platform or a security product.
package struct AgentFacts: Sendable, Hashable, Codable {
    /// A stable name: `cloud-assistant`, `security-center`, `qemu-guest-agent`, `open-vm-tools` …
    package var name: String
    /// The platform it belongs to: `alibaba`, `vmware`, `azure` …; nil where that is not known.
    package var origin: String?
    package var evidence: Evidence
    package var enabled: Answer

    package init(name: String, evidence: Evidence, enabled: Answer) {
        self.name = name
        self.evidence = evidence
        self.enabled = enabled
    }
}

/// What should not be published with an image.
package struct HygieneFacts: Sendable, Hashable, Codable {
    /// States of `/etc/machine-id`.
    package enum MachineID: String, Sendable, Hashable, Codable {
        case missing, empty, uninitialized, set, invalid
    }

    /// What binds updates to an account or a cloud.
    package enum Licence: String, Sendable, Hashable, Codable {
        /// Repositories that a cloud pays for; only its own network reaches them.
        case cloudRepositories
        /// A registration with the account of the source.
        case subscription
        /// A registration with the update servers of a cloud (SUSE).
        case cloudRegistration
    }

    package var machineID: Fact<MachineID> = .known(.missing)
    /// `/var/lib/dbus/machine-id` as a file of its own, from which systemd takes the id when the other is empty.
    package var dbusMachineID: Evidence?
    package var hostKeys: [Evidence] = []
    /// Files with keys, histories, credentials: names only.
    package var secrets: [Evidence] = []
    /// Clients of licensed repositories and registrations of subscriptions: names only.
    package var licences: [Located<Licence>] = []
    /// Seeds, leases and registrations that clones would share.
    package var registrations: [Evidence] = []
    /// The iSCSI name, where something logs in to targets with it.
    package var iscsiInitiator: Evidence?

    package init() {}
}
