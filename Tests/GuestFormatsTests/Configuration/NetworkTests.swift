import ByteReading
import Testing

@testable import GuestFormats

@Suite struct NetworkTests {
    private let predictable = ExpectedInterface(names: .predictable, driver: "virtio_net")
    private let eth0 = ExpectedInterface(names: .exact("eth0"), driver: "virtio_net")

    private func interfaces(_ text: String, sources: [String: [ConfigurationFile]] = [:]) throws
        -> InterfacesFile
    {
        try InterfacesFile(configFile("/etc/network/interfaces", text)) { (pattern) throws(ImageFault) in
            sources[pattern] ?? []
        }
    }

    @Test func ifupdown() throws {
        let parsed = try interfaces(
            """
            # comment
            source interfaces.d/*
            source-directory more
            auto lo eth1
            iface lo inet loopback
            allow-hotplug eth0
            iface eth0 inet dhcp
            iface eth0 inet6 dhcp
            iface eth1 inet static
                address 10.0.0.5/24
                gateway \\
                  10.0.0.1
            iface br0 inet dhcp
                bridge_ports eth0
            iface eth0.100 inet manual
            """,
            sources: [
                "/etc/network/interfaces.d/*": [
                    configFile("/etc/network/interfaces.d/x", "auto ens3\niface ens3 inet dhcp\n")
                ],
                "/etc/network/more/*": [
                    configFile("/etc/network/more/a.bak", "bogus line\n"),
                    configFile("/etc/network/more/b", "auto ens4\n"),
                ],
            ])
        #expect(parsed.problems.isEmpty)
        #expect(
            parsed.files == ["/etc/network/interfaces", "/etc/network/interfaces.d/x", "/etc/network/more/b"])
        let configurations = parsed.configurations
        let byName = Dictionary(uniqueKeysWithValues: configurations.map { ($0.match.names[0], $0) })
        #expect(byName["eth0"]?.method == .dhcp)
        #expect(byName["eth0"]?.dhcp6 == true)
        #expect(byName["eth0"]?.startsAtBoot == .yes)
        #expect(byName["eth1"]?.method == .fixed)
        #expect(byName["eth1"]?.gateway == "10.0.0.1")
        #expect(byName["eth1"]?.source.line == 9)
        #expect(byName["br0"]?.kind == .bridge)
        #expect(byName["br0"]?.members == ["eth0"])
        #expect(byName["br0"]?.startsAtBoot == .no)
        #expect(byName["eth0.100"]?.kind == .vlan(parent: "eth0"))
        #expect(byName["ens3"]?.source.file == "/etc/network/interfaces.d/x")
        #expect(byName["lo"]?.kind == .loopback)
    }

    @Test(arguments: [
        "address 1.2.3.4\n", "iface eth0\n\niface\n", "iface e inet dchp\n", "iface e inte dhcp\n",
    ])
    func ifupRefuses(text: String) throws { #expect(!(try interfaces(text)).problems.isEmpty) }

    private func networkd(_ text: String) throws -> NetworkdFile {
        NetworkdFile(try UnitFile(configBytes(text), name: "/etc/systemd/network/10.network"))
    }

    @Test func networkdMatching() throws {
        let any = try networkd("[Match]\nName=en* eth*\n[Network]\nDHCP=yes\n")
        #expect(any.match.applies(to: predictable) == .yes)
        #expect(any.match.applies(to: eth0) == .yes)
        #expect(any.configuration.method == .dhcp)
        #expect(any.configuration.dhcp6)
        #expect(
            try networkd("[Match]\nName=ens192\n[Network]\nDHCP=ipv4\n").match.applies(to: predictable)
                == .unknown)
        #expect(try networkd("[Match]\nName=eth0\n[Network]\n").match.applies(to: predictable) == .no)
        #expect(
            try networkd("[Match]\nName=!docker* veth*\n[Network]\n").match.applies(to: predictable) == .yes)
        #expect(try networkd("[Match]\nMACAddress=00-11-22-33-44-55\n").match.applies(to: eth0) == .no)
        #expect(try networkd("[Match]\nDriver=virtio*\n").match.applies(to: eth0) == .yes)
        #expect(try networkd("[Match]\nType=ether\nKind=!*\n").match.applies(to: eth0) != .no)
        #expect(try networkd("[Match]\nPath=pci-0000:02:*\n").match.applies(to: eth0) == .unknown)
        // An empty [Match] matches nothing since 245, and everything before.
        #expect(try networkd("[Network]\nDHCP=yes\n").match.applies(to: eth0) == .no)
        for (version, answer) in [(239, Ternary.yes), (243, .yes), (245, .no), (257, .no)] {
            let file = try UnitFile(configBytes("[Match]\n[Network]\nDHCP=yes\n"), name: "10.network")
            #expect(NetworkdFile(file, systemdVersion: version).match.applies(to: eth0) == answer)
        }
        let fixed = try networkd(
            "[Match]\nName=*\n[Network]\nAddress=10.0.0.2/24\n[Route]\nGateway=10.0.0.1\n")
        #expect(fixed.configuration.method == .fixed)
        #expect(fixed.configuration.gateway == "10.0.0.1")
        #expect(fixed.configuration.addresses == ["10.0.0.2/24"])
        let first = NetworkdFile.first(of: [try networkd("[Match]\nName=ens192\n"), any], for: predictable)
        #expect(!first.isCertain)
        #expect(first.candidates.count == 2)
    }

    @Test func networkdWaysOut() throws {
        func refused(_ text: String) throws -> String? {
            try networkd("[Match]\nName=en*\n[Network]\nDHCP=ipv4\n\(text)").configuration
                .refusesDefaultRoute?.excerpt
        }
        #expect(try refused("") == nil)
        #expect(try refused("[DHCPv4]\nUseRoutes=no\n") == "UseRoutes=no")
        #expect(try refused("[DHCP]\nUseRoutes=false\n") == "UseRoutes=false")
        #expect(try refused("[DHCPv4]\nUseGateway=no\n") == "UseGateway=no")
        #expect(try refused("[DHCPv4]\nUseRoutes=no\nUseGateway=yes\n") == nil)
        #expect(try refused("[DHCPv6]\nUseRoutes=no\n") == nil)
        #expect(try refused("Gateway=10.0.0.1\n[DHCPv4]\nUseRoutes=no\n") == nil)
        #expect(try refused("[DHCPv4]\nUseRoutes=no\n[Route]\nGateway=10.0.0.1\n") == nil)
        #expect(
            try refused("[DHCPv4]\nUseRoutes=no\n[Route]\nGateway=10.0.0.1\nDestination=10.9.0.0/16\n")
                == "UseRoutes=no")
        #expect(try refused("DefaultRouteOnDevice=yes\n[DHCPv4]\nUseRoutes=no\n") == nil)
    }

    @Test func networkdSettingsOfTheKernel() throws {
        func file(_ network: String) throws -> NetworkdFile {
            try networkd("[Match]\nName=en*\n[Network]\n\(network)")
        }
        for text in ["IPMasquerade=yes\n", "IPMasquerade=ipv4\n", "IPMasquerade=both\n"] {
            #expect(try file(text).masquerade != nil, "\(text)")
        }
        for text in ["IPMasquerade=no\n", "IPMasquerade=ipv6\n", ""] {
            #expect(try file(text).masquerade == nil, "\(text)")
        }
        #expect(try file("IPForward=yes\n").forwarding != nil)
        #expect(try file("IPForward=ipv4\n").forwarding != nil)
        #expect(try file("IPForward=ipv6\n").forwarding == nil)
        #expect(try file("IPForward=kernel\n").forwarding == nil)
        #expect(try file("IPv4Forwarding=yes\n").forwarding != nil)
        #expect(try file("IPv4Forwarding=no\nIPForward=yes\n").forwarding == nil)

        #expect(try file("DHCP=yes\n").refusedIPv6 == nil)
        #expect(try file("LinkLocalAddressing=no\n").refusedIPv6 != nil)
        #expect(try file("LinkLocalAddressing=ipv4\n").refusedIPv6 != nil)
        #expect(try file("LinkLocalAddressing=yes\n").refusedIPv6 == nil)
        #expect(try file("LinkLocalAddressing=no\nAddress=fd00::2/64\n").refusedIPv6 == nil)
        #expect(try file("IPv6AcceptRA=no\n").refusedIPv6 != nil)
        #expect(try file("IPv6AcceptRA=no\n[DHCPv6]\nWithoutRA=solicit\n").refusedIPv6 == nil)
    }

    @Test(arguments: [
        ("DHCP=yes\n[Link]\nUnmanaged=yes\n", NetworkInterfaceConfiguration.Method.unmanaged, Ternary.no),
        ("DHCP=yes\n[Link]\nActivationPolicy=manual\n", .dhcp, .no),
        ("DHCP=yes\n[Link]\nActivationPolicy=always-down\n", .dhcp, .no),
        ("DHCP=yes\n[Link]\nActivationPolicy=always-up\n", .dhcp, .yes),
        ("DHCP=yes\n[Link]\nRequiredForOnline=no\n", .dhcp, .yes),
        ("DHCP=yes\nConfigureWithoutCarrier=yes\n", .dhcp, .yes),
        ("DHCP=yes\nBindCarrier=eth1\n", .other("BindCarrier=eth1"), .yes),
        ("DHCP=yes\n[Link]\nARP=no\n", .other("ARP=no"), .yes),
        ("LinkLocalAddressing=ipv4\n", .linkLocal, .yes), ("LinkLocalAddressing=yes\n", .linkLocal, .yes),
        ("DHCP=no\n", .none, .yes),
    ])
    func networkdBringsUp(
        network: String, method: NetworkInterfaceConfiguration.Method, starts: Ternary
    ) throws {
        let found = try networkd("[Match]\nName=en*\n[Network]\n\(network)").configuration
        #expect(found.method == method)
        #expect(found.startsAtBoot == starts)
    }

    @Test("Trap 57: the name of the NIC follows from the policies of udev") func namePolicy() throws {
        func policy(
            _ words: [String], links: [String] = [], hasDefault: Bool = true, rule: Bool = true,
            version: Int? = 252, driver: String = "virtio_net"
        ) throws -> NetworkNamePolicy {
            NetworkNamePolicy(
                commandLine: words,
                linkFiles: try links.map { try UnitFile(configBytes($0), name: "/etc/x.link") },
                hasDefaultLink: hasDefault, hasNetSetupRule: rule, udevVersion: version, driver: driver)
        }
        #expect(try policy([]).names == .predictable)
        #expect(try policy(["quiet", "net.ifnames=0"]).names == .exact("eth0"))
        #expect(try policy([], hasDefault: false).names == .exact("eth0"))
        #expect(try policy([], rule: false).names == .exact("eth0"))
        #expect(
            try policy([], links: ["[Match]\nOriginalName=*\n[Link]\nNamePolicy=keep kernel\n"]).names
                == .exact("eth0"))
        #expect(
            try policy([], links: ["[Match]\nDriver=virtio_net\n[Link]\nName=lan0\n"]).names == .exact("lan0")
        )
        #expect(
            try policy([], links: ["[Match]\nMACAddress=00:11:22:33:44:55\n[Link]\nName=lan0\n"]).names
                == .predictable)
        // biosdevname ends at once in a virtual machine; before 229 udev names no virtio card.
        #expect(try policy(["biosdevname=1"]).names == .predictable)
        #expect(try policy([], version: 219).names == .exact("eth0"))
        #expect(try policy([], version: nil).names == .unknown)
        // A card on PCI is named since 197, Xen's since 250, one of Hyper-V never.
        #expect(try policy([], version: 219, driver: "ena").names == .predictable)
        #expect(try policy([], driver: "hv_netvsc").names == .exact("eth0"))
        #expect(try policy([], version: 249, driver: "xen_netfront").names == .exact("eth0"))
        #expect(try policy([], driver: "xen_netfront").names == .exact("enX0"))
        #expect(
            try policy([], links: ["[Match]\nOriginalName=*\n[Link]\nNamePolicy=mac\n"], version: 219).names
                == .predictable)
    }

    @Test func netplan() throws {
        let plan = NetplanConfiguration(files: [
            configFile(
                "/etc/netplan/01.yaml",
                """
                network:
                  version: 2
                  renderer: networkd
                  ethernets:
                    id0:
                      match: {macaddress: "00:11:22:33:44:55"}
                      set-name: eth0
                      dhcp4: no
                      addresses: [10.0.0.2/24, "fe80::1/64"]
                      routes:
                        - {to: default, via: 10.0.0.1}
                    all:
                      match:
                        name: "e*"
                      dhcp4: true
                  bridges:
                    br0:
                      interfaces: [all]
                      dhcp4: yes
                """),
            configFile(
                "/etc/netplan/50-cloud-init.yaml", "network:\n  ethernets:\n    id0:\n      dhcp4: true\n"),
        ])
        #expect(plan.faults.isEmpty)
        #expect(plan.renderer == "networkd")
        let id0 = plan.configurations[0]
        #expect(id0.method == .dhcp)
        #expect(id0.newName == "eth0")
        #expect(id0.gateway == "10.0.0.1")
        #expect(id0.source.file == "/etc/netplan/50-cloud-init.yaml")
        #expect(id0.match.applies(to: eth0) == .no)
        #expect(plan.configurations[1].match.applies(to: predictable) == .yes)
        #expect(plan.configurations[1].method == .dhcp)
        #expect(plan.configurations[2].kind == .bridge)
        #expect(plan.configurations[2].members == ["all"])
    }

    @Test(arguments: [
        "network:\n\tethernets: {}\n", "network:\n  ethernets:\n    a:\n     dhcp4: true\n    b: c: d\n",
        "network:\n  version: 3\n", "network:\n  ethernets:\n    a:\n      dhcp4: maybe\n", "[a, b\n",
        "- a\n",
        "network:\n  ethernets:\n    a:\n      addresses: 1.2.3.4/5\n", "foo: 1\n", "network:\n  bogus: {}\n",
        "network:\n  ethernets:\n    a:\n      addresses: [1.2.3.4]\n",
    ])
    func netplanErrors(text: String) {
        let plan = NetplanConfiguration(files: [configFile("/etc/netplan/a.yaml", text)])
        #expect(plan.isRefused == .yes)
        #expect(plan.faults.first?.message.contains("line") == true)
    }

    /// netplan takes the last of two; this reader does not follow and must not say that netplan refuses.
    @Test func netplanKeyTwiceIsUnknown() {
        let text = "network:\n  ethernets:\n    a:\n      dhcp4: true\n      dhcp4: false\n"
        #expect(NetplanConfiguration(files: [configFile("/etc/netplan/a.yaml", text)]).isRefused == .unknown)
    }

    @Test func yamlCaps() {
        let deep = String(repeating: "[", count: 5000)
        #expect(throws: ImageFault.self) { try YAMLValue.read(configBytes(deep), name: "x") }
        let dashes = String(repeating: "- ", count: 5000) + "a"
        #expect(throws: ImageFault.self) { try YAMLValue.read(configBytes(dashes), name: "x") }
        let steps = (0..<500).map { String(repeating: " ", count: $0) + "a:" }.joined(separator: "\n")
        #expect(throws: ImageFault.self) { try YAMLValue.read(configBytes(steps), name: "x") }
        var bomb = "a0: &a0 [x,x]\n"
        for level in 1..<12 {
            bomb += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1), *a\(level - 1)]\n"
        }
        #expect(throws: ImageFault.self) { try YAMLValue.read(configBytes(bomb), name: "x") }
        #expect(throws: ImageFault.self) { try YAMLValue.read(configBytes("a: 1\na: 2\n"), name: "x") }
    }

    @Test func networkManagerKeyfile() throws {
        let profile = try NetworkManagerKeyfile(
            configBytes(
                """
                [connection]
                id=x
                type=802-3-ethernet
                interface-name=eth0
                autoconnect=false

                [802-3-ethernet]
                mac-address=00:11:22:33:44:55

                [ipv4]
                method=manual
                address1=10.0.0.2/24,10.0.0.1
                """), name: "/etc/NetworkManager/system-connections/x.nmconnection")
        let configuration = try #require(profile.configuration)
        #expect(configuration.method == .fixed)
        #expect(configuration.addresses == ["10.0.0.2/24"])
        #expect(configuration.gateway == "10.0.0.1")
        #expect(configuration.startsAtBoot == .no)
        #expect(configuration.match.macAddresses == ["00:11:22:33:44:55"])
        #expect(configuration.match.literalName == "eth0")
        #expect(configuration.source.line == 11)
    }

    @Test("Trap 51: owner and mode of a key file") func keyfilePermissions() {
        #expect(NetworkManagerKeyfile.isAccepted(owner: 0, mode: 0o100600))
        #expect(!NetworkManagerKeyfile.isAccepted(owner: 0, mode: 0o100644))
        #expect(!NetworkManagerKeyfile.isAccepted(owner: 1000, mode: 0o100600))
        #expect(!NetworkManagerKeyfile.isProfileName("x.nmconnection~"))
        #expect(!NetworkManagerKeyfile.isProfileName("x", requiresExtension: true))
        // A copy is a profile, too, unless its name looks temporary.
        for (name, isProfile) in [
            ("eth0", true), ("eth0.bak", true), ("eth0.nmconnection.rpmsave", true), ("eth0.rpmnew", false),
            ("eth0.A1b2C3", false), ("ca.pem", false), ("ca.DER", false), (".eth0.swp", false), ("", false),
        ] {
            #expect(NetworkManagerKeyfile.isProfileName(name) == isProfile, "\(name)")
        }
    }

    @Test("Trap 53: no-auto-default and unmanaged devices") func noAutoDefault() throws {
        let config = try NetworkManagerConfiguration(files: [
            configFile(
                "/usr/lib/NetworkManager/conf.d/00-server.conf",
                "[main]\nno-auto-default=*\nignore-carrier=*\n"),
            configFile(
                "/etc/NetworkManager/NetworkManager.conf",
                "[main]\nplugins=ifupdown,keyfile\n[ifupdown]\nmanaged=false\n"),
            configFile(
                "/etc/NetworkManager/conf.d/x.conf", "[keyfile]\nunmanaged-devices=*,except:type:wifi\n"),
        ])
        #expect(config.deniesAutomaticDefault(for: eth0).answer == .yes)
        #expect(config.deniesAutomaticDefault(for: eth0).source?.line == 2)
        #expect(config.isUnmanaged(eth0).answer == .yes)
        #expect(config.loadsPlugin("ifcfg-rh") == false)
        #expect(!config.managesIfupdown.value)
        let one = try NetworkManagerConfiguration(files: [
            configFile("/x", "[keyfile]\nunmanaged-devices=interface-name:docker*;mac:00:11:22:33:44:55\n")
        ])
        #expect(one.isUnmanaged(predictable).answer == .no)
        // Of sections for the card the first counts, one without a name last.
        let sections = try NetworkManagerConfiguration(files: [
            configFile(
                "/x",
                "[device]\nmanaged=0\n[device-a]\nmatch-device=interface-name:wlan*\nmanaged=0\n[device-b]\nmatch-device=driver:virtio_net\nmanaged=1\n"
            )
        ])
        #expect(sections.isUnmanaged(eth0).answer == .no)
        let bare = try NetworkManagerConfiguration(files: [configFile("/x", "[device]\nmanaged=false\n")])
        #expect(bare.isUnmanaged(eth0).answer == .yes)
    }

    @Test("Trap 55: HWADDR and rules for hardware addresses") func ifcfgAndPersistentRules() throws {
        let ifcfg = try IfcfgFile(
            configFile(
                "/etc/sysconfig/network-scripts/ifcfg-eth0",
                "DEVICE=\"eth0\"\nBOOTPROTO='none'\nONBOOT=yes\nIPADDR=10.0.0.2\nNETMASK=255.255.255.0\nGATEWAY=10.0.0.1\nHWADDR=52:54:00:AA:bb:CC # old\n"
            ),
            dialect: .redHat)
        let configuration = ifcfg.configuration
        #expect(configuration.method == .fixed)
        #expect(configuration.addresses == ["10.0.0.2/24"])
        #expect(ifcfg.hardwareAddress?.address == "52:54:00:aa:bb:cc")
        #expect(ifcfg.hardwareAddress?.source.line == 7)
        #expect(configuration.match.applies(to: eth0) == .no)
        let dhcp = try IfcfgFile(
            configFile(
                "/etc/sysconfig/network-scripts/ifcfg-ens3", "BOOTPROTO=dhcp\nIPADDR=10.0.0.9\nONBOOT=no\n"),
            dialect: .redHat)
        #expect(dhcp.configuration.method == .dhcp)
        #expect(dhcp.configuration.startsAtBoot == .no)
        // The name of the file is not that of the device.
        #expect(dhcp.configuration.match.matchesNothing)
        #expect(dhcp.configuration(readBy: .networkManager).match.matchesNothing)
        func redHat(_ text: String) throws -> IfcfgFile {
            try IfcfgFile(configFile("/etc/sysconfig/network-scripts/ifcfg-ens3", text), dialect: .redHat)
        }
        let typed = try redHat("TYPE=Ethernet\nNAME=ens3\nBOOTPROTO=dhcp\n")
        #expect(typed.configuration.match.matchesNothing)
        #expect(typed.configuration(readBy: .networkManager).match.applies(to: eth0) == .yes)
        // ONBOOT unset is yes; words other than no differ between generations of the scripts.
        for (text, scripts, manager) in [
            ("", Ternary.yes, Ternary.yes), ("ONBOOT=no\n", .no, .no), ("ONBOOT=NO\n", .no, .no),
            ("ONBOOT=false\n", .unknown, .no), ("ONBOOT=0\n", .unknown, .no),
            ("ONBOOT=nope\n", .no, .yes), ("ONBOOT=\n", .yes, .yes),
        ] {
            let file = try redHat("DEVICE=eth0\n\(text)")
            #expect(file.configuration.startsAtBoot == scripts, "\(text)")
            #expect(file.configuration(readBy: .networkManager).startsAtBoot == manager, "\(text)")
        }
        let suse = try IfcfgFile(
            configFile("/etc/sysconfig/network/ifcfg-eth0", "BOOTPROTO='dhcp4'\nSTARTMODE='auto'\n"),
            dialect: .suse)
        #expect(suse.configuration.method == .dhcp)
        #expect(suse.configuration.startsAtBoot == .yes)
        for (name, scripts, manager) in [
            ("ifcfg-eth0", true, true), ("ifcfg-eth0.bak", false, false), ("ifcfg-eth0.rpmsave", false, true),
            ("ifcfg-eth0.rej", true, false), ("ifcfg-eth0.save", true, true),
            ("ifcfg-eth0;5f1a", false, false),
            ("ifcfg-", false, false), ("ifup-eth", false, false),
        ] {
            #expect(IfcfgFile.isInterfaceFile(name, readBy: .scripts, of: .redHat) == scripts, "\(name)")
            #expect(
                IfcfgFile.isInterfaceFile(name, readBy: .networkManager, of: .redHat) == manager, "\(name)")
        }
        for (mode, starts) in [
            ("auto", Ternary.yes), ("onboot", .yes), ("hotplug", .yes), ("nfsroot", .yes), ("manual", .no),
            ("off", .no), ("", .no),
        ] {
            let file = try IfcfgFile(
                configFile("/etc/sysconfig/network/ifcfg-eth0", "BOOTPROTO=dhcp\nSTARTMODE=\(mode)\n"),
                dialect: .suse)
            #expect(file.configuration.startsAtBoot == starts, "\(mode)")
            #expect(file.configuration.match.literalName == "eth0")
        }
        let rules = try PersistentNetRules(
            configBytes(
                "# c\nSUBSYSTEM==\"net\", ACTION==\"add\", DRIVERS==\"?*\", \\\n ATTR{address}==\"52:54:00:AA:BB:CC\", ATTR{type}==\"1\", KERNEL==\"eth*\", NAME=\"eth0\"\n"
            ),
            name: "/etc/udev/rules.d/70-persistent-net.rules")
        #expect(rules.rules.map(\.name) == ["eth0"])
        #expect(rules.rules[0].address == "52:54:00:aa:bb:cc")
        #expect(rules.rules[0].kernel == "eth*")
        #expect(rules.rules[0].source.line == 2)
    }

    @Test("Trap 58: the bridge holds the address") func bridgeHoldsTheAddress() throws {
        let ifcfg = try IfcfgFile(
            configFile("/x/ifcfg-eth0", "DEVICE=eth0\nBRIDGE=br0\nONBOOT=yes\n"), dialect: .redHat)
        #expect(ifcfg.configuration.controller == "br0")
        #expect(ifcfg.configuration.method == .none)
    }

    @Test func dhcpcdWithoutAGateway() throws {
        func refused(_ text: String) throws -> Int? {
            try DhcpcdConfiguration(configBytes(text)).configurations().last?.refusesDefaultRoute?.line
        }
        #expect(try refused("hostname\nnogateway\n") == 2)
        #expect(try refused("hostname\n") == nil)
        // Of another interface than the one that is not named.
        #expect(try refused("interface wlan0\nnogateway\n") == nil)
    }

    @Test func dhcpcdAndResolver() throws {
        let config = try DhcpcdConfiguration(
            configBytes("hostname\ndenyinterfaces veth*\ninterface eth0\nstatic ip_address=10.0.0.2/24\n"))
        #expect(config.configurations().map(\.method) == [.fixed, .dhcp])
        #expect(config.configurations()[1].match.applies(to: predictable) == .yes)
        let resolv = try ResolvConf(configBytes("# c\nnameserver 10.0.0.1\nsearch a b\nnameserver ::1\n"))
        #expect(resolv.nameServers.map(\.address) == ["10.0.0.1", "::1"])
        #expect(resolv.searchDomains == ["a", "b"])
    }
}
