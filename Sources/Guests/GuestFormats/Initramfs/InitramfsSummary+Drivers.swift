extension InitramfsSummary {
    /// What else is known when a driver is judged.
    package struct DriverContext: Sendable {
        /// The release of the kernel that is started with this archive; nil when not known.
        package var kernel: String?
        /// The kernel's command line.
        package var commandLine: KernelCommandLine?
        /// The built-in modules according to the root file system.
        package var builtin: BuiltinModules?
        /// The kernel's configuration, asked where no list of built-in modules is there.
        package var configuration: KernelConfig?
        /// `modules.dep` of the root file system, for archives without one.
        package var dependencies: ModuleDependencies?

        /// Knows nothing but what is given.
        package init(
            kernel: String?, commandLine: KernelCommandLine? = nil, builtin: BuiltinModules? = nil,
            configuration: KernelConfig? = nil, dependencies: ModuleDependencies? = nil
        ) {
            self.kernel = kernel
            self.commandLine = commandLine
            self.builtin = builtin
            self.configuration = configuration
            self.dependencies = dependencies
        }
    }

    /// The devices whose modalias must lead to the driver, for drivers that only a device loads.
    private static let devices: [String: [ModuleAliases.Device]] = [
        "virtio_blk": [.virtioBlock], "virtio_net": [.virtioNetwork], "virtio_scsi": [.virtioSCSI],
        "virtio_pci": [.virtioPCI, .virtioPCIModern], "nvme": [.nvme], "sd_mod": [.scsiDisk],
    ]

    /// Whether `name`, and everything it needs, will be loaded for kernel `context.kernel`.
    package func driverState(_ name: String, _ context: DriverContext) -> InitramfsDriverState {
        let module = ModuleName.normalized(name)
        if isBuiltIn(module, context) { return .builtIn }
        guard let (tree, found) = locate(module, context.kernel) else {
            return whyMissing(module, context.kernel)
        }
        var closure = [module]
        if let entry = (tree.dependencies ?? context.dependencies)?.dependencies(of: module) {
            closure += entry
        } else if tree.dependencies != nil {
            return .notLoaded("\(module) is not listed in the archive's modules.dep")
        }
        for needed in closure.dropFirst() where tree.modules[needed] == nil && !isBuiltIn(needed, context) {
            return contents.isComplete ? .missingDependency(needed) : .unknown(incomplete)
        }
        if let obstacle = obstacle(closure, context) { return obstacle }
        return loading(module, found.path, tree)
    }

    private var incomplete: String {
        "the archive could not be read to its end: \(contents.fault.map { "\($0)" } ?? "damage")"
    }

    private func isBuiltIn(_ module: String, _ context: DriverContext) -> Bool {
        if let builtin = context.builtin { return builtin.contains(module) }
        if let builtin = tree(for: context.kernel)?.builtin { return builtin.contains(module) }
        return context.configuration?.driver(module) == .builtIn
    }

    private func tree(for kernel: String?) -> InitramfsModuleTree? {
        if let kernel { return moduleTrees[kernel] }
        return kernelVersions.count == 1 ? kernelVersions.first.flatMap { moduleTrees[$0] } : nil
    }

    private func locate(
        _ module: String, _ kernel: String?
    ) -> (tree: InitramfsModuleTree, found: InitramfsModuleTree.Module)? {
        if let tree = tree(for: kernel), let found = tree.modules[module] { return (tree, found) }
        if let flat = moduleTrees[""], let found = flat.modules[module] { return (flat, found) }
        return nil
    }

    private func whyMissing(_ module: String, _ kernel: String?) -> InitramfsDriverState {
        if !contents.isComplete { return .unknown(incomplete) }
        if let payload = payloads.first { return .unknown("\(payload) is not read") }
        let others = kernelVersions.filter { moduleTrees[$0]?.modules[module] != nil && $0 != kernel }
        if others.isEmpty { return .absent }
        return kernel == nil ? .unknown("the kernel's release is not known") : .otherKernel(others)
    }

    private func obstacle(_ closure: [String], _ context: DriverContext) -> InitramfsDriverState? {
        for module in closure {
            if let (block, text) = context.commandLine?.block(of: module) {
                // Only the kernel's own list reaches what is loaded as a dependency.
                let applies =
                    switch block {
                    case .kernel: true
                    case .modprobe: module == closure.first
                    case .dracut: module == closure.first && generator == .dracut
                    case .initramfsTools: module == closure.first && generator == .initramfsTools
                    }
                if applies { return .blocked(module: module, by: .commandLine(text)) }
            }
            if generator == .nash { continue }
            if let rule = modprobe.disablingInstall(module) {
                return .blocked(module: module, by: .rule(rule))
            }
        }
        guard generator != .nash, let module = closure.first else { return nil }
        // udev, systemd-modules-load and the scripts of initramfs-tools (modprobe -b) all obey `blacklist`; a
        // module that another one needs is loaded in spite of it.
        if let rule = modprobe.blacklist(module) ?? modprobe.disablingAlias(module) {
            return .blocked(module: module, by: .rule(rule))
        }
        return nil
    }

    private func loading(
        _ module: String, _ path: String, _ tree: InitramfsModuleTree
    ) -> InitramfsDriverState {
        if let request = requestedModules.first(where: { $0.name == module }) {
            return .usable(path: path, loading: .list(file: request.file, line: request.line))
        }
        if generator == .nash { return .notLoaded("/init has no insmod line for \(module)") }
        guard loadsByAlias == true else { return .usable(path: path, loading: .other) }
        if udevDaemon != nil, tree.dependencies != nil, !tree.hasBinaryDependencies {
            return .notLoaded("modules.dep.bin is missing, without which udev loads nothing")
        }
        guard let devices = Self.devices[module], let aliases = tree.aliases else {
            return .usable(path: path, loading: .other)
        }
        for device in devices where !aliases.modules(matching: device.rawValue).contains(module) {
            // An old driver may know the old device only; that it knows one is enough.
            if device == .virtioPCIModern { continue }
            return .notLoaded("modules.alias of the archive maps no device to \(module)")
        }
        return .usable(path: path, loading: .alias)
    }
}
