/// Network adapters and their configuration.
package struct WindowsNetworkFacts: Sendable, Hashable, Codable {
    package init() {}
}
