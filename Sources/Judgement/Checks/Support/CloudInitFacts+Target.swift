import GuestFacts
import Targets

extension CloudInitFacts {
    /// Whether one of the data sources it tries is one of the target's. Without a list it tries all.
    func findsDatasource(of target: Target) -> Bool {
        let wanted = target.rules.datasources
        // A version without the program for a source does not find it, listed or not.
        if !knownDatasources.isEmpty, !wanted.contains(where: knownDatasources.contains) { return false }
        if let forced = forcedDatasource?.value { return wanted.contains(forced) }
        guard let list = datasources?.value, !list.isEmpty else { return true }
        return wanted.contains { list.contains($0) }
    }

    /// Whether it will run at first boot with data of the target. Where first-boot data are optional, that is
    /// up to whoever makes the instance.
    func runs(at target: Target) -> Answer {
        guard program != nil else { return gap == nil ? .no : .unknown }
        guard enabled != .no, !target.rules.datasources.isEmpty, findsDatasource(of: target) else {
            return .no
        }
        return enabled == .unknown || !target.rules.needsProvisioning ? .unknown : .yes
    }

    /// Whether it will write a network configuration for the instance.
    func rendersNetwork(at target: Target) -> Answer {
        guard networkDisabled == nil else { return .no }
        let runs = runs(at: target)
        return runs == .yes ? canRender : canRender == .no ? .no : runs
    }

    /// Configurations with DHCP came with 0.7.7; what vendors put into their 0.7.6 is not known.
    private var canRender: Answer {
        guard let version else { return .unknown }
        let upstream = version.split(separator: ":").last?.split { "-+~".contains($0) }.first ?? ""
        let numbers = upstream.split { !($0.isASCII && $0.isNumber) }.map { Int($0) ?? Int.max }
        guard numbers.lexicographicallyPrecedes([0, 7, 7]) else { return .yes }
        return upstream.contains(where: \.isLetter) ? .unknown : .no
    }
}
