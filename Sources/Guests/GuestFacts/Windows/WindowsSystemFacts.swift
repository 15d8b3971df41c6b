/// Settings of the running system: page file, SAN policy, clock, protection, policies, activation.
package struct WindowsSystemFacts: Sendable, Hashable, Codable {
    /// Page files as configured; empty when there are none.
    package var pageFiles: Fact<[WindowsPageFile]> = .unknown(.notLookedAt("PagingFiles"))
    /// `partmgr\Parameters\SanPolicy`; nil when it is absent and the default of the edition holds.
    package var sanPolicy: Fact<Located<Int>?> = .unknown(.notLookedAt("SanPolicy"))
    /// Whether the hardware clock is taken for UTC (`RealTimeIsUniversal`).
    package var rtcInUTC: Fact<Located<Bool>> = .unknown(.notLookedAt("RealTimeIsUniversal"))
    /// Write filters and what the hypervisor is to protect.
    package var protection: Fact<WindowsProtectionFacts> = .unknown(.notLookedAt(#"HKLM\SYSTEM"#))
    /// Policies and settings of the SOFTWARE hive.
    package var policies: Fact<WindowsPolicyFacts> = .unknown(.notLookedAt(#"HKLM\SOFTWARE\Policies"#))
    /// A policy file that says which code may run; nil when there is none.
    package var codePolicy: Fact<Evidence?> = .unknown(.notLookedAt(#"C:\Windows\System32\CodeIntegrity"#))
    package var activation: Fact<WindowsActivationFacts> = .unknown(
        .notLookedAt(#"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"#))

    package init() {}
}

/// A line of `PagingFiles`.
package struct WindowsPageFile: Sendable, Hashable, Codable {
    /// As it stands there: `C:\pagefile.sys 4096 4096`.
    package var text: String
    /// `D`; nil when Windows chooses the volume (`?:\pagefile.sys`).
    package var drive: String?
    /// Whether the volume of that drive is in this image.
    package var isInImage: Answer = .unknown
    package var evidence: Evidence

    package init(text: String, drive: String?, evidence: Evidence) {
        self.text = text
        self.drive = drive
        self.evidence = evidence
    }
}

/// Write filters and virtualization-based security, of the SYSTEM hive.
package struct WindowsProtectionFacts: Sendable, Hashable, Codable {
    /// `uwfvol\Parameters\Static\Copy0\UwfEnabled`; nil when the value is absent.
    package var unifiedWriteFilter: Located<Int>?
    /// `DeviceGuard\EnableVirtualizationBasedSecurity` is set.
    package var virtualizationBased: Evidence?
    /// `DeviceGuard\Mandatory` is set: without it Windows does not start.
    package var isMandatory: Evidence?

    package init() {}
}

/// Policies and settings of the SOFTWARE hive.
package struct WindowsPolicyFacts: Sendable, Hashable, Codable {
    /// Restrictions on the installation of devices.
    package var deviceRestrictions: [Evidence] = []
    /// AppLocker rules for programs that are enforced.
    package var programRules: Evidence?
    /// A password for automatic logon is kept in clear. The password itself is never read.
    package var storedPassword: Evidence?
    /// Version of PowerShell: `5.1.20348.1`; nil when it is not installed.
    package var powerShell: Located<String>?

    package init() {}
}

/// How Windows is licensed.
package struct WindowsActivationFacts: Sendable, Hashable, Codable {
    /// `Retail`, `OEM:DM`, `Volume:GVLK`, `Volume:MAK`; nil when the product id does not tell.
    package var channel: Located<String>?
    /// The activation host that is configured by hand or by a cloud.
    package var host: Located<String>?
    /// When Windows was installed, in seconds since 1970.
    package var installed: Int64?

    package init() {}
}
