import GuestFacts
import Targets

/// The healthy Windows of the examples: its drivers.
extension ExampleWindows {
    static let controlSet = #"HKLM\SYSTEM\ControlSet001"#

    /// The devices and what drives them.
    private static let devices: [(kind: String, identifier: String, service: String)] = [
        ("virtio-blk", #"PCI\VEN_1AF4&DEV_1001"#, "viostor"),
        ("virtio-blk", #"PCI\VEN_1AF4&DEV_1042"#, "viostor"),
        ("virtio-scsi", #"PCI\VEN_1AF4&DEV_1004"#, "vioscsi"),
        ("virtio-scsi", #"PCI\VEN_1AF4&DEV_1048"#, "vioscsi"),
        ("nvme", #"PCI\CC_010802"#, "stornvme"),
        ("sata", #"PCI\CC_010601"#, "storahci"),
        ("ide", #"PCI\VEN_8086&DEV_7010"#, "intelide"),
        ("ide-channel", "Internal_IDE_Channel", "atapi"),
        ("virtio_net", #"PCI\VEN_1AF4&DEV_1000"#, "netkvm"),
        ("virtio_net", #"PCI\VEN_1AF4&DEV_1041"#, "netkvm"),
    ]

    mutating func addDrivers() {
        for name in [
            "ACPI", "pci", "partmgr", "volmgr", "mountmgr", "volsnap", "FltMgr", "CLFS", "disk", "fvevol",
            "storahci", "stornvme", "intelide", "atapi", "viostor", "vioscsi",
        ] { addDriver(name, group: name.hasPrefix("vio") ? "SCSI miniport" : nil) }
        for name in ["Ntfs", "EhStorClass", "kbdclass", "mouclass", "netkvm"] { addDriver(name, start: 3) }
        for name in ["disk", "Ntfs", "viostor", "vioscsi", "netkvm"] { self[service: name].errorControl = 1 }
        for name in ["viostor", "vioscsi", "netkvm"] {
            self[service: name].program?.company = "Red Hat, Inc."
        }
        for device in Self.devices {
            var facts = WindowsDeviceFacts(kind: device.kind, model: device.identifier)
            facts.bindings = [
                DriverBinding(
                    source: .database, identifier: device.identifier, service: device.service,
                    inf: "oem1.inf",
                    evidence: Evidence(
                        path: #"HKLM\SYSTEM\DriverDatabase\DeviceIds\"# + device.identifier,
                        excerpt: "oem1.inf: \(device.service)"))
            ]
            windows.drivers.devices.append(facts)
        }
        filter(.diskDrive, .upper, "partmgr")
        filter(.diskDrive, .lower, "EhStorClass")
        filter(.volume, .upper, "volsnap")
        filter(.volume, .lower, "fvevol")
        filter(.keyboard, .upper, "kbdclass")
        filter(.mouse, .upper, "mouclass")
    }

    /// Puts these filters into a list of a class.
    mutating func filter(
        _ deviceClass: DeviceClass, _ position: ClassFilterFacts.Position, _ names: String...
    ) {
        windows.drivers.filters.removeAll { $0.deviceClass == deviceClass && $0.position == position }
        windows.drivers.filters.append(
            ClassFilterFacts(
                deviceClass: deviceClass, position: position,
                key: "\(Self.controlSet)\\Control\\Class\\{\(deviceClass.rawValue)}", names: names))
    }

    /// Binds every device of a kind to a service, or to nothing.
    mutating func bind(
        _ kind: String, to service: String?, model: String? = nil,
        source: DriverBinding.Source = .database
    ) {
        for index in windows.drivers.devices.indices where windows.drivers.devices[index].kind == kind {
            let device = windows.drivers.devices[index]
            guard model == nil || device.model == model else { continue }
            windows.drivers.devices[index].bindings =
                service.map {
                    [
                        DriverBinding(
                            source: source, identifier: device.model, service: $0,
                            evidence: Evidence(path: Self.controlSet, excerpt: "Service = \($0)"))
                    ]
                } ?? []
        }
    }

    /// Puts a package into the driver store.
    mutating func stage(_ name: String, kind: String) {
        var package = StagedDriverFacts(
            path: #"C:\Windows\System32\DriverStore\FileRepository\"# + "\(name).inf_amd64_5204",
            inf: "\(name).inf")
        package.kinds = [kind]
        package.services = [name]
        package.version = "100.90.104.21500"
        package.hasCatalog = .yes
        windows.drivers.staged = .known((windows.drivers.staged.value ?? []) + [package])
    }
}
