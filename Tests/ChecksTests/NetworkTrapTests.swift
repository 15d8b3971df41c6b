import GuestFacts
import Targets
import Testing

@testable import Checks

/// Traps of the catalogue about the network and first boot, as the items judge them.
@Suite struct NetworkTrapTests {
    private static let netplan = "/etc/netplan/50-cloud-init.yaml"

    private func interface(
        _ manager: NetworkFacts.Manager, _ names: [String], _ method: InterfaceFacts.Method,
        _ applies: Answer,
        path: String = "/etc/systemd/network/10.network"
    ) -> InterfaceFacts {
        var one = InterfaceFacts(
            manager: manager, match: .init(names: names), method: method, startsAtBoot: true,
            appliesToPrimary: applies, evidence: Evidence(path: path, line: 1))
        if method == .static { one.addresses = ["10.0.0.2/24"] }
        return one
    }

    private func dhcp(_ change: @escaping (inout ExampleFacts) -> Void) -> CheckOutcome {
        GuestOSDhcp.evaluate(.example(change))
    }

    @Test("Trap 48: a fixed address for a name that cannot exist does no harm beside DHCP")
    func staleName() {
        let outcome = dhcp {
            $0.linux.network.interfaces.insert(interface(.networkd, ["ens192"], .static, .no), at: 0)
            $0.linux.cloudInit = CloudInitFacts()
        }
        #expect(outcome.status == .pass)
        let open = dhcp {
            $0.linux.network.interfaces.insert(interface(.networkd, ["ens5"], .static, .unknown), at: 0)
            $0.linux.cloudInit = CloudInitFacts()
        }
        #expect(open.status == .unknown)
    }

    @Test("Trap 49: what cloud-init wrote on the old platform it writes anew")
    func renderedFile() {
        var stale = interface(.netplan, ["ens192"], .static, .yes, path: Self.netplan)
        stale.renderedByCloudInit = true
        let outcome = dhcp {
            $0.linux.network.activeManagers = [.netplan: []]
            $0.linux.network.interfaces = [stale]
        }
        #expect(outcome.status == .pass)
        #expect(outcome.value == "cloud-init")
    }

    @Test("Trap 50: unless its network part is switched off")
    func renderedFileThatStays() {
        var stale = interface(.netplan, ["ens5"], .static, .yes, path: Self.netplan)
        stale.renderedByCloudInit = true
        let outcome = dhcp {
            $0.linux.network.activeManagers = [.netplan: []]
            $0.linux.network.interfaces = [stale]
            $0.linux.cloudInit.networkDisabled = Evidence(
                path: "/etc/cloud/cloud.cfg.d/99-disable-network-config.cfg", line: 1)
        }
        #expect(outcome.findings.map(\.code) == ["Dhcp.Static"])
        let own = dhcp {
            $0.linux.network.activeManagers = [.netplan: []]
            $0.linux.network.interfaces = []
            $0.linux.cloudInit.ownNetwork = [interface(.netplan, ["en*"], .static, .yes)]
        }
        #expect(own.findings.map(\.code) == ["Dhcp.Static"])
        #expect(own.findings.map(\.consequence) == [.unreachable])
    }

    @Test func oldCloudInitWritesNoNetwork() {
        func outcome(_ version: String?) -> CheckOutcome {
            dhcp {
                $0.linux.network.interfaces = []
                $0.linux.cloudInit.version = version
            }
        }
        #expect(outcome("22.4.2-1").status == .pass)
        #expect(outcome("0.7.9-24.el7").status == .pass)
        #expect(outcome("0.7.5-10.el6").findings.map(\.code) == ["Dhcp.NoConfig"])
        #expect(outcome("0.7.6a15").status == .unknown)
        #expect(outcome(nil).status == .unknown)
    }

    @Test("Trap 53: NetworkManager's own profile counts, and only where it is allowed")
    func automatic() {
        for (allowed, status) in [(true, CheckStatus.pass), (false, .fail)] {
            let outcome = dhcp {
                $0.linux.network.activeManagers = [.networkManager: []]
                $0.linux.network.interfaces = [interface(.networkManager, ["ens192"], .static, .no)]
                $0.linux.network.automaticDHCP = Located(allowed, Evidence(path: "/etc/NetworkManager"))
                $0.linux.cloudInit = CloudInitFacts()
            }
            #expect(outcome.status == status)
        }
    }

    @Test("Trap 57: DHCP for exactly eth0 under predictable names")
    func exactName() {
        let outcome = dhcp {
            $0.linux.network.interfaces = [interface(.networkd, ["eth0"], .dhcp, .no)]
            $0.linux.cloudInit = CloudInitFacts()
        }
        #expect(outcome.findings.map(\.code) == ["Dhcp.NameMismatch"])
        #expect(outcome.findings[0].fixes.contains { $0.title == "Or keep the name eth0" })
    }

