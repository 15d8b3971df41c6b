import GuestFacts
import Testing

@testable import GuestInspection

/// What each network stack does with the NIC of an instance.
@Suite struct NetworkInspectionTests {
    private let scripts = "/etc/sysconfig/network-scripts"
    private let profiles = "/etc/NetworkManager/system-connections"

    // MARK: Red Hat

    private func redHat(_ version: String, udev: Int?, units: [String], plugin: Bool = false) -> NetworkGuest
    {
        var guest = NetworkGuest(.rhel, "centos", version, udev: udev)
        guest.file("/etc/sysconfig/network", "NETWORKING=yes\n")
        guest.file("\(scripts)/ifup-eth", "#!/bin/bash\n")
        guest.file("\(scripts)/ifcfg-lo", "DEVICE=lo\nONBOOT=yes\n")
        if plugin {
            guest.file("/usr/lib64/NetworkManager/1.40.16-1.el8/libnm-settings-plugin-ifcfg-rh.so", "x")
        }
        for unit in units { guest.start(unit) }
        return guest
    }

    @Test func networkScripts() {
        var guest = redHat("6", udev: nil, units: ["network.service"])
        guest.file("\(scripts)/ifcfg-eth0", "DEVICE=\"eth0\"\nBOOTPROTO='dhcp'\nONBOOT=yes\n")
        guest.file("\(scripts)/ifcfg-eth0:1", "DEVICE=eth0:1\nIPADDR=10.0.0.9\nONBOOT=yes\n")
        guest.file("\(scripts)/ifcfg-eth0.bak", "DEVICE=eth0\nBOOTPROTO=none\nIPADDR=10.0.0.2\n")
        let facts = guest.network()
        #expect(facts.interfaceName == "eth0")
        #expect(facts.summary == ["sysconfig: dhcp"])
    }

    @Test func networkScriptsThatAreOff() {
        for text in ["NETWORKING=no\n", nil] {
            var guest = NetworkGuest(.rhel, "centos", "6", udev: nil)
            guest.start("network.service")
            guest.file("\(scripts)/ifup-eth", "x")
            guest.file("\(scripts)/ifcfg-eth0", "DEVICE=eth0\nBOOTPROTO=dhcp\nONBOOT=yes\n")
            if let text { guest.file("/etc/sysconfig/network", text) }
            let facts = guest.network()
            #expect(facts.summary.isEmpty)
            #expect(facts.problems.contains { $0.code == "networkingOff" })
        }
    }

    @Test func scriptsCompareWithSmallLettersAndNetworkManagerDoesNot() {
        var old = redHat("7", udev: 219, units: ["network.service"])
        old.file("\(scripts)/ifcfg-eth0", "DEVICE=eth0\nBOOTPROTO=DHCP\nONBOOT=yes\n")
        #expect(old.network().summary == ["sysconfig: unknown"])
        var new = redHat("8", udev: 239, units: ["NetworkManager.service"], plugin: true)
        new.commandLine = "net.ifnames=0"
        new.file("\(scripts)/ifcfg-eth0", "DEVICE=eth0\nBOOTPROTO=DHCP\nONBOOT=yes\n")
        #expect(new.network().summary == ["networkManager: dhcp"])
    }

    @Test func bothServicesOfRedHat7AreOneTeam() {
        var guest = redHat(
            "7", udev: 219, units: ["NetworkManager.service", "network.service"], plugin: true)
        guest.file("\(scripts)/ifcfg-eth0", "DEVICE=eth0\nBOOTPROTO=dhcp\nONBOOT=yes\n")
        #expect(guest.network().summary == ["networkManager: dhcp"])
        guest.file("\(scripts)/ifcfg-eth1", "DEVICE=eth1\nBOOTPROTO=dhcp\nNM_CONTROLLED=no\n")
        #expect(guest.network().interfaces.map(\.manager) == [.sysconfig, .networkManager])
    }

    @Test("Trap 52: ifcfg files without NetworkManager's plug-in are read by nobody")
    func ifcfgWithoutPlugin() {
        var guest = redHat("10", udev: 257, units: ["NetworkManager.service"])
        guest.commandLine = "net.ifnames=0"
        guest.file("\(scripts)/ifcfg-eth0", "DEVICE=eth0\nBOOTPROTO=none\nIPADDR=10.0.0.2\nONBOOT=yes\n")
        let facts = guest.network()
        #expect(facts.summary.isEmpty)
        #expect(facts.setAside["\(scripts)/ifcfg-eth0"]?.contains("no plug-in") == true)
        // Nothing is left that fits the card, so NetworkManager makes a profile itself.
        #expect(facts.automaticDHCP?.value == true)

        var with = redHat("9", udev: 252, units: ["NetworkManager.service"], plugin: true)
        with.commandLine = "net.ifnames=0"
        with.file("\(scripts)/ifcfg-eth0", "DEVICE=eth0\nBOOTPROTO=none\nIPADDR=10.0.0.2\nONBOOT=yes\n")
        #expect(with.network().summary == ["networkManager: static"])
        with.file("/etc/NetworkManager/NetworkManager.conf", "[main]\nplugins=keyfile\n")
        #expect(with.network().summary.isEmpty)
    }

