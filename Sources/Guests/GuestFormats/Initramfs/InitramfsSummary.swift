import ByteReading

/// What an initramfs will do at boot, as far as its files tell.
package struct InitramfsSummary: Sendable {
    /// A module that something in the archive loads by name.
    package struct RequestedModule: Sendable, Hashable {
        /// The normalised name.
        package var name: String
        /// The file that asks for it.
        package var file: String
        /// The number of the line, from 1.
        package var line: Int
    }

    /// The archive it was made from.
    package let contents: InitramfsContents
    /// The program that made it.
    package let generator: InitramfsGenerator
    /// Whether `/init` can start.
    package let initState: InitramfsInit
    /// The modules by kernel release; "" holds those that lie in no release's directory (nash: `lib/*.ko`).
    package private(set) var moduleTrees: [String: InitramfsModuleTree] = [:]
    /// modprobe.d of the archive.
    package private(set) var modprobe = ModprobeConfiguration()
    /// Modules loaded by name: `conf/modules`, `etc/modules`, modules-load.d, `insmod` lines of a nash script.
    package private(set) var requestedModules: [RequestedModule] = []
    /// File system images in the archive whose content is not read here: what is missing may be in them.
    package private(set) var payloads: [String] = []

    /// Kernel releases for which there are modules.
    package var kernelVersions: [String] { moduleTrees.keys.filter { !$0.isEmpty }.sorted() }

    /// Interprets `contents`, read with `InitramfsRequest.standard`.
    package init(_ contents: InitramfsContents) {
        self.contents = contents
        generator = InitramfsGenerator(contents)
        initState = InitramfsInit(contents)
        collectNodes()
        collectModprobe()
        collectRequests()
    }

    private static let payloadNames: Set<String> = [
        "squashfs-root.img", "squash-root.img", "erofs-root.img", "rootfs.squashfs", "root.squashfs",
        "squash.img", "rootfs.img",
    ]

    private mutating func collectNodes() {
        for (path, member) in contents.tree.nodes where member.kind == .file || member.kind == .symbolicLink {
            if member.kind == .file, let name = path.split(separator: "/").last,
                Self.payloadNames.contains(String(name))
            {
                payloads.append(path)
            }
            guard let module = ModuleName.module(atPath: path) else { continue }
            guard let real = contents.tree.resolve(path), let file = contents.tree.nodes[real] else {
                continue
            }
            let version = Self.release(path) ?? ""
            moduleTrees[version, default: InitramfsModuleTree()].modules[module.name] =
                InitramfsModuleTree.Module(path: real, compression: module.compression, size: file.size)
        }
        payloads.sort()
        for root in ["usr/lib/modules", "lib/modules"] {
            guard contents.tree.resolve(root) == root else { continue }
            for version in releaseDirectories(root) {
                moduleTrees[version, default: InitramfsModuleTree()]
                    .readLists(root + "/" + version, contents)
            }
        }
    }

    private func releaseDirectories(_ root: String) -> [String] {
        contents.tree.nodes.compactMap { path, member in
            guard member.kind == .directory, path.hasPrefix(root + "/") else { return nil }
            let name = path.dropFirst(root.count + 1)
            return name.contains("/") ? nil : String(name)
        }
    }

    /// The release in `…/lib/modules/RELEASE/…`.
    private static func release(_ path: String) -> String? {
        let parts = path.split(separator: "/")
        guard let index = parts.firstIndex(of: "modules"), index >= 1, index <= 2, parts[index - 1] == "lib",
            index + 2 < parts.count
        else { return nil }
        return String(parts[index + 1])
    }

    private mutating func collectModprobe() {
        let files = contents.files.filter { $0.value.isWhole && ($0.key.contains("modprobe.")) }
        modprobe = ModprobeConfiguration(files: files.map { ($0.key, $0.value.bytes) })
    }

    private mutating func collectRequests() {
        for path in ["conf/modules", "etc/modules"] {
            if let bytes = contents.file(path)?.bytes { addList(bytes, path) }
        }
        for (path, file) in contents.files.sorted(by: { $0.key < $1.key })
        where path.contains("modules-load.d/") {
            addList(file.bytes, path)
        }
        if generator == .nash || generator == .suseMkinitrd, let script = contents.file("init") {
            addCommands(script.bytes, "init")
        }
        if generator == .mkinitcpio, let configuration = contents.file("config") {
            addMkinitcpio(configuration.bytes)
        }
    }

    private mutating func addList(_ bytes: Bytes, _ file: String) {
        var number = 0
        for line in TextLines(bytes) {
            number += 1
            guard let word = line.words.first, !word.hasPrefix("#"), !word.hasPrefix(";") else { continue }
            request(word, file, number)
        }
    }

    /// `insmod /lib/virtio_blk.ko` and `modprobe NAME`, in nash's language the only ways to load anything.
    private mutating func addCommands(_ bytes: Bytes, _ file: String) {
        var number = 0
        for line in TextLines(bytes) {
            number += 1
            let words = line.words
            guard let command = words.first?.split(separator: "/").last else { continue }
            guard command == "insmod" || command == "modprobe" else { continue }
            guard let argument = words.dropFirst().first(where: { !$0.hasPrefix("-") }) else { continue }
            request(ModuleName.module(atPath: argument)?.name ?? argument, file, number)
        }
    }

    /// `MODULES="a b"` or `EARLY…`: the names that the udev and base hooks load first.
    private mutating func addMkinitcpio(_ bytes: Bytes) {
        var number = 0
        for line in TextLines(bytes) {
            number += 1
            let text = line.text
            guard text.hasPrefix("MODULES=") || text.hasPrefix("EARLYMODULES=") else { continue }
            let value = text.drop { $0 != "=" }.dropFirst()
            for word in value.split(whereSeparator: { " \t\"'()".contains($0) }) {
                request(String(word), "config", number)
            }
        }
    }

    private mutating func request(_ name: String, _ file: String, _ line: Int) {
        guard requestedModules.count < 4096 else { return }
        requestedModules.append(
            RequestedModule(name: ModuleName.normalized(name), file: file, line: line))
    }
}
