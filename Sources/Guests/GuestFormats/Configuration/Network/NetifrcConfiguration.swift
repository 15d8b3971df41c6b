package import ByteReading

/// Gentoo's `/etc/conf.d/net` (netifrc's net.example): `config_IFACE="dhcp"`, `config_IFACE="10.0.0.2/24"`.
package struct NetifrcConfiguration: Sendable {
    private let values: ShellAssignments?
    private let path: String

    /// Reads the file.
    package init(_ file: ConfigurationFile) throws(ImageFault) {
        values = try ShellAssignments(file.bytes, name: file.path)
        path = file.path
    }

    /// netifrc without any file asks for an address by DHCP.
    package init() {
        path = "/etc/conf.d/net"
        values = nil
    }

    /// What the script `net.INTERFACE` does: its `config_` line, or DHCP without one.
    package func configuration(of interface: String) -> NetworkInterfaceConfiguration {
        let variable = String(interface.map { $0.isLetter || $0.isNumber ? $0 : "_" })
        let config = values?["config_\(variable)"]
        let words = AsciiText.words(config?.value ?? "dhcp")
        let address = words.first { $0.contains(".") && $0.first?.isNumber == true }
        let method: NetworkInterfaceConfiguration.Method
        if words.contains("dhcp") || words.contains("dhcpcd") || words.contains("udhcpc")
            || words.contains("dhclient")
        {
            method = .dhcp
        } else if address != nil {
            method = .fixed
        } else if words.contains("null") || words.contains("noop") {
            method = .none
        } else {
            method = .other(config?.value ?? "")
        }
        var result = NetworkInterfaceConfiguration(
            source: config?.source ?? SourceLine(file: path, line: 1, excerpt: ""), stack: .netifrc,
            match: InterfaceMatch(name: interface), method: method)
        result.addresses = address.map { [$0] } ?? []
        let routes = AsciiText.words(values?.value("routes_\(variable)") ?? "")
        if let via = routes.firstIndex(of: "via"), via + 1 < routes.count { result.gateway = routes[via + 1] }
        if let ports = values?.value("bridge_\(variable)") {
            result.kind = .bridge
            result.members = AsciiText.words(ports)
        } else if let ports = values?.value("slaves_\(variable)") {
            result.kind = .bond
            result.members = AsciiText.words(ports)
        }
        return result
    }
}
