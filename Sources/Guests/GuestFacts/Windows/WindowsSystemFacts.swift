/// Settings of the running system: page file, SAN policy, clock, roles, activation.
package struct WindowsSystemFacts: Sendable, Hashable, Codable {
    package init() {}
}
