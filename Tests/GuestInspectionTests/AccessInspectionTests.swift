import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats
import Testing

@testable import GuestInspection

@Suite struct AccessInspectionTests {
    private static let key =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"

    /// A guest of `release` with these files; a text that begins with `->` is a link.
    private func guest(
        _ release: String, _ files: [String: String], _ change: (inout LabelledFileSystem) -> Void = { _ in }
    ) -> LinuxFacts {
        var disk = LabelledFileSystem()
        disk.base.system()
        var all = [
            "etc/os-release": release,
            "etc/passwd": "root:x:0:0::/root:/bin/sh\nsshd:x:74:74::/:/sbin/nologin\n",
            "etc/shadow": "root:$6$abcdefgh$0123456789abcdef:19000:0:99999:7:::\n",
            "etc/group": "root:x:0:\n",
            "usr/sbin/sshd": "x",
        ]
        all.merge(files) { $1 }
        for (path, text) in all.sorted(by: { $0.key < $1.key }) {
            if text.hasPrefix("->") {
                disk.base.replace(path, with: nil)
                disk.base.add(GuestPath(path), .link(String(text.dropFirst(2))))
            } else {
                // The skeleton has some of the files: a second of the name would not be found.
                disk.base.replace(path, with: text)
            }
        }
        change(&disk)
        let volume = Compose.partition(1, "ext4", uuid: "feed")
        return LinuxInspection(
            layout: Compose.layout([volume], [:]), root: volume.id, fileSystem: disk, subvolume: nil,
            now: 1_795_400_000
        ).inspect()
    }

    private static let debian12 = "ID=debian\nVERSION_ID=\"12\"\n"

    private func root(_ facts: LinuxFacts) throws -> AccountFacts {
        try #require(facts.access.accounts.value?.first { $0.name == "root" })
    }

    @Test func programsThatMakeAccounts() {
        let facts = guest(
            Self.debian12, ["usr/bin/passwd": "x", "usr/sbin/chpasswd": "x", "usr/sbin/adduser": "x"])
        let tools = Dictionary(grouping: facts.access.accountTools, by: \.name).compactMapValues(\.first)
        #expect(Set(tools.keys) == ["passwd", "chpasswd", "useradd", "groupadd"])
        #expect(tools["chpasswd"]?.path == "/usr/sbin/chpasswd")
        // BusyBox has them under other names.
        #expect(tools["useradd"]?.path == "/usr/sbin/adduser")
        #expect(tools["groupadd"]?.path == nil)
        #expect(tools["groupadd"]?.starts == .no)
        #expect(tools["passwd"]?.isSetUID == false)
    }

    // MARK: sshd

    @Test(
        "Trap 59: what PermitRootLogin is without a line depends on version and distribution",
        arguments: [
            ("ID=debian\nVERSION_ID=\"8\"\n", "yes"), ("ID=debian\nVERSION_ID=\"12\"\n", "prohibit-password"),
            ("ID=ubuntu\nVERSION_ID=\"14.04\"\n", "yes"),
            ("ID=ubuntu\nVERSION_ID=\"16.04\"\n", "prohibit-password"),
            ("ID=\"sles\"\nVERSION_ID=\"15.4\"\n", "yes"),
            ("ID=\"sles\"\nVERSION_ID=\"16.0\"\n", "prohibit-password"),
            ("ID=\"centos\"\nVERSION_ID=\"6\"\n", "yes"),
            ("ID=\"rocky\"\nVERSION_ID=\"9.4\"\n", "prohibit-password"),
        ])
    func rootLogin(release: String, expected: String) {
        let facts = guest(release, ["etc/ssh/sshd_config": "Port 22\n"])
        #expect(facts.access.ssh.permitRootLogin?.value == expected)
    }

    @Test("Trap 59: the first line wins, and what is included comes first") func includesComeFirst() throws {
        let facts = guest(
            AccessInspectionTests.debian12,
            [
                "etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\nPermitRootLogin no\n",
                "etc/ssh/sshd_config.d/50-a.conf": "PermitRootLogin yes\n",
            ])
        #expect(facts.access.ssh.permitRootLogin?.value == "yes")
        #expect(facts.access.ssh.permitRootLogin?.evidence.path == "/etc/ssh/sshd_config.d/50-a.conf")
        #expect(try root(facts).sshWithPassword == .yes)
    }

    @Test func theVendorsFileHoldsWithoutTheAdministrators() {
        let facts = guest(
            "ID=\"opensuse-tumbleweed\"\nVERSION_ID=\"20260101\"\n",
            ["usr/etc/ssh/sshd_config": "PermitRootLogin no\n"])
        #expect(facts.access.ssh.permitRootLogin?.value == "no")
    }

