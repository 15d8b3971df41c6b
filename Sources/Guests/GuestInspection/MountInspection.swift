import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// Reads fstab and crypttab, says what each line means in this image, and stitches the guest's tree together.
struct MountInspection {
    let reader: GuestReader
    let layout: DiskLayout
    let rootVolume: VolumeID
    /// The subvolume that is the root, of a file system that has some.
    let rootSubvolume: Subvolume?
    /// What LVM and MD are told in the root file system.
    let storage: StorageFacts
    private let crypttab: [Crypttab.Entry]

    init(reader: GuestReader, layout: DiskLayout, rootVolume: VolumeID, rootSubvolume: Subvolume?) {
        self.reader = reader
        self.layout = layout
        self.rootVolume = rootVolume
        self.rootSubvolume = rootSubvolume
        storage = StorageInspection(image: layout.image).guest(reader)
        let table = reader.parse("/etc/crypttab") { (bytes) throws(ImageFault) in try Crypttab(bytes) }
        crypttab = table.value?.entries ?? []
    }

    var resolver: DeviceResolver {
        var names: [String: DeviceSpecification] = [:]
        for entry in crypttab { names[entry.name] = entry.specification }
        return DeviceResolver(volumes: layout.image.volumes, arrays: storage.arrays, encrypted: names) {
            reader.exists($0)
        }
    }

    private func fstab() -> Reading<Fstab> {
        reader.parse("/etc/fstab") { (bytes) throws(ImageFault) in try Fstab(bytes) }
    }

    /// Mounts what fstab names over the root, outermost first, so that the reader sees what the guest would.
    ///
    /// A volume that cannot be opened leaves a gap: what would lie below its mount point is unknown.
    /// Returns where each volume is mounted.
    func stitch() -> MountTable {
        var table = MountTable(root: rootVolume, subvolume: rootSubvolume?.path ?? "")
        guard let fstab = fstab().value else { return table }
        var mounts: [(path: GuestPath, volume: VolumeID, options: MountOptions)] = []
        for entry in fstab.entries where entry.mountPoint.hasPrefix("/") && entry.mountPoint != "/" {
            guard case .volume(let id) = volumeNamed(by: entry.specification) else { continue }
            mounts.append((GuestPath(entry.mountPoint), id, entry.options))
        }
        for mount in mounts.sorted(by: { $0.path.names.count < $1.path.names.count }) {
            guard let volume = layout.volume(mount.volume) else { continue }
            if let fileSystem = volume.fileSystem {
                var top: Subvolume?
                if let subvolumes = subvolumes(of: mount.volume) {
                    // The mount fails, and what lies below stays what it is.
                    guard let found = subvolumes.selection(mount.options).subvolume else { continue }
                    top = found
                }
                reader.tree.mount(fileSystem, at: mount.path, top: top?.top)
                table.add(mount.volume, subvolume: top?.path ?? "", at: mount.path)
            } else if let facts = layout.image.volume(mount.volume) {
                reader.record(
                    facts.gap
                        ?? Gap(
                            where: "\(mount.volume) (\(mount.path))", kind: .unsupported,
                            message: "\(facts.kind ?? "what lies on it") is not read"))
            }
        }
        return table
    }

    /// The subvolumes of a volume; nil where the file system has none, or they could not be read.
    private func subvolumes(of volume: VolumeID) -> SubvolumeTable? {
        guard let fileSystem = layout.volume(volume)?.fileSystem else { return nil }
        do {
            let table = try SubvolumeTable(of: fileSystem)
            return table.subvolumes.isEmpty ? nil : table
        } catch {
            reader.record(Gap(error, at: volume))
            return nil
        }
    }

    /// A kernel name is followed to the partition it names on the first disk: that is what was mounted there.
    private func volumeNamed(by specification: DeviceSpecification) -> DeviceResolution {
        let resolution = resolver.resolve(specification)
        if case .kernelName(_, let volume?) = resolution { return .volume(volume) }
        return resolution
    }

    /// - Parameter identity: the version of systemd and the generation of the distribution decide how lines are read.
    func inspect(_ identity: OSIdentity) -> MountFacts {
        let programs = MountProgramInspection(reader: reader, identity: identity)
        var facts: MountFacts
        switch fstab() {
        case .absent: facts = MountFacts(fstab: .known([]))
        case .unreadable(let gap): facts = MountFacts(fstab: .unknown(gap))
        case .found(let fstab):
            facts = MountFacts(fstab: .known([]))
            facts.syntaxErrors = fstab.rejected.map { Evidence($0.source) }
            var entries: [MountEntry] = []
            for entry in fstab.entries {
                if programs.readsByLibmount == .yes, !entry.isSeenByLibmount {
                    facts.syntaxErrors.append(Evidence(entry.source))
                } else {
                    entries.append(self.entry(entry, programs))
                }
            }
            facts.fstab = .known(entries)
        }
        facts.program = programs.program
        facts.crypttab = crypttab.map(crypt)
        return facts
    }

