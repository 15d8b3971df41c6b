package import ByteReading

/// A zone of firewalld (firewalld.zone(5)), as far as it decides whether a TCP port is open.
package struct FirewalldZone: Sendable {
    /// `target` of the zone: `default`, `ACCEPT`, `DROP`, `%%REJECT%%`.
    package let target: String
    /// Services that are let in, with their lines.
    package let services: [(name: String, source: SourceLine)]
    /// Ports that are let in: `22`, `1000-2000`, with protocol.
    package let ports: [(ports: String, networkProtocol: String, source: SourceLine)]
    /// Interfaces bound to the zone.
    package let interfaces: [String]
    /// Whether rich rules are there, which are not understood.
    package let hasRichRules: Bool

    /// Reads a zone file. Only start tags and attributes are looked at; entities and document types are not.
    package init(_ bytes: Bytes, name: String) throws(ImageFault) {
        let text = try ConfigurationText(bytes, name: name)
        var target = "default"
        var services: [(name: String, source: SourceLine)] = []
        var ports: [(ports: String, networkProtocol: String, source: SourceLine)] = []
        var interfaces: [String] = []
        var hasRules = false
        var inRule = false
        for (tag, attributes, line) in Self.tags(bytes.array) {
            let source = text.lines.indices.contains(line - 1) ? text.source(text.lines[line - 1]) : nil
            let place = source ?? SourceLine(file: name, line: line, excerpt: "<\(tag)>")
            switch tag {
            case "zone": target = attributes["target"] ?? "default"
            case "rule":
                hasRules = true
                inRule = true
            case "/rule": inRule = false
            case "service" where !inRule: services.append((attributes["name"] ?? "", place))
            case "port" where !inRule:
                ports.append((attributes["port"] ?? "", attributes["protocol"] ?? "", place))
            case "interface": interfaces.append(attributes["name"] ?? "")
            default: break
            }
        }
        self.target = target
        self.services = services
        self.ports = ports
        self.interfaces = interfaces
        hasRichRules = hasRules
    }

    private static let commentStart = Array("<!--".utf8)
    private static let commentEnd = Array("-->".utf8)

    /// Start and end tags with attributes and line; comments are skipped.
    private static func tags(_ bytes: [UInt8]) -> [(String, [String: String], Int)] {
        var result: [(String, [String: String], Int)] = []
        var index = 0
        var line = 1
        while index < bytes.count {
            if bytes[index] == 0x0A { line += 1 }
            guard bytes[index] == 0x3C else {
                index += 1
                continue
            }
            if bytes[index...].starts(with: commentStart) {
                while index < bytes.count, !bytes[index...].starts(with: commentEnd) {
                    if bytes[index] == 0x0A { line += 1 }
                    index += 1
                }
                continue
            }
            let start = line
            var content: [UInt8] = []
            index += 1
            while index < bytes.count, bytes[index] != 0x3E {
                if bytes[index] == 0x0A { line += 1 }
                content.append(bytes[index] == 0x0A ? 0x20 : bytes[index])
                index += 1
            }
            let name = content.prefix { !AsciiText.isSpace($0) }
            var tag = AsciiText.string(name)
            let isEmpty = content.last == 0x2F
            if isEmpty, tag.hasSuffix("/") { tag.removeLast() }
            result.append((tag, attributes(content.dropFirst(name.count)), start))
            if isEmpty { result.append(("/" + tag, [:], start)) }
        }
        return result
    }

    private static func attributes(_ content: ArraySlice<UInt8>) -> [String: String] {
        var result: [String: String] = [:]
        var index = content.startIndex
        while index < content.endIndex {
            let key = content[index...].prefix { $0 != 0x3D }
            guard key.endIndex + 1 < content.endIndex else { break }
            let quote = content[key.endIndex + 1]
            guard quote == 0x22 || quote == 0x27 else { break }
            let value = content[(key.endIndex + 2)...].prefix { $0 != quote }
            result[AsciiText.string(AsciiText.trimmed(key))] = AsciiText.string(value)
            index = min(content.endIndex, value.endIndex + 1)
        }
        return result
    }

    /// Whether a new connection to `port` gets in.
    ///
    /// - Parameter service: whether a service opens the port; nil for what the caller does not know.
    package func answer(
        port: Int = 22, service: (String) -> Ternary? = { _ in nil }
    ) -> PacketFilter.Answer {
        if target == "ACCEPT" { return .init(accepts: .yes, source: nil) }
        var open = Ternary.no
        for entry in services {
            switch service(entry.name) ?? Self.standard(entry.name, port: port) {
            case .yes: return .init(accepts: .yes, source: entry.source)
            case .no: continue
            case .unknown: open = .unknown
            }
        }
        if let entry = opening(port) { return .init(accepts: .yes, source: entry) }
        return .init(accepts: hasRichRules ? .unknown : open, source: nil)
    }

    /// Whether a list of ports and ranges with commas contains `port`.
    package static func contains(_ list: String, port: Int) -> Ternary {
        IptablesRules.ports(list.filter { $0 != " " }, contain: port)
    }

    /// The line that opens a TCP port by number.
    package func opening(_ port: Int) -> SourceLine? {
        ports.first { $0.networkProtocol == "tcp" && IptablesRules.ports($0.ports, contain: port) == .yes }?
            .source
    }

    /// Services that firewalld brings along. One of the administrator's own may open any port.
    private static func standard(_ name: String, port: Int) -> Ternary {
        if name == "ssh" { return Ternary(port == 22) }
        let others: Set<String> = [
            "dhcpv6-client", "mdns", "cockpit", "http", "https", "samba-client", "ipp-client",
        ]
        return others.contains(name) ? .no : .unknown
    }

    /// `DefaultZone` of firewalld.conf; `public` when not set.
    package static func defaultZone(
        _ bytes: Bytes, name: String = "/etc/firewalld/firewalld.conf"
    ) throws(ImageFault) -> (zone: String, source: SourceLine?) {
        let values = try ShellAssignments(bytes, name: name)
        return (values.value("DefaultZone") ?? "public", values["DefaultZone"]?.source)
    }
}