    @Test("Trap 60: what stands behind a Match belongs to it") func matchSwallows() throws {
        let facts = guest(
            AccessInspectionTests.debian12,
            [
                "etc/ssh/sshd_config":
                    "PermitRootLogin yes\nMatch User backup\nPasswordAuthentication no\nPermitTTY no\n"
            ])
        #expect(try root(facts).sshWithPassword == .yes)
        let broken = guest(
            AccessInspectionTests.debian12,
            ["etc/ssh/sshd_config": "Match User backup\nX11Forwarding no\nPort 22\n"])
        #expect(broken.access.ssh.errors.map(\.code) == ["notAllowedInMatch"])
    }

    @Test("Trap 61: AllowUsers, hosts.deny and access.conf keep root out") func lockedOut() throws {
        let listed = guest(
            AccessInspectionTests.debian12, ["etc/ssh/sshd_config": "PermitRootLogin yes\nAllowUsers admin\n"]
        )
        #expect(try root(listed).sshWithKey == .no)
        #expect(try root(listed).refusedBy?.line == 2)
        let pam = [
            "etc/ssh/sshd_config": "PermitRootLogin yes\nUsePAM yes\n",
            "etc/pam.d/sshd":
                "auth required pam_unix.so\naccount required pam_access.so\naccount required pam_unix.so\n",
            "lib/security/pam_unix.so": "x", "lib/security/pam_access.so": "x",
            "etc/security/access.conf": "+ : admin : ALL\n- : ALL EXCEPT admin : ALL\n",
        ]
        let table = guest(AccessInspectionTests.debian12, pam)
        #expect(table.access.ssh.usesPAM == .yes)
        #expect(try root(table).sshWithKey == .no)
        #expect(try root(table).refusedBy?.path == "/etc/security/access.conf")
        let tables = guest(AccessInspectionTests.debian12, ["etc/hosts.deny": "ALL: ALL\n"])
        // Whether this server is linked with the wrappers could not be read.
        #expect(tables.access.obstacles.map(\.code) == ["hostsDenyUnknown"])
        let login = guest(
            AccessInspectionTests.debian12,
            pam.merging([
                "etc/pam.d/sshd": "account [success=ok ignore=ignore default=die] pam_oslogin_login.so\n"
                    + "account required pam_unix.so\nauth required pam_unix.so\n",
                "lib/security/pam_oslogin_login.so": "x",
            ]) { $1 })
        #expect(login.access.obstacles.map(\.code) == ["osLogin"])
        #expect(try root(login).sshWithKey == .unknown)
    }

    @Test func argumentsGoBeforeTheFile() {
        let facts = guest(
            "ID=\"centos\"\nVERSION_ID=\"7\"\n",
            [
                "etc/ssh/sshd_config": "Port 22\nPermitRootLogin no\n",
                "etc/sysconfig/sshd": "OPTIONS=\"-p 2222 -o PermitRootLogin=yes\"\n",
            ])
        #expect(facts.access.ssh.ports.map(\.value).first == 2222)
        #expect(facts.access.ssh.permitRootLogin?.value == "yes")
        #expect(facts.access.ssh.permitRootLogin?.evidence.path == "/etc/sysconfig/sshd")
    }

    @Test func withoutItsFileTheServerExits() {
        #expect(guest(Self.debian12, [:]).access.ssh.errors.map(\.code) == ["noConfiguration"])
        #expect(guest(Self.debian12, ["etc/ssh/sshd_config": ""]).access.ssh.errors.isEmpty)
    }

    @Test func accountsThatAreNotFound() {
        func codes(_ table: String, _ more: [String: String] = [:]) -> [String] {
            let files = ["etc/ssh/sshd_config": "", "etc/nsswitch.conf": table].merging(more) { $1 }
            let ssh = guest(Self.debian12, files).access.ssh
            return ssh.obstacles.map(\.code) + ssh.doubts.map(\.code)
        }
        #expect(codes("passwd: compat systemd\n") == [])
        #expect(codes("group: sss\n") == [])
        #expect(codes("passwd: sss # files\n") == ["noPrivilegeSeparationUser"])
        // What a directory knows is not in the image.
        #expect(codes("passwd: sss\n", ["lib/libnss_sss.so.2": "x"]) == ["accountsElsewhere"])
    }

