import ByteReading
import GuestFacts
import GuestFormats

/// Reads what LVM and MD are told: in the root file system, and in an initramfs.
struct StorageInspection {
    let image: ImageFacts

    private static let lvmFiles = ["/etc/lvm/lvm.conf", "/etc/lvm/lvmlocal.conf"]
    private static let devicesFile = "/etc/lvm/devices/system.devices"
    private static let mdadmFiles = ["/etc/mdadm/mdadm.conf", "/etc/mdadm.conf"]

    /// The configuration of the running system.
    func guest(_ reader: GuestReader) -> StorageFacts {
        collect { path in reader.file(path).value.map { (path, $0) } }
    }

    /// The configuration in an initramfs, whose file is `archive`.
    func initramfs(_ summary: InitramfsSummary, archive: String) -> StorageFacts {
        collect { path in
            let inside = String(path.dropFirst())
            guard let text = summary.text(inside), !text.isEmpty else { return nil }
            return ("\(archive) › \(path)", Bytes(Array(text.utf8)))
        }
    }

    /// The last `find_multipaths` of multipath.conf(5): `no`, `yes`, `strict`, `greedy`, `smart`.
    private static func findMultipaths(_ bytes: Bytes, _ name: String) -> Located<String>? {
        var found: Located<String>?
        var number = 0
        for line in TextLines(bytes).prefix(4096) {
            number += 1
            let words = line.words
            guard words.count >= 2, words[0] == "find_multipaths" else { continue }
            found = Located(
                words[1].filter { $0 != "\"" },
                Evidence(path: name, line: number, excerpt: words.joined(separator: " ")))
        }
        return found
    }

    private func collect(_ file: (String) -> (name: String, bytes: Bytes)?) -> StorageFacts {
        var facts = StorageFacts()
        for path in StorageInspection.lvmFiles {
            guard let (name, bytes) = file(path) else { continue }
            do { add(try LvmConfiguration(bytes, name: name), to: &facts) } catch { continue }
        }
        if let (name, bytes) = file(StorageInspection.devicesFile) {
            facts.lvmDevices = StorageInspection.devices(bytes, name)
        }
        if let (name, bytes) = file("/etc/multipath.conf") {
            facts.findMultipaths = StorageInspection.findMultipaths(bytes, name)
        }
        for path in StorageInspection.mdadmFiles {
            guard let (name, bytes) = file(path) else { continue }
            do {
                facts.arrays = try MdadmConfiguration(bytes, name: name).arrays.map { line in
                    ArrayLineFacts(
                        device: line.device, uuid: line.uuid.map(DeviceResolver.digits),
                        evidence: Evidence(line.source))
                }
            } catch { continue }
            break
        }
        return facts
    }

    // MARK: LVM

    private func add(_ configuration: LvmConfiguration, to facts: inout StorageFacts) {
        facts.usesLvmDevices = configuration.usesDevicesFile ?? facts.usesLvmDevices
        var last: [String: LvmConfiguration.Filter] = [:]
        for filter in configuration.filters { last[filter.name] = filter }
        for (_, filter) in last.sorted(by: { $0.key < $1.key }) {
            var accepts: [String: Answer] = [:]
            for prefix in ["vd", "sd", "nvme", "xvd", "hd"] { accepts[prefix] = answer(filter, prefix) }
            facts.lvmFilters.append(
                LvmFilterFacts(
                    text:
                        "\(filter.name) = [ \(filter.patterns.map { "\"\($0)\"" }.joined(separator: ", ")) ]",
                    accepts: accepts, evidence: Evidence(filter.source)))
        }
    }

    /// Whether every physical volume of the image passes when the disk's name starts with `prefix`.
    private func answer(_ filter: LvmConfiguration.Filter, _ prefix: String) -> Answer {
        var all: Set<Answer> = []
        for volume in image.volumes where volume.kind == "LVM2_member" {
            let answers = Set(names(of: volume, prefix).map { accepts(filter, $0) })
            all.insert(answers.count == 1 ? answers.first ?? .unknown : .unknown)
        }
        if all.isEmpty || all == [.yes] { return .yes }
        return all.contains(.no) ? .no : .unknown
    }

    /// What the device may be called.
    private func names(of volume: VolumeFacts, _ prefix: String) -> [String] {
        if volume.array != nil { return ["/dev/md127", "/dev/md0"] }
        if let logical = volume.logicalVolume { return ["/dev/mapper/\(logical.mapperName)"] }
        let number = volume.partitionNumber.map(String.init) ?? ""
        if prefix == "nvme" { return ["/dev/nvme0n1" + (number.isEmpty ? "" : "p\(number)")] }
        return ["/dev/\(prefix)a\(number)"]
    }

    /// A device is let through when any of its names is (`_accept_p` of filter-regex.c): links of udev may save one
    /// whose own name is rejected.
    private func accepts(_ filter: LvmConfiguration.Filter, _ name: String) -> Answer {
        switch filter.accepts(name) {
        case .yes: return .yes
        case .unknown: return .unknown
        case .no:
            let mayAcceptLink = filter.patterns.contains { $0.hasPrefix("a") && $0.contains("disk") }
            return mayAcceptLink ? .unknown : .no
        }
    }

    /// `IDTYPE=sys_wwid IDNAME=naa.… DEVNAME=/dev/sda2 PVID=… PART=2`, a device on each line.
    private static func devices(_ bytes: Bytes, _ name: String) -> [LvmDeviceFacts] {
        var devices: [LvmDeviceFacts] = []
        var number = 0
        for line in String(decoding: bytes.array, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false
        ).prefix(4096) {
            number += 1
            guard !line.hasPrefix("#") else { continue }
            var values: [Substring: String] = [:]
            for word in line.split(whereSeparator: { $0 == " " || $0 == "\t" }) {
                guard let equals = word.firstIndex(of: "=") else { continue }
                values[word[..<equals]] = String(word[word.index(after: equals)...])
            }
            guard let type = values["IDTYPE"] else { continue }
            devices.append(
                LvmDeviceFacts(
                    idType: type, idName: values["IDNAME"] ?? "", physicalVolume: values["PVID"],
                    evidence: Evidence(path: name, line: number, excerpt: String(line))))
        }
        return devices
    }
}

