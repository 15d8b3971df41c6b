package import ByteReading

/// A key of a hive: a name, values, and keys under it.
package struct RegistryKey: Sendable {
    /// Keys deeper than this are not read; Windows has at most 512 levels.
    private static let depthLimit = 512
    /// How many bytes of names the keys under one key may have together.
    private static let namesLimit = 32 << 20

    let hive: Hive
    let node: HiveKeyNode
    private let parentPath: String
    private let depth: Int
    /// The name, with the letters it was created with.
    package let name: String

    init(hive: Hive, node: HiveKeyNode, parentPath: String, depth: Int) throws(ImageFault) {
        self.hive = hive
        self.node = node
        self.parentPath = parentPath
        self.depth = depth
        name = try hive.name(of: node)
    }

    /// The names from below the root to here, parted by backslashes; empty for the root.
    package var path: String {
        if depth == 0 { return "" }
        return parentPath.isEmpty ? name : parentPath + "\\" + name
    }

    /// When the key, a value or a key directly under it was last written: 100 ns since 1601 (FILETIME).
    package var lastWritten: UInt64 { node.lastWritten }

    /// The class that programs may give a key; nil when it has none.
    package func className() throws(ImageFault) -> String? {
        guard node.classNameSize > 0, node.className != Hive.noCell else { return nil }
        return try located { () throws(ImageFault) in
            try RegistryName.text(utf16: hive.read(hive.cell(node.className), count: node.classNameSize))
        }
    }

    /// The keys directly under this one, in the order of the hive. Those that cannot be read are left out and
    /// stand in the hive's `damage`; throws when the list itself cannot be read.
    package func subkeys() throws(ImageFault) -> [RegistryKey] {
        try subkeys { hive.skip($0.inLayer(layer)) }
    }

    /// The keys directly under this one; `skip` is told what is left out.
    func subkeys(skip: (ImageFault) -> Void) throws(ImageFault) -> [RegistryKey] {
        try located { () throws(ImageFault) in
            var keys: [RegistryKey] = []
            var seen: Set<UInt32> = []
            var budget = Budget(Self.namesLimit, of: "bytes of names of subkeys")
            let path = self.path
            for cell in try hive.subkeyCells(of: node, skip: skip) {
                do throws(ImageFault) {
                    guard seen.insert(cell).inserted else {
                        throw ImageFault(.corrupt, "a subkey twice", at: hive.position(cell))
                    }
                    let key = try child(hive.keyNode(cell, under: node), path)
                    try budget.spend(key.name.utf8.count)
                    keys.append(key)
                } catch {
                    if error.kind == .limit { throw error }
                    skip(error)
                }
            }
            return keys
        }
    }

    /// The key of this name directly under this one, in any case; nil when it is absent.
    package func subkey(_ name: String) throws(ImageFault) -> RegistryKey? {
        try located { () throws(ImageFault) in
            guard let found = try hive.subkey(of: node, RegistryKeyQuery(name)) else { return nil }
            return try child(found, path)
        }
    }

    /// The key at `path` from here, names parted by backslashes; nil when it is absent.
    package func key(_ path: String) throws(ImageFault) -> RegistryKey? {
        var key = self
        for name in RegistryName.split(path) {
            guard let next = try key.subkey(name) else { return nil }
            key = next
        }
        return key
    }

    /// The values with their data, in the order of the hive. Those that cannot be read are left out and stand
    /// in the hive's `damage`.
    package func values() throws(ImageFault) -> [RegistryValue] {
        try located { () throws(ImageFault) in
            try hive.values(of: node) { hive.skip($0.inLayer(layer)) }
        }
    }

    /// The value of this name, in any case; "" is the default value; nil when it is absent.
    package func value(_ name: String) throws(ImageFault) -> RegistryValue? {
        try located { () throws(ImageFault) in try hive.value(of: node, RegistryKeyQuery(name)) }
    }

    private func child(_ node: HiveKeyNode, _ path: String) throws(ImageFault) -> RegistryKey {
        guard depth < Self.depthLimit else {
            throw ImageFault(
                .limit, "keys more than \(Self.depthLimit) deep", at: hive.position(node.cell))
        }
        return try RegistryKey(hive: hive, node: node, parentPath: path, depth: depth + 1)
    }

    /// How faults name this key: the end of a long path only.
    private var layer: String {
        if depth == 0 { return "\\" }
        let path = self.path
        return path.utf8.count <= 512 ? path : "…" + path.suffix(256)
    }

    private func located<Value>(_ body: () throws(ImageFault) -> Value) throws(ImageFault) -> Value {
        try inLayer(layer, body)
    }
}
