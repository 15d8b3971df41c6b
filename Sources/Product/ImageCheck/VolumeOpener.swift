import BlockIO
import ByteReading
import FileSystemCore
import GuestFacts
import GuestInspection
import Volumes

/// Opens the file systems on the devices of an image. One that cannot be opened leaves a gap and hides no other.
struct VolumeOpener {
    private var devices: [StorageAssembly.Device]
    private var opened: [VolumeID: any FileSystemReader] = [:]

    init(_ devices: [StorageAssembly.Device]) {
        self.devices = devices
    }

    /// Opens what can be opened.
    mutating func open() -> (facts: [VolumeFacts], volumes: [OpenedVolume]) {
        openSets()
        for index in devices.indices { open(index) }
        let volumes = devices.map {
            OpenedVolume(
                id: $0.facts.id, source: $0.source ?? MemorySource([]), fileSystem: opened[$0.facts.id])
        }
        return (devices.map(\.facts), volumes)
    }

    // MARK: One device

    private mutating func open(_ index: Int) {
        let device = devices[index]
        guard let source = device.source, opened[device.facts.id] == nil, device.facts.gap == nil,
            device.facts.memberOf == nil,
            VolumeOpener.showsFiles(device)
        else { return }
        do {
            if let fileSystem = try fileSystem(on: source, of: device) {
                keep(fileSystem, at: index)
            } else if let kind = device.facts.kind, !VolumeOpener.holdsNoFiles.contains(kind) {
                devices[index].facts.gap = Gap(
                    where: device.facts.id, kind: .unsupported,
                    message: device.signatures.first?.hides ?? "\(kind) is not read by this version")
            }
        } catch {
            devices[index].facts.gap = Gap(error, at: device.facts.id)
        }
    }

    /// What lies on a part of something larger is told of the whole. Only firmware looks at such a part by itself:
    /// it reads an EFI system partition that is a mirror as the FAT it starts with.
    private static func showsFiles(_ device: StorageAssembly.Device) -> Bool {
        guard device.isArrayMember else { return true }
        return device.partition?.kind.isEFISystem == true
            && device.signatures.contains { $0.kind == "vfat" }
    }

    /// Kinds that hold no files, so that not reading them leaves no gap. What the parts of groups and arrays hold is
    /// told of the whole; where there is no whole, the assembly has said so.
    private static let holdsNoFiles: Set<String> = [
        "swap", "swsuspend", "LVM2_member", "linux_raid_member",
    ]

    private func fileSystem(
        on source: any BlockSource, of device: StorageAssembly.Device
    ) throws(ImageFault) -> (any FileSystemReader)? {
        if device.isArrayMember { return try FileSystemRegistry.open(source, kind: "vfat") }
        if let kind = device.facts.kind {
            return FileSystemRegistry.kinds.contains(kind)
                ? try FileSystemRegistry.open(source, kind: kind) : nil
        }
        // A BIOS boot partition holds code, not files.
        if device.partition?.kind.isBIOSBoot == true { return nil }
        return try FileSystemRegistry.openFromBackup(source)
    }

    private mutating func keep(_ fileSystem: any FileSystemReader, at index: Int) {
        opened[devices[index].facts.id] = fileSystem
        guard !devices[index].isArrayMember else { return }
        VolumeOpener.describe(fileSystem, in: &devices[index].facts)
    }

    // MARK: File systems on several devices

    /// Opens each file system that spans devices with all of them. The first of them stands for it; the others say
    /// whose part they are.
    private mutating func openSets() {
        for set in FileSystemRegistry.sets(devices) {
            guard let first = set.first else { continue }
            do {
                let sources = set.compactMap { devices[$0].source }
                keep(try FileSystemRegistry.open(set: sources), at: first)
            } catch {
                devices[first].facts.gap = Gap(error, at: devices[first].facts.id)
            }
            for other in set.dropFirst() { devices[other].facts.memberOf = devices[first].facts.id }
        }
    }

    // MARK: Facts

    private static func describe(_ fileSystem: any FileSystemReader, in facts: inout VolumeFacts) {
        facts.kind = fileSystem.kind
        facts.uuid = fileSystem.uuid ?? facts.uuid
        facts.label = fileSystem.label ?? facts.label
        facts.features = fileSystem.features
        let usage = fileSystem.usage
        // Where counting would mean reading much, the size is not known.
        if usage.totalBytes > 0 {
            facts.usage = VolumeUsage(
                totalBytes: usage.totalBytes, freeBytes: usage.freeBytes,
                availableBytes: usage.availableBytes, totalInodes: usage.totalInodes,
                freeInodes: usage.freeInodes)
        }
        facts.conditions += conditions(of: fileSystem, on: facts.id)
        do {
            facts.subvolumes = try fileSystem.subvolumes().map {
                SubvolumeFacts(
                    id: $0.id, path: $0.path, isDefault: $0.isDefault, isReadOnly: $0.isReadOnly,
                    isSnapshot: $0.snapshotOf != nil)
            }
        } catch {
            facts.conditions.append(
                StructureFinding(
                    code: "subvolumesUnreadable", message: "the list of subvolumes cannot be read: \(error)",
                    evidence: Evidence(layer: facts.id)))
        }
    }

    /// What a file system says of its own state. Some is found only while files are read, so it is asked again
    /// at the end.
    static func conditions(of fileSystem: any FileSystemReader, on id: VolumeID) -> [StructureFinding] {
        fileSystem.conditions.map {
            StructureFinding(
                code: $0.code.rawValue, message: $0.message,
                evidence: Evidence(layer: "\(id) › \(fileSystem.kind)", offset: $0.offset))
        }
    }
}
