/// Setup, sysprep, servicing and updates.
package struct WindowsSetupFacts: Sendable, Hashable, Codable {
    package init() {}
}
