import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// The state of the system volume, and the drives that Windows expects.
struct WindowsVolumeInspection {
    let reader: WindowsReader
    let identity: WindowsIdentity

    func inspect() -> WindowsVolumeFacts {
        var facts = WindowsVolumeFacts()
        facts.hibernation = hibernation()
        facts.systemLetter = String(reader.paths.systemLetter)
        let manager = #"Control\Session Manager"#
        if case .found(let value) = reader.value("BootExecute", of: reader.control(manager)) {
            let lines = value.strings ?? []
            facts.bootExecute = Located(
                lines,
                Evidence(
                    path: reader.displayControl(manager),
                    excerpt: "BootExecute = \(lines.joined(separator: ", "))"))
        }
        facts.fastStartup = flag("HiberbootEnabled", manager + #"\Power"#)
        facts.hibernateEnabled = flag("HibernateEnabled", #"Control\Power"#)
        facts.letters = letters()
        facts.dataPaths = dataPaths()
        return facts
    }

    private func flag(_ name: String, _ key: String) -> Located<Bool>? {
        guard let number = reader.value(name, of: reader.control(key)).value?.integer else { return nil }
        return Located(
            number != 0, Evidence(path: reader.displayControl(key), excerpt: "\(name) = \(number)"))
    }

    private func hibernation() -> Fact<WindowsHibernationFacts?> {
        let path = "/hiberfil.sys"
        switch reader.files.head(path, count: 4096) {
        case .absent: return .known(nil)
        case .unreadable(let gap): return .unknown(gap)
        case .found(let head):
            let file = HibernationFile(parsing: head)
            return .known(
                WindowsHibernationFacts(
                    state: file.rawValue, holdsSession: file.holdsSession,
                    evidence: Evidence(
                        path: reader.paths.display(path),
                        excerpt: head.prefix(4).isAllZero
                            ? "starts with zeros" : "starts with \(head.prefix(4).text)")))
        }
    }

    // MARK: Drives

    private func letters() -> Fact<[WindowsDriveLetterFacts]?> {
        let key = reader.key("MountedDevices", in: "SYSTEM")
        let shown = WindowsReader.display("MountedDevices", in: "SYSTEM")
        switch reader.values(of: key) {
        case .absent: return .known(nil)
        case .unreadable(let gap): return .unknown(gap)
        case .found(let values):
            var letters: [WindowsDriveLetterFacts] = []
            for value in values {
                guard let rest = value.name.droppingPrefix("\\DosDevices\\"), rest.count == 2,
                    rest.last == ":",
                    let device = MountedDevice(parsing: value.data)
                else { continue }
                let isPartition =
                    switch device {
                    case .partition, .identifier: true
                    case .other: false
                    }
                letters.append(
                    WindowsDriveLetterFacts(
                        letter: rest.prefix(1).uppercased(), volume: reader.layout.image.volume(of: device),
                        isPartition: isPartition,
                        evidence: Evidence(path: shown, excerpt: "\(value.name) = \(text(device))")))
            }
            return .known(letters.sorted { $0.letter < $1.letter })
        }
    }

    private func text(_ device: MountedDevice) -> String {
        switch device {
        case .partition(let signature, let offset): "byte \(offset) of disk \(signature)"
        case .identifier(let identifier): "partition {\(identifier)}"
        case .other: "a device path"
        }
    }

    // MARK: Paths

    private func dataPaths() -> [WindowsDataPathFacts] {
        let profiles = #"Microsoft\Windows NT\CurrentVersion\ProfileList"#
        var paths = [
            facts(
                .profiles, "ProfilesDirectory", reader.key(profiles, in: "SOFTWARE"),
                WindowsReader.display(profiles, in: "SOFTWARE"))
        ]
        if identity.isDomainController {
            let directory = #"Services\NTDS\Parameters"#
            let key = reader.control(directory)
            let shown = reader.displayControl(directory)
            paths.append(facts(.directoryDatabase, "DSA Database file", key, shown))
            paths.append(facts(.directoryLogs, "Database log files path", key, shown))
            let netlogon = #"Services\Netlogon\Parameters"#
            paths.append(
                facts(.systemVolume, "SysVol", reader.control(netlogon), reader.displayControl(netlogon)))
        }
        return paths.compactMap { $0 }
    }

    private func facts(
        _ purpose: WindowsDataPathFacts.Purpose, _ name: String, _ key: Reading<RegistryKey>, _ shown: String
    ) -> WindowsDataPathFacts? {
        guard let path = reader.value(name, of: key).value?.string, !path.isEmpty else { return nil }
        let onImage: Answer
        let exists: Answer
        switch reader.paths.place(of: path) {
        case .system(let file): (onImage, exists) = (.yes, reader.files.exists(file))
        case .volume(let id, let file):
            onImage = .yes
            exists =
                reader.layout.volume(id)?.fileSystem.map {
                    GuestReader(tree: FileTree(root: $0)).exists(file)
                } ?? .unknown
        case .elsewhere(let text):
            // A letter that nothing maps may still be one of this image's volumes.
            onImage = text.dropFirst().first == ":" ? unmapped(text) : .unknown
            exists = onImage == .no ? .no : .unknown
        }
        return WindowsDataPathFacts(
            purpose: purpose, path: path, isOnImage: onImage, exists: exists,
            evidence: Evidence(path: shown, excerpt: "\(name) = \(path)"))
    }

    /// Whether a drive without a volume could be one of the image's: only if `MountedDevices` does not say otherwise.
    private func unmapped(_ path: String) -> Answer {
        guard let letter = path.first.map({ $0.uppercased() }),
            let known = letters().value.flatMap({ $0 }), known.contains(where: { $0.letter == letter })
        else { return .unknown }
        return .no
    }
}
