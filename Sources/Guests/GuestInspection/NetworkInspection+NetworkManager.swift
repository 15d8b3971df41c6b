import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// NetworkManager: its profiles in key files, ifcfg files and netplan's, which of them it takes for the NIC, and
/// whether it makes one itself.
extension NetworkInspection {
    /// A profile for a card.
    private struct Profile {
        let place: Int
        let priority: Int
        let uuid: String?
    }

    private static let plugins = [
        "/usr/lib*/NetworkManager/libnm-settings-plugin-*.so",
        "/usr/lib*/NetworkManager/*/libnm-settings-plugin-*.so",
        "/usr/lib/*-linux-gnu*/NetworkManager/libnm-settings-plugin-*.so",
        "/usr/lib/*-linux-gnu*/NetworkManager/*/libnm-settings-plugin-*.so",
    ]

    func readNetworkManager() {
        var profiles = keyfiles()
        for entry in ifcfgs where isForNetworkManager(entry) {
            guard let place = add(entry.file.configuration(readBy: .networkManager), as: .networkManager)
            else {
                continue
            }
            profiles.append(Profile(place: place, priority: entry.file.priority, uuid: entry.file.uuid))
        }
        for place in netplanProfiles {
            if isActive(.networkManager) {
                profiles.append(Profile(place: place, priority: 0, uuid: nil))
            } else if facts.uncertainManagers[.networkManager] == nil {
                setAside(place, "netplan leaves it to NetworkManager, which does not start")
            }
        }
        guard isActive(.networkManager) || facts.uncertainManagers[.networkManager] != nil else { return }
        let configuration: NetworkManagerConfiguration
        do {
            configuration = try managerConfiguration()
        } catch {
            problem(error, at: "/etc/NetworkManager")
            return
        }
        asksForDriver = asksForDriver || configuration.entries.contains { $0.value.contains("driver:") }
        let unmanaged = unmanagedReason(configuration)
        switch unmanaged.answer {
        case .yes:
            for profile in profiles where facts.interfaces[profile.place].appliesToPrimary != .no {
                setAside(profile.place, "NetworkManager is told to leave the interface alone")
            }
        case .unknown:
            for profile in profiles where facts.interfaces[profile.place].appliesToPrimary == .yes {
                facts.interfaces[profile.place].appliesToPrimary = .unknown
            }
        case .no: choose(profiles)
        }
        let denied = configuration.deniesAutomaticDefault(for: expected)
        // A profile that fits the card is enough for NetworkManager to make none itself, started or not.
        let fitting = profiles.first { profile in
            let interface = facts.interfaces[profile.place]
            return interface.virtualKind == nil && interface.appliesToPrimary == .yes
        }
        let place =
            unmanaged.evidence ?? denied.source.map { Evidence($0) }
            ?? fitting.map { facts.interfaces[$0.place].evidence }
            ?? Evidence(path: "/etc/NetworkManager/NetworkManager.conf")
        facts.automaticDHCP = Located(
            denied.answer == .no && unmanaged.answer == .no && fitting == nil, place)
    }

    // MARK: Profiles

    private func keyfiles() -> [Profile] {
        var profiles: [Profile] = []
        var seen: Set<String> = []
        for directory in [
            "/etc/NetworkManager/system-connections", "/run/NetworkManager/system-connections",
            "/usr/lib/NetworkManager/system-connections",
        ] {
            let isPersistent = directory.hasPrefix("/etc")
            for name in reader.names(in: directory).value ?? []
            where NetworkManagerKeyfile.isProfileName(name, requiresExtension: !isPersistent) {
                let path = "\(directory)/\(name)"
                guard let profile = keyfile(path) else { continue }
                // A profile in /etc hides one with its UUID further down.
                if let uuid = profile.uuid, !seen.insert(uuid).inserted {
                    setAside(profile.place, "another profile has the same UUID")
                    continue
                }
                if facts.interfaces[profile.place].setAside == nil { profiles.append(profile) }
            }
        }
        return profiles
    }

    private func keyfile(_ path: String) -> Profile? {
        let info = reader.info(path)
        guard info.value?.type == .regular, let bytes = reader.file(path).value else { return nil }
        do {
            let file = try NetworkManagerKeyfile(bytes, name: path)
            if let line = file.file.invalidLine {
                facts.problems.append(
                    StructureFinding(
                        code: "keyfileInvalid",
                        message: "NetworkManager ignores the profile: a line is invalid",
                        evidence: Evidence(line)))
            }
            guard let configuration = file.configuration, let place = add(configuration, as: .networkManager)
            else { return nil }
            // Files below /usr/lib may be readable to all; those of a person may hold secrets.
            let isShipped = path.hasPrefix("/usr/lib")
            if let info = info.value, !isShipped,
                !NetworkManagerKeyfile.isAccepted(owner: info.owner, mode: UInt32(info.permissions))
            {
                let mode = String(info.permissions, radix: 8)
                facts.problems.append(
                    StructureFinding(
                        code: "keyfilePermissions",
                        message:
                            "NetworkManager ignores the profile: its mode is \(mode), its owner \(info.owner); it must be 600 and root",
                        evidence: Evidence(path: path)))
                setAside(place, "NetworkManager ignores it: mode \(mode), owner \(info.owner)")
            }
            return Profile(place: place, priority: file.priority, uuid: file.uuid)
        } catch {
            problem(error, at: path)
            return nil
        }
    }

