import ByteReading
import GuestFormats

/// Disks of a few files, for tests.
struct MemoryGrubHost: GrubHost {
    struct Volume {
        var uuid: String?
        var label: String?
        var files: [String: [UInt8]] = [:]
        var unreadable: Set<String> = []
        var modules: Set<String> = []
        var defaultSubvolume: String?
    }

    var volumes: [String: Volume] = [:]
    var order: [String] = []

    init(_ volumes: (String, Volume)...) {
        for (name, volume) in volumes {
            self.volumes[name] = volume
            order.append(name)
        }
    }

    /// One volume with a Debian kernel and this configuration.
    init(configuration: String, environment: [(String, String)]? = nil, extra: [String: String] = [:]) {
        var volume = Volume(uuid: "a12f6a6b-394f-4861-a30d-a4d22e1b8870", label: "ROOT")
        for path in [
            "/boot/vmlinuz-1", "/boot/vmlinuz-2", "/boot/vmlinuz-3", "/boot/initrd-1", "/boot/initrd-2",
            "/boot/initrd-3",
        ] {
            volume.files[path] = [1, 2, 3]
        }
        volume.files["/boot/grub/grub.cfg"] = Array(configuration.utf8)
        if let environment { volume.files["/boot/grub/grubenv"] = environmentBlock(environment) }
        for (path, text) in extra { volume.files[path] = Array(text.utf8) }
        self.init(("hd0,msdos1", volume))
    }

    private func fault(_ path: String, _ device: GrubDevice) throws(ImageFault) {
        if volumes[device.name]?.unreadable.contains(path) == true {
            throw ImageFault(.corrupt, "\(path) cannot be read")
        }
    }

    func device(named name: String) throws(ImageFault) -> GrubDevice? {
        volumes[name] == nil ? nil : GrubDevice(name)
    }

    func modules(of device: GrubDevice) -> Set<String> { volumes[device.name]?.modules ?? [] }

    func defaultSubvolume(of device: GrubDevice) throws(ImageFault) -> String? {
        volumes[device.name]?.defaultSubvolume
    }

    func device(
        matching key: GrubSearchKey, hints: [String], where sees: (GrubDevice) -> Bool
    ) throws(ImageFault) -> GrubDevice? {
        let found = order.filter { name in
            guard let volume = volumes[name], sees(GrubDevice(name)) else { return false }
            return switch key {
            case .fileSystemUUID(let uuid): volume.uuid?.lowercased() == uuid.lowercased()
            case .label(let label): volume.label == label
            case .file(let path): volume.files[path] != nil
            }
        }
        return (hints.first { found.contains($0) } ?? found.first).map(GrubDevice.init)
    }

    func file(at path: String, on device: GrubDevice) throws(ImageFault) -> GrubFile? {
        try fault(path, device)
        let files = volumes[device.name]?.files ?? [:]
        if let file = files[path] {
            return GrubFile(size: UInt64(path.contains("vmlinuz") ? file.count << 20 : file.count))
        }
        let prefix = path.hasSuffix("/") ? path : path + "/"
        return files.keys.contains { $0.hasPrefix(prefix) } ? GrubFile(isDirectory: true) : nil
    }

    func contents(of path: String, on device: GrubDevice, limit: Int) throws(ImageFault) -> Bytes? {
        try fault(path, device)
        guard let file = volumes[device.name]?.files[path] else { return nil }
        guard file.count <= limit else { throw ImageFault(.limit, "\(path) has \(file.count) bytes") }
        return Bytes(file)
    }

    func names(inDirectory path: String, on device: GrubDevice) throws(ImageFault) -> [String]? {
        try fault(path, device)
        let prefix = path.hasSuffix("/") ? path : path + "/"
        var names: [String] = []
        for file in (volumes[device.name]?.files ?? [:]).keys.sorted() where file.hasPrefix(prefix) {
            let name = String(file.dropFirst(prefix.count).prefix { $0 != "/" })
            if !names.contains(name) { names.append(name) }
        }
        return names.isEmpty ? nil : names
    }

    func property(_ property: GrubDeviceProperty, of device: GrubDevice) throws(ImageFault) -> String? {
        switch property {
        case .fileSystemUUID: volumes[device.name]?.uuid
        case .label: volumes[device.name]?.label
        case .fileSystem: "ext2"
        case .partitionMap: "msdos"
        case .partitionUUID: nil
        }
    }
}

/// A block as `grub-editenv` writes it.
func environmentBlock(_ variables: [(String, String)], size: Int = 1024) -> [UInt8] {
    var text = "# GRUB Environment Block\n"
    for (name, value) in variables { text += "\(name)=\(value)\n" }
    var bytes = Array(text.utf8)
    while bytes.count < size { bytes.append(UInt8(ascii: "#")) }
    return bytes
}

extension GrubStart {
    /// A start from the first partition of a BIOS disk.
    static let bios = GrubStart(
        platform: .pc, processor: "i386", root: "hd0,msdos1", prefix: "(hd0,msdos1)/boot/grub",
        commandPath: "(hd0)")
}

extension GrubOutcome {
    /// A word for comparisons.
    var name: String {
        switch self {
        case .boots: "boots"
        case .menu: "menu"
        case .prompt: "prompt"
        case .rescue: "rescue"
        case .password: "password"
        case .leaves(let command): command
        case .abandoned: "abandoned"
        }
    }
}

/// Runs a configuration on a BIOS disk.
func run(_ host: MemoryGrubHost, _ start: GrubStart = .bios) -> GrubEvaluation {
    GrubInterpreter(host: host, start: start).run()
}
