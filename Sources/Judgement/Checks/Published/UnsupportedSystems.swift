import GuestFacts

/// Systems that the published image check of Alibaba Cloud ECS does not support. Read in November 2026 from
/// the list of systems without image check in its documentation. The labels that a user chooses at import
/// ("Customized Linux" and the like) cannot be seen in an image and are left out.
struct UnsupportedSystem {
    /// The published name.
    var platform: String
    /// `ID` of os-release.
    var distribution: String?
    /// `VARIANT_ID` of os-release.
    var variant: String?
    /// Part of the name.
    var nameContains: String?
    /// The family of a system that is not Linux.
    var family: String?

    static let all = [
        UnsupportedSystem(platform: "Gentoo", distribution: "gentoo"),
        UnsupportedSystem(platform: "LifseaOS", nameContains: "LifseaOS"),
        UnsupportedSystem(platform: "CoreOS", distribution: "coreos"),
        UnsupportedSystem(platform: "Fedora CoreOS", distribution: "fedora", variant: "coreos"),
        UnsupportedSystem(platform: "FreeBSD", family: "freebsd"),
        UnsupportedSystem(platform: "Solaris", family: "solaris"),
    ]

    func matches(_ identity: OSIdentity) -> Bool {
        guard family == nil else { return false }
        if let distribution, distribution != identity.distribution { return false }
        if let variant, variant != identity.variantID { return false }
        if let nameContains, !(identity.name ?? "").contains(nameContains) { return false }
        return true
    }
}

/// Windows of the same list. The 32-bit editions of the clients are listed, not the 64-bit ones; Server 2008 R2
/// is supported.
enum UnsupportedWindows {
    static func matches(_ identity: WindowsIdentity) -> Bool {
        guard let build = identity.build, let isServer = identity.isServer else { return false }
        switch build {
        case 3790, 6001...6003: return isServer
        case 7600...7601, 9200, 9600, 10240...19999: return !isServer && identity.architecture == "i386"
        default: return false
        }
    }
}
