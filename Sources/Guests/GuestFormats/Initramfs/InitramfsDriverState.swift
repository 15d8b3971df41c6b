/// Whether a driver will work while the initramfs runs.
package enum InitramfsDriverState: Sendable, Hashable {
    /// What loads it.
    package enum Loading: Sendable, Hashable {
        /// A device, by its modalias.
        case alias
        /// A list or script in the archive.
        case list(file: String, line: Int)
        /// Something that was not followed: a request by name or for a file system, another module.
        case other
    }

    /// What keeps a module from being loaded though it is there.
    package enum Obstacle: Sendable, Hashable {
        /// A line of modprobe.d in the archive.
        case rule(ModprobeConfiguration.Rule)
        /// A parameter of the kernel command line, as written.
        case commandLine(String)
    }

    /// Part of the kernel.
    case builtIn
    /// There with all it needs, and something loads it.
    case usable(path: String, loading: Loading)
    /// There, and a line keeps `module` (it, or what it needs) from being loaded.
    case blocked(module: String, by: Obstacle)
    /// There, without a module that it needs.
    case missingDependency(String)
    /// There, and nothing loads it; why.
    case notLoaded(String)
    /// Only in the trees of other kernels.
    case otherKernel([String])
    /// Not there.
    case absent
    /// Cannot be told; why.
    case unknown(String)
}
