package import ByteReading

/// Where modules lie and what they need (`modules.dep`, `modules.dep.bin`; depmod.d(5), modules.dep(5)).
package struct ModuleDependencies: Sendable {
    /// One module.
    package struct Entry: Sendable, Hashable {
        /// The path below `/lib/modules/K`, or an absolute one.
        package var path: String
        /// The paths of all modules it needs, indirect ones included.
        package var dependencies: [String]
    }

    /// By normalised name.
    package private(set) var entries: [String: Entry] = [:]

    /// Parses `modules.dep`.
    package init(parsing bytes: Bytes) {
        for line in TextLines(bytes) { add(line) }
    }

    /// Parses `modules.dep.bin`, whose values are the lines of `modules.dep`.
    package init(parsingIndex bytes: Bytes) throws(ImageFault) {
        var lines: [Bytes] = []
        try ModuleIndex(parsing: bytes).forEach { lines.append($1) }
        for line in lines { add(line) }
    }

    /// Takes modules and the names of what each needs.
    init(_ modules: [(name: String, dependencies: [String])]) {
        for module in modules {
            entries[module.name] = Entry(
                path: module.name + ".ko", dependencies: module.dependencies.map { $0 + ".ko" })
        }
    }

    private mutating func add(_ line: Bytes) {
        var words = line.words
        guard let first = words.first, first.hasSuffix(":") else { return }
        let path = String(first.dropLast())
        words.removeFirst()
        guard let module = ModuleName.module(atPath: path) else { return }
        entries[module.name] = Entry(path: path, dependencies: words)
    }

    /// The entry of a module.
    package subscript(_ name: String) -> Entry? { entries[ModuleName.normalized(name)] }

    /// The normalised names of all modules that `name` needs; nil when it is not listed.
    package func dependencies(of name: String) -> [String]? {
        self[name]?.dependencies.compactMap { ModuleName.module(atPath: $0)?.name }
    }
}