    private func crypt(_ entry: Crypttab.Entry) -> CryptEntry {
        var facts = CryptEntry(
            name: entry.name, specification: entry.device,
            resolution: resolver.resolve(entry.specification), isRequired: entry.isRequired,
            evidence: Evidence(entry.source))
        facts.asksForPassphrase = entry.asksForPassphrase
        if let key = entry.keyFile, key.hasPrefix("/"), !key.hasPrefix("/dev/") {
            facts.keyFile = key
            facts.keyFileExists = reader.exists(key)
        }
        return facts
    }

    private func entry(_ entry: Fstab.Entry, _ programs: MountProgramInspection) -> MountEntry {
        let failures = programs.failures(entry)
        let isRequired: Bool =
            if entry.isSwap {
                entry.systemdPlan?.strength == .required
            } else if entry.mountPoint == "/" {
                true
            } else {
                !failures.missing.isHarmless || !failures.refused.isHarmless
            }
        var mount = MountEntry(
            specification: entry.device, mountPoint: entry.mountPoint, type: entry.type,
            options: entry.options.options.map(text), checkPass: entry.pass,
            resolution: resolver.resolve(entry.specification), isRequired: isRequired,
            evidence: Evidence(entry.source))
        if entry.mountPoint == "/" {
            mount.ifMissing = programs.rootMissing(entry)
        } else if !entry.isSwap {
            mount.ifMissing = failures.missing
            mount.ifRefused = failures.refused
        }
        if case .volume(let id) = volumeNamed(by: entry.specification) {
            mount.actualType = differingType(entry, on: id)
            mount.subvolume = subvolumes(of: id)?.selection(entry.options).reference
        }
        for problem in entry.problems { note(problem, of: entry, programs, in: &mount) }
        return mount
    }

    /// What an editor of another system left in a line.
    private func note(
        _ problem: Fstab.Problem, of entry: Fstab.Entry, _ programs: MountProgramInspection,
        in mount: inout MountEntry
    ) {
        switch problem {
        case .byteOrderMark where entry.mountPoint == "/":
            // The remount goes by mount point, as it does for any name that is no tag.
            mount.oddities.append("it starts with a byte order mark")
        case .byteOrderMark:
            mount.resolution = .notFound
            mount.oddities.append("it starts with a byte order mark, which becomes part of the device's name")
        case .carriageReturn:
            let last = entry.options.text.isEmpty ? entry.type : entry.options.text
            switch programs.readsByLibmount {
            case .yes: mount.oddities.append("it ends in a carriage return")
            case .no: mount.badOptions.append("\(last)\\r")
            case .unknown:
                mount.doubt =
                    "the line of \(entry.mountPoint) ends in a carriage return, which systemd before 254 takes for a"
                    + " part of the last field"
            }
        case .badNumber:
            mount.oddities.append("the fifth or sixth field is no number")
        case .missingType: mount.oddities.append("it names no file system type")
        case .tooFewFields, .badMountPoint: break
        }
    }

    private func text(_ option: MountOptions.Option) -> String {
        option.value.map { "\(option.name)=\($0)" } ?? option.name
    }

    /// What is really on the volume, when the kernel's driver for the stated type would not mount it.
    private func differingType(_ entry: Fstab.Entry, on id: VolumeID) -> String? {
        guard let actual = layout.image.volume(id)?.kind, !entry.type.isEmpty, entry.type != "auto" else {
            return nil
        }
        let stated = entry.type.split(separator: ",").map(String.init)
        // The ext4 driver mounts ext2 and ext3; vfat, msdos and fat are one driver's names.
        let ext: Set<String> = ["ext2", "ext3", "ext4"]
        let fat: Set<String> = ["vfat", "msdos", "fat"]
        for type in stated {
            if type == actual || type == "auto" { return nil }
            if fat.contains(type), fat.contains(actual) { return nil }
            if type == "ext4", ext.contains(actual) { return nil }
            // An ext4 driver that stands in for ext2 and ext3 refuses features those did not have.
            if ext.contains(type), actual == "ext2" || (type == "ext3" && actual == "ext3") { return nil }
        }
        return actual
    }
}
