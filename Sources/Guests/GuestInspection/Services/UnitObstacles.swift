import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// Why a service of systemd does not run although the boot pulls it in: systemd refuses the unit, a condition does
/// not hold, or its program cannot be started.
final class UnitObstacles {
    private let reader: GuestReader
    private let systemd: SystemdServices
    private let lookup: AccountLookup
    private let libraries: SharedLibraries
    private var known: [String: StructureFinding?] = [:]

    init(
        reader: GuestReader, systemd: SystemdServices, lookup: AccountLookup, libraries: SharedLibraries
    ) {
        self.reader = reader
        self.systemd = systemd
        self.lookup = lookup
        self.libraries = libraries
    }

    /// What keeps `unit` from running; nil when nothing is known to.
    func obstacle(of unit: String) -> StructureFinding? {
        if let found = known[unit] { return found }
        let found = look(at: unit)
        known[unit] = found
        return found
    }

    private func look(at unit: String) -> StructureFinding? {
        // What it requires may be masked or absent: its own job stays in the transaction of a target that only wants it,
        // and is run.
        if let refusal = systemd.refusal(of: unit), refusal.requiredBy == nil {
            return StructureFinding(
                code: "unitRefused", message: refusal.message,
                evidence: refusal.place.map { Evidence($0) } ?? Evidence(path: unit))
        }
        guard let file = systemd.file(of: unit) else { return nil }
        return UnitConditions(reader: reader).failing(in: file).map { finding(unit, $0, "does not hold") }
            ?? program(of: unit, file)
    }

    private func finding(_ unit: String, _ entry: UnitFile.Entry, _ why: String) -> StructureFinding {
        StructureFinding(
            code: "unitDoesNotRun", message: "\(unit) does not run: \(entry.key)=\(entry.value) \(why)",
            evidence: Evidence(entry.source))
    }

    // MARK: Programs

    private func program(of unit: String, _ file: UnitFile) -> StructureFinding? {
        // Another root has programs of its own.
        guard file.last("Service", "RootDirectory") == nil, file.last("Service", "RootImage") == nil else {
            return nil
        }
        if let why = account(unit, file) { return why }
        for key in ["ExecCondition", "ExecStartPre", "ExecStart"] {
            for entry in file.values("Service", key) {
                guard let path = UnitObstacles.required(entry.value) else { continue }
                if let why = fault(of: path, isMain: key == "ExecStart") { return finding(unit, entry, why) }
            }
        }
        return nil
    }

    /// The absolute path of the program of a command line whose failure counts; nil where a `-` says that it does
    /// not, and for what is only known when it runs.
    private static func required(_ line: String) -> String? {
        guard let word = UnitFile.words(line).first else { return nil }
        let prefix = word.prefix { "@-:+!|".contains($0) }
        let path = String(word.dropFirst(prefix.count))
        guard !prefix.contains("-"), path.hasPrefix("/"), !path.contains("$"), !path.contains("%") else {
            return nil
        }
        return path
    }

    private func fault(of path: String, isMain: Bool) -> String? {
        switch reader.info(path) {
        case .unreadable: return nil
        case .absent: return "names a program that does not exist"
        case .found(let info):
            guard info.type == .regular else { return nil }
            if info.permissions & 0o111 == 0 { return "names a file that may not be executed" }
            if info.size == 0 { return "names an empty file" }
            guard isMain, let missing = libraries.missing(of: path).first, let name = missing.path else {
                return nil
            }
            return "cannot start: \(name), \(missing.excerpt ?? "which it needs")"
        }
    }

    // MARK: Accounts

    /// `User=`: the account has to be found, and to reach the program through the directories above it.
    private func account(_ unit: String, _ file: UnitFile) -> StructureFinding? {
        guard let user = file.last("Service", "User"), !user.value.contains("%"),
            !["root", "0"].contains(user.value), Int(user.value) == nil,
            !["yes", "true", "on", "1"].contains(
                file.last("Service", "DynamicUser")?.value.lowercased() ?? "no"),
            case .found(let passwd) = lookup.accounts, !passwd.accounts.isEmpty
        else { return nil }
        guard let account = passwd[user.value] else {
            return isMade(user.value) ? nil : finding(unit, user, "names an account that does not exist")
        }
        if lookup.readsFiles.answer == .no {
            return finding(unit, user, "names an account that is not found: nsswitch.conf leaves out files")
        }
        guard account.uid != 0,
            let start = file.values("Service", "ExecStart").first(where: { !$0.value.hasPrefix("+") }),
            let path = UnitObstacles.required(start.value),
            let closed = closedDirectory(above: path, to: account)
        else { return nil }
        return StructureFinding(
            code: "unitDoesNotRun",
            message: "\(unit) does not run: \(user.value) may not enter \(closed.path ?? "/")",
            evidence: closed)
    }

    /// Accounts that systemd-sysusers or another database of accounts may bring.
    private func isMade(_ user: String) -> Bool {
        reader.exists("/usr/lib/userdb/\(user).user") != .no
            || reader.exists("/etc/userdb/\(user).user") != .no
            || reader.mergedFiles(
                in: ["/etc/sysusers.d", "/usr/lib/sysusers.d", "/lib/sysusers.d"], suffix: ".conf"
            ).contains { file in
                file.bytes.text.split(whereSeparator: \.isNewline).contains { line in
                    line.split(whereSeparator: \.isWhitespace).dropFirst().first.map(String.init) == user
                }
            }
            || reader.exists("/usr/lib/passwd") != .no || reader.exists("/var/lib/extrausers/passwd") != .no
    }

    /// The first directory on the way to `path` that the account may not enter.
    func closedDirectory(above path: String, to account: PasswdFile.Account) -> Evidence? {
        guard let real = reader.resolved(path).value else { return nil }
        var directories: [GuestPath] = []
        var current = GuestPath(real)
        while !current.names.isEmpty {
            current = current.parent
            directories.append(current)
        }
        for directory in directories.reversed() {
            guard let info = reader.info(directory.description).value else { return nil }
            // Rights by group and by lists of access are left to it.
            let isClosed =
                info.owner != account.uid && info.group != account.gid && info.permissions & 0o001 == 0
            if isClosed {
                return Evidence(
                    path: directory.description,
                    excerpt: "mode \(String(info.permissions, radix: 8)), owner \(info.owner)")
            }
        }
        return nil
    }
}
