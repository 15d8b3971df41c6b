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

    private func statedFormat() throws(ImageFault) -> ImageFormat? {
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
            var volumes: [OpenedVolume] = []
            if table.partitions.isEmpty, table.scheme == .none {
                volumes.append(volume(id: "disk", source: disk, partition: nil, into: &image))
            }
            for partition in table.partitions where !partition.isExtended {
                // The kernel cuts a partition off where the disk ends.
                let rest = disk.size > partition.start ? disk.size - partition.start : 0
                let source = try SliceSource(disk, start: partition.start, size: min(partition.size, rest))
                volumes.append(
                    volume(
                        id: id(of: partition, in: table), source: source, partition: partition, into: &image))
            }
            return DiskLayout(disk: disk, image: image, table: table, volumes: volumes)
        } catch {
            image.gaps.append(Gap(error, at: "partition table"))
            return DiskLayout(disk: disk, image: image, table: nil, volumes: [])
        }
    }

    private func container(_ opened: OpenedImage) -> ContainerFacts {
        var facts = ContainerFacts(
            format: opened.format.rawValue, virtualSize: opened.virtualSize, fileSize: opened.fileSize)
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

    /// Identifies what lies on a volume and opens it where that is a file system that is read.
    private func volume(
        id: VolumeID, source: any BlockSource, partition: Partition?, into image: inout ImageFacts
    ) -> OpenedVolume {
        var facts = VolumeFacts(id: id, size: source.size)
        facts.partitionNumber = partition?.number
        facts.partUUID = partition?.partUUID
        facts.partLabel = partition?.name
        var opened = OpenedVolume(id: id, source: source, fileSystem: nil)
        do {
            let signatures = try VolumeProbe.identify(source)
            if let first = signatures.first {
                facts.kind = first.kind
                facts.uuid = first.uuid
                facts.label = first.label
            }
            if signatures.count > 1 {
                facts.conditions.append(
                    StructureFinding(
                        code: "ambivalent",
                        message: "several signatures: " + signatures.map(\.kind).joined(separator: ", "),
                        evidence: Evidence(layer: id)))
            }
            if let fileSystem = try fileSystem(on: source, kind: facts.kind, partition: partition) {
                opened.fileSystem = fileSystem
                describe(fileSystem, in: &facts)
            } else if let kind = facts.kind, !LayoutOpener.holdsNoFiles.contains(kind) {
                facts.gap = Gap(where: id, kind: .unsupported, message: "\(kind) is not read by this version")
            }
        } catch {
            facts.gap = Gap(error, at: id)
        }
        image.volumes.append(facts)
        return opened
    }

    /// Kinds that hold no files, so that not reading them leaves no gap.
    private static let holdsNoFiles: Set<String> = ["swap", "swsuspend"]

    private func fileSystem(
        on source: any BlockSource, kind: String?, partition: Partition?
    ) throws(ImageFault) -> (any FileSystemReader)? {
        if let kind {
            return FileSystemRegistry.kinds.contains(kind) ? try FileSystemRegistry.open(source) : nil
        }
        // A BIOS boot partition holds code, not files.
        if partition?.kind.isBIOSBoot == true { return nil }
        return try FileSystemRegistry.openFromBackup(source)
    }

    private func describe(_ fileSystem: any FileSystemReader, in facts: inout VolumeFacts) {
        facts.kind = fileSystem.kind
        facts.uuid = fileSystem.uuid ?? facts.uuid
        facts.label = fileSystem.label ?? facts.label
        facts.features = fileSystem.features
        let usage = fileSystem.usage
        facts.usage = VolumeUsage(
            totalBytes: usage.totalBytes, freeBytes: usage.freeBytes, availableBytes: usage.availableBytes,
            totalInodes: usage.totalInodes, freeInodes: usage.freeInodes)
        facts.conditions += LayoutOpener.conditions(of: fileSystem, on: facts.id)
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
