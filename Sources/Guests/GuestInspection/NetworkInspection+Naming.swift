import ByteReading
import FileSystemCore
import GuestFacts
import GuestFormats

/// What the NIC will be called.
extension NetworkInspection {
    static let networkDirectories = [
        "/etc/systemd/network", "/run/systemd/network", "/usr/local/lib/systemd/network",
        "/usr/lib/systemd/network", "/lib/systemd/network",
    ]
    private static let ruleDirectories = [
        "/etc/udev/rules.d", "/run/udev/rules.d", "/usr/local/lib/udev/rules.d", "/usr/lib/udev/rules.d",
        "/lib/udev/rules.d",
    ]

    func findNaming() {
        let links = reader.mergedFiles(in: NetworkInspection.networkDirectories, suffix: ".link")
        let units = links.filter { !$0.path.hasSuffix("/99-default.link") }.compactMap { unit($0) }
        asksForDriver = units.contains { !NetworkdFile($0).match.drivers.isEmpty }
        // A name that the udev of the initramfs gave stays: the policies of the root begin with "keep". A file with
        // Name= alone names it again.
        let version = udevVersion()
        systemdVersion = version
        let early = earlyPolicy(version)
        let late = NetworkNamePolicy(
            commandLine: commandLine?.words ?? [], linkFiles: units,
            hasDefaultLink: isEffective("99-default.link", in: NetworkInspection.networkDirectories),
            hasNetSetupRule: isEffective("80-net-setup-link.rules", in: NetworkInspection.ruleDirectories)
                || isEffective("80-net-name-slot.rules", in: NetworkInspection.ruleDirectories),
            udevVersion: version, driver: driver)
        let kept = early.flatMap { $0.names == .exact("eth0") ? nil : $0 }
        let policy = kept.flatMap { renamesAgain(late, $0.names, units) ? nil : $0 } ?? late
        expected.names = policy.names
        var source =
            policy.source.map { Evidence($0) }
            ?? Evidence(path: "kernel command line and udev", excerpt: policy.reason)
        // A rule of udev with NAME= comes before the policies, for the name that the NIC has by then.
        if let (names, evidence) = nameByRules(kernelName: kept == nil ? "eth0" : InterfaceNames.examples[0])
        {
            expected.names = names
            source = evidence
        }
        let naming: NetworkFacts.Naming
        switch expected.names {
        case .exact(let name):
            naming = name.hasPrefix("eth") ? .kernel : .predictable
            facts.interfaceName = name
        case .predictable: naming = .predictable
        case .unknown: naming = .unknown
        }
        facts.naming = Located(naming, source)
    }

    /// Whether a `.link` file of the root names a NIC that has a name already: udev does since 240
    /// (`NAMING_ALLOW_RERENAMES`), for `Name=` without a policy that keeps the old one.
    private func renamesAgain(
        _ policy: NetworkNamePolicy, _ names: InterfaceNames, _ units: [UnitFile]
    ) -> Bool {
        guard (systemdVersion ?? 0) >= 240, case .exact(let name) = policy.names,
            let file = units.first(where: { $0.name == policy.source?.file }),
            file.last("Link", "Name")?.value == name, file.values("Link", "NamePolicy").isEmpty
        else { return false }
        let probe = ExpectedInterface(names: names, driver: driver)
        return NetworkdFile(file, systemdVersion: systemdVersion).match.applies(to: probe) == .yes
    }

    /// What the udev of the initramfs calls the NIC; nil when the NIC appears later or there is no udev in it.
    private func earlyPolicy(_ version: Int?) -> NetworkNamePolicy? {
        guard let early, early.udevDaemon != nil else { return nil }
        var chosen: [String: String] = [:]
        for directory in NetworkInspection.networkDirectories.map({ String($0.dropFirst()) }) {
            for path in early.contents.tree.nodes.keys
            where path.hasPrefix(directory + "/") && path.hasSuffix(".link") {
                let name = String(path.dropFirst(directory.count + 1))
                if !name.contains("/"), chosen[name] == nil { chosen[name] = path }
            }
        }
        // initramfs-tools copies a link to /dev/null as an empty file, which masks as well.
        func isMasked(_ path: String) -> Bool {
            guard let member = early.contents.tree.nodes[path] else { return false }
            return member.linkTarget == "/dev/null" || (member.linkTarget == nil && member.size == 0)
        }
        let files = chosen.filter { !isMasked($0.value) }.sorted { $0.key < $1.key }
        let units = files.filter { $0.key != "99-default.link" }.compactMap { file in
            early.contents.files[file.value].flatMap { unit((path: "/" + file.value, bytes: $0.bytes)) }
        }
        let rule = NetworkInspection.ruleDirectories.map { $0.dropFirst() + "/80-net-setup-link.rules" }
            .first { early.contents.tree.nodes[$0] != nil }
        return NetworkNamePolicy(
            commandLine: commandLine?.words ?? [], linkFiles: units,
            hasDefaultLink: files.contains { $0.key == "99-default.link" },
            hasNetSetupRule: rule.map { !isMasked($0) } ?? false, udevVersion: version, driver: driver)
    }

