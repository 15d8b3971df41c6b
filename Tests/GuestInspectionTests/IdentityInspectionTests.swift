import ByteReading
import FileSystemCore
import GuestFacts
import Testing

@testable import GuestInspection

/// Which system it is, of release files as the distributions ship them.
@Suite struct IdentityInspectionTests {
    struct Sample: Sendable, CustomTestStringConvertible {
        let files: [String: String]
        let distribution: String
        let family: OSIdentity.Family
        let version: String?

        init(
            _ distribution: String, _ family: OSIdentity.Family, _ version: String?,
            _ files: [String: String]
        ) {
            self.distribution = distribution
            self.family = family
            self.version = version
            self.files = files
        }

        var testDescription: String { "\(distribution) \(version ?? "-")" }
    }

    private static func osRelease(_ lines: String...) -> [String: String] {
        ["/etc/os-release": lines.joined(separator: "\n") + "\n"]
    }

    static let samples: [Sample] = [
        Sample("centos", .rhel, "5.11", ["/etc/redhat-release": "CentOS release 5.11 (Final)\n"]),
        Sample("centos", .rhel, "6.10", ["/etc/centos-release": "CentOS release 6.10 (Final)\n"]),
        Sample(
            "rhel", .rhel, "5.11",
            ["/etc/redhat-release": "Red Hat Enterprise Linux Server release 5.11 (Tikanga)\n"]),
        Sample(
            "centos", .rhel, "7.9.2009",
            osRelease(
                "NAME=\"CentOS Linux\"", "VERSION=\"7 (Core)\"", "ID=\"centos\"", "ID_LIKE=\"rhel fedora\"",
                "VERSION_ID=\"7\"", "PRETTY_NAME=\"CentOS Linux 7 (Core)\""
            ).merging(["/etc/centos-release": "CentOS Linux release 7.9.2009 (Core)\n"]) { $1 }),
        Sample(
            "centos", .rhel, "9",
            osRelease("NAME=\"CentOS Stream\"", "ID=\"centos\"", "VERSION_ID=\"9\"").merging([
                "/etc/centos-release": "CentOS Stream release 9\n"
            ]) { $1 }),
        Sample(
            "ol", .rhel, "8.9",
            osRelease("NAME=\"Oracle Linux Server\"", "ID=\"ol\"", "VERSION_ID=\"8.9\"").merging([
                "/etc/oracle-release": "Oracle Linux Server release 8.9\n",
                "/etc/redhat-release": "Red Hat Enterprise Linux release 8.9 (Ootpa)\n",
            ]) { $1 }),
        Sample(
            "ol", .rhel, "6.5",
            [
                "/etc/oracle-release": "Oracle Linux Server release 6.5\n",
                "/etc/redhat-release": "Red Hat Enterprise Linux Server release 6.5 (Santiago)\n",
            ]),
        Sample(
            "alinux", .rhel, "3",
            osRelease(
                "NAME=\"Alibaba Cloud Linux\"", "ID=\"alinux\"", "ID_LIKE=\"rhel fedora centos anolis\"",
                "VERSION_ID=\"3\"")),
        Sample(
            "openEuler", .rhel, "22.03",
            osRelease("NAME=\"openEuler\"", "ID=\"openEuler\"", "VERSION_ID=\"22.03\"").merging([
                "/etc/openEuler-release": "openEuler release 22.03 (LTS-SP3)\n"
            ]) { $1 }),
        Sample(
            "amzn", .rhel, "2023.4.20240319",
            osRelease("NAME=\"Amazon Linux\"", "ID=\"amzn\"", "ID_LIKE=\"fedora\"", "VERSION_ID=\"2023\"")
                .merging([
                    "/etc/system-release": "Amazon Linux release 2023.4.20240319 (Amazon Linux)\n"
                ]) { $1 }),
        Sample(
            "debian", .debian, "12.5",
            osRelease("PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"", "ID=debian", "VERSION_ID=\"12\"")
                .merging(["/etc/debian_version": "12.5\n"]) { $1 }),
        Sample(
            "debian", .debian, nil,
            osRelease("PRETTY_NAME=\"Debian GNU/Linux trixie/sid\"", "ID=debian", "VERSION_CODENAME=trixie")
                .merging(["/etc/debian_version": "trixie/sid\n"]) { $1 }),
        Sample("debian", .debian, "6.0.10", ["/etc/debian_version": "6.0.10\n"]),
        Sample(
            "ubuntu", .debian, "22.04.4",
            osRelease(
                "NAME=\"Ubuntu\"", "VERSION=\"22.04.4 LTS (Jammy Jellyfish)\"", "ID=ubuntu", "ID_LIKE=debian",
                "VERSION_ID=\"22.04\"")),
        Sample(
            "ubuntu", .debian, "12.04",
            [
                "/etc/lsb-release":
                    "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=12.04\nDISTRIB_CODENAME=precise\nDISTRIB_DESCRIPTION=\"Ubuntu 12.04.5 LTS\"\n"
            ]),
        Sample(
            "sles", .suse, "11.4",
            [
                "/etc/SuSE-release":
                    "SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n"
            ]),
        Sample(
            "opensuse-tumbleweed", .suse, "20260101",
            osRelease("ID=\"opensuse-tumbleweed\"", "ID_LIKE=\"opensuse suse\"", "VERSION_ID=\"20260101\"")),
        Sample("arch", .arch, nil, osRelease("NAME=\"Arch Linux\"", "ID=arch", "BUILD_ID=rolling")),
        Sample("alpine", .alpine, "3.20.3", osRelease("ID=alpine", "VERSION_ID=3.20.3")),
        Sample("gentoo", .gentoo, "2.15", osRelease("NAME=Gentoo", "ID=gentoo", "VERSION_ID=\"2.15\"")),
        Sample(
            "flatcar", .other, "3815.2.5", osRelease("ID=flatcar", "ID_LIKE=coreos", "VERSION_ID=3815.2.5")),
        Sample("slackware", .other, "15.0", ["/etc/slackware-version": "Slackware 15.0\n"]),
        Sample(
            "oddity", .debian, "3",
            osRelease("ID=oddity", "ID_LIKE=\"unheard ubuntu\"", "VERSION_ID=3")),
        Sample("linux", .other, nil, [:]),
    ]

