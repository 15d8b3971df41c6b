import BlockIO
import ByteReading
import FileSystemCore
import GuestFormats
import SquashFS

/// Reads the file system image inside an initramfs as if its files stood in the archive.
struct InitramfsPayloadReader {
    let source: any BlockSource
    private let request = InitramfsRequest.standard

    private static let depthLimit = 64

    /// Everything in it, with the contents that matter. Damage and limits end up in the result's `fault`.
    ///
    /// Throws when the image cannot be opened at all.
    func read() throws(ImageFault) -> InitramfsContents {
        let fileSystem = try SquashFileSystem(source)
        var walk = Walk(fileSystem: fileSystem, request: request)
        do throws(ImageFault) {
            try walk.directory(fileSystem.root, "", depth: 0)
        } catch {
            walk.contents.fault = error
        }
        if walk.contents.fault == nil, let condition = fileSystem.conditions.first {
            walk.contents.fault = ImageFault(.truncated, condition.message, at: condition.offset)
        }
        return walk.contents
    }

    private struct Walk {
        let fileSystem: SquashFileSystem
        let request: InitramfsRequest
        var contents = InitramfsContents()
        var keptCount = 0
        var nodesLeft: Budget
        /// Directories on the way down: a directory that holds itself is damage.
        var open: Set<NodeID> = []

        init(fileSystem: SquashFileSystem, request: InitramfsRequest) {
            self.fileSystem = fileSystem
            self.request = request
            nodesLeft = Budget(request.memberLimit, of: "files in the payload of an initramfs")
        }

        mutating func directory(_ node: NodeID, _ path: String, depth: Int) throws(ImageFault) {
            guard depth < depthLimit, open.insert(node).inserted else {
                throw ImageFault(.corrupt, "directories without end at \(path)")
            }
            defer { open.remove(node) }
            for entry in try fileSystem.list(node) {
                try nodesLeft.spend()
                let name = entry.name.description
                try add(entry.node, path.isEmpty ? name : path + "/" + name, depth: depth)
            }
        }

        private mutating func add(_ node: NodeID, _ path: String, depth: Int) throws(ImageFault) {
            let info = try fileSystem.info(node)
            var member = InitramfsMember(
                path: path, mode: kindBits(info.type) | UInt32(info.permissions), size: info.size)
            if info.type == .symlink {
                member.linkTarget = String(decoding: try fileSystem.linkTarget(node), as: UTF8.self)
            }
            contents.members.append(member)
            contents.tree.insert(member)
            switch info.type {
            case .directory: try directory(node, path, depth: depth + 1)
            case .regular:
                let wanted = min(request.keep(path, info.size), request.totalLimit - keptCount)
                guard wanted > 0 else { return }
                let bytes = try fileSystem.read(node, at: 0, count: wanted)
                keptCount += bytes.count
                // A copy, because a window into a block would keep all of that alive.
                contents.files[path] = InitramfsContents.File(
                    bytes: Bytes(bytes.array), isWhole: UInt64(bytes.count) == info.size)
            default: return
            }
        }

        private func kindBits(_ type: FileType) -> UInt32 {
            switch type {
            case .regular: 0o100000
            case .directory: 0o040000
            case .symlink: 0o120000
            default: 0o020000
            }
        }
    }
}
