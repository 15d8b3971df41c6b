import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// Settings of the network that the image comes from.
extension NetworkInspection {
    func findLeftovers() {
        findRoutes()
        findNameServers()
        findHosts()
        findProxies()
        findServersAndMirrors()
        findBlockedMetadata()
        findTunnels()
        findFrameSizes()
        findKernelSettings()
    }

    private static let limit = 64
    /// Where platforms answer a guest's questions, with the data source that asks there.
    private static let metadata = ["169.254.169.254", "100.100.100.200"]

    private func leave(
        _ kind: LeftoverFacts.Kind, _ message: String, _ source: SourceLine, platform: String? = nil
    ) {
        leave(kind, message, Evidence(source), platform: platform)
    }

    func leave(
        _ kind: LeftoverFacts.Kind, _ message: String, _ evidence: Evidence, platform: String? = nil
    ) {
        guard facts.leftovers.count < NetworkInspection.limit else { return }
        facts.leftovers.append(
            LeftoverFacts(kind, message, platform: platform, evidence: evidence))
    }

    /// Runs `body` for each line that says something.
    func lines(of path: String, comment: Character = "#", _ body: ([String], SourceLine) -> Void) {
        guard let bytes = reader.file(path).value, let text = try? ConfigurationText(bytes, name: path) else {
            return
        }
        for line in text.lines.prefix(20_000) {
            let words = line.text.split(whereSeparator: \.isWhitespace).map(String.init)
            guard let first = words.first, first.first != comment else { continue }
            body(words, text.source(line))
        }
    }

    // MARK: Routes

    private func findRoutes() {
        let paths =
            reader.glob("/etc/sysconfig/network-scripts/route-*") + ["/etc/sysconfig/static-routes"]
            + ["/etc/sysconfig/network/routes"] + reader.glob("/etc/sysconfig/network/ifroute-*")
            + ["/etc/conf.d/staticroute"]
        for path in paths {
            lines(of: path) { words, source in
                if words.contains(where: { $0.hasPrefix("staticroute=\"\"") }) { return }
                blocked(words, source) ?? leave(.route, "A fixed route of the old network.", source)
            }
        }
        for path in ["/etc/sysconfig/network", "/etc/network/interfaces"]
            + reader.glob("/etc/network/interfaces.d/*")
        {
            lines(of: path) { words, source in
                if path.hasSuffix("sysconfig/network") {
                    guard let value = words[0].split(separator: "=", maxSplits: 1).last,
                        words[0].hasPrefix("GATEWAY="), value.contains(where: \.isNumber)
                    else { return }
                    leave(.route, "A gateway for all interfaces, of the old network.", source)
                } else if ["up", "post-up"].contains(words[0]),
                    words.contains("route") || words.contains("ip")
                {
                    blocked(words, source) ?? leave(.route, "A route of the old network.", source)
                }
            }
        }
    }

    /// A route that leads the address of the metadata nowhere.
    private func blocked(_ words: [String], _ source: SourceLine) -> Void? {
        guard words.contains(where: { ["blackhole", "unreachable", "prohibit", "reject"].contains($0) }),
            let address = NetworkInspection.metadata.first(where: { address in
                words.contains { $0.hasPrefix(address) || $0 == "169.254.0.0/16" }
            })
        else { return nil }
        return block(address, "A route leads \(address) nowhere", source)
    }

    private func block(_ address: String, _ message: String, _ source: SourceLine) {
        leave(
            .metadataBlocked, "\(message): the guest cannot ask the platform for its data.", source,
            platform: address == "100.100.100.200" ? "AliYun" : nil)
    }

    // MARK: Names

