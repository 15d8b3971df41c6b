import ByteReading
import GuestFacts
import GuestFormats

/// Reads the network adapters of a Windows and their configuration.
struct WindowsNetworkInspection {
    let reader: WindowsReader

    private static let netClass = #"Control\Class\{4d36e972-e325-11ce-bfc1-08002be10318}"#
    /// `Characteristics` of an adapter: it stands for hardware (NCF_PHYSICAL).
    private static let physical: UInt64 = 4
    /// Parts of the component ids of bridges, teams and virtual switches.
    private static let compounds = ["ms_implat_mp", "ms_bridgemp", "ms_bridge_mp", "vms_mp", "iansminiport"]

    func inspect() -> WindowsNetworkFacts {
        var facts = WindowsNetworkFacts()
        inspectAdapters(&facts)
        let settings = WindowsSettings(reader: reader)
        let tcpip = settings.control(#"Services\Tcpip\Parameters"#)
        if let servers = settings.text("NameServer", of: tcpip), !servers.isEmpty {
            facts.nameServers = Located(
                servers, Evidence(path: tcpip.shown, excerpt: "NameServer = \(servers)"))
        }
        let routes = settings.key("PersistentRoutes", below: tcpip)
        facts.persistentRoutes = settings.values(of: routes).prefix(64).map {
            Located($0.name, Evidence(path: routes.shown, excerpt: $0.name))
        }
        facts.disabledComponents = settings.number(
            "DisabledComponents", of: settings.control(#"Services\Tcpip6\Parameters"#))
        facts.proxy = proxy(settings)
        let networks = settings.key(
            #"Policies\Microsoft\Windows NT\CurrentVersion\NetworkList\Signatures"#, in: "SOFTWARE")
        for (_, key) in settings.subkeys(of: networks) {
            guard let category = settings.number("Category", of: key) else { continue }
            facts.unidentifiedNetworks = category
        }
        facts.gaps = [settings.gap].compactMap { $0 }
        return facts
    }

    private func inspectAdapters(_ facts: inout WindowsNetworkFacts) {
        let settings = WindowsSettings(reader: reader)
        let adapterClass = settings.control(WindowsNetworkInspection.netClass)
        let interfaces = settings.control(#"Services\Tcpip\Parameters\Interfaces"#)
        var adapters: [WindowsAdapter] = []
        for (name, key) in settings.subkeys(of: adapterClass)
        where name.utf8.count == 4 && name.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) {
            var adapter = WindowsAdapter(key: key.shown)
            adapter.title = settings.text("DriverDesc", of: key)
            adapter.component =
                settings.text("ComponentId", of: key) ?? settings.text("MatchingDeviceId", of: key)
            adapter.interface = settings.text("NetCfgInstanceId", of: key)
            if isCompound(adapter) {
                let title = adapter.title ?? adapter.component
                facts.compounds.append(Evidence(path: key.shown, excerpt: title))
            }
            let traits = settings.number("Characteristics", of: key)?.value ?? 0
            guard traits & WindowsNetworkInspection.physical != 0 else { continue }
            if let interface = adapter.interface, isGUID(interface) {
                let own = settings.key(interface, below: interfaces)
                if own.exists { adapter.configuration = configuration(own, settings) }
            }
            adapters.append(adapter)
        }
        if let gap = settings.gap {
            facts.adapters = .unknown(gap)
        } else if !adapterClass.exists {
            facts.adapters = .unknown(
                Gap(where: adapterClass.shown, kind: .absent, message: "the key is not there"))
        } else {
            facts.adapters = .known(adapters)
        }
    }

    private func isCompound(_ adapter: WindowsAdapter) -> Bool {
        guard let component = adapter.component?.lowercased() else { return false }
        return WindowsNetworkInspection.compounds.contains { component.contains($0) }
    }

    /// It goes into a path of keys.
    private func isGUID(_ text: String) -> Bool {
        text.hasPrefix("{") && text.hasSuffix("}") && text.utf8.count == 38 && !text.contains("\\")
    }

    private func configuration(_ key: WindowsSettings.Key, _ settings: WindowsSettings) -> WindowsInterface {
        var interface = WindowsInterface(key: key.shown)
        interface.usesDHCP = settings.number("EnableDHCP", of: key).map { $0.value != 0 }
        func list(_ name: String) -> [String] {
            (settings.value(name, of: key)?.strings ?? []).filter { !$0.isEmpty && $0 != "0.0.0.0" }
        }
        interface.addresses = list("IPAddress")
        interface.gateways = list("DefaultGateway")
        interface.nameServers = list("NameServer").flatMap {
            $0.split(whereSeparator: { $0 == "," || $0 == " " }).map(String.init)
        }
        return interface
    }

    private func proxy(_ settings: WindowsSettings) -> Located<String>? {
        let key = settings.key(
            #"Microsoft\Windows\CurrentVersion\Internet Settings\Connections"#, in: "SOFTWARE")
        guard let value = settings.value("WinHttpSettings", of: key) else { return nil }
        let reading = reader.attempt(key.shown) { () throws(ImageFault) in
            try WinHTTPSettings(parsing: value.data).proxy
        }
        guard let text = reading.value else { return nil }
        // A name and a password may stand before the host.
        let shown = text.split(separator: ";").map { server in
            server.lastIndex(of: "@").map { String(server[server.index(after: $0)...]) } ?? String(server)
        }.joined(separator: ";")
        return Located(shown, Evidence(path: key.shown, excerpt: "WinHttpSettings: \(shown)"))
    }
}
