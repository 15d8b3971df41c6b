import ByteReading
import Foundation
import Testing

@testable import GuestFormats

@Suite struct SystemFilesTests {
    @Test func shellAssignments() throws {
        let values = try ShellAssignments(
            configBytes(
                """
                # comment
                A="one two" # tail
                B='$A'
                C="$A three"
                export D=${A}x
                E=a\\ b"c"'d'
                F=first
                F+=" second"
                G=$(rm -rf /)
                H=${UNSET:-x}
                I=x; J=y
                K=temporary command
                L="line one
                line two"
                M=a\\
                b
                if [ x ]; then
                N=conditional
                fi
                O=
                P="a\\"b\\$c\\n"
                """), name: "/etc/default/x")
        #expect(values.value("A") == "one two")
        #expect(values.value("B") == "$A")
        #expect(values.value("C") == "one two three")
        #expect(values.value("D") == "one twox")
        #expect(values.value("E") == "a bcd")
        #expect(values.value("F") == "first second")
        #expect(values["G"]?.isExact == false)
        #expect(values["H"]?.isExact == false)
        #expect(values.value("I") == "x")
        #expect(values.value("J") == "y")
        #expect(values["K"] == nil)
        #expect(values.value("L") == "line one\nline two")
        #expect(values.value("M") == "ab")
        #expect(values["N"]?.isConditional == true)
        #expect(values.value("O")?.isEmpty == true)
        #expect(values["O"]?.isConditional == false)
        #expect(values.value("P") == "a\"b$c\\n")
        #expect(values["A"]?.source.line == 2)
        #expect(values.otherLines.map(\.line).contains(12))
    }

    @Test func doublingValuesEnd() throws {
        var text = "A=xxxxxxxxxxxxxxxx\n"
        for _ in 0..<20000 { text += "A=$A$A\nB+=$A\n" }
        let values = try ShellAssignments(configBytes(text), name: "x")
        #expect(values["A"]?.isExact == false)
    }

    @Test func osRelease() throws {
        let release = try OSRelease(
            configBytes(
                "NAME=\"Red Hat\"\nID=\"rhel\"\nID_LIKE='fedora x'\nVERSION_ID=9.4\nPRETTY_NAME=\"A \\\"b\\\" $c\"\n# c\n; d\nEMPTY=\n"
            ))
        #expect(release.id == "rhel")
        #expect(release.idLike == ["fedora", "x"])
        #expect(release.prettyName == "A \"b\" $c")
        #expect(release["EMPTY"] == nil)
        #expect(release.family == .rhel)
        #expect(try OSRelease(configBytes("ID=foo\nID_LIKE=\"bar debian\"\n")).family == .debian)
        #expect(try OSRelease(configBytes("")).id == "linux")
        #expect(try OSRelease(configBytes("ID=debian\r\n")).id == "debian")
        #expect(DistributionFamily(id: "openeuler") == .rhel)
        #expect(DistributionFamily.isAmbiguous(id: "kylin"))
    }

    @Test(arguments: [
        ("CentOS release 6.10 (Final)\n", "centos", "6.10", "Final"),
        ("Red Hat Enterprise Linux Server release 7.9 (Maipo)\n", "rhel", "7.9", "Maipo"),
        ("CentOS Linux release 7.9.2009 (Core)\n", "centos", "7.9.2009", "Core"),
        ("Oracle Linux Server release 8.9\n", "ol", "8.9", nil as String?),
    ])
    func redHatRelease(text: String, id: String, version: String, codename: String?) throws {
        let release = try #require(try ReleaseFiles.redHat(configBytes(text), name: "/etc/redhat-release"))
        #expect(release.id == id)
        #expect(release.version == version)
        #expect(release.codename == codename)
    }

