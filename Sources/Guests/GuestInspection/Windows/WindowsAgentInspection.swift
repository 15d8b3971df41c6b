import ByteReading
import GuestFacts
import GuestFormats

/// Finds agents and tools of platforms in a Windows by their services, their programs and the list of installed
/// programs; and looks at the desktops and the time zone.
struct WindowsAgentInspection {
    let reader: WindowsReader
    let services: Fact<[String: WindowsService]>

    func inspect() -> WindowsAgentFacts {
        var facts = WindowsAgentFacts()
        let settings = WindowsSettings(reader: reader)
        facts.agents = agents(settings)
        facts.desktops = ["Public", "Administrator"].map { "/Users/\($0)/Desktop" }
        facts.desktopFiles = desktopFiles(facts.desktops)
        facts.timeZone = timeZone(settings)
        facts.gaps = [settings.gap].compactMap { $0 }
        return facts
    }

    // MARK: Agents

    /// An entry of the installed programs.
    private struct Product {
        var name: String
        var evidence: Evidence
        var uninstall: String?
    }

    private func agents(_ settings: WindowsSettings) -> Fact<[WindowsAgent]> {
        switch services {
        case .unknown(let gap): return .unknown(gap)
        case .known(let services):
            let products = products(settings)
            return .known(
                WindowsAgentSignature.all.compactMap { agent($0, services, products) })
        }
    }

    private func products(_ settings: WindowsSettings) -> [Product] {
        var products: [Product] = []
        for path in [
            #"Microsoft\Windows\CurrentVersion\Uninstall"#,
            #"WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall"#,
        ] {
            for (_, key) in settings.subkeys(of: settings.key(path, in: "SOFTWARE")) {
                guard let name = settings.text("DisplayName", of: key), !name.isEmpty,
                    WindowsAgentSignature.all.contains(where: { $0.isProduct(name) })
                else { continue }
                let version = settings.text("DisplayVersion", of: key).map { ", DisplayVersion = \($0)" }
                products.append(
                    Product(
                        name: name,
                        evidence: Evidence(
                            path: key.shown, excerpt: "DisplayName = \(name)\(version ?? "")"),
                        uninstall: settings.text("UninstallString", of: key)))
            }
        }
        return products
    }

    private func agent(
        _ signature: WindowsAgentSignature, _ services: [String: WindowsService], _ products: [Product]
    ) -> WindowsAgent? {
        let own =
            signature.services.compactMap { services[$0.lowercased()] }
            + services.values.filter(signature.isServiceByPath).sorted { $0.name < $1.name }
        let program = signature.programs.flatMap { reader.files.glob($0) }.first
        let product = products.first { signature.isProduct($0.name) }
        guard !own.isEmpty || program != nil || product != nil else { return nil }
        var agent = WindowsAgent(name: signature.name, title: signature.title)
        agent.services = own.map(\.name)
        agent.evidence = own.map(\.startEvidence)
        agent.enabled = own.contains { (0...2).contains($0.effectiveStart ?? 4) } ? .yes : .no
        look(at: own.first { !$0.isDriver }, program, &agent)
        if let product {
            agent.product = product.name
            agent.uninstall = product.uninstall
            agent.evidence.append(product.evidence)
        }
        return agent
    }

    /// The program that its service names, or else the one that was found.
    private func look(at service: WindowsService?, _ program: String?, _ agent: inout WindowsAgent) {
        if let line = service?.imagePath, !line.isEmpty {
            let facts = reader.program(WindowsPaths.program(of: line))
            agent.program = facts.path
            agent.programExists =
                switch facts.state {
                case .missing, .empty: .no
                case .unreadable, .elsewhere: .unknown
                case .good, .notAProgram, .truncated: .yes
                }
        } else if let program {
            agent.program = reader.paths.display(program)
            agent.programExists = .yes
            agent.evidence.append(Evidence(path: agent.program ?? program))
        }
    }

    // MARK: Desktop and time zone

    private func desktopFiles(_ desktops: [String]) -> Fact<[String]> {
        var found: [String] = []
        for desktop in desktops {
            let path = desktop + "/desktop.ini"
            switch reader.files.info(path) {
            case .found: found.append(reader.paths.display(path))
            case .absent: break
            case .unreadable(let gap): return .unknown(gap)
            }
        }
        return .known(found)
    }

    private func timeZone(_ settings: WindowsSettings) -> WindowsTimeZone? {
        let key = settings.control(#"Control\TimeZoneInformation"#)
        guard key.exists else { return nil }
        var zone = WindowsTimeZone(key: key.shown)
        // What follows the first NUL is left over from longer names.
        zone.name = settings.text("TimeZoneKeyName", of: key).flatMap { $0.isEmpty ? nil : $0 }
        zone.standardName = settings.text("StandardName", of: key)
        zone.ignoresDaylightTime =
            settings.number("DynamicDaylightTimeDisabled", of: key)?.value ?? 0 != 0
        if let name = zone.name, !name.contains("\\") {
            zone.exists =
                reader.key("Microsoft\\Windows NT\\CurrentVersion\\Time Zones\\\(name)", in: "SOFTWARE")
                .presence
        }
        return zone
    }
}
