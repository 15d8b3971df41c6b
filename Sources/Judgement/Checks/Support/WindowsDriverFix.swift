import GuestFacts
import Targets

/// How to get a driver of disks into the start of one Windows.
struct WindowsDriverFix {
    var windows: WindowsFacts
    var bus: DiskBus
    /// The driver that is there; nil for none.
    var service: String?
    /// What is wrong: the second part of the code.
    var code: String

    private var name: String { service ?? WindowsDiskDriverItem.drivers[bus.rawValue]?.first ?? "viostor" }
    private var isOfWindows: Bool { bus == .nvme || bus == .sata || bus == .ide }
    private var isNew: Bool { windows.identity.generation.map { $0 >= .eight } ?? true }
    private var root: String { windows.systemRoot }

    /// The safest first.
    var fixes: [Fix] {
        switch code {
        case "NotBootStart": [startFix] + (isOfWindows ? [] : [installation])
        case "FileMissing", "FileInvalid":
            isOfWindows ? [Fix.restoreSystemFiles(windows)] : [offlineInstallation, file, installation]
        case "Unbound" where name.lowercased() == "atapi": [Fix.restoreSystemFiles(windows)]
        case "Unbound": isOfWindows ? [bindingFix] : [offlineInstallation, bindingFix, installation]
        case "StagedOnly": [offlineInstallation, injection, installation]
        default: missing
        }
    }

    private var missing: [Fix] {
        guard isOfWindows else { return [offlineInstallation, conversion, installation] }
        guard bus == .nvme, let generation = windows.identity.generation, generation < .eightOne else {
            return [Fix.restoreSystemFiles(windows)]
        }
        if generation == .seven {
            return [
                Fix(
                    "Add the updates that bring the NVMe driver to this Windows, from a Windows PE",
                    kind: .manual, risk: .medium,
                    commands: ["KB2990941-v3", "KB3087873-v2"].map {
                        "dism /image:D:\\ /add-package /packagepath:windows6.1-\($0.lowercased())-\(processor == "amd64" ? "x64" : "x86").msu"
                    })
            ]
        }
        return [.byHand("Install the NVMe driver of the device's vendor; this Windows has none of its own")]
    }

    // MARK: Registry

    /// Puts the driver into the start and takes away what Windows has put over it.
    private var startFix: Fix {
        let key = windows.service(name)?.key ?? windows.servicesKey + "\\" + name
        var changes: [RegistryEdit.Change] = [.set(key: key, name: "Start", .dword(0))]
        if windows.service(name)?.isDriver == false {
            changes.append(.set(key: key, name: "Type", .dword(1)))
        }
        if windows.service(name)?.startOverride != nil {
            changes.append(.remove(key: key + "\\StartOverride"))
        }
        return .registry("Start \(name) with the system", changes)
    }

    private var bindingFix: Fix {
        .registry("Give the controller to \(name)", risk: .medium, bindingChanges)
    }

    private var identifiers: [String] {
        switch bus {
        case .virtioBlk: ["VEN_1AF4&DEV_1001&REV_00", "VEN_1AF4&DEV_1042&REV_01"]
        case .virtioSCSI: ["VEN_1AF4&DEV_1004&REV_00", "VEN_1AF4&DEV_1048&REV_01"]
        case .nvme: ["CC_010802"]
        case .sata: ["CC_010601"]
        case .ide: ["VEN_8086&DEV_7010"]
        // Not PCI devices; Windows brings their drivers, or the vendor's installer binds them.
        case .vmbus, .xen: []
        }
    }

    private var classGUID: String {
        (bus == .sata || bus == .ide ? DeviceClass.hdc : DeviceClass.scsiAdapter).rawValue
    }