extension InitramfsSummary {
    private static let lvmRules: Set<String> = [
        "69-lvm.rules", "69-dm-lvm.rules", "69-lvm-metad.rules", "69-dm-lvm-metad.rules",
    ]
    private static let arrayRules: Set<String> = [
        "64-md-raid-assembly.rules", "64-md-raid.rules", "65-md-incremental.rules",
        "65-md-incremental-imsm.rules",
        "65-md-inc.rules",
    ]

    /// What of the root's storage the archive brings up.
    func earlyStorage(_ configuration: StorageFacts) -> EarlyStorage {
        var storage = EarlyStorage()
        storage.configuration = configuration
        storage.parameters = commandLinePins.flatMap { KernelCommandLine($0.text).tokens }.map {
            .init(name: $0.name, value: $0.value)
        }
        let rules = Set(
            contents.tree.nodes.keys.filter { $0.contains("udev/rules.d/") }.compactMap {
                $0.split(separator: "/").last.map(String.init)
            })
        let hasRules = udevDaemon != nil
        let isAlpine = program("nlplug-findfs") != nil
        if program("lvm") != nil {
            if hasRules, !rules.isDisjoint(with: Self.lvmRules) { storage.lvm.insert(.event) }
            if program("lvm_scan") != nil { storage.lvm.insert(.dracut) }
            if isAlpine { storage.lvm.insert(.everything) }
            for directory in ["local-top", "local-block", "local-premount"] {
                guard contents.tree.resolve("scripts/\(directory)/lvm2") != nil else { continue }
                let text = self.text("scripts/\(directory)/lvm2") ?? ""
                storage.lvm.insert(
                    text.contains("vgchange")
                        ? .everything : text.contains("lvchange") ? .rootByName : .other)
            }
            addNamedGroups(&storage)
            if generator == .booster, boosterEnables("enablelvm") { storage.lvm.insert(.everything) }
            // Arch's hook of before 2023 runs lvm itself.
            let hasHook = contents.tree.resolve("hooks/lvm2") != nil
            let isFollowed =
                [.initramfsTools, .dracut, .nash].contains(generator)
                || (generator == .mkinitcpio && !hasHook)
            if storage.lvm.isEmpty, !isFollowed { storage.lvm = [.other] }
        }
        if generator == .nash {
            storage.autodetectsArrays = initLines.contains { $0.first == "raidautorun" }
        }
        let isKnown = generator == .initramfsTools || generator == .dracut || generator == .mkinitcpio
        func answer(_ found: Bool) -> Answer { found ? .yes : isKnown ? .no : .unknown }
        if program("mdadm") != nil {
            let scripts = [
                "scripts/local-block/mdadm", "scripts/local-top/mdadm", "hooks/mdadm", "hooks/raid",
            ]
            storage.assemblesArrays = answer(
                isAlpine || (generator == .booster && boosterEnables("enablemdraid"))
                    || (hasRules && !rules.isDisjoint(with: Self.arrayRules))
                    || scripts.contains { contents.tree.resolve($0) != nil })
        }
        let scansByScript =
            program("btrfs") != nil
            && ["scripts/local-premount/btrfs", "hooks/btrfs"].contains { contents.tree.resolve($0) != nil }
        storage.scansBtrfs = answer(
            scansByScript
                || (hasRules && (rules.contains("64-btrfs.rules") || rules.contains("80-btrfs.rules")))
        )
        return storage
    }

    /// The words of each line of `/init`.
    private var initLines: [[Substring]] {
        (text("init") ?? "").split(separator: "\n").prefix(4096).map { $0.split(separator: " ") }
    }

    /// `lvm vgchange -ay --ignorelockingfailure VolGroup00` of nash; `vg_root`, `vg_roots` in the configuration of
    /// SUSE's `lvm2.sh`.
    private func addNamedGroups(_ storage: inout EarlyStorage) {
        switch generator {
        case .nash:
            for words in initLines {
                guard let command = words.firstIndex(of: "vgchange") else { continue }
                let names = words[(command + 1)...].filter { !$0.hasPrefix("-") }
                storage.lvm.insert(names.isEmpty ? .everything : .groups)
                storage.lvmGroups += names.map(String.init)
            }
        case .suseMkinitrd:
            guard contents.tree.resolve("config/lvm2.sh") != nil else { return }
            for line in (text("config/lvm2.sh") ?? "").split(separator: "\n").prefix(256) {
                guard let equals = line.firstIndex(of: "=") else { continue }
                guard ["vg_root", "vg_roots"].contains(line[..<equals]) else { continue }
                let value = line[line.index(after: equals)...].filter { $0 != "\"" && $0 != "'" }
                storage.lvmGroups += value.split(separator: " ").map(String.init)
            }
            if !storage.lvmGroups.isEmpty { storage.lvm.insert(.groups) }
        default: break
        }
    }
}
