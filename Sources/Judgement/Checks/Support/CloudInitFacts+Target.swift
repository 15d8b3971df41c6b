import GuestFacts
import Targets

extension CloudInitFacts {
    /// Whether one of the data sources it tries is one of the target's. Without a list it tries all.
    func findsDatasource(of target: Target) -> Bool {
        guard let list = datasources?.value, !list.isEmpty else { return true }
        return target.rules.datasources.contains { list.contains($0) }
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
        networkDisabled == nil ? runs(at: target) : .no
    }
}
