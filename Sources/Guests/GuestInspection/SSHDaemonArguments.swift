import ByteReading
import GuestFacts
import GuestFormats

/// What sshd is given on its command line by its unit and by the file its unit or script reads.
struct SSHDaemonArguments {
    /// The configuration that `-f` names.
    private(set) var file: String?
    /// `-o` and `-p` as lines that stand before the configuration.
    private(set) var lines: [ConfigurationFile] = []
    /// Whether `-p` is among them: then `Port` of the configuration means nothing.
    private(set) var hasPort = false

    /// Files with options, and their variables: Debian, Red Hat, SUSE, OpenRC.
    private static let files = [
        ("/etc/default/ssh", ["SSHD_OPTS"]), ("/etc/sysconfig/sshd", ["OPTIONS"]),
        ("/etc/sysconfig/ssh", ["SSHD_OPTS"]),
        ("/etc/conf.d/sshd", ["SSHD_OPTS", "command_args"]),
    ]

    init(reader: GuestReader, services: ServiceInspection) {
        for (path, names) in SSHDaemonArguments.files where reader.exists(path) == .yes {
            let values = reader.parse(path) { (bytes) throws(ImageFault) in
                try ShellAssignments(bytes, name: path)
            }.value
            for name in names {
                guard let assignment = values?[name] else { continue }
                take(UnitFile.words(assignment.value), from: path)
            }
        }
        for unit in ["ssh.service", "sshd.service"] {
            guard let line = services.file(of: unit)?.last("Service", "ExecStart") else { continue }
            take(Array(UnitFile.words(line.value).dropFirst()), from: line.source.file)
        }
    }

    private mutating func take(_ words: [String], from path: String) {
        var text = ""
        var index = 0
        while index < words.count {
            let word = words[index]
            index += 1
            guard word.hasPrefix("-"), let letter = word.dropFirst().first, "opfbCcEghku".contains(letter)
            else {
                continue
            }
            var value = String(word.dropFirst(2))
            if value.isEmpty, index < words.count {
                value = words[index]
                index += 1
            }
            // A variable that is set elsewhere.
            guard !value.isEmpty, !value.contains("$"), !value.contains("\n") else { continue }
            switch letter {
            case "o": text += value + "\n"
            case "p":
                text += "Port \(value)\n"
                hasPort = true
            case "f": file = value
            default: break
            }
        }
        if !text.isEmpty { lines.append(ConfigurationFile(path: path, bytes: Bytes(Array(text.utf8)))) }
    }
}
