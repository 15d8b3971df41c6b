import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// systemd-networkd with its own files and those that netplan writes for it.
extension NetworkInspection {
    /// A file of networkd, or one that netplan will write, in the order in which networkd looks at them.
    private struct Candidate {
        /// `80-dhcp.network`; netplan's are called `10-netplan-ID.network`.
        let name: String
        let match: InterfaceMatch
        let place: Int
    }

    func readNetworkdAndNetplan() {
        var candidates = networkdCandidates()
        candidates += netplanDefinitions()
        candidates.sort { $0.name < $1.name }
        // The first file that matches is the only one that counts (systemd.network(5)).
        var winner: String?
        for candidate in candidates {
            if let winner {
                if facts.interfaces[candidate.place].appliesToPrimary != .no {
                    setAside(candidate.place, "\(winner) comes first")
                }
            } else if candidate.match.applies(to: expected) == .yes {
                winner = candidate.name
            }
        }
    }

    // MARK: networkd

    private func networkdCandidates() -> [Candidate] {
        let directories = NetworkInspection.networkDirectories
        let account = networkdAccount
        for file in reader.mergedFiles(in: directories, suffix: ".netdev").compactMap({ unit($0) }) {
            guard let made = NetworkdFile(file).virtualInterface else { continue }
            virtualInterfaces[made.name] = made.kind
        }
        return reader.mergedFiles(in: directories, suffix: ".network").compactMap { file in
            guard let main = unit(file) else { return nil }
            let name = file.path.split(separator: "/").last.map(String.init) ?? file.path
            let dropIns = reader.mergedFiles(in: directories.map { "\($0)/\(name).d" }, suffix: ".conf")
            let parsed = NetworkdFile(
                main.merging(dropIns.compactMap { unit($0) }), systemdVersion: systemdVersion)
            var configuration = parsed.configuration
            if let literal = parsed.match.literalName, let kind = virtualInterfaces[literal] {
                configuration.kind =
                    ["bridge": .bridge, "bond": .bond, "team": .team, "vlan": .vlan(parent: nil)][kind]
                    ?? .other(kind)
            }
            guard let place = add(configuration, as: .networkd) else { return nil }
            if let account, let why = closed(file.path, to: account) {
                setAside(place, "\(account.name), as which systemd-networkd runs, may not read it (\(why))")
                return nil
            }
            networkdFiles.append((parsed, place))
            // What the file says of VLANs makes them members of it.
            for vlan in parsed.file.words("Network", "VLAN") where virtualInterfaces[vlan.word] != nil {
                vlanParents[vlan.word, default: []] += parsed.match.names
            }
            return Candidate(name: name, match: parsed.match, place: place)
        }
    }

    /// The account that systemd-networkd runs as, where that is not root.
    private var networkdAccount: PasswdFile.Account? {
        guard let user = services.file(of: "systemd-networkd.service")?.last("Service", "User"),
            let account = services.lookup.accounts.value?[user.value], account.uid != 0
        else { return nil }
        return account
    }

    /// The mode that keeps a file of root from an account; nil when it may read it, and for rights that are not known.
    private func closed(_ path: String, to account: PasswdFile.Account) -> String? {
        guard let info = reader.info(path).value else { return nil }
        let bit: UInt16 =
            info.owner == account.uid ? 0o400 : info.group == account.gid ? 0o040 : 0o004
        return info.permissions & bit == 0 ? "mode \(String(info.permissions, radix: 8))" : nil
    }

    // MARK: netplan

    private func netplanDefinitions() -> [Candidate] {
        let files = reader.mergedFiles(
            in: ["/run/netplan", "/etc/netplan", "/usr/lib/netplan", "/lib/netplan"], suffix: ".yaml")
        guard !files.isEmpty else { return [] }
        let plan = NetplanConfiguration(
            files: files.map { ConfigurationFile(path: $0.path, bytes: $0.bytes) })
        for fault in plan.faults { problem(fault, at: fault.layers.first ?? files[0].path) }
        if plan.isRefused != .no,
            let fault = plan.faults.first(where: { $0.kind == .corrupt }) ?? plan.faults.first
        {
            let place = Evidence(path: fault.layers.first ?? files[0].path, excerpt: fault.message)
            // From 1.2 on the generator goes on without the file that is wrong.
            let goesOn = identity.packages["netplan.io"].map { !isOlder($0, than: [1, 2]) } ?? false
            if plan.isRefused == .yes, !goesOn {
                facts.refusing[.netplan] = StructureFinding(
                    code: "invalid", message: "netplan refuses its configuration: \(fault.message)",
                    evidence: place)
            } else {
                facts.uncertainManagers[.netplan] = place
                facts.activeManagers[.netplan] = nil
            }
        }
        usesNetworkManagerForAll = plan.renderer == "NetworkManager"
        var candidates: [Candidate] = []
        for configuration in plan.configurations {
            guard let place = add(configuration, as: .netplan) else { continue }
            let id = configuration.source.excerpt.dropLast()
            switch configuration.renderer ?? "networkd" {
            case "NetworkManager": netplanProfiles.append(place)
            case "networkd":
                // netplan's generator starts networkd by itself, unless it is masked or not there.
                let unit = services.unit("systemd-networkd.service")
                if unit.state == .masked
                    || unit.state == .missing && services.isPresent && services.gap == nil
                {
                    setAside(place, "systemd-networkd is \(unit.state.rawValue)")
                    continue
                }
                if let obstacle = services.obstacle(of: unit.name) {
                    refuse(.networkd, obstacle)
                    setAside(place, obstacle.message)
                    continue
                }
                if isActive(.netplan), facts.activeManagers[.networkd] == nil {
                    facts.activeManagers[.networkd] = facts.activeManagers[.netplan]
                }
                guard facts.interfaces[place].virtualKind == nil else { continue }
                candidates.append(
                    Candidate(
                        name: "10-netplan-\(id).network", match: configuration.match, place: place))
            default: facts.interfaces[place].method = .unknown
            }
        }
        return candidates
    }

    /// Whether a version is before `numbers`.
    private func isOlder(_ version: String, than numbers: [Int]) -> Bool {
        version.split { !($0.isASCII && $0.isNumber) }.prefix(4).compactMap { Int($0) }
            .lexicographicallyPrecedes(numbers)
    }
}
