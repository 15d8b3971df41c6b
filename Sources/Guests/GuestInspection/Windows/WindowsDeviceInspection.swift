import ByteReading
import GuestFacts
import GuestFormats

/// What binds the devices of targets to drivers: the driver database, before Windows 8 the critical devices, and
/// records of devices that were in the machine.
struct WindowsDeviceInspection {
    let reader: WindowsReader
    let identity: WindowsIdentity

    /// `CONFIGFLAG_DISABLED`, `…_REINSTALL`, `…_FAILEDINSTALL`: the record starts no driver.
    private static let unusable: UInt64 = 0x1 | 0x20 | 0x40
    private static let mostRecords = 64

    /// Windows 8 and later; also when the version is not known but the database is there.
    private var hasDatabase: Bool {
        if let generation = identity.generation { return generation >= .eight }
        return reader.key("DriverDatabase", in: "SYSTEM").presence == .yes
    }

    func inspect() -> [WindowsDeviceFacts] {
        let records = self.records()
        return DeviceModel.all.map { model in
            var facts = WindowsDeviceFacts(kind: model.kind, model: model.name)
            let early = hasDatabase ? database("SYSTEM", model) : criticalDevices(model)
            facts.bindings = early.value ?? []
            facts.gap = early.gap
            facts.bindings += records.value.map { model.bindings(among: $0) } ?? []
            facts.gap = facts.gap ?? records.gap
            if hasDatabase, DeviceModel.networkKinds.contains(model.kind) || facts.bindings.isEmpty {
                let late = database("DRIVERS", model)
                facts.bindings += late.value ?? []
                facts.gap = facts.gap ?? late.gap
            }
            if facts.bindings.isEmpty, facts.gap == nil,
                let damage = reader.hive("SYSTEM").value?.damage.first
            {
                facts.gap = Gap(damage, at: WindowsReader.display("", in: "SYSTEM"))
            }
            return facts
        }
    }

    /// The folders of the driver store that the bindings lead to.
    func packages(of devices: [WindowsDeviceFacts]) -> Set<String> {
        let files = Set(devices.flatMap { device in device.bindings.compactMap { $0.inf?.lowercased() } })
        var packages: Set<String> = []
        for hive in ["SYSTEM", "DRIVERS"] {
            for file in files {
                let key = reader.key("DriverDatabase\\DriverInfFiles\\\(file)", in: hive)
                if let name = reader.value("Active", of: key).value?.string {
                    packages.insert(name.lowercased())
                }
            }
        }
        return packages
    }

    // MARK: Driver database

    private struct Ranked {
        var entry: DriverDatabase.Entry
        var place: Int
    }

    /// The drivers of the database, the one that Windows takes first: signed ones before others, the more exact
    /// identifier, the later date, the higher version (Windows drivers, "How Windows ranks drivers"). All signers
    /// that Windows trusts count alike.
    private func database(_ hive: String, _ model: DeviceModel) -> Reading<[DriverBinding]> {
        reader.key("DriverDatabase", in: hive).flatMapFound { key in
            reader.attempt(WindowsReader.display("DriverDatabase", in: hive)) { () throws(ImageFault) in
                let database = DriverDatabase(root: key)
                var found: [Ranked] = []
                for (place, identifier) in model.identifiers.enumerated() {
                    for entry in try database.entries(for: identifier) {
                        found.append(Ranked(entry: entry, place: place))
                    }
                }
                return found.sorted { rank($0) < rank($1) }.map { binding($0.entry, hive) }
            }
        }
    }

    private func rank(_ one: Ranked) -> (Int, Int, UInt64, UInt64) {
        let isSigned = one.entry.signerScore.map { $0 < 0x8000_0000 } ?? false
        let version = one.entry.stamp?.version
        let packed = [version?.major, version?.minor, version?.build, version?.revision].reduce(UInt64(0)) {
            $0 << 16 | UInt64($1 ?? 0)
        }
        return (isSigned ? 0 : 1, one.place, ~(one.entry.stamp?.date ?? 0), ~packed)
    }

    private func binding(_ entry: DriverDatabase.Entry, _ hive: String) -> DriverBinding {
        DriverBinding(
            source: hive == "SYSTEM" ? .database : .driversHive, identifier: entry.identifier,
            service: entry.service, inf: entry.inf,
            evidence: Evidence(
                path: WindowsReader.display(entry.key, in: hive),
                excerpt: entry.inf + (entry.service.map { ": \($0)" } ?? ", which leads to no service")))
    }

    // MARK: Critical devices

    private func criticalDevices(_ model: DeviceModel) -> Reading<[DriverBinding]> {
        let path = "Control\\CriticalDeviceDatabase"
        var bindings: [DriverBinding] = []
        for identifier in model.identifiers {
            let name = identifier.split(separator: "\\").joined(separator: "#")
            let key = reader.control("\(path)\\\(name)")
            if let gap = key.gap { return .unreadable(gap) }
            guard case .found = key else { continue }
            let service = reader.value("Service", of: key).value?.string
            bindings.append(
                DriverBinding(
                    source: .criticalDevices, identifier: identifier,
                    service: service.flatMap { $0.isEmpty ? nil : $0 },
                    evidence: Evidence(
                        path: reader.displayControl("\(path)\\\(name)"),
                        excerpt: "Service = \(service ?? "")")))
        }
        return .found(bindings)
    }

    // MARK: Records of devices

    /// A device that was in the machine.
    struct Record {
        var bus: String
        /// `VEN_1AF4&DEV_1001&SUBSYS_00021AF4&REV_00`
        var name: String
        var service: String
        var evidence: Evidence
    }

    private func records() -> Reading<[Record]> {
        let bus = "PCI"
        let path = "Enum\\\(bus)"
        let vendors = Set(DeviceModel.all.compactMap { $0.record?.prefix.lowercased() })
        return reader.subkeys(of: reader.control(path)).map { keys in
            var records: [Record] = []
            for key in keys where vendors.contains(where: { key.name.lowercased().hasPrefix($0) }) {
                for instance in (reader.subkeys(of: .found(key)).value ?? []).prefix(Self.mostRecords) {
                    let flags = reader.value("ConfigFlags", of: .found(instance)).value?.integer ?? 0
                    guard flags & Self.unusable == 0,
                        let service = reader.value("Service", of: .found(instance)).value?.string,
                        !service.isEmpty
                    else { continue }
                    records.append(
                        Record(
                            bus: bus, name: key.name, service: service,
                            evidence: Evidence(
                                path: reader.displayControl("\(path)\\\(key.name)\\\(instance.name)"),
                                excerpt: "Service = \(service)")))
                }
            }
            return records
        }
    }
}

extension DeviceModel {
    fileprivate func bindings(among records: [WindowsDeviceInspection.Record]) -> [DriverBinding] {
        guard let record else { return [] }
        return records.filter {
            $0.bus == record.bus && $0.name.lowercased().hasPrefix(record.prefix.lowercased())
        }.map {
            DriverBinding(
                source: .device, identifier: "\($0.bus)\\\($0.name)", service: $0.service,
                evidence: $0.evidence)
        }
    }
}

extension Reading {
    /// The reading that follows from what was found.
    fileprivate func flatMapFound<Other>(_ next: (Value) -> Reading<Other>) -> Reading<Other> {
        switch self {
        case .found(let value): next(value)
        case .absent: .absent
        case .unreadable(let gap): .unreadable(gap)
        }
    }
}
