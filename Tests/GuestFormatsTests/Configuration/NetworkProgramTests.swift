import ByteReading
import Testing

@testable import GuestFormats

/// Files of the less common network programs, and what udev's generator of rules does.
@Suite struct NetworkProgramTests {
    @Test(arguments: [
        ("dhcp", KernelNetworkParameter.Kind.dhcp, nil as String?), ("on", .dhcp, nil),
        ("off", .nothing, nil),
        ("none", .nothing, nil), ("eth0:dhcp", .dhcp, "eth0"), ("ens3:auto6", .nothing, "ens3"),
        ("10.0.0.2::10.0.0.1:255.255.255.0:web:eth0:none", .fixed("10.0.0.2"), "eth0"),
        (":::::eth0:dhcp", .dhcp, "eth0"), ("10.0.0.2", .fixed("10.0.0.2"), nil), ("", .nothing, nil),
    ])
    func kernelParameter(text: String, kind: KernelNetworkParameter.Kind, interface: String?) {
        let parameter = KernelNetworkParameter(text)
        #expect(parameter.kind == kind)
        #expect(parameter.interface == interface)
    }

    @Test func netctl() throws {
        func profile(_ text: String) throws -> NetworkInterfaceConfiguration? {
            try NetctlProfile(configFile("/etc/netctl/x", text)).configuration
        }
        let fixed = try profile(
            "Interface=eth0\nConnection=ethernet\nIP=static\nAddress=('10.0.0.2/24')\nGateway='10.0.0.1'\n")
        #expect(fixed?.method == .fixed)
        #expect(fixed?.addresses == ["10.0.0.2/24"])
        #expect(fixed?.gateway == "10.0.0.1")
        let bridge = try profile("Interface=br0\nConnection=bridge\nBindsToInterfaces=(eth0 eth1)\nIP=dhcp\n")
        #expect(bridge?.kind == .bridge)
        #expect(bridge?.members == ["eth0", "eth1"])
        #expect(try profile("Interface=ppp0\nConnection=pppoe\n") == nil)
    }

    @Test func netifrc() throws {
        let file = try NetifrcConfiguration(
            configFile(
                "/etc/conf.d/net",
                "config_eth0=\"dhcp\"\nconfig_eth1=\"10.0.0.2 netmask 255.255.255.0\"\nconfig_eth2=\"null\"\nbridge_br0=\"eth2\"\n"
            ))
        #expect(file.configuration(of: "eth0").method == .dhcp)
        #expect(file.configuration(of: "eth1").method == .fixed)
        #expect(file.configuration(of: "eth2").method == .none)
        // What is not mentioned asks by DHCP.
        #expect(file.configuration(of: "br0").method == .dhcp)
        #expect(file.configuration(of: "br0").members == ["eth2"])
        #expect(NetifrcConfiguration().configuration(of: "enp0s3").method == .dhcp)
    }

    @Test func connman() throws {
        var configuration = ConnmanConfiguration()
        try configuration.readMain(
            configFile("/etc/connman/main.conf", "[General]\nNetworkInterfaceBlacklist=vmnet,eth9\n"))
        try configuration.readServices(
            configFile(
                "/var/lib/connman/ethernet_525400aabbcc_cable/settings",
                "[ethernet_525400aabbcc_cable]\nIPv4.method=manual\nIPv4.local_address=10.0.0.2\nIPv4.gateway=10.0.0.1\n"
            ))
        let all = configuration.all(path: "/etc/connman/main.conf")
        #expect(all.map(\.method) == [.fixed, .dhcp])
        #expect(all[0].match.macAddresses == ["52:54:00:aa:bb:cc"])
        #expect(all[0].addresses == ["10.0.0.2"])
        let eth0 = ExpectedInterface(names: .exact("eth0"))
        #expect(all[0].match.applies(to: eth0) == .no)
        #expect(all[1].match.applies(to: eth0) == .yes)
        #expect(all[1].match.applies(to: ExpectedInterface(names: .exact("eth9"))) == .no)
        try configuration.readMain(
            configFile("/etc/connman/main.conf", "[General]\nDefaultAutoConnectTechnologies=wifi\n"))
        #expect(configuration.all(path: "x").map(\.method) == [.fixed, .dhcp])
        #expect(configuration.all(path: "x").map(\.startsAtBoot) == [.yes, .no])
        #expect(configuration.all(path: "x").last?.source.line == 2)
        try configuration.readState(
            configFile("/var/lib/connman/settings", "[global]\nOfflineMode=false\n\n[Wired]\nEnable=false\n"))
        #expect(configuration.all(path: "x").map(\.startsAtBoot) == [.no, .no])
        var on = ConnmanConfiguration()
        try on.readState(
            configFile("/var/lib/connman/settings", "[Wired]\nEnable=true\n[WiFi]\nEnable=false\n"))
        #expect(on.all(path: "x").map(\.startsAtBoot) == [.yes])
    }

