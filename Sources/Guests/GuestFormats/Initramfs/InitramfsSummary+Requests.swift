import ByteReading

/// What loads modules by name.
extension InitramfsSummary {
    mutating func collectRequests() {
        switch generator {
        case .initramfsTools: addList("conf/modules")
        case .mkinitfs:
            // busybox's modprobe takes no notice of `blacklist` without -b.
            addList("etc/modules", obeysBlacklist: false)
            for name in ["loop", "squashfs"] { request(name, "init", 0, obeysBlacklist: false) }
        case .nash: addCommands("init")
        case .suseMkinitrd: addSuse()
        case .mkinitcpio: addMkinitcpio()
        case .booster: addBooster()
        case .dracut: addParameters()
        case .genkernel, .uRoot, .unknown:
            addList("etc/modules")
            addList("conf/modules")
        }
        guard program("systemd-modules-load") != nil else { return }
        for path in contents.files.keys.sorted() where path.contains("modules-load.d/") { addList(path) }
    }

    /// The modules that the kernel command line makes the archive load (dracut: `parse-kernel.sh`; systemd:
    /// systemd-modules-load.service(8); Alpine: `initramfs-init`; mkinitcpio: `init`).
    func requests(of commandLine: KernelCommandLine) -> [RequestedModule] {
        var names: [(name: String, obeys: Bool)] = []
        func add(_ parameter: String, obeysBlacklist: Bool) {
            for value in commandLine.values(of: parameter) {
                names += value.split(separator: ",").map { (String($0), obeysBlacklist) }
            }
        }
        switch generator {
        case .dracut:
            for parameter in Self.dracutRequests { add(parameter, obeysBlacklist: false) }
        case .mkinitfs:
            add("modules", obeysBlacklist: false)
            add("rootfstype", obeysBlacklist: false)
        case .mkinitcpio: if !usesSystemd { add("earlymodules", obeysBlacklist: true) }
        case .booster: add("booster.modules_force_load", obeysBlacklist: false)
        default: break
        }
        if program("systemd-modules-load") != nil {
            add("modules_load", obeysBlacklist: true)
            add("rd.modules_load", obeysBlacklist: true)
        }
        return names.prefix(4096).map {
            RequestedModule(
                name: ModuleName.normalized($0.name), file: "kernel command line", line: 0,
                obeysBlacklist: $0.obeys)
        }
    }

    private static let dracutRequests = ["rd.driver.pre", "rdloaddriver", "rd.driver.post", "rdinsmodpost"]

    /// `etc/cmdline.d` of the archive, where dracut puts `force_drivers` (`20-force_drivers.conf`).
    private mutating func addParameters() {
        for pin in commandLinePins {
            for token in KernelCommandLine(pin.text).tokens where Self.dracutRequests.contains(token.name) {
                for name in (token.value ?? "").split(separator: ",") {
                    request(String(name), pin.path, 1, obeysBlacklist: false)
                }
            }
        }
    }

    private mutating func addList(_ path: String, obeysBlacklist: Bool = true) {
        guard let bytes = contents.file(path)?.bytes else { return }
        var number = 0
        for line in TextLines(bytes) {
            number += 1
            guard let word = line.words.first, !word.hasPrefix("#"), !word.hasPrefix(";") else { continue }
            request(word, path, number, obeysBlacklist: obeysBlacklist)
        }
    }

    /// `insmod /lib/virtio_blk.ko` and `modprobe NAME`: in nash's language the only ways to load anything.
    private mutating func addCommands(_ path: String) {
        guard let script = contents.file(path) else { return }
        var number = 0
        for line in TextLines(script.bytes) {
            number += 1
            let words = line.words
            guard let command = words.first?.split(separator: "/").last else { continue }
            guard command == "insmod" || command == "modprobe" else { continue }
            guard let argument = words.dropFirst().first(where: { !$0.hasPrefix("-") }) else { continue }
            request(
                ModuleName.module(atPath: argument)?.name ?? argument, path, number, obeysBlacklist: false)
        }
    }

    /// `config/*.sh` name modules in variables (`[ "$block_modules" ] || block_modules='mptspi sd_mod'`), which
    /// `run_all.sh` and the scripts of `boot/` hand to modprobe (SUSE mkinitrd, `linuxrc`, `load_modules`).
    private mutating func addSuse() {
        let scripts = contents.files.keys.filter {
            $0 == "run_all.sh" || $0.hasPrefix("config/") || $0.hasPrefix("boot/")
        }
        for path in scripts.sorted() {
            addCommands(path)
            guard let bytes = contents.files[path]?.bytes else { continue }
            var number = 0
            for line in TextLines(bytes) {
                number += 1
                let text = line.text.split(separator: "|").last.map(String.init) ?? line.text
                guard let (name, value) = Self.assignment(text),
                    name == "modules" || name.lowercased().hasSuffix("_modules")
                else { continue }
                for word in value.split(separator: " ") where !word.contains("$") {
                    request(String(word), path, number, obeysBlacklist: false)
                }
            }
        }
    }

    /// `MODULES="a b"` or `EARLY…`: `init` loads them with `modprobe -b` first. Under systemd they stand in
    /// modules-load.d.
    private mutating func addMkinitcpio() {
        guard let configuration = contents.file("config") else { return }
        var number = 0
        for line in TextLines(configuration.bytes) {
            number += 1
            let text = line.text
            guard text.hasPrefix("MODULES=") || text.hasPrefix("EARLYMODULES=") else { continue }
            let value = text.drop { $0 != "=" }.dropFirst()
            for word in value.split(whereSeparator: { " \t\"'()".contains($0) }) {
                request(String(word), "config", number)
            }
        }
    }

    /// `modulesforceload:` of booster, which knows no `blacklist`.
    private mutating func addBooster() {
        for (line, name) in boosterList("modulesforceload") {
            request(name, Self.boosterFile, line, obeysBlacklist: false)
        }
    }

    private mutating func request(_ name: String, _ file: String, _ line: Int, obeysBlacklist: Bool = true) {
        guard requestedModules.count < 4096 else { return }
        requestedModules.append(
            RequestedModule(
                name: ModuleName.normalized(name), file: file, line: line, obeysBlacklist: obeysBlacklist))
    }

    /// `NAME=value` or `NAME='value'` of a shell script.
    static func assignment(_ line: String) -> (name: String, value: String)? {
        guard let equals = line.firstIndex(of: "=") else { return nil }
        let name = line[..<equals].filter { $0 != " " && $0 != "\t" }
        guard !name.isEmpty, name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" }) else { return nil }
        let value = line[line.index(after: equals)...].filter { $0 != "\"" && $0 != "'" }
        return (String(name), String(value))
    }
}
