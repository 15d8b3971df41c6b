import BlockIO
import ByteReading
import FileSystemCore
import GuestFacts
import GuestInspection

/// A file system in memory, with subvolumes where a test gives it some.
struct MemoryFileSystem: FileSystemReader {
    enum Node {
        case directory([(FileName, Int)])
        case file([UInt8])
        case link(String)
    }

    private var nodes: [Node] = [.directory([])]
    private var trees: [Subvolume] = []
    private var plain: Set<Int> = []
    var kind = "ext4"
    var uuid: String?
    let label: String? = nil
    let features: [String] = []
    let usage = FileSystemUsage(blockSize: 1, totalBytes: 0, freeBytes: 0, availableBytes: 0)
    let conditions: [FileSystemCondition] = []

    init(kind: String = "ext4", uuid: String? = nil) {
        self.kind = kind
        self.uuid = uuid
    }

    var root: NodeID { trees.first(where: \.isDefault)?.top ?? NodeID(0) }

    func subvolumes() throws(ImageFault) -> [Subvolume] { trees }

    /// Makes this a btrfs: its topmost tree, and subvolumes at these paths with the numbers 256 and up.
    mutating func makeSubvolumes(
        _ paths: [String], standard: String = "", snapshots: [String: String] = [:]
    ) {
        kind = "btrfs"
        trees = [Subvolume(id: 5, path: "", parent: nil, isDefault: standard.isEmpty, top: NodeID(0))]
        for (index, path) in paths.enumerated() {
            let node = add(GuestPath(path), .directory([]))
            trees.append(
                Subvolume(
                    id: UInt64(256 + index), path: path, parent: 5, uuid: "uuid-of-\(path)",
                    snapshotOf: snapshots[path].map { "uuid-of-\($0)" }, isDefault: path == standard,
                    top: NodeID(UInt64(node))))
        }
    }

    mutating func file(_ path: String, _ text: String = "x") { add(GuestPath(path), .file(Array(text.utf8))) }

    mutating func link(_ path: String, _ target: String) { add(GuestPath(path), .link(target)) }

    mutating func file(_ path: String, bytes: [UInt8]) { add(GuestPath(path), .file(bytes)) }

    /// A file that is not executable.
    mutating func plainFile(_ path: String, _ text: String = "x") {
        plain.insert(add(GuestPath(path), .file(Array(text.utf8))))
    }

    /// Gives a file that is there other contents, or takes it away.
    mutating func replace(_ path: String, with text: String?) {
        let path = GuestPath(path)
        let parent = add(path.parent, .directory([]))
        guard case .directory(var entries) = nodes[parent] else { return }
        entries.removeAll { $0.0 == path.lastName }
        nodes[parent] = .directory(entries)
        if let text { add(path, .file(Array(text.utf8))) }
    }

    mutating func directory(_ path: String) { add(GuestPath(path), .directory([])) }

    /// The skeleton of a system below `top`.
    mutating func system(at top: String = "", machine: String? = nil, fstab: String = "") {
        for path in ["bin/sh", "sbin/init", "lib/libc.so", "var/log/x", "etc/passwd"] {
            file("\(top)/\(path)")
        }
        file("\(top)/etc/os-release", "ID=debian\n")
        file("\(top)/etc/fstab", fstab)
        if let machine { file("\(top)/etc/machine-id", machine) }
    }

    /// Makes the directories on the way and puts `node` at `path`.
    @discardableResult mutating func add(_ path: GuestPath, _ node: Node) -> Int {
        var here = 0
        for (index, name) in path.names.enumerated() {
            guard case .directory(var entries) = nodes[here] else { return here }
            if let known = entries.first(where: { $0.0 == name }) {
                here = known.1
                continue
            }
            nodes.append(index == path.names.count - 1 ? node : .directory([]))
            entries.append((name, nodes.count - 1))
            nodes[here] = .directory(entries)
            here = nodes.count - 1
        }
        return here
    }

    private func node(_ id: NodeID) -> Node { nodes[Int(id.rawValue)] }

