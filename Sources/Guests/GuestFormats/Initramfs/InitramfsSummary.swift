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
        /// Whether `blacklist` lines hold for it: of `modprobe -b`, and of systemd-modules-load.
        package var obeysBlacklist = true
    }

    /// What is visible when drivers are loaded: the archive, or the payload that its `/init` mounts over it.
    package let contents: InitramfsContents
    /// The program that made it.
    package let generator: InitramfsGenerator
    /// Whether `/init` can start; of an archive with a payload, both of them.
    package let initState: InitramfsInit
    /// The modules by kernel release; "" holds those that lie in no release's directory (nash: `lib/*.ko`, booster:
    /// `usr/lib/modules/*.ko`).
    package internal(set) var moduleTrees: [String: InitramfsModuleTree] = [:]
    /// modprobe.d of the archive.
    package internal(set) var modprobe = ModprobeConfiguration()
    /// Modules loaded by name: `conf/modules`, `etc/modules`, modules-load.d, `insmod` lines of a nash script …
    package internal(set) var requestedModules: [RequestedModule] = []
    /// File system images in the archive whose content is not read here: what is missing may be in them.
    package private(set) var payloads: [String] = []
    /// The payload whose content is `contents`, and the archive around it, at most one.
    package private(set) var outer: [(payload: InitramfsPayload, archive: InitramfsSummary)] = []

    /// Kernel releases for which there are modules.
    package var kernelVersions: [String] {
        if let stated = boosterKernel { return [stated] }
        return moduleTrees.keys.filter { !$0.isEmpty }.sorted()
    }

    /// Interprets `contents`, read with `InitramfsRequest.standard`.
    package init(_ contents: InitramfsContents) {
        self.contents = contents
        generator = InitramfsGenerator(contents)
        initState = InitramfsInit(contents)
        collect()
    }

    /// Interprets an archive whose payload was read: `inner` is what the image holds.
    package init(_ archive: InitramfsContents, payload: InitramfsPayload, _ inner: InitramfsContents) {
        var loader = InitramfsSummary(archive)
        loader.payloads.removeAll { $0 == payload.path }
        contents = archive.entering(payload, inner)
        generator = InitramfsGenerator(contents)
        if case .runnable = loader.initState {
            // Of the old form `/init` is what starts the loader in the archive, and `/init.orig` the other.
            initState = payload.isOverlaid ? loader.initState : InitramfsInit(contents)
        } else {
            initState = loader.initState
        }
        outer = [(payload, loader)]
        collect()
    }

    private mutating func collect() {
        collectNodes()
        collectModprobe()
        collectRequests()
    }

    /// Images of file systems under names that are met in archives.
    private static let imageNames: Set<String> = [
        "squashfs-root.img", "squash-root.img", "erofs-root.img", "rootfs.squashfs", "root.squashfs",
        "squash.img", "rootfs.img",
    ]

    private mutating func collectNodes() {
        for (path, member) in contents.tree.nodes where member.kind == .file || member.kind == .symbolicLink {
            if member.kind == .file, isUnreadImage(path) { payloads.append(path) }
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
        if generator == .booster { readBooster() }
    }

    private func isUnreadImage(_ path: String) -> Bool {
        guard !outer.contains(where: { $0.payload.path == path }) else { return false }
        if InitramfsPayload.isPayload(path) { return true }
        guard let name = path.split(separator: "/").last else { return false }
        return Self.imageNames.contains(String(name))
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
}