    private func findHosts() {
        let own = identity.hostname
        lines(of: "/etc/hosts") { words, source in
            let address = words[0]
            guard words.count > 1, !address.hasPrefix("127."), !address.contains(":"), address != "0.0.0.0",
                address != "255.255.255.255"
            else { return }
            let names = words.dropFirst()
            if names.contains(where: { $0.hasPrefix("metadata.google") }) {
                leave(.hosts, "An entry for Google's metadata.", source, platform: "GCE")
            } else if NetworkInspection.metadata.contains(address) {
                leave(.hosts, "An entry for the metadata of a platform.", source)
            } else if let own, names.contains(own) || names.contains(where: { $0.hasPrefix("\(own).") }) {
                leave(.hosts, "The system's own name leads to its old address \(address).", source)
            }
        }
    }

    // MARK: Servers

    private func findProxies() {
        func value(_ words: [String]) -> Bool {
            let text = words.joined(separator: " ").lowercased()
            return ["http_proxy=", "https_proxy=", "ftp_proxy=", "all_proxy="].contains { name in
                guard let range = text.firstRange(of: name) else { return false }
                return text[range.upperBound...].contains(where: \.isNumber)
                    || text[range.upperBound...].contains(".")
            }
        }
        for path in ["/etc/environment"] + reader.glob("/etc/profile.d/*proxy*") {
            lines(of: path) { words, source in
                if value(words) { leave(.proxy, "A proxy of the old network for all programs.", source) }
            }
        }
        for path in ["/etc/yum.conf", "/etc/dnf/dnf.conf"] {
            lines(of: path) { words, source in
                let line = words.joined()
                guard line.hasPrefix("proxy="), line.utf8.count > 6, line != "proxy=_none_" else { return }
                leave(.proxy, "A proxy of the old network for packages.", source)
            }
        }
        for path in ["/etc/apt/apt.conf"] + reader.glob("/etc/apt/apt.conf.d/*") {
            lines(of: path, comment: "/") { words, source in
                guard words[0].lowercased().hasPrefix("acquire::http"),
                    words[0].lowercased().contains("proxy"),
                    words.count > 1, !words[1].hasPrefix("\"DIRECT"), !words[1].hasPrefix("\"\"")
                else { return }
                leave(.proxy, "A proxy of the old network for packages.", source)
            }
        }
        let path = "/etc/sysconfig/proxy"
        if let bytes = reader.file(path).value, let values = try? ShellAssignments(bytes, name: path),
            let entry = values["PROXY_ENABLED"], entry.value == "yes",
            let proxy = values["HTTP_PROXY"] ?? values["HTTPS_PROXY"], !proxy.value.isEmpty
        {
            leave(.proxy, "A proxy of the old network for all programs.", proxy.source)
        }
    }

    /// Servers that only guests of one platform reach.
    private static let insiders: [(part: String, platform: String)] = [
        ("169.254.169.123", "Ec2"), ("metadata.google.internal", "GCE"), ("100.100.", "AliYun"),
        ("cloud.aliyuncs.com", "AliYun"), ("tencentyun.com", "ConfigDrive"),
        (".myhuaweicloud.com", "OpenStack"),
        ("rhui-", "Ec2"), ("rhui.", "Azure"), (".cds.gce.", "GCE"),
    ]

    private func findServersAndMirrors() {
        for path in [
            "/etc/chrony.conf", "/etc/chrony/chrony.conf", "/etc/ntp.conf", "/etc/systemd/timesyncd.conf",
        ] + reader.glob("/etc/chrony.d/*.conf") + reader.glob("/etc/chrony/sources.d/*.sources")
            + reader.glob("/etc/systemd/timesyncd.conf.d/*.conf")
        {
            lines(of: path) { words, source in
                guard ["server", "pool", "peer"].contains(words[0]) || words[0].hasPrefix("NTP=") else {
                    return
                }
                let text = words.joined(separator: " ")
                for insider in NetworkInspection.insiders where text.contains(insider.part) {
                    leave(
                        .timeServer, "A time server that only guests of another platform reach.", source,
                        platform: insider.platform)
                    return
                }
            }
        }
        let lists =
            reader.glob("/etc/yum.repos.d/*.repo") + ["/etc/apt/sources.list"]
            + reader.glob("/etc/apt/sources.list.d/*") + reader.glob("/etc/zypp/repos.d/*.repo")
        for path in lists.prefix(64) {
            var isSaid = false
            lines(of: path) { words, source in
                guard !isSaid,
                    ["baseurl", "mirrorlist", "deb", "URIs:"].contains(where: { words[0].hasPrefix($0) })
                else { return }
                let text = words.joined(separator: " ")
                for insider in NetworkInspection.insiders where text.contains(insider.part) {
                    isSaid = true
                    leave(
                        .mirror, "Packages come from a mirror that only guests of another platform reach.",
                        source,
                        platform: insider.platform)
                    return
                }
            }
        }
    }

