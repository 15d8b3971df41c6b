import BlockIO
import ByteReading
import FileSystemCore
import GuestFacts
import GuestInspection
import ImageFormats
import SystemPackage
import Volumes

/// Takes an image apart: container, partitions, volumes, file systems.
struct LayoutOpener {
    let options: ScanOptions

    /// The layout of the image in `file`.
    ///
    /// Throws when the file is no disk image that can be read; what is wrong further in becomes findings and
    /// gaps.
    func open(_ file: FileSource) throws(ImageFault) -> DiskLayout {
        let policy = BackingPolicy(allowing: options.allowedDirectories.map { FilePath($0) })
        let format = try statedFormat()
        switch try ImageFileOpener(policy: policy).open(file, as: format) {
        case .recognised(let other):
            guard other.name == "iso9660" else {
                throw ImageFault(.unsupported, LayoutOpener.sentence(other))
            }
            var container = ContainerFacts(format: "raw", virtualSize: file.size, fileSize: file.size)
            container.content = .iso
            return DiskLayout(disk: file, image: ImageFacts(container: container), table: nil, volumes: [])
        case .opened(let opened):
            return try layout(of: opened)
        }
    }

    func statedFormat() throws(ImageFault) -> ImageFormat? {
        guard let name = options.imageFormat else { return nil }
        guard let format = ImageFormat(named: name) else {
            let known = ImageFormat.allCases.map(\.rawValue).joined(separator: ", ")
            throw ImageFault(.unsupported, "format \(name) is not read; these are: \(known)")
        }
        return format
    }

    private static func sentence(_ other: RecognisedContainer) -> String {
        let article = other.title.first.map { "AEIOUaeioux".contains($0) } == true ? "an" : "a"
        var text = "this is \(article) \(other.title), which is not read: \(other.advice)"
        if let command = other.command, !other.advice.contains(command) { text += ": \(command)" }
        return text
    }

    private func layout(of opened: OpenedImage) throws(ImageFault) -> DiskLayout {
        let disk = CachedSource(opened.disk)
        var image = ImageFacts(container: container(opened))
        let isEmpty = opened.findings.contains { $0.code == .emptyFile || $0.code == .noData }
        if isEmpty {
            image.container.content = .empty
            return DiskLayout(disk: disk, image: image, table: nil, volumes: [])
        }
        do {
            let table = try PartitionTable(of: disk)
            image.partitions = partitions(table)
            var assembly = StorageAssembly()
            if table.partitions.isEmpty, table.scheme == .none {
                assembly.add(VolumeFacts(id: "disk", size: disk.size), disk)
            }
            for partition in table.partitions where !partition.isExtended {
                assembly.add(partition, on: disk, id: id(of: partition, in: table))
            }
            assembly.assemble()
            image.groups = assembly.groups
            var opener = VolumeOpener(assembly.devices)
            let (facts, volumes) = opener.open()
            image.volumes = facts
            return DiskLayout(disk: disk, image: image, table: table, volumes: volumes)
        } catch {
            image.gaps.append(Gap(error, at: "partition table"))
            return DiskLayout(disk: disk, image: image, table: nil, volumes: [])
        }
    }

    private func container(_ opened: OpenedImage) -> ContainerFacts {
        var facts = ContainerFacts(
            format: opened.format.rawValue, virtualSize: opened.virtualSize, fileSize: opened.fileSize)
        facts.kind = opened.subformat
        facts.findings = opened.findings.map {
            StructureFinding(
                code: $0.code.rawValue, message: $0.message,
                evidence: Evidence(layer: opened.format.rawValue, offset: $0.offset))
        }
        facts.backingFiles = opened.references.map {
            BackingReference(name: $0.name, opened: $0.refusal == nil, reason: $0.refusal?.message)
        }
        return facts
    }

    private func id(of partition: Partition, in table: PartitionTable) -> VolumeID {
        table.diskGUID == nil ? "mbr:\(partition.number)" : "gpt:\(partition.number)"
    }

    private func partitions(_ table: PartitionTable) -> PartitionTableFacts {
        let kind: PartitionTableFacts.Kind =
            switch table.scheme {
            case .none: .none
            case .mbr, .protective: .mbr
            case .gpt: .gpt
            case .hybrid: .hybrid
            }
        var facts = PartitionTableFacts(kind: kind, sectorSize: table.sectorSize)
        facts.identity = table.uuid
        facts.findings = table.findings.map {
            StructureFinding(
                code: $0.code.rawValue, message: $0.message,
                evidence: Evidence(layer: table.scheme.rawValue, offset: $0.offset))
        }
        facts.partitions = table.partitions.filter { !$0.isExtended }.map {
            PartitionFacts(
                number: $0.number, offset: $0.start, size: $0.size, type: $0.kind.description,
                partUUID: $0.partUUID, partLabel: $0.name, active: $0.isActive,
                isEFISystem: $0.kind.isEFISystem, isBIOSBoot: $0.kind.isBIOSBoot,
                volume: id(of: $0, in: table))
        }
        return facts
    }
}
