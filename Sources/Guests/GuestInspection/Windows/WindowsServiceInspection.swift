import ByteReading
import GuestFacts
import GuestFormats

/// Reads every record under `Services` of the control set that starts.
struct WindowsServiceInspection {
    let reader: WindowsReader

    /// The records by lower-case name.
    func inspect() -> Fact<[String: WindowsService]> {
        let place = reader.displayControl("Services")
        switch reader.subkeys(of: reader.control("Services")) {
        case .absent:
            if let gap = reader.hive("SYSTEM").gap { return .unknown(gap) }
            // Without the hive there is nothing to say about services; GUESTOS.Registry says what is wrong.
            return .unknown(Gap(where: place, kind: .absent, message: "the key is not there"))
        case .unreadable(let gap): return .unknown(gap)
        case .found(let keys):
            var services: [String: WindowsService] = [:]
            services.reserveCapacity(keys.count)
            for key in keys {
                let service = service(key, place)
                services[key.name.lowercased()] = service
            }
            return .known(services)
        }
    }

    private func service(_ key: RegistryKey, _ place: String) -> WindowsService {
        var service = WindowsService(name: key.name, key: "\(place)\\\(key.name)")
        for value in reader.values(of: .found(key)).value ?? [] {
            switch value.name.lowercased() {
            case "start": service.start = number(value)
            case "type": service.type = number(value)
            case "errorcontrol": service.errorControl = number(value)
            case "group": service.group = value.string
            case "imagepath": service.imagePath = value.string
            case "deleteflag": service.isMarkedForDeletion = (value.integer ?? 0) != 0
            case "owners": service.owners = value.strings ?? []
            default: break
            }
        }
        let override = reader.attempt(service.key) { () throws(ImageFault) in
            try key.subkey("StartOverride")?.value("0")
        }
        service.startOverride = override.value.flatMap(number)
        if service.type.map({ $0 & 0x30 != 0 }) ?? false {
            service.library =
                reader.attempt(service.key) { () throws(ImageFault) in
                    try key.subkey("Parameters")?.value("ServiceDll")
                }.value?.string
        }
        // Drivers that winload or the kernel loads before the system volume is mounted for good.
        if service.isDriver, let start = service.effectiveStart, start <= 1 {
            service.program = reader.program(service.driverPath)
        }
        return service
    }

    private func number(_ value: RegistryValue) -> Int? { value.integer.flatMap { Int(exactly: $0) } }
}