    /// What virt-v2v writes: before Windows 8 critical devices, since then a package in the driver database that
    /// has no file behind it. Keys above others come first, since tools make no key without those.
    private var bindingChanges: [RegistryEdit.Change] {
        guard isNew else {
            let table = "HKLM\\SYSTEM\\\(windows.controlSetName)\\Control\\CriticalDeviceDatabase"
            return [.make(key: table)]
                + identifiers.flatMap { identifier -> [RegistryEdit.Change] in
                    let key = "\(table)\\PCI#\(identifier)"
                    return [
                        .set(key: key, name: "Service", .string(name)),
                        .set(key: key, name: "ClassGUID", .string("{\(classGUID.uppercased())}")),
                    ]
                }
        }
        let database = "HKLM\\SYSTEM\\DriverDatabase"
        let inf = "guestor-\(name.lowercased()).inf"
        let label = "\(inf)_\(processor)_0000000000000000"
        let file = "\(database)\\DriverInfFiles\\\(inf)"
        let package = "\(database)\\DriverPackages\\\(label)"
        var changes: [RegistryEdit.Change] = [
            .set(key: file, name: "", .multiString([label])),
            .set(key: file, name: "Active", .string(label)),
            .set(key: file, name: "Configurations", .multiString(["guestor_conf"])),
        ]
        changes += identifiers.map {
            .set(key: "\(database)\\DeviceIds\\PCI\\\($0)", name: inf, .binary([1, 0xFF, 0, 0]))
        }
        changes += [
            .set(key: package, name: "Version", .binary(stamp)),
            .make(key: "\(package)\\Configurations"),
            .set(key: "\(package)\\Configurations\\guestor_conf", name: "ConfigFlags", .dword(0)),
            .set(key: "\(package)\\Configurations\\guestor_conf", name: "Service", .string(name)),
            .make(key: "\(package)\\Descriptors"), .make(key: "\(package)\\Descriptors\\PCI"),
        ]
        changes += identifiers.map {
            .set(key: "\(package)\\Descriptors\\PCI\\\($0)", name: "Configuration", .string("guestor_conf"))
        }
        return changes
    }

