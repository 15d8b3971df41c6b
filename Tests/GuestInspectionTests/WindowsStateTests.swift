import ByteReading
import GuestFacts
import GuestFormats
import TestSupport
import Testing

@testable import GuestInspection

/// Setup, servicing and settings as they are read from hives that were written value by value.
@Suite(.enabled(if: WindowsStateFixture.canBeMade))
struct WindowsStateTests {
    @Test func setupInUse() throws {
        var windows = try WindowsStateFixture(
            #"""
            system.set("Setup", SetupType=0, SystemSetupInProgress=0, SetupPhase=0, OOBEInProgress=0, CmdLine="", Upgrade=0)
            system.set("Setup\\Status\\SysprepStatus", GeneralizationState=7, CleanupState=2)
            system.set("Setup\\Status\\ChildCompletion", {"setup.exe": 3, "oobeldr.exe": 3})
            software.set(CV + "\\Setup\\State", ImageState="IMAGE_STATE_COMPLETE")
            """#)
        windows.files["/Windows/Setup/State/State.ini"] = Array("[State]\r\nImageState=OLD\r\n".utf8)
        windows.files["/Windows/System32/config/RegBack/SYSTEM"] = []
        let setup = windows.setup
        let phase = try #require(setup.phase.value)
        #expect(phase.isOver && phase.program == nil && phase.generalization == 7 && phase.cleanup == 2)
        #expect(phase.children == ["setup.exe": 3, "oobeldr.exe": 3] && phase.interruptedChild == nil)
        #expect(setup.imageState.value??.value == "IMAGE_STATE_COMPLETE")
        #expect(
            setup.servicing.markers == [] && setup.servicing.gaps == [] && setup.servicing.otherGaps == [])
        #expect(setup.answerFiles.value == [] && setup.hiveBackups == [:])
    }

    @Test func generalisedWithAnswers() throws {
        var windows = try WindowsStateFixture(
            #"""
            system.set("Setup", SetupType=2, SystemSetupInProgress=1, CmdLine="oobe\\windeploy.exe /x secret",
                UnattendFile="C:\\Answers\\a.xml")
            """#)
        windows.files["/Windows/Setup/State/State.ini"] = Array(
            "[State]\r\nImageState=IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE\r\n".utf8)
        windows.files["/Answers/a.xml"] = Array("<unattend></unattend>".utf8)
        windows.files["/Windows/Panther/Unattend.xml"] = Array("<unattend".utf8)
        let setup = windows.setup
        let phase = try #require(setup.phase.value)
        #expect(phase.runsWindeploy && phase.hasArguments && phase.program == #"oobe\windeploy.exe"#)
        #expect(!phase.evidence.excerpt!.contains("secret"))
        #expect(setup.imageState.value??.value == "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE")
        let files = try #require(setup.answerFiles.value)
        #expect(files.map(\.path) == [#"C:\Answers\a.xml"#, #"C:\Windows\Panther\Unattend.xml"#])
        #expect(files.map { $0.problem == nil } == [true, false])
    }

    @Test func servicingLeftUndone() throws {
        var windows = try WindowsStateFixture(
            #"""
            system.set(ccs + "\\Control\\Session Manager",
                SetupExecute=["C:\\Windows\\System32\\poqexec.exe /display_progress \\SystemRoot\\WinSxS\\pending.xml"],
                PendingFileRenameOperations=["\\??\\C:\\a.tmp", "", "\\??\\C:\\b.tmp", "!\\??\\C:\\Windows\\System32\\drivers\\x.sys",
                    "\\??\\C:\\Windows\\System32\\drivers\\viostor.sys", ""])
            for key in "RebootPending", "RebootInProgress", "PackagesPending": software.make(CBS + "\\" + key)
            software.set(CBS + "\\SessionsPending", Exclusive=3)
            software.set(CBS + "\\SessionsPending\\1", Complete=1)
            software.set(CBS + "\\SessionsPending\\2", Complete=0)
            software.make(CV + "\\WindowsUpdate\\Auto Update\\RebootRequired")
            software.set("Microsoft\\Updates", UpdateExeVolatile=2)
            software.set(CBS + "\\Packages\\Package_for_KB5~31bf~amd64~~1.2", CurrentState=0x60)
            components.put("PendingXmlIdentifier", b"01da")
            components.put("ExecutionState", 0)
            components.put("NextQueueEntryIndex", 12)
            components.put("StoreDirty", 0)
            """#)
        windows.files["/Windows/WinSxS/pending.xml"] = [60]
        let servicing = windows.setup.servicing
        #expect(
            servicing.markers.map(\.value) == [
                .pendingFile, .pendingExecution, .transaction, .execution, .rebootInProgress, .rebootPending,
                .packagesPending, .session, .session, .windowsUpdate, .updateProgram, .pendingPackage,
            ])
        #expect(servicing.renameCount == 3)
        #expect(servicing.systemRenames.map { $0.target != nil } == [true, false])
        #expect(servicing.gaps == [] && servicing.otherGaps == [])
        let session = try #require(servicing.markers.first { $0.evidence.excerpt == "Complete = 0" })
        #expect(session.evidence.path?.hasSuffix(#"SessionsPending\2"#) == true)
    }

    @Test func updatesByTheirNumbers() throws {
        let windows = try WindowsStateFixture(
            #"""
            def package(name, state, **more): software.set(CBS + "\\Packages\\" + name, CurrentState=state, **more)
            package("Package_for_KB3033929~31bf3856ad364e35~amd64~~6.1.1.1", 0x50)
            package("Package_1_for_KB3033929~31bf3856ad364e35~amd64~~6.1.1.1", 0x70)
            package("Microsoft-Windows-Foundation~31bf3856ad364e35~amd64~~6.1.1.1", 0x70)
            package("Package_for_RollupFix~31bf3856ad364e35~amd64~~7601.24545.1.8", 0x70, InstallName="Package_for_RollupFix.mum",
                InstallLocation="\\\\?\\C:\\Windows\\SoftwareDistribution\\Download\\Windows6.1-KB4534310-x64.cab\\")
            """#)
        let packages = try #require(windows.setup.updates.value)
        #expect(packages.count == 2)
        let first = try #require(packages.first { !$0.isRollup })
        #expect(first.articles == [3_033_929] && first.state == .superseded && !first.isInstalled)
        let rollup = try #require(packages.first { $0.isRollup })
        #expect(
            rollup.articles == [4_534_310] && rollup.version == [7601, 24545, 1, 8] && rollup.isInstalled)
        #expect(windows.setup.codeIntegrity?.state == .missing)
    }

    @Test func settings() throws {
        let windows = try WindowsStateFixture(
            #"""
            system.set(ccs + "\\Control\\Session Manager\\Memory Management",
                PagingFiles=["C:\\pagefile.sys 1 2", "D:\\pagefile.sys", "?:\\pagefile.sys", "E:\\pagefile.sys"])
            system.set("MountedDevices", {"\\DosDevices\\D:": b"DMIO:ID:0123456789abcdef"})
            system.set(ccs + "\\Services\\partmgr\\Parameters", SanPolicy=3)
            system.set(ccs + "\\Control\\TimeZoneInformation", RealTimeIsUniversal=qword(1))
            system.set(ccs + "\\Services\\uwfvol\\Parameters\\Static\\Copy0", UwfEnabled=1)
            system.set(ccs + "\\Control\\DeviceGuard", EnableVirtualizationBasedSecurity=1, Mandatory=1)
            software.set("Policies\\Microsoft\\Windows\\SrpV2\\Exe", EnforcementMode=1)
            software.set(NT + "\\Winlogon", AutoAdminLogon="1", DefaultPassword="hush")
            software.set("Microsoft\\PowerShell\\1\\PowerShellEngine", PowerShellVersion="2.0")
            software.set("Microsoft\\PowerShell\\3\\PowerShellEngine", PowerShellVersion="5.1.1")
            software.set(NT, InstallDate=0x660d8137, DigitalProductId4=bytes(1016) + "OEM:DM\0".encode("utf-16-le").ljust(262, b"\0"))
            software.set(NT + "\\SoftwareProtectionPlatform", KeyManagementServiceName="kms.core.windows.net")
            """#)
        let system = windows.system
        let files = try #require(system.pageFiles.value)
        #expect(files.map(\.drive) == ["C", "D", nil, "E"])
        #expect(files.map(\.isInImage) == [.yes, .no, .unknown, .no])
        #expect(system.sanPolicy.value??.value == 3)
        #expect(system.rtcInUTC.value?.value == true)
        let protection = try #require(system.protection.value)
        #expect(protection.unifiedWriteFilter?.value == 1 && protection.isMandatory != nil)
        let policies = try #require(system.policies.value)
        #expect(policies.programRules?.excerpt == "EnforcementMode = 1")
        #expect(policies.powerShell?.value == "5.1.1")
        #expect(policies.storedPassword?.excerpt?.contains("hush") == false)
        let activation = try #require(system.activation.value)
        #expect(activation.channel?.value == "OEM:DM" && activation.host?.value == "kms.core.windows.net")
        #expect(activation.installed == 0x660d_8137)
        #expect(system.codePolicy == .known(nil))
    }

    /// A letter without an entry may become that of another volume of the image; never that of a small one.
    @Test func driveOfAnotherVolume() throws {
        var windows = try WindowsStateFixture(
            #"""
            system.set(ccs + "\\Control\\Session Manager\\Memory Management", PagingFiles=["D:\\pagefile.sys"])
            """#)
        windows.otherVolumes = [Compose.partition(3, "ntfs")]
        #expect(windows.system.pageFiles.value?.map(\.isInImage) == [.unknown])
        windows.otherVolumes[0].size = 500 << 20
        #expect(windows.system.pageFiles.value?.map(\.isInImage) == [.no])
    }

    @Test func defaultsOfAbsentValues() throws {
        let system = try WindowsStateFixture("pass").system
        #expect(system.pageFiles.value == [])
        #expect(system.sanPolicy == .known(nil))
        #expect(system.rtcInUTC.value?.value == false)
        #expect(system.activation.value?.channel == nil && system.activation.value?.host == nil)
        #expect(system.policies.value == WindowsPolicyFacts())
    }

    /// A hive that is missing or broken leaves everything in it open; it is never taken for one without values.
    @Test(arguments: [true, false]) func nothingIsKnownWithoutHives(isMissing: Bool) throws {
        var windows = try WindowsStateFixture("pass")
        for name in ["SYSTEM", "SOFTWARE", "COMPONENTS"] {
            windows.replace(name, with: isMissing ? nil : [UInt8](repeating: 0, count: 8192))
        }
        let system = windows.system
        #expect(system.pageFiles.gap != nil && system.sanPolicy.gap != nil && system.rtcInUTC.gap != nil)
        #expect(system.protection.gap != nil && system.policies.gap != nil && system.activation.gap != nil)
        let setup = windows.setup
        #expect(setup.phase.gap != nil && setup.imageState.gap != nil && setup.updates.gap != nil)
        #expect(!setup.servicing.gaps.isEmpty)
    }

    /// Any damage ends in facts or gaps.
    @Test func damagedHivesComeBack() throws {
        let windows = try WindowsStateFixture(
            #"""
            system.set("Setup", SetupType=2, SystemSetupInProgress=1, CmdLine="oobe\\windeploy.exe")
            system.set(ccs + "\\Control\\Session Manager", PendingFileRenameOperations=["a", "", "b"])
            software.set(CBS + "\\Packages\\Package_for_KB3033929~31bf3856ad364e35~amd64~~6.1.1.1", CurrentState=0x50)
            """#)
        let hives = windows.reader
        for name in ["SYSTEM", "SOFTWARE"] {
            guard case .found(let source) = hives.content(of: hives.hiveDirectory + "/" + name) else {
                continue
            }
            let bytes = try source.readAll(limit: 1 << 20).array
            for step in stride(from: 4096, to: bytes.count, by: 37) {
                var changed = bytes
                changed[step] ^= 0xFF
                var broken = windows
                broken.replace(name, with: changed)
                _ = broken.setup
                _ = broken.system
            }
        }
    }

    static let articles: [(String, [Int])] = [
        ("Package_for_KB3033929~31bf", [3_033_929]), ("Windows6.1-KB4534310-x64.cab", [4_534_310]),
        ("Package_for_KB976902", [976_902]), ("kb", []), ("KB12345678901", []), ("none", []),
        ("KB5010794 and kb5009624", [5_010_794, 5_009_624]),
    ]

    @Test(arguments: articles) func numbersOfArticles(_ text: String, _ articles: [Int]) {
        #expect(WindowsServicingInspection.articles(in: text) == articles)
    }
}

/// SYSTEM hives of real machines: each was in use, so nothing of setup or of updates may be said to be in the way.
@Suite(.enabled(if: HostTool.samples != nil && HostTool.has("xz")))
struct WindowsStateSamplesTests {
    private func windows(_ name: String) async throws -> WindowsStateFixture {
        let folder = try await ScratchFolder()
        let found = HostTool.samples
        let samples = try #require(found)
        try await HostTool.shell("xz -dc '\(samples)/hives/regipy/\(name).xz' > \(folder.place("hive"))")
        return WindowsStateFixture(hives: ["SYSTEM": try FixtureTool.contents(folder.place("hive"))])
    }

    @Test(arguments: ["SYSTEM", "SYSTEM_2", "SYSTEM_WIN_10_1709"])
    func machineInUse(_ name: String) async throws {
        let windows = try await windows(name)
        let phase = try #require(windows.setup.phase.value)
        #expect(phase.isOver && !phase.isUpgrading && phase.interruptedChild == nil)
        #expect(phase.generalization == 7 && phase.children["setup.exe"] == 3)
        let system = windows.system
        #expect(system.pageFiles.value?.map(\.text) == [#"?:\pagefile.sys"#])
        #expect(system.sanPolicy.value??.value == 1)
        #expect(system.rtcInUTC.value?.value == false)
        #expect(system.protection.value?.isMandatory == nil)
        let servicing = windows.setup.servicing
        #expect(servicing.markers == [])
        // SETEAC4.tmp and others, left by installers.
        #expect((servicing.renameCount > 0) == (name != "SYSTEM"))
    }

    /// What the registry of these systems is told apart by: only SYSTEM is there.
    @Test func otherHivesStayOpen() async throws {
        let windows = try await windows("SYSTEM")
        #expect(windows.setup.updates.gap?.kind == .absent && windows.system.activation.gap?.kind == .absent)
    }
}
