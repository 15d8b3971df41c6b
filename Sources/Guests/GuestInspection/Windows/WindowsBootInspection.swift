import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// Follows what each firmware does with the image, through the boot manager and its store, to winload and the kernel.
///
/// Nothing of this needs the registry of the system itself: a start comes this far before it is read.
struct WindowsBootInspection {
    typealias Step = GuestFacts.BootStep

    let reader: WindowsReader
    let identity: WindowsIdentity

    var layout: DiskLayout { reader.layout }

    func inspect() -> WindowsBootFacts {
        var facts = WindowsBootFacts()
        facts.managerVolumes = volumes(holding: ["/bootmgr", "/ntldr"])
        facts.startableVolumes = volumes(holding: ["/Boot/BCD", "/ntldr"]).filter(
            facts.managerVolumes.contains)
        facts.uefi = uefiPath()
        facts.bios = biosPath(facts, startsByUEFI: facts.uefi.isPresent == .yes)
        return facts
    }

    /// A volume that firmware or the boot manager reads.
    struct Volume {
        let id: VolumeID
        let fileSystem: any FileSystemReader
        let files: GuestReader
        /// How its files are shown: the system volume's by their letter.
        private let paths: WindowsPaths?

        init(_ id: VolumeID, _ fileSystem: any FileSystemReader, paths: WindowsPaths?) {
            self.id = id
            self.fileSystem = fileSystem
            files = GuestReader(tree: FileTree(root: fileSystem))
            self.paths = paths
        }

        /// A file, as Windows writes it.
        func shown(_ path: String) -> String {
            paths?.display(path) ?? "\\" + path.split(separator: "/").joined(separator: "\\")
        }

        func evidence(_ path: String, _ excerpt: String? = nil) -> Evidence {
            var evidence = Evidence(path: shown(path), excerpt: excerpt)
            if paths == nil { evidence.layer = "\(id) › \(fileSystem.kind)" }
            return evidence
        }
    }

    /// An opened volume; nil when it could not be opened.
    func volume(_ id: VolumeID) -> Volume? {
        guard let fileSystem = layout.volume(id)?.fileSystem else { return nil }
        return Volume(id, fileSystem, paths: id == reader.volume ? reader.paths : nil)
    }

    /// Volumes with a regular file at one of the paths, in the order of the disk.
    func volumes(holding paths: [String]) -> [VolumeID] {
        layout.volumes.map(\.id).filter { id in
            guard let volume = volume(id), ["ntfs", "vfat"].contains(volume.fileSystem.kind) else {
                return false
            }
            return paths.contains { volume.files.info($0).value?.type == .regular }
        }
    }

    /// Remembers what could not be read on a volume other than the system's.
    func keepGaps(of volume: Volume) {
        for gap in volume.files.gaps { reader.files.record(gap) }
    }
}

extension WindowsBootPath {
    mutating func holds(_ message: String, _ evidence: Evidence..., isFirmware: Bool = true) {
        steps.append(BootStep(isFirmware: isFirmware, state: .holds, message: message, evidence: evidence))
    }

    /// The way ends here.
    mutating func breaks(
        _ code: String, _ message: String, _ evidence: [Evidence], isFirmware: Bool = true
    ) {
        steps.append(
            BootStep(isFirmware: isFirmware, state: .broken, code: code, message: message, evidence: evidence)
        )
    }

    /// What happens here could not be found out.
    mutating func open(
        _ code: String, _ message: String, _ evidence: [Evidence] = [], isFirmware: Bool = true
    ) {
        steps.append(
            BootStep(
                isFirmware: isFirmware, state: .unknown, code: code, message: message, evidence: evidence))
    }

    mutating func note(_ code: String, _ message: String, _ evidence: Evidence) {
        notes.append(StructureFinding(code: code, message: message, evidence: evidence))
    }
}
