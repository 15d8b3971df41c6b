import ByteReading
import Foundation
import Testing

@testable import GuestFormats

/// Files that other projects test their own parsers with, and the files of real systems.
@Suite(.enabled(if: Surroundings.samples != nil)) struct ConfigurationSamplesTests {
    private func samples(_ directory: String) -> [(path: String, bytes: Bytes)] {
        Surroundings.files(below: (Surroundings.samples ?? "") + "/" + directory)
    }

    @Test func osReleases() throws {
        let files = samples("os-release")
        var unknown: [String] = []
        for file in files where file.path.contains("os-release") {
            let release = try OSRelease(file.bytes, name: file.path)
            if release.family == nil { unknown.append("\(file.path): \(release.id)") }
        }
        #expect(unknown.count * 4 <= files.count, "\(unknown)")
    }

    @Test func fstabs() throws {
        for file in samples("util-linux") + samples("augeas-root") where file.path.hasSuffix("fstab") {
            let fstab = try Fstab(file.bytes, name: file.path)
            #expect(!fstab.entries.isEmpty, "\(file.path)")
        }
    }

    @Test func ifcfgs() throws {
        for file in samples("NetworkManager/ifcfg-rh/tests/network-scripts")
        where file.path.hasPrefix("ifcfg-") {
            let ifcfg = try IfcfgFile(ConfigurationFile(path: file.path, bytes: file.bytes), dialect: .redHat)
            #expect(!ifcfg.values.assignments.isEmpty || file.bytes.count < 40, "\(file.path)")
            #expect(ifcfg.values.otherLines.isEmpty || file.path.contains("test-"), "\(file.path)")
        }
        for file in samples("wicked") where file.path.contains("ifcfg-") {
            _ = try IfcfgFile(ConfigurationFile(path: file.path, bytes: file.bytes), dialect: .suse)
                .configuration
        }
    }

    @Test func keyfilesAndInterfaces() throws {
        for file in samples("NetworkManager/keyfile/tests/keyfiles") {
            let profile = try NetworkManagerKeyfile(file.bytes, name: file.path)
            #expect(profile.file.invalidLine == nil, "\(file.path)")
        }
        for file in samples("NetworkManager/ifupdown/tests") where file.path.hasPrefix("test") {
            _ = try InterfacesFile(ConfigurationFile(path: file.path, bytes: file.bytes)) {
                (_) throws(ImageFault) in []
            }
        }
    }

    @Test func netplans() {
        var refused: [String] = []
        for file in samples("netplan") where file.path.hasSuffix(".yaml") {
            let plan = NetplanConfiguration(files: [ConfigurationFile(path: file.path, bytes: file.bytes)])
            if plan.isRefused != .no { refused.append("\(file.path): \(plan.faults)") }
        }
        #expect(refused.isEmpty, "\(refused)")
    }

    @Test func networkdFuzzCorpus() throws {
        for file in samples("systemd/fuzz/fuzz-network-parser") {
            _ = NetworkdFile(try UnitFile(file.bytes, name: file.path)).configuration
        }
        for file in samples("systemd/test-fstab-generator") where file.path.hasSuffix(".input") {
            for entry in try Fstab(file.bytes, name: file.path).entries { _ = entry.systemdPlan }
        }
    }

    @Test func sshdOfAugeas() throws {
        for sample in samples("augeas-root") where sample.path.hasSuffix("sshd_config") {
            let config = try SSHDaemonConfiguration(ConfigurationFile(path: sample.path, bytes: sample.bytes))
            {
                (_) throws(ImageFault) in []
            }
            #expect(!config.isRefused, "\(config.problems)")
        }
    }
}

/// Whole root file systems, unpacked.
@Suite(.enabled(if: !Surroundings.roots.isEmpty)) struct RealSystemTests {
    @Test(arguments: Surroundings.roots) func everythingParses(root: String) throws {
        func read(_ path: String) -> Bytes? { Surroundings.read(root + path) }
        let release = try OSRelease(try #require(read("/etc/os-release") ?? read("/usr/lib/os-release")))
        #expect(release.family == .debian)
        let fstab = try Fstab(try #require(read("/etc/fstab")))
        #expect(fstab.rejected.isEmpty)
        let passwd = try PasswdFile(try #require(read("/etc/passwd")))
        #expect(passwd["root"]?.uid == 0)
        #expect(passwd.rejected.isEmpty)
        let shadow = try ShadowFile(try #require(read("/etc/shadow")))
        #expect(shadow.entries.count == passwd.accounts.count)
        let sshd = try SSHDaemonConfiguration(
            ConfigurationFile(path: "/etc/ssh/sshd_config", bytes: try #require(read("/etc/ssh/sshd_config")))
        ) { (pattern) throws(ImageFault) in
            let directory = "/etc/ssh/sshd_config.d"
            guard pattern == directory + "/*.conf" else { return [] }
            return Surroundings.files(below: root + directory).map {
                ConfigurationFile(path: directory + "/" + $0.path, bytes: $0.bytes)
            }
        }
        #expect(!sshd.isRefused)
        let clock = ContinuousClock()
        let status = try #require(read("/var/lib/dpkg/status"))
        var packages: DpkgStatus?
        let time = try clock.measure { packages = try DpkgStatus(status) }
        print("dpkg status of \(status.count) bytes in \(time)")
        #expect((packages?.packages.count ?? 0) > 100)
        #expect(packages?.broken.isEmpty == true)
        if let bytes = read("/etc/network/interfaces") {
            let interfaces = try InterfacesFile(
                ConfigurationFile(path: "/etc/network/interfaces", bytes: bytes)
            ) {
                (_) throws(ImageFault) in []
            }
            #expect(interfaces.problems.isEmpty)
        }
        let cloud = Surroundings.files(below: root + "/etc/cloud/cloud.cfg.d").filter {
            $0.path.hasSuffix(".cfg")
        }
        if let main = read("/etc/cloud/cloud.cfg") {
            let config = CloudConfig(
                files: [ConfigurationFile(path: "/etc/cloud/cloud.cfg", bytes: main)]
                    + cloud.map {
                        ConfigurationFile(path: "/etc/cloud/cloud.cfg.d/" + $0.path, bytes: $0.bytes)
                    })
            #expect(config.faults.isEmpty)
            #expect(config.runsModule("growpart"))
        }
    }
}
