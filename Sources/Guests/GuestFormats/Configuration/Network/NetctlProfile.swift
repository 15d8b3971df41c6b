package import ByteReading

/// A profile of netctl, `/etc/netctl/NAME` (netctl.profile(5)), a file of bash assignments.
package struct NetctlProfile: Sendable {
    /// What it sets up; nil for kinds of connection that are no network card (`ppp`, `tuntap`, `wireguard`).
    package let configuration: NetworkInterfaceConfiguration?

    /// Reads a profile.
    package init(_ file: ConfigurationFile) throws(ImageFault) {
        let values = try ShellAssignments(file.bytes, name: file.path)
        let connection = values.value("Connection") ?? ""
        let first =
            values["IP"]?.source ?? values["Interface"]?.source
            ?? SourceLine(file: file.path, line: 1, excerpt: "")
        let kinds: [String: NetworkInterfaceConfiguration.Kind] = [
            "ethernet": .physical, "wireless": .wireless, "bridge": .bridge, "bond": .bond,
            "vlan": .vlan(parent: Self.bound(values).first), "dummy": .other("dummy"),
        ]
        guard let kind = kinds[connection], let interface = values.value("Interface"), !interface.isEmpty
        else {
            configuration = nil
            return
        }
        let address = Self.words(values["Address"])
        let method: NetworkInterfaceConfiguration.Method =
            switch values.value("IP") ?? "no" {
            case "dhcp": .dhcp
            case "static": .fixed
            case "no": .none
            case let other: .other(other)
            }
        var result = NetworkInterfaceConfiguration(
            source: first, stack: .netctl, match: InterfaceMatch(name: interface), method: method)
        result.addresses = address
        result.gateway = values.value("Gateway")
        result.kind = kind
        if kind == .bridge || kind == .bond { result.members = Self.bound(values) }
        result.startsAtBoot = .no
        configuration = result
    }

    private static func bound(_ values: ShellAssignments) -> [String] { words(values["BindsToInterfaces"]) }

    /// The words of a value or of an array `('a' 'b')`.
    private static func words(_ assignment: ShellAssignments.Assignment?) -> [String] {
        guard let assignment else { return [] }
        let text = assignment.value.isEmpty ? assignment.source.excerpt : assignment.value
        let value = AsciiText.split(text, at: "(").map { $0.1 } ?? text
        return value.split { " ()'\"\t".contains($0) }.map(String.init)
    }
}
