import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// `/lib/modules/K` and what belongs to it: the list of modules, what is built in, and who forbids loading.
final class ModuleTree {
    private let reader: GuestReader
    private let version: String
    private let directory: String
    /// Whether the directory with its `modules.dep` is there.
    let presence: Answer
    /// Why the list of modules is not known.
    private(set) var gap: Gap?
    let configuration: KernelConfig?
    private let configurationPath: String?
    private let builtin: BuiltinModules?
    private let dependencies: ModuleDependencies?
    private let modprobe: ModprobeConfiguration

    init(reader: GuestReader, version: String, bootDirectory: GuestPath) {
        self.reader = reader
        self.version = version
        directory = "/lib/modules/\(version)"
        var gap: Gap?
        func list<Value: Sendable>(
            _ name: String, _ parse: (Bytes) throws(ImageFault) -> Value
        ) -> Value? {
            let reading: Reading<Value> = reader.parse("/lib/modules/\(version)/\(name)") {
                (bytes) throws(ImageFault) in
                try parse(bytes)
            }
            if case .unreadable(let why) = reading { gap = why }
            return reading.value
        }
        dependencies = list("modules.dep") { (bytes) in ModuleDependencies(parsing: bytes) }
        builtin = list("modules.builtin") { (bytes) in BuiltinModules(parsing: bytes) }
        let listing = reader.info(directory)
        if dependencies != nil {
            presence = .yes
        } else if gap != nil || listing.gap != nil {
            presence = .unknown
        } else {
            presence = .no
        }
        let candidates = [
            bootDirectory.appending("config-\(version)").description, "/boot/config-\(version)",
            "\(directory)/config", "/usr/lib/modules/\(version)/config",
        ]
        configurationPath = candidates.first { reader.exists($0) == .yes }
        configuration = configurationPath.flatMap { path in
            reader.parse(path) { (bytes) throws(ImageFault) in KernelConfig(parsing: bytes) }.value
        }
        // Without a list of what is built in and without a configuration nobody can say what is missing.
        if gap == nil, builtin == nil, configuration == nil {
            gap =
                listing.gap
                ?? Gap(
                    where: directory, kind: .absent,
                    message: "neither modules.builtin nor a kernel configuration says what is built in")
        }
        self.gap = gap
        modprobe = ModprobeConfiguration(
            files: ModprobeConfiguration.directories.flatMap { reader.files(in: "/" + $0, suffix: ".conf") }
                .map {
                    (path: String($0.path.dropFirst()), bytes: $0.bytes)
                })
    }

    /// What the initramfs has to be judged against.
    func context(commandLine: KernelCommandLine) -> InitramfsSummary.DriverContext {
        InitramfsSummary.DriverContext(
            kernel: version, commandLine: commandLine, builtin: builtin, configuration: configuration,
            dependencies: dependencies)
    }

    /// Where it says that the module is part of the kernel. `modules.builtin` is made with the kernel and counts
    /// before a configuration file that may be another one's.
    func builtinEvidence(_ name: String) -> Evidence? {
        if let builtin {
            return builtin.contains(name)
                ? Evidence(path: "\(directory)/modules.builtin", excerpt: name) : nil
        }
        guard let configuration, configuration.driver(name) == .builtIn, let configurationPath else {
            return nil
        }
        return Evidence(path: configurationPath, excerpt: "\(name) is built in (=y)")
    }

    /// The module's file, when the tree has it and `modules.dep` lists it.
    func module(_ name: String) -> Evidence? {
        guard let entry = dependencies?[name] else { return nil }
        let path = entry.path.hasPrefix("/") ? entry.path : "\(directory)/\(entry.path)"
        guard reader.exists(path) == .yes else { return nil }
        return Evidence(path: path)
    }

    /// Why the module counts as absent.
    func absenceEvidence(_ name: String) -> Evidence? {
        if let entry = dependencies?[name] {
            return Evidence(
                path: "\(directory)/modules.dep", excerpt: "lists \(entry.path), which does not exist")
        }
        return presence == .yes
            ? Evidence(path: "\(directory)/modules.dep", excerpt: "no \(name)")
            : Evidence(path: directory, excerpt: "does not exist")
    }

    /// The `options` lines for the module in the running system.
    func options(of name: String) -> [Located<String>] {
        Evidence.options(of: name, in: modprobe, below: "/")
    }

    /// The line that keeps udev from loading the module in the running system.
    func block(of name: String) -> Evidence? {
        let rule =
            modprobe.blacklist(name) ?? modprobe.disablingInstall(name) ?? modprobe.disablingAlias(name)
        return rule.map { Evidence(path: "/" + $0.file, line: $0.line, excerpt: $0.text) }
    }
}

extension Evidence {
    /// The `options` lines for a module, each with its place.
    static func options(
        of module: String, in modprobe: ModprobeConfiguration, below prefix: String
    ) -> [Located<String>] {
        modprobe.rules.compactMap { rule in
            guard rule.module == module, case .options(let text) = rule.command else { return nil }
            return Located(text, Evidence(path: prefix + rule.file, line: rule.line, excerpt: rule.text))
        }
    }
}
