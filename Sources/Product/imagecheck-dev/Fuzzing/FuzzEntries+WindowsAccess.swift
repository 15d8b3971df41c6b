import ByteReading
import GuestFormats

/// Who may come in to a Windows: accounts, groups, firewall rules, the proxy.
extension FuzzEntries {
    static let windowsAccess: [FuzzEntry] = [
        FuzzEntry("sam-account", seed: account) { data in
            // Both parts from the same bytes: what one changes, the other sees.
            _ = try SAMAccount(fixed: data, variable: data.dropFirst(80))
        },
        FuzzEntry("sam-domain", seed: FuzzSeeds.zeros + machine) {
            _ = try SAMDomain(fixed: $0, variable: $0).identifier?.description
        },
        FuzzEntry("sam-alias", seed: alias) {
            _ = try SAMAlias(parsing: $0).members.map(\.description)
        },
        FuzzEntry(
            "firewall-rule",
            seed:
                "v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|Profile=Public|LPort2_10=1-66|RA4=LocalSubnet|App=x|"
        ) {
            _ = FirewallRule($0.text)
        },
        FuzzEntry(
            "winhttp",
            seed: [0x28, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, 0x61, 0x3A, 0x31, 0, 0, 0, 0]
        ) {
            _ = try WinHTTPSettings(parsing: $0).proxy
        },
    ]

    private static let machine: [UInt8] = [1, 4, 0, 0, 0, 0, 0, 5, 21] + [UInt8](repeating: 0, count: 15)

    private static let account: [UInt8] = [UInt8](repeating: 1, count: 80 + 17 * 12 + 64)

    private static let alias: [UInt8] =
        [UInt8](repeating: 0, count: 0x2C) + [24, 0, 0, 0, 1, 0, 0, 0] + machine
}
