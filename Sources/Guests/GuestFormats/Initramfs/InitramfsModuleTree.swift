package import ByteReading
package import Compression

/// The modules of one kernel in an initramfs, with the lists that lie beside them.
package struct InitramfsModuleTree: Sendable {
    /// One module file.
    package struct Module: Sendable, Hashable {
        /// Its real path in the archive.
        package var path: String
        /// How the file is compressed.
        package var compression: CompressionFormat
        /// Its size in the archive.
        package var size: UInt64
    }

    /// By normalised name.
    package var modules: [String: Module] = [:]
    /// `modules.builtin`, where it is there.
    package var builtin: BuiltinModules?
    /// `modules.dep`, where it is there.
    package var dependencies: ModuleDependencies?
    /// `modules.alias`, where it is there.
    package var aliases: ModuleAliases?
    /// `modules.softdep`, where it is there.
    package var softDependencies: ModuleSoftDependencies?
    /// Whether `modules.dep.bin` is there, without which kmod and udev load nothing.
    package var hasBinaryDependencies = false
    /// Lists that are there and could not be read.
    package var faults: [ImageFault] = []

    init() {}

    /// Reads the lists in `directory`.
    mutating func readLists(_ directory: String, _ contents: InitramfsContents) {
        func file(_ name: String) -> Bytes? {
            guard let file = contents.files[directory + "/" + name], file.isWhole else { return nil }
            return file.bytes
        }
        hasBinaryDependencies = contents.tree.nodes[directory + "/modules.dep.bin"] != nil
        softDependencies = file("modules.softdep").map { ModuleSoftDependencies(parsing: $0) }
        builtin = file("modules.builtin").map { BuiltinModules(parsing: $0) }
        dependencies = file("modules.dep").map { ModuleDependencies(parsing: $0) }
        aliases = file("modules.alias").map { ModuleAliases(parsing: $0) }
        // kmod reads the binary lists; the text ones say the same, where they are there.
        do throws(ImageFault) {
            if builtin == nil, let bytes = file("modules.builtin.bin") {
                builtin = try BuiltinModules(parsingIndex: bytes)
            }
            if dependencies == nil, let bytes = file("modules.dep.bin") {
                dependencies = try ModuleDependencies(parsingIndex: bytes)
            }
            if aliases == nil, let bytes = file("modules.alias.bin") {
                aliases = try ModuleAliases(parsingIndex: bytes)
            }
        } catch {
            faults.append(error.inLayer(directory))
        }
    }
}
