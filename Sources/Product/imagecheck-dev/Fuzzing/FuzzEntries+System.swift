import ByteReading
import GuestFormats

/// Configuration of the guest: who may come in, what starts, what it is.
extension FuzzEntries {
    static let access: [FuzzEntry] = [
        FuzzEntry(
            "sshd",
            seed: """
                Port=22
                Include a b
                Match User "a b",!c Address 1
                 AllowUsers x@y
                PermitRootLogin no
                ListenAddress [::1]:22

                """
        ) { data in
            let included = ConfigurationFile(path: "y", bytes: data.dropFirst(8))
            let configuration = try SSHDaemonConfiguration(ConfigurationFile(path: "x", bytes: data)) {
                (_) throws(ImageFault) in [included]
            }
            _ = (configuration.rootLogin(version: nil), configuration.listenAddresses)
            _ = configuration.admits(user: "root", groups: nil)
            _ = OpenSSHVersion(data.textToNUL)
        },
        FuzzEntry("passwd", seed: "root:x:0:0:x:/root:/bin/sh\nu:*:1000:1::/:\n") {
            _ = try PasswdFile($0)["root"]
        },
        FuzzEntry("shadow", seed: "root:$6$saltsalt$abc:1:0:99999:7:::\nu:!:1:2:3:4:5:6:7\n") {
            _ = try ShadowFile($0)["u"]?.isExpired(onDay: 20_000)
            _ = try ShadowFile($0)["root"]?.mustChangePassword(onDay: 20_000)
        },
        FuzzEntry("group", seed: "root:x:0:\nwheel:x:10:a,b\n") { _ = try GroupFile($0).groups },
        FuzzEntry(
            "authorized-keys", seed: "from=\"a,b\",command=\"x \\\" y\" ssh-rsa AAAA c\nssh-ed25519 B\n"
        ) {
            _ = try AuthorizedKeys($0, name: "x").keys
        },
        FuzzEntry("hosts-access", seed: "sshd: ALL EXCEPT 1.2.3. : deny\nALL: \\\n LOCAL\n") {
            _ = try HostsAccess(allow: $0, deny: $0).admits("sshd")
        },
    ]

    static let systemd: [FuzzEntry] = [
        FuzzEntry("unit", seed: "[Unit]\nWants=\"a b\" c\\\n#x\n d\n[Install]\nWantedBy=multi-user.target\n")
        {
            let unit = try UnitFile($0, name: "x.service")
            _ = unit.merging([unit]).words("Unit", "Wants")
            _ = UnitName($0.textToNUL)?.expanded("%i%%%j")
        },
        FuzzEntry("preset", seed: "enable a*.service\ndisable b@.service c\n") {
            _ = try PresetPolicy(files: [ConfigurationFile(path: "x", bytes: $0)]).enables("b@c.service")
        },
        FuzzEntry("machine-id", seed: "0123456789abcdef0123456789abcdef\n") { _ = FirstBoot(machineID: $0) },
        FuzzEntry("inittab", seed: "id:3:initdefault:\nsi::sysinit:/etc/rc\n1:2345:respawn:/sbin/getty\n") {
            _ = try Inittab($0).defaultRunlevel
        },
    ]

    static let system: [FuzzEntry] = [
        FuzzEntry(
            "cloud-config", seed: "datasource_list: [A, None]\ngrowpart: {mode: off}\nusers:\n - name: x\n"
        ) {
            let configuration = CloudConfig(files: [ConfigurationFile(path: "x", bytes: $0)])
            _ = (configuration.datasources, configuration.growpartMode, configuration.users)
            _ = (configuration.modules("init"), configuration.options(ofDatasource: "A"))
        },
        FuzzEntry(
            "ds-identify", seed: "datasource: A\npolicy: search,found=all,maybe=none,notfound=disabled\n"
        ) {
            _ = try DsIdentifyConfiguration($0).isOffWhenNotFound
        },
        FuzzEntry("cloud-init-version", seed: "__VERSION__ = '1.2a3'\n_PACKAGED_VERSION = '@@P@@'\n") {
            _ = try CloudInitVersion.inModule($0, name: "x")
            _ = CloudInitVersion($0.textToNUL) < CloudInitVersion("22.4-1ubuntu2")
        },
        FuzzEntry("os-release", seed: "NAME=\"A b\"\nID=debian\nVERSION_ID='12'\n") {
            _ = try OSRelease($0).family
        },
        FuzzEntry("release-files", seed: "CentOS Linux release 7.9 (Core)\nVERSION = 1\nDISTRIB_ID=Ubuntu\n")
        {
            _ = try ReleaseFiles.redHat($0, name: "x")
            _ = try ReleaseFiles.suse($0)
            _ = try ReleaseFiles.lsb($0)
            _ = try ReleaseFiles.debianVersion($0)
            _ = try ReleaseFiles.bareVersion($0, id: "alpine", name: "x")
        },
        FuzzEntry("selinux", seed: "SELINUX=enforcing\nSELINUXTYPE=targeted\n") {
            _ = try SelinuxConfiguration($0).effectiveMode(commandLine: ["enforcing=0"])
        },
        FuzzEntry("clock", seed: "0.0 0 0.0\n0\nUTC\nZONE=\"A/B\"\nUTC=yes\n") {
            _ = try ClockFiles.adjtime($0)
            _ = try ClockFiles.assignments($0, name: "x")
            _ = try ClockFiles.zone($0, name: "x")
            _ = try ClockFiles.timezone($0)
            _ = ClockFiles.zone(linkTarget: $0.textToNUL)
        },
        FuzzEntry("dpkg", seed: "Package: a\nStatus: install ok installed\nVersion: 1:2~3-4\n\nPackage: b\n")
        {
            for package in try DpkgStatus($0).packages {
                _ = DebianVersion(package.version) < DebianVersion("1~")
            }
        },
        FuzzEntry("rpm-version", seed: "1.2~rc3-4^git\n1.2-4") { data in
            let lines = data.split(separator: 0x0A, maxSplits: 1).map { String(decoding: $0, as: UTF8.self) }
            guard lines.count == 2 else { return }
            _ = RPMVersion.compare(lines[0], lines[1])
            _ = RPMVersion.compareEntryNames(lines[0], lines[1])
        },
    ]
}
