/// The ways into a Windows from outside, and who may take them.
package struct WindowsAccessFacts: Sendable, Hashable, Codable {
    package var remoteDesktop: Fact<WindowsRemoteDesktop> = .unknown(.notRead("the Remote Desktop settings"))
    package var firewall: Fact<WindowsFirewall> = .unknown(.notRead("the firewall settings"))
    package var accounts: Fact<WindowsAccounts> = .unknown(.notRead("the accounts"))
    /// The port of OpenSSH's server (`sshd_config`); 22 when it does not say.
    package var sshPort = 22
    /// Whether OpenSSH's server takes passwords from everybody who has one: no when its file says so, unknown when
    /// it lets in some users only.
    package var sshTakesPasswords: Answer = .yes
    /// Ports WinRM listens on (5985, 5986), as its listeners are configured.
    package var winRMPorts: [Int] = []
    /// What services need to start (`DependOnService`), by lower-case name; for the services that access and
    /// logon rest on, and for those that they need.
    package var dependencies: [String: [String]] = [:]
    /// Files of the services that access and logon rest on, by lower-case name of the service: the library
    /// that svchost loads, or the program.
    package var serviceFiles: [String: ProgramFacts] = [:]
    /// Something that could not be read and belongs to none of the above.
    package var gaps: [Gap] = []

    package init() {}
}

/// Remote Desktop (`Control\Terminal Server`, and `Policies\Microsoft\Windows NT\Terminal Services`).
package struct WindowsRemoteDesktop: Sendable, Hashable, Codable {
    /// The key of the settings: `HKLM\SYSTEM\ControlSet001\Control\Terminal Server`.
    package var key: String
    /// `fDenyTSConnections`
    package var denies = WindowsSetting()
    /// `UserAuthentication`: whoever connects has to log in first (network level authentication).
    package var networkLevelAuthentication = WindowsSetting()
    /// The listeners (`WinStations`) of the transport tcp, normally one: `RDP-Tcp`.
    package var listeners: [WindowsListener] = []

    package init(key: String) { self.key = key }
}

/// A listener of Remote Desktop.
package struct WindowsListener: Sendable, Hashable, Codable {
    package var name: String
    package var key: String
    /// `fEnableWinStation`; nil when the value is absent.
    package var isEnabled: Bool?
    /// `PortNumber`; 3389 when it is absent.
    package var port: Int?
    /// `LanAdapter`: 0 for all, or the number of one adapter.
    package var adapter: UInt64?
    /// `MaxInstanceCount`
    package var maximumSessions: UInt64?
    /// Whether the certificate that `SSLCertificateSHA1Hash` names is in the machine's store; nil when it names
    /// none.
    package var pinnedCertificateExists: Answer?

    package init(name: String, key: String) {
        self.name = name
        self.key = key
    }

    package var effectivePort: Int { port ?? 3389 }
}
