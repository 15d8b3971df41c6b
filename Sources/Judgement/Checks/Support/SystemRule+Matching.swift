import GuestFacts
import Targets

extension SystemRule {
    /// Whether a Linux is one of these systems.
    func matches(_ identity: OSIdentity) -> Bool {
        guard family == nil || family == "linux", isServer == nil, minBuild == nil, maxBuild == nil else {
            return false
        }
        if let distributions, !distributions.contains(identity.distribution) { return false }
        if let variant, variant != identity.variantID { return false }
        if let nameContains, !(identity.name ?? "").contains(nameContains) { return false }
        if let versions {
            guard let version = identity.version ?? identity.versionID,
                SystemRule.version(version, isIn: versions)
            else { return false }
        }
        return matches(architecture: identity.architecture)
    }

    /// Whether a Windows is one of these systems.
    func matches(_ identity: WindowsIdentity) -> Bool {
        guard family == nil || family == "windows", distributions == nil, variant == nil else { return false }
        guard let build = identity.build else { return false }
        if let isServer, isServer != identity.isServer { return false }
        if let minBuild, build < minBuild { return false }
        if let maxBuild, build > maxBuild { return false }
        if let nameContains, !identity.name.contains(nameContains) { return false }
        return matches(architecture: identity.architecture)
    }

    /// Whether a system that is only recognised is one of these.
    func matches(_ other: OtherSystem) -> Bool {
        family == other.family && distributions == nil && versions == nil && architectures == nil
    }

    private func matches(architecture: String?) -> Bool {
        guard let architectures else { return true }
        return architecture.map(architectures.contains) ?? false
    }
}
