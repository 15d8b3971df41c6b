import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// Reads one Windows: its files by the paths Windows writes, its hives with their logs, the control set that the
/// next start takes. Remembers what could not be read.
final class WindowsReader {
    /// Files of the system volume, by paths from its top.
    let files: GuestReader
    let layout: DiskLayout
    /// The volume that holds the system directory.
    let volume: VolumeID
    /// `/Windows`
    let systemRoot: String
    /// How paths are read and shown.
    private(set) var paths: WindowsPaths
    /// The control set that starts; nil when SYSTEM does not tell.
    private(set) var controlSet: ControlSetFacts?
    private var hives: [String: Reading<Hive>] = [:]
    private var programs: [String: ProgramFacts] = [:]

    init(layout: DiskLayout, volume: VolumeID, fileSystem: any FileSystemReader, systemRoot: String) {
        self.layout = layout
        self.volume = volume
        self.systemRoot = systemRoot
        files = GuestReader(tree: FileTree(root: fileSystem))
        paths = WindowsPaths(systemRoot: systemRoot)
        controlSet = selectControlSet()
        paths = WindowsPaths(
            systemRoot: systemRoot, systemLetter: systemLetter(), letters: mountedLetters())
    }

    // MARK: Hives

    /// Where the hives of the system are.
    var hiveDirectory: String { systemRoot + "/System32/config" }

    /// A hive of `System32\config` with its logs: `SYSTEM`, `SOFTWARE`.
    func hive(_ name: String) -> Reading<Hive> { hive(at: hiveDirectory + "/" + name) }

    /// The hive at a path of the system volume, with the logs that lie beside it.
    func hive(at path: String) -> Reading<Hive> {
        let known = path.lowercased()
        if let reading = hives[known] { return reading }
        let reading = open(path)
        hives[known] = reading
        return reading
    }

    private func open(_ path: String) -> Reading<Hive> {
        content(of: path).flatMap { source in
            let logs = Hive.logSuffixes.compactMap { content(of: path + $0).value }
            return attempt(paths.display(path)) { () throws(ImageFault) in try Hive(source, logs: logs) }
        }
    }

    /// The bytes of a file of the system volume, read where they are needed.
    func content(of path: String) -> Reading<ContentSource> { files.content(of: path) }

    /// Runs `body` and turns a fault into a gap at `place`.
    func attempt<Value>(_ place: String, _ body: () throws(ImageFault) -> Value?) -> Reading<Value> {
        files.attempt(place, body)
    }

    // MARK: Keys and values

    /// A key of a hive, by its path from the root of the hive: `Microsoft\Windows NT\CurrentVersion`.
    func key(_ path: String, in hiveName: String) -> Reading<RegistryKey> {
        hive(hiveName).flatMap { hive in
            attempt(WindowsReader.display(path, in: hiveName)) { () throws(ImageFault) in
                try hive.key(path)
            }
        }
    }

    /// A key below the control set that starts: `Control\Session Manager`.
    func control(_ path: String) -> Reading<RegistryKey> {
        key("\(controlSetName)\\\(path)", in: "SYSTEM")
    }

    /// A value of a key; absent when the key or the value is.
    func value(_ name: String, of key: Reading<RegistryKey>) -> Reading<RegistryValue> {
        key.flatMap { key in
            attempt("\(key.path)\\\(name)") { () throws(ImageFault) in try key.value(name) }
        }
    }

    /// The subkeys of a key; absent when the key is.
    func subkeys(of key: Reading<RegistryKey>) -> Reading<[RegistryKey]> {
        key.flatMap { key in attempt(key.path) { () throws(ImageFault) in try key.subkeys() } }
    }

    /// The values of a key; absent when the key is.
    func values(of key: Reading<RegistryKey>) -> Reading<[RegistryValue]> {
        key.flatMap { key in attempt(key.path) { () throws(ImageFault) in try key.values() } }
    }

