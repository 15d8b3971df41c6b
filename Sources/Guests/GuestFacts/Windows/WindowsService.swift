/// A record of `ControlSetNNN\Services`: a driver or a service.
package struct WindowsService: Sendable, Hashable, Codable {
    /// In its own spelling: `viostor`.
    package var name: String
    /// `HKLM\SYSTEM\ControlSet001\Services\viostor`
    package var key: String
    /// 0 boot, 1 system, 2 automatic, 3 on demand, 4 disabled; nil when the value is absent or no number.
    package var start: Int?
    /// The value `0` of the subkey `StartOverride`, which takes the place of `Start` since Windows 8.
    package var startOverride: Int?
    /// 1 kernel driver, 2 file system driver, 0x10 and 0x20 services in a process of their own or shared.
    package var type: Int?
    /// 0 ignore, 1 normal, 2 severe, 3 critical.
    package var errorControl: Int?
    package var group: String?
    /// As it stands in the registry; nil when the value is absent, which for a driver means
    /// `System32\drivers\NAME.sys`.
    package var imagePath: String?
    /// `Parameters\ServiceDll`, of a service that svchost runs.
    package var library: String?
    /// `DeleteFlag` is set: the record goes away at the next start.
    package var isMarkedForDeletion = false
    /// `Owners`: the INF files the record came from.
    package var owners: [String] = []
    /// The file it runs. Looked at for drivers that start with the system and for services that items ask about.
    package var program: ProgramFacts?

    package init(name: String, key: String) {
        self.name = name
        self.key = key
    }

    /// What counts at the next start.
    package var effectiveStart: Int? { startOverride ?? start }

    /// A kernel or file system driver.
    package var isDriver: Bool { type == 1 || type == 2 || type == 8 }

    /// Where a driver's file is, as Windows writes it: `ImagePath`, or below `System32\drivers` by its name.
    package var driverPath: String {
        if let imagePath, !imagePath.isEmpty { return imagePath }
        return "\\SystemRoot\\System32\\drivers\\\(name).sys"
    }

    package var isDisabled: Bool { effectiveStart == 4 }

    /// The value that decides, for evidence.
    package var startEvidence: Evidence {
        if let startOverride {
            return Evidence(path: key + "\\StartOverride", excerpt: "0 = \(startOverride)")
        }
        return Evidence(path: key, excerpt: start.map { "Start = \($0)" } ?? "Start is absent")
    }
}

/// A program or driver file as Windows would load it.
package struct ProgramFacts: Sendable, Hashable, Codable {
    /// What can be said of the file.
    package enum State: String, Sendable, Hashable, Codable {
        case good, missing, empty
        /// Not a PE file.
        case notAProgram
        /// Shorter than its headers say.
        case truncated
        case unreadable
        /// The path leads to a volume that is not in this image, or nowhere that is known.
        case elsewhere
    }

    /// As Windows shows it: `C:\Windows\System32\drivers\viostor.sys`.
    package var path: String
    package var state: State
    /// In bytes.
    package var size: UInt64?
    /// `x86_64`, `i386`, `arm64`; nil when it is no program.
    package var architecture: String?
    /// `FileVersion` of the fixed version resource: `10.0.17763.1`.
    package var version: String?
    package var company: String?
    /// Whether a certificate is embedded; catalogs are not looked at.
    package var isSigned: Bool?
    /// `sha1`, `sha256`: the digest of the embedded signature.
    package var signatureDigest: String?
    /// Why it could not be read.
    package var gap: Gap?

    package init(path: String, state: State) {
        self.path = path
        self.state = state
    }

    /// A finding's evidence.
    package var evidence: Evidence {
        let what =
            switch state {
            case .good: [version, architecture].compactMap { $0 }.joined(separator: ", ")
            case .missing: "absent"
            case .empty: "0 bytes"
            case .notAProgram: "not a PE file"
            case .truncated: "cut short"
            case .unreadable: "could not be read"
            case .elsewhere: "on a volume that is not in the image"
            }
        return Evidence(path: path, excerpt: what.isEmpty ? nil : what)
    }
}