    @Test func outsideNetworkManagerNobodyConfigures() {
        var guest = redHat("8", udev: 239, units: ["NetworkManager.service"], plugin: true)
        guest.commandLine = "net.ifnames=0"
        guest.file("\(scripts)/ifcfg-eth0", "DEVICE=eth0\nBOOTPROTO=dhcp\nONBOOT=yes\nNM_CONTROLLED=no\n")
        let facts = guest.network()
        #expect(facts.summary.isEmpty)
        #expect(facts.setAside["\(scripts)/ifcfg-eth0"]?.hasPrefix("NM_CONTROLLED=no") == true)
        #expect(facts.automaticDHCP?.value == false)
    }

    @Test("Trap 55: HWADDR of another card, and a rule that makes eth1 of the new one")
    func hardwareAddresses() {
        var bound = redHat("6", udev: nil, units: ["network.service"])
        bound.file(
            "\(scripts)/ifcfg-eth0", "DEVICE=eth0\nHWADDR=00:50:56:AA:BB:CC\nBOOTPROTO=dhcp\nONBOOT=yes\n")
        let facts = bound.network()
        #expect(facts.summary.isEmpty)
        #expect(facts.interfaces.first?.match.macAddresses == ["00:50:56:aa:bb:cc"])
        #expect(facts.nameBindings.contains { $0.code == "hwaddr" })

        var renamed = redHat("6", udev: nil, units: ["network.service"])
        renamed.file("\(scripts)/ifcfg-eth0", "DEVICE=eth0\nBOOTPROTO=dhcp\nONBOOT=yes\n")
        renamed.file("/etc/udev/rules.d/70-persistent-net.rules", Self.rules)
        #expect(renamed.network().interfaceName == "eth0")
        renamed.file("/lib/udev/rules.d/75-persistent-net-generator.rules", Self.generator(leavingOut: ""))
        let stale = renamed.network()
        #expect(stale.interfaceName == "eth1")
        #expect(stale.summary.isEmpty)
        #expect(stale.persistentNames.first?.line == 2)
    }

    private static let rules = """
        # PCI device 0x1af4:0x1000 (virtio-pci)
        SUBSYSTEM=="net", ACTION=="add", DRIVERS=="?*", ATTR{address}=="00:50:56:aa:bb:cc", ATTR{type}=="1", KERNEL=="eth*", NAME="eth0"

        """

    private static func generator(leavingOut lines: String) -> String {
        """
        ACTION!="add", GOTO="persistent_net_generator_end"
        SUBSYSTEM!="net", GOTO="persistent_net_generator_end"
        # ignore the interface if a name has already been set
        NAME=="?*", GOTO="persistent_net_generator_end"
        KERNEL!="eth*|ath*|wlan*[0-9]", GOTO="persistent_net_generator_end"
        ENV{MATCHADDR}="$attr{address}"
        ENV{MATCHIFTYPE}="$attr{type}"
        \(lines)
        ENV{MATCHADDR}=="", GOTO="persistent_net_generator_end"
        DRIVERS=="?*", IMPORT{program}="write_net_rules"
        ENV{INTERFACE_NEW}=="?*", NAME="$env{INTERFACE_NEW}"
        LABEL="persistent_net_generator_end"

        """
    }