    /// The value `Version` of a package: processor, class, no date, no version.
    private var stamp: [UInt8] {
        let digits = Array(classGUID.filter { $0 != "-" })
        let bytes = stride(from: 0, to: digits.count - 1, by: 2).compactMap {
            UInt8(String(digits[$0...($0 + 1)]), radix: 16)
        }
        let order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]
        let machine: UInt8 = processor == "amd64" ? 9 : processor == "arm64" ? 12 : 0
        let guid = bytes.count == 16 ? order.map { bytes[$0] } : [UInt8](repeating: 0, count: 16)
        return [0, 0xFF, machine, 0, 0, 0, 0, 0] + guid + [UInt8](repeating: 0, count: 24)
    }

    private var serviceChanges: [RegistryEdit.Change] {
        let key = windows.servicesKey + "\\" + name
        return [
            .set(key: key, name: "Type", .dword(1)), .set(key: key, name: "Start", .dword(0)),
            .set(key: key, name: "Group", .string("SCSI miniport")),
            .set(key: key, name: "ErrorControl", .dword(1)),
            .set(key: key, name: "ImagePath", .expandString(imagePath)),
        ]
    }

    // MARK: Files and installation

    /// Where virtio-win keeps the drivers for a Windows below the folder of a driver: `2k22\amd64`.
    static func mediumFolder(_ windows: WindowsFacts) -> String {
        let isServer = windows.identity.isServer ?? false
        let names: (client: String, server: String) =
            switch windows.identity.build ?? 20348 {
            case ..<9200: ("w7", "2k8R2")
            case ..<9600: ("w8", "2k12")
            case ..<10240: ("w8.1", "2k12R2")
            case ..<17763: ("w10", "2k16")
            case ..<20348: ("w10", "2k19")
            case ..<22000: ("w10", "2k22")
            case ..<26100: ("w11", "2k22")
            default: ("w11", "2k25")
            }
        return (isServer ? names.server : names.client) + "\\" + processor(windows)
    }

    /// As packages name it.
    private static func processor(_ windows: WindowsFacts) -> String {
        switch windows.identity.architecture {
        case "i386": "x86"
        case "arm64": "arm64"
        default: "amd64"
        }
    }

    private var processor: String { Self.processor(windows) }

    private var stagedPackage: StagedDriverFacts? {
        windows.drivers.staged.value?.first { $0.kinds.contains(bus.rawValue) && $0.defects.isEmpty }
    }

    /// The driver's files from the medium of virtio-win.
    private var source: String { "\(name)\\\(Self.mediumFolder(windows))\\\(name).inf" }

    /// A driver may run from its package in the store, as drivers of Windows 10 do; else from where all are.
    private var imagePath: String {
        guard let package = stagedPackage else { return "system32\\drivers\\\(name).sys" }
        let folder = package.path.split(separator: "\\").last.map(String.init) ?? ""
        return "\\SystemRoot\\System32\\DriverStore\\FileRepository\\\(folder)\\\(name).sys"
    }

    private var file: Fix {
        let target = "\(root)/System32/drivers/\(name).sys"
        let folder = Self.mediumFolder(windows).split(separator: "\\").joined(separator: "/")
        let source = "virtio-win/\(name)/\(folder)/\(name).sys"
        return Fix(
            "Put the file of \(name) from the medium of virtio-win where its record says", kind: .autoEdit,
            commands: ["guestfish --rw -a IMAGE -i upload \(quoted(source)) \(quoted(target))"])
    }

    /// Windows installs the driver itself: everything that belongs to it is right then.
    private var offlineInstallation: Fix {
        let inf = stagedPackage.map { "D:" + $0.path.dropFirst(2) + "\\" + $0.inf } ?? "E:\\" + source
        return Fix(
            "Install the driver from a Windows PE of this generation or later, with the image as D: and virtio-win as E:",
            kind: .manual, commands: ["dism /image:D:\\ /add-driver /driver:\(inf)"])
    }

    /// Without Windows: a service that runs the driver from its package, and the controller given to it.
    private var injection: Fix {
        .registry(
            "Make the service of \(name) and give it the controller; after the first start install the package and"
                + " remove the keys whose names begin with guestor", risk: .medium,
            serviceChanges + bindingChanges)
    }

    /// Puts the drivers of virtio-win in without Windows.
    private var conversion: Fix {
        Fix(
            "Let virt-v2v put the drivers into a copy of the image", kind: .autoChroot, risk: .medium,
            commands: [
                "VIRTIO_WIN=virtio-win.iso virt-v2v -i disk IMAGE -o local -os /var/tmp -on with-drivers"
            ])
    }

    private var installation: Fix {
        let isTen = windows.identity.generation.map { $0 >= .ten } ?? true
        let command =
            isTen ? "pnputil /add-driver E:\\\(source) /install" : "pnputil -i -a E:\\\(source)"
        return Fix(
            "Install the driver in the source system with a disk on \(bus.rawValue) attached, so that Windows binds it",
            where: .online, kind: .online, commands: [command])
    }
}

extension Fix {
    /// Takes files of Windows from its own component store.
    static func restoreSystemFiles(_ windows: WindowsFacts) -> Fix {
        let directory = windows.systemRoot.split(separator: "/").joined(separator: "\\")
        return Fix(
            "Restore the files of Windows from a Windows PE, with the image as D:", kind: .manual,
            commands: [
                "sfc /scannow /offbootdir=D:\\ /offwindir=D:\\\(directory)",
                "dism /image:D:\\ /cleanup-image /restorehealth /source:wim:E:\\sources\\install.wim:1",
            ])
    }

    /// Keeps a driver of another maker from being loaded.
    static func disableDriver(_ service: WindowsService) -> Fix {
        var changes: [RegistryEdit.Change] = [.set(key: service.key, name: "Start", .dword(4))]
        if service.startOverride != nil {
            changes.append(.set(key: service.key + "\\StartOverride", name: "0", .dword(4)))
        }
        return .registry("Disable the driver \(service.name)", risk: .medium, changes)
    }
}
