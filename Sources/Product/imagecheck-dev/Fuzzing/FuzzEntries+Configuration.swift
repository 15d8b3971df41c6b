import ByteReading
import GuestFormats

/// Configuration of the guest: storage, network, and the syntaxes that several files share.
extension FuzzEntries {
    private static func file(_ data: Bytes, _ path: String = "x") -> ConfigurationFile {
        ConfigurationFile(path: path, bytes: data)
    }

    static let text: [FuzzEntry] = [
        FuzzEntry("shell", seed: "A=\"x $B ${C} `d`\" # e\nexport F+='g'\nif x; then\nH=$(i)\nfi\n") {
            _ = try ShellAssignments($0, name: "x").names
        },
        FuzzEntry("yaml", seed: "a: &x {b: [c, 1], d: yes}\ne:\n  - *x\n  - <<: *x\n  - |\n    f\n") {
            guard let value = try YAMLValue.read($0, name: "x") else { return }
            _ = value.merging(value, joiningSequences: true)
        },
        FuzzEntry("file-name-pattern", seed: "a*[!b-d]?\\x\na-cx") { data in
            let lines = data.split(separator: 0x0A, maxSplits: 1)
            guard lines.count == 2 else { return }
            let texts = lines.map { String(decoding: $0, as: UTF8.self) }
            _ = FileNamePattern(texts[0]).matches(texts[1])
        },
    ]

    static let storage: [FuzzEntry] = [
        FuzzEntry(
            "fstab",
            seed: """
                UUID=ab /mnt\\040x ext4 a="b,c",x-systemd.device-timeout=1min 0 2
                /dev/nvme0n1p1 / xfs rw
                [::1]:/x /n nfs a 0 0

                """
        ) {
            for entry in try Fstab($0).entries { _ = entry.systemdPlan }
        },
        FuzzEntry("crypttab", seed: "a UUID=b none luks,nofail\n") { _ = try Crypttab($0).entries },
        FuzzEntry("device", seed: "/dev/disk/by-uuid/a\\x20b") {
            _ = DeviceSpecification($0.textToNUL)
            _ = KernelDeviceName($0.textToNUL)
            _ = UdevEncoding.decoded($0.textToNUL)
        },
        FuzzEntry("lvm", seed: "devices {\nfilter = [ \"a|^/dev/sd[a-z].*$|\", \"r|.*|\" ]\n}\n") {
            for filter in try LvmConfiguration($0).filters { _ = filter.accepts("/dev/sda") }
        },
        FuzzEntry("mdadm", seed: "DEVICE partitions\nARRAY /dev/md0 UUID=x:y\n") {
            _ = try MdadmConfiguration($0).arrays
        },
    ]

    static let network: [FuzzEntry] = [
        FuzzEntry("sysctl", seed: "net.ipv4.conf.*.rp_filter = 2\n-net/ipv4/conf/all.x\n# a\nb=c\n") {
            let settings = SysctlConfiguration(files: [file($0)])
            _ = (settings.value("net/ipv4/conf/eth0/rp_filter"), settings.value("b"))
        },
        FuzzEntry(
            "interfaces", seed: "auto a\niface a inet static\n address 1.2.3.4 \\\n x\nsource-directory y\n"
        ) {
            data in
            _ = try InterfacesFile(file(data)) { (_) throws(ImageFault) in [file(data)] }.configurations
        },
        FuzzEntry(
            "networkd", seed: "[Match]\nName=!a* [b\nMACAddress=1:2\n[Network]\nDHCP=yes\nAddress=1.2.3.4/5\n"
        ) {
            let unit = try UnitFile($0, name: "x")
            let network = NetworkdFile(unit)
            _ = (network.configuration, network.match.applies(to: ExpectedInterface(names: .predictable)))
            _ = NetworkNamePolicy(
                commandLine: [], linkFiles: [unit], hasDefaultLink: true, hasNetSetupRule: true,
                udevVersion: 252)
        },
        FuzzEntry(
            "netplan",
            seed: """
                network:
                  version: 2
                  ethernets:
                    a: &x {match: {name: e*}, dhcp4: yes}
                    b: *x

                """
        ) {
            _ = NetplanConfiguration(files: [file($0)]).configurations
        },
        FuzzEntry(
            "network-manager-keyfile",
            seed: """
                [connection]
                type=ethernet
                interface-name=a\\sb
                [ipv4]
                method=manual
                address1=1.2.3.4/5,6.7.8.9

                """
        ) {
            _ = try NetworkManagerKeyfile($0, name: "x").configuration
        },
        FuzzEntry("network-manager", seed: "[main]\nno-auto-default=*,except:a\nplugins=keyfile\n") {
            let configuration = try NetworkManagerConfiguration(files: [file($0)])
            let interface = ExpectedInterface(names: .unknown)
            _ = configuration.deniesAutomaticDefault(for: interface)
            _ = (configuration.isUnmanaged(interface), configuration.loadsPlugin("ifcfg-rh"))
        },
        FuzzEntry(
            "ifcfg",
            seed: "DEVICE=eth0\nBOOTPROTO=none\nIPADDR=1.2.3.4\nNETMASK=255.0.0.0\nHWADDR=AABBCCDDEEFF\n"
        ) {
            for dialect in [IfcfgFile.Dialect.redHat, .suse] {
                _ = try IfcfgFile(file($0, "/ifcfg-x"), dialect: dialect).configuration
            }
        },
        FuzzEntry("net-rules", seed: "ATTR{address}==\"aa\", NAME=\"eth0\" \\\n, KERNEL!=\"x\"\n") {
            _ = try PersistentNetRules($0, name: "x").rules
        },
        FuzzEntry("resolv", seed: "nameserver 1.2.3.4\nsearch a b\noptions c\n") {
            _ = try ResolvConf($0).nameServers
        },
        FuzzEntry("dhcpcd", seed: "interface eth0\nstatic ip_address=1.2.3.4/5\nnameserver 1\n") {
            _ = try DhcpcdConfiguration($0).configurations()
        },
        FuzzEntry(
            "iptables",
            seed: "*filter\n:INPUT DROP [0:0]\n-A INPUT -p tcp ! -s 1 --dport 20:22 -j X\nCOMMIT\n"
        ) {
            _ = try IptablesRules($0, name: "x").filter.answer
        },
        FuzzEntry(
            "nftables",
            seed: """
                table inet a {
                chain b { type filter hook input priority 0; policy drop; tcp dport { 22, 80 } accept; jump c }
                chain c { ct state new return }
                }

                """
        ) {
            _ = try NftablesRules($0, name: "x").filter.answer
        },
        FuzzEntry(
            "ufw", seed: "ENABLED=yes\nDEFAULT_INPUT_POLICY=\"DROP\"\n*filter\n-A ufw-user-input -p tcp\n"
        ) {
            _ = try UfwConfiguration(configuration: $0, defaults: $0, userRules: $0).answer
        },
        FuzzEntry(
            "firewalld",
            seed:
                "<zone target='x'><!-- a --><service name=\"ssh\"/><port port=\"1-2\" protocol=\"tcp\"/></zone>\n"
        ) {
            _ = try FirewalldZone($0, name: "x").answer()
            _ = try FirewalldZone.defaultZone($0)
        },
    ]
}