    @Test func otherReleaseFiles() throws {
        let suse = try ReleaseFiles.suse(
            configBytes("SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n"))
        #expect(suse?.version == "11.4")
        #expect(suse?.id == "sles")
        #expect(try ReleaseFiles.debianVersion(configBytes("12.5\n"))?.version == "12.5")
        #expect(try ReleaseFiles.debianVersion(configBytes("bookworm/sid\n"))?.isRelease == false)
        #expect(
            try ReleaseFiles.lsb(configBytes("DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=14.04\n"))?.version
                == "14.04")
        #expect(
            try ReleaseFiles.bareVersion(configBytes("3.19.1\n"), id: "alpine", name: "x").version == "3.19.1"
        )
    }

    @Test func clock() throws {
        #expect(try ClockFiles.adjtime(configBytes("0.0 0 0.0\n0\nLOCAL\n")).isUTC == false)
        #expect(try ClockFiles.adjtime(configBytes("0.0 0 0.0\n0\nUTC\n")).source?.line == 3)
        #expect(try ClockFiles.adjtime(configBytes("0.0 0 0.0\n")).isUTC)
        #expect(try ClockFiles.assignments(configBytes("UTC=no\n"), name: "x")?.isUTC == false)
        #expect(
            try ClockFiles.assignments(configBytes("HWCLOCK=\"--localtime\"\n"), name: "x")?.isUTC == false)
        #expect(try ClockFiles.assignments(configBytes("clock=\"UTC\"\n"), name: "x")?.isUTC == true)
        #expect(ClockFiles.zone(linkTarget: "../usr/share/zoneinfo/Asia/Shanghai") == "Asia/Shanghai")
        #expect(ClockFiles.zone(linkTarget: "/usr/share/zoneinfo/posix/UTC") == "UTC")
        #expect(ClockFiles.zone(linkTarget: "/etc/zone") == nil)
        #expect(try ClockFiles.timezone(configBytes("# c\nEtc/UTC\n"))?.zone == "Etc/UTC")
    }

    @Test func trap65SelinuxTypes() throws {
        let config = try SelinuxConfiguration(
            configBytes("# SELINUX=x\nSELINUX=enforcing \nSELINUXTYPE=disabled\n"))
        #expect(config.mode == .enforcing)
        #expect(config.type == "disabled")
        #expect(config.typeText?.source.line == 3)
        #expect(config.effectiveMode(commandLine: ["selinux=0"]) == .disabled)
        #expect(config.effectiveMode(commandLine: ["enforcing=0"]) == .permissive)
        #expect(try SelinuxConfiguration(configBytes("SELINUX=Disabled\n")).mode == .disabled)
        #expect(try SelinuxConfiguration(configBytes("SELINUX=off\n")).mode == nil)
    }

    @Test func selinuxReadsTheFirstLineItKnows() throws {
        let text =
            " SELINUX=enforcing\nSELINUX=on\nSELINUX=permissive\nSELINUX=enforcing\nselinuxtype = mls \n"
        let config = try SelinuxConfiguration(configBytes(text))
        #expect(config.mode == .permissive)
        #expect(config.modeText?.source.line == 3)
        #expect(config.type == "targeted")
        let off = try SelinuxConfiguration(configBytes("SELINUX=disabled\n"))
        #expect(off.stopsInit(commandLine: ["enforcing=1"]))
        #expect(!off.stopsInit(commandLine: ["enforcing=1", "selinux=0"]))
        #expect(
            try SelinuxConfiguration(configBytes("SELINUX=nonsense\n")).effectiveMode(commandLine: [])
                == .permissive)
    }

    @Test func inittab() throws {
        let tab = try Inittab(
            configBytes(
                "id:3:initdefault:\nsi::sysinit:/etc/rc.d/rc.sysinit\nco:2345:respawn:/sbin/agetty xvc0 9600 vt100\n"
            ))
        #expect(tab.defaultRunlevel?.level == "3")
        #expect(!tab.stopsAtDefault)
        #expect(tab.terminals.map(\.name) == ["xvc0"])
        #expect(try Inittab(configBytes("id:6:initdefault:\n")).stopsAtDefault)
    }

    @Test func hostsAccess() throws {
        let closed = try HostsAccess(
            allow: configBytes("sshd: 10.0.0.\n"), deny: configBytes("# c\nALL: ALL\n"))
        #expect(closed.admits("sshd").answer == .no)
        #expect(closed.admits("sshd").source?.line == 2)
        #expect(
            try HostsAccess(allow: configBytes("sshd: ALL\n"), deny: configBytes("ALL: ALL\n")).admits("sshd")
                .answer == .yes)
        #expect(try HostsAccess(allow: nil, deny: nil).admits("sshd").answer == .yes)
        #expect(
            try HostsAccess(allow: nil, deny: configBytes("ALL EXCEPT sshd: ALL\n")).admits("sshd").answer
                == .yes)
        func answer(_ allow: String, _ deny: String) throws -> Ternary {
            try HostsAccess(allow: configBytes(allow), deny: configBytes(deny)).admits("sshd").answer
        }
        #expect(try answer("sshd : ALL : deny\n", "") == .no)
        #expect(try answer("", "sshd : [2001:db8::]/32\n") == .unknown)
        #expect(try answer("", "sshd : 10.0.0.0/8\nALL : ALL\n") == .no)
        #expect(try answer("# c \\\nsshd : ALL\n", "ALL : \\\n ALL\n") == .no)
    }

    @Test func accessTable() throws {
        func answer(_ text: String, _ user: String = "root", _ groups: [String]? = ["root"]) throws -> Ternary
        {
            try AccessTable(configBytes(text)).admits(user: user, groups: groups).answer
        }
        #expect(try answer("") == .yes)
        #expect(try answer("- : ALL : ALL\n") == .no)
        #expect(try answer("+ : root : LOCAL\n- : ALL : ALL\n") == .no)
        #expect(try answer("+ : root : 10.0.0.0/8\n- : ALL : ALL\n") == .unknown)
        #expect(try answer("- : ALL EXCEPT root : ALL\n") == .yes)
        #expect(try answer("- : ALL EXCEPT (wheel) : ALL\n", "x", nil) == .unknown)
        #expect(try answer("+ : wheel : ALL\n- : ALL : ALL\n", "x", ["wheel"]) == .yes)
    }

    @Test func suseFirewall() throws {
        func answer(_ text: String, port: Int = 22) throws -> Ternary {
            try SuSEFirewall(configBytes(text), port: port).answer.accepts
        }
        #expect(try answer("FW_DEV_EXT=\"any eth0\"\nFW_SERVICES_EXT_TCP=\"80 ssh\"\n") == .yes)
        #expect(try answer("FW_DEV_EXT=\"eth0\"\nFW_CONFIGURATIONS_EXT=\"sshd\"\n") == .yes)
        #expect(try answer("FW_DEV_EXT=\"eth0\"\n") == .no)
        #expect(try answer("FW_DEV_EXT=\"eth0\"\nFW_DEV_INT=\"eth1\"\n") == .unknown)
        #expect(try answer("FW_SERVICES_EXT_TCP=\"2000:3000\"\n", port: 2222) == .yes)
        #expect(
            try answer("FW_SERVICES_EXT_TCP=\"22\"\nFW_ZONE_DEFAULT=\"no\"\nFW_DEV_EXT=\"eth0\"\n")
                == .unknown)
    }

    @Test func rulesThatDemandASource() throws {
        let rules = "*filter\n:INPUT DROP [0:0]\n-A INPUT -s 10.0.0.0/8 -p tcp --dport 22 -j ACCEPT\nCOMMIT\n"
        let answer = try IptablesRules(configBytes(rules), name: "x").filter.answer
        #expect(answer.accepts == .unknown)
        #expect(answer.limit == .source("10.0.0.0/8"))
        let bound = rules.replacingOccurrences(of: "-s 10.0.0.0/8", with: "-i ens192")
        #expect(try IptablesRules(configBytes(bound), name: "x").filter.answer.limit == .interface("ens192"))
        let nft =
            "table inet f {\n chain input {\n type filter hook input priority 0; policy drop;\n ip saddr 10.0.0.0/8 tcp dport 22 accept\n }\n}\n"
        #expect(try NftablesRules(configBytes(nft), name: "x").filter.answer.limit == .source("10.0.0.0/8"))
    }

    @Test func lvmAndMdadm() throws {
        let config = try LvmConfiguration(
            configBytes(
                "devices {\n  # filter = [ \"x\" ]\n  filter = [ \"a|^/dev/sd.*|\",\n \"r|.*|\" ]\n  use_devicesfile = 1\n}\n"
            ))
        #expect(config.filters.map(\.patterns) == [["a|^/dev/sd.*|", "r|.*|"]])
        #expect(config.filters[0].source.line == 3)
        #expect(config.filters[0].accepts("/dev/sda2") == .yes)
        #expect(config.filters[0].accepts("/dev/vda2") == .no)
        #expect(config.usesDevicesFile == true)
        let mdadm = try MdadmConfiguration(
            configBytes("ARRAY /dev/md/0 metadata=1.2\n  UUID=aa:bb name=h:0\n# c\n"))
        #expect(mdadm.arrays.map(\.uuid) == ["aa:bb"])
    }

    @Test func accounts() throws {
        let passwd = try PasswdFile(
            configBytes(
                "root:x:0:0:root:/root:/bin/bash\nd:x:1:1::/:/usr/sbin/nologin\n+::::::\nbroken\nu:$6$abcdefgh$xyz:1000:1000::/home/u:\n"
            ))
        #expect(passwd["root"]?.hasLoginShell == true)
        #expect(passwd["d"]?.hasLoginShell == false)
        #expect(passwd["u"]?.password == .hashed(.sha512crypt))
        #expect(passwd["u"]?.source.excerpt.contains("$6$") == false)
        #expect(passwd["u"]?.effectiveShell == "/bin/sh")
        #expect(passwd.rejected.map(\.line) == [4])
        let shadow = try ShadowFile(
            configBytes(
                "root:!:19000:0:99999:7:::\na:$y$j9T$abcdefgh:19000:0:90:7:::\nb::0:0:99999:7:::\nc:!$6$saltsalt$hash:1::::::\nd:*:1:0:99999:7::100:\ne:x:\n"
            ))
        #expect(shadow["root"]?.password == PasswordState.none)
        #expect(shadow["a"]?.password == .hashed(.yescrypt))
        #expect(shadow["a"]?.mustChangePassword(onDay: 19100) == true)
        #expect(shadow["b"]?.password == .empty)
        #expect(shadow["b"]?.mustChangePassword(onDay: 1) == true)
        #expect(shadow["c"]?.password == .locked(.sha512crypt))
        #expect(shadow["d"]?.isExpired(onDay: 100) == true)
        #expect(shadow.entries.allSatisfy { !$0.source.excerpt.contains("$") })
        let groups = try GroupFile(configBytes("root:x:0:\nsudo:x:27:u,v\n"))
        let user = try #require(passwd["u"])
        #expect(groups.names(of: user) == ["sudo"])
    }

    @Test func authorizedKeys() throws {
        let keys = try AuthorizedKeys(
            configBytes(
                """
                # c
                ssh-ed25519 AAAA me@host
                no-pty,command="echo 'Please login as the user \\"debian\\" rather than root';sleep 10" ssh-rsa BBBB x
                from="10.0.0.0/8" ecdsa-sha2-nistp256 CCCC
                garbage
                """), name: "/root/.ssh/authorized_keys")
        #expect(keys.keys.map(\.type) == ["ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256"])
        #expect(keys.keys[0].givesShell)
        #expect(keys.keys[1].isCloudInitNotice)
        #expect(!keys.keys[1].givesShell)
        #expect(keys.keys[2].isSourceRestricted)
        #expect(keys.rejected.map(\.line) == [5])
        #expect(!keys.keys[0].source.excerpt.contains("AAAA"))
    }

    @Test func dpkg() throws {
        let status = try DpkgStatus(
            configBytes(
                """
                Package: openssh-server
                Status: install ok installed
                Architecture: amd64
                Version: 1:9.2p1-2+deb12u3
                Description: x
                 Package: not one

                Package: broken
                Status: install ok half-configured
                Version: 1

                Package: gone
                Status: deinstall ok config-files
                """))
        #expect(status.packages.count == 3)
        #expect(status.installedVersion("openssh-server") == "1:9.2p1-2+deb12u3")
        #expect(status.installedVersion("gone") == nil)
        #expect(status.broken.map(\.name) == ["broken"])
        #expect(status.broken[0].line == 8)
    }

    @Test(arguments: [
        ("1.0", "1.0-0", 0), ("1.0~rc1", "1.0", -1), ("1:0.1", "2.0", 1), ("1.10", "1.9", 1),
        ("1.0a", "1.0+", -1),
        ("2.36-9+deb12u4", "2.36-9+deb12u10", -1), ("1.0-1~bpo1", "1.0-1", -1), ("001", "1", 0),
    ])
    func debianVersions(a: String, b: String, order: Int) {
        let left = DebianVersion(a)
        let right = DebianVersion(b)
        #expect((left < right) == (order < 0))
        #expect((right < left) == (order > 0))
        #expect((left == right) == (order == 0))
    }

    @Test func cloudConfig() throws {
        let config = CloudConfig(files: [
            configFile(
                "/etc/cloud/cloud.cfg",
                """
                users:
                  - default
                disable_root: true
                ssh_pwauth: false
                cloud_init_modules:
                  - migrator
                  - growpart
                  - [resizefs, always]
                growpart: {mode: auto, devices: ['/']}
                system_info:
                  distro: debian
                  default_user:
                    name: debian
                    lock_passwd: True
                """),
            configFile("/etc/cloud/cloud.cfg.d/90_dpkg.cfg", "datasource_list: [ AliYun, None ]\n"),
            configFile("/etc/cloud/cloud.cfg.d/91-bad.cfg", "a: [\n"),
            configFile(
                "/etc/cloud/cloud.cfg.d/99-net.cfg", "network: {config: disabled}\ngrowpart:\n  mode: off\n"),
        ])
        #expect(config.datasources == ["AliYun", "None"])
        #expect(config.hasSingleDatasource)
        #expect(config.source("datasource_list")?.file == "/etc/cloud/cloud.cfg.d/90_dpkg.cfg")
        #expect(config.runsModule("resizefs"))
        #expect(!config.runsModule("mounts"))
        #expect(config.growpartMode == "off")
        #expect(config.growpartDevices == ["/"])
        #expect(config.isNetworkDisabled)
        #expect(config.disablesRoot)
        #expect(config.sshPasswordAuthentication == false)
        #expect(config.defaultUser?.name == "debian")
        #expect(config.users == ["default"])
        #expect(config.faults.count == 1)
    }

    @Test("Trap 68: versions of cloud-init with letters") func cloudInitVersions() throws {
        #expect(CloudInitVersion("0.7.6a4") < CloudInitVersion("0.7.6a15"))
        #expect(CloudInitVersion("0.7.6") < CloudInitVersion("0.7.6a4"))
        #expect(CloudInitVersion("0.7.6a15") < CloudInitVersion("0.7.9"))
        #expect(CloudInitVersion("18.5") < CloudInitVersion("19.1.3"))
        #expect(!(CloudInitVersion("23.1-8.el9") < CloudInitVersion("23.1")))
        let version = try CloudInitVersion.inModule(
            configBytes("__VERSION__ = \"22.4.2\"\n_PACKAGED_VERSION = '22.4.2-1+deb12u1'\n"),
            name: "version.py")
        #expect(version?.version.text == "22.4.2-1+deb12u1")
        let plain = try CloudInitVersion.inModule(
            configBytes("__VERSION__ = \"22.4.2\"  # x\n_PACKAGED_VERSION = '@@PACKAGED_VERSION@@'\n"),
            name: "version.py")
        #expect(plain?.version.text == "22.4.2")
    }

    @Test func dsIdentify() throws {
        let config = try DsIdentifyConfiguration(
            configBytes("datasource: AliYun\npolicy: search,found=all,notfound=enabled\n"))
        #expect(config.datasource?.value == "AliYun")
        #expect(!config.isOffWhenNotFound)
        #expect(try DsIdentifyConfiguration(configBytes("policy: disabled\n")).isDisabled)
    }
}

