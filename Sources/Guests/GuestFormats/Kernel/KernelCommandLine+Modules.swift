extension KernelCommandLine {
    /// Which parameter keeps a module from being loaded.
    package enum ModuleBlock: String, Sendable, Hashable {
        /// `module_blacklist=`: the kernel refuses the module whoever loads it.
        case kernel = "module_blacklist"
        /// `modprobe.blacklist=`: kmod does not load it by alias.
        case modprobe = "modprobe.blacklist"
        /// `rd.driver.blacklist=` (dracut): as a `blacklist` line in the initramfs.
        case dracut = "rd.driver.blacklist"
        /// `blacklist=` (initramfs-tools): as a `blacklist` line in the initramfs.
        case initramfsTools = "blacklist"
    }

    /// The first parameter that blocks `module`, with its text; the kernel's own before the others.
    package func block(of module: String) -> (block: ModuleBlock, text: String)? {
        let name = ModuleName.normalized(module)
        for block in [ModuleBlock.kernel, .modprobe, .dracut, .initramfsTools] {
            let names = block == .dracut ? [block.rawValue, "rdblacklist"] : [block.rawValue]
            for token in names.flatMap({ tokens(named: $0) }) {
                let names = (token.value ?? "").split(separator: ",").map { ModuleName.normalized($0) }
                if names.contains(name) { return (block, token.text) }
            }
        }
        return nil
    }

    /// The values of `MODULE.PARAMETER=` in order; a parameter without `=` counts as "".
    package func moduleParameter(_ module: String, _ parameter: String) -> [String] {
        tokens(named: module + "." + parameter).map { $0.value ?? "" }
    }

    /// The devices named by `console=`, in order; the last one becomes `/dev/console`.
    package var consoles: [String] {
        values(of: "console").map { String($0.split(separator: ",", maxSplits: 1).first ?? "") }
    }
}
