/// `ip=` of the kernel command line (dracut.cmdline(7), the kernel's nfsroot.txt): an address that the initramfs,
/// or a kernel with `CONFIG_IP_PNP`, gives the NIC before any manager runs.
package struct KernelNetworkParameter: Hashable, Sendable {
    /// What it asks for.
    package enum Kind: Hashable, Sendable {
        /// `dhcp`, `on`, `any`.
        case dhcp
        /// A fixed address.
        case fixed(String)
        /// `off`, `none`, or only IPv6.
        case nothing
    }

    /// What it asks for.
    package let kind: Kind
    /// The interface; nil for any.
    package let interface: String?

    /// Understands the value of `ip=`.
    package init(_ value: String) {
        // An IPv6 address stands in brackets; it is not what this is about.
        let parts = value.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        let methods: Set<String> = ["dhcp", "dhcp4", "on", "any", "bootp", "both", "single-dhcp", "either6"]
        let idle: Set<String> = ["off", "none", "", "auto6", "dhcp6", "ibft", "link6", "link-local"]
        switch parts.count {
        case 1:
            kind = methods.contains(value) ? .dhcp : Self.isAddress(value) ? .fixed(value) : .nothing
            interface = nil
        case 2, 3:
            // `<interface>:{dhcp|on|any}[:<mtu>]`
            kind = methods.contains(parts[1]) ? .dhcp : .nothing
            interface = parts[0].isEmpty ? nil : parts[0]
        default:
            // `<client>:[<peer>]:<gateway>:<netmask>:<host>:<interface>:<method>`
            let method = parts.count > 6 ? parts[6] : ""
            interface = parts.count > 5 && !parts[5].isEmpty ? parts[5] : nil
            if Self.isAddress(parts[0]) {
                kind = .fixed(parts[0])
            } else {
                kind =
                    methods.contains(method) || parts[0].isEmpty && !idle.contains(method) ? .dhcp : .nothing
            }
        }
    }

    private static func isAddress(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
    }
}
