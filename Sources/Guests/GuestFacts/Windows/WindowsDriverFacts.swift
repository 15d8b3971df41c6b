/// Drivers, staged and installed, and what binds them to devices.
package struct WindowsDriverFacts: Sendable, Hashable, Codable {
    /// Devices that targets give to a guest, with what this Windows has for them.
    package var devices: [WindowsDeviceFacts] = []
    /// Packages in the driver store that serve one of those devices.
    package var staged: Fact<[StagedDriverFacts]> = .known([])
    /// Filter drivers of the classes of devices a start needs, one element for each list that is there.
    package var filters: [ClassFilterFacts] = []
    /// Files of drivers that items ask about and that do not start with the system, by lower-case service name.
    package var programs: [String: ProgramFacts] = [:]
    /// What a driver file imports and is not there, by lower-case service name.
    package var missingImports: [String: [String]] = [:]
    /// Values that keep Windows from installing drivers for new devices.
    package var installation = DeviceInstallationFacts()
    /// `Services\XenPCI\Parameters\hide_devices`: devices that the Xen driver keeps from Windows. Nil when it is
    /// absent.
    package var xenHiddenDevices: Located<String>?
    /// What could not be read: its answers may be incomplete.
    package var gaps: [Gap] = []

    package init() {}

    /// The devices of one kind: a bus of disks (`virtio-blk`) or a network card (`virtio_net`).
    package func devices(_ kind: String) -> [WindowsDeviceFacts] { devices.filter { $0.kind == kind } }

    /// The filters of a class, `upper` or `lower`; nil when the list is absent.
    package func filters(
        of deviceClass: DeviceClass, _ position: ClassFilterFacts.Position
    ) -> ClassFilterFacts? {
        filters.first { $0.deviceClass == deviceClass && $0.position == position }
    }
}

extension WindowsFacts {
    /// The file of a driver, if it was looked at.
    package func driverProgram(_ name: String) -> ProgramFacts? {
        service(name)?.program ?? drivers.programs[name.lowercased()]
    }
}
