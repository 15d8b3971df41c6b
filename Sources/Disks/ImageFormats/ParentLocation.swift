import ByteReading

/// Where a differencing disk of Hyper-V says its parent is: paths as Windows writes them, seen from Linux.
struct ParentLocation: Sendable, Hashable {
    /// The first of the names, as the image writes it.
    private(set) var name = ""
    /// Paths to try, in order. A drive letter or a volume means nothing here; what is left of such a path is the
    /// name of the file, which is looked for beside the disk that names it. The parent's identity is compared
    /// afterwards, so a wrong file is not taken for it.
    private(set) var candidates: [String] = []

    /// A path relative to the directory of the disk that names it (`.\base.vhdx`).
    mutating func add(relative path: String) {
        guard !path.isEmpty else { return }
        if name.isEmpty { name = path }
        var parts = path.split { $0 == "\\" || $0 == "/" }.map(String.init)
        while parts.first == "." { parts.removeFirst() }
        // Not so relative after all.
        if path.hasPrefix("\\") || path.hasPrefix("/") || parts.first?.hasSuffix(":") == true {
            add(absolute: path)
        } else {
            append(parts.joined(separator: "/"))
        }
    }

    /// A path from a root: of a drive (`C:\base.vhdx`), of a volume (`\\?\Volume{…}\base.vhdx`), or of Linux.
    mutating func add(absolute path: String) {
        guard !path.isEmpty else { return }
        if name.isEmpty { name = path }
        if path.hasPrefix("/") { append(path) }
        append(String(path.split { $0 == "\\" || $0 == "/" }.last ?? ""))
    }

    private mutating func append(_ candidate: String) {
        guard !candidate.isEmpty, !candidates.contains(candidate) else { return }
        candidates.append(candidate)
    }
}
