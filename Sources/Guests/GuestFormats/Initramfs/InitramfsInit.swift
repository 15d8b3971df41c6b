import ByteReading

/// Whether the kernel can start `/init` of an initramfs.
package enum InitramfsInit: Sendable, Hashable {
    /// It can: everything it needs is there as far as could be seen. `interpreter` is the real path of the
    /// shell of a script.
    case runnable(interpreter: String?, machine: ElfFile.Machine?)
    /// There is no `/init`: the kernel mounts `root=` itself, for which it needs everything built in.
    case missing
    /// A link that leads nowhere.
    case dangling(target: String)
    /// No execute permission, or no regular file.
    case notExecutable
    /// Neither a script nor an ELF program.
    case notAProgram
    /// Its shell, loader or library is not there: the kernel says "Failed to execute /init" and panics, or the
    /// loader does.
    case needs(String)
    /// Not judged, and why.
    case unknown(String)

    init(_ contents: InitramfsContents) {
        self = Self.judge("init", contents, depth: 0)
    }

    private static func judge(_ path: String, _ contents: InitramfsContents, depth: Int) -> InitramfsInit {
        let tree = contents.tree
        guard let node = tree.nodes[path] ?? tree.member(at: path) else {
            return contents.isComplete ? .missing : .unknown("the archive could not be read to its end")
        }
        guard let real = tree.resolve(path), let file = tree.nodes[real] else {
            return .dangling(target: node.linkTarget ?? path)
        }
        guard file.kind == .file, file.isExecutable else { return .notExecutable }
        guard file.size > 0 else { return .notAProgram }
        guard let kept = contents.files[real] else { return .unknown("the content of \(real) was not kept") }
        if kept.bytes.starts(with: "#!") {
            guard depth < 4 else { return .needs(path) }
            return script(kept.bytes, contents, depth)
        }
        guard ElfFile.isElf(kept.bytes) else { return .notAProgram }
        return program(kept, real, contents)
    }

    private static func script(_ bytes: Bytes, _ contents: InitramfsContents, _ depth: Int) -> InitramfsInit {
        var lines = TextLines(bytes.prefix(512))
        guard let interpreter = lines.next()?.dropFirst(2).words.first else { return .notAProgram }
        let result = judge(InitramfsWalk.normalized(interpreter), contents, depth: depth + 1)
        switch result {
        case .runnable(_, let machine):
            return .runnable(interpreter: contents.tree.resolve(interpreter), machine: machine)
        case .needs, .unknown: return result
        case .missing, .dangling, .notExecutable, .notAProgram: return .needs(interpreter)
        }
    }

    private static func program(
        _ kept: InitramfsContents.File, _ path: String, _ contents: InitramfsContents
    ) -> InitramfsInit {
        let elf: ElfFile
        do throws(ImageFault) { elf = try ElfFile(parsing: kept.bytes) } catch {
            return kept.isWhole ? .notAProgram : .unknown("\(path): \(error)")
        }
        if let loader = elf.interpreter, contents.tree.resolve(loader) == nil { return .needs(loader) }
        if let needed = elf.needed, !needed.isEmpty {
            let libraries = Set(
                contents.tree.nodes.keys.filter { $0.contains(".so") }
                    .compactMap { $0.split(separator: "/").last.map(String.init) })
            for name in needed {
                let isPath = name.contains("/")
                guard isPath ? contents.tree.resolve(name) != nil : libraries.contains(name) else {
                    return .needs(name)
                }
            }
        }
        return .runnable(interpreter: nil, machine: elf.machine)
    }
}
