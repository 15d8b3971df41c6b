/// The `network:` entry of cloud-init's own configuration (its documentation: "Networking config Version 1" and 2).
/// cloud-init uses it before what the platform says.
package struct CloudNetworkConfiguration: Sendable {
    /// What every interface gets.
    package private(set) var configurations: [NetworkInterfaceConfiguration] = []

    /// Reads the value of `network:`; nil when it only switches the network part off or says nothing.
    package init?(_ network: YAMLValue, path: String) {
        // Version 1 may stand one level deeper: `network: {config: {version: 1, config: [...]}}`.
        let inner = network["config"]?["version"] == nil ? network : network["config"] ?? network
        switch inner["version"]?.text {
        case "2": configurations = NetplanConfiguration(network: inner, path: path).configurations
        case "1", nil:
            guard let elements = inner["config"]?.elements else { return nil }
            for element in elements.prefix(256) { add(element, path: path) }
        default: return nil
        }
    }

    private mutating func add(_ element: YAMLValue, path: String) {
        guard let name = element["name"]?.text else { return }
        let kind: NetworkInterfaceConfiguration.Kind
        switch element["type"]?.text {
        case "physical": kind = .physical
        case "bond": kind = .bond
        case "bridge": kind = .bridge
        case "vlan": kind = .vlan(parent: element["vlan_link"]?.text)
        case "loopback": kind = .loopback
        default: return
        }
        var method = NetworkInterfaceConfiguration.Method.none
        var addresses: [String] = []
        for subnet in (element["subnets"]?.elements ?? []).prefix(64) {
            switch subnet["type"]?.text {
            case "dhcp", "dhcp4": method = .dhcp
            case "static":
                if let address = subnet["address"]?.text { addresses.append(address) }
            default: break
            }
        }
        if method == .none, addresses.contains(where: { !$0.contains(":") }) { method = .fixed }
        // With an address of a card cloud-init gives that card the name; without that card, what its renderer
        // makes of the entry differs.
        var match = InterfaceMatch(name: name)
        if let address = element["mac_address"]?.text { match.others.append("mac_address: \(address)") }
        var result = NetworkInterfaceConfiguration(
            source: SourceLine(file: path, line: element.line, excerpt: "name: \(name)"), stack: .netplan,
            match: match, method: method)
        result.addresses = addresses
        result.kind = kind
        result.members = element["bond_interfaces"]?.texts ?? element["bridge_interfaces"]?.texts ?? []
        configurations.append(result)
    }
}
