package import ByteReading

/// One directory of units with what is in it and in its subdirectories.
package struct UnitDirectory: Sendable {
    /// An entry of the directory.
    package enum Entry: Hashable, Sendable {
        /// A regular file; an empty one masks.
        case file(size: UInt64)
        /// A symbolic link and where it points, as written.
        case link(target: String)
    }

    /// What a directory is for; it decides what a link in it means.
    package enum Kind: String, Sendable, Hashable {
        /// `/etc/systemd/system`: the administrator's.
        case configuration
        /// `/run/systemd/system`.
        case runtime
        /// Output of generators.
        case generated
        /// `/usr/lib/systemd/system`, `/lib/systemd/system`, `/usr/local/lib/systemd/system`.
        case vendor
    }

    /// The path in the guest.
    package let path: String
    /// What it is for.
    package let kind: Kind
    /// The entries by path below the directory: `ssh.service`, `multi-user.target.wants/ssh.service`,
    /// `ssh.service.d/10-x.conf`.
    package let entries: [String: Entry]

    /// A directory.
    package init(path: String, kind: Kind, entries: [String: Entry]) {
        self.path = path
        self.kind = kind
        self.entries = entries
    }

    /// Where systemd looks, first place first, without what only exists at run time. On a system without merged
    /// `/usr`, `/lib/systemd/system` is a directory of its own and `/usr/lib/systemd/system` comes before it.
    package static let searchPath: [(path: String, kind: Kind)] = [
        ("/etc/systemd/system", .configuration), ("/usr/local/lib/systemd/system", .vendor),
        ("/usr/lib/systemd/system", .vendor), ("/lib/systemd/system", .vendor),
    ]
}

