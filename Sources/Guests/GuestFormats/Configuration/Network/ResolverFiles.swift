package import ByteReading

/// `/etc/resolv.conf` (resolv.conf(5)).
package struct ResolvConf: Sendable {
    /// The name servers with their lines; the C library uses the first three.
    package let nameServers: [(address: String, source: SourceLine)]
    /// The search domains of the last `search` or `domain` line.
    package let searchDomains: [String]

    /// Reads the file.
    package init(_ bytes: Bytes, name: String = "/etc/resolv.conf") throws(ImageFault) {
        let text = try ConfigurationText(bytes, name: name)
        var servers: [(address: String, source: SourceLine)] = []
        var domains: [String] = []
        for line in text.lines {
            let words = AsciiText.words(line.bytes).map(AsciiText.string)
            guard words.count >= 2 else { continue }
            switch words[0] {
            case "nameserver": servers.append((words[1], text.source(line)))
            case "search", "domain": domains = Array(words.dropFirst())
            default: break
            }
        }
        nameServers = servers
        searchDomains = domains
    }
}

/// `/etc/dhcpcd.conf` (dhcpcd.conf(5)): which interfaces dhcpcd configures and which it gives fixed addresses.
package struct DhcpcdConfiguration: Sendable {
    /// Patterns of interfaces it leaves alone.
    package let denied: [String]
    /// Patterns of interfaces it takes; empty for all.
    package let allowed: [String]
    /// Fixed addresses with the interface of their block; nil interface outside of one.
    package let fixedAddresses: [(interface: String?, address: String, source: SourceLine)]
    /// The lines that keep it from writing `/etc/resolv.conf`, with the interface of their block.
    package let resolverLeft: [(interface: String?, source: SourceLine)]
    /// The line outside of blocks for which it sets no default route.
    package let gatewayLeft: SourceLine?

    /// Reads the file.
    package init(_ bytes: Bytes, name: String = "/etc/dhcpcd.conf") throws(ImageFault) {
        let text = try ConfigurationText(bytes, name: name)
        var denied: [String] = []
        var allowed: [String] = []
        var fixed: [(interface: String?, address: String, source: SourceLine)] = []
        var left: [(interface: String?, source: SourceLine)] = []
        var gateway: SourceLine?
        var isInBlock = false
        var interface: String?
        for line in text.lines {
            let words = AsciiText.words(line.bytes).map(AsciiText.string)
            guard let keyword = words.first, !keyword.hasPrefix("#") else { continue }
            if ["interface", "ssid", "profile"].contains(keyword) { isInBlock = true }
            switch keyword {
            case "nogateway" where !isInBlock: gateway = text.source(line)
            case "interface": interface = words.count > 1 ? words[1] : nil
            case "ssid", "profile", "arping": interface = nil
            case "denyinterfaces": denied += words.dropFirst()
            case "allowinterfaces": allowed += words.dropFirst()
            case "static" where words.count > 1 && words[1].hasPrefix("ip_address="):
                fixed.append((interface, String(words[1].dropFirst(11)), text.source(line)))
            case "nohook":
                // A hook is named with or without its number; commas separate, too.
                let hooks = words.dropFirst().flatMap { $0.split(separator: ",") }
                if hooks.contains("resolv.conf") || hooks.contains("20-resolv.conf") {
                    left.append((interface, text.source(line)))
                }
            default: break
            }
        }
        resolverLeft = left
        gatewayLeft = gateway
        self.denied = denied
        self.allowed = allowed
        fixedAddresses = fixed
    }

    /// What dhcpcd does with interfaces, most special first: fixed addresses, then DHCP for all that are allowed.
    package func configurations(path: String = "/etc/dhcpcd.conf") -> [NetworkInterfaceConfiguration] {
        let result = fixedAddresses.map { fixed in
            var configuration = NetworkInterfaceConfiguration(
                source: fixed.source, stack: .dhcpcd,
                match: fixed.interface.map { InterfaceMatch(name: $0) } ?? InterfaceMatch(), method: .fixed)
            configuration.addresses = [fixed.address]
            return configuration
        }
        var match = InterfaceMatch()
        match.names = allowed + denied.map { "!" + $0 }
        var byItself = NetworkInterfaceConfiguration(
            source: SourceLine(file: path, line: 1, excerpt: ""), stack: .dhcpcd, match: match, method: .dhcp)
        byItself.refusesDefaultRoute = gatewayLeft
        return result + [byItself]
    }
}
