import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats
import Volumes

/// Finds the volume that a device element of a boot configuration store means, as the boot manager does.
struct WindowsBootDevices {
    let boot: WindowsBootInspection
    /// The partition the boot manager was started from.
    let bootVolume: VolumeID

    private var table: PartitionTable? { boot.layout.table }

    /// What `element` of an object means. `wanted` is the volume it should lead to: its identity is offered as a
    /// replacement when it does not.
    func facts(
        _ element: BCDElementType, of settings: BCDSettings, wanted: VolumeID
    ) -> WindowsBootDeviceFacts? {
        guard let value = settings[element] else { return nil }
        let resolution: WindowsBootDeviceFacts.Resolution =
            switch value {
            case .device(let device): resolve(device, settings)
            case .raw(let fault) where fault.kind == .corrupt || fault.kind == .truncated:
                .invalid(fault.message)
            case .raw(let fault): .unknown(fault.message)
            default: .invalid("no device")
            }
        let name = element.name(in: settings.object.type)
        var facts = WindowsBootDeviceFacts(
            text: value.description, resolution: resolution,
            evidence: evidence(element, of: settings, "\(name) = \(value)"))
        switch resolution {
        case .otherDisk, .noPartition, .notFound, .invalid: facts.replacement = identity(of: wanted)?.element
        case .volume(let id) where id != wanted: facts.replacement = identity(of: wanted)?.element
        default: break
        }
        return facts
    }

    /// The place of an element in the store.
    func evidence(_ element: BCDElementType, of settings: BCDSettings, _ excerpt: String) -> Evidence {
        let key = settings.keyPath(of: element) ?? settings.object.keyPath
        var evidence = Evidence(path: "BCD\\\(key)", excerpt: excerpt)
        evidence.layer = bootVolume
        return evidence
    }

    /// How the store would name a partition of this disk.
    func identity(of volume: VolumeID) -> BCDPartition? {
        guard let table,
            let facts = boot.layout.image.partitions?.partitions.first(where: { $0.volume == volume })
        else { return nil }
        if let disk = table.diskGUID {
            return facts.partUUID.flatMap { GUID($0) }.map { .gpt(partition: $0, disk: disk) }
        }
        return table.diskSignature.map { .mbr(offset: facts.offset, signature: $0) }
    }

    private func resolve(_ device: BCDDevice, _ settings: BCDSettings) -> WindowsBootDeviceFacts.Resolution {
        switch device {
        case .boot: return .volume(bootVolume)
        case .partition(let partition): return resolve(partition)
        case .locate(let element, let path, nil): return locate(element, path, settings)
        case .locate(_, _, .virtualDisk(let inner)?), .virtualDisk(let inner):
            if case .file(let file) = inner { return resolve(file, "virtual disk", settings) }
            return .insideFile("virtual disk")
        case .ramDisk(let file): return resolve(file, "ramdisk", settings)
        case .file(let file): return resolve(file, "file", settings)
        case .disk, .locate, .other: return .unknown("\(device) is not followed")
        }
    }

    /// A file that is used as a disk: whether it is there, not what is in it.
    private func resolve(
        _ file: BCDFile, _ kind: String, _ settings: BCDSettings
    ) -> WindowsBootDeviceFacts.Resolution {
        let path = "/" + file.path.split(separator: "\\").joined(separator: "/")
        switch resolve(file.device, settings) {
        case .volume(let id):
            guard let volume = boot.volume(id) else { return .unknown("\(id) cannot be read") }
            switch volume.files.info(path) {
            case .found: return .insideFile(kind)
            case .absent: return .missingFile(volume.shown(path))
            case .unreadable(let gap): return .unknown(gap.message)
            }
        case .insideFile, .missingFile: return .insideFile(kind)
        case let other: return other
        }
    }

    /// Both the disk and the partition have to be those of the element.
    private func resolve(_ partition: BCDPartition) -> WindowsBootDeviceFacts.Resolution {
        guard let table else { return .unknown("the partition table could not be read") }
        let partitions = boot.layout.image.partitions?.partitions ?? []
        let found: PartitionFacts?
        switch partition {
        case .gpt(let id, let disk):
            guard table.diskGUID == disk else { return .otherDisk }
            found = partitions.first { $0.partUUID.flatMap { GUID($0) } == id }
        case .mbr(let offset, let signature):
            guard table.diskGUID == nil, table.diskSignature == signature else { return .otherDisk }
            found = partitions.first { $0.offset == offset }
        case .raw, .other: return .unknown("\(partition) is not followed")
        }
        return found.map { .volume($0.volume) } ?? .noPartition
    }

    /// The first partition with the file that another element of the object names. In which order Windows looks is not
    /// documented, so with several the answer is open.
    private func locate(
        _ element: BCDElementType, _ path: String, _ settings: BCDSettings
    ) -> WindowsBootDeviceFacts.Resolution {
        let wanted = path.isEmpty ? settings.string(element) ?? "" : path
        guard !wanted.isEmpty else { return .notFound }
        let file = "/" + wanted.split(separator: "\\").joined(separator: "/")
        var found: [VolumeID] = []
        for opened in boot.layout.volumes {
            guard let volume = boot.volume(opened.id), ["ntfs", "vfat"].contains(volume.fileSystem.kind)
            else {
                continue
            }
            switch volume.files.info(file) {
            case .found: found.append(opened.id)
            case .absent: continue
            case .unreadable(let gap): return .unknown(gap.message)
            }
        }
        if found.count > 1 {
            return .unknown(
                "\(wanted) is on \(found.joined(separator: " and ")), and which is taken is not known")
        }
        if let only = found.first { return .volume(only) }
        return boot.layout.image.volumes.contains { $0.gap != nil }
            ? .unknown("\(wanted) may be on a volume that could not be read") : .notFound
    }
}
