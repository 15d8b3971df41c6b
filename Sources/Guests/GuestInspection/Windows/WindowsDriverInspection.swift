import ByteReading
import GuestFacts
import GuestFormats

/// Drivers for the devices of targets: bound, installed, staged; what filters them and what keeps new ones away.
struct WindowsDriverInspection {
    let reader: WindowsReader
    let identity: WindowsIdentity
    let services: Fact<[String: WindowsService]>

    func inspect() -> WindowsDriverFacts {
        var facts = WindowsDriverFacts()
        let devices = WindowsDeviceInspection(reader: reader, identity: identity)
        facts.devices = devices.inspect()
        facts.staged = StagedDriverInspection(
            reader: reader, identity: identity, packages: devices.packages(of: facts.devices)
        ).inspect()
        facts.filters = filters()
        facts.installation = installation()
        facts.xenHiddenDevices = hiddenDevices()
        readPrograms(into: &facts)
        facts.gaps = facts.devices.compactMap(\.gap)
        return facts
    }

    // MARK: Programs

    /// Looks at the files of drivers that the items ask about and that do not start with the system, and at what
    /// the drivers of disks import.
    private func readPrograms(into facts: inout WindowsDriverFacts) {
        let bound = facts.devices.flatMap { device in
            device.bindings.compactMap { $0.service?.lowercased() }
        }
        let filters = facts.filters.flatMap { $0.names.map { $0.lowercased() } }
        for name in Set(bound + filters + DriverNames.storage + DriverNames.essential) {
            guard let service = services.value?[name], service.isDriver, service.program == nil else {
                continue
            }
            facts.programs[name] = reader.program(service.driverPath)
        }
        for name in Set(bound + DriverNames.storage) {
            guard let service = services.value?[name] else { continue }
            let program = service.program ?? facts.programs[name]
            guard program?.state == .good else { continue }
            let missing = missingImports(of: service)
            if !missing.isEmpty { facts.missingImports[name] = missing }
        }
    }

    /// Libraries of a driver that are neither beside the kernel nor among the drivers. winload needs them too:
    /// without `storport.sys` no driver of a disk starts.
    private func missingImports(of service: WindowsService) -> [String] {
        guard case .system(let path) = reader.paths.place(of: service.driverPath),
            let content = reader.content(of: path).value
        else { return [] }
        let names = reader.attempt(reader.paths.display(path)) { () throws(ImageFault) in
            try PEImage(parsing: content).importedLibraries()
        }
        let folder = path.split(separator: "/").dropLast().joined(separator: "/")
        return (names.value ?? []).filter { name in
            guard !name.isEmpty, !name.contains("/"), !name.contains("\\") else { return false }
            return [
                "\(reader.systemRoot)/System32/drivers", "\(reader.systemRoot)/System32", "/" + folder,
            ].allSatisfy { reader.files.exists("\($0)/\(name)") == .no }
        }
    }

    // MARK: Filters

    private func filters() -> [ClassFilterFacts] {
        DeviceClass.allCases.flatMap { deviceClass -> [ClassFilterFacts] in
            let path = "Control\\Class\\{\(deviceClass.rawValue)}"
            let key = reader.control(path)
            return ClassFilterFacts.Position.allCases.compactMap { position in
                var facts = ClassFilterFacts(
                    deviceClass: deviceClass, position: position, key: reader.displayControl(path))
                switch reader.value(position.rawValue, of: key) {
                case .absent: return nil
                case .unreadable(let gap): facts.gap = gap
                case .found(let value):
                    facts.names = value.strings ?? []
                    if value.strings == nil {
                        facts.gap = Gap(
                            where: "\(facts.key)\\\(position.rawValue)", kind: .unsupported,
                            message: "the value is no list of texts")
                    }
                }
                return facts
            }
        }
    }

    // MARK: Installing drivers

    private func installation() -> DeviceInstallationFacts {
        var facts = DeviceInstallationFacts()
        for service in ["DeviceInstall", "PlugPlay"] {
            let path = "Services\\\(service)\\Parameters"
            let reading = reader.value("DeviceInstallDisabled", of: reader.control(path))
            if let gap = reading.gap { facts.gap = gap }
            guard let number = reading.value?.integer, number != 0 else { continue }
            facts.disabled.append(
                Located(
                    Int(clamping: number),
                    Evidence(
                        path: reader.displayControl(path), excerpt: "DeviceInstallDisabled = \(number)")))
        }
        let policy = "Policies\\Microsoft\\Windows\\DeviceInstall\\Restrictions"
        let values = reader.values(of: reader.key(policy, in: "SOFTWARE"))
        if let gap = values.gap { facts.gap = gap }
        for value in values.value ?? [] {
            guard value.name.lowercased().hasPrefix("deny"), let number = value.integer, number != 0 else {
                continue
            }
            facts.restrictions.append(
                Located(
                    value.name,
                    Evidence(
                        path: WindowsReader.display(policy, in: "SOFTWARE"),
                        excerpt: "\(value.name) = \(number)")))
        }
        return facts
    }

    /// A text, or a list of them.
    private func hiddenDevices() -> Located<String>? {
        let path = "Services\\XenPCI\\Parameters"
        guard let value = reader.value("hide_devices", of: reader.control(path)).value,
            let texts = value.strings
        else { return nil }
        let text = texts.joined(separator: ", ")
        return Located(
            text, Evidence(path: reader.displayControl(path), excerpt: "hide_devices = \(text)"))
    }
}

/// Names of drivers by which items look for them.
enum DriverNames {
    /// Drivers of virtio disks of every publisher, of NVMe, AHCI and IDE.
    static let storage = [
        "viostor", "vioscsi", "virtio_blk", "virtio_scsi", "vrtioblk", "pvvxblk", "pvvxscsi", "pvvxsb",
        "stornvme", "awsnvme", "storahci", "msahci", "intelide", "pciide", "atapi",
    ]
    /// Drivers without which no Windows starts. The file system is among them whatever its record says.
    static let essential = [
        "acpi", "pci", "partmgr", "volmgr", "disk", "mountmgr", "volsnap", "fltmgr", "ntfs",
    ]
    /// The beginnings of the names of their packages.
    static let packages = [
        "viostor.", "vioscsi.", "netkvm.", "virtio", "vrtioblk.", "pvvx", "virtnet", "gvnic.", "ena.",
        "awsnvme.", "stornvme.",
    ]
}
