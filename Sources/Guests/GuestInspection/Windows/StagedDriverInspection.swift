import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// Packages in the driver store, and in the folders where Windows looks for more, that serve a device of a target.
struct StagedDriverInspection {
    let reader: WindowsReader
    let identity: WindowsIdentity
    /// Folders of the driver store that the registry leads to, in lower case.
    let packages: Set<String>

    private static let mostPackages = 1024
    private static let mostINFBytes = 1 << 20

    func inspect() -> Fact<[StagedDriverFacts]> {
        guard let system else { return .known([]) }
        let repository = reader.systemRoot + "/System32/DriverStore/FileRepository"
        var files: [(folder: String, inf: String)] = []
        switch reader.files.list(repository) {
        case .absent: break
        case .unreadable(let gap): return .unknown(gap)
        case .found(let entries):
            for entry in entries {
                let folder = entry.name.description
                let name = folder.lowercased()
                guard
                    packages.contains(name) || DriverNames.packages.contains(where: { name.hasPrefix($0) }),
                    let range = name.ranges(of: ".inf").first
                else { continue }
                let length = name.distance(from: name.startIndex, to: range.upperBound)
                files.append(("\(repository)/\(folder)", String(folder.prefix(length))))
            }
        }
        for folder in devicePaths {
            for name in reader.files.names(in: folder).value ?? [] where name.lowercased().hasSuffix(".inf") {
                files.append((folder, name))
            }
        }
        guard files.count <= Self.mostPackages else {
            return .unknown(
                Gap(
                    where: reader.paths.display(repository), kind: .limit,
                    message: "\(files.count) packages that may serve devices of a target"))
        }
        var staged: [StagedDriverFacts] = []
        for file in files {
            switch facts(file.folder, file.inf, system) {
            case .found(let facts): staged.append(facts)
            case .absent: break
            case .unreadable(let gap): return .unknown(gap)
            }
        }
        return .known(staged)
    }

    /// What packages are asked for; nil when the version or the processor is not known.
    private var system: DriverSystem? {
        guard let build = identity.build, let architecture = identity.architecture else { return nil }
        let machine: PEImage.Machine? =
            switch architecture {
            case "x86_64": .x64
            case "i386": .x86
            case "arm64": .arm64
            default: nil
            }
        guard let machine else { return nil }
        let parts = (identity.version ?? "").split(separator: ".").map { Int($0) ?? 0 }
        return DriverSystem(
            machine: machine, major: parts.first ?? 10, minor: parts.count > 1 ? parts[1] : 0, build: build,
            isServer: identity.isServer ?? false)
    }

    /// Folders of `DevicePath` besides the standard one: tools that put drivers into an image write theirs there.
    private var devicePaths: [String] {
        let key = reader.key("Microsoft\\Windows\\CurrentVersion", in: "SOFTWARE")
        let text = reader.value("DevicePath", of: key).value?.string ?? ""
        let standard = reader.systemRoot.lowercased() + "/inf"
        return text.split(separator: ";").prefix(16).compactMap { part in
            guard case .system(let path) = reader.paths.place(of: String(part)) else { return nil }
            return path.lowercased() == standard ? nil : path
        }
    }

    private func facts(
        _ folder: String, _ inf: String, _ system: DriverSystem
    ) -> Reading<StagedDriverFacts> {
        let path = "\(folder)/\(inf)"
        switch reader.files.file(path, limit: Self.mostINFBytes) {
        case .absent: return .absent
        case .unreadable(let gap): return .unreadable(gap)
        case .found(let bytes):
            // A file that is no INF file is passed over by Windows, too.
            guard let package = try? DriverPackage(parsing: bytes) else { return .absent }
            let models = package.models(for: system)
            let served = Set(models.flatMap(\.identifiers))
            var kinds: [String] = []
            for model in DeviceModel.all where !kinds.contains(model.kind) {
                if model.identifiers.contains(where: { served.contains($0.uppercased()) }) {
                    kinds.append(model.kind)
                }
            }
            guard !kinds.isEmpty else { return .absent }
            var facts = StagedDriverFacts(path: reader.paths.display(folder), inf: inf)
            facts.provider = package.provider
            facts.version = package.version?.description
            facts.kinds = kinds
            let services = Set(models.flatMap { package.services(of: $0, for: system) })
            facts.services = Set(services.map(\.name)).sorted()
            facts.defects = services.sorted { $0.name < $1.name }.compactMap { defect(of: $0, folder) }
            let catalogs = package.catalogFiles.filter { !$0.isEmpty }
            facts.hasCatalog = catalogs.isEmpty ? .no : presence(of: catalogs, in: folder)
            return .found(facts)
        }
    }

    private func presence(of names: [String], in folder: String) -> Answer {
        let answers = names.map { reader.files.exists("\(folder)/\($0)") }
        if answers.contains(.yes) { return .yes }
        return answers.contains(.unknown) ? .unknown : .no
    }

    /// What is wrong with the file of a service in its package.
    private func defect(of service: DriverPackage.Service, _ folder: String) -> String? {
        guard let binary = service.binary,
            let name = binary.split(whereSeparator: { $0 == "\\" || $0 == "/" }).last.map(String.init),
            name.lowercased().hasSuffix(".sys")
        else { return nil }
        var program = reader.program(reader.paths.display("\(folder)/\(name)"))
        if program.state == .missing {
            // Packages may keep their files in folders of their own.
            for entry in reader.files.list(folder).value ?? [] where entry.type == .directory {
                let other = reader.program(reader.paths.display("\(folder)/\(entry.name)/\(name)"))
                if other.state != .missing { program = other }
            }
        }
        switch program.state {
        case .good:
            guard let architecture = program.architecture, architecture != identity.architecture else {
                return nil
            }
            return "\(name) is for \(architecture)"
        case .missing: return "\(name) is absent"
        case .empty: return "\(name) is empty"
        case .notAProgram: return "\(name) is no driver"
        case .truncated: return "\(name) is cut short"
        case .unreadable, .elsewhere: return nil
        }
    }
}