/// The units of a system as systemd would load them, from listings of its directories and the unit files that a
/// question needs.
package struct SystemdUnits {
    /// Reads a file of the guest by absolute path.
    package typealias Reader = (String) throws(ImageFault) -> Bytes

    /// A unit after links and drop-ins.
    package struct Unit: Sendable {
        /// The name under which it was asked for.
        package let name: String
        /// The name of the unit that the links lead to.
        package let id: String
        /// The file it comes from; nil for one that has none (devices, slices).
        package let path: String?
        /// Its contents with drop-ins; nil when it has no file or is masked.
        package let file: UnitFile?
        /// The path that masks it.
        package let maskedBy: String?
        /// The paths of its drop-ins in the order in which they are read.
        package let dropIns: [String]

        /// Whether nothing can start it.
        package var isMasked: Bool { maskedBy != nil }
    }

    /// The directories, first place first.
    package let directories: [UnitDirectory]
    let read: Reader
    private var cache: [String: Unit?] = [:]
    private var budget = Budget(20000, of: "unit files")
    /// Faults met while reading unit files; the unit concerned counts as present but empty.
    package private(set) var faults: [ImageFault] = []
    private let links: [String: [(directory: Int, path: String)]]

    /// Units in `directories`, whose files are read with `read` when they are needed.
    package init(directories: [UnitDirectory], read: @escaping Reader) {
        self.directories = directories
        self.read = read
        var links: [String: [(directory: Int, path: String)]] = [:]
        for (index, directory) in directories.enumerated() {
            for path in directory.entries.keys.sorted() {
                guard let slash = path.firstIndex(of: "/") else { continue }
                let parent = String(path[..<slash])
                links[parent, default: []].append((index, path))
            }
        }
        self.links = links
    }

    /// The file name at the end of a path.
    static func lastComponent(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    /// Where the unit `name` is found first, and what is there.
    private func find(_ name: String) -> (directory: UnitDirectory, entry: UnitDirectory.Entry)? {
        for directory in directories {
            if let entry = directory.entries[name] { return (directory, entry) }
        }
        return nil
    }

    /// Entries of `NAME.wants`, `NAME.requires` and `NAME.d` in all directories, first place first.
    func children(of parent: String) -> [(directory: UnitDirectory, path: String)] {
        (links[parent] ?? []).map { (directories[$0.directory], $0.path) }
    }

    /// Loads the unit `name`; nil when no directory has it.
    package mutating func unit(_ name: String) throws(ImageFault) -> Unit? {
        if let known = cache[name] { return known }
        try budget.spend()
        let unit = try load(name)
        cache[name] = unit
        return unit
    }

    private mutating func load(_ name: String) throws(ImageFault) -> Unit? {
        var current = name
        var names = [name]
        for _ in 0..<16 {
            var found = find(current)
            if found == nil, let template = UnitName(current)?.template { found = find(template) }
            guard let (directory, entry) = found else { return nil }
            let fileName =
                directory.entries[current] != nil ? current : UnitName(current)?.template ?? current
            let path = "\(directory.path)/\(fileName)"
            switch entry {
            case .file(let size):
                if size == 0 { return masked(name, id: current, by: path) }
                return try loaded(name, id: current, names: names, path: path)
            case .link(let target):
                if target == "/dev/null" { return masked(name, id: current, by: path) }
                let next = Self.lastComponent(target)
                if next == fileName || UnitName(next) == nil {
                    // A link to the unit's own file somewhere else: `systemctl link`, or merged directories.
                    return try linked(
                        name, id: current, names: names, from: directory, at: path, target: target)
                }
                // An alias. A link from an instance to a template keeps the instance.
                if let from = UnitName(current), let to = UnitName(next), to.isTemplate,
                    let instance = from.instance
                {
                    current = "\(to.prefix)@\(instance).\(to.type)"
                } else {
                    current = next
                }
                if names.contains(current) { return nil }
                names.append(current)
            }
        }
        return nil
    }

    private func masked(_ name: String, id: String, by path: String) -> Unit {
        Unit(name: name, id: id, path: path, file: nil, maskedBy: path, dropIns: [])
    }

    private mutating func linked(
        _ name: String, id: String, names: [String], from directory: UnitDirectory, at path: String,
        target: String
    ) throws(ImageFault) -> Unit? {
        let absolute = target.hasPrefix("/") ? target : Self.resolved(target, from: directory.path)
        return try loaded(name, id: id, names: names, path: absolute)
    }

    /// `target` seen from `directory`, with `..` taken away.
    static func resolved(_ target: String, from directory: String) -> String {
        var parts = directory.split(separator: "/").map(String.init)
        for part in target.split(separator: "/") {
            if part == ".." { _ = parts.popLast() } else if part != "." { parts.append(String(part)) }
        }
        return "/" + parts.joined(separator: "/")
    }

    private mutating func loaded(
        _ name: String, id: String, names: [String], path: String
    ) throws(ImageFault) -> Unit? {
        guard let file = try parsed(path) else { return nil }
        let dropInPaths = dropIns(names)
        var dropIns: [UnitFile] = []
        for dropIn in dropInPaths {
            if let file = try parsed(dropIn) { dropIns.append(file) }
        }
        return Unit(
            name: name, id: id, path: path, file: file.merging(dropIns), maskedBy: nil, dropIns: dropInPaths)
    }

    /// Reads a unit file. A file that cannot be read is a fault for the report and an empty unit here; one that
    /// is absent is nil.
    private mutating func parsed(_ path: String) throws(ImageFault) -> UnitFile? {
        do {
            return try UnitFile(try read(path), name: path)
        } catch {
            if error.kind == .notFound { return nil }
            if error.kind == .limit { throw error }
            faults.append(error.inLayer(path))
            return try UnitFile(Bytes([]), name: path)
        }
    }

    /// Drop-ins of a unit: `NAME.d/*.conf`, of its template, of its name cut at dashes, of its type. Sorted by
    /// file name over all directories; a name in an earlier directory hides later ones, a link to `/dev/null`
    /// takes the drop-in away.
    private func dropIns(_ names: [String]) -> [String] {
        var parents: [String] = []
        for name in names {
            guard let unit = UnitName(name) else { continue }
            parents.append("\(name).d")
            if let template = unit.template { parents.append("\(template).d") }
            var prefix = unit.prefix
            while let dash = prefix.lastIndex(of: "-"), dash != prefix.startIndex {
                prefix = String(prefix[..<dash])
                parents.append("\(prefix)-.\(unit.type).d")
            }
            parents.append("\(unit.type).d")
        }
        var chosen: [String: String?] = [:]
        for parent in parents {
            for (directory, path) in children(of: parent) where path.hasSuffix(".conf") {
                let fileName = Self.lastComponent(path)
                guard chosen[fileName] == nil else { continue }
                let isMask = directory.entries[path] == .link(target: "/dev/null")
                chosen[fileName] = .some(isMask ? nil : "\(directory.path)/\(path)")
            }
        }
        return chosen.sorted { $0.key < $1.key }.compactMap(\.value)
    }
}