    @Test("Trap 55: the generator takes the number after the highest") func generatorCounts() {
        #expect(PersistentNetGenerator.next(after: []) == "eth0")
        #expect(PersistentNetGenerator.next(after: ["eth1"]) == "eth0")
        #expect(PersistentNetGenerator.next(after: ["eth0"]) == "eth1")
        #expect(PersistentNetGenerator.next(after: ["eth0", "eth7", "wlan3"]) == "eth8")
    }

    @Test func generatorOfOldReleases() throws {
        func name(_ text: String) throws -> String? {
            try PersistentNetGenerator(configBytes(text), name: "x").name(taken: ["eth0"])
        }
        // Debian 5: no list of addresses at all.
        let old = """
            ACTION=="add", SUBSYSTEM=="net", KERNEL=="eth*|ath*" NAME!="?*", DRIVERS=="?*", GOTO="do"
            GOTO="end"
            LABEL="do"
            SUBSYSTEMS=="pci", ENV{COMMENT}="PCI device $attr{vendor}"
            IMPORT{program}="write_net_rules $attr{address}"
            ENV{INTERFACE_NEW}=="?*", NAME="$env{INTERFACE_NEW}"
            LABEL="end"

            """
        #expect(try name(old) == "eth1")
        // A label that is never reached, a file that says nothing.
        #expect(try name("GOTO=\"end\"\nIMPORT{program}=\"write_net_rules\"\n") == "eth0")
        #expect(try name("") == "eth0")
        // White-listed ranges come before the rule against local addresses.
        let white = """
            ENV{MATCHADDR}="$attr{address}"
            ENV{MATCHADDR}=="52:54:00:*|fa:16:3e:*", GOTO="white"
            ENV{MATCHADDR}=="?[2367abef]:*", ENV{MATCHADDR}=""
            LABEL="white"
            ENV{MATCHADDR}=="", GOTO="end"
            IMPORT{program}="write_net_rules"
            LABEL="end"

            """
        #expect(try name(white) == "eth1")
    }

    @Test func cloudNetworks() throws {
        func read(_ text: String) throws -> [NetworkInterfaceConfiguration]? {
            let value = try #require(try YAMLValue.read(configBytes(text), name: "x"))
            return CloudNetworkConfiguration(value, path: "x")?.configurations
        }
        #expect(try read("config: disabled\n") == nil)
        let one = try #require(
            try read(
                "version: 1\nconfig:\n- {type: physical, name: eth0, mac_address: \"52:54:00:aa:bb:cc\", subnets: [{type: dhcp4}]}\n- {type: bond, name: bond0, bond_interfaces: [eth0], subnets: [{type: static, address: 10.0.0.2/24}]}\n- {type: nameserver, address: 10.0.0.1}\n"
            ))
        #expect(one.map(\.method) == [.dhcp, .fixed])
        #expect(one[1].members == ["eth0"])
        #expect(one[0].match.applies(to: ExpectedInterface(names: .exact("eth0"))) == .unknown)
        let two = try #require(try read("version: 2\nethernets:\n  eth0: {dhcp4: true}\n"))
        #expect(two.map(\.method) == [.dhcp])
    }

    /// Whatever the bytes: an answer or a fault.
    @Test func hostileBytes() {
        let seeds = [
            "ENV{A}==\"b|*\", GOTO=\"x\" \\\n, NAME=\"eth0\"\nLABEL=\"x\"\n",
            "Interface=eth0\nConnection=bridge\nBindsToInterfaces=(a 'b\nIP=static\n",
            "config_eth0=\"10.0.0.2/24 via\"\nroutes_eth0=\"via\"\n",
            "[service_x]\nType=ethernet\nMAC=zz\nIPv4=1/2/3/4\n", "a:::::b:c:d",
            "version: 1\nconfig: [{name: x}]\n",
        ]
        for seed in seeds {
            let bytes = Array(seed.utf8)
            for index in bytes.indices {
                var changed = bytes
                changed[index] ^= 0x20
                for text in [Array(bytes[..<index]), changed] {
                    let data = Bytes(text)
                    let file = ConfigurationFile(path: "/x", bytes: data)
                    _ = try? PersistentNetGenerator(data, name: "x").name(taken: [
                        "eth0", "eth99999999999999999",
                    ])
                    _ = try? PersistentNetRules(data, name: "x").rules.map {
                        $0.applies(driver: "virtio_net", kernelName: "eth0")
                    }
                    _ = try? NetctlProfile(file).configuration
                    _ = try? NetifrcConfiguration(file).configuration(of: "eth0")
                    var connman = ConnmanConfiguration()
                    try? connman.readMain(file)
                    try? connman.readServices(file)
                    _ = KernelNetworkParameter(data.text)
                    if let value = try? YAMLValue.read(data, name: "x") {
                        _ = CloudNetworkConfiguration(value, path: "x")
                    }
                }
            }
        }
    }
}
