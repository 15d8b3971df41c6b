/// Agents and tools of platforms, first-boot agents, desktop and time zone.
package struct WindowsAgentFacts: Sendable, Hashable, Codable {
    /// What was found of the agents that are known by name.
    package var agents: Fact<[WindowsAgent]> = .unknown(.notRead("the agents"))
    /// `desktop.ini` files of desktops, as Windows shows them.
    package var desktopFiles: Fact<[String]> = .unknown(.notRead("the desktops"))
    /// Desktops that were looked at.
    package var desktops: [String] = []
    package var timeZone: WindowsTimeZone?
    package var gaps: [Gap] = []

    package init() {}
}

/// An agent or a set of tools of a platform.
package struct WindowsAgent: Sendable, Hashable, Codable {
    /// The stable name: `cloud-assistant`, `cloudbase-init`, `vmware-tools`.
    package var name: String
    /// What people call it: `Cloudbase-Init`.
    package var title: String
    /// What shows it: the record of its service, its program, its entry among the installed programs.
    package var evidence: [Evidence] = []
    /// Its services, in their own spelling.
    package var services: [String] = []
    /// Whether one of its services starts by itself.
    package var enabled: Answer = .unknown
    /// Its program is there; unknown when it was not looked for.
    package var programExists: Answer = .unknown
    /// Its program as Windows shows it.
    package var program: String?
    /// The entry of the installed programs: `DisplayName` and `DisplayVersion`.
    package var product: String?
    /// `UninstallString`
    package var uninstall: String?

    package init(name: String, title: String) {
        self.name = name
        self.title = title
    }
}

/// The time zone (`Control\TimeZoneInformation`).
package struct WindowsTimeZone: Sendable, Hashable, Codable {
    /// `TimeZoneKeyName` up to the first NUL: `China Standard Time`; nil when the value is absent or empty.
    package var name: String?
    package var key: String
    /// `StandardName`, which may be the number of a text: `@tzres.dll,-571`.
    package var standardName: String?
    /// Whether `Windows NT\CurrentVersion\Time Zones` of SOFTWARE has a key of this name.
    package var exists: Answer = .unknown
    /// `DynamicDaylightTimeDisabled`: it does not follow daylight saving time.
    package var ignoresDaylightTime = false

    package init(key: String) { self.key = key }

    package var evidence: Evidence {
        Evidence(path: key, excerpt: name.map { "TimeZoneKeyName = \($0)" } ?? "TimeZoneKeyName is absent")
    }
}
