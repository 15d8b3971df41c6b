import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

@testable import GuestInspection

/// A system in memory, as far as its network is concerned.
struct NetworkGuest {
    private var files: [String: (text: String, mode: UInt16)] = [:]
    private var links: [String: String] = [:]
    var identity = OSIdentity()
    var commandLine = ""

    /// - Parameters:
    ///   - udev: the version of systemd and udev; nil for a system without predictable names.
    init(_ family: OSIdentity.Family, _ distribution: String, _ version: String, udev: Int?) {
        identity.family = family
        identity.distribution = distribution
        identity.versionID = version
        file("/usr/lib/systemd/systemd", "x", mode: 0o755)
        // What the units of these tests start.
        file("/bin/true", "x", mode: 0o755)
        link("/sbin/init", "/usr/lib/systemd/systemd")
        file("/usr/lib/systemd/system/multi-user.target", "[Unit]\nDescription=x\n")
        link("/usr/lib/systemd/system/default.target", "multi-user.target")
        if let udev {
            file("/usr/lib/systemd/libsystemd-shared-\(udev).so", "x")
            file("/usr/lib/udev/rules.d/80-net-setup-link.rules", "NAME==\"\", NAME=\"$env{ID_NET_NAME}\"\n")
            file(
                "/usr/lib/systemd/network/99-default.link",
                "[Match]\nOriginalName=*\n[Link]\nNamePolicy=keep kernel database onboard slot path\n")
        }
    }

    /// Lets a unit start at boot.
    mutating func start(_ unit: String) {
        file("/usr/lib/systemd/system/\(unit)", "[Service]\nExecStart=/bin/true\n")
        link("/etc/systemd/system/multi-user.target.wants/\(unit)", "/usr/lib/systemd/system/\(unit)")
    }

    mutating func file(_ path: String, _ text: String, mode: UInt16 = 0o600) {
        files[path] = (text, mode)
    }

    mutating func link(_ path: String, _ target: String) { links[path] = target }

    private var tree: FileTree {
        var disk = MemoryFileSystem()
        for (path, target) in links { disk.add(GuestPath(path), .link(target)) }
        var modes: [NodeID: UInt16] = [:]
        for (path, file) in files {
            modes[NodeID(UInt64(disk.add(GuestPath(path), .file(Array(file.text.utf8)))))] = file.mode
        }
        return FileTree(root: FileSystemWithModes(base: disk, modes: modes), top: nil)
    }

    var line: CommandLineFacts {
        let parameters = commandLine.split(separator: " ").map { word in
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            return CommandLineFacts.Parameter(name: parts[0], value: parts.count > 1 ? parts[1] : nil)
        }
        return CommandLineFacts(
            text: commandLine, parameters: parameters, evidence: Evidence(path: "/boot/grub/grub.cfg"))
    }

    private func parts() -> (GuestReader, ServiceInspection) {
        let reader = GuestReader(tree: tree)
        let services = ServiceInspection(reader: reader, commandLine: line)
        return (reader, services)
    }

    func network() -> NetworkFacts {
        let (reader, services) = parts()
        return NetworkInspection(
            reader: reader, services: services, identity: identity, commandLine: line, early: nil
        ).inspect()
    }

    /// What a NIC of `driver` finds after one of virtio.
    func network(driver: String) -> NetworkFacts {
        let (reader, services) = parts()
        func inspection(_ driver: String) -> NetworkInspection {
            NetworkInspection(
                reader: reader, services: services, identity: identity, commandLine: line, early: nil,
                driver: driver)
        }
        let virtio = inspection("virtio_net")
        _ = virtio.inspect()
        return inspection(driver).inspect(besides: [virtio])
    }

    func cloudInit() -> CloudInitFacts {
        let (reader, services) = parts()
        let network = NetworkInspection(
            reader: reader, services: services, identity: identity, commandLine: line, early: nil)
        _ = network.inspect()
        return CloudInitInspection(
            reader: reader, services: services, identity: identity, commandLine: line, network: network
        ).inspect()
    }
}

extension NetworkFacts {
    /// What the managers that start really do with the NIC.
    var effective: [InterfaceFacts] {
        interfaces.filter {
            activeManagers[$0.manager] != nil && refusing[$0.manager] == nil && $0.setAside == nil
                && $0.appliesToPrimary == .yes && $0.startsAtBoot
        }
    }

    /// `networkd: dhcp`, for each.
    var summary: [String] { effective.map { "\($0.manager.rawValue): \($0.method.rawValue)" } }

    /// Why files are not used, by path.
    var setAside: [String: String] {
        Dictionary(
            interfaces.compactMap { one in
                one.setAside.map { (one.evidence.path ?? "", $0) }
            }, uniquingKeysWith: { first, _ in first })
    }
}

/// A file system in memory whose files have modes of their own.
private struct FileSystemWithModes: FileSystemReader {
    let base: MemoryFileSystem
    let modes: [NodeID: UInt16]

    var kind: String { base.kind }
    var uuid: String? { base.uuid }
    var label: String? { base.label }
    var features: [String] { base.features }
    var usage: FileSystemUsage { base.usage }
    var conditions: [FileSystemCondition] { base.conditions }
    var root: NodeID { base.root }

    func info(_ id: NodeID) throws(ImageFault) -> FileInfo {
        var info = try base.info(id)
        if let mode = modes[id] { info.permissions = mode }
        return info
    }
    func lookup(_ name: FileName, in directory: NodeID) throws(ImageFault) -> NodeID? {
        try base.lookup(name, in: directory)
    }
    func list(_ directory: NodeID) throws(ImageFault) -> [DirectoryEntry] { try base.list(directory) }
    func read(_ id: NodeID, at offset: UInt64, count: Int) throws(ImageFault) -> Bytes {
        try base.read(id, at: offset, count: count)
    }
    func linkTarget(_ id: NodeID) throws(ImageFault) -> [UInt8] { try base.linkTarget(id) }
}
