import GuestFacts
import Testing

@testable import GuestInspection

/// What the kernel of a guest is told about the network it comes from.
@Suite struct KernelNetworkTests {
    private func debian(_ files: [String: String], line: String = "") -> NetworkGuest {
        var guest = NetworkGuest(.debian, "debian", "12", udev: 252)
        guest.commandLine = line
        for (path, text) in files { guest.file(path, text) }
        return guest
    }

    private func kinds(_ guest: NetworkGuest) -> [LeftoverFacts.Kind] {
        guest.network().leftovers.map(\.kind)
    }

    @Test func aRouterIsALeftoverUnlessItsProgramIsThere() {
        let forward = ["/etc/sysctl.d/99-router.conf": "net.ipv4.ip_forward = 1\n"]
        #expect(kinds(debian(forward)) == [.forwarding])
        #expect(
            kinds(debian(["/etc/sysctl.d/99-router.conf": "net/ipv4/conf/all/forwarding=1\n"])) == [
                .forwarding
            ])
        for program in ["/usr/bin/dockerd", "/usr/sbin/libvirtd", "/usr/bin/kubelet", "/opt/cni/bin/bridge"] {
            var guest = debian(forward)
            guest.file(program, "x")
            #expect(kinds(guest).isEmpty, "\(program)")
        }
        // A package's own file, one that a later file takes back, and one that is masked.
        #expect(kinds(debian(["/usr/lib/sysctl.d/50-x.conf": "net.ipv4.ip_forward=1\n"])).isEmpty)
        var back = debian(forward)
        back.file("/etc/sysctl.d/99-zz.conf", "net.ipv4.ip_forward=0\n")
        #expect(kinds(back).isEmpty)
        var hidden = debian(["/usr/local/lib/sysctl.d/50-x.conf": "net.ipv4.ip_forward=1\n"])
        #expect(kinds(hidden) == [.forwarding])
        hidden.link("/etc/sysctl.d/50-x.conf", "/dev/null")
        #expect(kinds(hidden).isEmpty)
    }

    @Test func networkdForwardsAndHides() {
        func networkd(_ files: [String: String]) -> NetworkGuest {
            var guest = debian(files)
            guest.start("systemd-networkd.service")
            return guest
        }
        let lan = "/etc/systemd/network/20-lan.network"
        let hides = "[Match]\nName=br0\n[Network]\nAddress=10.0.0.1/24\nIPMasquerade=ipv4\n"
        #expect(kinds(networkd([lan: hides])) == [.translation])
        #expect(kinds(debian([lan: hides])).isEmpty, "networkd does not start")
        #expect(
            kinds(networkd([lan: "[Match]\nName=en*\n[Network]\nDHCP=yes\nIPForward=yes\n"])) == [.forwarding]
        )
        #expect(
            kinds(networkd([lan: "[Match]\nName=en*\n[Network]\nDHCP=yes\nIPv4Forwarding=yes\n"])) == [
                .forwarding
            ])
        // systemd's own files for containers, also as a copy, and a program that does it.
        let container = "[Match]\nName=ve-*\nDriver=veth\n[Network]\nIPMasquerade=both\n"
        #expect(kinds(networkd(["/usr/lib/systemd/network/80-container-ve.network": container])).isEmpty)
        #expect(kinds(networkd(["/etc/systemd/network/80-container-ve.network": container])).isEmpty)
        var docker = networkd([lan: hides])
        docker.file("/usr/bin/dockerd", "x")
        #expect(kinds(docker).isEmpty)
        // What holds for all interfaces, and what takes it back.
        let all = ["/etc/systemd/networkd.conf": "[Network]\nIPv4Forwarding=yes\n"]
        #expect(kinds(networkd(all)) == [.forwarding])
        var back = networkd(all)
        back.file("/etc/systemd/networkd.conf.d/x.conf", "[Network]\nIPv4Forwarding=no\n")
        #expect(kinds(back).isEmpty)
    }

    @Test func networkdMayTakeNoIPv6() {
        func kinds(_ network: String) -> [LeftoverFacts.Kind] {
            var guest = debian([
                "/etc/systemd/network/20.network": "[Match]\nName=en*\n[Network]\nDHCP=yes\n\(network)"
            ])
            guest.start("systemd-networkd.service")
            return guest.network().leftovers.map(\.kind)
        }
        #expect(kinds("").isEmpty)
        #expect(kinds("IPv6AcceptRA=no\n") == [.noIPv6])
        #expect(kinds("LinkLocalAddressing=no\n") == [.noIPv6])
    }

    @Test func systemdReadsSysctlConfThroughALinkOnly() {
        var guest = debian(["/etc/sysctl.conf": "net.ipv4.ip_forward=1\n"])
        #expect(kinds(guest).isEmpty)
        guest.link("/etc/sysctl.d/99-sysctl.conf", "../sysctl.conf")
        let found = guest.network().leftovers
        #expect(found.map(\.kind) == [.forwarding])
        #expect(found.first?.evidence.path == "/etc/sysctl.conf")
        // The scripts of other init systems read it last.
        var sysv = NetworkGuest(.rhel, "centos", "6", udev: nil)
        sysv.link("/sbin/init", "/sbin/upstart")
        sysv.file("/etc/sysctl.d/99-x.conf", "net.ipv4.ip_forward=0\n")
        sysv.file("/etc/sysctl.conf", "net.ipv4.ip_forward=1\n")
        #expect(kinds(sysv) == [.forwarding])
    }

    @Test func theFilterOfReturnPathsCountsByTheGreaterValue() {
        let off = "net.ipv4.conf.all.rp_filter=0\n"
        #expect(kinds(debian(["/etc/sysctl.d/90.conf": off])) == [.returnPathFilter])
        // systemd's own file sets 2 for every interface.
        #expect(
            kinds(
                debian([
                    "/usr/lib/sysctl.d/50-default.conf":
                        "net.ipv4.conf.default.rp_filter=2\nnet.ipv4.conf.*.rp_filter=2\n-net.ipv4.conf.all.rp_filter\n",
                    "/etc/sysctl.d/90.conf": off,
                ])
            ).isEmpty)
        #expect(kinds(debian(["/usr/lib/sysctl.d/90.conf": off])).isEmpty)
        #expect(kinds(debian(["/etc/sysctl.d/90.conf": "net.ipv4.conf.all.rp_filter=1\n"])).isEmpty)
    }

    @Test func whereIPv6IsSwitchedOff() {
        #expect(kinds(debian([:], line: "ipv6.disable=1")) == [.noIPv6])
        #expect(kinds(debian([:], line: "ipv6.disable=1 ipv6.disable=0")).isEmpty)
        #expect(kinds(debian(["/etc/sysctl.d/x.conf": "net.ipv6.conf.all.disable_ipv6=1\n"])) == [.noIPv6])
        #expect(kinds(debian(["/etc/sysctl.d/x.conf": "net.ipv6.conf.lo.disable_ipv6=1\n"])).isEmpty)
        #expect(kinds(debian(["/etc/modprobe.d/x.conf": "options ipv6 disable=1\n"])) == [.noIPv6])
        #expect(kinds(debian(["/etc/modprobe.d/x.conf": "# options ipv6 disable=1\n"])).isEmpty)
    }

    @Test(arguments: [
        ("-A POSTROUTING -s 10.0.0.0/24 -o eth0 -j MASQUERADE", true),
        ("-A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 10.0.0.5:80", true),
        ("-A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080", false),
        ("-A OUTPUT -p tcp --dport 80 -j DNAT --to-destination 127.0.0.1:8080", false),
        ("-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE", false),
        ("-A POSTROUTING -m comment --comment \"kubernetes postrouting rules\" -j KUBE-POSTROUTING", false),
        ("-A INPUT -p tcp --dport 22 -j ACCEPT", false),
        ("ip saddr 10.0.0.0/24 oifname \"eth0\" masquerade", true),
        ("oif eth0 snat to 192.0.2.1;", true),
        ("tcp dport 80 dnat ip to 10.0.0.5:80", true),
        ("tcp dport 80 redirect to :8080", false),
    ])
    func translation(line: String, isLeft: Bool) {
        let words = line.split(separator: " ").map(String.init)
        #expect((NetworkInspection.translation(words) != nil) == isLeft)
    }

    @Test func rulesOfAServiceThatDoesNotStartDoNothing() {
        let rules = "*nat\n-A POSTROUTING -s 10.0.0.0/24 -j MASQUERADE\nCOMMIT\n"
        var guest = debian(["/etc/iptables/rules.v4": rules])
        #expect(kinds(guest).isEmpty)
        guest.start("netfilter-persistent.service")
        #expect(kinds(guest) == [.translation])
    }
}
