import GuestFacts
import Targets

/// The healthy Windows of the examples: hives, setup and settings.
extension ExampleWindows {
    mutating func addState() {
        windows.hives = ["SYSTEM", "SOFTWARE", "SAM", "SECURITY", "DEFAULT", "COMPONENTS", "DRIVERS"].map {
            var hive = HiveFacts(name: $0, path: #"C:\Windows\System32\config\"# + $0, state: .clean)
            hive.size = 16 << 20
            return hive
        }
        windows.setup.phase = .known(ExampleWindows.inUse)
        imageState("IMAGE_STATE_COMPLETE")
        windows.setup.answerFiles = .known([])
        windows.setup.servicing.gaps = []
        windows.setup.updates = .known([
            WindowsPackage(
                name: "Package_for_RollupFix~31bf3856ad364e35~amd64~~20348.2700.1.8", stateNumber: 0x70)
        ])
        addSettings()
    }

    /// Replaces what setup says of the whole.
    mutating func imageState(_ state: String) {
        windows.setup.imageState = .known(
            Located(
                state,
                Evidence(
                    path: #"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Setup\State"#,
                    excerpt: "ImageState = \(state)")))
    }

    /// Changes the values below `SYSTEM\Setup`.
    mutating func setupPhase(_ change: (inout WindowsSetupPhase) -> Void) {
        var phase = ExampleWindows.inUse
        change(&phase)
        windows.setup.phase = .known(phase)
    }

    /// Adds a sign of work that updates have left.
    mutating func servicing(_ markers: [WindowsServicingFacts.Marker]) {
        windows.setup.servicing.markers = markers.map { marker in
            Located(marker, Evidence(path: #"C:\Windows\WinSxS\pending.xml"#, excerpt: marker.rawValue))
        }
    }

    private static var inUse: WindowsSetupPhase {
        var phase = WindowsSetupPhase()
        phase.inProgress = 0
        phase.type = 0
        phase.phase = 0
        phase.oobeInProgress = 0
        phase.program = ""
        phase.children = ["setup.exe": 3, "oobeldr.exe": 3, "SetupFinalTasks": 3]
        phase.generalization = 7
        return phase
    }

    private mutating func addSettings() {
        let set = #"HKLM\SYSTEM\ControlSet001\"#
        var pageFile = WindowsPageFile(
            text: #"C:\pagefile.sys 4096 4096"#, drive: "C",
            evidence: Evidence(
                path: set + #"Control\Session Manager\Memory Management"#,
                excerpt: #"PagingFiles = C:\pagefile.sys 4096 4096"#))
        pageFile.isInImage = .yes
        windows.system.pageFiles = .known([pageFile])
        windows.system.sanPolicy = .known(
            Located(1, Evidence(path: set + #"Services\partmgr\Parameters"#, excerpt: "SanPolicy = 1")))
        windows.system.rtcInUTC = .known(
            Located(
                true,
                Evidence(path: set + #"Control\TimeZoneInformation"#, excerpt: "RealTimeIsUniversal = 1")))
        windows.system.protection = .known(WindowsProtectionFacts())
        windows.system.policies = .known(WindowsPolicyFacts())
        windows.system.codePolicy = .known(nil)
        var activation = WindowsActivationFacts()
        activation.channel = Located(
            "Volume:GVLK",
            Evidence(
                path: #"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"#, excerpt: "DigitalProductId4"))
        activation.installed = 1_700_000_000
        windows.system.activation = .known(activation)
    }
}