    @Test func generatorsThatLeaveVirtualCardsOut() {
        func name(_ lines: String) -> String? {
            var guest = NetworkGuest(.debian, "debian", "7", udev: nil)
            guest.file("/etc/udev/rules.d/70-persistent-net.rules", Self.rules)
            guest.file(
                "/lib/udev/rules.d/75-persistent-net-generator.rules", Self.generator(leavingOut: lines))
            let facts = guest.network()
            return facts.naming.value == .unknown ? nil : facts.interfaceName
        }
        #expect(
            name(
                "ENV{MATCHADDR}==\"52:54:00:*|00:16:3e:*|fa:16:3e:*\", GOTO=\"persistent_net_generator_end\"")
                == "eth0")
        // Only locally administered ones: Alibaba Cloud's are not.
        #expect(name("ENV{MATCHADDR}==\"?[2367abef]:*\", ENV{MATCHADDR}=\"\"") == nil)
    }

    // MARK: SUSE

    @Test func wickedAndTheScriptsBefore() {
        var new = NetworkGuest(.suse, "sles", "15.5", udev: 249)
        new.start("wicked.service")
        new.commandLine = "net.ifnames=0"
        new.file("/etc/sysconfig/network/ifcfg-eth0", "BOOTPROTO='dhcp'\nSTARTMODE='auto'\n")
        new.file(
            "/etc/sysconfig/network/ifcfg-eth-id-00:50:56:aa:bb:cc",
            "BOOTPROTO='static'\nIPADDR='10.0.0.2/24'\nSTARTMODE='auto'\n")
        #expect(new.network().summary == ["wicked: dhcp"])
        new.file("/etc/sysconfig/network/ifcfg-eth0", "BOOTPROTO='dhcp'\n")
        let manual = NetworkGuest.suse("BOOTPROTO='dhcp'\n")
        #expect(manual.network().summary.isEmpty)
        let combined = NetworkGuest.suse("BOOTPROTO='dhcp+autoip'\nSTARTMODE='hotplug'\n")
        #expect(combined.network().summary == ["wicked: dhcp"])
        var xml = NetworkGuest.suse("BOOTPROTO='dhcp'\nSTARTMODE='auto'\n")
        xml.file("/etc/wicked/ifconfig/eth0.xml", "<interface/>")
        #expect(
            xml.network().interfaces.contains { $0.method == .unknown && $0.appliesToPrimary == .unknown })
    }

    // MARK: NetworkManager

    private func manager(_ profiles: [String: String], mode: UInt16 = 0o600, conf: String? = nil)
        -> NetworkGuest
    {
        var guest = NetworkGuest(.rhel, "rocky", "9.4", udev: 252)
        guest.start("NetworkManager.service")
        guest.commandLine = "net.ifnames=0"
        for (name, text) in profiles { guest.file("\(self.profiles)/\(name)", text, mode: mode) }
        if let conf { guest.file("/etc/NetworkManager/conf.d/x.conf", conf) }
        return guest
    }

    private func profile(
        _ method: String, name: String? = "eth0", more: String = "", ethernet: String = ""
    ) -> String {
        let interface = name.map { "interface-name=\($0)\n" } ?? ""
        let address = method == "manual" ? "address1=10.0.0.2/24,10.0.0.1\n" : ""
        return
            "[connection]\nid=x\ntype=ethernet\n\(interface)\(more)\n[ethernet]\n\(ethernet)\n[ipv4]\nmethod=\(method)\n\(address)"
    }

    @Test("Trap 51: a key file with mode 644 is ignored")
    func keyfileMode() {
        let good = manager(["a.nmconnection": profile("auto")])
        #expect(good.network().summary == ["networkManager: dhcp"])
        let open = manager(["a.nmconnection": profile("auto")], mode: 0o644).network()
        #expect(open.summary.isEmpty)
        #expect(open.problems.contains { $0.code == "keyfilePermissions" })
        #expect(open.setAside.values.contains { $0.contains("mode 644") })
    }

    @Test("Trap 53: without a profile NetworkManager makes one, unless no-auto-default says no")
    func automaticProfile() {
        #expect(manager([:]).network().automaticDHCP?.value == true)
        let denied = manager([:], conf: "[main]\nno-auto-default=*\n").network()
        #expect(denied.automaticDHCP?.value == false)
        // A profile for a card that is not there does not count, one that is not started does.
        let other = manager(["a.nmconnection": profile("manual", name: "ens192")])
        #expect(other.network().automaticDHCP?.value == true)
        let idle = manager(["a.nmconnection": profile("auto", more: "autoconnect=false\n")]).network()
        #expect(idle.automaticDHCP?.value == false)
        #expect(idle.summary.isEmpty)
        var server = manager([:])
        server.file("/usr/lib/NetworkManager/conf.d/00-server.conf", "[main]\nno-auto-default=*\n")
        #expect(server.network().automaticDHCP?.value == false)
        server.file("/etc/NetworkManager/conf.d/00-server.conf", "")
        #expect(server.network().automaticDHCP?.value == true)
    }

    @Test func theProfileWithTheHighestPriorityIsTaken() {
        let two = manager([
            "a.nmconnection": profile("manual"),
            "b.nmconnection": profile("auto", name: nil, more: "autoconnect-priority=10\n"),
        ])
        #expect(two.network().summary == ["networkManager: dhcp"])
        var stamped = manager([
            "a.nmconnection": profile("manual", more: "uuid=aaaa\n"),
            "b.nmconnection": profile("auto", more: "uuid=bbbb\n"),
        ])
        // Equal: nobody can say.
        #expect(stamped.network().summary.count == 2)
        stamped.file("/var/lib/NetworkManager/timestamps", "[timestamps]\naaaa=1700000000\nbbbb=1600000000\n")
        #expect(stamped.network().summary == ["networkManager: static"])
    }

    @Test func devicesItLeavesAlone() {
        let off = manager(
            ["a.nmconnection": profile("auto")], conf: "[keyfile]\nunmanaged-devices=interface-name:eth*\n"
        ).network()
        #expect(off.summary.isEmpty)
        #expect(off.automaticDHCP?.value == false)
        var ubuntu = NetworkGuest(.debian, "ubuntu", "22.04", udev: 249)
        ubuntu.start("NetworkManager.service")
        ubuntu.commandLine = "net.ifnames=0"
        ubuntu.file("/usr/lib/systemd/system-generators/netplan", "x")
        ubuntu.file(
            "/usr/lib/NetworkManager/conf.d/10-globally-managed-devices.conf",
            "[keyfile]\nunmanaged-devices=*,except:type:wifi,except:type:gsm\n")
        #expect(ubuntu.network().automaticDHCP?.value == false)
        ubuntu.file("/etc/netplan/01.yaml", "network: {version: 2, renderer: NetworkManager}\n")
        #expect(ubuntu.network().automaticDHCP?.value == true)
    }

    @Test func debianLeavesToIfupdownWhatItNames() {
        var guest = NetworkGuest(.debian, "debian", "12", udev: 252)
        guest.commandLine = "net.ifnames=0"
        guest.start("NetworkManager.service")
        guest.start("networking.service")
        guest.file("/usr/lib/x86_64-linux-gnu/NetworkManager/1.42.4/libnm-settings-plugin-ifupdown.so", "x")
        guest.file(
            "/etc/NetworkManager/NetworkManager.conf",
            "[main]\nplugins=ifupdown,keyfile\n[ifupdown]\nmanaged=false\n")
        guest.file("/etc/network/interfaces", "auto eth0\niface eth0 inet dhcp\n")
        let facts = guest.network()
        #expect(facts.summary == ["ifupdown: dhcp"])
        #expect(facts.automaticDHCP?.value == false)
    }

    // MARK: netplan and networkd

    private func netplan(_ files: [String: String], udev: Int = 249) -> NetworkGuest {
        var guest = NetworkGuest(.debian, "ubuntu", "22.04", udev: udev)
        guest.file("/usr/lib/systemd/system-generators/netplan", "x")
        guest.file("/usr/lib/systemd/system/systemd-networkd.service", "[Service]\nExecStart=/bin/true\n")
        for (name, text) in files { guest.file("/etc/netplan/\(name)", text) }
        return guest
    }

    @Test("Trap 54: a tab in netplan's YAML, and nothing is configured")
    func netplanErrors() {
        let good =
            "network:\n  version: 2\n  ethernets:\n    all:\n      match: {name: \"e*\"}\n      dhcp4: true\n"
        #expect(netplan(["a.yaml": good]).network().summary == ["netplan: dhcp"])
        for bad in [
            "network:\n\tversion: 2\n", "network:\n  ethernets:\n    a:\n     dhcp4: yes\n    b: c: d\n",
        ] {
            let facts = netplan(["a.yaml": good, "b.yaml": bad]).network()
            #expect(facts.refusing[.netplan]?.evidence.path == "/etc/netplan/b.yaml")
            #expect(facts.summary.isEmpty)
        }
        // A later netplan goes on without the file.
        var later = netplan(["a.yaml": good, "b.yaml": "network:\n\tversion: 2\n"])
        later.identity.packages["netplan.io"] = "1.2-1ubuntu1"
        #expect(later.network().refusing.isEmpty)
        #expect(later.network().uncertainManagers[.netplan] != nil)
    }

    @Test func netplanAndNetworkdTakeTheFirstByName() {
        let dhcp = "network:\n  ethernets:\n    all:\n      match: {name: \"e*\"}\n      dhcp4: true\n"
        var guest = netplan(["a.yaml": dhcp])
        guest.file(
            "/etc/systemd/network/05-lan.network", "[Match]\nName=en*\n[Network]\nAddress=10.0.0.2/24\n")
        let facts = guest.network()
        #expect(facts.summary == ["networkd: static"])
        #expect(facts.setAside["/etc/netplan/a.yaml"] == "05-lan.network comes first")
        var later = netplan(["a.yaml": dhcp])
        later.file(
            "/etc/systemd/network/20-lan.network", "[Match]\nName=en*\n[Network]\nAddress=10.0.0.2/24\n")
        #expect(later.network().summary == ["netplan: dhcp"])
        // `no` as text, and the renderer that does not start.
        #expect(
            netplan(["a.yaml": dhcp.replacing("true", with: "\"no\"")]).network().summary == [
                "netplan: manual"
            ])
        let other = netplan([
            "a.yaml": dhcp.replacing("network:\n", with: "network:\n  renderer: NetworkManager\n")
        ])
        #expect(other.network().summary.isEmpty)
        var masked = netplan(["a.yaml": dhcp])
        masked.link("/etc/systemd/system/systemd-networkd.service", "/dev/null")
        #expect(masked.network().summary.isEmpty)
    }

    @Test func filesOfNetworkdAndNetplanHideTheirNamesakes() {
        var guest = NetworkGuest(.rhel, "centos", "8", udev: 239)
        guest.commandLine = "net.ifnames=0"
        guest.start("systemd-networkd.service")
        guest.file("/usr/lib/systemd/network/80-dhcp.network", "[Match]\nName=eth0\n[Network]\nDHCP=yes\n")
        #expect(guest.network().summary == ["networkd: dhcp"])
        guest.file(
            "/run/systemd/network/80-dhcp.network", "[Match]\nName=eth0\n[Network]\nAddress=10.0.0.2/24\n")
        #expect(guest.network().summary == ["networkd: static"])
        guest.file("/etc/systemd/network/80-dhcp.network", "[Network]\nDHCP=yes\n")
        #expect(guest.network().summary == ["networkd: dhcp"], "239 takes an empty [Match] for all")
        guest.link("/etc/systemd/network/80-dhcp.network", "/dev/null")

        let dhcp = "network:\n  version: 2\n  ethernets:\n    all: {match: {name: \"e*\"}, dhcp4: true}\n"
        var plan = netplan([:])
        plan.file("/usr/lib/netplan/50-vendor.yaml", dhcp)
        #expect(plan.network().summary == ["netplan: dhcp"])
        plan.file("/etc/netplan/50-vendor.yaml", "network: {version: 2}\n")
        #expect(plan.network().summary.isEmpty)
        plan.file("/run/netplan/50-vendor.yaml", dhcp)
        #expect(plan.network().summary == ["netplan: dhcp"])
    }

    @Test func aCopyOfAnIfcfgFileMayCount() {
        var guest = redHat("7", udev: 219, units: ["network.service"])
        guest.file("\(scripts)/ifcfg-eth0", "DEVICE=eth0\nBOOTPROTO=dhcp\nONBOOT=yes\n")
        guest.file("\(scripts)/ifcfg-eth0.save", "DEVICE=eth0\nBOOTPROTO=none\nIPADDR=10.0.0.2\nONBOOT=yes\n")
        guest.file("\(scripts)/ifcfg-eth0.rpmsave", "DEVICE=eth0\nBOOTPROTO=none\nIPADDR=10.0.0.3\n")
        #expect(guest.network().summary == ["sysconfig: dhcp", "sysconfig: static"])
    }

    @Test func dropInsOfNetworkdCount() {
        var guest = NetworkGuest(.arch, "arch", "", udev: 257)
        guest.start("systemd-networkd.service")
        guest.file("/usr/lib/systemd/network/20-wired.network", "[Match]\nName=en*\n[Network]\nDHCP=no\n")
        #expect(guest.network().summary == ["networkd: manual"])
        guest.file("/etc/systemd/network/20-wired.network.d/dhcp.conf", "[Network]\nDHCP=yes\n")
        #expect(guest.network().summary == ["networkd: dhcp"])
    }

    @Test func eachStackMayLeaveOutTheDefaultRoute() {
        func refused(_ guest: NetworkGuest) -> String? {
            guest.network().interfaces.compactMap(\.defaultRouteRefused?.excerpt).first
        }
        var networkd = NetworkGuest(.debian, "debian", "12", udev: 252)
        networkd.start("systemd-networkd.service")
        networkd.file(
            "/etc/systemd/network/80.network",
            "[Match]\nName=en*\n[Network]\nDHCP=yes\n[DHCPv4]\nUseRoutes=false\n")
        #expect(refused(networkd) == "UseRoutes=false")
        let plan = { (rest: String) in
            self.netplan([
                "a.yaml":
                    "network:\n  ethernets:\n    all:\n      match: {name: \"e*\"}\n      dhcp4: true\n\(rest)"
            ])
        }
        let routes = "      dhcp4-overrides: {use-routes: false}\n"
        #expect(refused(plan("")) == nil)
        #expect(refused(plan(routes)) == "use-routes: false")
        #expect(refused(plan(routes + "      routes: [{to: default, via: 10.0.0.1}]\n")) == nil)
        var scripts = redHat("7", udev: 219, units: ["network.service"])
        scripts.file("\(self.scripts)/ifcfg-eth0", "DEVICE=eth0\nBOOTPROTO=dhcp\nONBOOT=yes\nDEFROUTE=no\n")
        #expect(refused(scripts) == "DEFROUTE=no")
        var manager = NetworkGuest(.rhel, "rocky", "9", udev: 252)
        manager.start("NetworkManager.service")
        let profile = "[connection]\nid=x\ntype=ethernet\n[ipv4]\nmethod=auto\nnever-default=true\n"
        manager.file("/etc/NetworkManager/system-connections/x.nmconnection", profile)
        #expect(refused(manager) == "never-default=true")
        manager.file(
            "/etc/NetworkManager/system-connections/x.nmconnection", profile + "route1=0.0.0.0/0,10.0.0.1\n")
        #expect(refused(manager) == nil)
    }

    @Test func connmanMayBeSwitchedOff() {
        func guest(_ files: [String: String]) -> [InterfaceFacts] {
            var guest = NetworkGuest(.debian, "debian", "12", udev: 252)
            guest.start("connman.service")
            for (path, text) in files { guest.file(path, text) }
            return guest.network().interfaces.filter { $0.manager == .connman }
        }
        #expect(guest([:]).map(\.startsAtBoot) == [true])
        #expect(guest([:]).map(\.appliesToPrimary) == [.yes])
        let off = guest(["/var/lib/connman/settings": "[Wired]\nEnable=false\n"])
        #expect(off.map(\.startsAtBoot) == [false])
        #expect(off.first?.evidence.path == "/var/lib/connman/settings")
        let ignored = guest(["/etc/connman/main.conf": "[General]\nNetworkInterfaceBlacklist=vmnet,en\n"])
        #expect(ignored.map(\.appliesToPrimary) == [.no])
        #expect(ignored.first?.evidence.line == 2)
    }

    @Test("Trap 48: a fixed address for a name that cannot exist any more")
    func staleNameBesideDHCP() {
        var guest = NetworkGuest(.debian, "debian", "12", udev: 252)
        guest.start("systemd-networkd.service")
        guest.commandLine = "net.ifnames=0"
        guest.file(
            "/etc/systemd/network/10-old.network", "[Match]\nName=ens192\n[Network]\nAddress=10.0.0.2/24\n")
        guest.file("/etc/systemd/network/80-dhcp.network", "[Match]\nName=en* eth*\n[Network]\nDHCP=yes\n")
        #expect(guest.network().summary == ["networkd: dhcp"])
    }

    @Test("Trap 58: the bridge or bond holds the address, not the NIC")
    func bridges() throws {
        var scripts = redHat("7", udev: 219, units: ["network.service"])
        scripts.file("\(self.scripts)/ifcfg-eth0", "DEVICE=eth0\nONBOOT=yes\nBRIDGE=br0\nBOOTPROTO=dhcp\n")
        scripts.file("\(self.scripts)/ifcfg-br0", "DEVICE=br0\nTYPE=Bridge\nONBOOT=yes\nBOOTPROTO=dhcp\n")
        let bridge = try #require(scripts.network().interfaces.first { $0.virtualKind == "bridge" })
        #expect(bridge.appliesToPrimary == .yes)
        #expect(bridge.method == .dhcp)
        var debian = NetworkGuest(.debian, "debian", "12", udev: 252)
        debian.commandLine = "net.ifnames=0"
        debian.start("networking.service")
        debian.file(
            "/etc/network/interfaces",
            "auto bond0\niface bond0 inet dhcp\n  bond-slaves eth0 eth1\nauto br1\niface br1 inet dhcp\n  bridge_ports eth5\n"
        )
        let kinds = debian.network().interfaces.map { "\($0.virtualKind ?? "") \($0.appliesToPrimary)" }
        #expect(kinds == ["bond yes", "bridge no"])
        let plan = netplan([
            "a.yaml":
                "network:\n  ethernets:\n    nic: {match: {name: \"en*\"}}\n  bridges:\n    br0: {interfaces: [nic], dhcp4: true}\n"
        ]).network()
        #expect(plan.interfaces.first { $0.virtualKind == "bridge" }?.appliesToPrimary == .yes)
    }

    // MARK: Names

    @Test("Trap 57: predictable names change with the machine, and older udev leaves virtio cards alone")
    func naming() {
        func naming(_ udev: Int?, _ line: String = "", family: OSIdentity.Family = .rhel) -> NetworkFacts {
            var guest = NetworkGuest(family, "x", "9", udev: udev)
            guest.commandLine = line
            guest.start("systemd-networkd.service")
            guest.file("/etc/systemd/network/10.network", "[Match]\nName=ens192\n[Network]\nDHCP=yes\n")
            return guest.network()
        }
        #expect(naming(252).naming.value == .predictable)
        #expect(naming(252).interfaces.first?.appliesToPrimary == .unknown)
        #expect(naming(252, "net.ifnames=0").interfaceName == "eth0")
        #expect(naming(252, "net.ifnames=0").interfaces.first?.appliesToPrimary == .no)
        // virtio is named by its slot from 229 on: Red Hat 7 has 219.
        #expect(naming(219).interfaceName == "eth0")
        #expect(naming(219, "biosdevname=1").interfaceName == "eth0")
        #expect(naming(nil).interfaceName == "eth0")
        #expect(naming(252, "net.ifnames.prefix=net").naming.value == .unknown)
    }

    @Test("Trap 57: what a NIC is called, and what is for it, goes by its driver")
    func otherCards() {
        var guest = NetworkGuest(.debian, "debian", "12", udev: 252)
        guest.start("networking.service")
        guest.file("/sbin/dhclient", "x")
        guest.file("/etc/network/interfaces", "auto eth0\niface eth0 inet dhcp\n")
        #expect(guest.network().summary.isEmpty)
        #expect(guest.network(driver: "ena").summary.isEmpty)
        #expect(guest.network(driver: "hv_netvsc").summary == ["ifupdown: dhcp"])

        var ubuntu = NetworkGuest(.debian, "ubuntu", "22.04", udev: 249)
        ubuntu.start("systemd-networkd.service")
        ubuntu.file(
            "/etc/systemd/network/10-v.network", "[Match]\nDriver=virtio_net\n[Network]\nDHCP=yes\n")
        #expect(ubuntu.network().summary == ["networkd: dhcp"])
        #expect(ubuntu.network(driver: "ena").summary.isEmpty)
    }

    @Test("Trap 56: rules for hardware addresses do nothing beside predictable names")
    func rulesBesidePredictableNames() {
        var guest = NetworkGuest(.debian, "ubuntu", "18.04", udev: 237)
        guest.file("/etc/udev/rules.d/70-persistent-net.rules", Self.rules)
        let facts = guest.network()
        #expect(facts.naming.value == .predictable)
        #expect(facts.persistentNames.count == 1)
        guest.file(
            "/etc/udev/rules.d/71-name.rules", "SUBSYSTEM==\"net\", DRIVERS==\"virtio_net\", NAME=\"lan0\"\n")
        #expect(guest.network().interfaceName == "lan0")
    }

    // MARK: The rest

    @Test func ifupdownForms() {
        func interfaces(_ text: String) -> NetworkFacts {
            var guest = NetworkGuest(.debian, "debian", "8", udev: 215)
            guest.start("networking.service")
            guest.file("/etc/network/interfaces", text)
            return guest.network()
        }
        #expect(interfaces("allow-hotplug eth0\niface eth0 inet dhcp\n").summary == ["ifupdown: dhcp"])
        #expect(interfaces("auto /eth*\niface eth0 inet dhcp\n").summary == ["ifupdown: dhcp"])
        #expect(interfaces("iface eth0 inet dhcp\n").summary.isEmpty)
        #expect(interfaces("auto eth0=office\niface office inet dhcp\n").summary == ["ifupdown: dhcp"])
        #expect(
            interfaces("mapping eth0\n script /x\nauto eth0\niface home inet dhcp\n").summary
                == ["ifupdown: unknown"])
        #expect(interfaces("auto eth0\niface eth0 inet dchp\n").refusing[.ifupdown] != nil)
    }

    @Test func otherPrograms() {
        var netctl = NetworkGuest(.arch, "arch", "", udev: 257)
        netctl.commandLine = "net.ifnames=0"
        netctl.file("/etc/netctl/lan", "Interface=eth0\nConnection=ethernet\nIP=dhcp\n")
        #expect(netctl.network().summary.isEmpty)
        netctl.start("netctl@lan.service")
        #expect(netctl.network().summary == ["netctl: dhcp"])

        var dhcpcd = NetworkGuest(.arch, "arch", "", udev: 257)
        dhcpcd.start("dhcpcd.service")
        dhcpcd.commandLine = "net.ifnames=0"
        dhcpcd.file("/etc/dhcpcd.conf", "hostname\ninterface eth0\nstatic ip_address=10.0.0.2/24\n")
        #expect(dhcpcd.network().summary == ["dhcpcd: static"])
        dhcpcd.file("/etc/dhcpcd.conf", "interface eth1\nstatic ip_address=10.0.0.2/24\n")
        #expect(dhcpcd.network().summary == ["dhcpcd: dhcp"])

        var connman = NetworkGuest(.other, "x", "1", udev: 252)
        connman.start("connman.service")
        #expect(connman.network().summary == ["connman: dhcp"])
        connman.file(
            "/var/lib/connman/lan.config", "[service_lan]\nType=ethernet\nIPv4=10.0.0.2/24/10.0.0.1\n")
        #expect(connman.network().summary == ["connman: static"])

        var gentoo = NetworkGuest(.gentoo, "gentoo", "2", udev: nil)
        gentoo.file("/etc/init.d/net.eth0", "x")
        gentoo.start("net.eth0.service")
        #expect(gentoo.network().summary == ["netifrc: dhcp"])
        gentoo.file("/etc/conf.d/net", "config_eth0=\"10.0.0.2/24\"\nroutes_eth0=\"default via 10.0.0.1\"\n")
        #expect(gentoo.network().summary == ["netifrc: static"])
        #expect(gentoo.network().interfaces.first?.gateway == "10.0.0.1")
    }

    @Test func kernelParameter() {
        var guest = NetworkGuest(.debian, "debian", "12", udev: 252)
        guest.commandLine = "ip=10.0.0.2::10.0.0.1:255.255.255.0:web:eth0:none net.ifnames=0"
        let fixed = guest.network().interfaces.first { $0.manager == .kernel }
        #expect(fixed?.method == .static)
        #expect(fixed?.addresses == ["10.0.0.2"])
        #expect(fixed?.appliesToPrimary == .unknown)
        guest.commandLine = "ip=dhcp"
        #expect(guest.network().interfaces.first { $0.manager == .kernel }?.method == .dhcp)
        guest.commandLine = "ip=off"
        #expect(guest.network().interfaces.isEmpty)
    }

    @Test func leftovers() {
        var guest = redHat(
            "7", udev: 219, units: ["network.service", "iptables.service", "keepalived.service"])
        guest.identity.hostname = "web01"
        guest.file("\(scripts)/route-eth0", "10.1.0.0/16 via 10.0.0.1\nblackhole 169.254.169.254\n")
        guest.file("/etc/sysconfig/network", "NETWORKING=yes\nGATEWAY=10.0.0.1\n")
        guest.file("/etc/resolv.conf", "nameserver 10.0.0.53\nnameserver 100.100.2.136\n")
        guest.file(
            "/etc/hosts", "127.0.0.1 localhost\n10.0.0.5 web01\n169.254.169.254 metadata.google.internal\n")
        guest.file("/etc/environment", "http_proxy=http://10.0.0.2:3128\n")
        guest.file("/etc/yum.conf", "[main]\nproxy=http://10.0.0.2:3128\n")
        guest.file("/etc/chrony.conf", "server 169.254.169.123 iburst\npool pool.ntp.org\n")
        guest.file("/etc/yum.repos.d/x.repo", "[base]\nbaseurl=http://mirrors.cloud.aliyuncs.com/centos\n")
        guest.file(
            "/etc/sysconfig/iptables",
            "*filter\n-A OUTPUT -d 100.100.100.200/32 -j DROP\n-A OUTPUT -d 169.254.169.254 -m owner ! --uid-owner 0 -j DROP\nCOMMIT\n"
        )
        guest.file("\(scripts)/ifcfg-eth0", "DEVICE=eth0\nBOOTPROTO=dhcp\nMTU=9001\n")
        let found = guest.network().leftovers
        let kinds = Dictionary(grouping: found, by: \.kind).mapValues(\.count)
        #expect(
            kinds == [
                .route: 2, .metadataBlocked: 2, .hosts: 2, .proxy: 2, .timeServer: 1, .mirror: 1,
                .virtualAddress: 1, .mtu: 1,
            ])
        #expect(found.first { $0.kind == .mirror }?.platform == "AliYun")
        #expect(found.first { $0.kind == .timeServer }?.platform == "Ec2")

        // Only where no DHCP client writes the file anew do its name servers stay.
        guest.file("\(scripts)/ifcfg-eth0", "DEVICE=eth0\nONBOOT=yes\nBOOTPROTO=none\nIPADDR=10.0.0.7\n")
        let servers = guest.network().leftovers.filter { $0.kind == .nameServer }
        #expect(servers.map(\.platform) == [nil, "AliYun"])
    }

    @Test func aGuestWithoutAnyOfThisHasNoFacts() {
        let facts = NetworkGuest(.debian, "debian", "12", udev: 252).network()
        #expect(facts.interfaces.isEmpty && facts.leftovers.isEmpty && facts.problems.isEmpty)
        #expect(facts.activeManagers.isEmpty)
    }

    @Test func aMatchForMachinesOfVMwareIsForNone() {
        var guest = NetworkGuest(.debian, "debian", "12", udev: 252)
        guest.start("systemd-networkd.service")
        let path = "/etc/systemd/network/80-dhcp.network"
        for (place, expected) in [("vmware", []), ("vm", ["networkd: dhcp"])] {
            guest.file(
                path, "[Match]\nName=en*\nVirtualization=\(place)\n[Network]\nDHCP=ipv4\n", mode: 0o644)
            let network = guest.network()
            #expect(network.summary == expected)
            #expect(!network.interfaces.contains { $0.appliesToPrimary == .unknown })
        }
    }

    @Test func networkdIsNotRootAndHasToReadItsFile() {
        var guest = NetworkGuest(.debian, "debian", "12", udev: 252)
        guest.start("systemd-networkd.service")
        guest.file("/etc/passwd", "root:x:0:0::/root:/bin/sh\nsystemd-network:x:998:998::/:/bin/false\n")
        guest.file(
            "/usr/lib/systemd/system/systemd-networkd.service",
            "[Service]\nUser=systemd-network\nExecStart=/bin/true\n")
        let path = "/etc/systemd/network/80-dhcp.network"
        guest.file(path, "[Match]\nName=en* eth*\n[Network]\nDHCP=ipv4\n", mode: 0o644)
        #expect(guest.network().summary == ["networkd: dhcp"])
        guest.file(path, "[Match]\nName=en* eth*\n[Network]\nDHCP=ipv4\n", mode: 0o600)
        #expect(guest.network().summary == [])
        #expect(guest.network().setAside[path]?.contains("mode 600") == true)
    }

    @Test func aManagerThatCannotStartSetsNothingUp() {
        var guest = NetworkGuest(.debian, "debian", "12", udev: 252)
        guest.start("systemd-networkd.service")
        guest.file(
            "/etc/systemd/network/80-dhcp.network", "[Match]\nName=en* eth*\n[Network]\nDHCP=ipv4\n",
            mode: 0o644)
        #expect(guest.network().refusing.isEmpty)
        guest.file(
            "/usr/lib/systemd/system/systemd-networkd.service", "[Service]\nExecStart=/nowhere/networkd\n")
        let network = guest.network()
        #expect(network.summary == [])
        #expect(network.refusing[.networkd]?.message.contains("/nowhere/networkd") == true)
    }
}

extension NetworkGuest {
    /// SLES 15 with one file for eth0.
    static func suse(_ text: String) -> NetworkGuest {
        var guest = NetworkGuest(.suse, "sles", "15.5", udev: 249)
        guest.start("wicked.service")
        guest.commandLine = "net.ifnames=0"
        guest.file("/etc/sysconfig/network/ifcfg-eth0", text)
        return guest
    }
}
