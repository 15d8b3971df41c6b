/// Drivers, staged and installed, and what binds them to devices.
package struct WindowsDriverFacts: Sendable, Hashable, Codable {
    package init() {}
}
