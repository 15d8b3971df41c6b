/// A `.network`, `.link` or `.netdev` file of systemd-networkd and udev (systemd.network(5), systemd.link(5)).
package struct NetworkdFile: Sendable {
    /// The file, drop-ins merged.
    package let file: UnitFile
    /// Which interfaces it is for.
    package let match: InterfaceMatch

    /// Understands the `[Match]` section of a file.
    ///
    /// A file whose `[Match]` is missing or empty is for every interface before systemd 245, and ignored since
    /// (`network_verify`; to match all one writes `Name=*`).
    package init(_ file: UnitFile, systemdVersion: Int? = nil) {
        self.file = file
        var match = InterfaceMatch()
        var isEmpty = true
        for key in ["Name", "OriginalName"] {
            for (word, _) in file.words("Match", key) {
                match.names.append(word)
                isEmpty = false
            }
        }
        // A `!` in front of the first pattern turns the whole list around.
        if let first = match.names.first, first.hasPrefix("!") {
            match.names = match.names.map { $0.hasPrefix("!") ? $0 : "!" + $0 }
        }
        for key in ["MACAddress", "PermanentMACAddress"] {
            for (word, _) in file.words("Match", key) {
                match.macAddresses.append(InterfaceMatch.normalized(word))
                isEmpty = false
            }
        }
        for (word, _) in file.words("Match", "Driver") { match.drivers.append(word) }
        for (word, _) in file.words("Match", "Type") { match.types.append(word) }
        isEmpty = isEmpty && match.drivers.isEmpty && match.types.isEmpty
        for key in [
            "Path", "Property", "Kind", "WLANInterfaceType", "SSID", "BSSID", "Host", "Virtualization",
            "KernelCommandLine", "KernelVersion", "Version", "Credential", "Architecture", "Firmware",
        ] {
            for entry in file.values("Match", key) {
                isEmpty = false
                if let answer = Self.known(key, entry.value) {
                    if !answer { match.matchesNothing = true }
                } else {
                    match.others.append("\(key)=\(entry.value)")
                }
            }
        }
        if isEmpty, systemdVersion ?? .max >= 245 { match.matchesNothing = true }
        self.match = match
    }

    /// What systemd-detect-virt(1) calls machines that are no target of this product.
    package static let otherMachines: Set = [
        "vmware", "oracle", "parallels", "bochs", "bhyve", "uml", "zvm", "powervm",
    ]

    /// Conditions whose answer is the same on every KVM cloud.
    private static func known(_ key: String, _ value: String) -> Bool? {
        switch (key, value) {
        case ("Virtualization", "yes"), ("Virtualization", "vm"), ("Virtualization", "!container"): true
        case ("Virtualization", "no"), ("Virtualization", "container"), ("Virtualization", "!vm"): false
        case ("Virtualization", let place) where otherMachines.contains(place): false
        case ("WLANInterfaceType", _), ("SSID", _), ("BSSID", _): false
        // A NIC has no kind; only interfaces made by software have one.
        case ("Kind", let kinds): AsciiText.words(kinds).allSatisfy { $0.hasPrefix("!") }
        case ("Path", let paths): knownPath(AsciiText.words(paths))
        default: nil
        }
    }

    /// Whether udev's path of a virtio NIC on PCI matches: `pci-0000:00:03.0`, before systemd 229
    /// `virtio-pci-0000:00:03.0`. The slot is not known, so a pattern that asks for one is open.
    private static func knownPath(_ patterns: [String]) -> Bool? {
        let examples = [
            "pci-0000:00:03.0", "virtio-pci-0000:00:03.0", "pci-0000:01:00.0", "virtio-pci-0000:00:05.0",
        ]
        let wanted = patterns.filter { !$0.hasPrefix("!") }.map { FileNamePattern($0) }
        guard wanted.count == patterns.count else { return nil }
        let matching = examples.filter { path in wanted.contains { $0.matches(path) } }
        if matching.count == examples.count { return true }
        let isForOtherBus = patterns.allSatisfy { pattern in
            ["usb", "platform-", "ccw-", "vmbus", "xen"].contains { pattern.contains($0) }
        }
        return matching.isEmpty && isForOtherBus ? false : nil
    }

    /// What a `.network` file sets up.
    ///
    /// `RequiredForOnline=` and `ConfigureWithoutCarrier=` change what waits for the interface, not what it becomes: a
    /// NIC of an instance has its carrier from the start.
    package var configuration: NetworkInterfaceConfiguration {
        let dhcp = file.last("Network", "DHCP")
        let mode = dhcp.map { AsciiText.lowercased($0.value) } ?? "no"
        let isV4 = ["ipv4", "v4", "both"].contains(mode) || AsciiText.boolean(mode) == true
        let isV6 = ["ipv6", "v6", "both"].contains(mode) || AsciiText.boolean(mode) == true
        let addresses =
            file.values("Network", "Address")
            + file.sections.filter { $0.name == "Address" }.compactMap {
                $0.last("Address")
            }
        let gateway =
            file.last("Network", "Gateway")
            ?? file.sections.filter { $0.name == "Route" }.compactMap { $0.last("Gateway") }.first
        let hasV4 = addresses.contains { !$0.value.contains(":") }
        let unmanaged = file.last("Link", "Unmanaged").flatMap { AsciiText.boolean($0.value) } ?? false
        let policy = file.last("Link", "ActivationPolicy")?.value ?? "up"
        let linkLocal: NetworkInterfaceConfiguration.Method = takesLinkLocal(.ipv4) ? .linkLocal : .none
        let first = dhcp?.source ?? addresses.first?.source ?? file.sections.first?.source
        var result = NetworkInterfaceConfiguration(
            source: first ?? SourceLine(file: file.name, line: 1, excerpt: ""), stack: .networkd,
            match: match,
            method: unmanaged ? .unmanaged : isV4 ? .dhcp : hasV4 ? .fixed : linkLocal)
        result.addresses = addresses.map(\.value)
        result.gateway = gateway?.value
        result.dhcp6 = isV6
        if isV4 { result.refusesDefaultRoute = refusedDefaultRoute }
        // It comes up when another interface has its carrier, and answers for none of its addresses.
        if !unmanaged, let word = file.words("Network", "BindCarrier").first?.word {
            result.method = .other("BindCarrier=\(word)")
        } else if !unmanaged, file.last("Link", "ARP").flatMap({ AsciiText.boolean($0.value) }) == false {
            result.method = .other("ARP=no")
        }
        result.startsAtBoot = Ternary(!unmanaged && !["manual", "down", "always-down"].contains(policy))
        if match.literalName == "lo" || match.types == ["loopback"] { result.kind = .loopback }
        for key in ["Bridge", "Bond", "BatmanAdvanced", "VRF"] where result.controller == nil {
            if key != "VRF" { result.controller = file.last("Network", key)?.value }
        }
        return result
    }

    /// Families that `[Network]` speaks of together.
    package enum Family: Sendable { case ipv4, ipv6 }

    /// `LinkLocalAddressing=`: an address of the link itself; of IPv6 it is what everything else of it rests on.
    package func takesLinkLocal(_ family: Family) -> Bool {
        guard let value = file.last("Network", "LinkLocalAddressing")?.value else { return family == .ipv6 }
        let known = AsciiText.boolean(value)
        let words = family == .ipv4 ? ["ipv4", "fallback", "ipv4-fallback"] : ["ipv6", "fallback"]
        return known ?? words.contains(value)
    }

    /// The line for which the interface gets no IPv6 address from the network: no address of the link, or no ear for
    /// routers, without which DHCPv6 does not begin; nil when it may get one, or has one of its own.
    package var refusedIPv6: SourceLine? {
        let addresses =
            file.values("Network", "Address")
            + file.sections.filter { $0.name == "Address" }.compactMap { $0.last("Address") }
        guard !addresses.contains(where: { $0.value.contains(":") }) else { return nil }
        if !takesLinkLocal(.ipv6) { return file.last("Network", "LinkLocalAddressing")?.source }
        guard file.last("DHCPv6", "WithoutRA") == nil,
            let listens = file.last("Network", "IPv6AcceptRA")
                ?? file.last("Network", "IPv6AcceptRouterAdvertisements"),
            AsciiText.boolean(listens.value) == false
        else { return nil }
        return listens.source
    }

    /// The line for which packets are passed on between interfaces: `IPv4Forwarding=`, before systemd 256
    /// `IPForward=`. In `networkd.conf` the first holds for all interfaces.
    package var forwarding: SourceLine? {
        let found = file.last("Network", "IPv4Forwarding") ?? file.last("Network", "IPForward")
        guard let found, AsciiText.boolean(found.value) ?? (found.value == "ipv4") else { return nil }
        return found.source
    }

    /// The line for which other machines are hidden behind the address of this one (`IPMasquerade=`).
    package var masquerade: SourceLine? {
        guard let found = file.last("Network", "IPMasquerade"),
            AsciiText.boolean(found.value) ?? ["ipv4", "both"].contains(found.value)
        else { return nil }
        return found.source
    }

    /// The line for which the gateway of the DHCP server is not taken, where no other way out is set.
    /// `UseGateway=` (systemd 246) is what `UseRoutes=` says unless it says something itself.
    private var refusedDefaultRoute: SourceLine? {
        func last(_ key: String) -> UnitFile.Entry? {
            file.last("DHCPv4", key) ?? file.last("DHCP", key)
        }
        guard let uses = last("UseGateway") ?? last("UseRoutes"), AsciiText.boolean(uses.value) == false
        else {
            return nil
        }
        if file.last("Network", "DefaultRouteOnDevice").flatMap({ AsciiText.boolean($0.value) }) == true {
            return nil
        }
        let isOwn =
            file.values("Network", "Gateway").contains { !$0.value.contains(":") }
            || file.sections.contains { section in
                section.name == "Route" && section.last("Gateway").map { !$0.value.contains(":") } ?? false
                    && ["0.0.0.0/0", "0.0.0.0/0.0.0.0"].contains(
                        section.last("Destination")?.value ?? "0.0.0.0/0")
            }
        return isOwn ? nil : uses.source
    }

    /// The virtual interface that a `.netdev` file makes: its name and kind.
    package var virtualInterface: (name: String, kind: String, source: SourceLine)? {
        guard let name = file.last("NetDev", "Name"), let kind = file.last("NetDev", "Kind") else {
            return nil
        }
        return (name.value, kind.value, name.source)
    }

    /// The first file, in the order of file names, that is for `interface`, and how sure that is. Files that may
    /// apply come before it in `candidates`.
    package static func first(
        of files: [NetworkdFile], for interface: ExpectedInterface
    ) -> (candidates: [NetworkdFile], isCertain: Bool) {
        var candidates: [NetworkdFile] = []
        for file in files {
            switch file.match.applies(to: interface) {
            case .yes: return (candidates + [file], candidates.isEmpty)
            case .unknown: candidates.append(file)
            case .no: break
            }
        }
        return (candidates, candidates.isEmpty)
    }
}
