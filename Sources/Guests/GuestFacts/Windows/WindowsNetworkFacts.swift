/// Network adapters and their configuration.
package struct WindowsNetworkFacts: Sendable, Hashable, Codable {
    /// Adapters of the class `Net` that stand for hardware, present or long gone: Windows keeps their records.
    package var adapters: Fact<[WindowsAdapter]> = .unknown(.notRead("network adapters"))
    /// `Tcpip6\Parameters\DisabledComponents`; 0xFF is no IPv6 at all but for the loopback.
    package var disabledComponents: Located<UInt64>?
    /// Routes that are set at every start (`Tcpip\Parameters\PersistentRoutes`): `0.0.0.0,0.0.0.0,10.0.0.1,1`.
    package var persistentRoutes: [Located<String>] = []
    /// Name servers for all adapters (`Tcpip\Parameters\NameServer`).
    package var nameServers: Located<String>?
    /// The proxy of system services (WinHTTP), without what stands before an `@`.
    package var proxy: Located<String>?
    /// Records of bridges and teams, which take the addresses over from the cards.
    package var compounds: [Evidence] = []
    /// What a policy makes of networks it does not know: 0 public, 1 private.
    package var unidentifiedNetworks: Located<UInt64>?
    package var gaps: [Gap] = []

    package init() {}
}

/// One network adapter.
package struct WindowsAdapter: Sendable, Hashable, Codable {
    /// Its record: `HKLM\SYSTEM\ControlSet001\Control\Class\{4d36e972-e325-11ce-bfc1-08002be10318}\0007`
    package var key: String
    /// `DriverDesc`: `Red Hat VirtIO Ethernet Adapter`.
    package var title: String?
    /// What the driver matched: `pci\ven_1af4&dev_1000`.
    package var component: String?
    /// `NetCfgInstanceId`: the GUID that its configuration goes by.
    package var interface: String?
    /// Its configuration for IPv4; nil when there is none, which means DHCP.
    package var configuration: WindowsInterface?

    package init(key: String) { self.key = key }

    /// Whether it is a card of this driver (`virtio_net`): the one that a machine of that kind would have again.
    package func isCard(of driver: String) -> Bool {
        guard let component = component?.lowercased() else { return false }
        return WindowsAdapter.devices[driver]?.contains { component.contains($0) } ?? false
    }

    /// PCI ids by the names of Linux drivers.
    private static let devices = [
        "virtio_net": ["ven_1af4&dev_1000", "ven_1af4&dev_1041"],
        "ena": ["ven_1d0f&dev_ec2", "ven_1d0f&dev_0ec2"],
        "e1000": ["ven_8086&dev_100e", "ven_8086&dev_100f"],
        "e1000e": ["ven_8086&dev_10d3"],
        "8139cp": ["ven_10ec&dev_8139"],
        "vmxnet3": ["ven_15ad&dev_07b0"],
        "gve": ["ven_1ae0&dev_0042"],
    ]
}

/// The IPv4 configuration of an adapter (`Tcpip\Parameters\Interfaces\{GUID}`).
package struct WindowsInterface: Sendable, Hashable, Codable {
    package var key: String
    /// `EnableDHCP`; absent means that it does not ask, unless there is no address either.
    package var usesDHCP: Bool?
    /// `IPAddress`, without the 0.0.0.0 that stands for none.
    package var addresses: [String] = []
    package var gateways: [String] = []
    /// `NameServer`: set by hand, so DHCP's are not used.
    package var nameServers: [String] = []

    package init(key: String) { self.key = key }

    package var isStatic: Bool { usesDHCP != true && !addresses.isEmpty }

    package var evidence: Evidence {
        let flag = usesDHCP.map { "EnableDHCP = \($0 ? 1 : 0)" }
        let address = addresses.isEmpty ? nil : "IPAddress = \(addresses.joined(separator: ", "))"
        return Evidence(path: key, excerpt: [flag, address].compactMap { $0 }.joined(separator: "; "))
    }
}

extension Gap {
    /// The value of a fact before anybody looked.
    static func notRead(_ what: String) -> Gap {
        Gap(where: what, kind: .absent, message: "were not looked at")
    }
}
