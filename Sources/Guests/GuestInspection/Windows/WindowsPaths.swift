import GuestFacts
import GuestFormats

/// Turns the many ways in which Windows writes a path into paths of volumes: `\SystemRoot\…`, `system32\…`,
/// `%SystemRoot%\…`, `\??\C:\…`, `C:\…`.
struct WindowsPaths: Sendable {
    /// A path on one of the volumes of the image, or on none of them.
    enum Place: Sendable, Hashable {
        /// `/Windows/System32/drivers/viostor.sys` on the system volume.
        case system(String)
        /// On another volume, whose letter is known.
        case volume(VolumeID, String)
        /// On a drive that is not in this image.
        case elsewhere(String)
    }

    /// `/Windows`
    let systemRoot: String
    /// The letter Windows gives its own volume; `C` nearly always.
    let systemLetter: Character
    /// The other letters as `MountedDevices` has them.
    let letters: [Character: VolumeID]

    init(systemRoot: String, systemLetter: Character = "C", letters: [Character: VolumeID] = [:]) {
        self.systemRoot = systemRoot
        self.systemLetter = systemLetter
        self.letters = letters
    }

    /// Where `path` leads. A path that names neither a drive nor a root is one below the system directory, as
    /// `ImagePath` of a driver is.
    func place(of path: String) -> Place {
        var text = path.trimmingSpaces
        for prefix in ["\\??\\", "\\\\?\\", "\\DosDevices\\", "\\GLOBAL??\\"] {
            if let rest = text.droppingPrefix(prefix) { text = rest }
        }
        for prefix in ["\\SystemRoot\\", "%SystemRoot%\\", "%windir%\\", "%SystemRoot%/", "SystemRoot\\"] {
            if let rest = text.droppingPrefix(prefix) { return .system(systemRoot + "/" + slashed(rest)) }
        }
        if let rest = text.droppingPrefix("%SystemDrive%") { return .system("/" + slashed(rest)) }
        if let rest = text.droppingPrefix("%ProgramFiles%") {
            return .system("/Program Files/" + slashed(rest))
        }
        if let rest = text.droppingPrefix("%ProgramData%") { return .system("/ProgramData/" + slashed(rest)) }
        let characters = text.prefix(2)
        if characters.count == 2, characters.last == ":", let letter = characters.first, letter.isLetter {
            let rest = slashed(String(text.dropFirst(2)))
            let upper = Character(letter.uppercased())
            if upper == systemLetter { return .system("/" + rest) }
            if let volume = letters[upper] { return .volume(volume, "/" + rest) }
            return .elsewhere(text)
        }
        if text.hasPrefix("\\") || text.hasPrefix("/") { return .system("/" + slashed(text)) }
        return .system(systemRoot + "/" + slashed(text))
    }

    /// The program of a command line: quotes and arguments taken off. A path with spaces and without quotes ends
    /// at the first `.exe`, as far as Windows itself would look.
    static func program(of commandLine: String) -> String {
        let text = commandLine.trimmingSpaces
        if text.hasPrefix("\"") {
            return String(text.dropFirst().prefix { $0 != "\"" })
        }
        let lower = text.lowercased()
        for suffix in [".exe", ".sys", ".dll"] {
            if let range = lower.ranges(of: suffix).first(where: {
                $0.upperBound == lower.endIndex || lower[$0.upperBound].isWhitespace
            }) {
                let length = lower.distance(from: lower.startIndex, to: range.upperBound)
                return String(text.prefix(length))
            }
        }
        return String(text.prefix { !$0.isWhitespace })
    }

    /// A path of the system volume as Windows shows it.
    func display(_ path: String) -> String {
        "\(systemLetter):\\" + path.split(separator: "/").joined(separator: "\\")
    }

    private func slashed(_ text: String) -> String {
        text.split(whereSeparator: { $0 == "\\" || $0 == "/" }).joined(separator: "/")
    }
}

extension String {
    /// Without blanks at both ends.
    var trimmingSpaces: String {
        var text = self[...]
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }

    /// What follows `prefix`, in any case; nil when the text does not begin with it.
    func droppingPrefix(_ prefix: String) -> String? {
        guard count >= prefix.count, self.prefix(prefix.count).lowercased() == prefix.lowercased() else {
            return nil
        }
        return String(dropFirst(prefix.count))
    }
}
