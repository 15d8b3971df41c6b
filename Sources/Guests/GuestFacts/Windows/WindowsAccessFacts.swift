/// Remote Desktop, firewall, accounts.
package struct WindowsAccessFacts: Sendable, Hashable, Codable {
    package init() {}
}
