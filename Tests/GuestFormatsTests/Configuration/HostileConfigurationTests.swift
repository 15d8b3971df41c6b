import ByteReading
import Testing

@testable import GuestFormats

/// Every parser on every truncation and many damaged forms of a valid file: a value or a fault, never a trap.
@Suite struct HostileConfigurationTests {
    struct Parser: Sendable, CustomTestStringConvertible {
        let name: String
        let sample: String
        let parse: @Sendable (Bytes) throws -> Void

        var testDescription: String { name }
    }

    static let parsers: [Parser] = [
        Parser(name: "shell", sample: "A=\"x $B ${C} `d`\" # e\nexport F+='g'\nif x; then\nH=$(i)\nfi\n") {
            _ = try ShellAssignments($0, name: "x").names
        },
        Parser(name: "os-release", sample: "NAME=\"A b\"\nID=debian\nVERSION_ID='12'\n") {
            _ = try OSRelease($0).family
        },
        Parser(name: "releases", sample: "CentOS Linux release 7.9 (Core)\nVERSION = 1\n") {
            _ = try ReleaseFiles.redHat($0, name: "x")
            _ = try ReleaseFiles.suse($0)
            _ = try ReleaseFiles.lsb($0)
            _ = try ReleaseFiles.debianVersion($0)
        },
        Parser(
            name: "fstab",
            sample:
                "UUID=ab /mnt\\040x ext4 a=\"b,c\",x-systemd.device-timeout=1min 0 2\n/dev/nvme0n1p1 / xfs rw\n[::1]:/x /n nfs a 0 0\n"
        ) {
            for entry in try Fstab($0).entries { _ = entry.systemdPlan }
        },
        Parser(
            name: "pam",
            sample:
                "auth [success=1 default=ignore] pam_unix.so a\\\n b\n@include c\n-session substack d\naccount required e\n"
        ) { _ = try PAMService($0, name: "x").entries },
        Parser(
            name: "access",
            sample: "# c\n+ : root (wheel) EXCEPT @x : LOCAL 10.0.0.0/8\n-:ALL:ALL EXCEPT tty1\n"
        ) {
            let table = try AccessTable($0)
            _ = table.admits(user: "root", groups: ["wheel"])
            _ = table.admits(user: "x", groups: nil)
        },
        Parser(
            name: "SuSEfirewall2",
            sample: "FW_SERVICES_EXT_TCP=\"22 ssh 80:90\"\nFW_DEV_EXT=\"any\"\nFW_ZONE_DEFAULT=no\n"
        ) { _ = try SuSEFirewall($0).answer },
        Parser(name: "crypttab", sample: "a UUID=b none luks,nofail\n") { _ = try Crypttab($0).entries },
        Parser(
            name: "unit",
            sample:
                "[Unit]\nWants=\"a b\" c\\\n#x\n d\n[Match]\nName=!a* [b\nMACAddress=1:2\n[Network]\nDHCP=yes\n"
        ) {
            let file = try UnitFile($0, name: "x")
            _ = file.words("Unit", "Wants")
            let network = NetworkdFile(file)
            _ = network.configuration
            _ = network.match.applies(to: ExpectedInterface(names: .predictable))
            _ = NetworkNamePolicy(
                commandLine: [], linkFiles: [file], hasDefaultLink: true, hasNetSetupRule: true,
                udevVersion: 252)
        },
        Parser(name: "presets", sample: "enable a*.service\ndisable b@.service c\n") {
            _ = try PresetPolicy(files: [ConfigurationFile(path: "x", bytes: $0)]).enables("b@c.service")
        },
        Parser(
            name: "interfaces",
            sample: "auto a\niface a inet static\n address 1.2.3.4 \\\n x\nsource-directory y\n"
        ) { data in
            _ = try InterfacesFile(ConfigurationFile(path: "x", bytes: data)) { (_) throws(ImageFault) in
                [ConfigurationFile(path: "x", bytes: data)]
            }.configurations
        },
        Parser(
            name: "netplan",
            sample:
                "network:\n  version: 2\n  ethernets:\n    a: &x {match: {name: e*}, dhcp4: yes}\n    b: *x\n"
        ) {
            _ = NetplanConfiguration(files: [ConfigurationFile(path: "x", bytes: $0)]).configurations
        },
        Parser(
            name: "keyfile",
            sample:
                "[connection]\ntype=ethernet\ninterface-name=a\\sb\n[ipv4]\nmethod=manual\naddress1=1.2.3.4/5,6.7.8.9\n[main]\nno-auto-default=*,except:a\n"
        ) {
            _ = try NetworkManagerKeyfile($0, name: "x").configuration
            let configuration = try NetworkManagerConfiguration(files: [
                ConfigurationFile(path: "x", bytes: $0)
            ])
            _ = configuration.deniesAutomaticDefault(for: ExpectedInterface(names: .unknown))
        },
        Parser(
            name: "ifcfg",
            sample: "DEVICE=eth0\nBOOTPROTO=none\nIPADDR=1.2.3.4\nNETMASK=255.0.0.0\nHWADDR=AABBCCDDEEFF\n"
        ) {
            _ = try IfcfgFile(ConfigurationFile(path: "/ifcfg-x", bytes: $0), dialect: .redHat).configuration
            _ = try IfcfgFile(ConfigurationFile(path: "/ifcfg-x", bytes: $0), dialect: .suse).configuration
        },
        Parser(name: "net-rules", sample: "ATTR{address}==\"aa\", NAME=\"eth0\" \\\n, KERNEL!=\"x\"\n") {
            _ = try PersistentNetRules($0, name: "x").rules
        },
        Parser(name: "dhcpcd", sample: "interface eth0\nstatic ip_address=1.2.3.4/5\nnameserver 1\n") {
            _ = try DhcpcdConfiguration($0).configurations()
            _ = try ResolvConf($0).nameServers
        },
        Parser(
            name: "sshd",
            sample:
                "Port=22\nInclude a b\nMatch User \"a b\",!c Address 1\n AllowUsers x@y\nPermitRootLogin no\nListenAddress [::1]:22\n"
        ) { data in
            let config = try SSHDaemonConfiguration(ConfigurationFile(path: "x", bytes: data)) {
                (_) throws(ImageFault) in
                [ConfigurationFile(path: "y", bytes: configBytes("PermitRootLogin yes\nMatch all\n"))]
            }
            _ = config.rootLogin(version: nil)
            _ = config.admits(user: "root", groups: nil)
            _ = config.listenAddresses
        },
        Parser(name: "accounts", sample: "root:$6$saltsalt$abc:0:0:x:/root:/bin/sh\nu:!:1:2:3:4:5:6:7\n") {
            _ = try PasswdFile($0)["root"]
            _ = try ShadowFile($0)["u"]
            _ = try GroupFile($0).groups
        },
        Parser(name: "keys", sample: "from=\"a,b\",command=\"x \\\" y\" ssh-rsa AAAA c\nssh-ed25519 B\n") {
            _ = try AuthorizedKeys($0, name: "x").keys
        },
        Parser(
            name: "cloud",
            sample:
                "datasource_list: [ A, None ]\ngrowpart: {mode: off}\nusers:\n - name: x\npolicy: a,found=b\n__VERSION__ = '1.2a3'\n"
        ) {
            let config = CloudConfig(files: [ConfigurationFile(path: "x", bytes: $0)])
            _ = (config.datasources, config.growpartMode, config.users)
            _ = try DsIdentifyConfiguration($0).isOffWhenNotFound
            _ = try CloudInitVersion.inModule($0, name: "x")
        },
        Parser(
            name: "system",
            sample: "SELINUX=enforcing\nSELINUXTYPE=x\nid:3:initdefault:\nsshd: ALL\nUTC=yes\n"
        ) {
            _ = try SelinuxConfiguration($0).effectiveMode(commandLine: [])
            _ = try Inittab($0).defaultRunlevel
            _ = try HostsAccess(allow: $0, deny: $0).admits("sshd")
            _ = try ClockFiles.adjtime($0)
            _ = try ClockFiles.assignments($0, name: "x")
            _ = FirstBoot(machineID: $0)
        },
        Parser(
            name: "storage",
            sample: "devices {\nfilter = [ \"a|^/dev/sd[a-z].*$|\", \"r|.*|\" ]\n}\nARRAY /dev/md0 UUID=x\n"
        ) {
            for filter in try LvmConfiguration($0).filters { _ = filter.accepts("/dev/sda") }
            _ = try MdadmConfiguration($0).arrays
        },
        Parser(
            name: "dpkg", sample: "Package: a\nStatus: install ok installed\nVersion: 1:2-3\n\nPackage: b\n"
        ) {
            for package in try DpkgStatus($0).packages {
                _ = DebianVersion(package.version) < DebianVersion("1~")
            }
        },
        Parser(
            name: "inits",
            sample:
                "# chkconfig: 2 5 6\nstart on (a B=1 and c)\nstop on started x\ntask\nscript\ntelinit 2\nend script\ndepend() {\n need a\n}\n"
        ) {
            _ = try InitScript($0, name: "x").levels
            let job = try UpstartJob($0, name: "x", path: "x")
            _ = UpstartBoot(jobs: [job], runlevel: "2", events: [UpstartEvent("a", [("B", "1")])]).starts
            _ = try OpenRCScript($0, name: "x").needs
            _ = RunlevelLink($0.prefix(64).textToNUL)
        },
        Parser(name: "apk", sample: "P:a\nV:1\nf:x\nR:b\n\nP:c\nV:2\nA:d\n") {
            _ = try ApkDatabase($0).broken.count
            _ = PackageDirectory.pacman($0.prefix(64).textToNUL)
            _ = PackageDirectory.portage($0.prefix(64).textToNUL, category: "x")
        },
        Parser(
            name: "iptables",
            sample:
                "*filter\n:INPUT DROP [0:0]\n-A INPUT -p tcp ! -s 1 --dport 20:22 -j X\n-A X -j INPUT\nCOMMIT\n"
        ) {
            _ = try IptablesRules($0, name: "x").filter.answer
        },
        Parser(
            name: "nftables",
            sample:
                "table inet a {\nchain b { type filter hook input priority 0; policy drop; tcp dport { 22, 80 } accept; jump c }\nchain c { ct state new return }\n}\n"
        ) {
            _ = try NftablesRules($0, name: "x").filter.answer
        },
        Parser(
            name: "firewalld",
            sample:
                "<zone target='x'><!-- a --><service name=\"ssh\"/><port port=\"1-2\" protocol=\"tcp\"/></zone>\nDefaultZone=a\n"
        ) {
            _ = try FirewalldZone($0, name: "x").answer()
            _ = try FirewalldZone.defaultZone($0)
        },
    ]

    @Test(arguments: parsers) func survivesDamage(parser: Parser) {
        let sample = Array(parser.sample.utf8)
        func attempt(_ damaged: [UInt8]) {
            do { try parser.parse(Bytes(damaged)) } catch {
                #expect(error is ImageFault, "\(parser.name): \(error)")
            }
        }
        for length in 0...sample.count { attempt(Array(sample[..<length])) }
        for index in sample.indices {
            for value: UInt8 in [
                0x00, 0x0A, 0x0D, 0x20, 0x22, 0x27, 0x3D, 0x5B, 0x5C, 0x7B, 0x80, 0xFF, sample[index] ^ 1,
            ] {
                var damaged = sample
                damaged[index] = value
                attempt(damaged)
            }
        }
        // Much of everything.
        attempt([UInt8](repeating: 0x0A, count: 200_000))
        attempt([UInt8](repeating: 0x5B, count: 200_000))
        attempt([UInt8](repeating: 0x22, count: 200_000))
        attempt([UInt8](repeating: 0x5C, count: 200_000))
        attempt(Array(repeating: sample, count: 200).flatMap { $0 })
        attempt([UInt8](repeating: 0x61, count: 2 << 20))
    }
}