    // MARK: Filters, tunnels, frames

    private func findBlockedMetadata() {
        let filters: [(unit: String, files: [String])] = [
            ("iptables.service", ["/etc/sysconfig/iptables"]),
            ("netfilter-persistent.service", ["/etc/iptables/rules.v4"]),
            ("nftables.service", ["/etc/nftables.conf", "/etc/sysconfig/nftables.conf"]),
        ]
        for filter in filters where filter.files.contains(where: { reader.exists($0) == .yes }) {
            guard services.unit(filter.unit).starts == .yes else { continue }
            for path in filter.files {
                lines(of: path) { words, source in
                    let isDrop = words.contains { ["DROP", "REJECT", "drop", "reject"].contains($0) }
                    let isOut = words.contains("OUTPUT") || words.contains("daddr")
                    // A rule for some accounts only is how agents protect the data from the others.
                    let isForSome = words.contains {
                        ["owner", "skuid", "--uid-owner", "skgid"].contains($0)
                    }
                    guard isDrop, isOut, !isForSome,
                        let address = NetworkInspection.metadata.first(where: { address in
                            words.contains { $0.hasPrefix(address) }
                        })
                    else { return }
                    block(address, "The packet filter drops what goes to \(address)", source)
                }
            }
        }
    }

    private func findTunnels() {
        if services.unit("keepalived.service").starts == .yes {
            let path = "/etc/keepalived/keepalived.conf"
            leave(
                .virtualAddress, "keepalived takes an address that the old network shared.",
                SourceLine(file: path, line: 1, excerpt: ""))
        }
        for path in reader.glob("/etc/systemd/system/*.wants/*")
        where ["wg-quick@", "openvpn", "strongswan", "ipsec"].contains(where: { path.contains("/\($0)") }) {
            leave(
                .tunnel, "A tunnel to the old network starts at boot.",
                SourceLine(file: path, line: 1, excerpt: ""))
        }
    }

    /// Frames of the old network: larger than the new one takes, or smaller than need be.
    private func findFrameSizes() {
        for entry in ifcfgs {
            guard let mtu = entry.file.values["MTU"], let size = Int(mtu.value) else { continue }
            frame(size, mtu.source)
        }
        for path in reader.glob("/etc/netplan/*.yaml")
            + reader.glob("/etc/NetworkManager/system-connections/*")
            + reader.glob("/etc/systemd/network/*.network") + ["/etc/network/interfaces"]
        {
            lines(of: path) { words, source in
                let text = words.joined(separator: "=").replacing(":", with: "")
                for key in ["mtu=", "MTUBytes="] where text.hasPrefix(key) {
                    if let size = Int(text.dropFirst(key.utf8.count)) { frame(size, source) }
                }
            }
        }
    }

    private func frame(_ size: Int, _ source: SourceLine) {
        guard size > 1500 || size == 1460 else { return }
        leave(
            .mtu, "Frames of \(size) bytes are of another network.", source,
            platform: size == 1460 || size == 8896 ? "GCE" : size == 9001 ? "Ec2" : nil)
    }
}
