import GuestFacts
import Testing

@testable import GuestInspection

/// Which name servers of the old network stay at boot.
@Suite struct NameServerTests {
    private func left(_ guest: NetworkGuest) -> [String] {
        guest.network().leftovers.filter { $0.kind == .nameServer }.map(\.message)
    }

    private func redHat(_ ifcfg: String) -> NetworkGuest {
        var guest = NetworkGuest(.rhel, "centos", "7", udev: 219)
        guest.start("network.service")
        guest.file("/etc/sysconfig/network", "NETWORKING=yes\n")
        guest.file("/etc/sysconfig/network-scripts/ifup-eth", "x")
        guest.file("/usr/sbin/dhclient", "x")
        guest.file("/etc/sysconfig/network-scripts/ifcfg-eth0", "DEVICE=eth0\nBOOTPROTO=dhcp\n" + ifcfg)
        guest.file("/etc/resolv.conf", "nameserver 10.0.0.53\n")
        return guest
    }

    private func manager(_ ipv4: String, conf: String = "") -> NetworkGuest {
        var guest = NetworkGuest(.rhel, "rocky", "9.4", udev: 252)
        guest.start("NetworkManager.service")
        guest.commandLine = "net.ifnames=0"
        guest.file(
            "/etc/NetworkManager/system-connections/x.nmconnection",
            "[connection]\nid=x\ntype=ethernet\n[ipv4]\nmethod=auto\n\(ipv4)")
        guest.file("/etc/NetworkManager/conf.d/x.conf", conf)
        guest.file("/etc/resolv.conf", "nameserver 10.0.0.53\n")
        return guest
    }

    private func ifupdown(client: String = "/sbin/dhclient") -> NetworkGuest {
        var guest = NetworkGuest(.debian, "debian", "12", udev: 252)
        guest.start("networking.service")
        guest.commandLine = "net.ifnames=0"
        guest.file(client, "x")
        guest.file("/etc/network/interfaces", "auto eth0\niface eth0 inet dhcp\n")
        guest.file("/etc/resolv.conf", "nameserver 10.0.0.53\n")
        return guest
    }

    @Test func networkScriptsAndPeerDNS() {
        #expect(left(redHat("")).isEmpty)
        // dhclient-script compares with `no` as it is written.
        #expect(left(redHat("PEERDNS=NO\n")).isEmpty)
        let kept = redHat("PEERDNS=no\n")
        #expect(left(kept).first?.contains("10.0.0.53 stays") == true)
        #expect(kept.network().interfaces.first?.nameServers?.fileKept?.excerpt == "PEERDNS=no")
        #expect(
            left(redHat("PEERDNS=no\nDNS1=10.0.0.54\n")).contains {
                $0.contains("10.0.0.54 is asked instead")
            })
    }

    @Test func networkManagerWritesTheFileUnlessItIsToldNotTo() {
        #expect(left(manager("")).isEmpty)
        // Without servers of the network or its own it writes a file without any.
        #expect(left(manager("ignore-auto-dns=true\n")).first?.contains("without any") == true)
        #expect(left(manager("ignore-auto-dns=true\ndns=10.0.0.7;\n")).first?.contains("10.0.0.7") == true)
        #expect(left(manager("", conf: "[main]\ndns=none\n")).first?.contains("10.0.0.53 stays") == true)
        #expect(left(manager("", conf: "[main]\nrc-manager=unmanaged\n")).count == 1)
        #expect(left(manager("", conf: "[main]\ndns=systemd-resolved\nrc-manager=file\n")).isEmpty)
    }

    @Test func hooksOfDhclient() {
        #expect(left(ifupdown()).isEmpty)
        var hook = ifupdown()
        hook.file("/etc/dhcp/dhclient-enter-hooks.d/nodns", "#!/bin/sh\nmake_resolv_conf() { :; }\n")
        #expect(left(hook).first?.contains("dhclient-enter-hooks.d/nodns") == true)
        var debug = ifupdown()
        debug.file("/etc/dhcp/dhclient-enter-hooks.d/debug", "# make_resolv_conf() is called later\n")
        #expect(left(debug).isEmpty)
        // The hook of a package whose program is gone does nothing.
        var gone = ifupdown()
        gone.file(
            "/etc/dhcp/dhclient-enter-hooks.d/resolvconf",
            "if [ -x /sbin/resolvconf ] ; then\n\tmake_resolv_conf() { : ; }\nfi\n")
        #expect(left(gone).isEmpty)
        gone.file("/sbin/resolvconf", "x")
        #expect(left(gone).count == 1)
    }

    @Test func serversThatDhclientIsGiven() {
        var guest = ifupdown()
        guest.file(
            "/etc/dhcp/dhclient.conf",
            "#supersede domain-name-servers 10.9.9.9;\nsupersede domain-name-servers 10.0.0.1, 10.0.0.2;\nprepend domain-name-servers 127.0.0.1;\n"
        )
        let found = guest.network().leftovers.filter { $0.kind == .nameServer }
        #expect(found.map(\.evidence.line) == [2, 2])
        #expect(found.first?.message.contains("10.0.0.1 is asked instead of") == true)
    }

    @Test func otherClients() {
        var dhcpcd = ifupdown(client: "/usr/sbin/dhcpcd")
        #expect(left(dhcpcd).isEmpty)
        dhcpcd.file("/etc/dhcpcd.conf", "interface eth1\nnohook resolv.conf\n")
        #expect(left(dhcpcd).isEmpty)
        dhcpcd.file("/etc/dhcpcd.conf", "nohook hostname, resolv.conf\n")
        #expect(left(dhcpcd).count == 1)
        var alpine = ifupdown(client: "/sbin/udhcpc")
        alpine.file("/etc/udhcpc/udhcpc.conf", "RESOLV_CONF=\"no\"\n")
        #expect(left(alpine).count == 1)
        var suse = NetworkGuest.suse("BOOTPROTO='dhcp'\nSTARTMODE='auto'\n")
        suse.file("/etc/resolv.conf", "nameserver 10.0.0.53\n")
        #expect(left(suse).isEmpty)
        suse.file("/etc/sysconfig/network/config", "NETCONFIG_DNS_POLICY=\"\"\n")
        #expect(left(suse).count == 1)
    }

    @Test func networkdLeavesTheFileToResolved() {
        var guest = NetworkGuest(.debian, "debian", "12", udev: 252)
        guest.start("systemd-networkd.service")
        guest.file("/etc/systemd/network/80-dhcp.network", "[Match]\nName=en* eth*\n[Network]\nDHCP=yes\n")
        guest.file("/etc/resolv.conf", "nameserver 10.0.0.53\n")
        #expect(left(guest).count == 1)
    }
}
