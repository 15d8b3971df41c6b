import ByteReading
import GuestFacts
import GuestFormats

/// What dropbear is told on its command line (dropbear(8)); it has no configuration file.
struct DropbearOptions {
    /// `-s`: no passwords for anybody.
    var refusesPasswords = false
    /// `-w`: no root.
    var refusesRoot = false
    /// `-g`: root with a key only.
    var refusesRootPassword = false
    /// `-p`, with or without an address; 22 when none is given.
    var ports: [(port: Int, address: String?)] = []
    /// `-R`: missing host keys are made when somebody connects.
    var makesKeys = false
    /// The file that says so.
    var path: String?
}

extension AccessInspection {
    /// Files with options, and their variables: Debian, Alpine.
    private static let files = [
        ("/etc/default/dropbear", ["DROPBEAR_EXTRA_ARGS", "DROPBEAR_PORT"]),
        ("/etc/conf.d/dropbear", ["DROPBEAR_OPTS"]),
    ]

    func describeDropbear(_ facts: inout SSHFacts) {
        var options = DropbearOptions()
        for (path, names) in AccessInspection.files where reader.exists(path) == .yes {
            let values = reader.parse(path) { (bytes) throws(ImageFault) in
                try ShellAssignments(bytes, name: path)
            }.value
            for name in names {
                guard let value = values?.value(name), !value.isEmpty else { continue }
                options.path = path
                if name == "DROPBEAR_PORT" {
                    if let port = Int(value) { options.ports.append((port, nil)) }
                } else {
                    take(UnitFile.words(value), &options)
                }
            }
        }
        if let line = services.file(of: "dropbear.service")?.last("Service", "ExecStart") {
            take(UnitFile.words(line.value), &options)
        }
        dropbear = options
        let place = Evidence(path: options.path ?? facts.server ?? "/usr/sbin/dropbear")
        facts.usesPAM = .no
        usesPAM = .no
        facts.ports =
            options.ports.isEmpty ? [Located(22, place)] : options.ports.map { Located($0.port, place) }
        facts.listenAddresses = options.ports.compactMap { $0.address }.map { Located($0, place) }
        facts.passwordAuthentication = Located(!options.refusesPasswords, place)
        facts.publicKeyAuthentication = Located(true, place)
        let login = options.refusesRoot ? "no" : options.refusesRootPassword ? "prohibit-password" : "yes"
        facts.permitRootLogin = Located(login, place)
        facts.hostKeys = (reader.names(in: "/etc/dropbear").value ?? [])
            .filter { $0.hasPrefix("dropbear_") && $0.hasSuffix("_host_key") }.map { "/etc/dropbear/\($0)" }
        if options.makesKeys {
            facts.hostKeyGenerator = place
        } else if let script = reader.file("/etc/init.d/dropbear").value?.text, script.contains("dropbearkey")
        {
            facts.hostKeyGenerator = Evidence(path: "/etc/init.d/dropbear", excerpt: "calls dropbearkey")
        }
    }

    private func take(_ words: [String], _ options: inout DropbearOptions) {
        var index = 0
        while index < words.count {
            let word = words[index]
            index += 1
            guard word.hasPrefix("-"), word.utf8.count > 1 else { continue }
            for letter in word.dropFirst() {
                switch letter {
                case "s": options.refusesPasswords = true
                case "w": options.refusesRoot = true
                case "g": options.refusesRootPassword = true
                case "R": options.makesKeys = true
                case "p":
                    let value = index < words.count ? words[index] : ""
                    index += 1
                    let parts = value.split(separator: ":")
                    if let port = parts.last.flatMap({ Int($0) }) {
                        let address = parts.count > 1 ? parts.dropLast().joined(separator: ":") : nil
                        options.ports.append((port, address))
                    }
                case "d", "r", "b", "K", "I", "P", "T", "W", "c", "D": index += 1
                default: break
                }
            }
        }
    }
}
