import GuestFacts
import Targets

/// The healthy Windows of the examples: how it starts.
extension ExampleWindows {
    private static let entryID = "{7619dcc9-fafe-11ed-9b1c-000000000001}"

    mutating func addBoot() {
        windows.boot.bios.isPresent = .no
        windows.boot.uefi = ExampleWindows.path(
            .uefi, system: "gpt:1", root: "gpt:3", store: #"\EFI\Microsoft\Boot\BCD"#,
            loader: #"C:\Windows\System32\winload.efi"#)
        windows.volumes.hibernation = .known(nil)
        windows.volumes.bootExecute = Located(
            ["autocheck autochk *"],
            Evidence(
                path: #"HKLM\SYSTEM\ControlSet001\Control\Session Manager"#,
                excerpt: "BootExecute = autocheck autochk *"))
        windows.volumes.letters = .known([
            WindowsDriveLetterFacts(
                letter: "C", volume: "gpt:3", isPartition: true,
                evidence: Evidence(
                    path: #"HKLM\SYSTEM\MountedDevices"#,
                    excerpt: #"\DosDevices\C: = partition {0a1b2c3d-0003-4000-8000-000000000003}"#))
        ])
        windows.volumes.dataPaths = [
            WindowsDataPathFacts(
                purpose: .profiles, path: #"%SystemDrive%\Users"#, isOnImage: .yes, exists: .yes,
                evidence: Evidence(
                    path: #"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList"#,
                    excerpt: #"ProfilesDirectory = %SystemDrive%\Users"#))
        ]
    }

    /// An element of the default entry, as evidence.
    static func bootEvidence(_ element: String, _ excerpt: String) -> Evidence {
        Evidence(path: #"BCD\Objects\\#(entryID)\Elements\\#(element)"#, excerpt: excerpt)
    }

    /// The same Windows on an MBR disk, with the boot manager on a partition of its own.
    mutating func startByBIOS() {
        var table = PartitionTableFacts(kind: .mbr, sectorSize: 512)
        table.identity = "a1b2c3d4"
        table.partitions = [
            PartitionFacts(
                number: 1, offset: 1 << 20, size: 500 << 20, type: "0x7", partUUID: "a1b2c3d4-01",
                active: true,
                volume: "mbr:1"),
            PartitionFacts(
                number: 2, offset: 501 << 20, size: 39 << 30, type: "0x7", partUUID: "a1b2c3d4-02",
                volume: "mbr:2"),
        ]
        image.partitions = table
        var reserved = VolumeFacts(id: "mbr:1", size: 500 << 20)
        reserved.kind = "ntfs"
        reserved.partitionNumber = 1
        var system = VolumeFacts(id: "mbr:2", size: 39 << 30)
        system.kind = "ntfs"
        system.partitionNumber = 2
        image.volumes = [reserved, system]
        windows.rootVolume = "mbr:2"
        windows.boot.uefi = WindowsBootPath(firmware: .uefi)
        windows.boot.uefi.isPresent = .no
        windows.boot.managerVolumes = ["mbr:1"]
        windows.boot.startableVolumes = ["mbr:1"]
        windows.boot.bios = ExampleWindows.path(
            .bios, system: "mbr:1", root: "mbr:2", store: #"\Boot\BCD"#,
            loader: #"C:\Windows\System32\winload.exe"#)
        if case .known(var letters?) = windows.volumes.letters {
            letters[0].volume = "mbr:2"
            windows.volumes.letters = .known(letters)
        }
        launches = [ExampleWindows.virtioBIOS, Launch(disk: .nvme, firmware: .bios)]
    }

    /// Ends the way of a firmware with a broken step.
    mutating func breakStart(_ firmware: Firmware, _ code: String, _ message: String) {
        let step = BootStep(
            isFirmware: !code.hasPrefix("BCD") && !code.hasPrefix("OSLoader"), state: .broken, code: code,
            message: message, evidence: [Evidence(layer: firmware == .uefi ? "gpt:1" : "mbr:1")])
        if firmware == .uefi {
            windows.boot.uefi.steps.append(step)
        } else {
            windows.boot.bios.steps.append(step)
        }
    }

    private static func path(
        _ firmware: Firmware, system: VolumeID, root: VolumeID, store: String, loader: String
    ) -> WindowsBootPath {
        var path = WindowsBootPath(firmware: firmware)
        path.isPresent = .yes
        path.loader = "Windows boot manager"
        path.volume = system
        path.steps = [
            BootStep(isFirmware: true, state: .holds, message: "the firmware starts the boot manager"),
            BootStep(isFirmware: false, state: .holds, message: "the boot manager reads \(store)"),
            BootStep(isFirmware: false, state: .holds, message: "\(loader) is there"),
        ]
        var facts = WindowsBootStoreFacts(volume: system, path: store)
        facts.timeout = 30
        facts.entryCount = 1
        facts.managerDevice = device("device", "11000001", system)
        let object = WindowsBootObject(
            name: entryID, title: "Windows Server", kind: "Windows boot loader", isTemporary: false,
            evidence: bootEvidence("12000004", "Windows Server"))
        var entry = WindowsBootEntryFacts(object: object, isLoader: true)
        entry.device = device("device", "11000001", root)
        entry.osDevice = device("osdevice", "21000001", root)
        entry.path = #"\Windows\system32\winload."# + (firmware == .uefi ? "efi" : "exe")
        entry.pathEvidence = bootEvidence("12000002", "path = \(entry.path ?? "")")
        entry.systemRoot = #"\Windows"#
        var program = ProgramFacts(path: loader, state: .good)
        program.architecture = "x86_64"
        entry.loader = program
        facts.entry = entry
        path.store = facts
        return path
    }

    private static func device(_ name: String, _ element: String, _ volume: VolumeID)
        -> WindowsBootDeviceFacts
    {
        WindowsBootDeviceFacts(
            text: "partition on \(volume)", resolution: .volume(volume),
            evidence: bootEvidence(element, "\(name) = partition on \(volume)"))
    }
}