    @Test func keysThatDoNotCount() throws {
        func account(_ line: String, _ configuration: String = "") throws -> AccountFacts {
            try root(
                guest(
                    Self.debian12,
                    ["etc/ssh/sshd_config": configuration, "root/.ssh/authorized_keys": line + "\n"]))
        }
        #expect(try account(Self.key).authorizedKeys == 1)
        let expired = try account("expiry-time=\"20240101\" " + Self.key)
        #expect(expired.authorizedKeys == 0)
        #expect(expired.keyProblems.map(\.code) == ["expiredKey"])
        #expect(try account("from=\"10.0.0.0/8\" " + Self.key).restrictedKeys.count == 1)
        let other = try account(Self.key, "PubkeyAcceptedKeyTypes ssh-rsa\n")
        #expect(other.keyProblems.map(\.code) == ["refusedKeyType"])
        #expect(try account(Self.key, "AuthenticationMethods gssapi-with-mic\n").sshWithKey == .no)
        #expect(try account(Self.key, "AuthenticationMethods publickey,password\n").sshWithKey == .unknown)
        let forced = try account(Self.key, "Match User root\nForceCommand /usr/sbin/nologin\n")
        #expect(forced.sshWithKey == .no)
        #expect(forced.refusedBy?.line == 2)
        #expect(try account(Self.key, "ForceCommand /usr/bin/record\n").sshWithKey != .no)
    }

    @Test func anAddressFamily() {
        let ssh = guest(Self.debian12, ["etc/ssh/sshd_config": "AddressFamily inet6\n"]).access.ssh
        #expect(ssh.addressFamily?.value == "inet6")
        #expect(guest(Self.debian12, ["etc/ssh/sshd_config": ""]).access.ssh.addressFamily == nil)
    }

    @Test func aLockedPasswordWithoutPAMRefusesKeys() throws {
        let files = [
            "etc/ssh/sshd_config": "PermitRootLogin yes\nUsePAM no\n",
            "root/.ssh/authorized_keys": AccessInspectionTests.key,
        ]
        func key(_ field: String) throws -> Answer {
            let facts = guest(
                "ID=alpine\nVERSION_ID=3.20.1\n",
                files.merging(["etc/shadow": "root:\(field):19000:0:99999:7:::\n"]) { $1 })
            #expect(facts.access.ssh.usesPAM == .no)
            return try root(facts).sshWithKey
        }
        #expect(try key("!") == .no)
        #expect(try key("*") == .yes)
    }

    @Test func dropbearHasOptionsInsteadOfAFile() throws {
        let facts = guest(
            "ID=alpine\nVERSION_ID=3.20.1\n",
            ["usr/sbin/dropbear": "x", "etc/conf.d/dropbear": "DROPBEAR_OPTS=\"-g -p 2022 -R\"\n"]
        ) { $0.base.replace("usr/sbin/sshd", with: nil) }
        #expect(facts.access.ssh.server == "/usr/sbin/dropbear")
        #expect(facts.access.ssh.ports.map(\.value) == [2022])
        #expect(facts.access.ssh.hostKeyGenerator != nil)
        #expect(try root(facts).sshWithPassword == .no)
        #expect(try root(facts).sshWithKey == .yes)
    }

    // MARK: Host keys

    @Test func modesOfHostKeys() {
        func refused(_ release: String, _ mode: UInt16, owner: UInt32 = 0, group: UInt32 = 0) -> Bool {
            let facts = guest(
                release, ["etc/ssh/ssh_host_ed25519_key": "x", "etc/group": "root:x:0:\nssh_keys:x:998:\n"]
            ) { $0.modes["/etc/ssh/ssh_host_ed25519_key"] = (mode, owner, group) }
            return facts.access.ssh.obstacles.contains { $0.code == "hostKeyPermissions" }
        }
        #expect(!refused(AccessInspectionTests.debian12, 0o600))
        #expect(refused(AccessInspectionTests.debian12, 0o640, group: 998))
        #expect(refused(AccessInspectionTests.debian12, 0o644))
        #expect(!refused("ID=\"rocky\"\nVERSION_ID=\"8.9\"\n", 0o640, group: 998))
        #expect(refused("ID=\"rocky\"\nVERSION_ID=\"8.9\"\n", 0o640))
        // sshd looks at the modes of its own keys only.
        #expect(!refused(AccessInspectionTests.debian12, 0o644, owner: 5))
    }

    @Test func initScriptsMakeHostKeys() {
        let script = ["etc/init.d/sshd": "#!/bin/sh\ndo_rsa_keygen() { ssh-keygen -q -t rsa; }\n"]
        let facts = guest("ID=\"centos\"\nVERSION_ID=\"6\"\n", script)
        #expect(facts.access.ssh.hostKeyGenerator?.path == "/etc/init.d/sshd")
        let off = script.merging(["etc/sysconfig/sshd": "AUTOCREATE_SERVER_KEYS=NO\n"]) { $1 }
        #expect(guest("ID=\"centos\"\nVERSION_ID=\"6\"\n", off).access.ssh.hostKeyGenerator == nil)
    }