    /// The profile with the highest priority is taken, of equal ones that which was in use last
    /// (`nm_settings_connection_cmp_autoconnect_priority`).
    private func choose(_ profiles: [Profile]) {
        let contenders = profiles.filter { profile in
            let interface = facts.interfaces[profile.place]
            return interface.virtualKind == nil && interface.startsAtBoot && interface.appliesToPrimary != .no
        }
        let certain = contenders.filter { facts.interfaces[$0.place].appliesToPrimary == .yes }
        guard certain.count > 0, contenders.count > 1, let highest = certain.map(\.priority).max() else {
            return
        }
        let stamps = timestamps()
        let best = certain.filter { $0.priority == highest }
        let latest = best.compactMap { $0.uuid.flatMap { stamps[$0] } }.max()
        for profile in contenders {
            let isBeaten =
                profile.priority < highest
                || profile.priority == highest
                    && latest.map { (profile.uuid.flatMap { stamps[$0] } ?? 0) < $0 } ?? false
            if isBeaten { setAside(profile.place, "NetworkManager takes another profile first") }
        }
    }

    private func timestamps() -> [String: Int] {
        let path = "/var/lib/NetworkManager/timestamps"
        guard let bytes = reader.file(path).value, let file = try? KeyFile(bytes, name: path) else {
            return [:]
        }
        var result: [String: Int] = [:]
        for entry in file.entries where entry.group == "timestamps" { result[entry.key] = Int(entry.value) }
        return result
    }

    // MARK: Configuration

    /// The files in the order in which later ones win; one in /etc hides its namesakes further down.
    func managerConfiguration() throws(ImageFault) -> NetworkManagerConfiguration {
        let main = "/etc/NetworkManager/NetworkManager.conf"
        var files = reader.mergedFiles(
            in: [
                "/etc/NetworkManager/conf.d", "/run/NetworkManager/conf.d", "/usr/lib/NetworkManager/conf.d",
            ], suffix: ".conf")
        if usesNetworkManagerForAll {
            files.removeAll { $0.path.hasSuffix("/10-globally-managed-devices.conf") }
        }
        let own = files.filter { $0.path.hasPrefix("/etc/") }
        files.removeAll { $0.path.hasPrefix("/etc/") }
        if let bytes = reader.file(main).value { files.append((main, bytes)) }
        files += own
        return try NetworkManagerConfiguration(
            files: files.map { ConfigurationFile(path: $0.path, bytes: $0.bytes) })
    }

    private func unmanagedReason(_ configuration: NetworkManagerConfiguration) -> (
        answer: Ternary, evidence: Evidence?
    ) {
        let unmanaged = configuration.isUnmanaged(expected)
        if unmanaged.answer != .no { return (unmanaged.answer, unmanaged.source.map { Evidence($0) }) }
        // The plug-in for ifcfg files leaves alone what a file says NM_CONTROLLED=no of.
        if !ifcfgs.isEmpty, readsIfcfg {
            for entry in ifcfgs where entry.file.isOutsideNetworkManager {
                let match = entry.file.configuration(readBy: .scripts).match
                let answer = match.applies(to: expected)
                if answer != .no { return (answer, Evidence(path: entry.path, excerpt: "NM_CONTROLLED=no")) }
            }
        }
        // Debian's plug-in leaves alone what /etc/network/interfaces names.
        if hasPlugin("ifupdown"), configuration.loadsPlugin("ifupdown") != false,
            !configuration.managesIfupdown.value
        {
            let named = facts.interfaces.first { $0.manager == .ifupdown && $0.appliesToPrimary == .yes }
            if let named { return (.yes, named.evidence) }
        }
        return (.no, nil)
    }

    private func hasPlugin(_ name: String) -> Bool {
        NetworkInspection.plugins.flatMap { reader.glob($0) }
            .contains { $0.hasSuffix("/libnm-settings-plugin-\(name).so") }
    }

    func hasIfcfgPlugin() -> Bool {
        guard hasPlugin("ifcfg-rh") else { return false }
        let configuration = try? managerConfiguration()
        return configuration?.loadsPlugin("ifcfg-rh") != false
    }
}