    /// A key as evidence names it: `HKLM\SYSTEM\ControlSet001\Services`.
    static func display(_ path: String, in hive: String) -> String {
        path.isEmpty ? "HKLM\\\(hive)" : "HKLM\\\(hive)\\\(path)"
    }

    /// A key below the control set as evidence names it.
    func displayControl(_ path: String) -> String {
        WindowsReader.display("\(controlSetName)\\\(path)", in: "SYSTEM")
    }

    /// `ControlSet001`; the first one where Select does not tell.
    var controlSetName: String { controlSet?.name ?? "ControlSet001" }

    private func selectControlSet() -> ControlSetFacts? {
        let select = key("Select", in: "SYSTEM")
        func number(_ name: String) -> Int? {
            value(name, of: select).value?.integer.flatMap { Int(exactly: $0) }
        }
        // The boot loader takes Default; Current says what the last start took.
        guard let chosen = number("Default") ?? number("Current"), (1...999).contains(chosen) else {
            return nil
        }
        let digits = String(chosen)
        var facts = ControlSetFacts(
            name: "ControlSet" + String(repeating: "0", count: 3 - digits.count) + digits,
            defaultNumber: chosen)
        facts.current = number("Current")
        facts.lastKnownGood = number("LastKnownGood")
        facts.failed = number("Failed")
        return facts
    }

    // MARK: Drives

    private func systemLetter() -> Character {
        let key = key("Microsoft\\Windows NT\\CurrentVersion", in: "SOFTWARE")
        guard let path = value("SystemRoot", of: key).value?.string, path.dropFirst().first == ":",
            let letter = path.first, letter.isLetter, letter.isASCII
        else { return "C" }
        return Character(letter.uppercased())
    }

    /// `MountedDevices`: an MBR volume by disk signature and byte offset, a GPT one by its GUID.
    private func mountedLetters() -> [Character: VolumeID] {
        var letters: [Character: VolumeID] = [:]
        for value in values(of: key("MountedDevices", in: "SYSTEM")).value ?? [] {
            guard let rest = value.name.droppingPrefix("\\DosDevices\\"), rest.count == 2, rest.last == ":",
                let letter = rest.first, letter.isLetter,
                let device = MountedDevice(parsing: value.data)
            else { continue }
            if let found = layout.image.volume(of: device) { letters[Character(letter.uppercased())] = found }
        }
        return letters
    }

    // MARK: Programs

    /// The file at a path as Windows writes it, looked at as a program. Each is looked at once.
    func program(_ windowsPath: String) -> ProgramFacts {
        let place = paths.place(of: windowsPath)
        let (path, shown): (String, String)
        let source: Reading<ContentSource>
        switch place {
        case .elsewhere(let text): return ProgramFacts(path: text, state: .elsewhere)
        case .system(let found):
            (path, shown) = (found, paths.display(found))
            if let known = programs[path.lowercased()] { return known }
            source = content(of: path)
        case .volume(let id, let found):
            (path, shown) = ("\(id):\(found)", windowsPath)
            if let known = programs[path.lowercased()] { return known }
            guard let fileSystem = layout.volume(id)?.fileSystem else {
                return ProgramFacts(path: windowsPath, state: .elsewhere)
            }
            let other = GuestReader(tree: FileTree(root: fileSystem))
            source = other.content(of: found)
            for gap in other.gaps { files.record(gap) }
        }
        let facts = WindowsProgram.facts(of: source, at: shown)
        programs[path.lowercased()] = facts
        return facts
    }
}

extension ImageFacts {
    /// The volume of this image that a drive letter stands for.
    func volume(of device: MountedDevice) -> VolumeID? {
        partitions?.partitions.first { partition in
            switch device {
            case .partition(let signature, let offset):
                partition.offset == offset && partitions?.identity?.lowercased() == signature
            case .identifier(let identifier): partition.partUUID?.lowercased() == identifier
            case .other: false
            }
        }?.volume
    }
}