    // MARK: PAM

    private static let debianPAM = [
        "etc/ssh/sshd_config": "PermitRootLogin yes\nUsePAM yes\n",
        "etc/pam.d/sshd": "@include common-auth\naccount required pam_nologin.so\n@include common-account\n",
        "etc/pam.d/common-auth":
            "auth\t[success=1 default=ignore]\tpam_unix.so nullok\nauth\trequisite\tpam_deny.so\nauth\trequired\tpam_permit.so\n",
        "etc/pam.d/common-account":
            "account\t[success=1 new_authtok_reqd=done default=ignore]\tpam_unix.so\naccount\trequisite\tpam_deny.so\n"
            + "account\trequired\tpam_permit.so\n",
        "lib/security/pam_unix.so": "x", "lib/security/pam_deny.so": "x", "lib/security/pam_permit.so": "x",
        "lib/security/pam_nologin.so": "x",
    ]

    @Test func pamOfDebianLetsIn() throws {
        let facts = guest(AccessInspectionTests.debian12, AccessInspectionTests.debianPAM)
        #expect(facts.access.obstacles.isEmpty)
        #expect(try root(facts).sshWithPassword == .yes)
    }

    @Test func pamOfRedHatWithDirectories() throws {
        let stack = """
            auth required pam_env.so
            auth sufficient pam_unix.so nullok
            auth sufficient pam_sss.so forward_pass
            auth required pam_deny.so
            account required pam_unix.so
            account sufficient pam_localuser.so
            account [default=bad success=ok user_unknown=ignore] pam_sss.so
            account required pam_permit.so

            """
        var files = AccessInspectionTests.debianPAM
        files["etc/pam.d/sshd"] =
            "auth substack password-auth\naccount required pam_nologin.so\naccount include password-auth\n"
        files["etc/pam.d/password-auth"] = stack
        for name in ["env", "sss", "localuser"] { files["lib/security/pam_\(name).so"] = "x" }
        let facts = guest("ID=\"rhel\"\nVERSION_ID=\"8.6\"\n", files)
        #expect(facts.access.obstacles.isEmpty)
        #expect(try root(facts).sshWithPassword == .yes)
    }

    @Test func aModuleThatIsGoneRefuses() throws {
        var files = AccessInspectionTests.debianPAM
        files["etc/pam.d/common-account"] = "account required pam_tally2.so\naccount required pam_unix.so\n"
        let facts = guest(AccessInspectionTests.debian12, files)
        #expect(facts.access.obstacles.map(\.code) == ["pamModuleMissing"])
        #expect(try root(facts).sshWithKey == .no)
        files["etc/pam.d/common-account"] = "account optional pam_tally2.so\naccount required pam_unix.so\n"
        #expect(guest(AccessInspectionTests.debian12, files).access.obstacles.isEmpty)
        files["etc/pam.d/common-account"] = nil
        let broken = guest(AccessInspectionTests.debian12, files)
        #expect(broken.access.obstacles.first?.message.contains("common-account") == true)
    }

    @Test func nologinCountsWhereSomethingReadsIt() {
        var files = AccessInspectionTests.debianPAM
        files["etc/nologin"] = "closed\n"
        #expect(guest(AccessInspectionTests.debian12, files).access.obstacles.map(\.code) == ["nologin"])
        files["etc/pam.d/sshd"] = "@include common-auth\n@include common-account\n"
        #expect(guest(AccessInspectionTests.debian12, files).access.obstacles.isEmpty)
    }

    // MARK: Keys, SELinux, secrets

    @Test("Trap 72: keys outside /home, and a program that is asked for them") func keysElsewhere() throws {
        let facts = guest(
            AccessInspectionTests.debian12,
            [
                "etc/passwd":
                    "root:x:0:0::/root:/bin/sh\nsshd:x:74:74::/:/sbin/nologin\ndeploy:x:1000:1000::/opt/deploy:/bin/sh\n",
                "etc/ssh/sshd_config":
                    "AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/authorized_keys/%u\nAuthorizedKeysCommand /usr/bin/keys\n",
                "opt/deploy/.ssh/authorized_keys": AccessInspectionTests.key,
                "etc/ssh/authorized_keys/root":
                    "command=\"/bin/backup\" \(AccessInspectionTests.key)\n\(AccessInspectionTests.key)\n",
            ])
        let accounts = try #require(facts.access.accounts.value)
        #expect(accounts.first { $0.name == "deploy" }?.authorizedKeys == 1)
        #expect(try root(facts).authorizedKeys == 1)
        #expect(try root(facts).forcedKeys == 1)
        #expect(facts.access.ssh.keysCommand?.value == "/usr/bin/keys")
    }