    private func identity(_ files: [String: String], _ change: (inout MemoryFileSystem) -> Void = { _ in })
        -> OSIdentity
    {
        var disk = MemoryFileSystem()
        for (path, text) in files.sorted(by: { $0.key < $1.key }) { disk.file(path, text) }
        change(&disk)
        return IdentityInspection(reader: GuestReader(tree: FileTree(root: disk))).inspect()
    }

    @Test(arguments: samples) func releaseFiles(sample: Sample) {
        let identity = identity(sample.files)
        #expect(identity.distribution == sample.distribution)
        #expect(identity.family == sample.family)
        #expect(identity.version == sample.version)
        #expect(identity.evidence.isEmpty == sample.files.isEmpty)
        #expect(identity.releaseConflict == nil)
    }

    @Test("Trap 102: a release file is data, whatever a shell would make of it") func releaseFilesAreData() {
        let found = identity([
            "/etc/os-release": "ID='$(reboot)'\nPRETTY_NAME=\"`id` $HOME\"\nVERSION_ID='1; exit'\n"
        ])
        #expect(found.distribution == "$(reboot)")
        #expect(found.name == "`id` $HOME")
        #expect(found.family == .other)
        #expect(found.versionNumbers == [1])
    }

    @Test func filesThatDisagreeAreSaid() {
        let centos = identity([
            "/etc/os-release": "ID=\"centos\"\nVERSION_ID=\"7\"\n",
            "/etc/centos-release": "Rocky Linux release 8.9 (Green Obsidian)\n",
        ])
        #expect(centos.version == "7")
        #expect(centos.releaseConflict?.evidence.path == "/etc/centos-release")
        let debian = identity([
            "/etc/os-release": "ID=debian\nVERSION_ID=\"11\"\n", "/etc/debian_version": "12.5\n",
        ])
        #expect(debian.releaseConflict?.value == "os-release says 11, debian_version 12.5")
    }

    // MARK: Packages

    private static func dpkg(_ names: String...) -> String {
        names.map { "Package: \($0)\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:2-3\n" }
            .joined(separator: "\n")
    }

    /// UOS and Kylin come as rpm and as deb, under one ID.
    @Test(arguments: ["uos", "kylin", "Deepin"]) func theDatabaseDecidesTheFamily(id: String) {
        let release = ["/etc/os-release": "ID=\(id)\nVERSION_ID=20\n"]
        let deb = identity(release) { $0.file("/var/lib/dpkg/status", Self.dpkg("libc6", "openssh-server")) }
        #expect((deb.family, deb.packageManager) == (.debian, .dpkg))
        #expect(deb.packages["openssh-server"] == "1:2-3")
        let rpm = identity(release) { $0.file("/var/lib/rpm/Packages", "damaged") }
        #expect(rpm.packageManager == .rpm)
        #expect(rpm.packageGap != nil)
        #expect(rpm.packages.isEmpty)
    }

