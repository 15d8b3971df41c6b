/// The Windows that a driver package is asked for.
package struct DriverSystem: Sendable, Hashable {
    /// The processor.
    package let machine: PEImage.Machine
    /// `6` of 6.1, `10` of 10.0.
    package let major: Int
    /// `1` of 6.1.
    package let minor: Int
    /// Such as 7601 or 20348.
    package let build: Int
    /// Whether it is a server, 3 (or a domain controller, 2) among the product types; else 1, a workstation.
    package let isServer: Bool

    /// A version of Windows.
    package init(machine: PEImage.Machine, major: Int, minor: Int, build: Int, isServer: Bool) {
        self.machine = machine
        self.major = major
        self.minor = minor
        self.build = build
        self.isServer = isServer
    }
}