    private func selinux(_ config: String, _ change: (inout LabelledFileSystem) -> Void = { _ in })
        -> SelinuxFacts?
    {
        guest(
            "ID=\"rocky\"\nVERSION_ID=\"9.4\"\n",
            ["etc/selinux/config": config, "etc/selinux/targeted/policy/policy.33": "x"], change
        ).operation.selinux
    }

    @Test("Trap 64: files without a label where SELinux enforces") func labels() {
        let text = "SELINUX=enforcing\nSELINUXTYPE=targeted\n"
        let good = selinux(text) {
            for path in ["/", "/etc/passwd", "/etc/shadow", "/usr/sbin/sshd"] {
                $0.labels[path] = "system_u:object_r:etc_t:s0"
            }
        }
        #expect(good?.unlabelled == [])
        let edited = selinux(text) {
            $0.labels = [
                "/": "system_u:object_r:root_t:s0", "/etc/passwd": "system_u:object_r:unlabeled_t:s0",
            ]
            $0.unreadable = ["/usr/sbin/sshd"]
        }
        #expect(edited?.unlabelled == ["/etc/passwd", "/etc/shadow"])
        #expect(edited?.unreadLabels == ["/usr/sbin/sshd"])
        #expect(selinux("SELINUX=permissive\n")?.unlabelled == [])
    }

    @Test("Trap 65: a type that has no policy") func policyTypes() {
        #expect(selinux("SELINUX=enforcing\nSELINUXTYPE=targeted\n")?.policyPresent == .yes)
        let typo = selinux("SELINUX=enforcing\nSELINUXTYPE=disabled\n")
        #expect(typo?.mode.value == .enforcing)
        #expect(typo?.policyPresent == .no)
    }

    @Test("Trap 66: SELINUX=disabled is off, and the first line that is understood counts") func modes() {
        #expect(selinux("SELINUX=disabled\n")?.mode.value == .disabled)
        #expect(
            selinux("SELINUX=off\nSELINUX=Disabled # by hand\nSELINUX=enforcing\n")?.mode.value == .disabled)
        #expect(selinux(" SELINUX=enforcing\n")?.mode.value == .permissive)
        #expect(selinux("SELINUX=disabled\n")?.contradiction == nil)
    }

    @Test("Trap 106: no hash, key or password gets into the facts") func secretsStayWhereTheyAre() throws {
        let facts = guest(
            AccessInspectionTests.debian12,
            [
                "etc/shadow":
                    "root:$6$saltsalt$VERYSECRETHASH0123456789:19000:0:99999:7:::\n$6$x$LONEHASH0123456\n",
                "etc/passwd": "root:$1$saltsalt$OLDHASH0123456789abcd:0:0::/root:/bin/sh\n",
                "root/.ssh/authorized_keys": AccessInspectionTests.key,
                "root/.ssh/id_rsa": "PRIVATEKEYMATERIAL",
                "root/.aws/credentials": "aws_secret_access_key = TOPSECRET",
            ])
        let text = "\(facts)"
        for secret in [
            "VERYSECRETHASH", "LONEHASH", "OLDHASH", "OMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
            "PRIVATEKEYMATERIAL",
            "TOPSECRET",
        ] {
            #expect(!text.contains(secret), "\(secret)")
        }
        #expect(facts.hygiene.secrets.compactMap(\.path).contains("/root/.ssh/id_rsa"))
    }

    @Test func clocksOfTheFamilies() throws {
        func clock(_ files: [String: String]) -> (utc: Bool?, conflict: Bool?) {
            let operation = guest("ID=\"centos\"\nVERSION_ID=\"6\"\n", files).operation
            return (operation.rtcInUTC.value?.value, operation.rtcConflict?.value)
        }
        #expect(clock(["etc/sysconfig/clock": "ZONE=\"Asia/Shanghai\"\nUTC=false\n"]).utc == false)
        let both = clock(["etc/sysconfig/clock": "HWCLOCK=\"-u\"\n", "etc/adjtime": "0.0 0 0.0\n0\nLOCAL\n"])
        #expect(both.utc == true)
        #expect(both.conflict == false)
        let systemd = clock([
            "lib/systemd/systemd": "x", "sbin/init": "->/lib/systemd/systemd",
            "etc/sysconfig/clock": "UTC=false\n",
        ])
        #expect(systemd.utc == true)
    }
}
