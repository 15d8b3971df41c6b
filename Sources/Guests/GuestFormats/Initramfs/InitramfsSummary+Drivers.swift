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

    /// Whether `name`, and everything it needs, will be loaded for kernel `context.kernel`.
    package func driverState(_ name: String, _ context: DriverContext) -> InitramfsDriverState {
        let module = ModuleName.normalized(name)
        if isBuiltIn(module, context) { return .builtIn }
        // What mounts the payload has to be there before.
        if let (payload, archive) = outer.first, payload.drivers.contains(module) {
            return archive.driverState(module, context)
        }
        if let built = boosterKernel, let kernel = context.kernel, built != kernel {
            return .otherKernel([built])
        }
        guard let (tree, found) = locate(module, context.kernel) else {
            return whyMissing(module, context.kernel)
        }
        if let missing = hiddenDirectory(found.path, context.kernel) { return .unknown(missing) }
        var closure = [module]
        if let entry = (tree.dependencies ?? context.dependencies)?.dependencies(of: module) {
            closure += entry
        } else if tree.dependencies != nil {
            return .notLoaded("\(module) is not listed in the archive's modules.dep")
        }
        for needed in closure.dropFirst() where tree.modules[needed] == nil && !isBuiltIn(needed, context) {
            return contents.isComplete ? .missingDependency(needed) : .unknown(incomplete)
        }
        let request = request(for: module, context)
        if let obstacle = obstacle(closure, request, context) { return obstacle }
        return loading(module, found.path, tree, request)
    }

    /// Most builds of kmod and udev look below `/lib/modules`, which a missing link `lib -> usr/lib` hides.
    private func hiddenDirectory(_ path: String, _ kernel: String?) -> String? {
        guard generator != .booster, path.hasPrefix("usr/lib/modules/"), let kernel,
            contents.tree.resolve("lib/modules/\(kernel)") == nil
        else { return nil }
        return "the modules lie in usr/lib/modules of the archive, and lib does not lead there"
    }

    private var incomplete: String {
        "the archive could not be read to its end: \(contents.fault.map { "\($0)" } ?? "damage")"
    }

    private func isBuiltIn(_ module: String, _ context: DriverContext) -> Bool {
        if let builtin = context.builtin { return builtin.contains(module) }
        if let builtin = tree(for: context.kernel)?.builtin ?? moduleTrees[""]?.builtin {
            return builtin.contains(module)
        }
        return context.configuration?.driver(module) == .builtIn
    }

    /// The modules for one kernel; of the only one there is, when that is not known.
    func tree(for kernel: String?) -> InitramfsModuleTree? {
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

    /// What loads the module by name: a list of the archive, or a parameter.
    private func request(for module: String, _ context: DriverContext) -> RequestedModule? {
        requestedModules.first { $0.name == module }
            ?? context.commandLine.flatMap { line in requests(of: line).first { $0.name == module } }
    }

    private func obstacle(
        _ closure: [String], _ request: RequestedModule?, _ context: DriverContext
    ) -> InitramfsDriverState? {
        // nash and booster hand files to the kernel themselves; modprobe's configuration means nothing to them.
        let usesModprobe = generator != .nash && generator != .booster
        let obeysBlacklist = request?.obeysBlacklist ?? true
        for module in closure {
            if let (block, text) = context.commandLine?.block(of: module) {
                // Only the kernel's own list reaches what is loaded as a dependency, or by name.
                let isFirst = module == closure.first && obeysBlacklist && usesModprobe
                let applies =
                    switch block {
                    case .kernel: true
                    case .modprobe: isFirst
                    case .dracut: isFirst && generator == .dracut
                    case .initramfsTools: isFirst && (generator == .initramfsTools || generator == .mkinitfs)
                    }
                if applies { return .blocked(module: module, by: .commandLine(text)) }
            }
            guard usesModprobe else { continue }
            if let rule = modprobe.disablingInstall(module) {
                return .blocked(module: module, by: .rule(rule))
            }
        }
        guard usesModprobe, obeysBlacklist, let module = closure.first else { return nil }
        for pin in commandLinePins where generator == .dracut {
            if let (block, text) = KernelCommandLine(pin.text).block(of: module), block == .dracut {
                return .blocked(
                    module: module,
                    by: .rule(
                        ModprobeConfiguration.Rule(
                            module: module, command: .blacklist, file: pin.path, line: 1, text: text)))
            }
        }
        // udev, systemd-modules-load and the scripts of initramfs-tools (modprobe -b) all obey `blacklist`; a
        // module that another one needs is loaded in spite of it.
        if let rule = modprobe.blacklist(module) ?? modprobe.disablingAlias(module) {
            return .blocked(module: module, by: .rule(rule))
        }
        return nil
    }

    private func loading(
        _ module: String, _ path: String, _ tree: InitramfsModuleTree, _ request: RequestedModule?
    ) -> InitramfsDriverState {
        let needsIndex = generator != .nash && generator != .booster
        if needsIndex, udevDaemon != nil, tree.dependencies != nil, !tree.hasBinaryDependencies {
            return .notLoaded("modules.dep.bin is missing, without which udev and modprobe load nothing")
        }
        if let request {
            return .usable(path: path, loading: .list(file: request.file, line: request.line))
        }
        if generator == .nash { return .notLoaded("/init has no insmod line for \(module)") }
        if generator == .mkinitfs, Self.mountedBlind.contains(module) {
            return .unknown(
                "neither modules= nor rootfstype= of the command line names \(module), and whether Alpine's init loads"
                    + " it anyway is not known")
        }
        guard loadsByAlias == true else { return .usable(path: path, loading: .other) }
        guard let devices = ModuleAliases.devices[module], let aliases = tree.aliases else {
            return .usable(path: path, loading: .other)
        }
        // An old driver may know the old form of a device only, a new one the new: one is enough.
        guard devices.contains(where: { aliases.modules(matching: $0.rawValue).contains(module) }) else {
            if generator == .booster {
                return .notLoaded(
                    "booster.alias, made on another machine, maps none of these devices to \(module)")
            }
            return .notLoaded("modules.alias of the archive maps no device to \(module)")
        }
        return .usable(path: path, loading: .alias)
    }

    /// File systems that Alpine's `mount` does not try unless they are loaded.
    private static let mountedBlind: Set<String> = [
        "ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "jfs", "vfat",
    ]
}
