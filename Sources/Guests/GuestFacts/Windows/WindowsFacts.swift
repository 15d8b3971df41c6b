/// What is known of one Windows in an image. Each area says what it could not read.
package struct WindowsFacts: Sendable, Hashable, Codable {
    /// The volume that holds the system directory.
    package var rootVolume: VolumeID
    /// The system directory on that volume: `/Windows`.
    package var systemRoot: String
    @Shared package var identity: WindowsIdentity
    /// The hives a start needs and their state, by the names of their files: `SYSTEM`.
    package var hives: [HiveFacts] = []
    /// The control set the next start takes; nil when SYSTEM does not tell.
    package var controlSet: ControlSetFacts?
    /// Every record under `Services` of that control set, by lower-case name; the gap when it cannot be read.
    package var services: Fact<[String: WindowsService]>
    /// Records that could not be read, so that one that is not among ``services`` may exist all the same.
    package var servicesGap: Gap?
    @Shared package var boot = WindowsBootFacts()
    @Shared package var volumes = WindowsVolumeFacts()
    @Shared package var drivers = WindowsDriverFacts()
    @Shared package var setup = WindowsSetupFacts()
    @Shared package var system = WindowsSystemFacts()
    @Shared package var network = WindowsNetworkFacts()
    @Shared package var access = WindowsAccessFacts()
    @Shared package var agents = WindowsAgentFacts()
    /// Everything that could not be read while the facts were gathered.
    package var gaps: [Gap] = []

    package init(
        rootVolume: VolumeID, systemRoot: String, identity: WindowsIdentity,
        services: Fact<[String: WindowsService]>
    ) {
        self.rootVolume = rootVolume
        self.systemRoot = systemRoot
        self.identity = identity
        self.services = services
    }

    /// The record of a service or driver, whatever the case of its name; nil when there is none or when the
    /// services could not be read.
    package func service(_ name: String) -> WindowsService? { services.value?[name.lowercased()] }

    /// Whether a service or driver is recorded: the record, a certain "none", or unknown because the hive is
    /// damaged or could not be read.
    package func record(of name: String) -> Fact<WindowsService?> {
        switch services {
        case .unknown(let gap): return .unknown(gap)
        case .known(let all):
            if let found = all[name.lowercased()] { return .known(found) }
            return servicesGap.map { .unknown($0) } ?? .known(nil)
        }
    }

    /// The hive with this name.
    package func hive(_ name: String) -> HiveFacts? { hives.first { $0.name == name } }

    /// A path below the system directory as Windows shows it: `C:\Windows\System32\ntoskrnl.exe`. The system
    /// volume is C: unless somebody went to great lengths.
    package func systemPath(_ path: String) -> String {
        let directory = systemRoot.split(separator: "/").joined(separator: "\\")
        return "C:\\\(directory)\\\(path)"
    }

    /// The name of the control set: `ControlSet001`. What the registry uses when Select cannot be read is the
    /// first one, as a fresh installation has it.
    package var controlSetName: String { controlSet?.name ?? "ControlSet001" }
}

/// A hive as a file and as a structure.
package struct HiveFacts: Sendable, Hashable, Codable {
    /// What can be said of a hive as a whole.
    package enum State: String, Sendable, Hashable, Codable {
        case missing, clean
        /// Its last changes stood in its logs only; they were taken from there.
        case replayed
        /// Its last changes stand in logs that are absent or do not fit: older values were read.
        case dirty
        /// Windows cannot load it.
        case corrupt
        /// It could not be read, which says nothing about the hive.
        case unreadable
    }

    /// The name of the file: `SYSTEM`.
    package var name: String
    /// As Windows shows it: `C:\Windows\System32\config\SYSTEM`.
    package var path: String
    package var state: State
    /// In bytes; nil when there is no file.
    package var size: UInt64?
    /// What is wrong, or what was done, in words.
    package var message: String?
    /// Where in the file, in bytes.
    package var offset: UInt64?
    /// Keys that every hive of this name has and this one lacks.
    package var missingKeys: [String] = []
    /// Parts that were skipped because they are damaged.
    package var damage: [String] = []

    package init(name: String, path: String, state: State) {
        self.name = name
        self.path = path
        self.state = state
    }
}

/// Which control set starts (`SYSTEM\Select`).
package struct ControlSetFacts: Sendable, Hashable, Codable {
    /// `ControlSet001`: the one that `Default` names.
    package var name: String
    package var defaultNumber: Int
    package var current: Int?
    package var lastKnownGood: Int?
    /// The control set that failed to start, 0 when none did.
    package var failed: Int?

    package init(name: String, defaultNumber: Int) {
        self.name = name
        self.defaultNumber = defaultNumber
    }
}
