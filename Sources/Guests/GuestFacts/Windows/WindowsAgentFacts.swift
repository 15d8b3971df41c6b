/// Agents and tools of platforms, first-boot agents, desktop and time zone.
package struct WindowsAgentFacts: Sendable, Hashable, Codable {
    package init() {}
}
