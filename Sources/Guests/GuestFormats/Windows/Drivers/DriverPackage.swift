package import ByteReading

/// A driver package as its INF file describes it: what it is and which devices of which systems it serves
/// (Windows drivers, "INF Version section", "INF Manufacturer section", "INF Models section").
package struct DriverPackage: Sendable {
    /// Devices that are installed in one way.
    package struct Model: Sendable, Hashable {
        /// What people see.
        package let description: String
        /// The section that installs it.
        package let installSection: String
        /// The identifiers it serves, in upper case as Windows compares them; the first is the hardware
        /// identifier, the others are compatible ones.
        package let identifiers: [String]
    }

    /// A service that an installation adds.
    package struct Service: Sendable, Hashable {
        /// Its name.
        package let name: String
        /// `StartType`: 0 boot, 1 system, 2 automatic, 3 on demand, 4 disabled.
        package let start: Int?
        /// `ErrorControl`.
        package let errorControl: Int?
        /// `ServiceBinary`, such as `%12%\viostor.sys`; directory 12 is `System32\drivers`, 13 the package's own
        /// place in the driver store.
        package let binary: String?
        /// `LoadOrderGroup`.
        package let group: String?
        /// Whether the driver becomes that of the device (`SPSVCINST_ASSOCSERVICE`), not only a filter or helper.
        package let isFunctionDriver: Bool
    }

    /// `Class`, such as `SCSIAdapter`.
    package let className: String?
    /// `ClassGuid` in lower case with braces.
    package let classGUID: String?
    /// `Provider`.
    package let provider: String?
    /// The date of `DriverVer`, month/day/year.
    package let date: String?
    /// The version of `DriverVer`.
    package let version: FileVersion?
    /// `CatalogFile` and its variants for one processor: the signature of the package.
    package let catalogFiles: [String]
    private let information: SetupInformation
    private let manufacturers: [(section: String, targets: [DriverTarget])]

    /// Reads an INF file. `corrupt` without a `[Version]`: it is none then.
    package init(parsing bytes: Bytes) throws(ImageFault) {
        let information = try SetupInformation(parsing: bytes)
        guard let version = information.lines(of: "Version") else {
            throw ImageFault(.corrupt, "an INF file without a section Version", at: bytes.origin)
        }
        self.information = information
        func value(_ key: String) -> String? {
            let found = version.first { $0.key?.lowercased() == key }?.values.first
            return found.flatMap { $0.isEmpty ? nil : $0 }
        }
        className = value("class")
        classGUID = value("classguid")?.lowercased()
        provider = value("provider")
        let stamp = version.first { $0.key?.lowercased() == "driverver" }?.values ?? []
        date = stamp.first.flatMap { $0.isEmpty ? nil : $0 }
        self.version = stamp.count > 1 ? FileVersion(stamp[1]) : nil
        catalogFiles = version.compactMap {
            guard let key = $0.key?.lowercased(), key == "catalogfile" || key.hasPrefix("catalogfile.")
            else { return nil }
            return $0.values.first
        }
        manufacturers = (information.lines(of: "Manufacturer") ?? []).compactMap { line in
            // A line without `=` names the section only.
            guard let section = line.values.first, !section.isEmpty else { return nil }
            let decorations = line.values.dropFirst().filter { !$0.isEmpty }
            return (section, [.plain] + decorations.compactMap { DriverTarget($0) })
        }
    }

    /// The devices it serves on a system. Of the lists of a manufacturer Windows takes the one that fits best, also
    /// if it is empty, which packages use to say that a system is not served.
    package func models(for system: DriverSystem) -> [Model] {
        manufacturers.flatMap { manufacturer -> [Model] in
            let fitting = manufacturer.targets.filter {
                $0.fits(system) && information.lines(of: section(manufacturer.section, $0)) != nil
            }
            guard let best = fitting.max(by: { $1.isNearer(than: $0) }) else { return [] }
            return models(in: section(manufacturer.section, best))
        }
    }

    /// The identifiers it serves on a system.
    package func identifiers(for system: DriverSystem) -> Set<String> {
        Set(models(for: system).flatMap(\.identifiers))
    }

    /// What installing a model adds on a system. Sections for the processor come before general ones.
    package func services(of model: Model, for system: DriverSystem) -> [Service] {
        let suffix: String? =
            switch system.machine {
            case .x86: ".ntx86"
            case .x64: ".ntamd64"
            case .arm: ".ntarm"
            case .arm64: ".ntarm64"
            default: nil
            }
        for decoration in [suffix, ".nt", ""].compactMap({ $0 }) {
            let section = model.installSection + decoration + ".Services"
            guard let lines = information.lines(of: section) else { continue }
            return lines.compactMap { line in
                guard line.key?.lowercased() == "addservice", let name = line.values.first, !name.isEmpty
                else { return nil }
                let flags = line.values.count > 1 ? Self.number(line.values[1]) ?? 0 : 0
                let section = line.values.count > 2 ? line.values[2] : ""
                return service(name, section, isFunctionDriver: flags & 2 != 0)
            }
        }
        return []
    }

    private func service(_ name: String, _ section: String, isFunctionDriver: Bool) -> Service {
        Service(
            name: name,
            start: information.value("StartType", in: section).flatMap(Self.number),
            errorControl: information.value("ErrorControl", in: section).flatMap(Self.number),
            binary: information.value("ServiceBinary", in: section),
            group: information.value("LoadOrderGroup", in: section),
            isFunctionDriver: isFunctionDriver)
    }

    private func section(_ name: String, _ target: DriverTarget) -> String {
        target.text.isEmpty ? name : "\(name).\(target.text)"
    }

    private func models(in section: String) -> [Model] {
        (information.lines(of: section) ?? []).compactMap { line in
            guard let description = line.key, let install = line.values.first, !install.isEmpty else {
                return nil
            }
            return Model(
                description: description, installSection: install,
                identifiers: line.values.dropFirst().filter { !$0.isEmpty }.map { $0.uppercased() })
        }
    }

    private static func number(_ text: String) -> Int? {
        text.lowercased().hasPrefix("0x") ? Int(text.dropFirst(2), radix: 16) : Int(text)
    }
}
