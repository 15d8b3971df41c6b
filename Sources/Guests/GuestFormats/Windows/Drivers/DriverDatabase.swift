package import ByteReading

/// The database by which Windows 8 and later find the driver of a device without looking at INF files: the key
/// `DriverDatabase` of the SYSTEM hive for what a start needs, of the DRIVERS hive for the rest.
///
/// Microsoft does not document it; virt-v2v and distrobuilder write it, and real hives look alike:
/// `DeviceIds\PCI\ID` has a value for each INF file that serves the device, `DriverInfFiles\INF` names the packages
/// of this name and the active one, `DriverPackages\PACKAGE\Descriptors\PCI\ID` the configuration for the device,
/// `…\Configurations\NAME` the service.
package struct DriverDatabase: Sendable {
    /// A driver that the database has for a device.
    package struct Entry: Sendable, Hashable {
        /// The identifier that matched: `PCI\VEN_1AF4&DEV_1001`.
        package let identifier: String
        /// The INF file: `oem3.inf`.
        package let inf: String
        /// The package: `viostor.inf_amd64_520417bbc533faba`; nil when the database does not lead to one.
        package let package: String?
        /// The service that drives the device; nil when the configuration names none.
        package let service: String?
        /// `SignerScore` of the package; the less the better, unsigned ones have 0x80000000 and more.
        package let signerScore: UInt32?
        /// Class, date and version; nil when they are not there.
        package let stamp: DriverStamp?
        /// The key that names the INF file, from the root of the hive.
        package let key: String
    }

    private let root: RegistryKey

    /// Packages that one INF name can lead to, and INF files of one device, that are followed.
    private static let mostCandidates = 64

    /// The database under the key `DriverDatabase` of a hive.
    package init(root: RegistryKey) { self.root = root }

    /// The drivers for an identifier of a device, in the order of the hive. An INF file that leads to no package is
    /// in it: its device is bound to nothing.
    package func entries(for identifier: String) throws(ImageFault) -> [Entry] {
        guard let key = try root.key("DeviceIds\\" + identifier) else { return [] }
        var entries: [Entry] = []
        for value in try key.values().prefix(Self.mostCandidates) where !value.name.isEmpty {
            entries.append(try entry(for: identifier, inf: value.name, key: key.path))
        }
        return entries
    }

    private func entry(
        for identifier: String, inf: String, key: String
    ) throws(ImageFault) -> Entry {
        var package: String?
        if let file = try root.key("DriverInfFiles\\" + inf) {
            package = try file.value("Active")?.string
            if package == nil { package = try file.value("")?.strings?.first }
        }
        guard let package, !package.isEmpty, let store = try root.key("DriverPackages\\" + package) else {
            return Entry(
                identifier: identifier, inf: inf, package: package, service: nil, signerScore: nil,
                stamp: nil, key: key)
        }
        var service: String?
        if let descriptor = try store.key("Descriptors\\" + identifier),
            let name = try descriptor.value("Configuration")?.string, !name.isEmpty
        {
            service = try store.key("Configurations\\" + name)?.value("Service")?.string
        }
        var stamp: DriverStamp?
        if let version = try store.value("Version") {
            // A stamp that is cut short says nothing about the binding.
            stamp = try? DriverStamp(parsing: version.data)
        }
        let score = try store.value("SignerScore")?.integer
        return Entry(
            identifier: identifier, inf: inf, package: package,
            service: service.flatMap { $0.isEmpty ? nil : $0 },
            signerScore: score.flatMap { UInt32(exactly: $0) },
            stamp: stamp, key: key)
    }
}
