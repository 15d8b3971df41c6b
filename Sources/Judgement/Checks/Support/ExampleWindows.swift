import GuestFacts
import Targets

/// Literal facts for the examples of the checks: a healthy Windows Server 2022 on a GPT disk, started by UEFI, to be
/// launched on a cloud with virtio-blk and NVMe disks.
struct ExampleWindows {
    static let virtioUEFI = Launch(disk: .virtioBlk, firmware: .uefi)
    static let nvmeUEFI = Launch(disk: .nvme, firmware: .uefi)
    static let scsiUEFI = Launch(disk: .virtioSCSI, firmware: .uefi)
    static let virtioBIOS = Launch(disk: .virtioBlk, firmware: .bios)
    static let services = #"HKLM\SYSTEM\ControlSet001\Services"#

    var image: ImageFacts
    var windows: WindowsFacts
    var target = Target.alibabaECS
    var launches = [ExampleWindows.virtioUEFI, ExampleWindows.nvmeUEFI]
    var systemCount = 1

    init() {
        image = ExampleWindows.healthyImage()
        windows = WindowsFacts(
            rootVolume: "gpt:3", systemRoot: "/Windows", identity: ExampleWindows.identity(),
            services: .known([:]))
        windows.controlSet = ControlSetFacts(name: "ControlSet001", defaultNumber: 1)
        windows.controlSet?.current = 1
        windows.controlSet?.failed = 0
        addBoot()
        addDrivers()
        addState()
        addAccess()
    }

    var context: CheckContext {
        CheckContext(
            image: image, system: .windows(windows), systemCount: systemCount, target: target,
            launches: launches, now: 1_795_400_000)
    }

    /// The record of a service, to be changed by an example; made when there is none.
    subscript(service name: String) -> WindowsService {
        get {
            windows.service(name)
                ?? WindowsService(name: name, key: ExampleWindows.services + "\\" + name)
        }
        set {
            var all = windows.services.value ?? [:]
            all[name.lowercased()] = newValue
            windows.services = .known(all)
        }
    }

    /// Takes a service away.
    mutating func remove(service name: String) {
        var all = windows.services.value ?? [:]
        all[name.lowercased()] = nil
        windows.services = .known(all)
    }

    /// Adds a driver that starts with the system, with its file.
    mutating func addDriver(
        _ name: String, start: Int = 0, group: String? = nil, version: String = "10.0.20348.1"
    ) {
        var service = self[service: name]
        service.start = start
        service.type = 1
        service.errorControl = 3
        service.group = group
        service.imagePath = #"System32\drivers\"# + name + ".sys"
        var program = ProgramFacts(path: #"C:\Windows\System32\drivers\"# + name + ".sys", state: .good)
        program.architecture = "x86_64"
        program.version = version
        program.size = 180_224
        program.isSigned = true
        service.program = program
        self[service: name] = service
    }

    /// Adds a service that starts by itself.
    mutating func addService(
        _ name: String, start: Int = 2,
        imagePath: String = #"%SystemRoot%\System32\svchost.exe -k netsvcs -p"#
    ) {
        var service = self[service: name]
        service.start = start
        service.type = 0x20
        service.errorControl = 1
        service.imagePath = imagePath
        self[service: name] = service
    }

    private static func identity() -> WindowsIdentity {
        var identity = WindowsIdentity()
        identity.productName = "Windows Server 2022 Datacenter"
        identity.edition = "ServerDatacenter"
        identity.installationType = "Server"
        identity.productType = "ServerNT"
        identity.version = "10.0"
        identity.build = 20348
        identity.revision = 2700
        identity.release = "21H2"
        identity.architecture = "x86_64"
        identity.installLanguage = "0409"
        identity.computerName = "WEB01"
        identity.evidence = [
            Evidence(
                path: #"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"#,
                excerpt:
                    "ProductName = Windows Server 2022 Datacenter, CurrentBuildNumber = 20348, UBR = 2700")
        ]
        return identity
    }

    private static func healthyImage() -> ImageFacts {
        var image = ImageFacts(
            container: ContainerFacts(format: "qcow2", virtualSize: 40 << 30, fileSize: 9 << 30))
        var table = PartitionTableFacts(kind: .gpt, sectorSize: 512)
        table.identity = "5f8a0c44-3d6b-4b52-9a4e-0f3a5c1e7d10"
        table.partitions = [
            PartitionFacts(
                number: 1, offset: 1 << 20, size: 100 << 20, type: "c12a7328-f81f-11d2-ba4b-00a0c93ec93b",
                partUUID: "0a1b2c3d-0001-4000-8000-000000000001", isEFISystem: true, volume: "gpt:1"),
            PartitionFacts(
                number: 2, offset: 101 << 20, size: 16 << 20, type: "e3c9e316-0b5c-4db8-817d-f92df00215ae",
                partUUID: "0a1b2c3d-0002-4000-8000-000000000002", volume: "gpt:2"),
            PartitionFacts(
                number: 3, offset: 117 << 20, size: 39 << 30, type: "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7",
                partUUID: "0a1b2c3d-0003-4000-8000-000000000003", volume: "gpt:3"),
        ]
        image.partitions = table
        var efi = VolumeFacts(id: "gpt:1", size: 100 << 20)
        efi.kind = "vfat"
        efi.partitionNumber = 1
        var reserved = VolumeFacts(id: "gpt:2", size: 16 << 20)
        reserved.partitionNumber = 2
        var system = VolumeFacts(id: "gpt:3", size: 39 << 30)
        system.kind = "ntfs"
        system.uuid = "66E8B5C1E8B58FD1"
        system.partitionNumber = 3
        system.usage = VolumeUsage(
            totalBytes: 39 << 30, freeBytes: 24 << 30, availableBytes: 24 << 30, totalInodes: 0,
            freeInodes: 0)
        image.volumes = [efi, reserved, system]
        return image
    }
}

extension CheckContext {
    /// The healthy Windows example with changes.
    static func windows(_ change: (inout ExampleWindows) -> Void = { _ in }) -> CheckContext {
        var example = ExampleWindows()
        change(&example)
        return example.context
    }
}
