package import ByteReading

/// The modules that are part of the kernel itself (`modules.builtin`: one path per line).
package struct BuiltinModules: Sendable {
    /// Normalised names.
    package private(set) var names: Set<String> = []

    /// Parses `modules.builtin`.
    package init(parsing bytes: Bytes) {
        for line in TextLines(bytes) {
            if let module = ModuleName.module(atPath: line.text) { names.insert(module.name) }
        }
    }

    /// Parses `modules.builtin.bin`.
    package init(parsingIndex bytes: Bytes) throws(ImageFault) {
        var names: Set<String> = []
        try ModuleIndex(parsing: bytes).forEach { key, _ in
            names.insert(ModuleName.normalized(String(decoding: key, as: UTF8.self)))
        }
        self.names = names
    }

    /// Takes a list of names.
    init(names: [String]) { self.names = Set(names.map { ModuleName.normalized($0) }) }

    /// Whether the module is built in; `-` and `_` are the same.
    package func contains(_ name: String) -> Bool { names.contains(ModuleName.normalized(name)) }
}