    /// Whether the first directory that has the file has more than a link to `/dev/null`.
    private func isEffective(_ name: String, in directories: [String]) -> Bool {
        for directory in directories {
            let path = "\(directory)/\(name)"
            guard let info = reader.info(path, followingLast: false).value else { continue }
            if info.type == .symlink, reader.link(path).value == "/dev/null" { return false }
            return info.type == .symlink || info.size > 0
        }
        return false
    }

    func unit(_ file: (path: String, bytes: Bytes)) -> UnitFile? {
        do {
            return try UnitFile(file.bytes, name: file.path)
        } catch {
            problem(error, at: file.path)
            return nil
        }
    }

    // MARK: Rules of udev

    /// The name that a rule gives a new NIC, or the generator of rules; nil when none does.
    private func nameByRules(kernelName: String) -> (InterfaceNames, Evidence)? {
        var chosen: [String: String] = [:]
        for directory in NetworkInspection.ruleDirectories {
            for name in reader.names(in: directory).value ?? []
            where name.hasSuffix(".rules") && chosen[name] == nil {
                // Rules of packages name interfaces by programs and slots; only those with `net` in the name are
                // about that.
                if directory.hasPrefix("/etc") || name.contains("net") {
                    chosen[name] = "\(directory)/\(name)"
                }
            }
        }
        var taken: [String] = []
        var generator: (path: String, bytes: Bytes)?
        for (name, path) in chosen.sorted(by: { $0.key < $1.key }) {
            guard let bytes = reader.file(path).value else { continue }
            if name.hasSuffix("persistent-net-generator.rules") {
                generator = (path, bytes)
                continue
            }
            guard let rules = try? PersistentNetRules(bytes, name: path) else { continue }
            for rule in rules.rules {
                asksForDriver = asksForDriver || rule.driver != nil
                if rule.address != nil { facts.persistentNames.append(Evidence(rule.source)) }
                taken.append(rule.name)
                switch rule.applies(driver: driver, kernelName: kernelName) {
                case .yes: return (.exact(rule.name), Evidence(rule.source))
                case .unknown where path.hasPrefix("/etc"): return (.unknown, Evidence(rule.source))
                default: break
                }
            }
        }
        guard let generator, kernelName == "eth0" else { return nil }
        do {
            let rules = try PersistentNetGenerator(generator.bytes, name: generator.path)
            let place = facts.persistentNames.first ?? Evidence(path: generator.path)
            guard let name = rules.name(taken: taken) else { return (.unknown, place) }
            // The kernel's own name needs no rule; the policies may still change it.
            return name == "eth0" ? nil : (.exact(name), place)
        } catch {
            problem(error, at: generator.path)
            return (.unknown, Evidence(path: generator.path))
        }
    }

    // MARK: Version

    /// The version of udev: of its package, of its library, or the one the release came with.
    private func udevVersion() -> Int? {
        for name in ["udev", "systemd", "systemd-udev"] {
            // `1:252.36-1`, `229-4ubuntu21`
            guard let text = identity.packages[name] else { continue }
            let upstream = text.split(separator: ":").last ?? ""
            // eudev and Debian 5 count otherwise (3.2.14, 0.125).
            if let number = Int(upstream.prefix { $0.isNumber }), number >= 100 { return number }
        }
        let libraries =
            ["/usr/lib/systemd", "/lib/systemd", "/usr/lib64/systemd"]
            + reader.glob("/usr/lib/*-linux-gnu*/systemd")
        for directory in libraries {
            for name in reader.names(in: directory).value ?? [] where name.hasPrefix("libsystemd-shared-") {
                let digits = name.dropFirst(18).prefix { $0.isNumber }
                if let number = Int(digits) { return number }
            }
        }
        return releaseVersion()
    }

    /// The udev that releases came with, where no package says.
    private func releaseVersion() -> Int? {
        guard let major = identity.majorVersion else {
            return identity.family == .arch ? 257 : nil
        }
        switch (identity.family, identity.distribution) {
        case (.rhel, "fedora"): return major >= 24 ? 229 : 200
        case (.rhel, "amzn"): return major == 2 ? 219 : major >= 2023 ? 252 : 173
        case (.rhel, "openEuler"): return 243
        case (.rhel, _): return major >= 8 ? 239 : major == 7 ? 219 : 147
        case (.debian, "ubuntu"): return major >= 16 ? 229 : 204
        case (.debian, "debian"): return major >= 9 ? 232 : 215
        case (.suse, _): return major >= 15 ? 234 : 210
        default: return nil
        }
    }
}