    @Test("Trap 58: DHCP on a NIC that a bridge has taken in is not used")
    func bridge() {
        var over = interface(.networkd, ["br0"], .static, .yes)
        over.virtualKind = "bridge"
        let outcome = dhcp {
            $0.linux.network.interfaces[0].controller = "br0"
            $0.linux.network.interfaces.append(over)
            $0.linux.cloudInit = CloudInitFacts()
        }
        #expect(outcome.findings.map(\.code) == ["Dhcp.Static"])
    }

    @Test("Trap 67: a list pinned to the previous cloud") func pinned() {
        let outcome = InitDatasource.evaluate(
            .example {
                $0.linux.cloudInit.datasources = Located(
                    ["Ec2"], Evidence(path: "/etc/cloud/cloud.cfg.d/99_pin.cfg", line: 1))
            })
        #expect(outcome.findings.map(\.code) == ["Datasource.NotListed"])
        #expect(outcome.findings[0].fixes[0].commands[0].hasSuffix("/zz_datasource.cfg"))
        #expect(outcome.findings[0].consequence == .notReady)
    }

    @Test(
        "Trap 68: letters in versions are compared as numbers",
        arguments: [
            ("0.7.6a4", true), ("0.7.6a15", false), ("0.7.6", true), ("19.1.2", true),
            ("19.1.3-1.el8", false),
            ("23.1~1", false),
        ])
    func versions(text: String, isTooOld: Bool) {
        let outcome = GuestOSCloudInit.evaluate(
            .example {
                $0.linux.identity.distribution = "anolis"
                $0.linux.cloudInit.version = text
            })
        #expect(outcome.findings.contains { $0.code == "CloudInit.TooOld" } == isTooOld)
    }

    @Test("Trap 69: growpart is there, and another partition or a volume group is in the way") func growth() {
        let behind = GuestOSOnlineResizeFS.evaluate(
            .example {
                $0.rootOnLVM()
                $0.image.partitions?.partitions.append(
                    PartitionFacts(number: 2, offset: 3 << 30, size: 1 << 29, type: "0x82", volume: "mbr:2"))
            })
        #expect(Set(behind.findings.map(\.code)) == ["Resize.Lvm", "Resize.NotLast"])
    }

    @Test("Trap 71: a first-boot wizard that the network waits for") func wizard() {
        let outcome = InitState.evaluate(
            .example {
                $0.linux.cloudInit = CloudInitFacts()
                $0.linux.cloudInit.prompts = [
                    StructureFinding(
                        code: "blocks", message: "jeos-firstboot.service asks and waits.",
                        evidence: Evidence(path: "/usr/lib/systemd/system/jeos-firstboot.service"))
                ]
            })
        #expect(outcome.findings.map(\.consequence) == [.stopsBoot])
        #expect(outcome.findings[0].fixes[0].commands == ["systemctl disable jeos-firstboot.service"])
    }

    @Test("Trap 73: clones with one machine id ask for one address") func machineID() {
        let outcome = SecMachineID.evaluate(.example { $0.linux.hygiene.machineID = .known(.set) })
        #expect(outcome.findings.map(\.code) == ["MachineId.Cloned"])
    }

    /// The file of exactly this stack, with the real name.
    @Test func fixesSpeakTheStack() {
        func first(
            _ family: OSIdentity.Family, _ distribution: String, _ version: String,
            _ managers: [NetworkFacts.Manager], name: String? = "eth0", starts: InitFacts.Program = .systemd
        ) -> [String] {
            var facts = ExampleFacts()
            facts.linux.initSystem.program = .known(Located(starts, Evidence(path: "/sbin/init")))
            facts.linux.identity.family = family
            facts.linux.identity.distribution = distribution
            facts.linux.identity.version = version
            facts.linux.network.activeManagers = Dictionary(uniqueKeysWithValues: managers.map { ($0, []) })
            facts.linux.network.interfaceName = name
            facts.linux.network.naming.value = name == nil ? .predictable : .kernel
            return DhcpFix(linux: facts.linux).fixes.flatMap(\.commands)
        }
        let six = first(.rhel, "centos", "6.10", [.sysconfig])
        #expect(six.joined().contains("/etc/sysconfig/network-scripts/ifcfg-eth0"))
        #expect(six.joined().contains("PERSISTENT_DHCLIENT=1"))
        #expect(first(.rhel, "rocky", "9.4", [.networkManager]).joined().contains("eth0.nmconnection"))
        #expect(
            first(.rhel, "rocky", "9.4", [.networkManager], name: nil).joined().contains("dhcp.nmconnection"))
        #expect(first(.suse, "sles", "15.5", [.wicked]).joined().contains("STARTMODE=auto"))
        #expect(
            first(.alpine, "alpine", "3.20", [], starts: .openrc).contains("rc-update add networking default")
        )
        #expect(first(.rhel, "centos", "6.10", [], starts: .sysv).contains("chkconfig network on"))
        #expect(
            first(.debian, "ubuntu", "22.04", [.netplan, .networkd]).contains(
                "chmod 600 /etc/netplan/50-dhcp.yaml"))
        let debian = first(.debian, "debian", "11", [.ifupdown], name: nil)
        #expect(debian.joined().contains("auto eth0"))
        #expect(debian.joined().contains("net.ifnames=0"))
    }
}