    func info(_ id: NodeID) throws(ImageFault) -> FileInfo {
        switch node(id) {
        case .directory: FileInfo(type: .directory, permissions: 0o755, size: 0)
        case .file(let bytes):
            FileInfo(
                type: .regular, permissions: plain.contains(Int(id.rawValue)) ? 0o644 : 0o755,
                size: UInt64(bytes.count))
        case .link(let target): FileInfo(type: .symlink, permissions: 0o777, size: UInt64(target.utf8.count))
        }
    }

    func lookup(_ name: FileName, in directory: NodeID) throws(ImageFault) -> NodeID? {
        guard case .directory(let entries) = node(directory) else { return nil }
        let folds = kind == "ntfs" || kind == "vfat"
        return entries.first {
            $0.0 == name || folds && $0.0.description.lowercased() == name.description.lowercased()
        }.map { NodeID(UInt64($0.1)) }
    }

    func list(_ directory: NodeID) throws(ImageFault) -> [DirectoryEntry] {
        guard case .directory(let entries) = node(directory) else { return [] }
        return entries.map { entry in
            let type: FileType =
                switch nodes[entry.1] {
                case .directory: .directory
                case .file: .regular
                case .link: .symlink
                }
            return DirectoryEntry(name: entry.0, node: NodeID(UInt64(entry.1)), type: type)
        }
    }

    func read(_ id: NodeID, at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        guard case .file(let bytes) = node(id) else { throw ImageFault(.corrupt, "no file") }
        return Bytes(bytes).dropFirst(Int(offset)).prefix(count)
    }

    func linkTarget(_ id: NodeID) throws(ImageFault) -> [UInt8] {
        guard case .link(let target) = node(id) else { throw ImageFault(.corrupt, "no link") }
        return Array(target.utf8)
    }
}

/// Facts of volumes and the layouts they make, as the opener of images would fill them.
enum Compose {
    static let groupUUID = "GrOuP0-aaaa-bbbb-cccc-dddd-eeee-ffffff"
    static let arrayUUID = "01234567:89abcdef:fedcba98:76543210"

    static func partition(_ number: Int, _ kind: String?, uuid: String? = nil) -> VolumeFacts {
        var volume = VolumeFacts(id: "gpt:\(number)", size: 1 << 30)
        volume.kind = kind
        volume.uuid = uuid
        volume.partitionNumber = number
        volume.partUUID = "0a0b0c0d-0000-4000-8000-00000000000\(number)"
        return volume
    }

    static func logical(
        _ group: String, _ name: String, on parts: [VolumeID], kind: String? = "ext4", uuid: String? = nil,
        kinds: [String] = ["linear"]
    ) -> VolumeFacts {
        var volume = VolumeFacts(id: "lvm:\(group)/\(name)", size: 1 << 30)
        volume.kind = kind
        volume.uuid = uuid
        volume.madeOf = parts
        volume.logicalVolume = LogicalVolumeFacts(
            group: group, name: name, groupUUID: groupUUID, uuid: "vOlUmE-\(name)-1", kinds: kinds)
        return volume
    }

    static func array(_ name: String?, metadata: String = "1.2", on parts: [VolumeID], uuid: String? = nil)
        -> VolumeFacts
    {
        var volume = VolumeFacts(id: "md:\(name ?? "0")", size: 1 << 30)
        volume.kind = "ext4"
        volume.uuid = uuid
        volume.madeOf = parts
        volume.array = ArrayFacts(
            name: name, uuid: arrayUUID, level: "raid1", metadata: metadata, deviceCount: parts.count,
            presentCount: parts.count)
        return volume
    }

    static func layout(_ volumes: [VolumeFacts], _ systems: [VolumeID: MemoryFileSystem]) -> DiskLayout {
        var image = ImageFacts(
            container: ContainerFacts(format: "raw", virtualSize: 4 << 30, fileSize: 4 << 30))
        image.partitions = PartitionTableFacts(kind: .gpt, sectorSize: 512)
        image.volumes = volumes
        let source = MemorySource([UInt8](repeating: 0, count: 4096))
        return DiskLayout(
            disk: source, image: image, table: nil,
            volumes: volumes.map { OpenedVolume(id: $0.id, source: source, fileSystem: systems[$0.id]) })
    }
}