    @Test func packagesHaveDebiansNamesEverywhere() {
        let alpine = identity(["/etc/os-release": "ID=alpine\nVERSION_ID=3.20\n"]) {
            $0.file(
                "/lib/apk/db/installed",
                "P:musl\nV:1.2\n\nP:openssh-server\nV:9.7_p1-r4\n\nP:cloud-init\nV:24.1-r0\n")
            $0.file("/sbin/mkinitfs")
        }
        #expect(alpine.packageManager == .apk)
        #expect(alpine.packages["openssh-server"] == "9.7_p1-r4")
        #expect(alpine.packages["libc6"] == "1.2")
        #expect(alpine.initramfsTools == [.mkinitfs])
        let arch = identity(["/etc/os-release": "ID=arch\n"]) {
            $0.file("/var/lib/pacman/local/glibc-2.40-1/desc")
            $0.file("/var/lib/pacman/local/openssh-9.9p1-2/desc")
            $0.directory("/var/lib/pacman/local/half-1.0-1")
            $0.file("/var/lib/pacman/db.lck", "")
        }
        #expect(arch.packages["openssh-server"] == "9.9p1-2")
        #expect(arch.brokenPackages.map(\.value) == ["half: no description"])
        #expect(arch.packageProblems.map(\.code) == ["PackageState.Interrupted"])
        let gentoo = identity(["/etc/os-release": "ID=gentoo\n"]) {
            $0.file("/var/db/pkg/sys-libs/glibc-2.39-r6/PF")
            $0.file("/var/db/pkg/net-misc/openssh-9.9_p2/PF")
            $0.file("/var/db/pkg/net-misc/-MERGING-curl-8.0/PF")
        }
        #expect(gentoo.packages["openssh-server"] == "9.9_p2")
        #expect(gentoo.brokenPackages.count == 1)
    }

    @Test func whatDpkgDidNotFinishCounts() {
        let found = identity(["/etc/os-release": "ID=debian\nVERSION_ID=12\n"]) {
            $0.file("/var/lib/dpkg/status", Self.dpkg("libc6", "openssh-server"))
            $0.file(
                "/var/lib/dpkg/updates/0001",
                "Package: openssh-server\nStatus: install ok half-installed\nVersion: 1:9\n")
        }
        #expect(found.packages["openssh-server"] == nil)
        #expect(found.packageProblems.map(\.code) == ["PackageState.Interrupted"])
    }

    @Test func aToolOfAnotherFamilyIsNotTheSystems() {
        let found = identity(["/etc/os-release": "ID=unheard\n"]) {
            $0.file("/var/lib/dpkg/status", Self.dpkg("dpkg"))
            $0.file("/lib/apk/db/installed", "P:musl\nV:1\n")
        }
        #expect((found.packageManager, found.family) == (.apk, .alpine))
    }

    // MARK: Tools

    @Test func mkinitrdIsOneOfTwoOrAWrapper() {
        let redHat = identity(["/etc/redhat-release": "CentOS release 5.11 (Final)\n"]) {
            $0.file("/sbin/mkinitrd")
        }
        #expect(redHat.initramfsTools == [.mkinitrd])
        let suse = identity([:]) {
            $0.file("/sbin/mkinitrd")
            $0.file("/lib/mkinitrd/scripts/boot-start.sh")
        }
        #expect(suse.initramfsTools == [.suseMkinitrd])
        let wrapper = identity([:]) {
            $0.file("/sbin/mkinitrd")
            $0.file("/usr/bin/dracut")
        }
        #expect(wrapper.initramfsTools == [.dracut])
        let debian = identity(["/etc/os-release": "ID=debian\n"]) { $0.file("/usr/sbin/mkinitramfs") }
        #expect(debian.initramfsTools == [.initramfsTools])
    }

    @Test func whatIsNotFollowedOfImageBasedSystems() {
        var identity = OSIdentity()
        #expect(OSIdentity.Part.allCases.allSatisfy { identity.notFollowed($0) == nil })
        #expect(!identity.makesAtBoot("/run/current-system/sw/bin/bash"))
        for kind in WholeSystem.allCases {
            identity.imageBased = Located(kind, Evidence(path: "/etc/os-release"))
            let followed = OSIdentity.Part.allCases.filter { identity.notFollowed($0) == nil }
            #expect(followed == (kind == .nixos ? [] : [.libraries, .accountPrograms]), "\(kind)")
            #expect(identity.makesAtBoot("/run/current-system/sw/bin/bash") == (kind == .nixos))
            #expect(identity.isOwnInit("/nix/store/x-nixos-system-y-26.05/init") == (kind == .nixos))
            #expect(!identity.isOwnInit("/bin/sh"))
        }
    }

    @Test func imageBasedSystems() {
        #expect(identity(["/etc/os-release": "ID=flatcar\n"]).imageBased?.value == .flatcar)
        #expect(identity(["/etc/NIXOS": ""]).imageBased?.value == .nixos)
        #expect(identity([:]) { $0.link("/ostree", "sysroot/ostree") }.imageBased?.value == .ostree)
        #expect(identity(["/etc/os-release": "ID=debian\n"]).imageBased == nil)
    }
}