@Suite struct FirewallTests {
    private func iptables(_ rules: String, policy: String = "DROP") throws -> PacketFilter.Answer {
        try IptablesRules(
            configBytes("*filter\n:INPUT \(policy) [0:0]\n:FORWARD DROP [0:0]\n:X - [0:0]\n\(rules)COMMIT\n"),
            name: "/r"
        ).filter.answer
    }

    @Test func iptablesRules() throws {
        let usual = """
            -A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
            -A INPUT -p icmp -j ACCEPT
            -A INPUT -i lo -j ACCEPT

            """
        let ssh = usual + "-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT\n"
        #expect(try iptables(ssh + "-A INPUT -j REJECT --reject-with icmp-host-prohibited\n").accepts == .yes)
        #expect(try iptables(ssh).source?.line == 8)
        #expect(try iptables(usual + "-A INPUT -j REJECT\n", policy: "ACCEPT").accepts == .no)
        #expect(try iptables(usual).accepts == .no)
        #expect(try iptables(usual, policy: "ACCEPT").accepts == .yes)
        #expect(
            try iptables(usual + "-A INPUT -s 10.0.0.0/8 -p tcp --dport 22 -j ACCEPT\n").accepts == .unknown)
        #expect(
            try iptables("-A INPUT -j X\n-A X -p tcp -m multiport --dports 80,20:25 -j ACCEPT\n").accepts
                == .yes)
        #expect(try iptables("-A INPUT -p tcp ! --dport 22 -j ACCEPT\n").accepts == .no)
        #expect(try iptables("-A INPUT -j X\n-A X -j INPUT\n").accepts == .no)
    }

    @Test func nftables() throws {
        func answer(_ rules: String) throws -> PacketFilter.Answer {
            try NftablesRules(
                configBytes(
                    "#!/usr/sbin/nft -f\nflush ruleset\ntable inet filter {\n chain input {\n  type filter hook input priority 0; policy drop;\n\(rules)\n }\n chain forward { type filter hook forward priority 0; policy drop; }\n}\n"
                ),
                name: "/etc/nftables.conf"
            ).filter.answer
        }
        #expect(
            try answer("ct state { established, related } accept\niif lo accept\ntcp dport 22 accept").accepts
                == .yes)
        #expect(try answer("tcp dport { 80, ssh } ct state new counter accept comment \"x\"").accepts == .yes)
        #expect(try answer("tcp dport 80 accept").accepts == .no)
        #expect(try answer("ip saddr 10.0.0.0/8 tcp dport 22 accept").accepts == .unknown)
        #expect(try answer("iifname \"eth0\" tcp dport 22 accept").accepts == .unknown)
        #expect(try answer("udp dport 22 accept").accepts == .no)
        let open = try NftablesRules(
            configBytes(
                "table inet filter {\n\tchain input {\n\t\ttype filter hook input priority 0;\n\t}\n}\n"),
            name: "x")
        #expect(open.filter.answer.accepts == .yes)
    }

    @Test func ufwAndFirewalld() throws {
        let rules =
            "*filter\n:ufw-user-input - [0:0]\n-A ufw-user-input -p tcp --dport 22 -j ACCEPT\nCOMMIT\n"
        let ufw = try UfwConfiguration(
            configuration: configBytes("ENABLED=yes\n"),
            defaults: configBytes("DEFAULT_INPUT_POLICY=\"DROP\"\n"),
            userRules: configBytes(rules))
        #expect(ufw.isEnabled)
        #expect(ufw.answer.accepts == .yes)
        let closed = try UfwConfiguration(
            configuration: configBytes("ENABLED=yes\n"), defaults: nil, userRules: nil)
        #expect(closed.answer.accepts == .no)
        let zone = try FirewalldZone(
            configBytes(
                "<?xml version=\"1.0\"?>\n<zone>\n <!-- <service name=\"x\"/> -->\n <service name=\"ssh\"/>\n <port port=\"80\" protocol=\"tcp\"/>\n</zone>\n"
            ),
            name: "/z")
        #expect(zone.services.map(\.name) == ["ssh"])
        #expect(zone.answer().accepts == .yes)
        #expect(zone.answer().source?.line == 4)
        #expect(
            try FirewalldZone(configBytes("<zone target=\"DROP\"></zone>"), name: "z").answer().accepts == .no
        )
        #expect(
            try FirewalldZone(
                configBytes("<zone><rule><port port=\"22\" protocol=\"tcp\"/><accept/></rule></zone>"),
                name: "z"
            )
            .answer().accepts == .unknown)
    }
}
