/// Classes of devices whose filter drivers a start, the network or the console needs.
package enum DeviceClass: String, Sendable, Hashable, Codable, CaseIterable {
    case diskDrive = "4d36e967-e325-11ce-bfc1-08002be10318"
    case volume = "71a27cdd-812a-11d0-bec7-08002be2092f"
    case scsiAdapter = "4d36e97b-e325-11ce-bfc1-08002be10318"
    /// Controllers of IDE and AHCI.
    case hdc = "4d36e96a-e325-11ce-bfc1-08002be10318"
    case system = "4d36e97d-e325-11ce-bfc1-08002be10318"
    case cdRom = "4d36e965-e325-11ce-bfc1-08002be10318"
    case net = "4d36e972-e325-11ce-bfc1-08002be10318"
    case keyboard = "4d36e96b-e325-11ce-bfc1-08002be10318"
    case mouse = "4d36e96f-e325-11ce-bfc1-08002be10318"
}

/// One list of filter drivers of a class of devices: `Control\Class\{…}` `UpperFilters` or `LowerFilters`.
package struct ClassFilterFacts: Sendable, Hashable, Codable {
    package enum Position: String, Sendable, Hashable, Codable, CaseIterable {
        case upper = "UpperFilters"
        case lower = "LowerFilters"
    }

    package var deviceClass: DeviceClass
    package var position: Position
    /// `HKLM\SYSTEM\ControlSet001\Control\Class\{4d36e967-e325-11ce-bfc1-08002be10318}`
    package var key: String
    /// The services in order, as they stand there.
    package var names: [String] = []
    /// Why the list could not be read.
    package var gap: Gap?

    package init(deviceClass: DeviceClass, position: Position, key: String, names: [String] = []) {
        self.deviceClass = deviceClass
        self.position = position
        self.key = key
        self.names = names
    }

    package var evidence: Evidence {
        Evidence(path: key, excerpt: "\(position.rawValue) = \(names.joined(separator: ", "))")
    }
}
